//! Searches from request to merged result, with replies made by hand.

mod asked;
mod batch;
mod grouped;
mod manticore;
mod order;
mod outcomes;
mod raw_merge;
mod set;
mod told;
mod values;
mod versions;

use std::time::Duration;

use hamirror::internal::search::{self as merging, SearchRequest};
use hamirror::internal::wire::Writer;
use hamirror::internal::wire::search::{FilterTest, Kind, Layout, Query, Value};
use hamirror::request::{Product, Request, Target, Verdict};
use hamirror::search::{Condition, GroupBy, Grouping, Overrides, Ranker, Search, Sort};
use hamirror::{Client, Completeness, Config, Error};
use proptest::prelude::*;

use set::{
    MANTICORE, NOW_S, SPHINX, TestSet, failure, ids, judge, merge, now, ok, reply_of, request,
    set, show,
};

#[test]
fn order_of_rows() {
    // (id, weight, gid, str): equal keys end up by id, wherever they come from.
    let first = [(5, 10, 1, "b"), (9, 10, 2, "A"), (1, 8, 3, "c")];
    let second = [(4, 10, 2, "B"), (2, 9, 1, "a"), (7, 8, 3, "C")];
    let cases = [
        (Sort::Relevance, [4, 5, 9, 2, 1, 7]),
        (Sort::Ascending("gid".into()), [5, 2, 4, 9, 1, 7]),
        (Sort::Descending("GID".into()), [1, 7, 4, 9, 5, 2]),
        (Sort::Extended("gid desc, @weight asc".into()), [1, 7, 4, 9, 2, 5]),
        (Sort::Extended("str asc, @id desc".into()), [9, 2, 5, 4, 7, 1]),
        (Sort::Extended("@id asc".into()), [1, 2, 4, 5, 7, 9]),
        (Sort::Extended("weight() ASC,id DESC".into()), [7, 1, 2, 9, 5, 4]),
    ];
    for (sort, expected) in cases {
        let search = Search::new("x").sort(sort.clone());
        let result = merge(&search, vec![ok(&search, set(&first)), ok(&search, set(&second))]);
        assert_eq!(ids(&result.unwrap()), expected, "{sort:?}");
    }
}

#[test]
fn rows_of_one_age_step_are_sorted_by_weight() {
    let search = Search::new("x").select("gid, ts").sort(Sort::TimeSegments("ts".into()));
    let age = |age_s: u32| (NOW_S - age_s).to_string();
    let rows = |rows: &[(u64, i32, u32)]| {
        let mut set = TestSet::new(&[("ts", 2)]);
        for (id, weight, age_s) in rows {
            set.rows.push((*id, *weight, vec![age(*age_s)]));
        }
        set
    };
    let search = search.select("ts");
    let outcomes = vec![
        ok(&search, rows(&[(1, 5, 100), (2, 9, 4_000), (3, 1, 90_000)])),
        ok(&search, rows(&[(4, 7, 3_500), (5, 9, 80_000), (6, 3, 9_000_000)])),
    ];
    assert_eq!(ids(&merge(&search, outcomes).unwrap()), [4, 1, 2, 5, 3, 6]);
}

#[test]
fn window_and_totals() {
    let rows: Vec<_> = (0..10).map(|id| (id + 1, 100 - id as i32, 0, "")).collect();
    let (odd, even): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.0 % 2 == 1);
    let cases = [
        (0, 20, 1_000, (1..=10).collect::<Vec<u64>>(), 10),
        (3, 4, 1_000, vec![4, 5, 6, 7], 10),
        (0, 0, 1_000, vec![], 10),
        (9, 20, 1_000, vec![10], 10),
        (50, 20, 1_000, vec![], 10),
        (0, 20, 6, vec![1, 2, 3, 4, 5, 6], 6),
        (4, 20, 6, vec![5, 6], 6),
    ];
    for (offset, limit, max_matches, expected, total) in cases {
        let search = Search::new("x").offset(offset).limit(limit).max_matches(max_matches);
        let outcomes = vec![ok(&search, set(&odd)), ok(&search, set(&even))];
        let result = merge(&search, outcomes).unwrap();
        assert_eq!(ids(&result), expected, "{offset},{limit} of {max_matches}");
        assert_eq!((result.total, result.total_found), (total, 10));
        assert_eq!((result.agents_answered, result.agents), (2, 2));
        let is_cut = max_matches < 10;
        let warning = result.warning.unwrap_or_default();
        assert_eq!(warning.contains("beyond max_matches 6, raise it"), is_cut, "{warning}");
    }
}

