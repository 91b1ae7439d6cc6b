//! What is asked of real agents beside searches: excerpts, keywords, updates and statements that
//! change something, each looked at on every mirror behind the library's back.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hamirror::command::{
    AgentAnswers, ExcerptFiles, ExcerptFlag, ExcerptOptions, Keyword, Mirrored, NewValue, Update,
    Written,
};
use hamirror::sphinxql::Parameters;
use hamirror::{Answer, CallOptions, Client, Completeness, Config, Error, Search};
use hamirror_tests::cluster::{Agents, Cluster, INDEX, MIRRORS, SHARDS, local_index};
use hamirror_tests::corpus;
use hamirror_tests::daemon::Daemon;
use hamirror_tests::oracle::{Mysql, Oracle};
use hamirror_tests::packages::{self, Tool};
use tempfile::TempDir;

#[test]
fn excerpts_are_those_of_an_agent_and_survive_dead_agents() -> Result<()> {
    let mut cluster = Cluster::start(corpus::synthetic(200, 3), |_| {})?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    let texts: Vec<String> = (0..100)
        .map(|n| format!("tool {n} and <i>files</i>, a library of data number {n}"))
        .collect();
    let options = ExcerptOptions::new().before_match("[").after_match("]").limit(30).around(1);
    let mut agent = Oracle::connect(cluster.daemon(0, 0).address())?;
    let statement = format!(
        "CALL SNIPPETS(({}), 'packages0', 'library files', '[' AS before_match, \
         ']' AS after_match, 30 AS limit, 1 AS around)",
        texts.iter().map(|text| format!("'{text}'")).collect::<Vec<_>>().join(", ")
    );
    let expected: Vec<String> =
        agent.sphinxql(&statement)?.into_iter().map(|mut row| row.remove(0)).collect();
    ensure!(expected[0].contains("[library]"), "{expected:?}");
    let cut = || -> Result<Vec<String>> {
        let calls = CallOptions::default();
        let cut = client.excerpts(INDEX, &texts, "library files", &options, &calls)?;
        Ok(cut.into_iter().map(|text| String::from_utf8_lossy(&text).into_owned()).collect())
    };
    ensure!(cut()? == expected, "{:?}\n{expected:?}", cut()?);

    let called = statement.replace("packages0", INDEX);
    let called = client.execute_with(&called, &Parameters::none(), &CallOptions::default())?;
    ensure!(rows_of(&called[0]).concat() == expected, "{called:?}");

    // An empty document costs nobody anything, and keeps its place.
    let some = ["a library", "", "no word"];
    let empty = ExcerptOptions::new().flag(ExcerptFlag::AllowEmpty, true);
    let found = client.excerpts(INDEX, &some, "library", &empty, &CallOptions::default())?;
    let expected_of_some: [&[u8]; 3] = [b"a <b>library</b>", b"", b""];
    ensure!(found == expected_of_some, "{found:?}");
    let nothing: [&str; 0] = [];
    let found = client.excerpts(INDEX, &nothing, "library", &empty, &CallOptions::default())?;
    ensure!(found.is_empty(), "{found:?}");

    // All mirrors of one agent are gone: the other one cuts everything.
    for mirror in 0..MIRRORS {
        cluster.daemon(0, mirror).kill()?;
    }
    ensure!(cut()? == expected, "with one agent left");
    for mirror in 0..MIRRORS {
        cluster.daemon(1, mirror).kill()?;
    }
    let error = client.excerpts(INDEX, &some, "library", &empty, &CallOptions::default());
    ensure!(matches!(error, Err(Error::Unanswered { agents: SHARDS, .. })), "{error:?}");
    Ok(())
}

