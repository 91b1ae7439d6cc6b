//! What agents are asked, beside what a 2.2.11 master was recorded asking its own for the same
//! search (`core/tests/captures`, names that begin with `s2_`).

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::query::agent_query;
use super::{Condition, GroupBy, Grouping, Search, Sort};
use crate::wire::search::{MASTER, Query, encode};

/// A statement without an order, as a master reads it.
fn sql(select: &str) -> Search {
    matching("", select)
}

fn matching(text: &str, select: &str) -> Search {
    let order = Sort::Extended("@weight desc".into());
    Search::new(text).select(select).sort(order).retries(0, Duration::from_millis(500))
}

/// A grouped statement.
fn grouped(select: &str, attributes: &[&str], order: &str) -> Search {
    let attributes = attributes.iter().map(|name| (*name).to_owned()).collect();
    sql(select).group(Grouping::new(GroupBy::Attributes(attributes)).order(order))
}

fn api(select: &str) -> Search {
    Search::new("").select(select)
}

fn by_count(select: &str, attribute: &str) -> Search {
    api(select).group(Grouping::by(attribute).order("@count desc"))
}

type Case = (&'static str, Vec<Search>);

fn named(name: &'static str, search: Search) -> Case {
    (name, vec![search])
}

fn extended(clause: &str) -> Sort {
    Sort::Extended(clause.into())
}

fn multi(attribute: &str) -> Search {
    let grouping = Grouping::by(attribute).order("@count desc, @group asc");
    let search = Search::new("common").select("id, gid, flag, COUNT(*) c");
    search.sort(extended("id asc")).group(grouping)
}

fn facet(attribute: &str, order: &str) -> Search {
    matching("common", attribute).group(Grouping::by(attribute).order(order))
}

fn bad(attribute: &str) -> Search {
    api("gid").group(Grouping::by(attribute).order("@group asc"))
}

fn within(by: &str, clause: &str, order: &str) -> Grouping {
    Grouping::by(by).within(clause).order(order)
}

/// A statement whose order `within` says.
fn plain(list: &str) -> Search {
    sql(list).sort(Sort::Relevance)
}

fn groups() -> Vec<Case> {
    let all =
        "COUNT(*) c, SUM(gid) sg, SUM(fl) sf, AVG(fl) af, AVG(gid) ag, MIN(fl) mi, MAX(big) mx";
    vec![
        named("g_uint", grouped(&format!("gid, {all}"), &["gid"], "gid ASC")),
        named("g_string", grouped(&format!("s, {all}"), &["s"], "s ASC")),
        named("g_json_int", grouped("j.k, COUNT(*) c, GROUPBY() gb", &["j.k"], "c DESC, id ASC")),
        named("g_mva", grouped("m, COUNT(*) c, GROUPBY() gb", &["m"], "gb ASC")),
        named("g_two", grouped("gid, s, COUNT(*) c, SUM(fl) sf", &["gid", "s"], "gid ASC, s ASC")),
        named(
            "g_three",
            grouped("gid, flag, s, COUNT(*) c", &["gid", "flag", "s"], "gid ASC, flag ASC, s ASC"),
        ),
        named("g_order_none", grouped("gid, COUNT(*)", &["gid"], "@weight desc")),
        named("g_order_count", grouped("gid, COUNT(*)", &["gid"], "COUNT(*) DESC, gid ASC")),
        named(
            "g_distinct_str",
            grouped("gid, COUNT(*) c, COUNT(DISTINCT s) cd", &["gid"], "gid ASC"),
        ),
        named("g_distinct_nogroup", sql("COUNT(*) c, COUNT(DISTINCT gid) cd")),
        named(
            "g_implicit",
            sql("COUNT(*) c, SUM(gid) sg, SUM(big) sb, AVG(fl) af, MIN(ts) mt, MAX(fl) mf"),
        ),
        named("g_maxmatches", grouped("s, COUNT(*) c", &["s"], "c DESC, s ASC").max_matches(3)),
        named("g_limit", {
            let search = grouped("gid, s, COUNT(*) c", &["gid", "s"], "c DESC, gid ASC, s ASC");
            search.offset(2).limit(3)
        }),
    ]
}

fn choices_of_groups() -> Vec<Case> {
    let best = "id, gid, fl, COUNT(*) c";
    vec![
        named("g_within", plain(best).group(within("gid", "fl DESC, id ASC", "gid ASC"))),
        named(
            "g_within_str",
            plain("id, gid, s").group(within("gid", "s DESC, id DESC", "gid DESC")),
        ),
        named(
            "g_distinct_tag",
            plain("s, gid, COUNT(DISTINCT gid) cd").group(within("s", "gid ASC, id ASC", "s ASC")),
        ),
        named("g_group2", {
            let grouping = within("gid", "fl DESC, id ASC", "gid ASC").rows_per_group(2);
            plain(best).group(grouping)
        }),
        named("g_group3_limit", {
            let grouping = within("gid", "fl ASC, id ASC", "gid DESC").rows_per_group(3);
            plain(best).group(grouping).offset(2).limit(5)
        }),
        named("g_having", {
            let grouping = Grouping::by("gid").order("gid ASC").having("c", Condition::above(9));
            sql("gid, COUNT(*) c").group(grouping)
        }),
        named("g_having_float", {
            let grouping = Grouping::by("s").order("s ASC").having("af", Condition::above(0.5));
            sql("s, AVG(fl) af, COUNT(*) c").group(grouping)
        }),
        named("g_zero_rows", {
            let search = grouped("gid, COUNT(*) c, AVG(fl) af", &["gid"], "@weight desc");
            search.filter_values("gid", [999])
        }),
        named("g_one_agent_zero", {
            let list = "gid, COUNT(*) c, AVG(fl) af, COUNT(DISTINCT s) cd";
            grouped(list, &["gid"], "gid ASC").filter("id", Condition::any_of([1, 3, 5, 7, 9]))
        }),
    ]
}

fn orders() -> Vec<Case> {
    vec![
        named("sort_string", sql("id, s").sort(extended("s ASC, id ASC"))),
        named("sort_float_asc", sql("id, fl").sort(extended("fl ASC, id ASC"))),
        named("api_g_attr", by_count("id, gid, AVG(fl) af", "gid")),
        named("api_g_json", by_count("id, j.city c", "j.city")),
        named("api_g_attr_distinct", {
            api("*").group(Grouping::by("gid").order("@group asc").count_distinct("s"))
        }),
        named("api_sort_float_asc", api("id, gid, fl, s").sort(Sort::Ascending("fl".into()))),
        named("api_sort_float_desc", api("id, gid, fl, s").sort(Sort::Descending("fl".into()))),
        named("api_sort_ext_expr", api("id, gid, fl, s").sort(extended("gid*2 desc, id asc"))),
        named("api_sort_expr_star", api("").sort(Sort::Expression("gid+fl*2".into()))),
        named("g_implicit_match", matching("alpha", "COUNT(*)")),
        named("g_order_weight", {
            let search = matching("common alpha", "gid, WEIGHT() w, COUNT(*)");
            search.group(Grouping::by("gid").order("w DESC, gid ASC"))
        }),
    ]
}

fn several() -> Vec<Case> {
    vec![
        (
            "g_facet3",
            vec![
                matching("common", "id, gid, s").sort(extended("id ASC")).limit(3),
                facet("gid", "COUNT(*) DESC, gid ASC"),
                facet("s", "s ASC").limit(4),
                facet("flag", "flag DESC"),
            ],
        ),
        ("api_multi3", ["gid", "flag", "big"].map(multi).into()),
        ("api_multi3_one_bad", ["gid", "nosuch", "flag"].map(bad).into()),
        (
            "sql_multi3",
            vec![
                grouped("gid, COUNT(*) c", &["gid"], "gid ASC").limit(2),
                grouped("flag, COUNT(*) c, AVG(fl) af", &["flag"], "flag ASC"),
                grouped("s, COUNT(*) c", &["s"], "c DESC, s ASC").limit(3),
            ],
        ),
    ]
}

fn cases() -> Vec<Case> {
    let mut cases = [groups(), choices_of_groups(), orders(), several()].concat();
    for (name, by, order) in [
        ("api_g_day", GroupBy::Day("ts".into()), "@group asc"),
        ("api_g_month", GroupBy::Month("ts".into()), "@group desc"),
        ("api_g_year", GroupBy::Year("ts".into()), "@group asc"),
    ] {
        cases.push(named(name, api("id, ts").group(Grouping::new(by).order(order))));
    }
    cases
}

#[test]
fn agents_are_asked_as_masters_ask_them() {
    for (name, searches) in cases() {
        let query =
            |search: &Search| Query { index_list: b"t".to_vec(), ..agent_query("d", search) };
        let mut queries: Vec<Query> = searches.iter().map(query).collect();
        for query in &mut queries {
            // Masters of 2.2.11 know neither any nor all, and read none.
            query.filters.iter_mut().for_each(|filter| filter.multi_function = 0);
            // Statements that are not grouped name the same key otherwise.
            if query.group_by.is_empty() && !name.starts_with("api_") {
                query.group_sort = b"@groupby desc".to_vec();
            }
        }
        let mut body = Vec::new();
        encode(MASTER, &queries, &mut body);
        assert_eq!(shown(&body), shown(&recorded(name)), "{name}");
    }
}

/// The body of the request that an agent got, which came behind handshake and header.
fn recorded(name: &str) -> Vec<u8> {
    let file = format!("tests/captures/s2_{name}.A.c2s.bin");
    let stream = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(&file)).expect(&file);
    let (head, body) = stream.split_at(4 + 8);
    assert_eq!(head[..8], [0, 0, 0, 1, 0, 0, 1, 0x1f], "{name}");
    assert_eq!(head[8..], u32::try_from(body.len()).unwrap().to_be_bytes(), "{name}");
    body.to_vec()
}

/// Bytes as a text whose differences can be read.
fn shown(body: &[u8]) -> String {
    body.escape_ascii().to_string()
}
