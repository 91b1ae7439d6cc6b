//! The same scripted scenario through a real 2.2.11 master and through hamirror, which asks as
//! that master does (no failover, no pings): both show the same keys in the same order with the
//! same counts, but for those that a case names with its reason.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Result, bail};
use hamirror::status::Show;
use hamirror::{Client, ClientOptions, Config, Search};
use hamirror_tests::alone;
use hamirror_tests::cluster::Cluster;
use hamirror_tests::corpus;
use hamirror_tests::daemon::Daemon;
use hamirror_tests::fake::{FakeDaemon, Fault};
use hamirror_tests::oracle::{Oracle, Query};
use hamirror_tests::relay::{Behaviour, Relay};

#[test]
fn a_master_and_hamirror_show_the_same_counts() -> Result<()> {
    let _machine = alone::on_the_machine();
    let mut world = World::start()?;
    let sections = world.sections();
    let folder = world.cluster.folder().join("master");
    let master = Daemon::start(&folder, &sections, SETTINGS)?;
    let mut oracle = Oracle::connect(master.address())?;
    // A master never sends a request again after RETRY.
    let sections = sections.replace(":packages0", ":packages0[retry_count=0]");
    let text = format!("{sections}searchd\n{{\n{SETTINGS}}}\n");
    let options = ClientOptions::default().failover(false);
    let client = Client::with_options(&Config::parse(&text, "status_oracle.conf")?, options)?;
    for round in 0..ROUNDS {
        world.begin(round)?;
        for case in &world.cases {
            let text = case.text(round);
            // That the faulty mirror's half fails, with which text, is not the question here.
            let query = Query { text: text.to_owned(), ..Query::default() };
            oracle.search(case.name, &query)?;
            client.search(case.name, &Search::new(text))?;
        }
    }
    let mut compared = 0;
    let mut unexpected = String::new();
    for statement in world.statements() {
        let expected = pairs(oracle.sphinxql(&statement)?)?;
        let found = client.status().show(&Show::parse(&statement)?);
        let keys = |rows: &[(String, String)]| -> Vec<String> {
            rows.iter().map(|(key, _)| key.clone()).collect()
        };
        assert_eq!(keys(&found), keys(&expected), "{statement}");
        compared += found.len();
        let allowed = world.differences(&statement, &expected);
        for ((key, found), (_, master)) in found.iter().zip(&expected) {
            let stated = allowed.iter().find(|difference| difference.key == *key);
            let is_right = match stated {
                Some(stated) => (found, master) == (&stated.found, &stated.master),
                None => found == master || is_time(key),
            };
            if !is_right {
                let _ = writeln!(unexpected, "{statement}: {key} {found}, but a master: {master}");
            }
        }
    }
    assert!(compared > 700, "only {compared} rows");
    assert!(unexpected.is_empty(), "{unexpected}");
    Ok(())
}

/// A distributed index of two agents with two mirrors each. Of the first agent one mirror is
/// faulty; all other mirrors are real daemons in order.
struct Case {
    name: &'static str,
    faulty: String,
    healthy: String,
    /// Counts of the faulty mirror, or of its healthy twin, that differ from a master's.
    differences: &'static [Count],
    kind: Kind,
}

/// Whose count it is, its name, its value here and in a master.
type Count = (Mirror, &'static str, u64, u64);

#[derive(Clone, Copy, PartialEq)]
enum Mirror {
    Faulty = 1,
    Healthy = 2,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Some searches are answered with a warning, the last ones without.
    Plain,
    /// Every search is answered with a warning.
    Warned,
}

impl Case {
    fn text(&self, round: usize) -> &'static str {
        let is_warned = self.kind == Kind::Warned || WARNED_ROUNDS.contains(&round);
        if is_warned { TEXT_WITH_A_WARNING } else { "library" }
    }
}

struct World {
    cluster: Cluster,
    cases: Vec<Case>,
    falls_silent: Relay,
    // They serve as long as they live.
    _refusing: Relay,
    _fakes: Vec<FakeDaemon>,
    _twins: Vec<Daemon>,
}

/// A row that is known to differ.
struct Difference {
    key: String,
    found: String,
    master: String,
}

