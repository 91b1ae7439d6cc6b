"""Runs the command `hamirror`: `python -m hamirror`."""

from .cli import main

if __name__ == "__main__":
    main()