#[test]
fn of_duplicates_the_later_agent_wins() {
    let search = Search::new("x");
    let first = [(1, 9, 11, ""), (2, 8, 12, ""), (3, 7, 13, "")];
    let second = [(3, 1, 23, ""), (2, 2, 22, ""), (4, 1, 24, "")];
    let outcomes = vec![ok(&search, set(&first)), ok(&search, set(&second))];
    let result = merge(&search, outcomes).unwrap();
    let rows: Vec<_> =
        result.rows().map(|row| (row.id(), row.weight(), row.value(0), row.source())).collect();
    let expected = [(1, 9, 11, 0), (2, 2, 22, 1), (3, 1, 23, 1), (4, 1, 24, 1)];
    assert_eq!(rows, expected.map(|(id, weight, gid, set)| (id, weight, Value::Uint(gid), set)));
    assert_eq!((result.total, result.total_found), (4, 4));
}

#[test]
fn one_answer_alone_stays_as_it_is() {
    let search = Search::new("x").limit(2);
    let rows = [(5, 1, 0, ""), (4, 9, 0, ""), (5, 1, 0, "")];
    let outcomes = vec![ok(&search, set(&rows)), Err(failure("connect() timed out"))];
    let result = merge(&search, outcomes).unwrap();
    assert_eq!(ids(&result), [5, 4]);
    assert_eq!((result.total, result.total_found), (3, 3));
    assert_eq!(result.warning.as_deref(), Some("index d: agent box2:9312: connect() timed out"));
}

#[test]
fn columns_that_all_agents_have() {
    let one = || {
        let columns = [("a", 1), ("b", 1), ("c", 1), ("d", 4), ("e", 4), ("f", 7), ("g", 2)];
        let mut set = TestSet::new(&columns);
        set.rows.push((1, 1, ["7", "7", "7", "1", "1", "x", "9"].map(str::to_owned).to_vec()));
        set
    };
    let other = || {
        let columns = [("d", 1), ("a", 6), ("b", 5), ("e", 5), ("f", 7), ("g", 1)];
        let mut set = TestSet::new(&columns);
        set.rows.push((2, 2, ["3", "-8", "0.5", "0.5", "y", "9"].map(str::to_owned).to_vec()));
        set
    };
    let search = Search::new("x").sort(Sort::Extended("a asc".into()));
    let outcomes = vec![ok(&search, one()), ok(&search, other())];
    let result = merge(&search, outcomes).unwrap();
    let columns: Vec<_> =
        result.columns().iter().map(|column| (column.name.as_str(), column.kind)).collect();
    let expected =
        [("a", Kind::Bigint), ("d", Kind::Uint), ("e", Kind::Float), ("f", Kind::String)];
    assert_eq!(columns, expected);
    let rows: Vec<_> =
        result.rows().map(|row| [0, 1, 2, 3].map(|column| row.value(column))).collect();
    let first = [Value::Bigint(-8), Value::Uint(3), Value::Float(0.5), Value::String(b"y")];
    let second = [Value::Bigint(7), Value::Uint(1), Value::Float(1.0), Value::String(b"x")];
    assert_eq!(rows, [first, second]);

    let search = Search::new("x").select("a, b+0 b");
    let outcomes = vec![ok(&search, one()), ok(&search, other())];
    let error = merge(&search, outcomes).unwrap_err().to_string();
    let expected = "index d: column 'b+0 b' can't be merged: uint on agent box0:9312, \
        float on agent box1:9312";
    assert_eq!(error, expected);

    let search = Search::new("x").select("a").sort(Sort::Ascending("c".into()));
    let outcomes = vec![ok(&search, one()), ok(&search, other())];
    let error = merge(&search, outcomes).unwrap_err().to_string();
    let expected = "index d: sort-by attribute 'c' can't be merged: uint on agent box0:9312, \
        not on agent box1:9312";
    assert_eq!(error, expected);

    let sets = || {
        let mut set = TestSet::new(&[("js", 12)]);
        set.rows.push((1, 1, vec![String::new()]));
        set
    };
    let search = Search::new("x").sort(Sort::Descending("js".into()));
    let error = merge(&search, vec![ok(&search, sets()), ok(&search, sets())]).unwrap_err();
    assert!(error.to_string().contains("'js' has no order of its own"), "{error}");
}