impl World {
    fn start() -> Result<World> {
        let mut cluster = Cluster::start(corpus::synthetic(200, 9), |_| {})?;
        let real = cluster.daemon(0, 0).address();
        let healthy = cluster.daemon(0, 1).address().to_string();
        let refusing = Relay::start(real)?;
        refusing.set(Behaviour::Refuse)?;
        let falls_silent = Relay::start(real)?;
        let (calm, warned) = (cluster.start_mirror(0, None)?, cluster.start_mirror(0, None)?);
        let busy_twin = cluster.start_mirror(0, None)?;
        let mut cases = Vec::new();
        let mut add = |name, faulty: String, differences, kind| {
            let healthy = match name {
                "busy" => busy_twin.address().to_string(),
                "warned" => calm.address().to_string(),
                _ => healthy.clone(),
            };
            cases.push(Case { name, faulty, healthy, differences, kind });
        };
        add("sound", real.to_string(), &[], Kind::Plain);
        add("refuses", refusing.address().to_string(), &[], Kind::Plain);
        add("falls_silent", falls_silent.address().to_string(), &[], Kind::Plain);
        add("warned", warned.address().to_string(), WARNED, Kind::Warned);
        let mut fakes = Vec::new();
        for (name, fault, differences) in faults() {
            let fake = FakeDaemon::start(fault)?;
            add(name, fake.address().to_string(), differences, Kind::Plain);
            fakes.push(fake);
        }
        let twins = vec![calm, warned, busy_twin];
        Ok(World {
            cluster,
            cases,
            falls_silent,
            _refusing: refusing,
            _fakes: fakes,
            _twins: twins,
        })
    }

    fn begin(&mut self, round: usize) -> Result<()> {
        match round {
            // The greeting comes long before the reply, so that everybody knows who speaks first.
            0 => self.falls_silent.set(Behaviour::Delay(Duration::from_millis(200))),
            2 => self.falls_silent.set(Behaviour::Silence),
            _ => Ok(()),
        }
    }

    fn sections(&self) -> String {
        let [one, other] = [0, 1].map(|mirror| self.cluster.daemons()[1][mirror].address());
        let section = |Case { name, faulty, healthy, .. }: &Case| {
            format!(
                "index {name}\n{{\n    type = distributed\n    ha_strategy = roundrobin\n    \
                 agent_connect_timeout = 600\n    agent_query_timeout = 600\n    \
                 agent = {faulty}|{healthy}:packages0\n    agent = {one}|{other}:packages1\n}}\n"
            )
        };
        self.cases.iter().map(section).collect()
    }

    fn statements(&self) -> Vec<String> {
        let mut statements = vec![ALL_HOSTS.to_owned(), TRAFFIC.to_owned()];
        statements.push("SHOW STATUS LIKE 'dist_queries'".to_owned());
        for case in &self.cases {
            let Case { name, faulty, .. } = case;
            statements.push(format!("SHOW AGENT '{name}' STATUS"));
            statements.push(format!("SHOW AGENT '{faulty}' STATUS LIKE '%hostname'"));
            statements.push(format!("SHOW STATUS LIKE 'ag_{name}_%'"));
        }
        statements
    }

    /// Rows of that statement that differ for a reason.
    fn differences(&self, statement: &str, rows: &[(String, String)]) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut differ = |key: String, found: u64, master: u64| {
            let (found, master) = (found.to_string(), master.to_string());
            differences.push(Difference { key, found, master });
        };
        for case in &self.cases {
            for &(mirror, name, found, master) in case.differences {
                let host = if mirror == Mirror::Faulty { &case.faulty } else { &case.healthy };
                if statement == ALL_HOSTS {
                    let of_host =
                        rows.iter().find(|(key, text)| key.ends_with("_hostname") && text == host);
                    let Some((hostname, _)) = of_host else { continue };
                    let prefix = hostname.trim_end_matches("hostname");
                    if name == ERRORS_IN_ROW {
                        differ(format!("{prefix}{name}"), found, master);
                        continue;
                    }
                    for periods in [1, 5, 15] {
                        differ(format!("{prefix}{periods}periods_{name}"), found, master);
                    }
                } else if statement.contains(&format!("'ag_{}_%'", case.name))
                    && name != CONNECT_COUNT
                {
                    differ(format!("ag_{}_1_{}_{name}", case.name, mirror as u8), found, master);
                }
            }
        }
        differences
    }
}

