"""Records that searches and requests hand out; none of them changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault or oddity of a configuration, with its place."""

    file: str
    """File, or the name that the caller gave the text."""
    line: int
    """From 1; 0 where a program set the value, or where the whole file is meant."""
    column: int
    """In characters from 1; 0 where the whole file is meant."""
    text: str
    """The offending text."""
    expected: str
    """What was expected there."""
    message: str
    """All of it in one line."""
    kind: Literal["fault", "warning"]
    """`fault`: the configuration or the statement is refused for it."""
    rendered: str
    """The message, the line itself, and a caret below the place."""

    def __str__(self) -> str:
        """All of it in one line."""
        return self.message


@dataclass(frozen=True, slots=True)
class AttemptFailure:
    """One failed attempt on one mirror."""

    host: str
    """The mirror's host, as the configuration names it."""
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
    ]
    """Kind of the failure: the counter of `SHOW AGENT STATUS` that it went into, in the
    singular."""
    phase: Literal["resolve", "connect", "handshake", "send", "wait", "read"]
    """What was under way when it failed."""
    text: str
    """The fault in words."""
    errno: int | None
    """Number of the operating system's error behind it, as in `errno`; `None` if there was
    none."""
    began_s: float
    """Time from the start of the call to that of the attempt; 0 in a host's last failure."""
    elapsed_s: float
    """From the start of the attempt to its failure."""


@dataclass(frozen=True, slots=True)
class AgentFailure:
    """Why one agent gave no answer, or none in full."""

    index: str
    """Distributed index that the agent belongs to."""
    agent: int
    """Number of the agent in its index, from 0, as in texts, calls and status."""
    local: str | None
    """Name of the local index that failed, where it was that and no agent."""
    attempts: tuple[AttemptFailure, ...]
    """Every failed attempt, oldest first."""
    query_error: str | None
    """Text of the error that two mirrors gave alike, or the only one that was asked: the query is
    at fault, no mirror."""
    deadline_passed: bool
    """The deadline ended the call."""
    soft_timeout_passed: bool
    """Enough other agents had answered, and the time that was left to this one is over."""
    cancelled: bool
    """The caller took the call back."""
    text: str
    """All of it in one line."""
    may_be_applied: bool
    """A change may have been made though nobody said so: the mirror had got it, or a part of it,
    when its answer was lost."""

    def __str__(self) -> str:
        """All of it in one line."""
        return self.text


@dataclass(frozen=True, slots=True)
class AgentOutcome:
    """What became of one agent of a search, or of one local index."""

    index: str
    """Distributed index that the agent belongs to."""
    agent: int
    """Number of the agent in its index, from 0; 0 for a local index."""
    local: str | None
    """Name of the local index, where it is one and no agent."""
    host: str | None
    """Mirror whose answer is in the result, as the configuration names its host. `None` without
    an answer, and for a local index."""
    failure: AgentFailure | None
    """Why it did not answer, or not in full; `None` if it did."""
    elapsed_s: float
    """Time from the start of the search to its answer or failure, in seconds; 0 for a local
    index."""
    attempts: int
    """Number of attempts on its mirrors, those made beside a silent one included."""
    kept_mirror: bool | None
    """True if the mirror of the call's `mirror_key` has answered, false if another one has.
    `None` without a key or an answer."""
    is_complete: bool
    """True if it answered in full."""
    is_partial: bool
    """True if its rows are in the result though agents of its own are missing from them."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Part of the searched indexes that a result covers."""

    complete: int
    """Number of agents that answered in full, searched local indexes included."""
    partial: int
    """Number of agents that answered, while agents of their own did not."""
    agents: int
    """Number of agents and local indexes that were asked or should have been."""
    documents: float | None
    """Share of the documents that were searched, from 0 to 1. `None` if it is not known: agents
    that do not answer, or that a warning says were cut short, do not say how many they hold."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result."""

    name: str
    """Alias or expression of the column."""
    kind: Literal[
        "uint",
        "timestamp",
        "bool",
        "float",
        "bigint",
        "string",
        "token_count",
        "json",
        "double",
        "uint64",
        "float_vector",
        "multi",
        "multi64",
        "factors",
        "factors_json",
        "json_field",
    ]
    """Type of its values on the wire; a value may be `None` nevertheless."""


@dataclass(frozen=True, slots=True)
class Word:
    """Statistics of a query word over all agents."""

    word: str
    """The word as the daemons looked it up."""
    docs: int
    """Documents that have it; one on two agents counts twice."""
    hits: int
    """Number of times that the documents have the word."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a SHOW statement answers."""

    columns: tuple[str, str]
    """Names of the two columns, as the daemon has them."""
    rows: tuple[tuple[str, str], ...]
    """Keys and values."""


@dataclass(frozen=True, slots=True)
class Target:
    """The mirror that a request's body is built for."""

    host: str
    """Host as the configuration names it."""
    index_list: str
    """What to ask it for; never empty."""
    attempt: int
    """Number of this attempt within its call, from 0."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword of a text."""

    tokenized: str
    """The word as the text has it."""
    normalized: str
    """The word as the index has it, after stemming and the like."""
    documents: int
    """Documents that have it, over all agents; 0 without statistics."""
    hits: int
    """Occurrences of it, over all agents; 0 without statistics."""


@dataclass(frozen=True, slots=True)
class Keywords:
    """Keywords of a text."""

    keywords: tuple[Keyword, ...]
    """In the order of the text."""
    agents_answered: int
    """Agents that answered for all of their indexes."""
    agents: int
    """Agents that were asked."""
    failures: tuple[AgentFailure, ...]
    """Why the others did not answer; local indexes, which nobody asked, are among them."""


@dataclass(frozen=True, slots=True)
class Written:
    """Change that a mirror made, as it tells of it."""

    documents: int
    """Documents that were changed."""
    warning: str | None
    """Text of the mirror on what it could not do."""


@dataclass(frozen=True, slots=True)
class MirrorAnswer(Generic[Told]):
    """Answer of one mirror, or why there is none."""

    host: str
    """Host as the configuration names it."""
    answer: Told | None
    """The answer; `None` if there is none."""
    failure: AgentFailure | None
    """Why there is none."""


@dataclass(frozen=True, slots=True)
class AgentAnswers(Generic[Told]):
    """Answers of the mirrors of one agent."""

    index: str
    """Distributed index of the agent."""
    number: int
    """Number of the agent in its index, from 0."""
    mirrors: tuple[MirrorAnswer[Told], ...]
    """In the order of the configuration; only those that were to be asked."""
    complete: bool
    """All of its mirrors answered."""
    documents: int | None
    """Documents that were changed: the largest number that a mirror tells; `None` for what changes
    none."""
    alike: bool | None
    """All mirrors changed the same number of documents. Otherwise they hold different documents
    now, or did before. `None` for what changes none."""


@dataclass(frozen=True, slots=True)
class Mirrored(Generic[Told]):
    """Answers of every mirror of every agent, each for itself."""

    agents: tuple[AgentAnswers[Told], ...]
    """In the order of their indexes; blackholes, which nobody waits for, are left out."""
    locals: tuple[str, ...]
    """Local indexes, which only a daemon can reach: nobody was asked for these."""
    complete: bool
    """Every mirror answered, and no local index was left out."""
    documents: int | None
    """Documents that were changed, of each agent once, whatever the number of its mirrors; `None`
    for what changes none."""
    warning: str | None
    """Lines on what was not changed, or may not have been, one for each mirror or local index.
    Warnings of mirrors follow. `None` for what changes none."""
