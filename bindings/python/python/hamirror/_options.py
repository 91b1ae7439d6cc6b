"""Keyword arguments of clients, calls and searches; each may be left out or be `None`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from ._native import Filter, Grouping, Override, Ranker, Sort

Seconds: TypeAlias = float | timedelta
"""A time: seconds, or a `timedelta`."""


class ClientOptions(TypedDict, total=False):
    """Options of a client; the defaults are right for most."""

    background: bool | None
    """A thread for pings and blackholes, started when first needed (default). Without it these
    are done by who drives `Client.upkeep()`, or by nobody. In either case names are looked up on
    threads of their own, which are there meanwhile; there are none with addresses as numbers, or
    from `Client.set_addresses()`."""

    seed: int | None
    """Decides every pick of a mirror, for reproducible runs."""

    keep_connections: Literal["by_line", "always", "never"] | None
    """Which connections are kept after use; `by_line`: those of `agent_persistent` lines and of
    lines with `conn=persistent` (default)."""

    failover: bool | None
    """Ask another mirror after a failure (default); `False` is how searchd 2.2.11 does it."""


class CallOptions(TypedDict, total=False):
    """What may be said of one call, before all settings of the configuration."""

    deadline: Seconds | None
    """From start to end, all attempts included."""

    connect_timeout: Seconds | None
    """In place of `agent_connect_timeout`: reaching a mirror."""

    query_timeout: Seconds | None
    """In place of `agent_query_timeout`: a mirror's answer."""

    retry_count: int | None
    """In place of `agent_retry_count`: further rounds over all mirrors."""

    retry_delay: Seconds | None
    """In place of `agent_retry_delay`: the pause before each further round."""

    failover: bool | None
    """`False`: never leave the mirror that was picked first."""

    completeness: Literal["best_effort", "all"] | int | None
    """Agents that must answer in full: one (default), all, or a share of them, 1 to 100 percent.
    An agent that is a master itself and warns of agents that it could not get has not answered in
    full, and counts for the default alone.

    Unless one is enough, local indexes count, too, searched or not."""

    soft_timeout: tuple[int, int] | None
    """Percentage of the agents, 1 to 100, after whose answers the rest of a search is hurried.
    The second number is the share of the time left until the deadline that the rest gets, in
    percent: 0 ends the search at once, and 100 changes nothing.

    It holds for searches, and for other reads of a whole index but keywords. An agent that was not
    waited for is a failure, with `AgentFailure.soft_timeout_passed`."""

    mirror_key: str | bytes | None
    """Keeps reads with this key, a session's or a user's name, to one mirror of each agent while
    it lives. So the pages of a session come from the same documents.

    Every process picks the same mirror, in any language. A mirror that fails or is silent is left
    for another, and the key returns to it; `AgentOutcome.kept_mirror` tells."""


class ExcerptOptions(CallOptions, total=False):
    """Options of excerpts, and of their call."""

    before_match: str | None
    """Text before a word that was found, `<b>` unless given; `%PASSAGE_ID%` becomes the number of
    the passage."""

    after_match: str | None
    """Text behind a word that was found, `</b>` unless given."""

    chunk_separator: str | None
    """Text between two passages, ` ... ` unless given."""

    limit: int | None
    """Size of an excerpt in characters, 256 unless given; 0 is no limit."""

    around: int | None
    """Words on each side of one that was found, 5 unless given."""

    limit_passages: int | None
    """Passages of an excerpt, 0 unless given, which is no limit."""

    limit_words: int | None
    """Words of an excerpt, 0 unless given, which is no limit."""

    start_passage_id: int | None
    """Number of the first passage, 1 unless given."""

    html_strip: Literal["index", "none", "strip", "retain"] | None
    """Way in which markup is handled, `index` unless given: as the index says. `none` leaves it,
    `strip` strips it; with `retain` it stays and whole documents are returned, for which `limit`
    has to be 0."""

    passage_boundary: Literal["none", "sentence", "paragraph", "zone"] | None
    """Boundary that no passage goes beyond, `none` unless given."""

    load_files: Literal["none", "everywhere", "scattered"] | None
    """Place of the documents, `none` unless given: they are texts. Otherwise they are names of
    files that every agent has, or some agent. In the second case all are asked, and a file that
    none has gives an empty excerpt."""

    remove_spaces: bool | None
    """Makes one of runs of blanks, `True` unless given."""

    exact_phrase: bool | None
    """Takes the words for one phrase, `False` unless given. Manticore refuses it."""

    single_passage: bool | None
    """Returns the best passage alone, `False` unless given."""

    use_boundaries: bool | None
    """Ends passages at the `phrase_boundary` of the index, `False` unless given."""

    weight_order: bool | None
    """Puts the best passages first, `False` unless given."""

    query_mode: bool | None
    """Takes the words for a query with operators, `False` unless given."""

    force_all_words: bool | None
    """Exceeds limits rather than leave words out, `False` unless given."""

    allow_empty: bool | None
    """Gives a document without the words an empty excerpt, not its beginning, `False` unless
    given."""

    emit_zones: bool | None
    """Begins passages with their zones, `False` unless given."""


