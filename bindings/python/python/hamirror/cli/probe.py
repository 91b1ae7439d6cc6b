"""Queries that tell how the mirrors are: a client of a new process has no record of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hamirror

if TYPE_CHECKING:
    from typing_extensions import Self

# Rounds under way beyond which none is begun: a mirror that hangs answers none of them.
_ROUNDS_MAX = 8

# A write goes to every mirror, where a read goes to one of each agent. STATUS changes nothing.
_COUNTERS = hamirror.Request("status", b"\0\0\0\1", access="write")


class Probe:
    """Asks every mirror for the counters of its daemon; the client's record has the outcome."""

    def __init__(self, client: hamirror.Client) -> None:
        """Asks nobody yet."""
        # Others have local indexes alone, of which nobody can be asked.
        self._indexes = tuple(dict.fromkeys(agent.index for agent in client.status().agents))
        self._batch = client.batch()
        self._round_size = 0
        self._is_running = False

    def __enter__(self) -> Self:
        """The probe."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Takes back what is under way, which blames no mirror."""
        self._batch.close()

    def start(self) -> None:
        """Starts a round, unless too many are under way, on a thread of the library.

        It times answers while this thread does something else.
        """
        if self._is_running:
            self._batch.join(0)
        before = self._batch.pending
        if before <= self._round_size * (_ROUNDS_MAX - 1):
            for index in self._indexes:
                self._batch.add_index(index, _COUNTERS)
            self._round_size = self._batch.pending - before
        self._batch.run()
        self._is_running = True

    def wait(self) -> None:
        """Waits until all rounds have ended."""
        self._batch.join()
        self._is_running = False
