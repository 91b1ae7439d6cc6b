"""Local indexes, and programs of the documents, on event loops."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import hamirror
import hamirror.aio
from daemons import REPOSITORY
from hamirror.aio import _search_local

if TYPE_CHECKING:
    from daemons import Cluster
    from loops import Loops


WORDS = ["library", "files", "tool", "data"]


def ids(result: hamirror.SearchResult) -> list[int]:
    return [row.id for row in result]


@pytest.mark.parametrize("kind", ["function", "coroutine"])
def test_a_local_index_is_searched_by_a_function_or_a_coroutine(
    loops: Loops, client: hamirror.Client, cluster: Cluster, kind: str
) -> None:
    (one, *_), (other, *_) = cluster.shards
    sections = {
        "mixed": {"agent": f"{one}:packages0", "local": "packages1"},
        "own": {"agent": f"{other}:packages1"},
    }
    whole = client.search(cluster.index, "library")

    async def main() -> None:
        async with hamirror.aio.Client(hamirror.Config.build(sections)) as mixed:

            def search(name: str, body: bytes) -> bytes:
                asked = hamirror.Request("search", body, access="read")
                return mixed.blocking.call("own", 0, asked).body

            async def search_later(name: str, body: bytes) -> tuple[int, bytes]:
                asked = hamirror.Request("search", body, access="read")
                answer = await mixed.call("own", 0, asked)
                return answer.version, answer.body

            def fail(name: str, body: bytes) -> bytes:
                raise hamirror.LocalError("no disk")

            local = search if kind == "function" else search_later
            result = await mixed.search("mixed", "library", local=local)
            assert (ids(result), result.warning) == (ids(whole), None)
            result = await mixed.search("mixed", "library", local=fail)
            assert result.failures[0].local == "packages1"

    loops.run(main())


class Rewording:
    """A batch whose request for a local index changes with the first answer, as a dialect does."""

    def __init__(self) -> None:
        self.request = b"first"
        self.added: list[tuple[bytes, int | None]] = []

    def local_request(self, _pending: object, _name: str) -> bytes:
        return self.request

    def add_local(
        self, _pending: object, _name: str, body: bytes, *, version: int | None = None
    ) -> None:
        if self.request == b"first":
            self.request = b"second"
            raise hamirror.RequestError("another version is expected")
        self.added.append((body, version))


def test_a_local_index_is_searched_again_if_its_request_changes(loops: Loops) -> None:
    async def local(_name: str, body: bytes) -> tuple[int, bytes]:
        return 0x121, body

    batch: Any = Rewording()
    pending: Any = None
    loops.run(_search_local(batch, pending, "here", local))
    assert batch.added == [(b"second", 0x121)]


def test_the_readmes_program_runs(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    readme = (REPOSITORY / "bindings/python/README.md").read_text()
    (program,) = (
        block for block in readme.split("```python\n")[1:] if block.startswith("import asyncio")
    )
    program = program.split("```")[0].replace("sphinx.conf", str(cluster.config_path))
    exec(program, {})
    first, *rest = capsys.readouterr().out.splitlines()
    assert sorted(json.loads(first)) == sorted(map(int, rest))
    assert len(rest) == 3


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_guides_adapter_searches_on_any_loop_of_anyio(
    client: hamirror.Client, cluster: Cluster, backend: str
) -> None:
    anyio = pytest.importorskip("anyio")
    if backend == "trio":
        pytest.importorskip("trio")

    guide = (REPOSITORY / "core/docs/guide.md").read_text()
    (adapter,) = (
        block
        for block in guide.split("```python\n")[1:]
        if "wait_readable" in block.split("```")[0]
    )
    names: dict[str, Any] = {"anyio": anyio}
    exec(adapter.split("```")[0], names)
    search = names["search"]

    async def main() -> None:
        found: dict[str, list[int]] = {}

        async def ask(word: str) -> None:
            found[word] = ids(await search(client, cluster.index, word))

        async with anyio.create_task_group() as tasks:
            for word in WORDS:
                tasks.start_soon(ask, word)
        assert found == {word: ids(client.search(cluster.index, word)) for word in WORDS}

    anyio.run(main, backend=backend)
