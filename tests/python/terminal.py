"""A terminal that a test plays: a program runs at it, and its screen can be read."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from typing_extensions import Self


# Ctrl-C reaches whoever has the terminal for its own.
_AT_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "hamirror", *sys.argv[1:]])
"""


class Terminal:
    """The command `hamirror` at a terminal of its own."""

    def __init__(
        self,
        *arguments: object,
        environment: Mapping[str, str] | None = None,
        columns: int = 160,
        lines: int = 24,
    ) -> None:
        """Starts the command."""
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", lines, columns, 0, 0))
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        # It may ask where its cursor is: then that is what the terminal would say.
        self._screen.write_process_input = self.press  # type: ignore[assignment, method-assign]
        self._is_open = True
        self.printed = b""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _AT_TERMINAL, *map(str, arguments)],
            start_new_session=True,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm", **(environment or {})},
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        """The terminal."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the command, if it has not ended."""
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def press(self, keys: str) -> None:
        """Presses keys."""
        os.write(self._ours, keys.encode())

    def screen(self) -> str:
        """Returns what the screen shows, without blanks at the ends of lines."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip("\n")

    def wait_for(self, shown: str | Callable[[str], bool]) -> str:
        """Waits until the screen shows a text, or is as a function wants it; returns it."""
        is_shown = (lambda screen: shown in screen) if isinstance(shown, str) else shown
        while not is_shown(self.screen()):
            assert self._is_open, f"the command has ended:\n{self.screen()}"
            self._read()
        return self.screen()

    def wait(self) -> int:
        """Waits for the end of the command, and returns its exit code."""
        while self._is_open:
            self._read()
        return self._process.wait()

    def _read(self) -> None:
        select.select([self._ours], [], [])
        try:
            some = os.read(self._ours, 65536)
        except OSError:
            # Nobody has the other end any more.
            some = b""
        self._is_open = bool(some)
        self.printed += some
        self._stream.feed(some)
