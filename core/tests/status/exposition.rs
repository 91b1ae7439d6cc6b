//! The text for Prometheus, read back by a strict reader of its format.

use std::collections::{BTreeMap, HashMap, HashSet};

use std::sync::atomic::Ordering::Relaxed;

use hamirror::internal::status;
use hamirror::status::Counter;
use hamirror::status::Traffic;
use hamirror::{ClientOptions, FailureKind};

use super::World;

const CONFIG: &str = "
index d {
  type = distributed
  ha_strategy = nodeads
  agent = 127.0.0.1:1|127.0.0.1:2:i
  agent = /tmp/one_two.sock:i
  agent_blackhole = 127.0.0.1:3:i
}
searchd { }
";

type Labels = BTreeMap<String, String>;

/// A metric family: its type, and its samples with the names that they were written under.
#[derive(Default)]
struct Family {
    kind: String,
    samples: Vec<(String, Labels, f64)>,
}

#[test]
fn the_text_keeps_to_the_format() {
    let world = World::new(CONFIG);
    world.answer("127.0.0.1:1", 1_500, 2.0);
    world.answer("127.0.0.1:1", 300_000_000_000, 3.0);
    world.fail("127.0.0.1:2", FailureKind::ConnectFailure, 70, 2.0);
    let mut status = world.status(3.0);
    status.blackhole_drops = 7;
    status.traffic = Traffic { agent_connects: 3, ..Traffic::default() };
    let families = read(&status.prometheus());
    let sum = |name: &str, with: &[(&str, &str)]| -> f64 {
        let family = &families[name];
        let fits = |labels: &Labels| with.iter().all(|(key, value)| labels[*key] == *value);
        family.samples.iter().filter(|(_, labels, _)| fits(labels)).map(|sample| sample.2).sum()
    };
    let queries = "hamirror_host_queries_total";
    assert_eq!(families[queries].samples.len(), 4 * Counter::ALL.len());
    assert_eq!(sum(queries, &[("host", "127.0.0.1:1"), ("outcome", "succeeded")]), 2.0);
    assert_eq!(sum(queries, &[("outcome", "connect_failure")]), 1.0);
    assert_eq!(sum(queries, &[]), 3.0);
    assert_eq!(sum("hamirror_host_up", &[]), 4.0);
    assert_eq!(sum("hamirror_host_state", &[("state", "living")]), 4.0);
    assert_eq!(sum("hamirror_host_state", &[]), 4.0);
    assert_eq!(sum("hamirror_blackhole_drops_total", &[]), 7.0);
    assert_eq!(sum("hamirror_connects_begun_total", &[]), 3.0);
    let failure = [("kind", "connect_failure"), ("phase", "connect")];
    assert_eq!(sum("hamirror_host_last_failure_age_seconds", &failure), 1.0);
    let shares = sum("hamirror_mirror_share_ratio", &[("index", "d"), ("agent", "0")]);
    assert!((shares - 1.0).abs() < 1e-9, "{shares}");
    let histogram = &families["hamirror_host_query_duration_seconds"];
    let of_first = |name: &str, le: Option<&str>| {
        let found = histogram.samples.iter().find(|(sample, labels, _)| {
            sample.ends_with(name)
                && labels["host"] == "127.0.0.1:1"
                && labels.get("le").map(String::as_str) == le
        });
        found.unwrap().2
    };
    assert_eq!(of_first("_count", None), 2.0);
    assert_eq!(of_first("_sum", None), 300_000.001_5);
    assert_eq!(of_first("_bucket", Some("0.001024")), 0.0);
    assert_eq!(of_first("_bucket", Some("0.002048")), 1.0);
    assert_eq!(of_first("_bucket", Some("+Inf")), 2.0);
}

/// What an alert is made of: agents without a mirror, and requests that nobody answered.
#[test]
fn agents_without_mirrors_and_answers() {
    let world = World::new(CONFIG);
    let value = |second: f64, name: &str, labels: &[(&str, &str)]| {
        let families = read(&world.status(second).prometheus());
        let fits = |found: &Labels| labels.iter().all(|(key, value)| found[*key] == *value);
        let found = families[name].samples.iter().find(|(_, found, _)| fits(found));
        found.unwrap_or_else(|| panic!("{name} {labels:?}")).2
    };
    let up = |second, agent| {
        value(second, "hamirror_agent_mirrors_up", &[("index", "d"), ("agent", agent)])
    };
    let dead =
        |second, host| value(second, "hamirror_host_state", &[("host", host), ("state", "dead")]);
    assert_eq!((up(1.0, "0"), up(1.0, "1"), dead(1.0, "127.0.0.1:2")), (2.0, 1.0, 0.0));
    for _ in 0..8 {
        world.fail("127.0.0.1:2", FailureKind::ConnectFailure, 70, 2.0);
    }
    assert_eq!((up(2.1, "0"), up(2.1, "1"), dead(2.1, "127.0.0.1:2")), (1.0, 1.0, 1.0));
    for _ in 0..8 {
        world.fail("127.0.0.1:1", FailureKind::QueryTimeout, 70, 3.0);
    }
    assert_eq!((up(3.1, "0"), up(3.1, "1"), dead(3.1, "127.0.0.1:1")), (0.0, 1.0, 1.0));
    let unanswered =
        |agent| value(3.1, "hamirror_agent_unanswered_total", &[("index", "d"), ("agent", agent)]);
    world.topology.indexes["d"].agents[0].unanswered.fetch_add(3, Relaxed);
    assert_eq!((unanswered("0"), unanswered("1")), (3.0, 0.0));
    // A reload does not set counters back.
    let config = &world.topology.config;
    let reloaded = world.topology.reload(config, &ClientOptions::default(), world.at(4.0));
    assert_eq!(status::picture(&reloaded, 0, world.at(4.0)).agents[0].unanswered, 3);
}