class QueryOptions(TypedDict, total=False):
    """Settings of a search, beside its full-text query."""

    select: str | None
    """Columns, such as `gid, price*2 AS double_price, weight()`; the default is `*`."""

    filters: Iterable[Filter] | None
    """Conditions that every document must meet."""

    group: Grouping | None
    """Rows by group instead of rows by document."""

    outer: tuple[str, int, int] | None
    """Encloses the search in another: order of that, rows to skip, rows to return. Its rows are
    those (or the groups) that this one returns."""

    merge_mode: Literal["exact", "master", "unique"] | None
    """Whose answer the merge gives where masters are not right. `exact`: what one index with all
    documents would answer (default); `master`: what a master answers, to be compared with it;
    `unique`: as `exact`, and a document that several agents hold counts once in groups, too. Each
    agent sends a row for every document that matches then, up to 50,000."""

    sort: Sort | None
    """The order of rows, `Sort.RELEVANCE` unless given; ties go to the lower document id."""

    offset: int | None
    """Rows of the merged result to skip."""

    limit: int | None
    """Rows to return, 20 unless given."""

    max_matches: int | None
    """Best rows that each agent sends and the merge keeps, 1000 unless given."""

    ranker: Ranker | None
    """Ranker, by which matches are weighed, `Ranker.PROXIMITY_BM25` unless given."""

    match_mode: (
        Literal["all", "any", "phrase", "boolean", "extended", "fullscan", "extended2"] | None
    )
    """Match mode, in which the query text is read, `extended2` unless given."""

    cutoff: int | None
    """Matches after which an agent stops looking; 0 is no end."""

    max_query_time: Seconds | None
    """Time after which an agent stops looking and answers with what it has; 0 is no end."""

    field_weights: Mapping[str, int] | None
    """Weights of full-text fields, 1 unless given."""

    index_weights: Mapping[str, int] | None
    """Weights of indexes: the distributed one or those on the agents; `*` is every index."""

    geo_anchor: tuple[str, str, float, float] | None
    """Gives each row a column `@geodist`: metres to a place. The place is two float attributes,
    latitude and longitude, and the one that follows them; all are in radians."""

    comment: str | None
    """Text for the agents' query logs."""

    weights: Iterable[int] | None
    """Weights of full-text fields by their number, the first ones first; `field_weights` go before
    them."""

    overrides: Iterable[Override] | None
    """Other values of attributes for some documents."""

    collation: Literal["libc_ci", "libc_cs", "utf8_general_ci", "binary"] | None
    """Way in which strings compare in filters, orders and groups, `libc_ci` unless given."""

    reverse_scan: bool | None
    """Begins a full scan at the last document, `False` unless given. Manticore knows no such
    order."""

    sort_method: Literal["pq", "kbuffer"] | None
    """Way in which an agent keeps its best rows, `pq` unless given; the rows are the same."""

    max_predicted_time: Seconds | None
    """Time by the daemon's own reckoning of work, after which an agent stops looking; 0 is no end.
    Manticore knows none."""

    boolean_simplify: bool | None
    """Simplifies boolean expressions of the query before they run, `False` unless given."""

    idf: Literal["normalized", "plain"] | None
    """Way in which the weight of a word follows from its number of documents, `normalized` unless
    given; with `plain` no word weighs less than nothing."""

    tfidf_normalized: bool | None
    """Divides the weights of words by their number in the query, `True` unless given."""

    global_idf: bool | None
    """Takes the numbers of documents from the file of `global_idf` that an agent has, `False`
    unless given."""

    low_priority: bool | None
    """Searches with a lower priority of the thread, `False` unless given. Sphinx 2.2 knows
    none."""

    token_filter: tuple[str, str, str] | None
    """Plugin of the agents that splits the query: library, name and options, which may be
    empty."""

    agent_retries: tuple[int, Seconds] | None
    """Further rounds over the mirrors of an agent, 8 at most, and the pause before each, a second
    at most. An agent that is a master does likewise with its own agents; `retry_count` and
    `retry_delay` go before them here."""


class SearchOptions(QueryOptions, CallOptions, total=False):
    """Settings of a search, beside its full-text query, and of its call."""