/// Each agent has some of the files, and so has the master itself.
/// Each agent has some of the files. One without `dist_threads` refuses all files for one that it
/// does not have.
#[test]
fn excerpts_of_scattered_files_are_those_of_a_master() -> Result<()> {
    let names = ["one.txt", "none.txt", "two.txt"];
    let mut expected = Vec::new();
    for settings in ["    dist_threads = 4\n", ""] {
        let agents = RealTime::start(&[1, 1], settings)?;
        for (agent, name) in [(0, names[0]), (1, names[2])] {
            let home = agents.home(&format!("{agent}.0"));
            fs::write(home.join("files").join(name), format!("hello from {name}, world"))?;
        }
        let client = agents.client()?;
        let asked = CallOptions::default();
        let options = ExcerptOptions::new().load_files(ExcerptFiles::Scattered);
        let found = client.excerpts("d", &names, "hello", &options, &asked)?;
        if expected.is_empty() {
            expected = agents.excerpts_of_master(&names)?;
            ensure!(expected[2] == b"<b>hello</b> from two.txt, world", "{expected:?}");
        }
        ensure!(found == expected, "{found:?}\n{expected:?}");
        let options = ExcerptOptions::new().load_files(ExcerptFiles::Everywhere);
        let error = client.excerpts("d", &["none.txt"], "hello", &options, &asked);
        let error = error.expect_err("no agent has it");
        ensure!(error.is_query_error() && error.to_string().contains("none.txt"), "{error}");
    }
    Ok(())
}

#[test]
fn keywords_are_summed_as_a_master_sums_those_of_a_search() -> Result<()> {
    let mut cluster = Cluster::start(corpus::synthetic(1_000, 8), |_| {})?;
    let folder = cluster.folder().join("sql");
    let socket = folder.join("sql.sock");
    let settings = format!("    listen = {}:mysql41\n    dist_threads = 4\n", socket.display());
    let sections = cluster.config_text(Agents::Plain, "");
    let _master = Daemon::start(&folder, &sections, &settings)?;
    let mut master = Mysql::connect(&socket)?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    let asked = CallOptions::default();
    for text in ["library", "library files nosuchword", "Data SERVER-network"] {
        let quoted = text.replace('-', " ");
        master.table(&format!("SELECT id FROM packages WHERE MATCH('{quoted}')"))?;
        let meta = master.table("SHOW META")?.rows;
        let value = |key: String| {
            let row = meta.iter().find(|row| row[0].as_ref() == Some(&key));
            row.and_then(|row| row[1].clone())
        };
        let found = client.keywords(INDEX, text, true, &asked)?;
        ensure!(found.agents_answered == SHARDS && found.failures.is_empty(), "{found:?}");
        for keyword in &found.keywords {
            let number = (0..10)
                .find(|n| value(format!("keyword[{n}]")).as_ref() == Some(&keyword.normalized))
                .with_context(|| format!("a master knows no {keyword:?}: {meta:?}"))?;
            let expected = [value(format!("docs[{number}]")), value(format!("hits[{number}]"))];
            let told = [keyword.documents, keyword.hits].map(|count| Some(count.to_string()));
            ensure!(told == expected, "{keyword:?}: {expected:?}");
        }
        let plain = client.keywords(INDEX, text, false, &asked)?.keywords;
        let words = |keywords: &[Keyword]| -> Vec<String> {
            keywords.iter().map(|keyword| keyword.tokenized.clone()).collect()
        };
        ensure!(words(&plain) == words(&found.keywords), "{plain:?}");
        ensure!(plain.iter().all(|keyword| keyword.documents == 0), "{plain:?}");
    }
    let found = client.keywords(INDEX, "library files", true, &asked)?.keywords;
    let called = "CALL KEYWORDS('library files', 'packages', 1)";
    let called = client.execute_with(called, &Parameters::none(), &asked)?;
    let expected: Vec<[String; 4]> = found
        .into_iter()
        .map(|word| {
            let [documents, hits] = [word.documents, word.hits].map(|count| count.to_string());
            [word.tokenized, word.normalized, documents, hits]
        })
        .collect();
    ensure!(rows_of(&called[0]) == expected, "{called:?}");
    // A word that is twice in the text is told twice.
    let twice = client.keywords(INDEX, "library library", true, &asked)?.keywords;
    ensure!(twice.len() == 2 && twice[0] == twice[1], "{twice:?}");

    for mirror in 0..MIRRORS {
        cluster.daemon(1, mirror).kill()?;
    }
    let half = client.keywords(INDEX, "library", true, &asked)?;
    ensure!((half.agents_answered, half.agents, half.failures.len()) == (1, 2, 1), "{half:?}");
    let all = asked.completeness(Completeness::All);
    let error = client.keywords(INDEX, "library", true, &all);
    ensure!(matches!(error, Err(Error::Unanswered { answered: 1, agents: 2, .. })), "{error:?}");
    Ok(())
}

