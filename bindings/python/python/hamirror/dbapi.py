"""PEP 249 (DB-API 2.0) over SphinxQL, for tools that read databases.

    import hamirror.dbapi

    with hamirror.dbapi.connect("sphinx.conf") as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT id, name FROM packages WHERE MATCH(?) LIMIT 10", ["library"])
        print(cursor.fetchall())

Statements are those of `Client.execute`, with its `LIMIT` of 20 rows where they have none. Every
statement is done when it is answered: there are no transactions. An answer without all agents is
told as a `Warning`, which a filter of `warnings` makes an error.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from . import _errors
from ._connect import connect as _connect
from ._dbapi import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    DatabaseError,
    DataError,
    Date,
    DateFromTicks,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
    TypeCode,
    Warning,  # noqa: A004
    bound,
)
from ._native import Client

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from ._native import Config
    from ._options import CallOptions, ClientOptions
    from ._results import Answer

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "TypeCode",
    "Warning",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]

apilevel: Final = "2.0"
threadsafety: Final = 2
"""Threads may share the module and connections; a cursor is of one thread at a time."""
paramstyle: Final = "qmark"
"""Free places are `?`; `%s`, `:name` and `%(name)s` are taken, too."""

_Parameters: TypeAlias = Iterable[Any] | Mapping[str, Any]
_Row: TypeAlias = tuple[Any, ...]
_Described: TypeAlias = tuple[str, "TypeCode", None, None, None, None, None]


def connect(
    config: str | os.PathLike[str] | Config | Client | None = None,
    /,
    *,
    agents: Mapping[str, str | Iterable[str]] | None = None,
    reading: Literal["strict", "sphinx", "manticore"] = "strict",
    status_socket: str | os.PathLike[str] | None = None,
    insert_agent: int | None = None,
    call_options: CallOptions | None = None,
    **options: Unpack[ClientOptions],
) -> Connection:
    """Makes a connection; no agent is asked before its first statement.

    Parameters
    ----------
    config : path, Config or Client, optional
        What `hamirror.connect` takes, or a client that the connection shares and leaves open.
    agents : mapping of str to str or iterable of str, optional
        Agents by the name of their distributed index, in place of a configuration.
    reading : "strict", "sphinx" or "manticore", default "strict"
        By whose rules a file is read.
    status_socket : path, optional
        Where this client tells other processes what it knows, as that of `hamirror.connect`.
    insert_agent : int, default none
        Number of the agent, from 0, that gets documents of `INSERT` and `REPLACE`, on all of its
        mirrors. Without it these are refused.
    call_options : CallOptions, default none
        Options of every statement, such as `{"deadline": 2, "completeness": "all"}`.
    **options
        Those of `ClientOptions`.

    Returns
    -------
    Connection
        To be closed, as by `with`.

    Raises
    ------
    ProgrammingError
        Not one of `config` and `agents` is given, options beside a client, or no option at all.
    InterfaceError, OperationalError
        The configuration was refused, or can't be read.
    """
    if isinstance(config, Client):
        if agents is not None or status_socket is not None or options:
            raise ProgrammingError("connect() takes no options of clients beside a client")
        return Connection(config, False, insert_agent, call_options)
    with _told():
        client = _connect(
            config, agents=agents, reading=reading, status_socket=status_socket, **options
        )
    return Connection(client, True, insert_agent, call_options)


class Connection:
    """A client as PEP 249 has it; threads may share it, and `with` closes it."""

    Warning = Warning
    Error = Error
    InterfaceError = InterfaceError
    DatabaseError = DatabaseError
    DataError = DataError
    OperationalError = OperationalError
    IntegrityError = IntegrityError
    InternalError = InternalError
    ProgrammingError = ProgrammingError
    NotSupportedError = NotSupportedError

    def __init__(
        self,
        client: Client,
        owns_client: bool,
        insert_agent: int | None,
        call_options: CallOptions | None,
    ) -> None:
        """Use `connect`."""
        self._client: Client | None = client
        self._owns_client = owns_client
        self._insert_agent = insert_agent
        self._call_options: CallOptions = {} if call_options is None else call_options

    @property
    def client(self) -> Client:
        """The client, for its status and for searches that SphinxQL has no words for."""
        if self._client is None:
            raise InterfaceError("the connection is closed")
        return self._client

    @property
    def autocommit(self) -> bool:
        """True: every statement is done when it is answered."""
        return True

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        if not value:
            raise NotSupportedError("daemons have no transactions: leave autocommit on")

    def cursor(self) -> Cursor:
        """A cursor with a session of its own: `SHOW META` tells of its last search."""
        return Cursor(self)

    def commit(self) -> None:
        """Does nothing: every statement is done when it is answered."""
        self.client  # noqa: B018

    def rollback(self) -> None:
        """Does nothing: no statement is pending, and one that was answered stays done."""
        self.client  # noqa: B018

    def close(self) -> None:
        """Ends the connection and its cursors; further calls do nothing."""
        client, self._client = self._client, None
        if client is not None and self._owns_client:
            client.close()

    def __enter__(self) -> Self:
        """The connection."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes it."""
        self.close()


