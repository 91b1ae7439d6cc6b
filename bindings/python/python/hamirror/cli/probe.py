"""Queries that tell how the mirrors are: a client of a new process has no record of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import hamirror


def probe(client: hamirror.Client, rounds: int) -> None:
    """Asks every mirror that many times for its counters, all at once, and waits."""
    indexes = ", ".join(client.indexes)
    if not indexes:
        return
    with ThreadPoolExecutor(max_workers=rounds) as threads:
        list(threads.map(_ask, [client] * rounds, [indexes] * rounds))


def _ask(client: hamirror.Client, indexes: str) -> None:
    try:
        client.daemon_status(indexes)
    except hamirror.AgentsError:
        # The record of the hosts has it.
        return
