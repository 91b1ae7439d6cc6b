//! A result that holds less than was asked for says so.

use std::iter;

use hamirror::internal::limits::REMOTE_TEXT_MAX;
use hamirror::internal::search::{self as merging, SearchRequest};
use hamirror::search::{Search, Sort};
use hamirror::{Completeness, Error};

use crate::set::{TestSet, failure, merge, now, ok, request, set};

fn columns(columns: &[(&'static str, u32)]) -> TestSet {
    let mut set = TestSet::new(columns);
    set.rows.push((columns.len() as u64, 1, vec!["1".to_owned(); columns.len()]));
    set
}

fn warning(search: &Search, sets: Vec<TestSet>) -> Option<String> {
    let outcomes = sets.into_iter().map(|set| ok(search, set)).collect();
    merge(search, outcomes).unwrap().warning
}

/// Those that not all agents have, and those whose types have no type in common.
#[test]
fn columns_that_are_left_out() {
    let sets = || {
        vec![
            columns(&[("gid", 1), ("size", 1), ("@int_x", 6), ("big", 6)]),
            columns(&[("title", 7), ("gid", 6), ("size", 5)]),
            columns(&[("gid", 1), ("size", 5), ("title", 7), ("id", 6)]),
        ]
    };
    let search = Search::new("x");
    let told = warning(&search, sets()).unwrap();
    let expected = "index d: column 'big' is left out: bigint on agent box0:9312, \
        not on agent box1:9312 and agent box2:9312;\n\
        index d: column 'size' is left out: uint on agent box0:9312, \
        float on agent box1:9312 and agent box2:9312;\n\
        index d: column 'title' is left out: not on agent box0:9312, \
        string on agent box1:9312 and agent box2:9312";
    assert_eq!(told, expected);
    // Nobody asked for them.
    assert_eq!(warning(&search.clone().select("gid"), sets()), None);
    let other_order = || vec![columns(&[("a", 1), ("b", 7)]), columns(&[("b", 7), ("a", 4)])];
    assert_eq!(warning(&search, other_order()), None);
    for list in ["size", "gid, size", "size s, *", "SIZE"] {
        let search = search.clone().select(list);
        let outcomes = sets().into_iter().map(|set| ok(&search, set)).collect();
        let error = merge(&search, outcomes).unwrap_err().to_string();
        let types = "uint on agent box0:9312, float on agent box1:9312 and agent box2:9312";
        assert!(error.contains("column 'size"), "{error}");
        assert!(error.contains(types), "{error}");
    }
    let search = search.select("gid").sort(Sort::Extended("size asc".into()));
    let outcomes = sets().into_iter().map(|set| ok(&search, set)).collect();
    let error = merge(&search, outcomes).unwrap_err().to_string();
    assert!(error.contains("'size' can't be merged: uint on agent box0:9312"), "{error}");
}

#[test]
fn a_text_of_what_does_not_fit_is_one_line() {
    let search = Search::new("x").select("gid g\u{c} *");
    let by = |sort| Search::new("x").sort(Sort::Ascending(sort));
    for search in [search, by("a\nb".to_owned())] {
        let outcomes = (0..2).map(|_| ok(&search, columns(&[("big", 6)]))).collect();
        let error = merge(&search, outcomes).unwrap_err().to_string();
        assert!(error.starts_with("index d: ") && error.contains('\\'), "{error}");
        assert!(!error.contains(char::is_control), "{error:?}");
    }
}

/// Names come from strangers, and there may be many.
#[test]
fn what_is_left_out_is_told_in_a_few_lines() {
    let names: Vec<&'static str> =
        (0..1_000).map(|number| &*format!("{number}{}", "x".repeat(900)).leak()).collect();
    let many: Vec<(&'static str, u32)> = names.iter().map(|name| (*name, 1)).collect();
    let search = Search::new("x");
    let told = warning(&search, vec![columns(&many), columns(&[("gid", 1)])]).unwrap();
    assert!(told.len() < 8_000, "{} bytes", told.len());
    assert!(told.contains("more columns are left out"), "{told}");
}

/// Each line names the list: as a whole it would be there as often as it is long.
#[test]
fn a_long_list_of_indexes_is_cut_in_every_line() {
    let list = vec!["d"; 4_000].join(",");
    let search = Search::new("x");
    let request = SearchRequest::new(&list, &search, now()).unwrap();
    let failed = (0..4_000).map(|number| Err(failure(&format!("closed {number}"))));
    let outcomes = iter::once(ok(&search, columns(&[]))).chain(failed);
    let outcomes = outcomes.map(|outcome| ("box:9312", outcome)).collect();
    let result = merging::merge(&request, outcomes, Completeness::BestEffort).unwrap();
    let warning = result.warning.unwrap();
    assert_eq!(warning.lines().count(), 4_000);
    let begin = format!("index {}...: agent ", &list[..REMOTE_TEXT_MAX - 3]);
    assert!(warning.lines().all(|line| line.starts_with(&begin)), "{}", &warning[..2_000]);
}

#[test]
fn rows_beyond_max_matches() {
    let search = || Search::new("x").max_matches(2);
    let sets = || vec![set(&[(1, 9, 0, ""), (2, 8, 0, "")]), set(&[(3, 7, 0, "")])];
    for (search, is_told) in [
        (search().limit(2), false),
        (search().limit(3), true),
        (search().limit(1).offset(1), false),
        (search().limit(2).offset(1), true),
        (search().limit(5_000).max_matches(3), false),
    ] {
        let told = warning(&search, sets()).unwrap_or_default();
        assert_eq!(told.contains("of 3 rows can be had"), is_told, "{search:?}: {told}");
        assert_eq!(told.contains("beyond max_matches 2, raise it"), is_told, "{told}");
    }
    // One agent alone knows of more than it sent.
    let mut one = set(&[(1, 9, 0, ""), (2, 8, 0, "")]);
    one.total_found = Some(2_000);
    let told = warning(&search().limit(5_000), vec![one]).unwrap();
    assert!(told.contains("only the first 2 of 2000 rows"), "{told}");
}

#[test]
fn a_total_that_a_cutoff_made() {
    let sets = || vec![set(&[(1, 9, 0, ""), (2, 8, 0, "")]), set(&[(3, 7, 0, "")])];
    assert_eq!(warning(&Search::new("x"), sets()), None);
    assert_eq!(warning(&Search::new("x").cutoff(3), sets()), None);
    let told = warning(&Search::new("x").cutoff(2), sets()).unwrap();
    let expected = "index d: cutoff 2 reached on agent box0:9312: total_found 3 is a lower bound";
    assert_eq!(told, expected);
}

/// Agents may be masters themselves. What they could not get is told as if it were ours.
#[test]
fn an_answer_that_lacks_agents_further_down_is_not_complete() {
    const MISSING: &str = "index half: agent box9:9312: connect() timed out";
    let search = Search::new("x");
    let answer = |status, text: &'static str| {
        let mut set = set(&[(1, 1, 1, "")]);
        set.status = (status, text);
        set
    };
    let outcomes = |text| {
        vec![
            ("box0:9312", ok(&search, answer(3, text))),
            ("box1:9312", ok(&search, answer(0, ""))),
        ]
    };
    let merged =
        |text, completeness| merging::merge(&request(&search), outcomes(text), completeness);
    let half = Completeness::AtLeast { percent: 50 };
    let most = Completeness::AtLeast { percent: 51 };
    for completeness in [Completeness::BestEffort, half] {
        let result = merged(MISSING, completeness).unwrap();
        assert_eq!((result.agents_answered, result.agents), (1, 2));
        assert_eq!((result.len(), result.failures.len(), result.failures[0].agent), (1, 1, 0));
        assert!(result.failures[0].to_string().contains(MISSING), "{:?}", result.failures);
        let told = result.warning.unwrap();
        assert_eq!(told.matches(MISSING).count(), 1, "{told}");
    }
    for completeness in [most, Completeness::All] {
        let error = merged(MISSING, completeness).unwrap_err();
        assert!(matches!(error, Error::Unanswered { answered: 1, agents: 2, .. }), "{error}");
        assert!(!error.is_query_error() && !error.is_timeout(), "{error:?}");
        assert!(error.to_string().contains(MISSING), "{error}");
    }
    // Another warning says nothing of agents.
    let result = merged("quorum threshold too high", Completeness::All).unwrap();
    assert_eq!((result.agents_answered, result.failures.len()), (2, 0));
    // One incomplete answer is better than none.
    let only = vec![("box0:9312", ok(&search, answer(3, MISSING)))];
    let result = merging::merge(&request(&search), only, Completeness::BestEffort).unwrap();
    assert_eq!((result.agents_answered, result.agents, result.len()), (0, 1, 1));
    let none = vec![
        ("box0:9312", ok(&search, answer(3, MISSING))),
        ("box1:9312", Err(failure("query timed out"))),
    ];
    let error = merging::merge(&request(&search), none, half).unwrap_err();
    assert!(matches!(error, Error::Unanswered { answered: 0, agents: 2, .. }), "{error}");
}
