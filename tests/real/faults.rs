//! Agents that break the protocol, over real sockets: the mirror is blamed, another one asked,
//! and other agents are not touched.

use anyhow::{Result, ensure};
use hamirror::{Client, Config, Error, FailureKind, Search};
use hamirror_tests::cluster::{Cluster, INDEX};
use hamirror_tests::corpus;
use hamirror_tests::fake::{FakeDaemon, Fault};

#[test]
fn a_mirror_that_misbehaves_costs_nobody_an_answer() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(200, 7), |_| {})?;
    for (name, fault, _) in faults() {
        let fake = FakeDaemon::start(fault)?;
        let client = client(&fake, Some(&cluster), "roundrobin")?;
        for _ in 0..4 {
            let result = client.search(INDEX, &Search::new(""))?;
            let answer = (result.agents_answered, result.agents, result.total_found);
            ensure!(answer == (2, 2, 200), "{name}: {answer:?} {:?}", result.warning);
            ensure!(result.warning.is_none(), "{name}: {:?}", result.warning);
        }
        ensure!(fake.connections() > 0, "{name}: the mirror was never asked");
    }
    Ok(())
}

/// `[retry_count=K]` means 1+K attempts, over the mirrors first, then in further rounds; it counts
/// in place of `agent_retry_count`.
#[test]
fn the_retry_count_of_a_line_says_how_many_attempts_are_made() -> Result<()> {
    for (mirrors, option, expected) in [
        (1, "", 3),
        (1, "[retry_count=0]", 1),
        (1, "[retry_count=3]", 4),
        (2, "", 6),
        (2, "[retry_count=0]", 1),
        (2, "[retry_count=1]", 2),
        (2, "[retry_count=3]", 4),
        (3, "[retry_count=3]", 4),
    ] {
        let fakes = (0..mirrors).map(|_| FakeDaemon::start(Fault::Close));
        let fakes = fakes.collect::<Result<Vec<_>>>()?;
        let hosts: Vec<_> = fakes.iter().map(|fake| fake.address().to_string()).collect();
        let text = format!(
            "index {INDEX} {{\ntype = distributed\nagent = {}:x{option}\n}}\nsearchd {{\n\
             agent_retry_count = 2\nagent_retry_delay = 20\nha_ping_interval = 0\n}}\n",
            hosts.join("|")
        );
        let client = Client::new(&Config::parse(&text, "c.conf")?)?;
        let outcome = client.search(INDEX, &Search::new(""));
        let Err(Error::Unanswered { failures, .. }) = outcome else { panic!("{outcome:?}") };
        let connections: Vec<_> = fakes.iter().map(FakeDaemon::connections).collect();
        let attempts = failures[0].attempts.len();
        ensure!(attempts == expected, "{mirrors}{option}: {attempts} attempts");
        ensure!(connections.iter().sum::<usize>() == expected, "{option}: {connections:?}");
        let (min, max) = (connections.iter().min(), connections.iter().max());
        ensure!(max.is_some_and(|max| *max <= min.copied().unwrap_or(0) + 1), "{connections:?}");
    }
    Ok(())
}

#[test]
fn the_only_mirror_that_misbehaves_is_named_with_its_fault() -> Result<()> {
    for (name, fault, expected) in faults() {
        let fake = FakeDaemon::start(fault)?;
        let outcome = client(&fake, None, "random")?.search(INDEX, &Search::new(""));
        let Err(Error::Unanswered { failures, .. }) = outcome else {
            panic!("{name}: {outcome:?}");
        };
        let text = failures[0].to_string();
        // A refusal of the only mirror may be the query's fault: then no mirror is named.
        let is_named = text.contains(&fake.address().to_string());
        ensure!(is_named || failures[0].query_error.is_some(), "{name}: '{text}' names no host");
        let kinds: Vec<FailureKind> =
            failures[0].attempts.iter().map(|attempt| attempt.kind).collect();
        let is_expected = kinds.iter().all(|kind| expected.contains(kind));
        ensure!(!kinds.is_empty() && is_expected, "{name}: {kinds:?}, not {expected:?}: {text}");
    }
    Ok(())
}

