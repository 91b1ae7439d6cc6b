"""PEP 249 by a public suite and by ordinary tools, over real daemons."""

from __future__ import annotations

import datetime
import itertools
import re
import threading
import time
import warnings
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import dbapi20  # type: ignore[import-untyped]
import pytest
from realtime import RealTime

import hamirror
from daemons import REPOSITORY, refused_address
from hamirror import dbapi
from hamirror._dbapi import bound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemons import Cluster

TABLES = {"dbapi20test_booze": ["name"], "dbapi20test_barflys": ["name", "drink"]}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealTime]:
    """The suite's tables as real-time indexes."""
    columns = {name: [f"string = {one}" for one in names] for name, names in TABLES.items()}
    daemon = RealTime(tmp_path_factory.mktemp("tables"), columns)
    yield daemon
    daemon.close()


class SuiteCursor(dbapi.Cursor):
    """Names the columns of the suite's inserts and gives each document an id."""

    _ids: ClassVar = itertools.count(1)

    def _run(self, client: hamirror.Client, statement: str, parameters: Any) -> None:
        found = re.fullmatch(r"insert into (\w+) values \((.*)\)", statement)
        if found:
            columns = ", ".join(TABLES[found[1]])
            values = f"{next(self._ids)}, {found[2]}"
            statement = f"INSERT INTO {found[1]} (id, {columns}) VALUES ({values})"
        super()._run(client, statement, parameters)


class SuiteConnection(dbapi.Connection):
    """Hands out such cursors."""

    def cursor(self) -> SuiteCursor:
        """One of them."""
        return SuiteCursor(self)


class TestCompliance(dbapi20.DatabaseAPI20Test):  # type: ignore[misc]
    """The public suite; its tables are there already, and dropping one empties it."""

    driver: Any = SimpleNamespace(**{name: getattr(dbapi, name) for name in dbapi.__all__})
    ddl1 = "DELETE FROM dbapi20test_booze WHERE id > 0"
    ddl2 = "DELETE FROM dbapi20test_barflys WHERE id > 0"
    lower_func = None  # Daemons have no procedures of such names.

    @pytest.fixture(autouse=True)
    def _tables(self, tables: RealTime) -> Iterator[None]:
        with hamirror.connect(agents=tables.agents) as client:
            self.driver.connect = lambda: SuiteConnection(client, False, 0, None)
            client.execute(f"{self.ddl1}; {self.ddl2}")
            yield

    def test_nextset(self) -> None:
        """Answers of several statements."""
        cursor = self._connect().cursor()
        for statement in self._populate():
            cursor.execute(statement)
        names = "select name from dbapi20test_booze"
        cursor.execute(f"select count(*) c from dbapi20test_booze; {names}")
        assert cursor.fetchone() == (len(self.samples),)
        assert cursor.nextset()
        assert len(cursor.fetchall()) == len(self.samples)
        assert cursor.nextset() is None

    def test_setoutputsize(self) -> None:
        """Sizes choose nothing."""
        self.test_setoutputsize_basic()

    def test_non_idempotent_close(self) -> None:
        """The suite itself says that this is a matter of taste; `with` may follow a close."""
        with self._connect() as connection:
            connection.close()

    def test_None(self) -> None:  # noqa: N802
        """Daemons of Sphinx store no NULL: one is refused before it is sent."""
        cursor = self._connect().cursor()
        with pytest.raises(dbapi.ProgrammingError, match="NoneType is no value"):
            cursor.execute("insert into dbapi20test_booze values (?)", [None])


@pytest.fixture
def connection(cluster: Cluster) -> Iterator[dbapi.Connection]:
    with dbapi.connect(cluster.config_path) as connection:
        yield connection