#[test]
fn columns_of_the_select_list() {
    let set = || {
        let columns = [("gid", 1), ("str", 7), ("x", 1), ("g2", 1), ("@int_str2ptr_str", 6)];
        let mut set = TestSet::new(&columns);
        set.rows.push((1, 1, ["1", "s", "3", "1", "99"].map(str::to_owned).to_vec()));
        set
    };
    let cases: [(&str, &[&str]); 7] = [
        ("gid g2, str s2, GID+1 AS x", &["g2", "s2", "x"]),
        ("x, gid", &["x", "gid"]),
        ("*", &["gid", "str", "x", "g2"]),
        ("", &["gid", "str", "x", "g2"]),
        ("*, gid+1 x", &["gid", "str", "x"]),
        ("gid, *", &["gid"]),
        ("if(gid>1,2,3) AS x, str", &["x", "str"]),
    ];
    for (list, expected) in cases {
        let search = Search::new("x").select(list).sort(Sort::Extended("str asc".into()));
        let outcomes = vec![ok(&search, set()), ok(&search, set())];
        let result = merge(&search, outcomes).unwrap();
        let names: Vec<_> = result.columns().iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, expected, "{list}");
        assert_eq!(result.column(expected[0]), Some(0));
    }
}

/// Agents of Manticore send `id` first, and masters of Manticore take a `*` at any place.
#[test]
fn columns_of_manticore() {
    let reply = |search: &Search| {
        let mut set = TestSet::new(&[("id", 6), ("gid", 1), ("str", 7)]);
        set.rows.push((1, 1, ["1", "2", "s"].map(str::to_owned).to_vec()));
        judge(search, set.body(), MANTICORE)
    };
    let cases: [(&str, &[&str]); 5] = [
        ("*", &["gid", "str"]),
        ("*, id", &["gid", "str", "id"]),
        ("id, *", &["id", "gid", "str"]),
        ("gid, *, id", &["gid", "str", "id"]),
        ("str, id", &["str", "id"]),
    ];
    for (list, expected) in cases {
        let search = Search::new("x").select(list);
        let result = merge(&search, vec![Ok(reply(&search)), Ok(reply(&search))]).unwrap();
        let names: Vec<_> = result.columns().iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, expected, "{list}");
    }
}

/// Each agent has made one row of all of its own.
/// Daemons built without 64-bit ids write them in 32 bits, and say so before the rows.
#[test]
fn ids_of_32_bits() {
    let search = Search::new("x");
    let mut body = Vec::new();
    for number in [0, 0, 1] {
        body.put_u32(number);
    }
    body.put_string(b"gid");
    for number in [1, 2, 0, 7, 70, 700, 9, 90, 900, 2, 2, 0] {
        body.put_u32(number);
    }
    body.extend_from_slice(&[0; 13]);
    body.put_u32(0);
    let result = merge(&search, vec![Ok(judge(&search, body.clone(), SPHINX))]).unwrap();
    let rows: Vec<_> = result.rows().map(|row| (row.id(), row.weight(), row.value(0))).collect();
    assert_eq!(rows, [(7, 70, Value::Uint(700)), (9, 90, Value::Uint(900))]);
    let text = "agent has 32-bit docids; no longer supported".to_owned();
    let verdict = request(&search).judge(&mut reply_of(body, MANTICORE));
    assert_eq!(verdict, Verdict::Malformed(text));
}

/// Strings that an agent computed have a number on the wire that masters keep to themselves.
#[test]
fn computed_strings_are_strings() {
    let search = Search::new("x");
    let computed = || {
        let mut set = TestSet::new(&[("text", 10)]);
        set.rows.push((1, 1, vec!["s".to_owned()]));
        set
    };
    let result = merge(&search, vec![ok(&search, computed()), ok(&search, computed())]).unwrap();
    assert_eq!(result.columns()[0].kind, Kind::String);
    assert_eq!(result.row(0).unwrap().value(0), Value::String(b"s"));
}