/// An agent of the fake, and of a real mirror of the same shard, beside another real agent.
fn client(fake: &FakeDaemon, cluster: Option<&Cluster>, strategy: &str) -> Result<Client> {
    let fake = fake.address();
    let agents = match cluster {
        None => format!("    agent = {fake}:packages0\n"),
        Some(cluster) => {
            let [one, other] = [0, 1].map(|shard| cluster.daemons()[shard][0].address());
            format!("    agent = {fake}|{one}:packages0\n    agent = {other}:packages1\n")
        }
    };
    let text = format!(
        "index {INDEX}\n{{\n    type = distributed\n    ha_strategy = {strategy}\n    \
         agent_connect_timeout = 400\n    agent_query_timeout = 400\n{agents}}}\n"
    );
    Ok(Client::new(&Config::parse(&text, "faults.conf")?)?)
}

/// Name, behaviour, and what it may count as.
fn faults() -> Vec<(&'static str, Fault, &'static [FailureKind])> {
    use FailureKind::{
        ConnectTimeout, NetworkError, QueryTimeout, RemoteError, RemoteRetry, UnexpectedClosing,
        WrongReply,
    };
    let after_handshake = |bytes: &[u8]| [&HANDSHAKE[..], bytes].concat();
    let say = |bytes: &[u8]| Fault::Say(after_handshake(bytes));
    let hang = |bytes: &[u8]| Fault::SayAndHang(after_handshake(bytes));
    vec![
        ("closes", Fault::Close, &[UnexpectedClosing, NetworkError]),
        ("resets", Fault::Reset, &[NetworkError, UnexpectedClosing]),
        ("silent", Fault::Silence, &[ConnectTimeout, QueryTimeout]),
        ("handshake only", hang(b""), &[QueryTimeout]),
        ("handshake, closes", say(b""), &[UnexpectedClosing, NetworkError]),
        ("half a handshake", Fault::Say(vec![0, 0]), &[UnexpectedClosing, NetworkError]),
        ("wrong version", Fault::Say(vec![0, 0, 0, 77]), &[WrongReply]),
        ("http", Fault::Say(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), &[WrongReply]),
        ("mysql", Fault::SayAndHang(b"\x4a\0\0\0\x0a5.5.21-log".to_vec()), &[WrongReply]),
        ("half a header", hang(b"\0\0\x01"), &[QueryTimeout]),
        ("huge length", hang(b"\0\0\x01\x1f\x7f\xff\xff\xff"), &[WrongReply]),
        ("negative length", hang(b"\0\0\x01\x1f\xff\xff\xff\xff"), &[WrongReply]),
        ("half a body", hang(b"\0\0\x01\x1f\0\0\0\x10abc"), &[QueryTimeout]),
        ("cut body", say(b"\0\0\x01\x1f\0\0\0\x10abc"), &[UnexpectedClosing, NetworkError]),
        ("empty body", say(b"\0\0\x01\x1f\0\0\0\0"), &[WrongReply]),
        ("garbage body", say(b"\0\0\x01\x1f\0\0\0\x08\0\0\0\0\x7f\xff\xff\xff"), &[WrongReply]),
        ("unknown status", say(b"\0\x07\x01\x1f\0\0\0\x04\0\0\0\0"), &[WrongReply, RemoteError]),
        ("error", say(b"\0\x01\0\0\0\0\0\x08\0\0\0\x04boom"), &[RemoteError]),
        ("retry", say(b"\0\x02\0\0\0\0\0\x08\0\0\0\x04busy"), &[RemoteRetry]),
        ("shuts down", say(SHUTTING_DOWN), &[RemoteRetry]),
    ]
}

/// What a 2.2.11 daemon said to a search while it was ended (SIGTERM): a reply without an error
/// and, whatever matches, without all its rows.
const SHUTTING_DOWN: &[u8] = b"\
\0\0\x01\x1f\0\0\0x\0\0\0\x03\0\0\0\x1bServer shutdown in progress\0\0\0\x01\0\0\0\
\x05title\0\0\0\x01\0\0\0\x03gid\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\
\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x07library\0\0\x02\xdb\0\0\x04\xc9\0";

const HANDSHAKE: [u8; 4] = [0, 0, 0, 1];
