"""Lets `python -m ingitdb_cli` be `ingitdb`."""

import sys

from ingitdb_cli.main import main

if __name__ == "__main__":
    sys.exit(main())
