"""The part of `hamirror` that is written in Rust; import its names from `hamirror`.

Some of it stands in `_batch`, `_config`, `_merging`, `_queries`, `_requests` and `_results`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias, final, overload

from typing_extensions import Self, Unpack

from ._batch import Batch, PendingCommand, PendingReply, PendingSearch, PendingSearches, Upkeep
from ._config import Config
from ._errors import Error
from ._merging import RawMerge
from ._options import CallOptions, ClientOptions, ExcerptOptions, SearchOptions
from ._queries import Filter, Grouping, Override, Ranker, Search, Sort
from ._requests import Reply, Request, Verdict
from ._results import Answer, Row, SearchResult, Session
from .status import Status
from .types import Keywords, Mirrored, Rows, Written

__all__ = [
    "Answer",
    "Batch",
    "Client",
    "Config",
    "Filter",
    "Grouping",
    "Override",
    "PendingCommand",
    "PendingReply",
    "PendingSearch",
    "PendingSearches",
    "Ranker",
    "RawMerge",
    "Reply",
    "Request",
    "Row",
    "Search",
    "SearchResult",
    "Session",
    "Sort",
    "Upkeep",
    "Verdict",
    "__version__",
    "_at_close",
    "_attempts",
    "_buffers",
    "_restored_result",
    "_restored_row",
    "escape",
]

__version__: Final[str]

def escape(text: str, /) -> str:
    """Escapes what the extended query syntax takes for operators, so that the text of a user is
    words alone. Words with a meaning of their own, such as `MAYBE` or `NEAR/3`, stay.

    Parameters
    ----------
    text : str
        The text of a user.

    Returns
    -------
    str
        The text with a backslash before each of ``\\ ( ) | - ! @ ~ " & / ^ $ = <``.
    """

# int, float, str, or a list or tuple of them; in turn or by name.
_Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]

@final
class Client:
    """Asks distributed indexes; any number of threads may share it.

    It is a context manager that closes itself. Nothing is connected before the first call.
    Waiting releases the GIL; Ctrl-C ends it, and what was under way is taken back. After
    `os.fork` it works in the child too: there it begins with what the parent knew of its hosts,
    with counters of its own, and leaves the parent's sockets alone; a batch that was under way
    raises `MisuseError` there, and one between `run` and `join` keeps its descriptors open until
    the child ends.
    """

    def __new__(cls, config: Config, **options: Unpack[ClientOptions]) -> Self:
        """A client; `options` are those of `ClientOptions`.

        What happens to hosts and configuration is logged by the logger "hamirror" of `logging`:
        a host that was found dead, with the cause, and an agent without a living mirror as
        warnings; their return as information. Each failed attempt is logged, too, if the logger
        is enabled for `DEBUG` when the client is made.
        """

    def search(
        self,
        index: str,
        query: str,
        *,
        local: Callable[[str, bytes], bytes | tuple[int, bytes]] | None = None,
        **options: Unpack[SearchOptions],
    ) -> SearchResult:
        """Searches all agents of an index and merges their answers as a master does.

        `local` searches a local index of it while the agents work: it gets its name and the body
        of the SEARCH request that an agent would get (version 0x11f), and returns the body of the
        reply, or its version and the body. It may raise `LocalError`, which is told as that
        index's failure; any other exception ends the search. `options` are those of
        `SearchOptions`.

        Agents that gave no answer are told in `warning` and `failures`, unless `completeness`
        demands them or none is left: `UnansweredError`, `TimedOutError`, or `QueryError` where
        the query is at fault. `RequestError` if the search is refused before it is sent,
        `NotFoundError` for an unknown index.
        """

    @overload
    def search_all(
        self,
        index: str,
        searches: Iterable[Search],
        *,
        return_exceptions: Literal[False] = False,
        **options: Unpack[CallOptions],
    ) -> list[SearchResult]:
        """Runs several searches of the same agents in one request to each, and waits. A daemon
        does once what they have in common.

        Parameters
        ----------
        index : str
            A distributed index, or a list of them.
        searches : iterable of Search
            1 to 32 searches.
        return_exceptions : bool, default False
            Puts what went wrong with one search in its place, and does not raise it.
        **options
            Those of `CallOptions`.

        Returns
        -------
        list of SearchResult
            In the order of the searches.

        Raises
        ------
        Error
            What `search` raises. A select list that a daemon can't read fails all of them;
            a query text, or a filter of a column that is not there, fails alone.
        """

    @overload
    def search_all(
        self,
        index: str,
        searches: Iterable[Search],
        *,
        return_exceptions: bool,
        **options: Unpack[CallOptions],
    ) -> list[SearchResult | Error]: ...
    def execute(
        self,
        statement: str,
        parameters: _Parameters | None = None,
        /,
        **options: Unpack[CallOptions],
    ) -> tuple[Answer, ...]:
        """Runs a statement of SphinxQL, or several between semicolons; an answer for each.

        Searches go to all agents over the binary API; `SHOW META`, `SHOW WARNINGS`, `SHOW STATUS`,
        `SHOW AGENT STATUS`, `SHOW TABLES` and `DESCRIBE` are answered by the library. Each `FACET`
        has an answer of its own. `parameters` are values for `?` or `%s` in turn, or by name for
        `:name` or `%(name)s`; they are never read as a part of the statement. `options` are those
        of `CallOptions`.

        `StatementError` has the place of what is no statement, or can't be done here; otherwise it
        raises what `search` does.
        """

    def execute_on_agent(
        self,
        agent: int,
        statement: str,
        parameters: _Parameters | None = None,
        /,
        *,
        mirror: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Mirrored[Written]:
        """Runs an `INSERT`, `REPLACE`, `UPDATE` or `DELETE` on one agent of its index. A mirror
        that may have got it is not sent it again.

        Parameters
        ----------
        agent : int
            Number of the agent in its index, from 0.
        statement : str
            The statement.
        parameters : sequence or mapping, default none
            Values for the free places, as those of `execute`.
        mirror : int, default all mirrors of the agent
            Position of the one mirror that makes it, from 0.
        **options
            Those of `CallOptions`.

        Returns
        -------
        Mirrored of Written
            What became of it on each mirror.

        Raises
        ------
        NotFoundError
            There is no such index, agent or mirror.
        StatementError
            It is no such statement, or has no such values.
        Error
            What `update` raises.
        """

    def start_on_agent(
        self,
        agent: int,
        statement: str,
        parameters: _Parameters | None = None,
        /,
        *,
        mirror: int | None = None,
        **options: Unpack[CallOptions],
    ) -> PendingCommand[Mirrored[Written]]:
        """Starts what `execute_on_agent` does."""

    def excerpts(
        self,
        index: str,
        documents: Iterable[str],
        words: str,
        **options: Unpack[ExcerptOptions],
    ) -> list[str]:
        """Cuts an excerpt of each document around the words. Documents are split over the
        agents, which do as well as each other: if all mirrors of one fail, the next is asked.

        Parameters
        ----------
        index : str
            A distributed index, whose settings are taken.
        documents : iterable of str
            The documents, or names of files with `load_files`; an empty one has an empty excerpt.
        words : str
            Words to look for.
        **options
            Those of `ExcerptOptions`.

        Returns
        -------
        list of str
            In the order of the documents.

        Raises
        ------
        RequestError
            There are no words, or a number of the options is too large.
        Error
            What `search` raises.
        """

    def start_excerpts(
        self,
        index: str,
        documents: Iterable[str],
        words: str,
        **options: Unpack[ExcerptOptions],
    ) -> PendingCommand[list[str]]:
        """Starts what `excerpts` does."""

    def keywords(
        self, index: str, text: str, *, statistics: bool = False, **options: Unpack[CallOptions]
    ) -> Keywords:
        """Splits a text into keywords as the index does.

        Parameters
        ----------
        index : str
            A distributed index, or a list of them.
        text : str
            The text.
        statistics : bool, default False
            Sums documents and hits of each keyword over all agents.
        **options
            Those of `CallOptions`.

        Returns
        -------
        Keywords
            In the order of the text, with what came of each agent.

        Raises
        ------
        Error
            What `search` raises.
        """

    def start_keywords(
        self, index: str, text: str, *, statistics: bool = False, **options: Unpack[CallOptions]
    ) -> PendingCommand[Keywords]:
        """Starts what `keywords` does."""

    def update(
        self,
        index: str,
        attributes: Iterable[str],
        documents: Mapping[int, Iterable[int | Iterable[int]]],
        *,
        ignore_missing: bool = False,
        **options: Unpack[CallOptions],
    ) -> Mirrored[Written]:
        """Sets attributes of documents on every mirror of every agent. Agents pass over documents
        that they do not have. A mirror that may have got the update is not sent it again.

        Parameters
        ----------
        index : str
            A distributed index, or a list of them.
        attributes : iterable of str
            Names of attributes.
        documents : mapping of int to iterable of (int or iterable of int)
            A value for each attribute by document id: 32 bits without a sign, or several for a
            multi-value attribute. Other numbers are for `UPDATE` of SphinxQL.
        ignore_missing : bool, default False
            Passes over attributes that an index does not have.
        **options
            Those of `CallOptions`.

        Returns
        -------
        Mirrored of Written
            What became of it on each mirror.

        Raises
        ------
        RequestError
            A document has not as many values as there are attributes, or there is no document.
        UnansweredError
            No agent, or fewer than `completeness` demands, has a mirror that made the update.
        Error
            What `search` raises.
        """

    def start_update(
        self,
        index: str,
        attributes: Iterable[str],
        documents: Mapping[int, Iterable[int | Iterable[int]]],
        *,
        ignore_missing: bool = False,
        **options: Unpack[CallOptions],
    ) -> PendingCommand[Mirrored[Written]]:
        """Starts what `update` does."""

    def flush_attributes(self, index: str, **options: Unpack[CallOptions]) -> Mirrored[int]:
        """Has every mirror of every agent of an index write updated attributes to disk.

        Parameters
        ----------
        index : str
            A distributed index, or a list of them.
        **options
            Those of `CallOptions`.

        Returns
        -------
        Mirrored of int
            The number of each mirror's flush, 0 if there was nothing to write.

        Raises
        ------
        Error
            What `update` raises.
        """

    def start_flush_attributes(
        self, index: str, **options: Unpack[CallOptions]
    ) -> PendingCommand[Mirrored[int]]:
        """Starts what `flush_attributes` does."""

    def daemon_status(
        self, index: str, **options: Unpack[CallOptions]
    ) -> Mirrored[tuple[tuple[str, str], ...]]:
        """Asks every mirror of every agent of an index for the counters of its daemon: those of
        `SHOW STATUS` there. `status` has what the library itself knows, and asks nobody.

        Parameters
        ----------
        index : str
            A distributed index, or a list of them.
        **options
            Those of `CallOptions`.

        Returns
        -------
        Mirrored of tuple of (str, str)
            Names and values of each mirror.

        Raises
        ------
        Error
            What `update` raises.
        """

    def start_daemon_status(
        self, index: str, **options: Unpack[CallOptions]
    ) -> PendingCommand[Mirrored[tuple[tuple[str, str], ...]]]:
        """Starts what `daemon_status` does."""

    def session(self) -> Session:
        """A session of SphinxQL, which remembers its last search for `SHOW META`."""

    def call(
        self, index: str, agent: int, request: Request, **options: Unpack[CallOptions]
    ) -> Reply:
        """Asks one agent of an index, by its number from 0; raises what `search` does."""

    def batch(self) -> Batch:
        """An empty batch: many calls under way at once."""

    def upkeep(self) -> Upkeep:
        """Pings and sends to blackholes, for a program that drives them itself: with
        `background=False` only, and one at a time; `MisuseError` otherwise."""

    def status(self) -> Status:
        """The record of every host, as it is now; waits for nothing."""

    def show(
        self, statement: str, *, flavour: Literal["sphinx", "manticore"] | None = None
    ) -> Rows:
        """Rows of `SHOW AGENT STATUS`, `SHOW AGENT 'name' STATUS` or `SHOW STATUS`, each with or
        without `LIKE 'pattern'`. They have the keys and formats of that daemon (2.2.11 unless
        given); `RequestError` for any other statement."""

    def prometheus(self) -> str:
        """The record of every host as text for Prometheus, version 0.0.4: of this client in this
        process alone. Each process of a prefork server is scraped or labelled by itself."""

    def set_log(
        self,
        log: Callable[[int, str], object] | None,
        *,
        level: Literal["warning", "info", "debug"] | None = None,
    ) -> None:
        """Tells what happens to hosts and configuration to a function from now on, in place of
        the logger "hamirror"; `None` ends it.

        It gets the level as `logging` numbers it and a line, on whatever thread something
        happens, and should be quick. `level` is the last kind that is told, `info` unless given;
        `debug` has each failed attempt. What it raises goes to `sys.unraisablehook`. A forked
        child goes on with it, and it is not called any more while the interpreter ends. One
        that refers to the client, as a method of its owner does, keeps it until `close()`.
        """

    def flush_hostnames(self) -> None:
        """Looks all host names up again, as `FLUSH HOSTNAMES` of a daemon does: in the
        background, or without that by the next new connection to each."""

    def set_addresses(self, host: str, addresses: Iterable[str]) -> None:
        """Says where a host of the configuration listens, by the name it has there
        (`box1:9312`), in place of what look-ups say.

        Addresses are `10.0.0.1:9312`, `[::1]:9312`, or without a port, in whose place the host's
        own is taken; they are tried in this order. An empty list returns to look-ups.
        `NotFoundError` for an unknown host, `RequestError` for what is no address.
        """

    def reload(self, config: Config) -> None:
        """Takes over a new configuration. Calls under way end as they began; hosts that stay keep
        their record and their connections."""

    @property
    def indexes(self) -> tuple[str, ...]:
        """Names of the distributed indexes, sorted."""

    def close(self) -> None:
        """Ends the client: its connections and its thread go when the last call and the last
        batch has ended, and any further use raises `MisuseError`. Closing twice does nothing."""

    def __enter__(self) -> Self:
        """The client."""

    def __exit__(self, *_exception: object) -> None:
        """Closes it."""

# Name, dtype, values and mask of a column. Index, agent, host, start and length in
# seconds, and failure of each attempt.
_Buffer: TypeAlias = tuple[str, str, bytes | tuple[bytes, bytes] | list[Any], bytes | None]

def _at_close(client: Client, callback: Callable[[], object]) -> None: ...
def _attempts(table: SearchResult | Answer) -> list[tuple[Any, ...]]: ...
def _buffers(table: SearchResult | Answer) -> list[_Buffer]: ...
def _restored_result(state: tuple[Any, ...]) -> SearchResult: ...
def _restored_row(state: tuple[Any, ...]) -> Row: ...