def test_a_cursor_has_the_rows_of_an_answer(
    connection: dbapi.Connection, cluster: Cluster
) -> None:
    text = f"SELECT id, name, size FROM {cluster.index} WHERE MATCH(?) LIMIT 5"
    (answer,) = connection.client.execute(text, ["library"])
    cursor = connection.cursor()
    assert (cursor.description, cursor.rowcount, cursor.rownumber) == (None, -1, None)
    assert list(cursor.execute(text, iter(["library"]))) == list(answer)
    assert cursor.fetchone() is None
    assert (cursor.rowcount, cursor.rownumber, cursor.messages) == (5, 5, [])
    assert cursor.answer is not None
    assert (cursor.answer.agents_answered, cursor.answer.total) == (2, answer.total)
    described = cursor.description
    assert described is not None
    assert [column[0] for column in described] == ["id", "name", "size"]
    assert [column[1] == dbapi.NUMBER for column in described] == [True, False, True]
    assert [column[1] == dbapi.ROWID for column in described] == [True, False, False]
    assert described[1][1] == dbapi.STRING != dbapi.NUMBER
    cursor.execute("SHOW META LIKE 'total'")
    assert cursor.fetchall() == [("total", str(answer.total))]


def test_tools_for_data_frames_read_an_index(
    connection: dbapi.Connection, cluster: Cluster
) -> None:
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    text = f"SELECT id, name, size, section FROM {cluster.index} WHERE MATCH(%s) LIMIT 1000"
    (answer,) = connection.client.execute(text, ["library"])
    expected = answer.to_pandas()
    with warnings.catch_warnings():
        # It warns of every connection that is not of SQLAlchemy or sqlite3.
        warnings.filterwarnings("ignore", "pandas only supports SQLAlchemy", UserWarning)
        frame = pandas.read_sql(text, connection, params=["library"])
        chunks = list(pandas.read_sql(text, connection, params=["library"], chunksize=7))
        with pytest.raises(dbapi.ProgrammingError, match="nosuch"):
            pandas.read_sql("SELECT * FROM nosuch", connection)
    assert len(frame) == len(expected) > 20
    for column in frame.columns:
        assert list(frame[column]) == list(expected[column])
    assert pandas.concat(chunks, ignore_index=True).equals(frame)
    options = {"parameters": ["library"]}
    read = polars.read_database(text, connection, execute_options=options)
    assert read.rows() == list(answer)


def test_the_readmes_table_is_read(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pandas")
    readme = (REPOSITORY / "bindings/python/README.md").read_text()
    (block,) = (
        block for block in readme.split("```python\n")[1:] if "dbapi" in block.split("```")[0]
    )
    monkeypatch.chdir(cluster.config_path.parent)
    names: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "pandas only supports SQLAlchemy", UserWarning)
        exec(block.split("```")[0], names)
    with hamirror.connect(cluster.config_path) as client:
        found = client.search("packages", "library").total_found
    assert len(names["table"]) == min(found, 1000) > 20


def test_an_error_is_what_python_tools_expect(
    connection: dbapi.Connection, cluster: Cluster
) -> None:
    cursor = connection.cursor()
    for statement, parameters, error, cause in (
        ("SELECT", None, dbapi.ProgrammingError, hamirror.StatementError),
        ("SELECT * FROM nosuch", None, dbapi.ProgrammingError, hamirror.NotFoundError),
        (
            f"SELECT * FROM {cluster.index} WHERE MATCH(?)",
            ["@nofield x"],
            dbapi.ProgrammingError,
            hamirror.QueryError,
        ),
        (f"SELECT * FROM {cluster.index} LIMIT ?", [], dbapi.ProgrammingError, None),
        (f"SELECT * FROM {cluster.index} LIMIT ?", "1", dbapi.ProgrammingError, None),
        (f"SELECT * FROM {cluster.index} LIMIT ?", [2**64], dbapi.ProgrammingError, None),
        (f"SELECT * FROM {cluster.index} LIMIT ?", [b"1"], dbapi.ProgrammingError, None),
        ("SHOW '\udcff'", None, dbapi.ProgrammingError, UnicodeEncodeError),
        ("SHOW META LIKE ?", ["\udcff"], dbapi.ProgrammingError, UnicodeEncodeError),
        ("INSERT INTO x VALUES (1)", None, dbapi.ProgrammingError, hamirror.StatementError),
    ):
        cursor.execute("SHOW TABLES")
        with pytest.raises(error) as caught:
            cursor.execute(statement, parameters)
        assert isinstance(caught.value, connection.DatabaseError)
        assert cause is None or isinstance(caught.value.__cause__, cause)
        # Rows of the statement before are no answer to this one.
        with pytest.raises(dbapi.ProgrammingError, match="there are no rows"):
            cursor.fetchall()
    with pytest.raises(dbapi.NotSupportedError, match="no transactions"):
        connection.autocommit = False
    with pytest.raises(dbapi.ProgrammingError, match="no statement that has rows"):
        cursor.executemany("SELECT * FROM d LIMIT ?".replace("d", cluster.index), [[1]])
    with pytest.raises(dbapi.OperationalError):
        dbapi.connect("/nosuch/sphinx.conf")
    with pytest.raises(dbapi.InterfaceError):
        dbapi.connect(agents={"d": "box1:port:"})
    cursor.close()
    with pytest.raises(dbapi.InterfaceError, match="the cursor is closed"):
        cursor.execute("SHOW TABLES")
    connection.close()
    with pytest.raises(dbapi.InterfaceError, match="the connection is closed"):
        connection.cursor()


