//! What a real searchd 2.2.11 makes of a configuration, and what the lenient reader makes of it.

mod daemon;
mod lines;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::time::Duration;

use anyhow::{Result, ensure};
use fastrand::Rng;
use hamirror::config::{Agent, Config, Reading};
use hamirror::{Error, limits};

use crate::daemon::Oracle;
use crate::lines::{LINES, lines};

#[test]
fn agent_lines_are_kept_and_skipped_as_the_daemon_does() -> Result<()> {
    for seed in SEEDS {
        let lines = lines(&mut Rng::with_seed(seed));
        let section = |(number, line)| index(&format!("t{number}"), &format!("agent = {line}"));
        let mut sections: String = lines.iter().enumerate().map(section).collect();
        // A daemon without any index does not start.
        sections.push_str(&index("served", "agent = 127.0.0.1:1:x"));
        let pool = "    persistent_connections_limit = 5\n";
        let theirs = Oracle::ask(&sections, pool)?;
        let config = lenient(&sections, pool)?;
        let mut differences = String::new();
        for (number, line) in lines.iter().enumerate() {
            let name = format!("t{number}");
            let read = (served(&config, &name), told_by_reader(&config, number));
            let asked = (theirs.indexes.get(&name).cloned(), theirs.told(&name));
            if read != asked {
                writeln!(differences, "'{line}'\n read as {read:?}\n by searchd {asked:?}")?;
            }
        }
        ensure!(differences.is_empty(), "seed {seed}:\n{differences}");
        let refused = lines.len() + 1 - config.indexes.len();
        ensure!((LINES / 5..LINES * 4 / 5).contains(&refused), "seed {seed}: {refused} refused");
    }
    Ok(())
}

#[test]
fn whole_files_are_served_and_refused_as_the_daemon_does() -> Result<()> {
    let agent = "agent = 127.0.0.1:1:x\n";
    let body = |lines: &str| index("d", &format!("{agent}{lines}"));
    let sections = [
        body("nosuch = 1"),
        body("AGENT = 127.0.0.1:2:x"),
        body("path = /x"),
        body("divide_remote_ranges = 1"),
        body("agent_retry_count = 1"),
        body("mirror_retry_count = 1"),
        body("agent_retry_delay = 1"),
        body("ha_strategy = zzz"),
        body("ha_strategy = NODEADS\nagent = 127.0.0.1:1|127.0.0.1:2:x"),
        body("agent_connect_timeout = -1\nagent_query_timeout = soon"),
        body("agent_connect_timeout = 5s\nagent_query_timeout ="),
        body("local = nosuch"),
        body("local = d, d"),
        body("local = a;b"),
        body("local ="),
        body("type = plain"),
        body("agent_persistent = 127.0.0.1:2:x"),
        body("agent_blackhole = 127.0.0.1:2:x\nagent_persistent = 127.0.0.1:3:x[blackhole=1]"),
        body("agent_blackhole = 127.0.0.1:2:x[blackhole=0]"),
        body("agent ="),
        body("") + "index e : d {\n}\nindex f : d {\n agent = 127.0.0.1:2:x\n}\n",
        body("") + "index e : d {\n agent = 127.0.0.1\n}\n",
        body("") + &index("d", agent),
        body("") + &index("D", agent),
        index("d", ""),
        index("d", "local = nosuch"),
        index("a.b", agent),
        index("a-b", agent),
        index("e : nosuch", agent),
        index("d", agent).replace("index", "table"),
        index("d", agent).replace("index", "section"),
        index("d", agent).replace("distributed", "Distributed"),
        index("d", agent).replace("distributed", "mixed"),
        index("d", agent).replace("type", "#"),
    ];
    let mut refused = 0;
    for sections in sections {
        refused += usize::from(!is_served(&sections, "")?);
    }
    assert_eq!(refused, 9);
    Ok(())
}

#[test]
fn searchd_sections_are_taken_and_refused_as_the_daemon_does() -> Result<()> {
    let sections = index("d", "agent = 127.0.0.1:1:x\nagent_persistent = 127.0.0.1:2:x");
    let mut refused = 0;
    for line in [
        "nosuch = 1",
        "agent = 127.0.0.1:1:x",
        "ha_strategy = nodeads",
        "mirror_retry_count = 1",
        "hostname_lookup = request",
        "HA_PING_INTERVAL = 5",
        "agent_connect_timeout = -1",
        "agent_query_timeout = soon",
        "agent_retry_count = 9",
        "agent_retry_count = -1",
        "agent_retry_delay = 5000",
        "ha_period_karma = 5m",
        "ha_ping_interval = often",
        "ha_ping_interval = 5\nha_ping_interval = x",
        "persistent_connections_limit = 3x",
        "persistent_connections_limit = x3",
        "persistent_connections_limit = -1",
        "persistent_connections_limit = 0",
    ] {
        refused += usize::from(!is_served(&sections, &format!("{line}\n"))?);
    }
    assert_eq!(refused, 5);
    Ok(())
}

