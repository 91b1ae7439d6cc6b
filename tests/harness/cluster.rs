//! Shards of one corpus, each served by several mirrors, and the configuration that names them.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::corpus::{self, Document};
use crate::daemon::Daemon;
use crate::namespace::Namespace;
use crate::packages::{self, Tool};
use crate::process;

/// Real daemons over a corpus: [`SHARDS`] shards with [`MIRRORS`] mirrors each. Dropping it ends
/// the daemons and removes the files.
#[derive(Debug)]
pub struct Cluster {
    // Fields drop in this order: the daemons end before their folder goes.
    daemons: Vec<Vec<Daemon>>,
    masters: usize,
    more_mirrors: usize,
    folder: TempDir,
}

/// How a master reaches its agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agents {
    /// `agent` lines: a connection a request.
    Plain,
    /// `agent_persistent` lines: kept connections.
    Persistent,
}

/// Shards of a cluster.
pub const SHARDS: usize = 2;

/// Mirrors of each shard.
pub const MIRRORS: usize = 2;

/// The distributed index.
pub const INDEX: &str = "packages";

impl Cluster {
    /// Name of the index with the documents of all shards.
    pub const WHOLE: &str = "packages2";

    /// Indexes the documents, dealt out to the shards, and starts all daemons; installs `searchd`
    /// where it is missing. `progress` is told what is under way.
    pub fn start(documents: Vec<Document>, progress: impl FnMut(&str)) -> Result<Cluster> {
        Cluster::start_shards(&corpus::split(documents, SHARDS), progress)
    }

    /// The same over given shards, which may share documents.
    pub fn start_shards(
        shards: &[Vec<Document>],
        mut progress: impl FnMut(&str),
    ) -> Result<Cluster> {
        packages::ensure(&[Tool::Searchd])?;
        let folder = tempfile::Builder::new().prefix("hamirror-").tempdir()?;
        let mut daemons = Vec::new();
        for (shard, part) in shards.iter().enumerate() {
            progress(&format!("indexing shard {shard}: {} documents", part.len()));
            let built = shard_home(folder.path(), shard);
            build_shard(&built, shard, part)?;
            let mut mirrors = Vec::new();
            for mirror in 0..MIRRORS {
                let home = folder.path().join(format!("mirror{shard}.{mirror}"));
                let daemon = start_mirror(shard, &built, &home, None)?;
                progress(&format!("shard {shard} mirror {mirror}: {}", daemon.address()));
                mirrors.push(daemon);
            }
            daemons.push(mirrors);
        }
        let cluster = Cluster { daemons, masters: 0, more_mirrors: 0, folder };
        let text = cluster.config_text(Agents::Persistent, "");
        fs::write(cluster.config(), text + &cluster.searchd_section())?;
        let text = cluster.config_text(Agents::Persistent, PATIENCE);
        fs::create_dir(cluster.folder().join("patient"))?;
        fs::write(cluster.patient_config(), text + &cluster.searchd_section())?;
        Ok(cluster)
    }

