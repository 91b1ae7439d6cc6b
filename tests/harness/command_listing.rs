//! What programs ask beside searches in each language, and how each prints it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use hamirror::command::{
    self, Counters, ExcerptFlag, ExcerptOptions, HtmlStrip, Mirrored, NewValue, PassageBoundary,
    Update, Written,
};
use hamirror::sphinxql::Parameters;
use hamirror::{AgentFailure, CallOptions, Client, Config};

use crate::cluster::{Cluster, INDEX, local_index};
use crate::daemon::free_port;
use crate::fake::{FakeDaemon, Fault};

/// Mirrors of two agents, of which one each does not answer.
#[derive(Debug)]
pub struct Site {
    /// Configuration of the index.
    pub config: PathBuf,
    /// Host on which nobody listens: it can't have made a change.
    pub dead: String,
    /// Host that takes a request and closes the connection: it may have made a change.
    pub closing: String,
    _closing: FakeDaemon,
}

impl Site {
    /// Puts a live mirror of the cluster before each of the others.
    pub fn over(cluster: &mut Cluster) -> Result<Site> {
        let closing = FakeDaemon::start(Fault::Greet { version: 1, reply: Some(Vec::new()) })?;
        let dead = format!("127.0.0.1:{}", free_port()?);
        let others = [dead.clone(), closing.address().to_string()];
        let mut text = format!("index {INDEX}\n{{\n    type = distributed\n{PATIENCE}");
        for (shard, other) in others.iter().enumerate() {
            let live = cluster.daemon(shard, 0).address();
            let _ = writeln!(text, "    agent = {live}|{other}:{}", local_index(shard));
        }
        let config = cluster.folder().join("commands.conf");
        fs::write(&config, text + "}\n")?;
        let [_, host] = others;
        Ok(Site { config, dead, closing: host, _closing: closing })
    }
}

/// Time for programs that a tool watches, and no second attempt on a mirror.
const PATIENCE: &str = "    agent_connect_timeout = 20000\n    agent_query_timeout = 60000\n    \
                        agent_retry_count = 0\n";

/// Every command through the library; programs in other languages print the same.
pub fn command_listing(config: &Path, index: &str) -> Result<String> {
    let client = Client::new(&Config::read(config)?)?;
    let mut text = format!("escape {}\n", command::escape("a-b (c) \"d\""));
    excerpts(&mut text, &client, index)?;
    keywords(&mut text, &client, index)?;
    changes(&mut text, &client, index)?;
    let asked = CallOptions::default();
    let flushed = client.flush_attributes(index, &asked)?;
    mirrors(&mut text, "flush", &flushed, |flush| u8::from(*flush > 0).to_string());
    let told = client.daemon_status(index, &asked)?;
    mirrors(&mut text, "status", &told, |rows: &Counters| {
        let first = rows.first().map_or("", |(key, _)| key);
        format!("{first} {}", rows.len() > 20)
    });
    Ok(text)
}

fn excerpts(text: &mut String, client: &Client, index: &str) -> Result<()> {
    let asked = CallOptions::default();
    let documents = ["a <i>small</i> library of files", "", "no such word", "library files"];
    let plain = client.excerpts(index, &documents, "library", &ExcerptOptions::new(), &asked)?;
    let options = ExcerptOptions::new()
        .before_match("[%PASSAGE_ID%:")
        .after_match("]")
        .chunk_separator("~")
        .limit(20)
        .around(1)
        .limit_passages(2)
        .limit_words(4)
        .start_passage_id(7)
        .html_strip(HtmlStrip::Strip)
        .passage_boundary(PassageBoundary::None)
        .flag(ExcerptFlag::QueryMode, true)
        .flag(ExcerptFlag::AllowEmpty, true)
        .flag(ExcerptFlag::RemoveSpaces, false);
    let marked = client.excerpts(index, &documents, "library files", &options, &asked)?;
    for excerpt in plain.iter().chain(&marked) {
        let _ = writeln!(text, "excerpt {}", String::from_utf8_lossy(excerpt));
    }
    Ok(())
}