#[test]
fn an_update_reaches_every_mirror_and_documents_count_once() -> Result<()> {
    let mut cluster = Cluster::start(corpus::synthetic(100, 4), |_| {})?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    let asked = CallOptions::default();
    let values = || [NewValue::Uint(4_000_000_001), NewValue::Multi(vec![9, 7])];
    let mut update = Update::new(["installed_size", "tags"]);
    for id in [1, 2, 3, 999] {
        update = update.document(id, values());
    }
    let result = client.update(INDEX, &update, &asked)?;
    ensure!(result.is_complete() && result.documents() == 3, "{result:?}");
    ensure!(result.agents.iter().all(|agent| agent.is_alike()), "{result:?}");
    let mirrors: Vec<usize> = result.agents.iter().map(|agent| agent.mirrors.len()).collect();
    ensure!(mirrors == [MIRRORS; SHARDS], "{result:?}");
    for (shard, mirrors) in cluster.daemons().iter().enumerate() {
        for daemon in mirrors {
            let rows = rows(
                daemon,
                &format!(
                    "SELECT id, installed_size, tags FROM {} WHERE id IN (1,2,3)",
                    local_index(shard)
                ),
            )?;
            ensure!(!rows.is_empty(), "shard {shard} has none of them");
            for row in rows {
                ensure!(row[1..] == ["4000000001", "7,9"], "{row:?}");
            }
        }
    }

    // One mirror is dead: it is told by name, the others have the update.
    let dead = cluster.daemon(0, 1).address().to_string();
    cluster.daemon(0, 1).kill()?;
    let update = Update::new(["installed_size"]).document(1, [NewValue::Uint(5)]);
    let update = update.document(2, [NewValue::Uint(5)]);
    let result = client.update(INDEX, &update, &asked)?;
    ensure!(result.documents() == 2 && !result.is_complete(), "{result:?}");
    let failures: Vec<_> = result.failures().collect();
    ensure!(failures.len() == 1 && !failures[0].may_be_applied(), "{failures:?}");
    ensure!(result.agents[0].mirrors[1].host == dead, "{result:?}");
    ensure!(result.agents[0].mirrors[1].outcome.is_err(), "{result:?}");

    let mut session = client.session();
    let statement = "UPDATE packages SET installed_size=6 WHERE id IN (1,2); SHOW WARNINGS";
    let told = session.execute_with(statement, &Parameters::none(), &asked)?;
    let seen = (told[0].total_found(), told[0].agents(), told[0].agents_answered());
    ensure!(seen == (Some(2), SHARDS, 1) && told[0].failures().len() == 1, "{told:?}");
    let warning = told[0].warning().context("a mirror is dead")?;
    ensure!(warning.contains(&dead) && !warning.contains("may have done it"), "{warning}");
    ensure!(rows_of(&told[1]) == [["warning", "1000", warning]], "{told:?}");

    // An attribute that no mirror has: nobody made the update, and all say why.
    let update = Update::new(["nosuch"]).document(1, [NewValue::Uint(5)]);
    let error = client.update(INDEX, &update, &asked).expect_err("no such attribute");
    ensure!(error.is_query_error() && error.to_string().contains("'nosuch' not found"), "{error}");
    let result = client.update(INDEX, &update.ignore_missing(true), &asked)?;
    ensure!(result.documents() == 1, "{result:?}");
    Ok(())
}

