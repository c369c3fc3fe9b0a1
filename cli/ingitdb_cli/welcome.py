"""What `ingitdb` alone says."""

WELCOME = """\
ingitdb makes any Git repository of records a SQL database: every commit is a set of tables.

  ingitdb tables                                     what there is
  ingitdb query "SELECT * FROM people AS OF 'v1.0'"  any SQL, at any commit, tag, branch or date
  ingitdb describe people                            columns and their types
  ingitdb log --limit 5                              the commits
  ingitdb materialize --output snapshot              tables as Parquet files
  ingitdb demo                                       a sample repository to play with

try: ingitdb tables          all of it: ingitdb --help
"""
