"""Filters and settings of searches, and several searches at once, over real daemons."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import pytest

import hamirror
from daemons import CAPTURES, Player, refused_address
from hamirror import Filter, Grouping, Override, Ranker, Search, Sort

if TYPE_CHECKING:
    from daemons import Cluster


def found(client: hamirror.Client, cluster: Cluster, *filters: Filter) -> set[int]:
    """Ids that pass."""
    result = client.search(cluster.index, "", filters=filters, limit=3000, max_matches=3000)
    assert len(result) == result.total_found
    return {row.id for row in result}


def test_texts_are_one_of_several(client: hamirror.Client, cluster: Cluster) -> None:
    every = found(client, cluster)
    admin, games = (
        found(client, cluster, Filter.string("section", name)) for name in ("admin", "games")
    )
    assert admin
    assert games
    either = (name for name in ("admin", "games"))
    assert found(client, cluster, Filter.strings("section", either)) == admin | games
    neither = Filter.strings("section", ["admin", "games"], exclude=True)
    assert found(client, cluster, neither) == every - admin - games
    with pytest.raises(TypeError, match="one text is no list"):
        Filter.strings("section", "admin")


@pytest.mark.parametrize("attribute", ["installed_size", "ratio"])
def test_bounds_part_the_documents(
    client: hamirror.Client, cluster: Cluster, attribute: str
) -> None:
    every = found(client, cluster)
    # The value of the document in the middle: an int, or a float.
    order = Sort.extended(f"{attribute} asc")
    middle = client.search(
        cluster.index, "", select=attribute, sort=order, offset=len(every) // 2, max_matches=3000
    )
    number = middle[0][attribute]
    above, at_most = (
        found(client, cluster, one(attribute, number)) for one in (Filter.above, Filter.at_most)
    )
    assert above | at_most == every
    assert not above & at_most
    assert found(client, cluster, Filter.above(attribute, number, exclude=True)) == at_most
    at_least, below = (
        found(client, cluster, one(attribute, number)) for one in (Filter.at_least, Filter.below)
    )
    assert at_least | below == every
    assert not at_least & below
    assert above <= at_least
    assert above
    assert below


def test_bounds_of_ids_are_unsigned(client: hamirror.Client, cluster: Cluster) -> None:
    every = found(client, cluster)
    assert found(client, cluster, Filter.at_least("id", 11)) == {one for one in every if one >= 11}
    assert found(client, cluster, Filter.below("id", 11)) == {one for one in every if one < 11}


@pytest.mark.parametrize(
    ("collation", "ignores_case"),
    [("libc_ci", True), ("libc_cs", False), ("utf8_general_ci", True), ("binary", False)],
)
def test_collations(
    client: hamirror.Client,
    cluster: Cluster,
    collation: Literal["libc_ci", "libc_cs", "utf8_general_ci", "binary"],
    ignores_case: bool,
) -> None:
    filters = [Filter.string("section", "ADMIN")]
    result = client.search(cluster.index, "", filters=filters, collation=collation)
    assert bool(result) == ignores_case


def test_overrides_hold_for_one_search(client: hamirror.Client, cluster: Cluster) -> None:
    filters = [Filter.values("id", [3, 4])]
    columns, sort = "installed_size, ratio, small, size, added", Sort.extended("@id asc")
    overrides = [
        Override("installed_size", {3: 7, 4: 8}),
        Override("ratio", {4: 8.5}, kind="float"),
        Override("size", {3: 2**40}, kind="bigint"),
        Override("added", {3: 12}, kind="timestamp"),
    ]
    before = client.search(cluster.index, "", select=columns, filters=filters, sort=sort)
    after = client.search(
        cluster.index, "", select=columns, filters=filters, sort=sort, overrides=overrides
    )
    assert after[0].as_dict() == {
        **before[0],
        "installed_size": 7,
        "size": 2**40,
        "added": 12,
    }
    assert after[1].as_dict() == {**before[1], "installed_size": 8, "ratio": 8.5}
    with pytest.raises(OverflowError, match="'values'"):
        Override("installed_size", {3: 2**32})
    with pytest.raises(ValueError, match="'kind'"):
        Override("installed_size", {3: 1}, kind="string")  # type: ignore[arg-type]


def test_settings_of_daemons_are_sent(client: hamirror.Client, cluster: Cluster) -> None:
    expected = client.search(cluster.index, "library", limit=5, select="name")
    settings: hamirror.QueryOptions = {
        "limit": 5,
        "select": "name",
        "sort_method": "kbuffer",
        "max_predicted_time": timedelta(minutes=1),
        "boolean_simplify": True,
        "tfidf_normalized": True,
        "global_idf": False,
        "low_priority": False,
        "reverse_scan": False,
        "idf": "normalized",
        "merge_mode": "exact",
        "agent_retries": (1, 0.01),
        "weights": [1, 1],
    }
    assert list(client.search(cluster.index, "library", **settings)) == list(expected)
    ten_times = client.search(cluster.index, "@title library", weights=[10], limit=1)
    once = client.search(cluster.index, "@title library", limit=1)
    assert ten_times[0].weight > once[0].weight
    # Without an order, a full scan backwards begins with the last document of an agent.
    last = client.search(cluster.index, "", reverse_scan=True, cutoff=1, limit=1)
    first = client.search(cluster.index, "", cutoff=1, limit=1)
    assert last[0].id > first[0].id


@pytest.mark.parametrize(
    "options",
    [
        {"filters": [Filter.values("tags", [1]).of_all_values()]},
        {"filters": [Filter.variable("id", "@none")]},
        {"token_filter": ("nosuch.so", "nosuchfilter", "")},
        {"low_priority": True},
    ],
)
def test_what_an_agent_lacks_it_says(
    client: hamirror.Client, cluster: Cluster, options: hamirror.SearchOptions
) -> None:
    with pytest.raises(hamirror.Error):
        client.search(cluster.index, "library", **options)


def test_the_ranker_plugin_is_named() -> None:
    packed = (CAPTURES / "search_allattrs_master14_11F.rep.bin").read_bytes()
    with Player(packed) as player, hamirror.Client(player.config()) as client:
        client.search("played", "hello", ranker=Ranker.plugin("mine", "a=1"))
    assert b"\0\0\0\4mine\0\0\0\3a=1" in player.requests[-1]


def test_an_index_list_is_searched_as_one(client: hamirror.Client, cluster: Cluster) -> None:
    twice = client.search(f"{cluster.index}, {cluster.index}", "library", limit=1)
    assert twice.total_found == client.search(cluster.index, "library", limit=1).total_found


def test_several_searches_are_one_request(client: hamirror.Client, cluster: Cluster) -> None:
    words = ["library", "files", "tool"]
    before = client.status().dist_queries
    results = client.search_all(cluster.index, (Search(word, limit=3) for word in words))
    assert client.status().dist_queries == before + 1
    assert list(map(list, results)) == [
        list(client.search(cluster.index, word, limit=3)) for word in words
    ]
    bad = Search("", filters=[Filter.values("nosuch", [1])])
    searches = [Search("library"), bad, Search("", group=Grouping("section"))]
    first, error, last = client.search_all(cluster.index, searches, return_exceptions=True)
    assert isinstance(error, hamirror.QueryError)
    assert isinstance(first, hamirror.SearchResult)
    assert isinstance(last, hamirror.SearchResult)
    assert (len(first), "@count" in last[0]) == (20, True)
    with pytest.raises(hamirror.QueryError, match="nosuch"):
        client.search_all(cluster.index, searches)
    with pytest.raises(hamirror.RequestError, match="no query"):
        client.search_all(cluster.index, [])
    with pytest.raises(TypeError, match="argument 'searches'"):
        client.search_all(cluster.index, ["library"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="unexpected keyword argument 'limit'"):
        client.search_all(cluster.index, [bad], limit=3)  # type: ignore[call-overload]


def test_several_searches_end_together_in_a_batch(
    client: hamirror.Client, cluster: Cluster
) -> None:
    bad = Search("", filters=[Filter.values("nosuch", [1])])
    with client.batch() as batch:
        pending = batch.add_searches(cluster.index, [Search("library", limit=2), bad])
        one = batch.add_search(cluster.index, "files")
        assert (pending.index, pending.done) == (cluster.index, False)
        with pytest.raises(hamirror.MisuseError):
            pending.results()
        with client.batch() as other:
            # Another batch leaves it alone.
            other.cancel(pending)
        assert set(batch) == {pending, one}
    first, error = pending.results(return_exceptions=True)
    assert isinstance(first, hamirror.SearchResult)
    assert list(first) == list(client.search(cluster.index, "library", limit=2))
    assert pending.results(return_exceptions=True)[0] is first
    assert isinstance(error, hamirror.QueryError)
    with pytest.raises(hamirror.QueryError):
        pending.results()
    assert repr(pending) == f"<hamirror.PendingSearches of {cluster.index}, answered>"


def test_several_searches_are_taken_back_or_fail_as_one(
    client: hamirror.Client, cluster: Cluster
) -> None:
    config = hamirror.Config.build({"dead": {"agent": f"{refused_address()}:any"}})
    searches = [Search("a"), Search("b")]
    with hamirror.Client(config) as dead:
        for error in dead.search_all("dead", searches, return_exceptions=True):
            assert isinstance(error, hamirror.UnansweredError)
    with client.batch() as batch:
        pending = batch.add_searches(cluster.index, searches)
        batch.cancel(pending)
        assert batch.wait()
        assert all(
            isinstance(end, hamirror.UnansweredError)
            for end in pending.results(return_exceptions=True)
        )
