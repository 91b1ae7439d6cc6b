"""Fixtures: real daemons for the whole run, and a client of them for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import hamirror
from daemons import Cluster

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
