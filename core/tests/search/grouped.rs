//! Groups of replies made by hand: what the merge asks beside the caller's query, and what it says
//! where the answers leave something open.

use hamirror::AgentFailure;
use hamirror::Value;
use hamirror::internal::search::SearchRequest;
use hamirror::request::{Reply, Request, Verdict};
use hamirror::search::{Condition, GroupBy, Grouping, MergeMode, Search, SearchResult};

use crate::set::{SPHINX, TestSet, merge, now, reply_of};

/// A set with these columns and rows of one document each.
fn set_of(columns: &[(&'static str, u32)], rows: &[(u64, &[&str])]) -> TestSet {
    let mut set = TestSet::new(columns);
    for (id, values) in rows {
        set.rows.push((*id, 1, values.iter().map(|value| (*value).to_owned()).collect()));
    }
    set
}

/// A reply with several sets.
fn reply(search: &Search, sets: &[TestSet]) -> Result<Reply, AgentFailure> {
    let mut reply = reply_of(sets.iter().flat_map(TestSet::body).collect(), SPHINX);
    let verdict = SearchRequest::new("d", search, now()).unwrap().judge(&mut reply);
    assert!(matches!(verdict, Verdict::Accept | Verdict::AcceptWarned), "{verdict:?}");
    Ok(reply)
}

fn values(result: &SearchResult, column: &str) -> Vec<f64> {
    let column = result.column(column).expect(column);
    let value = |row: hamirror::search::Row<'_>| match row.value(column) {
        Value::Uint(value) => f64::from(value),
        Value::Bigint(value) => value as f64,
        Value::Float(value) => f64::from(value),
        Value::Double(value) => value,
        other => panic!("{other:?}"),
    };
    result.rows().map(value).collect()
}

const COUNTED: [(&str, u32); 5] =
    [("gid", 1), ("x", 1), ("@distinct", 1), ("@groupby", 1), ("@count", 1)];

fn counting() -> Search {
    let grouping = Grouping::by("gid").order("@group asc");
    Search::new("").select("gid, count(distinct x) d").group(grouping)
}

/// Two agents: group 1 has the values 7 and 8 on the one and 8 and 9 on the other.
fn counted(mend: impl Fn(usize, &mut TestSet)) -> Result<SearchResult, hamirror::Error> {
    let search = counting();
    let agent = |number: usize, row: &[&str], pairs: &[(u64, &[&str])]| {
        let mut values = set_of(&[("gid", 1), ("x", 1), ("@groupby", 6), ("@count", 1)], pairs);
        mend(number, &mut values);
        reply(&search, &[set_of(&COUNTED, &[(number as u64 + 1, row)]), values])
    };
    let one = agent(
        0,
        &["1", "7", "2", "1", "2"],
        &[(1, &["1", "7", "100", "1"]), (3, &["1", "8", "101", "1"])],
    );
    let other = agent(
        1,
        &["1", "9", "2", "1", "3"],
        &[(2, &["1", "8", "101", "2"]), (4, &["1", "9", "102", "1"])],
    );
    merge(&search, vec![one, other])
}

#[test]
fn values_that_two_agents_have_are_counted_once() {
    let result = counted(|_, _| {}).unwrap();
    assert_eq!((values(&result, "d"), values(&result, "@count")), (vec![3.0], vec![5.0]));
    assert_eq!(result.warning, None);
}

#[test]
fn counts_are_lower_bounds_where_an_agent_has_more_values_than_it_sent() {
    let result = counted(|number, set| {
        set.total_found = (number == 1).then_some(70_000);
    });
    let result = result.unwrap();
    assert_eq!(values(&result, "d"), [3.0]);
    let warning = result.warning.unwrap();
    assert!(warning.contains("only 2 values of 'x' came from agent box1:9312"), "{warning}");
    assert!(warning.contains(": counts of distinct ones are lower bounds"), "{warning}");
}

#[test]
fn counts_are_a_masters_where_an_agent_refuses_to_tell_the_values() {
    let result = counted(|number, set| {
        if number == 0 {
            set.status = (1, "MVA values can't be used in multiple group-by");
        }
    });
    let result = result.unwrap();
    // The rows of the group have different values: a master takes all for different.
    assert_eq!(values(&result, "d"), [4.0]);
    let warning = result.warning.unwrap();
    assert!(warning.contains("a guess: MVA values can't be used"), "{warning}");
}

/// Documents 2 and 9 lie on both agents, in another group on the later one, whose copy counts.
#[test]
fn a_document_counts_where_its_copy_counts() {
    let grouping = Grouping::by("gid").order("@group asc");
    let search = Search::new("").select("gid, count(*) c, sum(x) s, count(distinct x) d");
    let search = search.group(grouping).merge_mode(MergeMode::Unique);
    let groups = |rows: &[(u64, [&str; 3])]| {
        let mut set = TestSet::new(&[
            ("gid", 1),
            ("s", 1),
            ("@distinct", 1),
            ("hamirror_sum_0", 1),
            ("hamirror_wide_0", 6),
            ("@groupby", 1),
            ("@count", 1),
        ]);
        for (id, [gid, sum, count]) in rows {
            let row = [gid, sum, "1", sum, sum, gid, count].map(|text| (*text).to_owned());
            set.rows.push((*id, 1, row.into()));
        }
        set
    };
    let documents = |rows: &[(u64, [&str; 2])]| {
        let mut set = TestSet::new(&[
            ("gid", 1),
            ("x", 1),
            ("hamirror_document", 6),
            ("s", 1),
            ("hamirror_sum_0", 1),
            ("hamirror_wide_0", 6),
            ("@groupby", 6),
            ("@count", 1),
        ]);
        for (id, [gid, x]) in rows {
            let id_text = id.to_string();
            let row = [gid, x, id_text.as_str(), x, x, x, id_text.as_str(), "1"];
            set.rows.push((*id, 1, row.map(str::to_owned).into()));
        }
        set
    };
    let one = [
        groups(&[(1, ["1", "12", "2"]), (9, ["3", "4", "1"])]),
        documents(&[(1, ["1", "5"]), (2, ["1", "7"]), (9, ["3", "4"])]),
    ];
    let other = |found: Option<u32>| {
        let mut documents = documents(&[(2, ["2", "9"]), (3, ["2", "9"]), (9, ["1", "3"])]);
        documents.total_found = found;
        [groups(&[(9, ["1", "3", "1"]), (2, ["2", "18", "2"])]), documents]
    };
    let result = merge(&search, vec![reply(&search, &one), reply(&search, &other(None))]).unwrap();
    assert_eq!(values(&result, "gid"), [1.0, 2.0]);
    assert_eq!(values(&result, "c"), [2.0, 2.0]);
    assert_eq!(values(&result, "s"), [8.0, 18.0]);
    assert_eq!(values(&result, "d"), [2.0, 1.0]);
    assert_eq!((result.total, result.total_found, result.warning.as_deref()), (2, 2, None));
    // Who has more than it sent tells nothing of the others.
    let replies = vec![reply(&search, &one), reply(&search, &other(Some(70_000)))];
    let result = merge(&search, replies).unwrap();
    assert_eq!(values(&result, "c"), [3.0, 2.0, 1.0]);
    let warning = result.warning.unwrap();
    assert!(
        warning.contains("counted for each agent that holds them: there are more"),
        "{warning}"
    );
}

#[test]
fn sums_and_averages_are_wide() {
    let columns = [
        ("s", 1),
        ("a", 5),
        ("hamirror_sum_0", 1),
        ("hamirror_wide_0", 6),
        ("@groupby", 1),
        ("@count", 1),
    ];
    let search = Search::new("").select("sum(ts) s, avg(ts) a");
    let set = |id: u64, sum: u64, count: u64| {
        let wrapped = (sum as u32).to_string();
        let average = (sum as f32 / count as f32).to_string();
        let values = [&wrapped, &average, &wrapped, &sum.to_string(), "1", &count.to_string()];
        set_of(&columns, &[(id, &values)])
    };
    let sets = || vec![set(1, 25_155_000_003, 15), set(2, 25_415_000_000, 15)];
    let replies = |search: &Search| {
        let replies = sets().into_iter().map(|set| reply(search, &[set])).collect();
        merge(search, replies).unwrap()
    };
    let result = replies(&search);
    assert_eq!(values(&result, "s"), [50_570_000_003.0]);
    assert_eq!(values(&result, "a"), [50_570_000_003.0 / 30.0]);
    let names: Vec<&str> = result.columns().iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["s", "a", "@groupby", "@count"]);
    let of_master = replies(&search.merge_mode(MergeMode::Master));
    assert_eq!(values(&of_master, "s"), [f64::from(50_570_000_003_u64 as u32)]);
    assert_eq!(values(&of_master, "a"), [1_685_666_688.0]);
}

