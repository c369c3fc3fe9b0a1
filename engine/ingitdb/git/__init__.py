"""The one place that knows pygit2 and the git executable."""
