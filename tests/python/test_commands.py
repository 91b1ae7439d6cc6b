"""What is asked of real agents beside searches."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import pickle
import signal
import threading
import time
import weakref
from typing import TYPE_CHECKING, TypeVar

import pytest

import hamirror
import hamirror.aio
from daemons import Player, patient, refused_address, reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from daemons import Cluster


def test_excerpts_keep_the_order_of_documents(client: hamirror.Client, cluster: Cluster) -> None:
    documents = [f"tool {number} of a library, data {number}" for number in range(100)]
    excerpts = client.excerpts(
        cluster.index, documents, "library", before_match="[", after_match="]", limit=0
    )
    assert excerpts == [document.replace("library", "[library]") for document in documents]
    some = client.excerpts(cluster.index, ("", "no word"), "library", allow_empty=True)
    assert some == ["", ""]
    assert client.excerpts(cluster.index, [], "library") == []
    (kept,) = client.excerpts(cluster.index, ["a\udcff library"], "library")
    assert kept.endswith("<b>library</b>")


@pytest.mark.parametrize(
    ("error", "text", "options"),
    [
        (TypeError, "unexpected keyword argument 'nosuch'", {"nosuch": 1}),
        (TypeError, "argument 'limit'", {"limit": "many"}),
        (OverflowError, "argument 'around'", {"around": -1}),
        (ValueError, "argument 'html_strip': 'all' is none of index", {"html_strip": "all"}),
        (ValueError, "argument 'load_files'", {"load_files": "here"}),
        (hamirror.RequestError, "limit 4294967295 of excerpts", {"limit": 2**32 - 1}),
    ],
)
def test_options_of_excerpts_are_checked(
    client: hamirror.Client,
    cluster: Cluster,
    error: type[Exception],
    text: str,
    options: dict[str, object],
) -> None:
    with pytest.raises(error, match=text):
        client.excerpts(cluster.index, ["a"], "library", **options)  # type: ignore[arg-type]


def test_documents_are_no_single_text(client: hamirror.Client, cluster: Cluster) -> None:
    with pytest.raises(TypeError, match="one text is no list"):
        client.excerpts(cluster.index, "a library", "library")
    with pytest.raises(TypeError, match="argument 'documents'"):
        client.excerpts(cluster.index, [1], "library")  # type: ignore[list-item]
    with pytest.raises(hamirror.RequestError, match="no words"):
        client.excerpts(cluster.index, ["a"], "")


class OwnError(ValueError):
    """What an iterable of the program raises."""


T = TypeVar("T")


def failing(first: T) -> Iterator[T]:
    yield first
    raise OwnError("mine")


def test_errors_of_iterables_come_out_as_they_are(
    client: hamirror.Client, cluster: Cluster
) -> None:
    with pytest.raises(OwnError, match=r"^mine$"):
        client.excerpts(cluster.index, failing("a library"), "library")
    with pytest.raises(OwnError, match=r"^mine$"):
        client.update(cluster.index, failing("gid"), {1: [1]})
    with pytest.raises(OwnError, match=r"^mine$"):
        client.update(cluster.index, ["gid"], {1: failing(1)})
    with pytest.raises(OwnError, match=r"^mine$"):
        client.update(cluster.index, ["tags"], {1: [failing(1)]})


def test_keywords_are_summed_over_agents(client: hamirror.Client, cluster: Cluster) -> None:
    told = client.keywords(cluster.index, "library library", statistics=True)
    (word,) = client.search(cluster.index, "library").words
    assert [(each.documents, each.hits) for each in told.keywords] == [(word.docs, word.hits)] * 2
    assert (told.agents_answered, told.agents, told.failures) == (2, 2, ())
    (plain,) = client.keywords(cluster.index, "library").keywords
    assert (plain.tokenized, plain.documents, plain.hits) == ("library", 0, 0)
    with pytest.raises(hamirror.NotFoundError):
        client.keywords("nosuch", "library")


def test_an_update_tells_what_became_of_it_on_each_mirror(
    client: hamirror.Client, cluster: Cluster
) -> None:
    def values(number: int) -> list[tuple[object, object]]:
        found = client.search(
            cluster.index, "", select="tags, installed_size", filters=[MANY], limit=9
        )
        assert len(found) == 3, number
        return [(row["installed_size"], row["tags"]) for row in found]

    documents: dict[int, list[int | Iterable[int]]] = {
        1: [7, {4, 2}],
        2: [7, [2, 4]],
        3: [True, ()],
        10**9: [7, ()],
    }
    told = client.update(cluster.index, ["installed_size", "tags"], documents)
    assert (told.complete, told.documents, told.warning, told.locals) == (True, 3, None, ())
    assert [(agent.index, agent.number) for agent in told.agents] == [
        (cluster.index, 0),
        (cluster.index, 1),
    ]
    for agent, hosts in zip(told.agents, cluster.shards, strict=True):
        assert [mirror.host for mirror in agent.mirrors] == hosts
        assert (agent.complete, agent.alike) == (True, True)
        for mirror in agent.mirrors:
            assert mirror.failure is None
            assert mirror.answer is not None
            assert (mirror.answer.documents, mirror.answer.warning) == (agent.documents, None)
    # Whichever mirrors answer.
    for number in range(8):
        assert sorted(values(number), key=str) == [(1, []), (7, [2, 4]), (7, [2, 4])]
    assert pickle.loads(pickle.dumps(told)) == told


MANY = hamirror.Filter.id_range(1, 3)


def test_updates_are_checked_before_they_are_sent(
    client: hamirror.Client, cluster: Cluster
) -> None:
    for attributes, documents, error, text in (
        (["a"], {}, hamirror.RequestError, "without documents"),
        ([], {1: []}, hamirror.RequestError, "needs attributes"),
        (["a"], {1: [1, 2]}, hamirror.RequestError, "2 new values for 1"),
        ("a", {1: [1]}, TypeError, "argument 'attributes': one text"),
        (["a"], [1], TypeError, "argument 'documents': a mapping"),
        (["a"], {1: ["text"]}, TypeError, "a new value is an int"),
        (["a"], {1: [-1]}, OverflowError, "argument 'documents'"),
        (["a"], {1: [0.5]}, TypeError, "a new value is an int"),
        (["a"], {-1: [1]}, OverflowError, "argument 'documents'"),
    ):
        with pytest.raises(error, match=text):
            client.update(cluster.index, attributes, documents)  # type: ignore[arg-type]
    with pytest.raises(hamirror.QueryError, match="'nosuch' not found"):
        client.update(cluster.index, ["nosuch"], {1: [1]})
    assert client.update(cluster.index, ["nosuch"], {1: [1]}, ignore_missing=True).complete


def test_a_mirror_without_an_answer_may_have_made_the_change() -> None:
    changed = reply((1).to_bytes(4, "big"), version=0x102)
    with Player(changed) as good:
        agent = f"{good.address}|{refused_address()}:any"
        config = hamirror.Config.build({"played": patient(agent) | {"agent_retry_count": 0}})
        with hamirror.Client(config) as client:
            told = client.update("played", ["a"], {1: [1]})
    assert (told.documents, told.complete) == (1, False)
    first, second = told.agents[0].mirrors
    assert (first.failure, second.answer) == (None, None)
    assert second.failure is not None
    assert not second.failure.may_be_applied
    assert told.warning is not None
    assert second.host in told.warning

    # What it answers makes no sense, and nobody knows whether it made the change.
    with Player(reply(b"", version=0x102)) as odd, hamirror.Client(odd.config()) as client:
        with pytest.raises(hamirror.UnansweredError) as caught:
            client.update("played", ["a"], {1: [1]}, retry_count=3, retry_delay=0)
        assert len(odd.requests) == 1
    assert [failure.may_be_applied for failure in caught.value.failures] == [True]


def test_changes_on_one_agent(client: hamirror.Client, cluster: Cluster) -> None:
    statement = f"UPDATE {cluster.index} SET installed_size=:size WHERE id>0"
    both = client.execute_on_agent(0, statement, {"size": 3})
    assert [len(agent.mirrors) for agent in both.agents] == [2]
    assert both.documents is not None
    assert both.documents > 3
    one = client.execute_on_agent(0, statement, {"size": 3}, mirror=1)
    assert [mirror.host for mirror in one.agents[0].mirrors] == [cluster.shards[0][1]]
    assert one.documents == both.documents
    with pytest.raises(hamirror.NotFoundError, match="no agent 2"):
        client.execute_on_agent(2, statement, {"size": 3})
    with pytest.raises(hamirror.NotFoundError, match="no mirror 2"):
        client.execute_on_agent(0, statement, {"size": 3}, mirror=2)
    with pytest.raises(hamirror.StatementError):
        client.execute_on_agent(0, f"SELECT id FROM {cluster.index}")


def test_daemons_flush_and_tell_their_counters(client: hamirror.Client, cluster: Cluster) -> None:
    flushed = client.flush_attributes(cluster.index)
    told = client.daemon_status(cluster.index)
    for mirrored in (flushed, told):
        assert (mirrored.complete, mirrored.documents, mirrored.warning) == (True, None, None)
        assert [agent.alike for agent in mirrored.agents] == [None, None]
    numbers = [mirror.answer for agent in flushed.agents for mirror in agent.mirrors]
    assert len(numbers) == 4
    assert all(isinstance(number, int) for number in numbers)
    for rows in [mirror.answer for agent in told.agents for mirror in agent.mirrors]:
        assert rows is not None
        assert int(dict(rows)["uptime"]) >= 0


def test_operators_are_escaped() -> None:
    assert hamirror.escape("a-b (c)") == "a\\-b \\(c\\)"
    with pytest.raises(TypeError):
        hamirror.escape(b"a")  # type: ignore[arg-type]


def test_ctrl_c_ends_the_wait_for_a_command() -> None:
    def interrupt(player: Player) -> None:
        while not player.requests:
            time.sleep(0.001)
        signal.raise_signal(signal.SIGINT)

    with Player(lambda _: b"") as player, hamirror.Client(player.config()) as client:
        thread = threading.Thread(target=interrupt, args=(player,))
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            client.daemon_status("played")
        thread.join()


def test_a_closed_client_asks_nothing(cluster: Cluster) -> None:
    client = hamirror.Client(cluster.config())
    client.close()
    with pytest.raises(hamirror.MisuseError):
        client.flush_attributes(cluster.index)


def test_a_started_command_is_told_once_it_has_ended(
    client: hamirror.Client, cluster: Cluster
) -> None:
    command = client.start_excerpts(cluster.index, ["a library", ""], "library")
    assert not command.done
    assert repr(command) == "<hamirror.PendingCommand, pending>"
    with pytest.raises(hamirror.MisuseError, match="under way"):
        command.result()
    assert command.wait()
    assert command.result() == command.result() == ["a <b>library</b>", ""]
    assert command.done
    assert command.timeout is None
    assert command.drive()
    command.cancel()
    assert len(command.result()) == 2
    with pytest.raises(hamirror.MisuseError, match="no agent is at work"):
        command.fileno()


def test_a_started_command_can_be_taken_back() -> None:
    with Player(None) as silent, hamirror.Client(silent.config()) as client:
        command = client.start_keywords("played", "library", statistics=True)
        assert not command.wait(0)
        assert not command.drive()
        assert command.fileno() >= 0
        assert command.timeout is not None
        command.cancel()
        assert command.wait(0)
        with pytest.raises(hamirror.MisuseError, match="taken back"):
            command.result()

        async def limited() -> None:
            async with hamirror.aio.Client.of(client) as patient:
                await asyncio.wait_for(patient.keywords("played", "library"), 0.01)

        with pytest.raises(asyncio.TimeoutError):
            asyncio.run(limited())


def test_what_a_started_command_fails_by_is_its_result() -> None:
    config = hamirror.Config.build({"dead": {"agent": f"{refused_address()}:any"}})
    with hamirror.Client(config) as client:
        command = client.start_flush_attributes("dead")
        assert command.wait()
        for _ in range(2):
            with pytest.raises(hamirror.UnansweredError):
                command.result()

        def failing_frame() -> weakref.ref[object]:
            class Local:
                pass

            local, failed = Local(), client.start_flush_attributes("dead")
            assert failed.wait()
            with contextlib.suppress(hamirror.UnansweredError):
                failed.result()
            return weakref.ref(local)

        frame_has = failing_frame()
        gc.collect()
        assert frame_has() is None
        with pytest.raises(hamirror.RequestError, match="without documents"):
            client.start_update("dead", ["gid"], {})
        with pytest.raises(TypeError, match=r"start_keywords\(\) got an unexpected"):
            client.start_keywords("dead", "a", nosuch=1)  # type: ignore[call-arg]
