"""Exceptions: a tree under `Error`, each of which also is what Python means by it."""

from .types import AgentFailure, Diagnostic


class Error(Exception):
    """Whatever this package raises of its own."""

    __module__ = "hamirror"


class ConfigError(Error, ValueError):
    """A configuration was refused.

    `diagnostics` has every fault of it; the text shows each with its line and a caret below the
    place.
    """

    __module__ = "hamirror"

    diagnostics: tuple[Diagnostic, ...]

    def __init__(self, message: str, *, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        """Keeps the faults beside the text."""
        super().__init__(message)
        self.diagnostics = diagnostics


class RequestError(Error, ValueError):
    """A request was refused before it was sent.

    It can't be encoded, is incomplete, or a daemon would refuse or misread it.
    """

    __module__ = "hamirror"


class StatementError(RequestError):
    """A statement of SphinxQL was refused, and nothing was sent.

    `diagnostic` has its place, and what was expected there; the text shows the line with a caret
    below the place.
    """

    __module__ = "hamirror"

    diagnostic: Diagnostic | None

    def __init__(self, message: str, *, diagnostic: Diagnostic | None = None) -> None:
        """Keeps the fault beside the text."""
        super().__init__(message)
        self.diagnostic = diagnostic


class NotFoundError(Error, LookupError):
    """An index, agent, mirror or host that the caller named is not in the configuration.

    `name` is that name or number as it was given, `known` has those that are there in its place.
    """

    __module__ = "hamirror"

    name: str | None
    known: tuple[str, ...]

    def __init__(
        self, message: str, *, name: str | None = None, known: tuple[str, ...] = ()
    ) -> None:
        """Keeps the names beside the text."""
        super().__init__(message)
        self.name = name
        self.known = known


class MisuseError(Error, RuntimeError):
    """A call against the rules of the interface, such as using a client after its end."""

    __module__ = "hamirror"


class LocalError(Error):
    """A local index could not be searched; raised by a program's own `local` function.

    It counts as a failure of that index, to be judged by `completeness`.
    """

    __module__ = "hamirror"


class MergeError(Error):
    """The agents' answers do not fit together."""

    __module__ = "hamirror"


class ResourceError(Error, OSError):
    """The operating system refused something: a file to read, a poll to wait with.

    `errno` and `filename` say what and where, as far as the system did. It also is the exception
    that Python has for that `errno`, such as `FileNotFoundError` or `PermissionError`.
    """

    __module__ = "hamirror"

    def __init__(
        self, message: str, *, errno: int | None = None, filename: str | None = None
    ) -> None:
        """Keeps number and file beside the text."""
        super().__init__(message)
        self.errno = errno
        self.filename = filename

    def __str__(self) -> str:
        """The text alone, which has all of it."""
        return str(self.args[0])

    def __reduce__(self) -> tuple[object, ...]:
        """Copies keep number, file and class."""
        return resource_error, (str(self), self.errno, self.filename)


class _FileNotFoundError(ResourceError, FileNotFoundError):
    __module__ = "hamirror"


class _PermissionError(ResourceError, PermissionError):
    __module__ = "hamirror"


class _IsADirectoryError(ResourceError, IsADirectoryError):
    __module__ = "hamirror"


class _NotADirectoryError(ResourceError, NotADirectoryError):
    __module__ = "hamirror"


_MEANT: dict[type[OSError], type[ResourceError]] = {
    FileNotFoundError: _FileNotFoundError,
    PermissionError: _PermissionError,
    IsADirectoryError: _IsADirectoryError,
    NotADirectoryError: _NotADirectoryError,
}


def resource_error(message: str, errno: int | None, filename: str | None) -> ResourceError:
    """The exception that also is what Python means by that `errno`."""
    meant = OSError if errno is None else type(OSError(errno, message))
    return _MEANT.get(meant, ResourceError)(message, errno=errno, filename=filename)


class AgentsError(Error):
    """No agent, or fewer than `completeness` demands, gave an answer.

    `answered` of `agents` did; `failures` tells why each of the others did not.
    """

    __module__ = "hamirror"

    answered: int
    agents: int
    failures: tuple[AgentFailure, ...]

    def __init__(
        self,
        message: str,
        *,
        answered: int = 0,
        agents: int = 0,
        failures: tuple[AgentFailure, ...] = (),
    ) -> None:
        """Keeps the failures beside the text."""
        super().__init__(message)
        self.answered = answered
        self.agents = agents
        self.failures = failures

    @property
    def query_error(self) -> str | None:
        """Text of the first error of the query that an agent gave, if any did."""
        return next((one.query_error for one in self.failures if one.query_error), None)


class UnansweredError(AgentsError, ConnectionError):
    """Agents could not be reached or broke off; the same call may succeed later."""

    __module__ = "hamirror"


class TimedOutError(UnansweredError, TimeoutError):
    """Time ran out for every agent that gave no answer; none said no."""

    __module__ = "hamirror"


class QueryError(AgentsError, ValueError):
    """Agents were reached and refused the query: it is at fault, and no mirror is."""

    __module__ = "hamirror"
