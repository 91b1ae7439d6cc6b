//! Who is asked: hamirror, a master over the same agents, and one index with all documents.

use std::net::SocketAddr;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use hamirror::search::MergeMode;
use hamirror::sphinxql::Parameters;
use hamirror::{Client, Config, Session};

use super::question::Question;
use super::told::{Told, sql_table};
use super::translate::translate;
use crate::cluster::{Cluster, INDEX};
use crate::corpus;
use crate::daemon::Daemon;
use crate::oracle::{Mysql, Oracle};

/// An answer to each query, or the text of its error.
pub type Answers = Vec<Result<Told, String>>;

/// A listener of a master: `HOST:PORT`, `HOST:PORT:sphinx` or `HOST:PORT:mysql`.
#[derive(Clone, Copy, Debug)]
pub struct Listener {
    address: SocketAddr,
    is_mysql: bool,
}

impl FromStr for Listener {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Listener> {
        let (address, is_mysql) = match text.rsplit_once(':') {
            Some((address, "mysql")) => (address, true),
            Some((address, "sphinx")) => (address, false),
            _ => (text, false),
        };
        let address =
            address.parse().with_context(|| format!("{text} is no IP:PORT[:sphinx|:mysql]"))?;
        Ok(Listener { address, is_mysql })
    }
}

/// Hamirror over some agents, and who else is asked.
#[derive(Debug)]
pub struct Parties {
    client: Client,
    session: Session,
    master: Daemonic,
    whole: Option<Daemonic>,
    /// Addresses of mirrors, and what warnings name them here.
    names: Vec<(String, String)>,
    /// They end with the run.
    _daemons: Option<(Vec<Daemon>, Cluster)>,
}

/// A daemon by its listeners.
#[derive(Debug, Default)]
struct Daemonic {
    api: Option<Oracle>,
    sql: Option<Mysql>,
}

impl Parties {
    /// Starts 2.2.11 agents over synthetic documents, a master over these, and a daemon that has
    /// all documents in one index.
    pub fn start(documents: u64, seed: u64) -> Result<Parties> {
        let documents = corpus::synthetic(documents, seed);
        let cluster = Cluster::start(documents.clone(), |_| {})?;
        let lines = cluster.agent_lines();
        let sections = sections(&lines);
        let folder = cluster.folder().join("compared");
        let (master, of_master) = Daemonic::start(&folder, &sections)?;
        let (home, section) = cluster.build_whole(&documents)?;
        let (whole, of_whole) = Daemonic::start(&home, &section)?;
        let daemons = Some((vec![master, whole], cluster));
        Parties::new(&lines, of_master, Some(of_whole), daemons)
    }

    /// Asks a master that runs somewhere, and the agents of these lines in their order
    /// (`HOST:PORT|HOST:PORT:INDEX`). The master has a distributed index `packages` over all of
    /// them, and `part0`, `part1` and so on over one each.
    pub fn connect(listeners: &[Listener], agents: &[String]) -> Result<Parties> {
        ensure!(!agents.is_empty(), "no agents: name those of the master");
        let mut master = Daemonic::default();
        for Listener { address, is_mysql } in listeners {
            match is_mysql {
                true => master.sql = Some(Mysql::connect_to(*address)?),
                false => master.api = Some(Oracle::connect(*address)?),
            }
        }
        Parties::new(agents, master, None, None)
    }

    fn new(
        lines: &[String],
        master: Daemonic,
        whole: Option<Daemonic>,
        daemons: Option<(Vec<Daemon>, Cluster)>,
    ) -> Result<Parties> {
        let config = Config::parse(&sections(lines), "compared.conf")?;
        let client = Client::new(&config)?;
        let mut names = Vec::new();
        for (number, line) in lines.iter().enumerate() {
            let (hosts, _) = line.rsplit_once(':').context("an agent line without an index")?;
            let hosts = hosts.split('|');
            names.extend(hosts.map(|host| (format!("agent {host}"), format!("agent {number}"))));
        }
        let session = client.session();
        Ok(Parties { client, session, master, whole, names, _daemons: daemons })
    }

    /// True if the master has a listener for such questions.
    pub fn can_ask(&self, is_sql: bool) -> bool {
        if is_sql { self.master.sql.is_some() } else { self.master.api.is_some() }
    }