def test_arguments_that_are_none_are_errors_of_the_module(cluster: Cluster) -> None:
    path, agents = cluster.config_path, {"d": "127.0.0.1:1:x"}
    config: Any
    for config, options in (
        (None, {}),
        (path, {"agents": agents}),
        (5, {}),
        (path, {"nosuch": 1}),
        (path, {"deadline": "soon"}),
    ):
        with pytest.raises(dbapi.ProgrammingError):
            dbapi.connect(config, **options)
    with hamirror.connect(path) as client:
        for wrong in ({"completeness": "most"}, {"deadline": "soon"}, {"deadline": -1}):
            call_options: Any = wrong
            connection = dbapi.connect(client, call_options=call_options)
            with pytest.raises(dbapi.Error):
                connection.cursor().execute(f"SELECT id FROM {cluster.index}")
        shared = dbapi.connect(client)
    with pytest.raises(dbapi.InterfaceError, match="closed"):
        shared.cursor()


def test_an_answer_without_all_agents_is_a_warning(cluster: Cluster) -> None:
    agents = [f"{cluster.shards[0][0]}:packages0", f"{refused_address()}:packages1"]
    with dbapi.connect(agents={"half": agents}) as connection:
        cursor = connection.cursor()
        with pytest.warns(dbapi.Warning, match="refused") as caught:
            cursor.execute("SELECT id FROM half")
        assert caught[0].filename == __file__
        assert cursor.rowcount == 20
        assert [category for category, _ in cursor.messages] == [dbapi.Warning]
        with warnings.catch_warnings():
            warnings.simplefilter("error", dbapi.Warning)
            with pytest.raises(dbapi.Warning, match="refused"):
                cursor.execute("SELECT id FROM half")
        whole: hamirror.CallOptions = {"completeness": "all"}
        with (
            dbapi.connect(connection.client, call_options=whole) as strict,
            pytest.raises(dbapi.OperationalError, match="1 of 2 agents"),
        ):
            strict.cursor().execute("SELECT id FROM half")
        assert connection.client.indexes == ("half",)
        with pytest.raises(dbapi.ProgrammingError, match="beside a client"):
            dbapi.connect(connection.client, background=False)


def test_documents_are_written_to_the_agent_that_was_named(tables: RealTime) -> None:
    with dbapi.connect(agents=tables.agents, insert_agent=0) as connection:
        cursor = connection.cursor()
        cursor.execute("DELETE FROM dbapi20test_barflys WHERE id > 0")
        text = "INSERT INTO dbapi20test_barflys (id, name, drink) VALUES (:id, :name, 'ale')"
        people = [{"id": 7, "name": "o'hara"}, {"id": 8, "name": "%s"}]
        assert cursor.executemany(text, people).rowcount == 2
        assert (cursor.description, cursor.answer) == (None, None)
        cursor.execute("SELECT id, name FROM dbapi20test_barflys ORDER BY id ASC")
        assert cursor.fetchall() == [(7, "o'hara"), (8, "%s")]
        cursor.execute("DELETE FROM dbapi20test_barflys WHERE id IN ?", [(7, 8)])
        assert cursor.rowcount == 2


