"""Runs the command `hamirror`, within the process of the test or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hamirror.cli.run import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended."""

    code: int
    """Exit code."""
    out: str
    """What it printed."""
    err: str
    """What it told on stderr."""


class CommandLine:
    """Runs commands; what they print is taken from pytest's capture."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        """Keeps the capture."""
        self._capture = capture

    def __call__(self, *arguments: object) -> Ended:
        """Runs the command within this process."""
        self._capture.readouterr()
        code = run([str(one) for one in arguments])
        out, err = self._capture.readouterr()
        return Ended(code, out, err)


def alone(
    *arguments: object, text: str | None = None, environment: Mapping[str, str] | None = None
) -> Ended:
    """Runs the command in a process of its own, with pipes for a terminal."""
    process = subprocess.run(
        [sys.executable, "-m", "hamirror", *map(str, arguments)],
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    return Ended(process.returncode, process.stdout, process.stderr)
