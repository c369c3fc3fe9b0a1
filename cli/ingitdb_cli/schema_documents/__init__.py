"""The tables of a commit as documents: SQL, Markdown, a Mermaid diagram, JSON."""
