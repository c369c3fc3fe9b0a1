"""The git layer, judged by the git executable."""
