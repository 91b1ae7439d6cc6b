"""Requests that the program builds and judges itself, mirror by mirror."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

import hamirror
from daemons import Player, patient, reply
from hamirror import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SETTINGS: hamirror.ClientOptions = {"background": False, "seed": 1}


@pytest.fixture
def echoes() -> Iterator[hamirror.Client]:
    """A client of the index `d`: one agent with two mirrors, which answer with what they get."""
    with Player(reply) as one, Player(reply) as other:
        index = patient(f"{one.address}|{other.address}:shard") | {"ha_strategy": "roundrobin"}
        config = hamirror.Config.build({"d": index})
        with hamirror.Client(config, **SETTINGS) as client:
            yield client


def request(
    body: bytes | Callable[[hamirror.types.Target], bytes] = b"x",
    judge: Callable[[hamirror.Reply], Verdict] | None = None,
) -> hamirror.Request:
    return hamirror.Request(99, body, access="read", version=0x100, judge=judge)


def ask(
    client: hamirror.Client,
    body: bytes | Callable[[hamirror.types.Target], bytes] = b"x",
    judge: Callable[[hamirror.Reply], Verdict] | None = None,
) -> hamirror.Reply:
    return client.call("d", 0, request(body, judge))


def counted(client: hamirror.Client, counter: str) -> int:
    return sum(host.since_start.counters[counter] for host in client.status().hosts)


def test_each_mirror_has_its_body(echoes: hamirror.Client) -> None:
    built = request(lambda target: f"{target.host} {target.index_list}".encode())
    hosts = set()
    for _ in range(4):
        answer = echoes.call("d", 0, built)
        assert answer.body == f"{answer.host} shard".encode()
        hosts.add(answer.host)
    assert len(hosts) == 2
    target = hamirror.types.Target(host="a:1", index_list="i", attempt=0)
    assert target == hamirror.types.Target(host="a:1", index_list="i", attempt=0)


def test_verdicts_are_heeded(echoes: hamirror.Client) -> None:
    seen: list[bytes] = []

    def first(verdict: Verdict) -> Callable[[hamirror.Reply], Verdict]:
        seen.clear()

        def judge(answer: hamirror.Reply) -> Verdict:
            seen.append(answer.body)
            return verdict if len(seen) == 1 else Verdict.ACCEPT

        return judge

    assert ask(echoes, b"a", first(Verdict.WARNED)).body == b"a"
    assert (len(seen), counted(echoes, "warnings")) == (1, 1)
    ask(echoes, b"b", first(Verdict.malformed("not this")))
    assert (seen, counted(echoes, "wrong_replies")) == ([b"b", b"b"], 1)
    ask(echoes, b"c", first(Verdict.refused("no such field")))
    assert seen == [b"c", b"c"]
    with pytest.raises(hamirror.QueryError, match="no such field"):
        ask(echoes, b"d", lambda _: Verdict.refused("no such field"))


def test_verdicts_are_values() -> None:
    assert Verdict.refused("a") == Verdict.refused("a") != Verdict.malformed("a")
    assert repr(Verdict.malformed("it's")) == 'Verdict.malformed("it\'s")'
    assert (repr(Verdict.WARNED), repr(Verdict.ACCEPT)) == ("Verdict.WARNED", "Verdict.ACCEPT")


class OwnError(Exception):
    """An exception that this package knows nothing of."""


def test_exceptions_come_back_as_they_are(echoes: hamirror.Client) -> None:
    own = OwnError("mine")

    def fail(_: object) -> Any:
        raise own

    with pytest.raises(OwnError) as raised:
        ask(echoes, fail)
    assert raised.value is own
    with pytest.raises(OwnError) as raised:
        ask(echoes, judge=fail)
    assert raised.value is own
    with echoes.batch() as batch:
        with pytest.raises(OwnError):
            batch.add_index("d", request(fail))
        pending = batch.add_agent("d", 0, request(judge=fail))
        assert batch.wait()
        for _ in range(2):
            with pytest.raises(OwnError) as raised:
                pending.result()
            assert raised.value is own
    assert counted(echoes, "wrong_replies") == counted(echoes, "remote_errors") == 0


def test_a_later_attempt_may_not_be_built(echoes: hamirror.Client) -> None:
    def build(target: hamirror.types.Target) -> bytes:
        if target.attempt == 1:
            raise OwnError(target.host)
        return b"x"

    with pytest.raises(OwnError, match="127"):
        ask(echoes, build, lambda _: Verdict.malformed("once more"))


def test_nonsense_is_refused(echoes: hamirror.Client) -> None:
    with pytest.raises(TypeError):
        ask(echoes, lambda _: "text")  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError):
        ask(echoes, judge=lambda _: None)  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError):
        ask(echoes, lambda: b"no argument")  # type: ignore[arg-type, misc]
    with pytest.raises(TypeError, match="'judge': it can't be called"):
        request(judge=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="argument 'body'"):
        request(3)  # type: ignore[arg-type]
    with pytest.raises(hamirror.RequestError, match="PING"):
        echoes.call("d", 0, hamirror.Request("ping", lambda _: b"xy", access="read"))
    assert ask(echoes).body == b"x"


def test_a_batch_is_not_entered_again(echoes: hamirror.Client) -> None:
    refusals: list[str] = []
    batch = echoes.batch()

    def judge(_: hamirror.Reply) -> Verdict:
        for use in (batch.drive, batch.wait, batch.close, lambda: batch.pending):
            with pytest.raises(hamirror.MisuseError, match="in use") as raised:
                use()
            refusals.append(str(raised.value))
        assert ask(echoes, b"another").body == b"another"
        return Verdict.ACCEPT

    pending = batch.add_agent("d", 0, request(judge=judge))
    assert batch.wait()
    assert pending.result().body == b"x"
    assert len(refusals) == 4
    batch.close()


def test_a_batch_that_runs_calls_back_on_its_thread(echoes: hamirror.Client) -> None:
    threads: set[int] = set()
    batch = echoes.batch()

    def judge(_: hamirror.Reply) -> Verdict:
        threads.add(threading.get_ident())
        # The program may be in its join meanwhile, or not yet.
        with pytest.raises(hamirror.MisuseError):
            batch.join()
        return Verdict.ACCEPT

    def fail(_: hamirror.Reply) -> Verdict:
        raise KeyError("its own")

    pending = batch.add_agent("d", 0, request(judge=judge))
    failed = batch.add_agent("d", 0, request(judge=fail))
    batch.run()
    assert batch.join()
    assert pending.result().body == b"x"
    assert threads
    assert threading.get_ident() not in threads
    with pytest.raises(KeyError, match="its own"):
        failed.result()


def test_threads_share_a_request(echoes: hamirror.Client) -> None:
    shared = request(lambda target: target.host.encode(), lambda _: Verdict.ACCEPT)
    answers: list[bool] = []

    def ask_often() -> None:
        for _ in range(50):
            answer = echoes.call("d", 0, shared)
            answers.append(answer.body.decode() == answer.host)

    threads = [threading.Thread(target=ask_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 200


def test_blackholes_are_built_for_on_the_clients_thread() -> None:
    built = threading.Event()
    threads = set()

    def build(target: hamirror.types.Target) -> bytes:
        threads.add(threading.get_ident())
        if target.attempt == 0 and len(threads) == 2:
            built.set()
        return b"x"

    with Player(reply) as one, Player(reply) as hole:
        index = patient(f"{one.address}:shard") | {"agent_blackhole": f"{hole.address}:shard"}
        with hamirror.Client(hamirror.Config.build({"d": index})) as client:
            with client.batch() as batch:
                batch.add_index("d", request(build))
                assert batch.wait()
            assert built.wait(30)