def test_each_set_of_executemany_warns_once_and_counts_all_of_its_statements(
    tables: RealTime,
) -> None:
    (name, agent), *_ = tables.agents.items()
    agents = {name: [agent, f"{refused_address()}:{name}"]}
    text = f"INSERT INTO {name} (id, name) VALUES (?, 'ale')"
    change = f"DELETE FROM {name} WHERE id = ?; DELETE FROM {name} WHERE id IN ?"
    with dbapi.connect(agents={name: agent}, insert_agent=0) as connection:
        cursor = connection.cursor()
        cursor.execute(f"DELETE FROM {name} WHERE id > 0")
        cursor.executemany(text, [[number] for number in range(1, 10)])
        assert cursor.executemany(change, [(1, [2, 3]), (4, [5])]).rowcount == 5
        assert cursor.messages == []
        with pytest.raises(dbapi.ProgrammingError, match="no statement that has rows"):
            cursor.executemany(f"{change}; SELECT id FROM {name}", [(6, [7])])
    with dbapi.connect(agents=agents) as connection:
        cursor = connection.cursor()
        with pytest.warns(dbapi.Warning) as caught:
            cursor.executemany(f"DELETE FROM {name} WHERE id = ?", [[8], [9], [10]])
        assert {one.filename for one in caught} == {__file__}
        assert (len(caught), len(cursor.messages), cursor.rowcount) == (3, 3, 2)


def test_times_are_bound_as_seconds(connection: dbapi.Connection, cluster: Cluster) -> None:
    ticks = 1_700_000_000
    cursor = connection.cursor()
    moment = datetime.datetime.fromtimestamp(ticks, datetime.timezone.utc)
    for value in (moment, dbapi.TimestampFromTicks(ticks), ticks):
        cursor.execute(f"SELECT id FROM {cluster.index} WHERE size != ? LIMIT 1", [value])
        assert cursor.rowcount == 1
    day = dbapi.DateFromTicks(ticks)
    midnight = int(time.mktime(day.timetuple()))
    assert bound([moment, day]) == [ticks, midnight]
    with pytest.raises(dbapi.ProgrammingError, match="time is no value"):
        cursor.execute("SHOW META LIKE ?", [dbapi.TimeFromTicks(ticks)])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # The float beside it is the id of another document.
        ("9007199254740993", 9007199254740993),
        ("18446744073709551615", 2**64 - 1),
        ("-9007199254740993.000", -9007199254740993),
        ("1E+3", 1000),
        ("0.10", 0.1),
        ("-2.5", -2.5),
    ],
)
def test_a_decimal_keeps_its_digits(text: str, value: float) -> None:
    (kept,) = bound(iter([Decimal(text)])) or [None]
    assert (kept, type(kept)) == (value, type(value))


@pytest.mark.parametrize(
    "text", ["0.12345678901234567890", "1E-400", "1E+400", "1E+999999", "NaN", "sNaN", "-Infinity"]
)
def test_a_decimal_that_no_number_holds_is_refused(
    connection: dbapi.Connection, cluster: Cluster, text: str
) -> None:
    cursor = connection.cursor()
    with pytest.raises(dbapi.ProgrammingError, match=re.escape(f"Decimal('{Decimal(text)}')")):
        cursor.execute(f"SELECT id FROM {cluster.index} WHERE size = ?", [Decimal(text)])


def test_threads_share_a_connection(connection: dbapi.Connection, cluster: Cluster) -> None:
    counts: list[int] = []

    def count() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT id FROM {cluster.index} WHERE MATCH('library') LIMIT 7")
            counts.append(len(cursor.fetchall()))

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [7] * 8