    /// The `sphinx.conf` of a master over this cluster, with kept connections.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("sphinx.conf")
    }

    /// The same with time for programs that a tool watches (valgrind makes them fifty times
    /// slower).
    pub fn patient_config(&self) -> PathBuf {
        self.folder.path().join("patient/sphinx.conf")
    }

    /// The section of the distributed index; `settings` are more lines of it.
    pub fn config_text(&self, agents: Agents, settings: &str) -> String {
        let key = match agents {
            Agents::Plain => "agent",
            Agents::Persistent => "agent_persistent",
        };
        let mut text = format!("index {INDEX}\n{{\n    type = distributed\n");
        for line in self.agent_lines() {
            let _ = writeln!(text, "    {key} = {line}");
        }
        text + settings + "}\n"
    }

    /// The agent lines of the distributed index.
    pub fn agent_lines(&self) -> Vec<String> {
        let line = |(shard, mirrors): (usize, &Vec<Daemon>)| {
            let hosts: Vec<String> =
                mirrors.iter().map(|daemon| daemon.address().to_string()).collect();
            format!("{}:{}", hosts.join("|"), local_index(shard))
        };
        self.daemons.iter().enumerate().map(line).collect()
    }

    /// Indexes these documents as one index, [`Cluster::WHOLE`]. Returns its folder, and its
    /// section in a configuration.
    pub fn build_whole(&self, documents: &[Document]) -> Result<(PathBuf, String)> {
        let home = shard_home(self.folder.path(), SHARDS);
        build_shard(&home, SHARDS, documents)?;
        let section = index_section(SHARDS, &home, "");
        Ok((home, section))
    }

    /// Starts a real master over this cluster; it lives until it is dropped.
    pub fn start_master(&mut self, agents: Agents) -> Result<Daemon> {
        self.masters += 1;
        let home = self.folder.path().join(format!("master{}", self.masters));
        Daemon::start(&home, &self.config_text(agents, ""), MASTER_SETTINGS)
    }

    /// Starts a real master that has the first shard itself and asks agents for the others;
    /// returns the section of its distributed index, too.
    pub fn start_master_with_shard(&mut self) -> Result<(Daemon, String)> {
        self.masters += 1;
        let home = self.folder.path().join(format!("master{}", self.masters));
        copy_files(&shard_home(self.folder.path(), 0), &home)?;
        let all = self.config_text(Agents::Persistent, "");
        let of_first = all.lines().find(|line| line.contains(" = ") && !line.contains("type"));
        let local = format!("    local = {}", local_index(0));
        let section = all.replace(of_first.context("an agent line")?, &local);
        let sections = format!("{}{section}", index_section(0, &home, ""));
        Ok((Daemon::start(&home, &sections, MASTER_SETTINGS)?, section))
    }

    /// Starts one more mirror of a shard, inside the namespace if there is one. No configuration
    /// names it; it lives until it is dropped.
    pub fn start_mirror(
        &mut self,
        shard: usize,
        namespace: Option<Arc<Namespace>>,
    ) -> Result<Daemon> {
        self.more_mirrors += 1;
        let home = self.folder.path().join(format!("mirror{shard}.more{}", self.more_mirrors));
        start_mirror(shard, &shard_home(self.folder.path(), shard), &home, namespace)
    }

    /// One of the daemons.
    pub fn daemon(&mut self, shard: usize, mirror: usize) -> &mut Daemon {
        &mut self.daemons[shard][mirror]
    }

    /// All daemons, by shard and mirror.
    pub fn daemons(&self) -> &[Vec<Daemon>] {
        &self.daemons
    }

    /// Leaves the files where they are.
    pub fn keep(&mut self) {
        self.folder.disable_cleanup(true);
    }

    /// A folder for more files of the same life.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn searchd_section(&self) -> String {
        let folder = self.folder.path().display();
        format!(
            "\nsearchd\n{{\n    listen = {folder}/master.sock\n    log = {folder}/master.log\n    \
             pid_file = {folder}/master.pid\n    binlog_path =\n{MASTER_SETTINGS}}}\n"
        )
    }
}

const MASTER_SETTINGS: &str = "    persistent_connections_limit = 32\n    dist_threads = 4\n";

/// Name of a shard's index on its daemons.
pub fn local_index(shard: usize) -> String {
    format!("{INDEX}{shard}")
}

fn shard_home(folder: &Path, shard: usize) -> PathBuf {
    folder.join(format!("shard{shard}"))
}

/// Indexes the documents of a shard into `home`.
fn build_shard(home: &Path, shard: usize, documents: &[Document]) -> Result<()> {
    fs::create_dir_all(home)?;
    let mut out = BufWriter::new(File::create(home.join(ROWS))?);
    for document in documents {
        document.write_tsv(&mut out)?;
    }
    out.flush()?;
    let config = home.join("indexer.conf");
    fs::write(&config, indexer_config(shard, home))?;
    let mut indexer = Command::new("indexer");
    indexer.arg("--config").arg(&config).args(["--all", "--quiet"]);
    process::run(&mut indexer).context("indexing")?;
    fs::remove_file(home.join(ROWS))?;
    Ok(())
}

fn start_mirror(
    shard: usize,
    built: &Path,
    home: &Path,
    namespace: Option<Arc<Namespace>>,
) -> Result<Daemon> {
    copy_files(built, home)?;
    Daemon::start_in(namespace, home, &index_section(shard, home, ""), "")
}

fn indexer_config(shard: usize, home: &Path) -> String {
    let index = index_section(shard, home, "    source = rows\n");
    format!(
        "source rows\n{{\n    type = tsvpipe\n    tsvpipe_command = cat {}/{ROWS}\n{}}}\n\
         {index}indexer\n{{\n    mem_limit = 128M\n}}\n",
        home.display(),
        Document::TSV_COLUMNS
    )
}

/// A searchd locks and may change its index files, so each has its own.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

fn index_section(shard: usize, home: &Path, settings: &str) -> String {
    let name = local_index(shard);
    format!("index {name}\n{{\n    path = {}/{name}\n{settings}}}\n", home.display())
}

const ROWS: &str = "rows.tsv";

/// Time for agents whose caller is watched by a tool.
const PATIENCE: &str = "    agent_connect_timeout = 60s\n    agent_query_timeout = 60s\n";
