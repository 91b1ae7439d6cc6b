//! Replies that a program got by itself: those that agents of a 2.2.11 master were recorded to
//! send, merged to what that master was recorded to answer (`core/tests/captures`).

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use hamirror::internal::wire::search::{Asked, Layout, Reply, Value};
use hamirror::search::{Condition, Grouping, MergeMode, RawMerge, Search, SearchResult};
use hamirror::{Completeness, Error, FailureKind, Product};

use super::set::{MANTICORE, SPHINX, set};

const CASE: &str = "s2_api_g_attr";

fn grouped() -> Search {
    let search = Search::new("").select("id, gid, AVG(fl) af");
    search.group(Grouping::by("gid").order("@count desc")).merge_mode(MergeMode::Master)
}

fn merging(search: Search) -> RawMerge {
    RawMerge::new("d", &[search], UNIX_EPOCH).unwrap()
}

fn capture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    fs::read(folder.join(name)).expect(name)
}

/// Status, version and body of a recorded reply that begins there.
fn reply(stream: &[u8]) -> (u16, u16, Vec<u8>) {
    let number = |place| u16::from_be_bytes([stream[place], stream[place + 1]]);
    (number(0), number(2), stream[8..].to_vec())
}

/// The reply of an agent, behind its handshake.
fn of_agent(letter: &str) -> (u16, u16, Vec<u8>) {
    reply(&capture(&format!("merged/{CASE}.{letter}.s2c.bin"))[4..])
}

fn add(merge: &mut RawMerge, agent: &str, (status, version, body): (u16, u16, Vec<u8>)) {
    merge.add_reply(agent, status, version, body).unwrap();
}

fn finish(merge: RawMerge, completeness: Completeness) -> Result<SearchResult, Error> {
    merge.finish(completeness).unwrap().pop().expect("a result")
}

fn text(value: Value<'_>) -> String {
    match value {
        // What clients get of masters.
        Value::Double(value) => Value::Float(value as f32).to_string(),
        value => value.to_string(),
    }
}

#[test]
fn replies_to_a_master_are_merged_to_its_own_answer() {
    let mut merge = merging(grouped());
    for agent in ["A", "B"] {
        add(&mut merge, agent, of_agent(agent));
    }
    let result = finish(merge, Completeness::All).unwrap();
    let (_, version, body) = reply(&capture(&format!("merged/{CASE}.rep.bin")));
    let asked = Asked { queries: 1, rows_max: 1_000, layout: Layout::of_master(0) };
    let answer = Reply::decode(&body, version, asked).unwrap();
    let expected = &answer.sets[0];
    let names: Vec<&str> = result.columns().iter().map(|column| column.name.as_str()).collect();
    let of_master = expected.columns.iter().map(|column| column.name.text(&body));
    assert_eq!(names, of_master.collect::<Vec<_>>());
    assert!(result.len() > 3 && result.len() == expected.rows.len(), "{}", result.len());
    assert_eq!(result.total_found, u64::from(expected.total_found));
    for (number, row) in result.rows().enumerate() {
        let head = expected.rows.get(&body, number).unwrap();
        assert_eq!((row.id(), row.weight()), (head.id, head.weight), "row {number}");
        for column in 0..names.len() {
            let of_master = expected.value(&body, answer.dialect, number, column).unwrap();
            assert_eq!(text(row.value(column)), text(of_master), "row {number}");
        }
    }
    let hosts: Vec<_> = result.outcomes.iter().map(|outcome| outcome.host.as_deref()).collect();
    assert_eq!(hosts, [Some("A"), Some("B")]);
}

#[test]
fn a_request_is_that_of_a_master_or_asks_for_what_exact_merges_need() {
    let stream = capture(&format!("{CASE}.A.c2s.bin"));
    assert_eq!(merging(grouped()).request("t").unwrap(), stream[4 + 8..]);
    let exact = merging(grouped().merge_mode(MergeMode::Exact)).request("t").unwrap();
    assert!(exact.len() > stream.len(), "sums are asked for beside averages");
    assert!(matches!(merging(grouped()).request(" , "), Err(Error::Request(_))));
}

