//! Programs in C and C++ that are told what became of each agent: what they print is what Rust is
//! told. No clock decides: what ends early would else end in an hour.

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hamirror::search::{AgentOutcome, Coverage, Search};
use hamirror::sphinxql::Parameters;
use hamirror::{AgentFailure, CallOptions, Client, Config};
use hamirror_tests::daemon::free_port;
use hamirror_tests::fake::{FakeDaemon, Fault};
use hamirror_tests::older::{Knows, ROW, VersionedDaemon};
use hamirror_tests::program::Program;

const SPHINX: Knows = Knows { version: 0x11f, master: 14, is_manticore: false };
const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn outcomes_are_the_same_in_c_and_cpp() -> Result<()> {
    let daemons = [VersionedDaemon::start(SPHINX)?, VersionedDaemon::start(SPHINX)?];
    let [one, other] = [0, 1].map(|number| daemons[number].name());
    let silent = FakeDaemon::start(Fault::Silence)?;
    let partial = FakeDaemon::start(Fault::Greet { version: 1, reply: Some(partial_reply()) })?;
    let dead = format!("127.0.0.1:{}", free_port()?);
    let index = |name: &str, agents: &[&str]| {
        let lines: String = agents.iter().map(|agent| format!("agent = {agent}:i\n")).collect();
        format!("index {name}\n{{\ntype = distributed\n{lines}}}\n")
    };
    let [silent, partial] = [&silent, &partial].map(|fake| fake.address().to_string());
    let text = index("soft", &[&one, &silent, &other])
        + &index("left", &[&format!("{dead}|{one}")])
        + &index("kept", &[&format!("{one}|{other}"), &other])
        + &index("partial", &[&one, &partial]);
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("outcomes.conf");
    fs::write(&config, &text)?;
    let config = Config::read(&config).map(|read| (read, config.display().to_string()))?;

    let key = key_of_the_dead(&config.0)?;
    let expected = listing(&config.0, &key)?;
    for part in [
        "2 complete, 0 partial of 3, none\n",
        "agent 1 index 'soft' local '' host '' complete false partial false attempts 1 kept none \
         failed 1 soft true\n",
        &format!("host '{one}' complete true partial false attempts 2 kept false\n"),
        "attempts 1 kept true\n",
        "1 complete, 1 partial of 2, none\n",
        "0 complete, 0 partial of 0, none\n",
    ] {
        ensure!(expected.contains(part), "{part} is not in {expected}");
    }
    for program in [Program::c("outcomes")?, Program::cpp("outcomes")?] {
        let printed = program.run_every_way(&[&config.1, &key])?;
        ensure!(printed == expected, "{printed}, not as Rust: {expected}");
    }
    Ok(())
}

/// A row, and the warning of a master whose own agent is missing.
fn partial_reply() -> Vec<u8> {
    let warning = "index below: agent box9:9312: connect() timed out";
    let text = [&(warning.len() as u32).to_be_bytes(), warning.as_bytes()].concat();
    let body = [&[0, 0, 0, 3], &text[..], &ROW[4..]].concat();
    [&[0, 0, 1, 0x1f], &(body.len() as u32).to_be_bytes()[..], &body].concat()
}

/// A key whose first mirror of the index `left` is the one that nobody listens on.
fn key_of_the_dead(config: &Config) -> Result<String> {
    let client = Client::new(config)?;
    let kept = |key: &String| {
        let result = client.search_with("left", &Search::new("x"), &patient().mirror_key(key));
        result.is_ok_and(|result| result.outcomes[0].kept_mirror == Some(false))
    };
    (0..64).map(|user| format!("user {user}")).find(kept).context("a key of the dead mirror")
}

fn patient() -> CallOptions {
    CallOptions::default().deadline(HOUR).query_timeout(HOUR).connect_timeout(HOUR)
}

fn listing(config: &Config, key: &str) -> Result<String> {
    let client = Client::new(config)?;
    let soft = patient().soft_timeout(60, 0);
    let search = |index: &str, options: &CallOptions| {
        let result = client.search_with(index, &Search::new("x"), options)?;
        anyhow::Ok(print(result.coverage(), &result.outcomes, &result.failures))
    };
    let mut text = search("soft", &soft)?;
    for statement in ["SELECT * FROM soft", "SHOW TABLES"] {
        let answers = client.execute_with(statement, &Parameters::default(), &soft)?;
        let failures = answers[0].failures();
        let told = match answers[0].result() {
            Some(result) => print(result.coverage(), &result.outcomes, failures),
            None => "0 complete, 0 partial of 0, none\n".to_owned(),
        };
        // A program asks twice: it waits, and it runs a session in a loop of its own.
        text += &format!("{told}{} failures\n", failures.len()).repeat(2);
    }
    let keyed = patient().mirror_key(key);
    text += &search("left", &keyed)?;
    text += &search("kept", &keyed.failover(false))?;
    text += &search("partial", &CallOptions::default())?;
    Ok(text)
}

fn print(coverage: Coverage, outcomes: &[AgentOutcome], failures: &[AgentFailure]) -> String {
    let Coverage { complete, partial, agents, documents, .. } = coverage;
    let documents = documents.map_or_else(|| "none".to_owned(), |share| format!("{share:.1}"));
    let mut text = format!("{complete} complete, {partial} partial of {agents}, {documents}\n");
    for outcome in outcomes {
        let AgentOutcome { index, agent, local, host, attempts, kept_mirror, .. } = outcome;
        let [local, host] = [local, host].map(|text| text.as_deref().unwrap_or_default());
        let kept = kept_mirror.map_or_else(|| "none".to_owned(), |kept| kept.to_string());
        text += &format!(
            "agent {agent} index '{index}' local '{local}' host '{host}' complete {} partial {} \
             attempts {attempts} kept {kept}",
            outcome.is_complete(),
            outcome.is_partial(),
        );
        if let Some(failure) = outcome.failure.and_then(|number| failures.get(number)) {
            let _ = write!(text, " failed {} soft {}", failure.agent, failure.soft_timeout_passed);
        }
        text.push('\n');
    }
    text
}
