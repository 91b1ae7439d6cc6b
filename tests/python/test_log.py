"""Lines about hosts, told to Python by its own threads and the library's."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

import hamirror
from daemons import Player, refused_address, reply

if TYPE_CHECKING:
    from collections.abc import Callable

PING_BODY = b"\1\2\3\4"
PING = hamirror.Request("ping", PING_BODY, access="read")

# Ends without closing anything, while the library's thread is in the log function.
ENDS_IN_THE_MIDST = """
import os, sys, threading, time
import hamirror

config = hamirror.Config.build({"searchd": {"ha_ping_interval": 1}, "d": {"agent": sys.argv[1]}})
client = hamirror.Client(config)
heard = threading.Event()

def listen(level, line, nothing=os.open(os.devnull, os.O_WRONLY), write=os.write):
    heard.set()
    for _ in range(1000):
        write(nothing, b"each of these lets go of the GIL")

class Slow:
    def __del__(self, sleep=time.sleep):
        sleep(0.1)

slow = Slow()
client.set_log(listen, level="debug")
batch = client.batch()
assert heard.wait(30)
print("heard")
"""


# The parent finds its host dead, the child another one.
LOGS_IN_A_CHILD = """
import logging, os, sys
import hamirror

def find_dead(name):
    class Handler(logging.Handler):
        def emit(self, record):
            if "found dead" in record.getMessage():
                os.write(1, name + b"\\n")

    logging.getLogger("hamirror").handlers = [Handler()]
    for _ in range(8):
        try:
            client.call(name.decode(), 0, hamirror.Request("ping", b"1234", access="read"))
        except hamirror.UnansweredError:
            pass

agents = {"parent": sys.argv[1] + ":i", "child": "127.0.0.2" + sys.argv[1][9:] + ":i"}
client = hamirror.connect(agents=agents, background=False)
find_dead(b"parent")
child = os.fork()
if child == 0:
    find_dead(b"child")
    os._exit(0)
os.waitpid(child, 0)
"""


def dead_config(**searchd: int) -> hamirror.Config:
    agent = f"{refused_address()}|{refused_address()}:shard"
    return hamirror.Config.build({"searchd": searchd, "d": {"agent": agent}})


def ask(client: hamirror.Client) -> None:
    with pytest.raises(hamirror.UnansweredError):
        client.call("d", 0, PING)


def test_a_logger_takes_lines(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("hamirror")
    with (
        hamirror.Client(dead_config(ha_ping_interval=0), background=False) as client,
        caplog.at_level(logging.DEBUG, "hamirror"),
    ):
        client.set_log(logger.log)
        ask(client)
        assert caplog.records == []
        client.set_log(logger.log, level="debug")
        ask(client)
        assert {record.levelno for record in caplog.records} == {logging.DEBUG}
        assert "refused" in caplog.text
        caplog.clear()
        client.set_log(logger.log, level="warning")
        while client.status().hosts[0].is_living:
            ask(client)
        assert {record.levelno for record in caplog.records} == {logging.WARNING}
        assert "found dead" in caplog.text
        caplog.clear()
        client.set_log(logger.log)
        client.reload(hamirror.Config.build({"another": {"agent": "127.0.0.1:1:i"}}))
        assert [record.levelno for record in caplog.records] == [logging.INFO]
        client.set_log(None)
        client.reload(dead_config())
        assert len(caplog.records) == 1
        with pytest.raises(TypeError, match="'log': it can't be called"):
            client.set_log(3)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="'level': 'loud' is none of"):
            client.set_log(None, level="loud")  # type: ignore[arg-type]


def test_the_logger_of_the_package_hears_of_hosts_and_agents(
    caplog: pytest.LogCaptureFixture,
) -> None:
    first, second = refused_address(), refused_address()
    config = hamirror.Config.build(
        {"searchd": {"ha_ping_interval": 0}, "d": {"agent": f"{first}|{second}:shard"}}
    )
    with hamirror.Client(config, background=False) as client:
        while any(host.is_living for host in client.status().hosts):
            ask(client)
        dead = [record.getMessage() for record in caplog.records]
        with Player(reply(PING_BODY)) as player:
            for host in (first, second):
                client.set_addresses(host, [player.address])
            while not any(host.is_living for host in client.status().hosts):
                try:
                    client.call("d", 0, PING)
                except hamirror.UnansweredError:
                    time.sleep(0.01)
    assert {record.name for record in caplog.records} == {"hamirror"}
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    cause = (
        "4 failures in a row, last: connect() failed: Connection refused (os error 111) (connect)"
    )
    assert sorted(dead[:2]) == sorted(
        f"host {host} found dead: {cause}" for host in (first, second)
    )
    assert dead[2:] == [f"index d agent 0 has no living mirror left: {first}, {second}"]


def test_the_logger_decides_what_it_takes(caplog: pytest.LogCaptureFixture) -> None:
    for level, expected in (
        (logging.ERROR, set()),
        (logging.WARNING, {logging.WARNING}),
        (logging.DEBUG, {logging.WARNING, logging.DEBUG}),
    ):
        caplog.clear()
        with (
            caplog.at_level(level, "hamirror"),
            hamirror.Client(dead_config(ha_ping_interval=0), background=False) as client,
        ):
            while any(host.is_living for host in client.status().hosts):
                ask(client)
        assert {record.levelno for record in caplog.records} == expected


def test_a_forked_child_goes_on_with_the_logger() -> None:
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-c", LOGS_IN_A_CHILD, refused_address()],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert ended.stdout.splitlines() == ["parent", "child"]


def test_what_a_log_raises_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: lost.append(str(args.exc_value)))

    def fail(level: int, line: str) -> None:
        raise RuntimeError(f"{level}: {line}")

    with hamirror.Client(dead_config(ha_ping_interval=0), background=False) as client:
        client.set_log(fail, level="debug")
        ask(client)
    assert lost
    assert lost[0].startswith("10: ")


def listener(heard: threading.Event) -> Callable[[int, str], None]:
    caller = threading.get_ident()

    def listen(_: int, __: str) -> None:
        if threading.get_ident() != caller:
            heard.set()

    return listen


@pytest.mark.parametrize("end", ["close", "drop", "drop_batch"])
def test_ends_do_not_wait_for_a_thread_that_waits_for_the_gil(end: str) -> None:
    config = dead_config(ha_ping_interval=1)
    for _ in range(20):
        heard = threading.Event()
        client = hamirror.Client(config)
        client.set_log(listener(heard), level="debug")
        batch = client.batch()
        assert heard.wait(30)
        if end == "close":
            batch.close()
            client.close()
        elif end == "drop":
            del batch
            del client
        else:
            client.close()
            del batch
        gc.collect()


def test_a_log_that_uses_the_client_while_it_is_closed() -> None:
    faults: list[BaseException] = []
    for _ in range(20):
        heard = threading.Event()
        client = hamirror.Client(dead_config(ha_ping_interval=1))

        def listen(
            _: int,
            __: str,
            heard: threading.Event = heard,
            client: hamirror.Client = client,
        ) -> None:
            heard.set()
            try:
                client.status()
            except hamirror.MisuseError:
                return
            except BaseException as fault:
                faults.append(fault)

        client.set_log(listen, level="debug")
        batch = client.batch()
        assert heard.wait(30)
        client.close()
        batch.close()
    assert faults == []


def test_the_interpreter_may_end_in_the_midst() -> None:
    agent = f"{refused_address()}|{refused_address()}:shard"
    for _ in range(10):
        command = [sys.executable, "-X", "dev", "-c", ENDS_IN_THE_MIDST, agent]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "heard\n", "")