#[test]
fn texts_of_filters_are_in_the_words_of_the_agent() {
    let mut merge = merging(Search::new("x").filter("s", Condition::any_text(["one"])));
    let body = || set(&[]).body();
    let has = |request: &[u8], text: &[u8]| request.windows(text.len()).any(|part| part == text);
    let refused = |merge: &mut RawMerge, version, told: &str| match merge.add_reply(
        "box1",
        0,
        version,
        body(),
    ) {
        Err(Error::Request(text)) => assert!(text.contains(told), "{text}"),
        taken => panic!("{version:#x}: {taken:?}"),
    };
    // Asked in words that it reads otherwise, an agent finds nothing.
    assert!(has(&merge.request("t").unwrap(), b"'one'"));
    refused(&mut merge, MANTICORE, "agent box1 is of Manticore");
    merge.set_asked(0x11f, 14, Product::Unknown).unwrap();
    refused(&mut merge, MANTICORE, "agent box1 is of Manticore");
    add(&mut merge, "box1", (0, SPHINX, body()));
    for (version, master) in [(0x11f, 14), (0x119, 6)] {
        merge.set_asked(version, master, Product::Manticore).unwrap();
        let request = merge.request("t").unwrap();
        assert!(has(&request, b"one") && !has(&request, b"'one'"), "{version:#x}");
    }
    merge.set_asked(0x11f, 14, Product::Manticore).unwrap();
    refused(&mut merge, SPHINX, "agent box1 is of Sphinx");
    add(&mut merge, "box2", (0, MANTICORE, body()));
    assert_eq!(finish(merge, Completeness::All).unwrap().coverage().complete, 2);
}

#[test]
fn agents_without_an_answer_are_failures_of_their_kind() {
    let error = |text: &str| [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
    let mut merge = merging(grouped());
    add(&mut merge, "A", of_agent("A"));
    add(&mut merge, "box1", (1, 0, error("unknown local index")));
    add(&mut merge, "box2", (2, 0, error("maxed out")));
    merge.add_failure("box3", FailureKind::QueryTimeout, "query timed out\n");
    let (status, version, body) = of_agent("B");
    for wrong in [body[..body.len() - 1].to_vec(), Vec::new()] {
        let refused = merge.add_reply("B", status, version, wrong);
        let told = matches!(&refused, Err(Error::Request(text)) if text.contains("agent B"));
        assert!(told, "{refused:?}");
    }
    for status in [4, 9] {
        assert!(merge.add_reply("B", status, version, body.clone()).is_err());
    }
    let warned = [error("low disk space"), body].concat();
    add(&mut merge, "B", (3, version, warned));
    let result = finish(merge, Completeness::BestEffort).unwrap();
    let coverage = result.coverage();
    assert_eq!((coverage.complete, coverage.agents), (2, 5));
    let told: Vec<_> =
        result.failures.iter().map(|failure| (failure.agent, failure.attempts[0].kind)).collect();
    let expected = [
        (1, FailureKind::RemoteError),
        (2, FailureKind::RemoteRetry),
        (3, FailureKind::QueryTimeout),
    ];
    assert_eq!(told, expected);
    let warning = result.warning.unwrap();
    for part in ["agent box1: ", "unknown local index", "maxed out", "low disk space"] {
        assert!(warning.contains(part), "{part} is not in {warning}");
    }
    assert!(warning.contains("query timed out\\n"), "nothing ends its line: {warning}");
}

#[test]
fn completeness_and_layouts_are_checked() {
    let mut merge = merging(grouped());
    for (version, master) in [(0x118, 14), (0x121, 14), (0x11f, 0), (0x11f, 15)] {
        let refused = merge.set_asked(version, master, Product::Sphinx);
        assert!(matches!(refused, Err(Error::Request(_))), "{version:#x} {master}");
    }
    merge.set_asked(0x119, 6, Product::Sphinx).unwrap();
    assert!(merge.request("t").unwrap().starts_with(&[0, 0, 0, 6, 0, 0, 0, 1]));
    // Agents that were asked otherwise reply otherwise.
    let (status, version, body) = of_agent("A");
    assert!(merge.add_reply("A", status, version, body).is_err());

    let mut merge = merging(grouped());
    add(&mut merge, "A", of_agent("A"));
    merge.add_failure("box3", FailureKind::ConnectFailure, "refused");
    let unanswered = finish(merge, Completeness::All);
    assert!(matches!(unanswered, Err(Error::Unanswered { answered: 1, agents: 2, .. })));
    let refused = merging(grouped()).finish(Completeness::AtLeast { percent: 0 });
    assert!(matches!(refused, Err(Error::Request(_))));
    assert!(matches!(RawMerge::new("d", &[], UNIX_EPOCH), Err(Error::Request(_))));
}