#[test]
fn labels_are_escaped() {
    let world = World::new(CONFIG);
    let mut status = world.status(0.0);
    let odd = "/tmp/a\"b\\c\nd,e}ä=1";
    status.hosts[0].name = odd.to_owned();
    let families = read(&status.prometheus());
    let up = &families["hamirror_host_up"].samples;
    assert!(up.iter().any(|(_, labels, _)| labels["host"] == odd));
}

#[test]
fn a_client_without_agents_is_still_well_formed() {
    let mut status = World::new(CONFIG).status(0.0);
    status.hosts.clear();
    status.agents.clear();
    read(&status.prometheus());
}

/// Reads the text and checks: HELP, then TYPE, then the samples of each family in one run; names,
/// labels, values; no sample twice; histograms that add up; `_total` on counters only.
fn read(text: &str) -> HashMap<String, Family> {
    assert!(text.ends_with('\n') && !text.contains('\r') && !text.contains("\n\n"));
    let mut families: HashMap<String, Family> = HashMap::new();
    let mut series = HashSet::new();
    let mut running = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            assert!(is_name(name) && !help.is_empty(), "{line}");
            let kind = lines.next().and_then(|line| line.strip_prefix(&format!("# TYPE {name} ")));
            let kind = kind.unwrap_or_else(|| panic!("no TYPE after {line}"));
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{kind}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
            let family = Family { kind: kind.to_owned(), samples: Vec::new() };
            assert!(families.insert(name.to_owned(), family).is_none(), "{name} comes twice");
            running = name.to_owned();
            continue;
        }
        let (name, labels, value) = read_sample(line);
        assert!(!labels.contains_key("quantile"), "for summaries alone: {line}");
        let family = families.get_mut(&running).unwrap();
        let suffix = name.strip_prefix(&running).unwrap_or_else(|| panic!("{name} in {running}"));
        let suffixes: &[&str] =
            if family.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
        assert!(suffixes.contains(&suffix), "{name} in {running}");
        assert!(family.kind != "counter" || value >= 0.0, "{line}");
        assert!(series.insert((name.clone(), labels.clone())), "{line} comes twice");
        family.samples.push((name, labels, value));
    }
    families.values().filter(|family| family.kind == "histogram").for_each(check_histogram);
    families
}

fn read_sample(line: &str) -> (String, Labels, f64) {
    let end = line.find(['{', ' ']).unwrap();
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels = Labels::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap();
            assert!(is_name(label) && !label.contains(':') && !label.starts_with("__"), "{line}");
            let (value, after) = read_quoted(after);
            assert!(labels.insert(label.to_owned(), value).is_none(), "{line}");
            if let Some(after) = after.strip_prefix('}') {
                rest = after;
                break;
            }
            rest = after.strip_prefix(',').unwrap_or_else(|| panic!("{line}"));
        }
    }
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("{line}"));
    assert!(!value.contains(' '), "{line}");
    (name.to_owned(), labels, value.parse().unwrap_or_else(|_| panic!("{line}")))
}

fn read_quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next().expect("a closing quote") {
            '"' => return (value, chars.as_str()),
            '\\' => value.push(match chars.next() {
                Some('n') => '\n',
                Some(escaped @ ('"' | '\\')) => escaped,
                other => panic!("unknown escape {other:?}"),
            }),
            other => value.push(other),
        }
    }
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    let letter = |character: char| character.is_ascii_alphabetic() || character == '_';
    chars.next().is_some_and(letter)
        && chars.all(|character| letter(character) || character.is_ascii_digit())
}

fn check_histogram(family: &Family) {
    let mut by_host: HashMap<&str, Vec<(f64, f64)>> = HashMap::new();
    let mut counts = HashMap::new();
    for (name, labels, value) in &family.samples {
        if name.ends_with("_bucket") {
            let bound = labels["le"].parse().unwrap();
            by_host.entry(&labels["host"]).or_default().push((bound, *value));
        } else if name.ends_with("_count") {
            counts.insert(labels["host"].as_str(), *value);
        }
    }
    assert_eq!(by_host.len(), counts.len());
    for (host, buckets) in by_host {
        let rising = buckets.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 <= two[1].1);
        assert!(rising, "{host}");
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, counts[host])), "{host}");
    }
}