/// Ids are signed in Manticore and not so in Sphinx: these conditions mean the same to both.
#[test]
fn ranges_of_ids() {
    use FilterTest::Range;
    const HIGH: u64 = 1 << 63;
    type Case = (u64, u64, &'static [(FilterTest, bool)]);
    let cases: [Case; 8] = [
        (0, u64::MAX, &[]),
        (5, u64::MAX, &[(Range(0, 4), true)]),
        (5, 9, &[(Range(5, 9), false)]),
        (0, HIGH - 1, &[(Range(0, i64::MAX), false)]),
        (0, HIGH, &[(Range(i64::MIN + 1, -1), true)]),
        (5, u64::MAX - 1, &[(Range(0, 4), true), (Range(-1, -1), true)]),
        (HIGH, u64::MAX, &[(Range(i64::MIN, -1), false)]),
        (HIGH, 5, &[(Range(1, 0), false)]),
    ];
    for (from, to, expected) in cases {
        let mut query = Query::default();
        for (test, exclude) in expected {
            let (attribute, test) = (b"@id".to_vec(), test.clone());
            let exclude = *exclude;
            query.filters.push(asked::filter(attribute, test, exclude));
        }
        let search = Search::new("").id_range(from, to);
        assert_eq!(
            asked::body(&search, Product::Unknown),
            asked::expected(query),
            "{from} to {to}"
        );
    }
}

#[test]
fn warnings_are_sorted_and_told_once() {
    let search = Search::new("x");
    let mut warned = set(&[(1, 1, 1, "")]);
    warned.status = (3, "look out");
    warned.words = vec![("b", 1, 2), ("a", 3, 4)];
    let mut other = set(&[(2, 1, 1, "")]);
    other.words = vec![("a", 5, 6), ("c", 7, 8)];
    let mut refused = failure("closed");
    refused.query_error = Some("no such index".to_owned());
    let outcomes = vec![ok(&search, warned), ok(&search, other), Err(refused)];
    let result = merge(&search, outcomes).unwrap();
    let expected = "index d: agent box0:9312: remote query warning: look out;\n\
        index d: agent box2:9312: remote query error: no such index;\n\
        index d: query word(s) mismatch: b";
    assert_eq!(result.warning.as_deref(), Some(expected));
    let words: Vec<_> =
        result.words.iter().map(|word| (word.word.as_str(), word.docs, word.hits)).collect();
    assert_eq!(words, [("b", 1, 2), ("a", 8, 10), ("c", 7, 8)]);
    assert_eq!((result.agents_answered, result.agents, result.failures.len()), (2, 3, 1));
}

/// Masters of Manticore say nothing of words that an agent does not know.
#[test]
fn words_of_manticore_may_differ() {
    let search = Search::new("x");
    let with_word = |word| {
        let mut set = set(&[(1, 1, 1, "")]);
        set.words = vec![(word, 1, 1)];
        Ok(judge(&search, set.body(), MANTICORE))
    };
    let result = merge(&search, vec![with_word("a"), with_word("b")]).unwrap();
    assert_eq!((result.words.len(), result.warning), (2, None));
}

#[test]
fn too_few_answers_are_an_error() {
    let search = Search::new("x");
    let request = request(&search);
    let outcomes = || {
        vec![("box0:9312", ok(&search, set(&[]))), ("box1:9312", Err(failure("query timed out")))]
    };
    assert!(merging::merge(&request, outcomes(), Completeness::BestEffort).is_ok());
    let half = Completeness::AtLeast { percent: 50 };
    assert!(merging::merge(&request, outcomes(), half).is_ok());
    let error = merging::merge(&request, outcomes(), Completeness::All).unwrap_err();
    assert!(matches!(error, Error::Unanswered { answered: 1, agents: 2, .. }), "{error}");
    let none: Vec<(&str, _)> = vec![("box1:9312", Err(failure("query timed out")))];
    let error = merging::merge(&request, none, Completeness::BestEffort).unwrap_err();
    assert!(matches!(error, Error::Unanswered { answered: 0, agents: 1, .. }), "{error}");
}

#[test]
fn stored_fields_of_manticore_are_told_of() {
    let search = Search::new("x").select("title, gid");
    let with_title = |text: &str| {
        let mut set = TestSet::new(&[("id", 6), ("title", 7), ("gid", 1)]);
        set.rows.push((1, 1, ["1", text, "5"].map(str::to_owned).to_vec()));
        set
    };
    let judged = |text: &str| judge(&search, with_title(text).body(), MANTICORE);
    let result = merge(&search, vec![Ok(judged(""))]).unwrap();
    let warning = result.warning.unwrap();
    assert!(warning.contains("column 'title' is a stored field"), "{warning}");
    assert_eq!(merge(&search, vec![Ok(judged("text"))]).unwrap().warning, None);
}

#[test]
fn replies_are_judged_before_the_call_ends() {
    let search = Search::new("x");
    let verdict = |body: Vec<u8>| request(&search).judge(&mut reply_of(body, SPHINX));
    assert_eq!(verdict(set(&[(1, 1, 1, "")]).body()), Verdict::Accept);
    let mut warned = set(&[]);
    warned.status = (3, "hm");
    assert_eq!(verdict(warned.body()), Verdict::AcceptWarned);
    let mut refused = Vec::new();
    refused.put_u32(1);
    refused.put_string(b"unknown local index");
    assert_eq!(verdict(refused), Verdict::Refused("unknown local index".to_owned()));
    let mut unknown = set(&[]);
    unknown.columns[0].1 = 77;
    let text = "column 'gid' has the unknown attribute type 77".to_owned();
    assert_eq!(verdict(unknown.body()), Verdict::Malformed(text));
    let mut miscounted = set(&[(1, 1, 1, "")]);
    miscounted.total = Some(5);
    let text = "expected 5 retrieved documents, got 1".to_owned();
    assert_eq!(verdict(miscounted.body()), Verdict::Malformed(text));
    let mut longer = set(&[]).body();
    longer.push(0);
    let text = "reply goes on for 1 bytes after its end".to_owned();
    assert_eq!(verdict(longer), Verdict::Malformed(text));
    assert!(matches!(verdict(Vec::new()), Verdict::Malformed(_)));
}

#[test]
fn filters_are_as_large_as_the_configuration_says() {
    let values = |count: i64| Search::new("x").filter_values("gid", 0..count);
    let filters = |count| {
        (0..count).fold(Search::new("x"), |search, gid| search.filter_values("gid", [gid]))
    };
    for (settings, values_max, filters_max) in [
        ("", 4_096, 256),
        ("max_filter_values = 200000\nmax_filters = 1000\n", 200_000, 1_000),
        ("max_filter_values = 7\nmax_filters = 1\n", 7, 1),
    ] {
        let text = format!(
            "index d {{\ntype = distributed\nagent = 127.0.0.1:1:x\n}}\nsearchd {{\n{settings}}}\n"
        );
        let config = Config::parse(&text, "c.conf").unwrap();
        let client = Client::new(&config).unwrap();
        for search in [values(values_max), filters(filters_max)] {
            assert!(SearchRequest::new_with("d", &search, &config.searchd, now()).is_ok());
            // Nobody listens there.
            let error = client.search("d", &search).unwrap_err();
            assert!(matches!(error, Error::Unanswered { .. }), "{error}");
        }
        for search in [values(values_max + 1), filters(filters_max + 1)] {
            let error = client.search("d", &search).unwrap_err();
            assert!(matches!(error, Error::Request(_)), "{error}");
            assert!(error.to_string().contains("raise max_filter"), "{error}");
        }
    }
}

#[test]
fn what_is_incomplete_or_out_of_range_is_not_sent() {
    let search = || Search::new("x");
    let cases = [
        (search().max_matches(0), "max_matches 0"),
        (search().max_matches(6_000_001), "max_matches 6000001"),
        (search().offset(1_000), "offset 1000 is not below max_matches 1000"),
        (search().limit(u32::MAX), "limit 4294967295"),
        (search().ranker(Ranker::Expression(" ".into())), "no expression"),
        (search().ranker(Ranker::Export("".into())), "no expression"),
        (search().sort(Sort::Extended("".into())), "says not by what"),
        (search().sort(Sort::Expression(" ".into())), "says not by what"),
        (search().filter_values("gid", []), "filter 'gid' has no values"),
        (search().filter_values("gid", 0..5_000), "5000 values"),
        (search().filter_values(" ", [1]), "no attribute"),
        (search().filter_float_range("f", f32::NAN, 1.0), "not a number"),
        (search().filter_string("s", "a\0b"), "zero byte at 1"),
        (search().select("a\0"), "zero byte"),
        (Search::new("a\0b"), "query text has a zero byte at 1"),
        (search().field_weight("", 1), "no field"),
        (search().geo_anchor("a", " ", 0.0, 0.0), "geo anchor has no attribute"),
        (search().geo_anchor("a", "b", 1e9, 0.0), "latitude 1000000000 of the geo anchor"),
        (search().geo_anchor("a", "b", 0.0, f32::NAN), "longitude NaN of the geo anchor"),
        (search().filter_values("a\nb", []), "filter 'a\\nb' has no values"),
        (search().outer(" ", 0, 5), "needs an order"),
        (search().outer("gid asc", 0, 5).offset(1), "offset 1 within an enclosing select"),
        (search().group(Grouping::by(" ")), "the grouping has no attribute"),
        (search().group(Grouping::new(GroupBy::Attributes(vec![]))), "has no attribute"),
        (search().group(Grouping::by("gid").order("")), "the grouping has no order"),
        (search().group(Grouping::by("a").rows_per_group(0)), "0 rows a group"),
        (search().group(Grouping::by("a").within("\0")), "order within has a zero byte"),
        (search().group(Grouping::by("a").count_distinct("")), "count-distinct attribute of"),
        (
            search().sort(Sort::Extended("b asc".into())).group(Grouping::by("a").within("c asc")),
            "another: leave one out",
        ),
        (
            search().group(Grouping::by("a").having(" ", Condition::above(1))),
            "a filter has no attribute",
        ),
        (search().filter("s", Condition::any_text(["a", ""])), "an empty text in its list"),
        (search().filter("s", Condition::any_text([""; 0])), "filter 's' has no values"),
        (search().filter("a", Condition::in_variable("ids")), "'ids': it begins with @"),
        (search().filter("f", Condition::above(f32::NAN)), "not a number"),
        (search().weights(vec![1; 257]), "257 field weights"),
        (search().override_attribute("", Overrides::Uint(vec![])), "an override has no attribute"),
        (
            search().ranker(Ranker::Plugin { name: "".into(), options: "a".into() }),
            "the ranker plugin has no name",
        ),
        (search().token_filter("lib.so", "", ""), "needs a library and a name"),
        (search().retries(9, Duration::ZERO), "retry count 9 is above 8"),
        (search().retries(1, Duration::from_millis(1_001)), "retry delay 1.001s is above 1s"),
        ((0..257).fold(search(), |search, _| search.filter_values("a", [1])), "257 filters"),
    ];
    for (search, expected) in cases {
        let error = SearchRequest::new("d", &search, now()).unwrap_err();
        assert!(matches!(error, Error::Request(_)), "{error:?}");
        assert!(error.to_string().contains(expected), "{error} / {expected}");
        assert!(!error.to_string().contains(char::is_control), "{error:?} is one line");
    }
    let (product, layout) = (Product::Unknown, Layout::default());
    let target = Target { host: "box", index_list: " ,", attempt: 0, product, layout };
    let error = request(&search()).encode(&target, &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("names no index"), "{error}");
}

proptest! {
    #[test]
    fn no_bytes_do_harm(head in any::<u8>(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let search = Search::new("x");
        let mut body = set(&[(1, 2, 3, "text"), (4, 5, 6, "")]).body();
        let place = usize::from(head) % body.len();
        body.splice(place..(place + bytes.len() / 2).min(body.len()), bytes);
        let mut reply = reply_of(body, SPHINX);
        if request(&search).judge(&mut reply) == Verdict::Accept {
            let result = merge(&search, vec![Ok(reply)]).unwrap();
            for row in result.rows() {
                let values = (0..result.columns().len()).map(|column| show(&row.value(column)));
                prop_assert_eq!(values.count(), result.columns().len());
            }
        }
    }
}
