"""Raw requests and what is answered to them; import its names from `hamirror`."""

from collections.abc import Callable
from typing import ClassVar, Literal, TypeAlias, final, overload

from typing_extensions import Self

from .types import Target

__all__ = ["Reply", "Request", "Verdict"]

_Command: TypeAlias = Literal[
    "search", "excerpt", "update", "keywords", "status", "flushattrs", "sphinxql", "ping"
]

@final
class Request:
    """Any command, as the caller's own bytes or by the caller's own functions.

    A `body` that can be called builds the body for a `Target`: the same bytes for the same one,
    however often it is called, which is once for each agent when the request is added, to have it
    checked, and once for each attempt. Of which product and version the daemon is, nobody knows
    before it answers.

    `judge` gets each whole reply with status `ok` or `warning` and returns its `Verdict`; without
    one every reply is accepted.

    What either raises ends the call, blames no mirror, and is raised where the call is waited
    for or its result is asked for. They run on the thread that drives the batch or waits for the
    call, for blackholes on the client's own, and may use anything but that batch: it raises
    `MisuseError` meanwhile.
    """

    @overload
    def __new__(
        cls,
        command: _Command,
        body: bytes | Callable[[Target], bytes] | None = None,
        *,
        access: Literal["read", "write"],
        version: int | None = None,
        judge: Callable[[Reply], Verdict] | None = None,
    ) -> Self:
        """A command by its name; the version is the library's unless given. `access` says if it
        may be sent again when its fate is unknown ("read"), or goes once ("write")."""

    @overload
    def __new__(
        cls,
        command: int,
        body: bytes | Callable[[Target], bytes] | None = None,
        *,
        access: Literal["read", "write"],
        version: int,
        judge: Callable[[Reply], Verdict] | None = None,
    ) -> Self:
        """A command by its number."""

@final
class Verdict:
    """What the `judge` of a `Request` thinks of a reply."""

    ACCEPT: ClassVar[Verdict]
    """The answer."""
    WARNED: ClassVar[Verdict]
    """The answer, with warnings inside: counted as `warnings`."""

    @staticmethod
    def malformed(text: str) -> Verdict:
        """Not an answer to this request: counted as `wrong_replies`, the next mirror is asked."""

    @staticmethod
    def refused(text: str) -> Verdict:
        """The mirror understood and refused: one other mirror is asked, and if it says the same,
        the query is at fault: `QueryError`."""

    def __eq__(self, other: object, /) -> bool:
        """True for equal verdicts."""

@final
class Reply:
    """A whole reply of one agent."""

    @property
    def host(self) -> str | None:
        """The mirror's host that answered, as the configuration names it."""

    @property
    def status(self) -> Literal["ok", "warning"]:
        """`warning` if the daemon sent one with its answer."""

    @property
    def version(self) -> int:
        """The daemon's own version of the command."""

    @property
    def warning(self) -> str | None:
        """Text of a reply with status `warning`."""

    @property
    def body(self) -> bytes:
        """The command's answer, without the warning text."""
