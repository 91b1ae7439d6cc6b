//! A result says what became of each agent, and how much of the index that covers.

use std::time::Duration;

use hamirror::Completeness;
use hamirror::internal::search as merging;
use hamirror::search::Search;

use crate::set::{TestSet, failure, ok, request, set};

#[test]
fn each_agent_has_an_outcome() {
    let search = Search::new("x");
    let answer = |status, text| TestSet { status: (status, text), ..set(&[(1, 1, 1, "")]) };
    let reply = |status, text, attempts| {
        let mut reply = ok(&search, answer(status, text)).unwrap();
        (reply.elapsed, reply.attempts) = (Duration::from_millis(7), attempts);
        Ok(reply)
    };
    let missing = "index half: agent box9:9312: connect() timed out";
    let local = ("part".to_owned(), reply(0, "", 0));
    let outcomes = vec![
        ("box0:9312", reply(0, "", 2)),
        ("box1:9312", Err(failure("query timed out"))),
        ("box2:9312", reply(3, missing, 1)),
    ];
    let (request, best) = (request(&search), Completeness::BestEffort);
    let result = merging::merge_with_locals(&request, vec![local], outcomes, best).unwrap();
    let told: Vec<_> = result
        .outcomes
        .iter()
        .map(|outcome| {
            let names = (outcome.local.as_deref(), outcome.host.as_deref());
            (outcome.agent, names, outcome.is_complete(), outcome.is_partial(), outcome.attempts)
        })
        .collect();
    let expected = [
        (0, (Some("part"), None), true, false, 0),
        (0, (None, Some("box0:9312")), true, false, 2),
        (1, (None, None), false, false, 1),
        (2, (None, Some("box2:9312")), false, true, 1),
    ];
    assert_eq!(told, expected);
    let elapsed: Vec<_> = result.outcomes.iter().map(|outcome| outcome.elapsed).collect();
    assert_eq!(elapsed[1], Duration::from_millis(7));
    let why = |number: usize| result.failure_of(&result.outcomes[number]).map(ToString::to_string);
    assert_eq!(why(0).or(why(1)), None);
    assert!(why(2).unwrap().contains("query timed out"));
    assert!(why(3).unwrap().contains(missing));
    let coverage = result.coverage();
    assert_eq!((coverage.complete, coverage.partial, coverage.agents), (2, 1, 4));
    assert_eq!(coverage.documents, None, "nobody knows what the others hold");
}

#[test]
fn all_documents_are_covered_if_all_answered_in_full() {
    let search = Search::new("x");
    let whole = || ("box0:9312", ok(&search, set(&[])));
    let covered = |outcomes| {
        let result =
            merging::merge(&request(&search), outcomes, Completeness::BestEffort).unwrap();
        result.coverage().documents
    };
    assert_eq!(covered(vec![whole(), whole()]), Some(1.0));
    assert_eq!(covered(vec![whole(), ("box1:9312", Err(failure("gone")))]), None);
}