#[test]
fn numbers_are_read_as_the_daemon_does() -> Result<()> {
    let sections = index("d", "agent = 127.0.0.1:1:x");
    for value in ["7", "07", "5m", "7 8", "+6", "4294967301", "1000000"] {
        let line = format!("ha_period_karma = {value}\n");
        let read = lenient(&sections, &line)?.searchd.ha_period_karma;
        let asked = Oracle::ask(&sections, &line)?.period_seconds()?;
        ensure!(read == Some(Duration::from_secs(asked)), "{value}: {read:?}, not {asked} s");
    }
    Ok(())
}

/// Whether both serve it, with the same agents; or none does.
fn is_served(sections: &str, searchd: &str) -> Result<bool> {
    let sections = index("served", "agent = 127.0.0.1:9:x") + sections;
    let ours = lenient(&sections, searchd).ok().map(|config| {
        let names = config.indexes.iter().map(|index| index.name.clone());
        names.map(|name| (name.clone(), served(&config, &name))).collect::<BTreeMap<_, _>>()
    });
    let theirs = Oracle::ask(&sections, searchd).ok().map(|oracle| oracle.indexes);
    let theirs = theirs.map(|indexes| {
        indexes.into_iter().map(|(name, agents)| (name, Some(agents))).collect::<BTreeMap<_, _>>()
    });
    ensure!(ours == theirs, "{sections}\n{searchd}\nread as {ours:?}\nby searchd as {theirs:?}");
    Ok(ours.is_some())
}

fn index(name: &str, lines: &str) -> String {
    format!("index {name}\n{{\ntype = distributed\n{lines}\n}}\n")
}

fn file(sections: &str, searchd: &str) -> String {
    format!("{sections}searchd\n{{\nmax_packet_size = 32M\n{searchd}}}\n")
}

fn lenient(sections: &str, searchd: &str) -> Result<Config, Error> {
    Config::parse_as(&file(sections, searchd), "c.conf", Reading::Sphinx)
}

/// Agents of an index, `HOST:PORT:LIST|.. blackhole persistent`; `None` if it is not served.
fn served(config: &Config, name: &str) -> Option<Vec<String>> {
    let shown = |agent: &Agent| {
        let mirrors: Vec<_> = agent.mirrors.iter().map(ToString::to_string).collect();
        shown(&mirrors, agent.blackhole, agent.persistent)
    };
    config.index(name).map(|index| index.agents.iter().map(shown).collect())
}

pub(crate) fn shown(mirrors: &[String], blackhole: bool, persistent: bool) -> String {
    let flag = |is_set, name| if is_set { name } else { "" };
    let (blackhole, persistent) = (flag(blackhole, " blackhole"), flag(persistent, " persistent"));
    format!("{}{blackhole}{persistent}", mirrors.join("|"))
}

/// What both say of an agent line, in the daemon's words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Why it is skipped.
    reason: String,
    /// The text at which that was found, where the daemon tells it.
    near: String,
    pub(crate) unknown_options: BTreeSet<String>,
}

impl Told {
    pub(crate) fn skipped(&mut self, reason: &str, near: &str) {
        self.reason = reason.to_owned();
        let placed = ["colon", "port number", "invalid port", "index list"];
        if placed.iter().any(|word| reason.starts_with(word)) {
            self.near = near.chars().take(limits::DIAGNOSTIC_TEXT_MAX).collect();
        }
    }
}

fn told_by_reader(config: &Config, number: usize) -> Told {
    let place = u32::try_from(number * INDEX_LINES + AGENT_LINE).unwrap_or(0);
    let mut told = Told::default();
    for warning in config.warnings.iter().filter(|warning| warning.line == place) {
        if let Some(reason) = warning.expected.strip_suffix("; the agent is skipped") {
            told.skipped(reason, &warning.text);
        }
        if warning.expected.starts_with("unknown agent option") {
            told.unknown_options.insert(warning.text.clone());
        }
    }
    told
}

/// Each costs a daemon; many more were tried.
const SEEDS: RangeInclusive<u64> = 1..=5;

/// Lines that [`index`] makes, and the one of them that holds the agent.
const INDEX_LINES: usize = 5;
const AGENT_LINE: usize = 4;
