//! A searchd that is asked for its distributed indexes, their agents, and what it said of them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use hamirror_tests::daemon::Daemon;
use hamirror_tests::packages::{self, Tool};
use tempfile::TempDir;

use super::{Told, shown};

/// A running searchd.
pub(crate) struct Oracle {
    /// Agents of the indexes that it serves.
    pub(crate) indexes: BTreeMap<String, Vec<String>>,
    sql: SphinxQl,
    daemon: Daemon,
    folder: TempDir,
}

impl Oracle {
    /// Starts one with these sections; an error if it does not start.
    pub(crate) fn ask(sections: &str, searchd: &str) -> Result<Oracle> {
        packages::ensure(&[Tool::Searchd])?;
        let folder = tempfile::tempdir()?;
        let socket = folder.path().join("sql");
        let settings = format!("listen = {}:mysql41\n{searchd}", socket.display());
        let daemon = Daemon::start(folder.path(), sections, &settings)?;
        Oracle::listen(folder, daemon)
    }

    /// Starts one with these sections and an end of the file behind its searchd section; returns
    /// the whole file, too.
    pub(crate) fn ask_with_end(sections: &str, end: &str) -> Result<(String, Option<Oracle>)> {
        let Oracle { mut daemon, folder, .. } = Oracle::ask(sections, "")?;
        daemon.stop()?;
        let text = fs::read_to_string(daemon.config())? + end;
        fs::write(daemon.config(), &text)?;
        match daemon.restart() {
            Ok(()) => Ok((text, Some(Oracle::listen(folder, daemon)?))),
            Err(_) => Ok((text, None)),
        }
    }

    fn listen(folder: TempDir, daemon: Daemon) -> Result<Oracle> {
        let mut sql = SphinxQl::connect(&folder.path().join("sql"))?;
        let mut indexes = BTreeMap::new();
        for row in sql.query("SHOW TABLES")? {
            let name = row.into_iter().next().context("an empty row")?;
            let status = sql.query(&format!("SHOW AGENT '{name}' STATUS"))?;
            let agents = agents_of_status(&name, &status)?;
            indexes.insert(name, agents);
        }
        Ok(Oracle { indexes, sql, daemon, folder })
    }

    /// `ha_period_karma` as it counts.
    pub(crate) fn period_seconds(&mut self) -> Result<u64> {
        let rows = self.sql.query("SHOW AGENT STATUS")?;
        let row = rows.first().context("no row")?;
        ensure!(row.len() == 2 && row[0] == "status_period_seconds", "{row:?}");
        Ok(row[1].parse()?)
    }

    /// What it logged about the agent lines of an index.
    pub(crate) fn told(&self, name: &str) -> Told {
        let mut told = Told::default();
        let about = format!("WARNING: index '{name}': agent '");
        for line in self.daemon.log().lines() {
            let Some((_, warning)) = line.split_once(&about) else { continue };
            let Some((_, text)) = warning.split_once("': ") else { continue };
            if let Some(reason) = text.strip_suffix(" - SKIPPING AGENT") {
                let (reason, near) = reason.split_once(" near '").unwrap_or((reason, "'"));
                told.skipped(reason, near.strip_suffix('\'').unwrap_or(near));
            }
            if let Some(option) = text.strip_prefix("unknown agent option '") {
                let option = option.trim_end().trim_end_matches('\'');
                told.unknown_options.insert(option.trim_end().to_owned());
            }
        }
        told
    }
}

