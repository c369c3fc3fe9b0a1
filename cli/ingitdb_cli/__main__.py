"""Lets `python -m ingitdb_cli` be `ingitdb`."""

from ingitdb_cli.main import main

if __name__ == "__main__":
    main()