/// A mirror that has the request and is silent may make it any time: it is not sent it again.
#[test]
fn an_update_that_may_have_arrived_is_not_sent_again() -> Result<()> {
    let mut cluster = Cluster::start(corpus::synthetic(50, 4), |_| {})?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    cluster.daemon(0, 0).pause()?;
    let patience = CallOptions::default().query_timeout(Duration::from_millis(300)).retry_count(3);
    let patience = patience.retry_delay(Duration::ZERO);
    let update = Update::new(["installed_size"]).document(1, [NewValue::Uint(77)]);
    let update = update.document(2, [NewValue::Uint(77)]);
    let result = client.update(INDEX, &update, &patience)?;
    let silent = &result.agents[0].mirrors[0].outcome;
    let failure = silent.as_ref().err().context("it is silent")?;
    ensure!(failure.may_be_applied() && failure.attempts.len() == 1, "{failure:?}");
    ensure!(result.documents() == 2 && !result.agents[0].is_alike(), "{result:?}");
    cluster.daemon(0, 0).resume()?;
    // Every mirror has seen one, and the silent one has made it. Just awake, it may answer others
    // before.
    let mut counts = Vec::new();
    for _ in 0..UPDATE_LOOKS {
        counts = update_counts(&client)?;
        if counts.iter().all(|count| count == "1") {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    ensure!(counts == ["1"; SHARDS * MIRRORS], "{counts:?}");
    let found = rows(cluster.daemon(0, 0), "SELECT id FROM packages0 WHERE installed_size=77")?;
    ensure!(found.len() == 1, "{found:?}");
    let flushed = client.flush_attributes(INDEX, &CallOptions::default())?;
    ensure!(flushed.is_complete(), "{flushed:?}");
    let numbers = flushed.agents.iter().flat_map(|agent| &agent.mirrors);
    let numbers: Vec<u32> = numbers.filter_map(|mirror| mirror.outcome.clone().ok()).collect();
    ensure!(numbers == [1; SHARDS * MIRRORS], "{numbers:?}");
    Ok(())
}

/// Updates that each mirror has seen.
fn update_counts(client: &Client) -> Result<Vec<String>> {
    let status = client.daemon_status(INDEX, &CallOptions::default())?;
    ensure!(status.is_complete(), "{status:?}");
    let mirrors = status.agents.iter().flat_map(|agent| &agent.mirrors);
    let counts = mirrors.map(|mirror| {
        let rows = mirror.outcome.as_ref().ok()?;
        rows.iter().find(|(key, _)| key == "command_update").map(|(_, count)| count.clone())
    });
    counts.collect::<Option<_>>().context("a mirror does not count updates")
}

#[test]
fn statements_that_change_something_reach_every_mirror() -> Result<()> {
    let agents = RealTime::start(&[2, 1], "")?;
    let client = agents.client()?;
    let nothing = Parameters::none();
    let asked = CallOptions::default();
    let insert = "INSERT INTO d (id, title, gid) VALUES (1, 'hello', 10), (2, ?, 20)";
    let words = Parameters::positional(["it's \\ hello".into()]);
    let result = client.execute_on_agent(0, None, insert, &words, &asked)?;
    ensure!(documents(&result) == [[2, 2].as_slice()], "{result:?}");
    let insert = "REPLACE INTO d VALUES (3, 'hello', 30, 1.5)";
    let result = client.execute_on_agent(1, Some(0), insert, &nothing, &asked)?;
    ensure!(documents(&result) == [[1].as_slice()], "{result:?}");
    let again = "INSERT INTO d (id, title, gid) VALUES (1, 'hello', 10)";
    let error = client.execute_on_agent(0, None, again, &nothing, &asked);
    let error = error.expect_err("it is there");
    ensure!(error.is_query_error() && error.to_string().contains("duplicate id '1'"), "{error}");

    let run = |text: &str| -> Result<Mirrored<Written>> {
        let answers = client.execute_with(text, &nothing, &asked)?;
        Ok(answers[0].written().with_context(|| text.to_owned())?.clone())
    };
    let changed = run("UPDATE d SET gid=11, ratio=0.5 WHERE MATCH('hello') AND gid<25")?;
    ensure!(documents(&changed) == [[2, 2].as_slice(), &[0]], "{changed:?}");
    ensure!(changed.documents() == 2 && changed.is_complete(), "{changed:?}");
    let deleted = run("DELETE FROM d WHERE id IN (2, 3)")?;
    ensure!(documents(&deleted) == [[1, 1].as_slice(), &[1]], "{deleted:?}");
    for (daemon, expected) in agents.daemons().zip([&[["1", "11"]][..], &[["1", "11"]], &[]]) {
        let found = rows(daemon, "SELECT id, gid FROM rt")?;
        ensure!(found == expected, "{found:?}");
    }

    // Variables and flushes go to every host once.
    let set = run("SET GLOBAL @wanted=(-3, 11)")?;
    ensure!(documents(&set) == [[0, 0].as_slice(), &[0]] && set.is_complete(), "{set:?}");
    let found = client.execute_with("SELECT id FROM d WHERE gid IN @wanted", &nothing, &asked)?;
    ensure!(found[0].text(0, 0).as_deref() == Some(b"1"), "{found:?}");
    run("SET INDEX d GLOBAL @wanted=(12)")?;
    let found = client.execute_with("SELECT id FROM d WHERE gid IN @wanted", &nothing, &asked)?;
    ensure!(found[0].is_empty(), "{found:?}");
    ensure!(run("FLUSH ATTRIBUTES")?.is_complete());
    ensure!(client.search("d", &Search::new("hello"))?.total_found == 1);

    for (agent, mirror, text, expected) in [
        (2, None, again, "no agent 2 in index 'd', it has 2"),
        (0, Some(2), again, "no mirror 2 of agent 0 in index 'd', it has 2"),
        (0, None, "SELECT id FROM d", "one INSERT, REPLACE, UPDATE or DELETE is expected"),
        (0, None, "DELETE FROM d, e WHERE id=1", "one index is expected"),
        (0, None, "DELETE FROM rt WHERE id=1", "no distributed index 'rt'"),
    ] {
        let error = client.execute_on_agent(agent, mirror, text, &nothing, &asked);
        let error = error.expect_err(text).to_string();
        ensure!(error.contains(expected), "{text}: {error}");
    }
    Ok(())
}

fn rows_of(answer: &Answer) -> Vec<Vec<String>> {
    let text = |row, column| {
        answer.text(row, column).map(|text| String::from_utf8_lossy(&text).into_owned())
    };
    let columns = 0..answer.columns.len();
    (0..answer.len())
        .map(|row| columns.clone().map(|column| text(row, column).unwrap_or_default()).collect())
        .collect()
}

/// Documents that each mirror of each agent told.
fn documents(result: &Mirrored<Written>) -> Vec<Vec<u64>> {
    let of_agent = |agent: &AgentAnswers<Written>| {
        let told = agent.mirrors.iter().filter_map(|mirror| mirror.outcome.as_ref().ok());
        told.map(|written| written.documents).collect()
    };
    result.agents.iter().map(of_agent).collect()
}

fn rows(daemon: &Daemon, statement: &str) -> Result<Vec<Vec<String>>> {
    Oracle::connect(daemon.address())?.sphinxql(statement)
}

/// Agents with an empty real-time index each, and folders for files.
struct RealTime {
    agents: Vec<Vec<Daemon>>,
    folder: TempDir,
}

impl RealTime {
    /// Starts so many mirrors for each agent; `settings` are more lines of their daemons.
    fn start(mirrors: &[usize], settings: &str) -> Result<Self> {
        packages::ensure(&[Tool::Searchd])?;
        let folder = tempfile::Builder::new().prefix("hamirror-").tempdir()?;
        let mut this = RealTime { agents: Vec::new(), folder };
        for (agent, count) in mirrors.iter().enumerate() {
            let start = |mirror: usize| {
                let home = this.home(&format!("{agent}.{mirror}"));
                let settings = settings.to_owned() + &prefix(&home)?;
                Daemon::start(&home, &rt_section(&home), &settings)
            };
            let started: Result<Vec<Daemon>> = (0..*count).map(start).collect();
            this.agents.push(started?);
        }
        Ok(this)
    }

    fn home(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Excerpts of scattered files around "hello", from a master with an index of its own.
    fn excerpts_of_master(&self, names: &[&str]) -> Result<Vec<Vec<u8>>> {
        let home = self.home("master");
        let settings = format!("    dist_threads = 4\n{}", prefix(&home)?);
        let sections = format!("{}{}", rt_section(&home), self.section_with("    local = rt\n"));
        let master = Daemon::start(&home, &sections, &settings)?;
        let text = |text: &str| [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
        let numbers = |numbers: &[u32]| -> Vec<u8> {
            numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
        };
        const FLAGS: u32 = 1 | 128 | 1_024;
        let mut body = numbers(&[0, FLAGS]);
        for part in ["d", "hello", "<b>", "</b>", " ... "] {
            body.extend(text(part));
        }
        body.extend(numbers(&[256, 5, 0, 0, 1]));
        body.extend([text("index"), text("none")].concat());
        body.extend(numbers(&[names.len() as u32]));
        names.iter().for_each(|name| body.extend(text(name)));
        let header = [&[0, 1, 1, 4][..], &(body.len() as u32).to_be_bytes()].concat();
        let frame = Oracle::connect(master.address())?.exchange(&[header, body].concat())?;
        ensure!(frame.status == 0, "{}", String::from_utf8_lossy(&frame.body));
        let (mut rest, mut excerpts) = (frame.body.as_slice(), Vec::new());
        while let Some((length, behind)) = rest.split_first_chunk() {
            let (excerpt, behind) = behind.split_at(u32::from_be_bytes(*length) as usize);
            excerpts.push(excerpt.to_vec());
            rest = behind;
        }
        Ok(excerpts)
    }

    fn daemons(&self) -> impl Iterator<Item = &Daemon> {
        self.agents.iter().flatten()
    }

    /// The distributed index, with more lines.
    fn section_with(&self, lines: &str) -> String {
        let mut text = format!("index d\n{{\n    type = distributed\n{lines}");
        for mirrors in &self.agents {
            let hosts: Vec<String> =
                mirrors.iter().map(|daemon| daemon.address().to_string()).collect();
            text += &format!("    agent = {}:rt\n", hosts.join("|"));
        }
        text + "}\n"
    }

    fn client(&self) -> Result<Client> {
        Ok(Client::new(&Config::parse(&self.section_with(""), "rt.conf")?)?)
    }
}

fn rt_section(home: &Path) -> String {
    format!(
        "index rt\n{{\n    type = rt\n    path = {}/rt\n    rt_field = title\n    \
         rt_attr_uint = gid\n    rt_attr_float = ratio\n}}\n",
        home.display()
    )
}

/// The setting that names the folder of files, which is made.
fn prefix(home: &Path) -> Result<String> {
    fs::create_dir_all(home.join("files"))?;
    Ok(format!("    snippets_file_prefix = {}/files/\n", home.display()))
}

/// Looks at a daemon that was just continued, 20 ms apart.
const UPDATE_LOOKS: usize = 500;
