"""Event loops for the tests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_T = TypeVar("_T")


class Loops:
    """Runs coroutines, each on a new loop of one kind."""

    def __init__(self, make: Callable[[], asyncio.AbstractEventLoop]) -> None:
        """Loops that the function makes."""
        self.make = make

    def run(self, main: Coroutine[Any, Any, _T]) -> _T:
        """What the coroutine returns."""
        loop = self.make()
        try:
            return loop.run_until_complete(main)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
