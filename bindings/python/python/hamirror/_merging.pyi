"""The merge of replies that a program got by itself; import its names from `hamirror`."""

from collections.abc import Iterable
from typing import Literal, final, overload

from typing_extensions import Self

from ._errors import Error
from ._queries import Search
from ._results import SearchResult

__all__ = ["RawMerge"]

@final
class RawMerge:
    """Merges the replies of agents that the program asked by itself.

    Every agent is asked for the searches in their order, by one SEARCH request, as masters ask
    theirs: for all rows from the first on, up to `max_matches`. With `merge_mode="master"` nothing
    else is needed. Otherwise the merge needs columns and queries beside them, which `request()`
    has. Use by two threads at once raises `MisuseError`.
    """

    def __new__(cls, index: str, searches: Iterable[Search]) -> Self:
        """A merge for searches of an index, 32 at most."""

    def asked(
        self,
        *,
        version: int | None = None,
        master: int | None = None,
        product: Literal["sphinx", "manticore"] | None = None,
    ) -> None:
        """Says in which version of SEARCH (0x119 to 0x120), as which master (1 to 14) and in whose
        words agents are asked. Replies are taken for those to such requests. Unless given that
        is 0x11F, 14 and "sphinx".

        The two products read texts of filters otherwise (`Filter.strings`). A reply to words of
        the other product raises `RequestError`. Where agents are of both, say it for each."""

    def request(self, index_list: str) -> bytes:
        """The body of a request for an agent that is asked for that list of its indexes."""

    def add_reply(self, agent: str, status: int, version: int, body: bytes) -> None:
        """Adds what the next agent replied: status and version as the header has them, and the
        body. A reply of status 1 (ERROR) or 2 (RETRY) is a failure of the agent. `RequestError` if
        the body is no reply to the searches, or to words that its daemon reads otherwise
        (`asked()`); nothing is added then."""

    def add_failure(
        self,
        agent: str,
        kind: Literal[
            "query_timeout",
            "connect_timeout",
            "connect_failure",
            "network_error",
            "wrong_reply",
            "unexpected_closing",
            "remote_error",
            "remote_retry",
            "overtaken",
            "local",
        ],
        text: str,
    ) -> None:
        """Adds that the next agent has no answer, and why."""

    @overload
    def finish(
        self,
        *,
        completeness: Literal["best_effort", "all"] | int | None = None,
        return_exceptions: Literal[False] = False,
    ) -> list[SearchResult]:
        """Merges what was added, agents in that order, and finishes: a result for each search.
        What went wrong with one is raised, or stands in its place with `return_exceptions`."""

    @overload
    def finish(
        self,
        *,
        completeness: Literal["best_effort", "all"] | int | None = None,
        return_exceptions: bool,
    ) -> list[SearchResult | Error]: ...
