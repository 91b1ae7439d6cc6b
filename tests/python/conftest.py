"""Fixtures: real daemons for the whole run, and a client of them for each test."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import hamirror
from command_line import CommandLine
from daemons import Cluster
from loops import Loops

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Two shards with two mirrors each, of real searchd; all run when a test starts."""
    cluster = Cluster()
    yield cluster
    cluster.close()


@pytest.fixture
def client(cluster: Cluster) -> Iterator[hamirror.Client]:
    """A client of the cluster."""
    with hamirror.Client(cluster.config()) as client:
        yield client


@pytest.fixture(name="hamirror")
def command_line(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Runs the command within the process of the test."""
    return CommandLine(capsys)


@pytest.fixture(params=["asyncio", "uvloop"])
def loops(request: pytest.FixtureRequest) -> Iterator[Loops]:
    """Each kind of loop; what a loop is told of errors that nobody caught fails the test."""
    if request.param == "asyncio":
        make = asyncio.new_event_loop
    else:
        make = pytest.importorskip("uvloop").new_event_loop
    uncaught: list[dict[str, Any]] = []

    def watched() -> asyncio.AbstractEventLoop:
        loop: asyncio.AbstractEventLoop = make()
        loop.set_exception_handler(lambda _, context: uncaught.append(context))
        return loop

    yield Loops(watched)
    assert uncaught == []