class Cursor:
    """Runs statements of a connection, and has the rows of their answers."""

    def __init__(self, connection: Connection) -> None:
        """Use `Connection.cursor`."""
        self.connection = connection
        """The connection that the cursor is of."""
        self.arraysize = 1
        """Rows that `fetchmany` returns unless told."""
        self.messages: list[tuple[type[Warning], str]] = []
        """Warnings of the last `execute`, `executemany` and `nextset`."""
        self.lastrowid = None
        """Always `None`: daemons make no ids."""
        with _told():
            self._session = connection.client.session()
        self._is_closed = False
        self._answers: list[Answer] = []
        self._next = 0
        self._rowcount = -1

    @property
    def answer(self) -> Answer | None:
        """The answer whose rows are fetched, with its agents, failures and columns; `None` if
        the last statement has none."""
        return self._answers[0] if self._answers else None

    @property
    def description(self) -> tuple[_Described, ...] | None:
        """Name and type of each column, and five times `None`; `None` without rows to fetch."""
        answer = self.answer
        if answer is None or not answer.columns:
            return None
        return tuple(
            (column.name, TypeCode(column.kind, column.kind), None, None, None, None, None)
            for column in answer.columns
        )

    @property
    def rowcount(self) -> int:
        """Rows of the answer, or documents that the statement changed; -1 before the first."""
        return self._rowcount

    @property
    def rownumber(self) -> int | None:
        """Position of the next row, from 0; `None` without rows to fetch."""
        return None if self.description is None else self._next

    def execute(self, statement: str, parameters: _Parameters | None = None, /) -> Self:
        """Runs a statement, or several between semicolons: `nextset` goes to the next answer.

        Parameters
        ----------
        statement : str
            The text, in which `?`, `%s`, `:name` or `%(name)s` are free places.
        parameters : iterable or mapping, default none
            Values in turn or by name: int, float, str, Decimal (an int or a float that holds all
            of its digits), date or datetime (seconds since 1970), or a list of these. They are
            never read as a part of the statement.

        Returns
        -------
        Cursor
            The cursor.

        Raises
        ------
        ProgrammingError
            The statement or a value was refused.
        OperationalError
            No agent, or fewer than `completeness` demands, gave an answer.
        """
        client = self._ready()
        self._clear()
        self._run(client, statement, parameters)
        self._tell_warnings(self._answers[:1])
        return self

    def executemany(self, statement: str, many: Iterable[_Parameters], /) -> Self:
        """Runs a statement that changes documents once for each set of parameters.

        Raises
        ------
        ProgrammingError
            What `execute` raises it for, and a statement that has rows.
        OperationalError
            What `execute` raises it for; sets before the one that failed are done.
        """
        client = self._ready()
        self._clear()
        rowcount = 0
        for parameters in many:
            told = len(self.messages)
            self._run(client, statement, parameters)
            if any(answer.columns for answer in self._answers):
                self._clear()
                raise ProgrammingError("executemany() takes no statement that has rows")
            rowcount += self._rowcount
            rowcount += sum(answer.total_found or 0 for answer in self._answers[1:])
            self._tell_warnings(self._answers, told)
        self._answers.clear()
        self._rowcount = rowcount
        return self

    def fetchone(self) -> _Row | None:
        """The next row; `None` behind the last."""
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None) -> list[_Row]:
        """Up to `size` further rows, `arraysize` unless given."""
        answer = self._fetched()
        start = self._next
        end = start + max(0, self.arraysize if size is None else size)
        self._next = min(end, len(answer))
        return answer[start:end]

    def fetchall(self) -> list[_Row]:
        """All further rows."""
        return self.fetchmany(len(self._fetched()))

    def nextset(self) -> Literal[True] | None:
        """Goes to the answer of the next statement, or of the next `FACET`; `None` behind the
        last, whose rows are gone then."""
        self._ready()
        self.messages.clear()
        del self._answers[:1]
        self._begin()
        self._tell_warnings(self._answers[:1])
        return True if self._answers else None

    def setinputsizes(self, sizes: Sequence[object]) -> None:
        """Does nothing: there is nothing to prepare."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Does nothing: values have no size to choose."""

    def close(self) -> None:
        """Ends the cursor; further calls do nothing."""
        self._is_closed = True
        self._answers.clear()

    def __iter__(self) -> Iterator[_Row]:
        """All further rows, one by one."""
        while (row := self.fetchone()) is not None:
            yield row

    def __enter__(self) -> Self:
        """The cursor."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes it."""
        self.close()

    def _ready(self) -> Client:
        if self._is_closed:
            raise InterfaceError("the cursor is closed")
        return self.connection.client

    def _clear(self) -> None:
        self._answers = []
        self._next = 0
        self._rowcount = -1
        self.messages.clear()

    def _begin(self) -> None:
        """Before the first row of the first answer that is left."""
        answer = self.answer
        self._next = 0
        self._rowcount = -1
        if answer is not None:
            changed = answer.total_found or 0
            self._rowcount = len(answer) if answer.columns else changed

    def _run(self, client: Client, statement: str, parameters: _Parameters | None) -> None:
        connection = self.connection
        options = connection._call_options
        insert_agent = connection._insert_agent
        with _told():
            values = bound(parameters)
            if insert_agent is None or not _INSERTS.match(statement):
                self._answers = list(self._session.execute(statement, values, **options))
                self._begin()
                return
            written = client.execute_on_agent(insert_agent, statement, values, **options)
        self._rowcount = written.documents or 0
        if written.warning:
            self.messages.append((Warning, written.warning))

    def _tell_warnings(self, answers: Sequence[Answer], told: int = 0) -> None:
        """Warns as of the line that called the caller of this; the first messages were told."""
        self.messages += [(Warning, one.warning) for one in answers if one.warning]
        for category, text in self.messages[told:]:
            warnings.warn(text, category, stacklevel=3)

    def _fetched(self) -> Answer:
        self._ready()
        answer = self.answer
        if answer is None or not answer.columns:
            raise ProgrammingError("there are no rows: execute a statement that has some")
        return answer


@contextmanager
def _told() -> Iterator[None]:
    """Raises what PEP 249 has for an exception of the package."""
    try:
        yield
    except _errors.Error as error:
        kinds = (told for told, meant in _MEANT if isinstance(error, meant))
        raise next(kinds, DatabaseError)(str(error)) from error
    # A ValueError is an option's, or that of half a surrogate in a text.
    except (TypeError, ValueError, OverflowError) as error:
        raise ProgrammingError(str(error)) from error


_MEANT: Final[tuple[tuple[type[Error], type[_errors.Error]], ...]] = (
    (InterfaceError, _errors.ConfigError),
    (InterfaceError, _errors.MisuseError),
    (ProgrammingError, _errors.RequestError),
    (ProgrammingError, _errors.NotFoundError),
    (ProgrammingError, _errors.QueryError),
    (InternalError, _errors.MergeError),
    (OperationalError, _errors.UnansweredError),
    (OperationalError, _errors.ResourceError),
)

# A statement for one agent; comments before it are not looked through.
_INSERTS: Final = re.compile(r"\s*(insert|replace)\s", re.IGNORECASE)