fn keywords(text: &mut String, client: &Client, index: &str) -> Result<()> {
    for with_statistics in [true, false] {
        let asked = CallOptions::default();
        let told = client.keywords(index, "library of nosuchword", with_statistics, &asked)?;
        for keyword in &told.keywords {
            let (tokenized, normalized) = (&keyword.tokenized, &keyword.normalized);
            let (documents, hits) = (keyword.documents, keyword.hits);
            let _ = writeln!(text, "keyword {tokenized} {normalized} {documents} {hits}");
        }
        let (answered, agents, failures) =
            (told.agents_answered, told.agents, told.failures.len());
        let _ = writeln!(text, "keywords {answered} of {agents}, {failures} failures");
    }
    Ok(())
}

fn changes(text: &mut String, client: &Client, index: &str) -> Result<()> {
    let asked = CallOptions::default();
    let multi = |values: &[u32]| NewValue::Multi(values.to_vec());
    let update = Update::new(["installed_size", "tags", "nosuch"])
        .document(1, [NewValue::Uint(4_000_000_001), multi(&[9, 7]), NewValue::Uint(0)])
        .document(2, [NewValue::Uint(5), multi(&[]), NewValue::Uint(0)])
        .document(999_999, [NewValue::Uint(5), multi(&[]), NewValue::Uint(0)])
        .ignore_missing(true);
    changed(text, "update", &client.update(index, &update, &asked)?);
    let statement = format!("UPDATE {index} SET installed_size=? WHERE id>0");
    let size = Parameters::positional([6.into()]);
    for (agent, mirror) in [(0, None), (1, Some(0))] {
        let told = client.execute_on_agent(agent, mirror, &statement, &size, &asked)?;
        changed(text, "on agent", &told);
    }
    let error = client.execute_on_agent(1, Some(1), &statement, &size, &asked);
    let error = error.expect_err("this mirror takes a request and closes the connection");
    let hamirror::Error::Unanswered { answered, agents, failures } = &error else {
        anyhow::bail!("{error}")
    };
    let _ = writeln!(text, "unanswered {answered} of {agents}");
    failures.iter().for_each(|failure| failed(text, failure));
    Ok(())
}

fn changed(text: &mut String, title: &str, told: &Mirrored<Written>) {
    let (documents, warning) = (told.documents(), told.warning().unwrap_or_default());
    let _ = writeln!(text, "{title} changed {documents}");
    for agent in &told.agents {
        let (number, documents, is_alike) = (agent.number, agent.documents(), agent.is_alike());
        let _ = writeln!(text, "agent {number} changed {documents}, alike {is_alike}");
    }
    mirrors(text, title, told, |written| {
        format!("{} {}", written.documents, written.warning.as_deref().unwrap_or_default())
    });
    let _ = writeln!(text, "warning {warning}");
}

/// A line for each mirror, with what it told.
fn mirrors<T>(text: &mut String, title: &str, told: &Mirrored<T>, value: impl Fn(&T) -> String) {
    let (is_complete, locals) = (told.is_complete(), told.locals.join(", "));
    let _ = writeln!(text, "{title} complete {is_complete}, without {locals}");
    for agent in &told.agents {
        let (index, number, is_complete) = (&agent.index, agent.number, agent.is_complete());
        let _ = writeln!(text, "agent {index} {number} complete {is_complete}");
        for mirror in &agent.mirrors {
            let _ = write!(text, "mirror {} ", mirror.host);
            match &mirror.outcome {
                Ok(told) => {
                    let _ = writeln!(text, "{}", value(told));
                }
                Err(failure) => failed(text, failure),
            }
        }
    }
}

fn failed(text: &mut String, failure: &AgentFailure) {
    let (applied, attempts) = (failure.may_be_applied(), failure.attempts.len());
    let _ = writeln!(text, "failed, applied {applied}, attempts {attempts}");
}