    /// Asks hamirror.
    pub fn ask(&mut self, question: &Question, mode: MergeMode) -> Answers {
        let answers: Result<Answers, hamirror::Error> = match question {
            Question::Api { index, queries } => {
                let searches: Vec<_> =
                    queries.iter().map(|query| translate(query).merge_mode(mode)).collect();
                self.client.search_all(index, &searches).map(|results| {
                    let told = |result: Result<hamirror::SearchResult, hamirror::Error>| {
                        result.map(|result| Told::of_search(&result))
                    };
                    results
                        .into_iter()
                        .map(|result| told(result).map_err(|error| error.to_string()))
                        .collect()
                })
            }
            Question::Statement(statement) => {
                let mut statement = statement.clone();
                if mode == MergeMode::Master {
                    statement.options.push("merge_mode=master".to_owned());
                }
                let answers = self.session.execute(&statement.text(), &Parameters::none());
                let meta = self.session.execute("SHOW META", &Parameters::none());
                answers.and_then(|answers| {
                    let meta = sql_table(&meta?[0]);
                    // It tells of the select itself.
                    let told = |(number, answer): (usize, &hamirror::Answer)| {
                        let meta = (number == 0).then_some(&meta);
                        Ok(Told::of_table(sql_table(answer), meta))
                    };
                    Ok(answers.iter().enumerate().map(told).collect())
                })
            }
        };
        let refused = |error: hamirror::Error| vec![Err(error.to_string()); question.answers()];
        self.named(answers.unwrap_or_else(refused))
    }

    /// Asks the master.
    pub fn ask_master(&mut self, question: &Question) -> Result<Answers> {
        let answers = self.master.ask(question)?;
        let mut errors = answers.iter().filter_map(|told| told.as_ref().err());
        if let Some(error) = errors.find(|error| error.contains(UNREACHED)) {
            bail!("agents are gone at {question:?}: {error}");
        }
        Ok(self.named(answers))
    }

    /// Asks the daemon that has all documents in one index, where there is one.
    pub fn ask_whole(&mut self, question: &Question) -> Result<Option<Answers>> {
        let Some(whole) = &mut self.whole else { return Ok(None) };
        whole.ask(&question.of_index(Cluster::WHOLE)).map(Some)
    }

    /// Answers whose warnings name agents by their numbers, since either may have asked another
    /// mirror.
    fn named(&self, mut answers: Answers) -> Answers {
        for told in answers.iter_mut().flatten() {
            for warning in told.meta.iter_mut().flat_map(|meta| &mut meta.warnings) {
                for (address, name) in &self.names {
                    *warning = warning.replace(address, name);
                }
            }
        }
        answers
    }
}

impl Daemonic {
    fn start(folder: &Path, sections: &str) -> Result<(Daemon, Daemonic)> {
        let socket = folder.join("sql.sock");
        let settings = format!(
            "    listen = {}:mysql41\n    dist_threads = 4\n    \
             persistent_connections_limit = 32\n",
            socket.display()
        );
        let daemon = Daemon::start(folder, sections, &settings)?;
        let api = Some(Oracle::connect(daemon.address())?);
        let sql = Some(Mysql::connect(&socket)?);
        Ok((daemon, Daemonic { api, sql }))
    }

    fn ask(&mut self, question: &Question) -> Result<Answers> {
        match question {
            Question::Api { index, queries } => {
                let api = self.api.as_mut().context("no listener of the API")?;
                let answers = api.search_all(index, queries);
                // A daemon that died has refused nothing.
                let answers = match answers {
                    Err(error) if error.to_string().starts_with("status ") => {
                        vec![Err(error.to_string()); queries.len()]
                    }
                    answers => answers?,
                };
                Ok(answers.into_iter().map(|told| told.map(|told| Told::of_api(&told))).collect())
            }
            Question::Statement(statement) => {
                let sql = self.sql.as_mut().context("no listener of MySQL's protocol")?;
                let mut tables = sql.tables(&statement.text())?;
                let count = question.answers();
                if let (Some(Err(error)), true) = (tables.last(), tables.len() < count) {
                    let error = error.clone();
                    tables.resize(count, Err(error));
                }
                if tables.len() != count {
                    bail!("{} tables, not {count}: {}", tables.len(), statement.text());
                }
                // It tells of the select itself.
                let meta = sql.table("SHOW META")?;
                let told = |(number, table): (usize, Result<_, String>)| {
                    table.map(|table| Told::of_table(table, (number == 0).then_some(&meta)))
                };
                Ok(tables.into_iter().enumerate().map(told).collect())
            }
        }
    }
}

/// What a master says of agents that are not there.
const UNREACHED: &str = "connect() failed";

/// The distributed index over all agents, and one over each.
fn sections(lines: &[String]) -> String {
    let section = |name: &str, lines: &[String]| {
        let lines = lines.iter().map(|line| format!("    agent_persistent = {line}\n"));
        format!("index {name}\n{{\n    type = distributed\n{}}}\n", lines.collect::<String>())
    };
    let parts = lines.iter().enumerate();
    let parts =
        parts.map(|(number, line)| section(&format!("part{number}"), std::slice::from_ref(line)));
    section(INDEX, lines) + &parts.collect::<String>()
}
