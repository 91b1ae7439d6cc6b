//! Several queries in one request: each is merged by itself.

use std::time::Duration;

use hamirror::internal::search::{self as merging, SearchRequest};
use hamirror::request::{Layout, Product, Reply, Request, Target, Verdict};
use hamirror::search::{Search, SearchResult, Sort};
use hamirror::{AgentFailure, Client, ClientOptions, Completeness, Config, Error};

use super::set::{SPHINX, TestSet, failure, ids, now, set};

fn searches() -> Vec<Search> {
    vec![
        Search::new("x").limit(2),
        Search::new("x").sort(Sort::Ascending("gid".into())),
        Search::new("y"),
    ]
}

fn of_all(searches: &[Search]) -> SearchRequest {
    SearchRequest::batch("d", searches, now()).unwrap()
}

fn reply(sets: &[TestSet]) -> Reply {
    Reply::new(SPHINX, sets.iter().flat_map(TestSet::body).collect())
}

fn refused(text: &'static str) -> TestSet {
    TestSet { status: (1, text), ..TestSet::new(&[]) }
}

/// The verdict on a reply, and the reply with what it was judged by.
fn judged(sets: &[TestSet]) -> (Verdict, Reply) {
    let mut reply = reply(sets);
    (of_all(&searches()).judge(&mut reply), reply)
}

#[test]
fn one_request_carries_all() {
    let (product, layout) = (Product::Unknown, Layout::default());
    let target = Target { host: "h", index_list: "i", attempt: 0, product, layout };
    let body = |request: &SearchRequest| {
        let mut body = Vec::new();
        request.encode(&target, &mut body).unwrap();
        body
    };
    let searches = searches();
    let mut expected = 14_u32.to_be_bytes().to_vec();
    expected.extend_from_slice(&3_u32.to_be_bytes());
    for search in &searches {
        let alone = body(&SearchRequest::new("d", search, now()).unwrap());
        expected.extend_from_slice(&alone[8..]);
    }
    assert_eq!(body(&of_all(&searches)), expected);
    assert_eq!(of_all(&searches).queries(), 3);
}

#[test]
fn each_is_merged_by_itself() {
    let first = [set(&[(1, 9, 3, "a")]), set(&[(1, 9, 3, "a")]), set(&[])];
    let second =
        [set(&[(2, 8, 1, "b"), (4, 7, 0, "c")]), set(&[(4, 7, 0, "c")]), set(&[(5, 1, 1, "")])];
    let outcomes = [first, second].into_iter().map(|sets| {
        let (verdict, reply) = judged(&sets);
        assert_eq!(verdict, Verdict::Accept);
        ("box:1", Ok(reply))
    });
    let results = merging::merge_all(&of_all(&searches()), outcomes.collect(), Completeness::All);
    let results: Vec<SearchResult> = results.into_iter().map(Result::unwrap).collect();
    assert_eq!(results.iter().map(ids).collect::<Vec<_>>(), [vec![1, 2], vec![4, 1], vec![5]]);
    assert_eq!(results[0].total_found, 3);
    let row = results[1].row(0).unwrap();
    assert_eq!(format!("{:?}", row.value(results[1].column("str").unwrap())), "String(\"c\")");
}

#[test]
fn one_that_is_refused_leaves_the_others_alone() {
    let whole = || [set(&[(1, 9, 3, "a")]), set(&[(1, 9, 3, "a")]), set(&[(7, 1, 1, "")])];
    let bad = [set(&[(2, 9, 3, "a")]), refused("index i: no such attribute"), set(&[])];
    let (verdict, bad) = judged(&bad);
    let text = "index i: no such attribute".to_owned();
    assert_eq!(verdict, Verdict::QueriesRefused(vec![None, Some(text), None]));
    let (_, whole) = judged(&whole());
    let merged =
        |outcomes, completeness| merging::merge_all(&of_all(&searches()), outcomes, completeness);
    let outcomes = || vec![("box:1", Ok(whole.clone())), ("box:2", Ok(bad.clone()))];
    let results = merged(outcomes(), Completeness::BestEffort);
    let shown: Vec<_> = results
        .iter()
        .map(|result| {
            let result = result.as_ref().unwrap();
            (ids(result), result.agents_answered, result.warning.as_deref())
        })
        .collect();
    let warning = "index d: agent box:2: remote query error: index i: no such attribute";
    assert_eq!(shown, [(vec![1, 2], 2, None), (vec![1], 1, Some(warning)), (vec![7], 2, None),]);
    let results = merged(outcomes(), Completeness::All);
    assert!(results[0].is_ok() && results[2].is_ok());
    assert!(matches!(results[1], Err(Error::Unanswered { answered: 1, agents: 2, .. })));
    // An agent that did not answer is missing from all.
    let outcomes = vec![("box:1", Ok(whole.clone())), ("box:2", Err(failure("timed out")))];
    assert!(merged(outcomes, Completeness::All).iter().all(Result::is_err));
}