/// Name, behaviour, and what differs.
fn faults() -> Vec<(&'static str, Fault, &'static [Count])> {
    let answers = |reply: &[u8]| Fault::Greet { version: 1, reply: Some(reply.to_vec()) };
    vec![
        ("closes", Fault::Close, &[]),
        ("silent", Fault::Silence, SILENT),
        ("hangs", Fault::Greet { version: 1, reply: None }, &[]),
        ("strange", Fault::Greet { version: 77, reply: Some(Vec::new()) }, &[]),
        ("cut_head", answers(b""), CUT),
        ("cut_body", answers(b"\0\0\x01\x1f\0\0\0\x10abc"), CUT),
        ("huge", answers(b"\0\0\x01\x1f\x7f\xff\xff\xff"), &[]),
        ("short", answers(b"\0\0\x01\x1f\0\0\0\x04\0\0\0\0"), &[]),
        ("error", answers(b"\0\x01\0\0\0\0\0\x08\0\0\0\x04boom"), &[]),
        ("busy", answers(b"\0\x02\0\0\0\0\0\x08\0\0\0\x04busy"), BUSY),
    ]
}

/// Manticore says nothing before its first reply, so a new host that keeps silent is one that was
/// reached and does not answer; one that used to greet first is not reached, as in a master.
const SILENT: &[Count] = &[
    (Mirror::Faulty, "query_timeouts", FAILED, 0),
    (Mirror::Faulty, "connect_timeouts", 0, FAILED),
];

/// An orderly end in the middle of a reply is an unexpected closing, as Manticore counts it.
const CUT: &[Count] = &[
    (Mirror::Faulty, "unexpected_closings", FAILED, 0),
    (Mirror::Faulty, "network_errors", 0, FAILED),
];

/// A warning comes with an answer: it is counted, and no error of the mirror.
const WARNED: &[Count] =
    &[(Mirror::Faulty, ERRORS_IN_ROW, 0, FAILED), (Mirror::Healthy, ERRORS_IN_ROW, 0, FAILED)];

/// A mirror that keeps saying RETRY is in trouble, which a master does not notice.
const BUSY: &[Count] = &[(Mirror::Faulty, ERRORS_IN_ROW, FAILED, 0)];

fn pairs(rows: Vec<Vec<String>>) -> Result<Vec<(String, String)>> {
    let pair = |row: Vec<String>| match <[String; 2]>::try_from(row) {
        Ok([key, value]) => Ok((key, value)),
        Err(row) => bail!("not a key and a value: {row:?}"),
    };
    rows.into_iter().map(pair).collect()
}

/// Times differ from run to run. So do, of SHOW STATUS, four rows that are always 0 in a master.
fn is_time(key: &str) -> bool {
    let times =
        ["lastquery", "lastanswer", "lastperiodmsec", "msecsperqueryy", "total_query_time"];
    let is_always_zero = key.ends_with(CONNECT_COUNT) && !key.contains("periods_");
    let is_time = |name: &&str| key.ends_with(*name);
    is_always_zero || times.iter().chain(&["connect_avg", "connect_max"]).any(is_time)
}

/// Half of them go to each mirror; a mirror with more failures in a row is dead, and hamirror
/// would leave it out where a master goes on asking it.
const ROUNDS: usize = 6;
const FAILED: u64 = 3;

/// One for each mirror, and answers without a warning after it.
const WARNED_ROUNDS: std::ops::Range<usize> = 2..4;
const ERRORS_IN_ROW: &str = "errorsarow";
const CONNECT_COUNT: &str = "connect_count";
const ALL_HOSTS: &str = "SHOW AGENT STATUS";
const TRAFFIC: &str = "SHOW STATUS LIKE 'agent_%'";
const TEXT_WITH_A_WARNING: &str = "\"library files\"/9";
const SETTINGS: &str = "    ha_ping_interval = 0\n    ha_period_karma = 600\n";
