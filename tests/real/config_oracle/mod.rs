//! What a real searchd 2.2.11 makes of a configuration, and what the lenient reader makes of it.

mod daemon;
mod lines;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use anyhow::{Result, ensure};
use fastrand::Rng;
use hamirror::Error;
use hamirror::config::{Agent, Config, Reading};
use hamirror::internal::limits::DIAGNOSTIC_TEXT_MAX;

use daemon::Oracle;
use lines::{LINES, lines};

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
            let place = number * INDEX_LINES + AGENT_LINE;
            let read = (served(&config, &name), told_by_reader(&config, place..place + 1));
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

/// Of an index with several lines both keep the same, but for one thing: the daemon adds the
/// mirrors and options of a skipped line to the next one that it keeps, and asks the former for
/// another shard.
#[test]
fn several_lines_of_an_index_are_kept_and_skipped_as_the_daemon_does() -> Result<()> {
    for seed in SEEDS {
        let mut random = Rng::with_seed(seed);
        let lines = lines(&mut random);
        let indexes: Vec<_> = lines.chunks(LINES_OF_AN_INDEX).collect();
        let section = |(number, lines): (usize, &&[String])| {
            let keys = keys_in_order(&mut random, lines.len());
            let lines = keys.iter().zip(lines.iter());
            let lines: Vec<_> = lines.map(|(key, line)| format!("{key} = {line}")).collect();
            index(&format!("t{number}"), &lines.join("\n"))
        };
        let mut sections: String = indexes.iter().enumerate().map(section).collect();
        sections.push_str(&index("served", "agent = 127.0.0.1:1:x"));
        let pool = "persistent_connections_limit = 5\n";
        let theirs = Oracle::ask(&sections, pool)?;
        let config = lenient(&sections, pool)?;
        let mut differences = String::new();
        let mut additions = 0;
        let mut start = 1;
        for (number, lines) in indexes.iter().enumerate() {
            let name = format!("t{number}");
            let places = start + AGENT_LINE - 1..start + AGENT_LINE - 1 + lines.len();
            start = places.end + 1;
            let told = told_by_reader(&config, places.clone());
            let read = served(&config, &name);
            let asked = theirs.indexes.get(&name);
            let added = added_mirrors(read.as_deref(), asked.map(Vec::as_slice));
            additions += added.unwrap_or(0);
            let is_same = added.is_some_and(|added| added == 0 || !told.skipped.is_empty());
            if !is_same || told != theirs.told(&name) {
                let asked = (asked, theirs.told(&name));
                writeln!(differences, "{lines:#?}\n read as {read:?} {told:?}\n {asked:?}")?;
            }
        }
        ensure!(differences.is_empty(), "seed {seed}:\n{differences}");
        ensure!(additions > 0, "seed {seed}: the daemon added no mirror to any line");
    }
    Ok(())
}

/// Keys of so many lines, in the order in which a daemon reads them.
fn keys_in_order(random: &mut Rng, count: usize) -> Vec<&'static str> {
    const KEYS: [&str; 3] = ["agent", "agent_persistent", "agent_blackhole"];
    let mut numbers: Vec<_> = (0..count).map(|_| random.usize(0..KEYS.len())).collect();
    numbers.sort_unstable();
    numbers.into_iter().map(|number| KEYS[number]).collect()
}