/// Agents as [`shown`] shows them, of rows `dstindex_..` (core/docs/spec/distributed.md 7.2).
fn agents_of_status(name: &str, rows: &[Vec<String>]) -> Result<Vec<String>> {
    let mut agents: Vec<(Vec<String>, bool, bool)> = Vec::new();
    for row in rows {
        let [key, value] = row.as_slice() else { bail!("a row of {row:?}") };
        if key.ends_with("_is_ha") {
            agents.push((Vec::new(), false, false));
        }
        let Some((mirrors, blackhole, persistent)) = agents.last_mut() else { continue };
        if key.ends_with("_id") {
            mirrors.push(mirror(name, value));
        }
        *blackhole |= key.ends_with("_is_blackhole") && value == "1";
        *persistent |= key.ends_with("_is_persistent") && value == "1";
    }
    let shown = agents
        .iter()
        .map(|(mirrors, blackhole, persistent)| shown(mirrors, *blackhole, *persistent));
    Ok(shown.collect())
}

/// `HOST:PORT:LIST` or `/PATH:LIST` of the daemon. No request goes without an index, so the reader
/// takes the index's own name for a list without one.
fn mirror(index: &str, id: &str) -> String {
    let colons = if id.starts_with('/') { 1 } else { 2 };
    let start = id.match_indices(':').nth(colons - 1).map_or(id.len(), |(at, _)| at + 1);
    let (host, list) = id.split_at(start);
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let list = list.trim();
    let list = if list == "(null)" || !list.contains(is_name) { index } else { list };
    format!("{host}{list}")
}

/// The least of a client of the MySQL protocol that the daemon's answers need.
struct SphinxQl {
    stream: UnixStream,
}

impl SphinxQl {
    fn connect(socket: &Path) -> Result<SphinxQl> {
        let stream = UnixStream::connect(socket).context("the daemon's SphinxQL socket")?;
        stream.set_read_timeout(Some(LIMIT))?;
        let mut sql = SphinxQl { stream };
        sql.receive()?;
        let mut login = vec![0; 32];
        // Capabilities PROTOCOL_41 and SECURE_CONNECTION, then user and password, both empty.
        login[1] = 0x82;
        login.extend([0, 0]);
        sql.send(1, &login)?;
        let answer = sql.receive()?;
        ensure!(answer.first() == Some(&0), "login: {answer:?}");
        Ok(sql)
    }

    fn query(&mut self, query: &str) -> Result<Vec<Vec<String>>> {
        self.send(0, &[b"\x03", query.as_bytes()].concat())?;
        let head = self.receive()?;
        ensure!(head.len() == 1, "{query}: {}", String::from_utf8_lossy(&head));
        self.receive_until_eof()?;
        self.receive_until_eof()?.iter().map(|packet| columns(packet)).collect()
    }

    fn send(&mut self, number: u8, body: &[u8]) -> Result<()> {
        let [low, middle, high, _] = u32::try_from(body.len())?.to_le_bytes();
        let packet = [&[low, middle, high, number], body].concat();
        Ok(self.stream.write_all(&packet)?)
    }

    fn receive(&mut self) -> Result<Vec<u8>> {
        let mut head = [0; 4];
        self.stream.read_exact(&mut head)?;
        let mut body = vec![0; u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }

    fn receive_until_eof(&mut self) -> Result<Vec<Vec<u8>>> {
        let mut packets = Vec::new();
        loop {
            let packet = self.receive()?;
            if packet.first() == Some(&0xfe) && packet.len() < 9 {
                return Ok(packets);
            }
            packets.push(packet);
        }
    }
}

/// Texts of less than 64 KiB, each behind its length.
fn columns(mut row: &[u8]) -> Result<Vec<String>> {
    let mut columns = Vec::new();
    while let [first, rest @ ..] = row {
        let (length, rest) = match (first, rest) {
            (0..=250, _) => (usize::from(*first), rest),
            (0xfc, [low, high, rest @ ..]) => {
                (usize::from(u16::from_le_bytes([*low, *high])), rest)
            }
            _ => bail!("a row of {row:?}"),
        };
        let (text, rest) = rest.split_at_checked(length).context("a row is cut")?;
        columns.push(String::from_utf8_lossy(text).into_owned());
        row = rest;
    }
    Ok(columns)
}

const LIMIT: Duration = Duration::from_secs(30);