#[test]
fn groups_beyond_max_matches_are_told() {
    let search = counting().select("gid").max_matches(2);
    let set = |keys: &[&str]| {
        let rows: Vec<[&str; 3]> = keys.iter().map(|key| [*key, *key, "4"]).collect();
        let rows: Vec<(u64, &[&str])> =
            rows.iter().zip(1..).map(|(row, id)| (id, row.as_slice())).collect();
        let mut set = set_of(&[("gid", 1), ("@groupby", 1), ("@count", 1)], &rows);
        set.total_found = Some(keys.len() as u32 + 1);
        set
    };
    let replies =
        || vec![reply(&search, &[set(&["1", "2"])]), reply(&search, &[set(&["2", "3"])])];
    let result = merge(&search, replies()).unwrap();
    assert_eq!(values(&result, "@count"), [4.0, 8.0]);
    let warning = result.warning.unwrap();
    assert!(
        warning.contains("max_matches 2 cut the groups of agent box0:9312 and agent box1"),
        "{warning}"
    );
    // Each has one more, which may be the other's.
    assert!(warning.contains("at least 3 groups and at most 5, raise it"), "{warning}");
    assert_eq!(result.total_found, 5);
}

/// No function of daemons tells the week of a document, so their values can't be asked for by it.
#[test]
fn distinct_values_of_weeks_are_told_to_be_a_guess() {
    let counted = |by: fn(String) -> GroupBy| {
        let grouping = Grouping::new(by("ts".to_owned())).order("@group asc");
        let search = Search::new("").select("count(distinct x) d").group(grouping);
        let columns = [("x", 1), ("@distinct", 1), ("@groupby", 1), ("@count", 1)];
        let replies = [("1", 1), ("2", 2)].map(|(value, id)| {
            reply(&search, &[set_of(&columns, &[(id, &[value, "1", "2026326", "1"])])])
        });
        (search, replies)
    };
    let (search, replies) = counted(GroupBy::Week);
    let warning = merge(&search, replies.into()).unwrap().warning.expect("a guess");
    assert!(warning.contains("the values of 'x' are not known from agent box0"), "{warning}");
    assert!(warning.contains("a guess: no function of agents tells the week"), "{warning}");
    let (search, replies) = counted(GroupBy::Week);
    let of_master = search.merge_mode(MergeMode::Master);
    assert_eq!(merge(&of_master, replies.into()).unwrap().warning, None);
}

