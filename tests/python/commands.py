"""Asks what is asked beside searches, and prints it as every language does
(tests/harness/command_listing.rs). With a third argument the commands are started and run in a
loop of its own, or with `aio` by asyncio.
"""

from __future__ import annotations

import asyncio
import functools
import select
import sys
from typing import TYPE_CHECKING, Any, TypeVar, cast

import hamirror
import hamirror.aio

if TYPE_CHECKING:
    from collections.abc import Callable

    from hamirror.types import AgentFailure, Mirrored, Written

T = TypeVar("T")

DOCUMENTS = ("a <i>small</i> library of files", "", "no such word", "library files")


class Started:
    """A client whose commands are started, and run in a loop of poll()."""

    def __init__(self, client: hamirror.Client) -> None:
        """One on top of a client whose commands wait."""
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The command of that name."""
        short = "on_agent" if name == "execute_on_agent" else name
        return functools.partial(self._run, getattr(self._client, f"start_{short}"))

    @staticmethod
    def _run(start: Callable[..., hamirror.PendingCommand[T]], /, *args: Any, **options: Any) -> T:
        command = start(*args, **options)
        while not command.drive():
            assert not command.done
            assert command.timeout is not None
            poll = select.poll()
            poll.register(command.fileno(), select.POLLIN)
            poll.poll(command.timeout * 1_000)
        assert command.done
        assert command.timeout is None
        return command.result()


class Awaited:
    """A client whose commands run on a loop of asyncio."""

    def __init__(self, client: hamirror.Client) -> None:
        """One on top of a client whose commands wait."""
        self._client = hamirror.aio.Client.of(client)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The command of that name."""
        return functools.partial(self._run, getattr(self._client, name))

    @staticmethod
    def _run(ask: Callable[..., Any], /, *args: Any, **options: Any) -> Any:
        async def run() -> Any:
            return await ask(*args, **options)

        return asyncio.run(run())


def said(value: bool) -> str:
    """True or false, as the other languages write it."""
    return "true" if value else "false"


def failed(failure: AgentFailure) -> str:
    """What is told of a failure."""
    applied, attempts = said(failure.may_be_applied), len(failure.attempts)
    return f"failed, applied {applied}, attempts {attempts}"


def print_mirrors(title: str, told: Mirrored[T], value: Callable[[T], str]) -> None:
    """Prints a line for each mirror, with what it told."""
    print(f"{title} complete {said(told.complete)}, without {', '.join(told.locals)}")
    for agent in told.agents:
        print(f"agent {agent.index} {agent.number} complete {said(agent.complete)}")
        for mirror in agent.mirrors:
            if mirror.failure is not None:
                print(f"mirror {mirror.host} {failed(mirror.failure)}")
            elif mirror.answer is not None:
                print(f"mirror {mirror.host} {value(mirror.answer)}")


def print_change(title: str, told: Mirrored[Written]) -> None:
    """Prints what became of a change."""
    print(f"{title} changed {told.documents}")
    for agent in told.agents:
        alike = said(bool(agent.alike))
        print(f"agent {agent.number} changed {agent.documents}, alike {alike}")
    print_mirrors(title, told, lambda written: f"{written.documents} {written.warning or ''}")
    print(f"warning {told.warning or ''}")


def read(client: hamirror.Client, index: str) -> None:
    """Asks for excerpts and keywords."""
    plain = client.excerpts(index, DOCUMENTS, "library")
    marked = client.excerpts(
        index,
        DOCUMENTS,
        "library files",
        before_match="[%PASSAGE_ID%:",
        after_match="]",
        chunk_separator="~",
        limit=20,
        around=1,
        limit_passages=2,
        limit_words=4,
        start_passage_id=7,
        html_strip="strip",
        passage_boundary="none",
        load_files="none",
        query_mode=True,
        allow_empty=True,
        remove_spaces=False,
    )
    for excerpt in plain + marked:
        print(f"excerpt {excerpt}")
    for statistics in (True, False):
        told = client.keywords(index, "library of nosuchword", statistics=statistics)
        for word in told.keywords:
            print(f"keyword {word.tokenized} {word.normalized} {word.documents} {word.hits}")
        failures = len(told.failures)
        print(f"keywords {told.agents_answered} of {told.agents}, {failures} failures")


def change(client: hamirror.Client, index: str) -> None:
    """Changes what agents have."""
    documents = {1: (4_000_000_001, (9, 7), 0), 2: (5, (), 0), 999_999: (5, (), 0)}
    names = ("installed_size", "tags", "nosuch")
    print_change("update", client.update(index, names, documents, ignore_missing=True))
    statement = f"UPDATE {index} SET installed_size=? WHERE id>0"
    print_change("on agent", client.execute_on_agent(0, statement, [6]))
    print_change("on agent", client.execute_on_agent(1, statement, [6], mirror=0))
    try:
        client.execute_on_agent(1, statement, [6], mirror=1)
    except hamirror.UnansweredError as error:
        print(f"unanswered {error.answered} of {error.agents}")
        for failure in error.failures:
            print(failed(failure))


def main() -> None:
    """Asks all of it."""
    config, index, *kinds = sys.argv[1:]
    with hamirror.Client(hamirror.Config.read(config)) as client:
        if kinds:
            wrapped = Awaited(client) if kinds == ["aio"] else Started(client)
            client = cast("hamirror.Client", wrapped)
        print("escape " + hamirror.escape('a-b (c) "d"'))
        read(client, index)
        change(client, index)
        print_mirrors("flush", client.flush_attributes(index), lambda flush: str(int(flush > 0)))
        print_mirrors(
            "status",
            client.daemon_status(index),
            lambda rows: f"{rows[0][0]} {said(len(rows) > 20)}",
        )


if __name__ == "__main__":
    main()