/// How many mirrors stand in the daemon's agents before those that were read; `None` if anything
/// else differs.
fn added_mirrors(read: Option<&[String]>, asked: Option<&[String]>) -> Option<usize> {
    let (read, asked) = match (read, asked) {
        (None, None) => return Some(0),
        (Some(read), Some(asked)) if read.len() == asked.len() => (read, asked),
        _ => return None,
    };
    let mirrors = |agent: &str| agent.trim_end_matches(FLAGS[1]).trim_end_matches(FLAGS[0]).len();
    let added = read.iter().zip(asked).map(|(read, asked)| {
        let (read, flags) = read.split_at(mirrors(read));
        let (asked, asked_flags) = asked.split_at(mirrors(asked));
        let before = asked.strip_suffix(read)?;
        let is_same = before.is_empty() && flags == asked_flags;
        (is_same || before.ends_with('|')).then(|| before.matches('|').count())
    });
    added.sum()
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
fn a_file_without_a_served_index_is_refused_as_by_the_daemon() -> Result<()> {
    let rt = "index p {\ntype = rt\nrt_field = f\nrt_attr_uint = a\npath = p\n}\n";
    let mut refused = 0;
    for sections in [
        String::new(),
        rt.to_owned(),
        rt.replace("rt_field", "rt_attr_uint"),
        rt.replace("rt\n", "template\n"),
        "index p {\nsource = s\n}\n".to_owned(),
        index("d", ""),
        index("d", "agent = 127.0.0.1"),
        index("d", "agent = 127.0.0.1:1:x"),
        index("d", "local = p") + rt,
    ] {
        let ours = lenient(&sections, "").is_ok();
        let theirs = Oracle::ask(&sections, "").is_ok();
        ensure!(ours == theirs, "{sections}\nread: {ours}, by searchd: {theirs}");
        refused += usize::from(!ours);
    }
    assert_eq!(refused, 5);
    Ok(())
}

/// Locals are told by what is left of an index without any other agent.
#[test]
fn local_indexes_count_as_the_daemon_counts_them() -> Result<()> {
    let local = index("d", "local = p");
    let rt = "type = rt\nrt_field = f\nrt_attr_uint = a\npath = p";
    let plain = |keys: &str| format!("index p {{\n{keys}\n}}\n");
    let mut served = 0;
    for sections in [
        plain("path = p") + &local,
        plain("type = plain\npath = p") + &local,
        plain("path =") + &local,
        plain("source = s") + &local,
        plain(rt) + &local,
        local.clone() + &plain(rt),
        plain(&rt.replace("rt_field = f", "")) + &local,
        plain(&rt.replace("rt_attr_uint = a", "")) + &local,
        plain(&rt.replace("path = p", "")) + &local,
        plain(&rt.replace("path", "Path")) + &local,
        plain(&rt.replace("rt\n", "RT\n")) + &local,
        plain("type = template") + &local,
        plain("type = percolate\npath = p") + &local,
        index("p", "agent = 127.0.0.1:1:x") + &local,
        plain(rt).replace(" p ", " q ") + "index p : q {\npath = o\n}\n" + &local,
        plain(rt) + &index("d", "local = q, p"),
        plain(rt) + &index("d", "local = P"),
    ] {
        let served_too = index("served", "agent = 127.0.0.1:9:x") + &sections;
        let ours = lenient(&served_too, "")?.index("d").is_some();
        let theirs = Oracle::ask(&served_too, "")?.indexes.contains_key("d");
        ensure!(ours == theirs, "{sections}\nread as served: {ours}, by searchd: {theirs}");
        served += usize::from(ours);
    }
    assert_eq!(served, 6);
    Ok(())
}

#[test]
fn sections_and_layouts_are_taken_and_refused_as_the_daemon_does() -> Result<()> {
    let d = index("d", "agent = 127.0.0.1:1:x");
    let name = |length| "n".repeat(length);
    let mut refused = 0;
    for sections in [
        format!("\u{feff}{d}"),
        d.replace("d\n{", "d # c\n{"),
        d.replace("d\n{", "d\n# c\n{"),
        d.replace("d\n{", "d\n{ # c\n"),
        d.replace("index d", "index # c\nd"),
        format!("{d}index e : # c\nd {{\n}}\n"),
        format!("{d}index e : d # c\n{{\n}}\n"),
        format!("{d}index e # c\n: d {{\n}}\n"),
        format!("{d}index e : e {{\n}}\n"),
        format!("{d}source s {{\n}}\nsource s {{\n}}\n"),
        format!("{d}source s : nope {{\n}}\n"),
        format!("{d}source s : t {{\n}}\nsource t {{\n}}\n"),
        format!("{d}source s : s {{\n}}\n"),
        format!("{d}source d {{\nTYPE = mysql\n}}\n"),
        format!("{d}source s.t {{\n}}\n"),
        format!("{d}source s {{\nnosuch = 1\n}}\n"),
        format!("{d}indexer {{\nmem_limit = 1M\n}}\ncommon {{\nplugin_dir = /x\n}}\n"),
        format!("{d}indexer {{\nnosuch = 1\n}}\n"),
        format!("{d}common {{\nmem_limit = 1\n}}\n"),
        format!("{d}indexer {{\n}}\nindexer {{\n}}\n"),
        format!("{d}common {{\n}}\ncommon {{\n}}\n"),
        format!("{d}Index i {{\n}}\n"),
        format!("{d}Index i {{\ntype = rt\n}}\n"),
        format!("{d}Indexer {{\n}}\nindexer {{\n}}\n"),
        format!("{d}Foo {{\n}}\n"),
        format!("{d}#{}\n", "x".repeat(8_189)),
        format!("{d}#{}\n", "x".repeat(8_190)),
        format!("{d}#{}\r\n", "x".repeat(8_189)),
        format!("{d}source s {{\nsql_query = {}x\n}}\n", format!("{}\\\n", name(8_000)).repeat(3)),
        d.replace("index d", &format!("index {}", name(63))),
        d.replace("index d", &format!("index {}", name(64))),
        format!("{d}source {} {{\n}}\n", name(64)),
        format!("{d}index a {{\npath = /x\n}}\nindex b : a {{\n}}\n"),
        d.replace("distributed", "distributed\npath = /x") + "index a {\npath = /x\n}\n",
        index("d", "Agent = 127.0.0.1:1:x"),
        d.replace("type", "Type"),
    ] {
        refused += usize::from(!is_served(&sections, "")?);
    }
    assert_eq!(refused, 22);
    Ok(())
}

/// The daemon takes a text that ends within its last section, and loses what is not complete.
#[test]
fn a_text_may_end_where_the_daemon_lets_it() -> Result<()> {
    let mut agents = BTreeMap::new();
    for tail in TAILS {
        let end = format!("index d {{\ntype = distributed\nagent = 127.0.0.1:1:x\n{tail}");
        let (text, oracle) =
            Oracle::ask_with_end(&index("served", "agent = 127.0.0.1:9:x"), &end)?;
        let ours = Config::parse_as(&text, "c.conf", Reading::Sphinx).ok();
        let ours = ours.as_ref().and_then(|config| served(config, "d"));
        let theirs = oracle.and_then(|mut oracle| oracle.indexes.remove("d"));
        ensure!(ours == theirs, "{tail:?}: read as {ours:?}, by searchd as {theirs:?}");
        *agents.entry(ours.map_or(0, |agents| agents.len())).or_insert(0) += 1;
    }
    assert_eq!(agents, BTreeMap::from([(0, 3), (1, 12), (2, 2)]));
    Ok(())
}

/// What follows the first agent of a section that is not closed.
const TAILS: &[&str] = &[
    "",
    "}",
    "# end",
    "agent = 127.0.0.1:2:y\n",
    "agent = 127.0.0.1:2:y # end",
    "agent = 127.0.0.1:2:y",
    "agent = 127.0.0.1:2:y }",
    "agent = 127.0.0.1:2:y\\\n",
    "agent =",
    "agent",
    "age",
    "}\nind",
    "}\nindex",
    "}\nindex e",
    "}\n}",
    "}\nFoo {",
    "index e {\n}\n",
];

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
        "workers = threads",
        "workers = thread_pool",
        "workers = THREADS",
        "workers =",
        "Workers = thread_pool",
        "workers = threads\nworkers = thread_pool",
        "binlog_flush = 2",
        "binlog_flush = 3",
        "binlog_flush = x",
        "query_log =",
        "max_filters = 1x",
        "max_filters = x",
        "max_filters = 10240",
        "max_filters = 10241",
        "max_filter_values = 0",
        "max_filter_values = 10485760",
        "max_filter_values = 10485761",
    ] {
        refused += usize::from(!is_served(&sections, &format!("{line}\n"))?);
    }
    assert_eq!(refused, 14);
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
    format!("{sections}searchd\n{{\npid_file = /x\nmax_packet_size = 32M\n{searchd}}}\n")
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
    let (blackhole, persistent) = (flag(blackhole, FLAGS[0]), flag(persistent, FLAGS[1]));
    format!("{}{blackhole}{persistent}", mirrors.join("|"))
}

const FLAGS: [&str; 2] = [" blackhole", " persistent"];

/// What both say of the agent lines of an index, in the daemon's words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Why lines are skipped, and the text at which that was found, where the daemon tells it.
    pub(crate) skipped: Vec<(String, String)>,
    pub(crate) unknown_options: BTreeSet<String>,
}

impl Told {
    pub(crate) fn skipped(&mut self, reason: &str, near: &str) {
        let placed = ["colon", "port number", "invalid port", "index list"];
        let is_placed = placed.iter().any(|word| reason.starts_with(word));
        let near = if is_placed { near } else { "" };
        let near = near.chars().take(DIAGNOSTIC_TEXT_MAX).collect();
        self.skipped.push((reason.to_owned(), near));
    }
}

fn told_by_reader(config: &Config, places: Range<usize>) -> Told {
    let mut told = Told::default();
    for warning in &config.warnings {
        if !places.contains(&(warning.line as usize)) {
            continue;
        }
        if let Some((reason, _)) = warning.expected.split_once("; the agent is skipped") {
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
const LINES_OF_AN_INDEX: usize = 4;
const AGENT_LINE: usize = 4;
