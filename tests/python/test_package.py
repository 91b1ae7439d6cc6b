"""The package as such: names, import, exceptions."""

from __future__ import annotations

import pickle
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import hamirror
from daemons import REPOSITORY

IMPORT = """
import os, signal, sys, threading
def state():
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    return (
        sorted(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task")),
        threading.active_count(), dict(os.environ), handlers, sys.gettrace(), sys.excepthook,
    )
before = state()
import hamirror
assert state() == before, (before, state())
"""

SUBINTERPRETER = """
import _testcapi
code = '''
try:
    import hamirror
except ImportError as error:
    assert "main interpreter" in str(error), error
else:
    raise SystemError("it was imported")
'''
assert _testcapi.run_in_subinterp(code) == 0
import hamirror
assert _testcapi.run_in_subinterp(code) == 0
try:
    hamirror.Config.read("/nosuch.conf")
except hamirror.Error:
    pass
"""


def test_every_public_name_exists_and_no_other() -> None:
    public = {name for name in vars(hamirror) if not name.startswith("_")}
    # Whoever uses it imports it: asyncio takes longer to import than all of this.
    public -= {"aio", "cli", "dbapi", "otel"}
    assert public | {"__version__"} == set(hamirror.__all__)


def test_the_version_is_the_crates() -> None:
    assert hamirror.__version__ == version("hamirror")


def test_one_stable_binary() -> None:
    assert hamirror.__file__ is not None
    folder = Path(hamirror.__file__).parent
    assert [path.name for path in folder.glob("*.so")] == ["_native.abi3.so"]
    assert (folder / "py.typed").exists()


def test_the_readme_shows_the_example() -> None:
    example = (REPOSITORY / "examples/python/example.py").read_text()
    readme = (REPOSITORY / "bindings/python/README.md").read_text()
    assert f"```python\n{example}```\n" in readme


def test_import_does_nothing() -> None:
    subprocess.run([sys.executable, "-c", IMPORT], check=True)


def test_a_subinterpreter_refuses_it_and_the_main_one_stays_well() -> None:
    pytest.importorskip("_testcapi")
    subprocess.run([sys.executable, "-c", SUBINTERPRETER], check=True)


def test_exceptions_are_what_python_means() -> None:
    parents: dict[type[hamirror.Error], type[Exception]] = {
        hamirror.ConfigError: ValueError,
        hamirror.RequestError: ValueError,
        hamirror.QueryError: ValueError,
        hamirror.NotFoundError: LookupError,
        hamirror.MisuseError: RuntimeError,
        hamirror.ResourceError: OSError,
        hamirror.UnansweredError: ConnectionError,
        hamirror.TimedOutError: TimeoutError,
    }
    for error, parent in parents.items():
        assert issubclass(error, parent)
        assert issubclass(error, hamirror.Error)
        assert error.__module__ == "hamirror"
    assert not issubclass(hamirror.QueryError, ConnectionError)


def test_errors_survive_pickling() -> None:
    error = hamirror.TimedOutError("text", answered=1, agents=2)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.answered, copy.agents, copy.failures) == ("text", 1, 2, ())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (hamirror.Sort.RELEVANCE, "Sort.RELEVANCE"),
        (hamirror.Sort.extended("a'b desc"), 'Sort.extended("a\'b desc")'),
        (hamirror.Ranker.WORD_COUNT, "Ranker.WORD_COUNT"),
        (hamirror.Ranker.PROXIMITY_BM25, "Ranker.PROXIMITY_BM25"),
        (hamirror.Ranker.expression("sum(lcs)"), "Ranker.expression('sum(lcs)')"),
        (hamirror.Filter.values("gid", {3}), "Filter.values('gid', [3])"),
        (
            hamirror.Filter.range("size", -1, 2, exclude=True),
            "Filter.range('size', -1, 2, exclude=True)",
        ),
        (hamirror.Filter.float_range("f", 0, 1.5), "Filter.float_range('f', 0.0, 1.5)"),
        (hamirror.Filter.string("s", "é"), "Filter.string('s', 'é')"),
        (hamirror.Filter.null("j.x", exclude=True), "Filter.null('j.x', exclude=True)"),
        (hamirror.Filter.id_range(1, 2**64 - 1), f"Filter.id_range(1, {2**64 - 1})"),
        (hamirror.Filter.strings("s", ("a", "é")), "Filter.strings('s', ['a', 'é'])"),
        (hamirror.Filter.above("a", 3), "Filter.above('a', 3)"),
        (
            hamirror.Filter.at_most("a", 0.5, exclude=True),
            "Filter.at_most('a', 0.5, exclude=True)",
        ),
        (
            hamirror.Filter.variable("a", "@v").of_all_values(),
            "Filter.variable('a', '@v').of_all_values()",
        ),
        (hamirror.Ranker.plugin("mine", "a=1"), "Ranker.plugin('mine', 'a=1')"),
        (hamirror.Override("a", {1: 2}), "Override('a', {1: 2})"),
        (
            hamirror.Override("a", {1: True}, kind="bool"),
            "Override('a', {1: True}, kind='bool')",
        ),
        (
            hamirror.Override("a", {1: 0.5}, kind="float"),
            "Override('a', {1: 0.5}, kind='float')",
        ),
        (hamirror.Grouping("a", "b.c"), "Grouping('a', 'b.c')"),
        (
            hamirror.Grouping(
                "a",
                by="year",
                order="@count desc",
                within="b asc",
                count_distinct="c",
                rows_per_group=2,
                having=hamirror.Filter.above("d", 3),
            ),
            "Grouping('a', by='year', order='@count desc', within='b asc', count_distinct='c', "
            "rows_per_group=2, having=Filter.above('d', 3))",
        ),
    ],
)
def test_values_are_printed_as_written(value: object, text: str) -> None:
    assert repr(value) == text
    names = {name: getattr(hamirror, name) for name in hamirror.__all__}
    assert eval(text, names) == value
