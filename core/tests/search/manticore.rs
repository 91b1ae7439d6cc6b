//! What agents of Manticore answer otherwise than those of Sphinx, alone and beside them. The
//! rules are those of `core/src/manticore_29.rs`.

use hamirror::internal::wire::search::{FilterTest, Kind, Query};
use hamirror::request::{Product, Raw, Reply, ReplyStatus, Request, Verdict};
use hamirror::search::{Condition, MergeMode, Search, SearchResult, Sort};
use hamirror::{AgentFailure, Value};

use super::asked::{body, expected, filter};
use super::set::{MANTICORE, SPHINX, TestSet, ids, judge, merge, request, show};

/// A reply with these columns and rows, of the daemon with that version of SEARCH.
fn answer(
    search: &Search,
    version: u16,
    columns: &[(&'static str, u32)],
    rows: &[(u64, &[&str])],
) -> Result<Reply, AgentFailure> {
    let mut set = TestSet::new(columns);
    for (id, values) in rows {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        set.rows.push((*id, 1, values));
    }
    Ok(judge(search, set.body(), version))
}

fn columns(result: &SearchResult) -> Vec<(&str, Kind)> {
    result.columns().iter().map(|column| (column.name.as_str(), column.kind)).collect()
}

#[test]
fn filters_ask_for_any_item_of_a_json_array() {
    let cases = [
        (Condition::any_of([1, 2]), FilterTest::Values(vec![1, 2])),
        (Condition::range(3, 5), FilterTest::Range(3, 5)),
        (Condition::range(0.5, 1.5), FilterTest::FloatRange(0.5, 1.5)),
    ];
    for (condition, test) in cases {
        let search = Search::new("").filter("facts.ns", condition);
        // The helper puts the byte for any item into what is expected.
        let filters = vec![filter(b"facts.ns".to_vec(), test, false)];
        let query = Query { filters, ..Query::default() };
        for product in [Product::Sphinx, Product::Manticore] {
            assert_eq!(body(&search, product), expected(query.clone()));
        }
    }
}

#[test]
fn floats_are_sorted_by_value_where_an_agent_is_of_manticore() {
    let first: &[(u64, &[&str])] = &[(1, &["-1.5"]), (2, &["0.0025"])];
    let second: &[(u64, &[&str])] = &[(3, &["-0.5"]), (4, &["7"])];
    let by_value = [1, 3, 2, 4];
    // Negative floats have the highest bits, and the higher the lower they are.
    let by_bits = [2, 4, 3, 1];
    let cases = [
        ([MANTICORE, MANTICORE], by_value),
        ([MANTICORE, SPHINX], by_value),
        ([SPHINX, MANTICORE], by_value),
        ([SPHINX, SPHINX], by_bits),
    ];
    for ([one, other], ascending) in cases {
        let descending: Vec<u64> = ascending.iter().rev().copied().collect();
        for (sort, order) in [
            (Sort::Ascending("ratio".into()), ascending.to_vec()),
            (Sort::Descending("ratio".into()), descending),
        ] {
            let search = Search::new("").select("ratio").sort(sort.clone());
            let outcomes = vec![
                answer(&search, one, &[("ratio", 5)], first),
                answer(&search, other, &[("ratio", 5)], second),
            ];
            assert_eq!(
                ids(&merge(&search, outcomes).unwrap()),
                order,
                "{sort:?} {one:x} {other:x}"
            );
        }
    }
}

#[test]
fn rows_are_sorted_by_weight_as_by_an_attribute() {
    let search = Search::new("").select("gid").sort(Sort::Descending("@weight".into()));
    let weighed = |version, rows: &[(u64, i32)]| {
        let mut set = TestSet::new(&[("id", 6), ("gid", 1)]);
        let row = |(id, weight): &(u64, i32)| (*id, *weight, vec![id.to_string(), "1".to_owned()]);
        set.rows.extend(rows.iter().map(row));
        Ok(judge(&search, set.body(), version))
    };
    for version in [SPHINX, MANTICORE] {
        let outcomes = vec![weighed(version, &[(1, 5), (2, 9)]), weighed(version, &[(3, 7)])];
        assert_eq!(ids(&merge(&search, outcomes).unwrap()), [2, 3, 1], "{version:x}");
    }
}

/// The two products name the helper column differently, and the result has none.
#[test]
fn an_order_by_an_expression_goes_by_a_helper_column() {
    let names =
        |version| if version == SPHINX { "@int_str2ptr_size*2" } else { "@int_attr_size*2" };
    for [one, other] in
        [[MANTICORE, MANTICORE], [MANTICORE, SPHINX], [SPHINX, MANTICORE], [SPHINX, SPHINX]]
    {
        let sort = Sort::Extended("size*2 desc, @id asc".into());
        let search = Search::new("").select("gid").sort(sort);
        let outcomes = vec![
            answer(
                &search,
                one,
                &[("gid", 1), (names(one), 1)],
                &[(1, &["7", "10"]), (2, &["8", "30"])],
            ),
            answer(&search, other, &[("gid", 1), (names(other), 1)], &[(3, &["9", "20"])]),
        ];
        let result = merge(&search, outcomes).unwrap();
        assert_eq!(ids(&result), [2, 3, 1], "{one:x} {other:x}");
        assert_eq!(columns(&result), [("gid", Kind::Uint)], "{one:x} {other:x}");
    }
}

/// Agents of Manticore send no `@expr` without `*`, so they are asked for it under another name.
#[test]
fn an_expression_that_rows_are_sorted_by_is_asked_for_and_dropped_again() {
    let cases: [(&str, u16, &[&str]); 4] = [
        ("gid", MANTICORE, &["gid"]),
        ("*", MANTICORE, &["gid", "@expr"]),
        ("gid", SPHINX, &["gid", "@expr"]),
        ("*", SPHINX, &["gid", "@expr"]),
    ];
    for (select, version, shown) in cases {
        let search = Search::new("").select(select).sort(Sort::Expression("gid*2".into()));
        let asked = Query {
            select: format!("{select}, (gid*2)*1.0 as hamirror_expr").into_bytes(),
            sort_mode: 4,
            sort_clause: b"hamirror_expr desc".to_vec(),
            ..Query::default()
        };
        let sent = body(&search, Product::Unknown);
        let has = |part: &[u8]| sent.windows(part.len()).any(|window| window == part);
        assert!(has(&asked.select) && has(&asked.sort_clause), "{select}");
        let set = [("gid", 1), ("hamirror_expr", 5)];
        let outcomes = vec![
            answer(&search, version, &set, &[(1, &["5", "10"]), (2, &["1", "2"])]),
            answer(&search, version, &set, &[(3, &["4", "8"])]),
        ];
        let result = merge(&search, outcomes).unwrap();
        assert_eq!(ids(&result), [1, 3, 2], "{select} {version:x}");
        let names: Vec<&str> = columns(&result).iter().map(|(name, _)| *name).collect();
        assert_eq!(names, shown, "{select} {version:x}");
    }
}

#[test]
fn aliases_of_bools_and_timestamps_have_their_types() {
    let list = "*, flag AS f, added AS a, gid AS g";
    let search = Search::new("").select(list);
    let known = [("gid", 1), ("flag", 4), ("added", 2), ("f", 1), ("a", 1), ("g", 1)];
    let row: &[(u64, &[&str])] = &[(1, &["7", "1", "99", "1", "99", "7"])];
    let types = |search: &Search, sets: Vec<Result<Reply, AgentFailure>>| {
        let result = merge(search, sets).unwrap();
        let value = result.row(0).unwrap().get("f").unwrap();
        (
            ["f", "a", "g"].map(|name| result.columns()[result.column(name).unwrap()].kind),
            show(&value),
        )
    };
    let own = [Kind::Bool, Kind::Timestamp, Kind::Uint];
    for version in [SPHINX, MANTICORE] {
        let sets = vec![answer(&search, version, &known, row)];
        assert_eq!(types(&search, sets), (own, show(&Value::Bool(true))), "{version:x}");
    }
    // Sphinx sends the attributes beside their aliases whatever is selected, Manticore does not.
    let search = search.select("flag AS f, added AS a, gid AS g");
    let bare = [("id", 6), ("f", 1), ("a", 1), ("g", 1)];
    let of_manticore = || answer(&search, MANTICORE, &bare, &[(2, &["2", "0", "9", "8"])]);
    let plain = [Kind::Uint; 3];
    assert_eq!(types(&search, vec![of_manticore()]), (plain, show(&Value::Uint(0))));
    let both = vec![answer(&search, SPHINX, &known, row), of_manticore()];
    assert_eq!(types(&search, both).0, own);
    // Of several columns of one name, in any case, the first counts; agents have to agree.
    let sets = |flag| {
        let twice = [("FLAG", flag), ("flag", 4), ("added", 2), ("f", 1), ("a", 1), ("g", 1)];
        let other: &[(u64, &[&str])] = &[(3, &["1", "1", "99", "1", "99", "7"])];
        vec![answer(&search, SPHINX, &known, row), answer(&search, SPHINX, &twice, other)]
    };
    assert_eq!(types(&search, sets(4)).0, own);
    assert_eq!(types(&search, sets(1)).0, [Kind::Uint, Kind::Timestamp, Kind::Uint]);
    // A master says that they are plain integers.
    let search = search.select(list).merge_mode(MergeMode::Master);
    let sets = vec![answer(&search, SPHINX, &known, row)];
    assert_eq!(types(&search, sets), (plain, show(&Value::Uint(1))));
}

/// Sphinx sends aliased texts, sets and documents under the attribute's name, and fields of
/// documents beside them; Manticore sends the alias alone.
#[test]
fn aliases_of_both_products_are_one_column() {
    let search = Search::new("").select("section AS part, facts AS f, part2 AS other");
    let search = search.sort(Sort::Extended("part asc".into()));
    let document = "\0\0\0\0\u{6}\u{1}\u{5}\0\0\0";
    let field = "\u{6}\0\0\0\u{5}\u{1}\u{5}\0\0\0";
    let of_sphinx = || {
        let columns = [("section", 7), ("facts", 12), ("part2", 7), ("f", 1002)];
        answer(&search, SPHINX, &columns, &[(1, &["b", document, "x", "\0"])])
    };
    let of_manticore = || {
        let columns = [("id", 6), ("part", 7), ("f", 1002), ("other", 7)];
        answer(&search, MANTICORE, &columns, &[(2, &["2", "a", field, "y"])])
    };
    let orders = [vec![of_sphinx(), of_manticore()], vec![of_manticore(), of_sphinx()]];
    for outcomes in orders {
        let result = merge(&search, outcomes).unwrap();
        let names: Vec<&str> = columns(&result).iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["part", "f", "other"]);
        assert_eq!(ids(&result), [2, 1]);
        let shown = |column| -> Vec<String> {
            result.rows().map(|row| show(&row.value(column))).collect()
        };
        assert_eq!(shown(0), [show(&Value::String(b"a")), show(&Value::String(b"b"))]);
        assert_eq!(shown(1), ["[5]", "[5]"]);
        assert_eq!(shown(2), [show(&Value::String(b"y")), show(&Value::String(b"x"))]);
    }
}

#[test]
fn json_reads_as_the_daemon_prints_it() {
    let search = Search::new("").select("facts");
    // An object of one key `k` with the text `/` and a control character.
    let object = "\u{7f}\0\0\0\u{4}\u{1}k\u{2}/\u{1}\0";
    for (version, expected) in
        [(SPHINX, "{\"k\":\"\\/\u{1}\"}"), (MANTICORE, "{\"k\":\"/\\u0001\"}")]
    {
        let set = answer(&search, version, &[("facts", 12)], &[(1, &[object])]);
        let result = merge(&search, vec![set]).unwrap();
        assert_eq!(show(&result.row(0).unwrap().value(0)), expected, "{version:x}");
    }
}

/// A daemon with `auth = 1` words its refusal of a plain request so.
#[test]
fn a_refusal_for_want_of_a_log_in_says_so() {
    let mut reply = Reply::new(0, b"\0\0\0\x24read overflows buffer by 12 byte (s)".to_vec());
    reply.status = ReplyStatus::Error;
    let search = Search::new("");
    let raw = Raw {
        command: hamirror::request::Command::PING,
        access: hamirror::Access::Read,
        body: vec![0; 4],
    };
    for verdict in [request(&search).judge_error(&reply), raw.judge_error(&reply)] {
        let Verdict::Refused(text) = verdict else { panic!("{verdict:?}") };
        assert!(text.starts_with("read overflows buffer by 12 byte"), "{text}");
        assert!(text.contains("'auth = 1'") && text.contains("log in"), "{text}");
    }
}