#[test]
fn a_reply_is_judged_by_its_worst_set() {
    let fine = || set(&[(1, 9, 3, "a")]);
    let warned = || TestSet { status: (3, "hm"), ..fine() };
    let verdict = |sets: [TestSet; 3]| judged(&sets).0;
    assert_eq!(verdict([fine(), warned(), fine()]), Verdict::AcceptWarned);
    let refusals = [refused("one"), refused("two"), refused("three")];
    let each = ["one", "two", "three"].map(|text| Some(text.to_owned()));
    assert_eq!(verdict(refusals), Verdict::QueriesRefused(each.to_vec()));
    let ending = || TestSet { status: (3, "Server shutdown in progress"), ..fine() };
    assert!(matches!(verdict([fine(), ending(), fine()]), Verdict::Unfinished(_)));
    // Two sets are no answer to three queries.
    let short = judged(&[fine(), fine()]).0;
    assert!(matches!(short, Verdict::Malformed(_)), "{short:?}");
    // The first query asked for more rows than the second one.
    let searches = [Search::new("x"), Search::new("x").max_matches(1)];
    let mut reply =
        reply(&[set(&[(1, 1, 1, ""), (2, 1, 1, "")]), set(&[(1, 1, 1, ""), (2, 1, 1, "")])]);
    let verdict = of_all(&searches).judge(&mut reply);
    assert!(matches!(verdict, Verdict::Malformed(_)), "{verdict:?}");
}

/// A daemon that passes over what one of several asks for has answered the others.
#[test]
fn one_with_a_setting_that_the_daemon_lacks_is_refused_alone() {
    let searches = [Search::new("x"), Search::new("x").low_priority(true), Search::new("y")];
    let request = of_all(&searches);
    let mut reply = reply(&[set(&[(1, 9, 3, "a")]), set(&[(1, 9, 3, "a")]), set(&[])]);
    let verdict = request.judge(&mut reply);
    let Verdict::QueriesRefused(texts) = &verdict else { panic!("{verdict:?}") };
    let told = texts.iter().map(|text| text.as_deref().map(|text| text.contains("low priority")));
    assert_eq!(told.collect::<Vec<_>>(), [None, Some(true), None]);
    let results = merging::merge_all(&request, vec![("h", Ok(reply))], Completeness::All);
    assert!(results[0].is_ok() && results[2].is_ok());
    let error = results[1].as_ref().unwrap_err().to_string();
    assert!(error.contains("low priority"), "{error}");
}

#[test]
fn each_of_several_shows_what_it_was_refused_with() {
    let query_errors = ["one", "two", "three"].map(str::to_owned).to_vec();
    let failure = AgentFailure { query_errors, ..failure("one; two; three") };
    let outcomes = vec![("box:1", Err(failure))];
    let results = merging::merge_all(&of_all(&searches()), outcomes, Completeness::BestEffort);
    for (result, text) in results.iter().zip(["one", "two", "three"]) {
        let error = result.as_ref().unwrap_err();
        assert_eq!(error.failures()[0].query_error.as_deref(), Some(text));
    }
}

#[test]
fn retries_are_those_of_the_search_that_has_the_most() {
    let attempts_of_all = |setting: &str, searches: &[Search]| -> Vec<usize> {
        let config =
            format!("index d {{\ntype = distributed\n{setting}\nagent = 127.0.0.1:1:x\n}}\n");
        // One that knows nothing of the mirror; nobody listens there.
        let client = Client::new(&Config::parse(&config, "c.conf").unwrap()).unwrap();
        let results = client.search_all("d", searches).unwrap();
        let failures = results[0].as_ref().unwrap_err().failures();
        failures.iter().map(|failure| failure.attempts.len()).collect()
    };
    let attempts = |setting: &str, searches: &[Search]| attempts_of_all(setting, searches)[0];
    let search = || Search::new("x");
    let retried = |count| search().retries(count, Duration::from_millis(1));
    assert_eq!(attempts("", &[search(), retried(2)]), 3);
    assert_eq!(attempts("", &[retried(2), retried(1), search()]), 3);
    let one = "agent_retry_count = 1\nagent_retry_delay = 1";
    assert_eq!(attempts(one, &[retried(0), search()]), 2);
    assert_eq!(attempts(one, &[retried(0), retried(0)]), 1);
    // What an agent's own line says is that agent's.
    let own = "agent_retry_delay = 1\nagent = 127.0.0.1:2:x[retry_count=2]";
    assert_eq!(attempts_of_all(own, &[retried(0), search()]), [3, 1]);
}

#[test]
fn as_many_as_daemons_take() {
    let many = |count| SearchRequest::batch("d", &vec![Search::new("x"); count], now());
    assert!(many(32).is_ok());
    for (count, expected) in [(0, "no query"), (33, "33 queries are more than 32")] {
        let error = many(count).unwrap_err();
        assert!(matches!(error, Error::Request(_)), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let searches = [Search::new("x"), Search::new("x").max_matches(0)];
    let error = SearchRequest::batch("d", &searches, now()).unwrap_err();
    assert!(error.to_string().contains("query 2 of 2: max_matches 0"), "{error}");
}

#[test]
fn a_local_index_is_searched_by_the_weights_of_its_own_distributed_index() {
    let text = "index a {\ntype = distributed\nlocal = la\nagent = 127.0.0.1:1:x\n}\n\
                index b {\ntype = distributed\nlocal = lb\nagent = 127.0.0.1:1:y\n}\n";
    let config = Config::parse(text, "c.conf").unwrap();
    let options = ClientOptions::default().background(false);
    let client = Client::with_options(&config, options).unwrap();
    let mut batch = client.batch().unwrap();
    let search = Search::new("x").index_weight("b", 20);
    let id = batch.add_search("a, b", &search).unwrap();
    let has_weight_of_all = |local: &str| {
        let body = batch.local_request(id, local).unwrap();
        body.windows(9).any(|bytes| bytes == [0, 0, 0, 1, b'*', 0, 0, 0, 20])
    };
    assert_eq!([has_weight_of_all("la"), has_weight_of_all("lb")], [false, true]);
}