/// A caller's alias may be named like a column that the merge asks for.
#[test]
fn aliases_of_callers_and_of_the_merge_are_two() {
    let search = Search::new("").select("sum(ts) hamirror_sum_0");
    let columns = [
        ("hamirror_sum_0", 1),
        ("hamirror__sum_0", 1),
        ("hamirror__wide_0", 6),
        ("@groupby", 1),
        ("@count", 1),
    ];
    let set = |id| set_of(&columns, &[(id, &["5", "5", "4294967301", "1", "1"])]);
    let replies = [1, 2].map(|id| reply(&search, &[set(id)]));
    let result = merge(&search, replies.into()).unwrap();
    assert_eq!(values(&result, "hamirror_sum_0"), [8_589_934_602.0]);
    let names: Vec<&str> = result.columns().iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["hamirror_sum_0", "@groupby", "@count"]);
}

#[test]
fn groups_that_do_not_pass_are_left_out() {
    let columns = [("gid", 1), ("a", 5), ("@groupby", 1), ("@count", 1)];
    let grouping = |column: &str, condition| {
        let grouping = Grouping::by("gid").order("@group asc");
        Search::new("")
            .select("gid, avg(fl) a, count(*) c")
            .merge_mode(MergeMode::Master)
            .group(grouping.having(column, condition))
    };
    let sets = [
        set_of(&columns, &[(1, &["1", "1.5", "1", "2"]), (2, &["2", "4", "2", "3"])]),
        set_of(&columns, &[(3, &["2", "1", "2", "3"]), (4, &["3", "9", "3", "1"])]),
    ];
    let cases = [
        ("c", Condition::above(1), vec![1.0, 2.0]),
        ("count(*)", Condition::at_most(2), vec![1.0, 3.0]),
        ("@count", Condition::any_of([6, 7]), vec![2.0]),
        ("a", Condition::above(1.5), vec![2.0, 3.0]),
        ("a", Condition::range(1.5, 2.5), vec![1.0, 2.0]),
        ("gid", Condition::any_of([2]).negated(), vec![1.0, 3.0]),
        ("c", Condition::at_least(100), vec![]),
    ];
    for (column, condition, expected) in cases {
        let search = grouping(column, condition.clone());
        let replies = sets.iter().map(|set| reply(&search, std::slice::from_ref(set)));
        let result = merge(&search, replies.collect()).unwrap();
        assert_eq!(values(&result, "@groupby"), expected, "{column} {condition:?}");
        assert_eq!(result.total, expected.len() as u64, "{column} {condition:?}");
    }
    // The third group is not kept.
    for mode in [MergeMode::Exact, MergeMode::Master] {
        let search = grouping("c", Condition::at_most(2)).merge_mode(mode).max_matches(2);
        let replies = sets.iter().map(|set| reply(&search, std::slice::from_ref(set)));
        let result = merge(&search, replies.collect()).unwrap();
        assert_eq!(values(&result, "@groupby"), [1.0], "{mode:?}");
    }
    let search = grouping("nothing", Condition::above(1));
    let replies = sets.iter().map(|set| reply(&search, std::slice::from_ref(set)));
    let error = merge(&search, replies.collect()).unwrap_err().to_string();
    assert!(error.contains("having 'nothing' is no column of the select list"), "{error}");
}

#[test]
fn rows_that_nobody_asked_to_be_grouped_are_not_merged() {
    let search = Search::new("x").select("gid");
    let columns = [("gid", 1), ("@groupby", 1), ("@count", 1)];
    let grouped = || reply(&search, &[set_of(&columns, &[(1, &["1", "1", "3"])])]);
    let outcomes = vec![grouped(), grouped()];
    let error = merge(&search, outcomes).unwrap_err().to_string();
    assert!(error.contains("agent box0:9312 grouped its rows"), "{error}");
}
