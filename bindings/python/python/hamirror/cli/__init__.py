"""The command `hamirror`, for whoever searches or looks after a cluster from a terminal.

It needs the extra `hamirror[cli]`; the library itself needs none of that.
"""

from __future__ import annotations

import sys

_NEEDED = ("click", "rich", "prompt_toolkit")


def main() -> None:
    """Runs the command with the arguments of the process, and ends it with an exit code."""
    try:
        from .run import run

        code = run(sys.argv[1:])
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in _NEEDED:
            raise
        sys.exit(f"hamirror: {name} is not installed: pip install 'hamirror[cli]' has it")
    sys.exit(code)
