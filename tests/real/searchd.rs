//! A host in the shape of searchd (examples/rust/searchd.rs) and a real master over the same
//! agents, asked by the bytes of recorded clients and by clients that registries have: their
//! answers are equal, the times aside.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use hamirror::internal::wire::search::{Layout, Query, encode_in};
use hamirror::internal::wire::{Reader, Truncated, Writer};
use hamirror_tests::daemon::Daemon;
use hamirror_tests::oracle::{Frame, Oracle};
use hamirror_tests::packages::{self, Tool};
use hamirror_tests::python::Environment;
use hamirror_tests::{process, workspace};
use tempfile::TempDir;

#[test]
fn recorded_clients_are_answered_as_by_a_master() -> Result<()> {
    let world = World::start()?;
    let host = Host::start(&world.master.config())?;
    let mut master = Oracle::connect(world.master.address())?;
    let mut mine = Oracle::connect(host.api)?;
    for (name, index) in EQUAL {
        let request = recorded(name, index)?;
        let version = u16::from_be_bytes([request[2], request[3]]);
        let expected = without_times(master.exchange(&request)?, version)?;
        let found = without_times(mine.exchange(&request)?, version)?;
        ensure!(found == expected, "{name}\n{}\na master:\n{}", shown(&found), shown(&expected));
        ensure!(found.status == 0 && found.body.len() > 40, "{name}: {}", shown(&found));
    }
    host.finish()
}

/// Agents answer for local indexes what masters refuse for distributed ones; of one agent the host
/// tells the same.
#[test]
fn recorded_commands_are_answered_as_by_the_agent() -> Result<()> {
    let world = World::start()?;
    let host = Host::start(&world.master.config())?;
    let mut agent = Oracle::connect(world.agents[0].address())?;
    let mut mine = Oracle::connect(host.api)?;
    for name in EQUAL_COMMANDS {
        let request = fs::read(capture(name))?;
        let mut renamed = request.clone();
        for place in 0..renamed.len() - 1 {
            if renamed[place..].starts_with(b"pl") {
                renamed[place + 1] = b'1';
            }
        }
        let (found, expected) = (mine.exchange(&renamed)?, agent.exchange(&request)?);
        ensure!(found == expected, "{name}\n{}\nan agent:\n{}", shown(&found), shown(&expected));
    }
    // An update is all that is left to look at once it is told.
    let flushed = mine.exchange(&fs::read(capture("flushattrs"))?)?;
    ensure!((flushed.status, flushed.body.len()) == (0, 4), "{}", shown(&flushed));
    host.finish()
}

/// Each version has fields of its own; a mistake in one shifts all that is behind it.
#[test]
fn every_version_is_answered_as_by_a_master() -> Result<()> {
    let world = World::start()?;
    let host = Host::start(&world.master.config())?;
    let mut master = Oracle::connect(world.master.address())?;
    let mut mine = Oracle::connect(host.api)?;
    for flags in [0, 0x40, 0x44, 0x50, 0x08] {
        let mut newest = None;
        for version in 0x119..=0x120 {
            let request = batch(version, flags);
            let found = without_times(mine.exchange(&request)?, version)?;
            if version == 0x120 {
                // 2.2.11 knows it not; it brought a field that is empty here.
                ensure!(found.version == 0x120, "{:#x}", found.version);
                ensure!(Some(found.body) == newest, "{version:#x} {flags:#x}");
                continue;
            }
            let expected = without_times(master.exchange(&request)?, version)?;
            let both = || format!("{}\na master:\n{}", shown(&found), shown(&expected));
            ensure!(found == expected, "{version:#x} {flags:#x}\n{}", both());
            newest = Some(found.body);
        }
    }
    host.finish()
}

/// Two queries; the first one's predicted time precedes the second one.
fn batch(version: u16, flags: u32) -> Vec<u8> {
    let query = |text: &str| Query {
        flags,
        text: text.into(),
        index_list: b"pd".to_vec(),
        predicted_time_ms: 100_000,
        select: b"gid, str, weight() w".to_vec(),
        ..Query::default()
    };
    let mut body = Vec::new();
    let queries = [query("hello | hello | world"), query("test | body")];
    encode_in(Layout { version, master: 0 }, &queries, &mut body);
    let mut request = Vec::new();
    request.put_u16(0);
    request.put_u16(version);
    request.put_string(&body);
    request
}

#[test]
fn what_nobody_can_answer_is_refused_in_a_masters_words_and_leaves_the_connection() -> Result<()> {
    let world = World::start()?;
    let host = Host::start(&world.master.config())?;
    let mut master = Oracle::connect(world.master.address())?;
    let mut mine = Oracle::connect(host.api)?;
    for request in REFUSED {
        let (found, expected) = (mine.exchange(request)?, master.exchange(request)?);
        ensure!(found == expected, "{}\na master:\n{}", shown(&found), shown(&expected));
    }
    for request in [
        // The newest version is one that 2.2.11 has not.
        &b"\0\0\x01\x21\0\0\0\0"[..],
        b"\0\0\x01\x12\0\0\0\0",
    ] {
        let found = mine.exchange(request)?;
        ensure!((found.status, found.version) == (1, 0), "{}", shown(&found));
        ensure!(shown(&found).contains("client version is"), "{}", shown(&found));
    }
    let ping = mine.exchange(b"\0\x09\x01\0\0\0\0\x04ping")?;
    ensure!((ping.status, ping.body.as_slice()) == (0, &b"ping"[..]));
    // No such command: told, and the connection is closed.
    for oracle in [&mut mine, &mut master] {
        let frame = oracle.exchange(b"\0\x0c\x01\0\0\0\0\0")?;
        ensure!(shown(&frame).contains("invalid command (code=12, len=0)"), "{}", shown(&frame));
        ensure!(oracle.exchange(b"\0\x09\x01\0\0\0\0\x04ping").is_err());
    }
    host.finish()
}

#[test]
fn clients_of_python_are_answered_as_by_a_master() -> Result<()> {
    let world = World::start()?;
    let host = Host::start(&world.master.config())?;
    let folder = tempfile::tempdir()?;
    let environment = Environment::create(&folder.path().join("venv"))?;
    environment.install_requirements(&clients().join("requirements.txt"))?;
    let api = || {
        let mut command = environment.python();
        command.arg(clients().join("api.py"));
        command
    };
    // A master cuts the sum of numbers of 32 bits to as many.
    world.compare(&host, api, 25, &["sums"])?;
    let mysql = |listener: &str| {
        let mut command = environment.python();
        command.arg(clients().join("mysql.py")).args([listener, "pd"]);
        process::run(&mut command)
    };
    let found = mysql(&host.mysql41.to_string())?;
    let expected = mysql(&world.mysql41.display().to_string())?;
    alike("mysql.py", &found, &expected, 30, &[])
}

#[test]
fn a_client_of_perl_is_answered_as_by_a_master() -> Result<()> {
    packages::ensure(&[Tool::SphinxSearchPerl])?;
    let world = World::start()?;
    let host = Host::start(&world.master.config())?;
    let command = || {
        let mut command = Command::new("perl");
        command.arg(clients().join("api.pl"));
        command
    };
    // To this the master gives an empty text.
    world.compare(&host, command, 25, &["no such column"])
}

#[test]
fn a_client_of_node_is_answered_as_by_a_master() -> Result<()> {
    packages::ensure(&[Tool::Npm])?;
    let world = World::start()?;
    let host = Host::start(&world.master.config())?;
    let folder = tempfile::tempdir()?;
    let mut install = Command::new("npm");
    install.args(["install", "--silent", "--no-save", "--prefix"]).arg(folder.path());
    process::run_long(install.arg("sphinxapi@1.3.0"))?;
    let command = || {
        let mut command = Command::new("node");
        command.arg(clients().join("api.js")).arg(folder.path());
        command
    };
    world.compare(&host, command, 12, &[])
}

fn clients() -> PathBuf {
    workspace::tests().join("clients")
}

/// Compares what a client printed, line by line, but for calls that masters answer otherwise.
fn alike(what: &str, found: &str, expected: &str, count: usize, unlike: &[&str]) -> Result<()> {
    ensure!(expected.lines().count() >= count, "{what}\n{expected}");
    for (found, expected) in found.lines().zip(expected.lines()) {
        let is_unlike = unlike.iter().any(|name| expected.starts_with(name));
        ensure!(found == expected || is_unlike, "{what}\n{found}\na master:\n{expected}");
        ensure!(found != expected || !is_unlike, "{what}: alike by now\n{found}");
    }
    ensure!(found.lines().count() == expected.lines().count(), "{what}\n{found}");
    Ok(())
}

/// Two agents, and a real master over them.
struct World {
    master: Daemon,
    /// Socket of the master's MySQL listener.
    mysql41: PathBuf,
    agents: Vec<Daemon>,
    _folder: TempDir,
}

impl World {
    fn start() -> Result<World> {
        packages::ensure(&[Tool::Searchd])?;
        let folder = tempfile::tempdir()?;
        let mut agents = Vec::new();
        for (name, rows) in [("a", ROWS_A), ("b", ROWS_B)] {
            agents.push(start_agent(&folder.path().join(name), rows)?);
        }
        let mut sections = String::new();
        for (index, list, count) in [("pd", "pl", 2), ("p1", "pl", 1), ("plrt5", "pl,rt", 2)] {
            sections += &format!("index {index}\n{{\n    type = distributed\n");
            for agent in &agents[..count] {
                sections += &format!("    agent = {}:{list}\n", agent.address());
            }
            sections += "}\n";
        }
        let mysql41 = folder.path().join("mysql.sock");
        let listen = format!("    dist_threads = 4\n    listen = {}:mysql41\n", mysql41.display());
        let master = Daemon::start(&folder.path().join("master"), &sections, &listen)?;
        Ok(World { master, mysql41, agents, _folder: folder })
    }

    /// Runs a client of the API against both. Excerpts and keywords, which masters refuse, it gets
    /// from the first agent.
    fn compare(
        &self,
        host: &Host,
        client: impl Fn() -> Command,
        count: usize,
        unlike: &[&str],
    ) -> Result<()> {
        let run = |api: SocketAddr, (one, index): (SocketAddr, &str)| {
            let [port, one_port] = [api, one].map(|address| address.port().to_string());
            process::run(client().args([port.as_str(), "pd", &one_port, index, "p1"]))
        };
        let found = run(host.api, (host.api, "p1"))?;
        let expected = run(self.master.address(), (self.agents[0].address(), "pl"))?;
        alike("a client", &found, &expected, count, unlike)
    }
}

/// The schema of the daemons that the clients were recorded with.
fn start_agent(home: &Path, rows: &str) -> Result<Daemon> {
    fs::create_dir_all(home)?;
    fs::write(home.join("rows.tsv"), rows)?;
    let place = home.display();
    let index = |settings: &str| {
        format!("index pl\n{{\n    path = {place}/pl\n    index_field_lengths = 1\n{settings}}}\n")
    };
    let source = format!(
        "source rows\n{{\n    type = tsvpipe\n    tsvpipe_command = cat {place}/rows.tsv\n{}}}\n",
        COLUMNS.map(|column| format!("    tsvpipe_{column}\n")).concat()
    );
    let config = home.join("indexer.conf");
    fs::write(&config, source + &index("    source = rows\n"))?;
    let mut indexer = Command::new("indexer");
    process::run(indexer.arg("--config").arg(&config).args(["--all", "--quiet"]))?;
    let rt = format!(
        "index rt\n{{\n    type = rt\n    path = {place}/rt\n    rt_field = title\n    \
         rt_attr_uint = gid\n}}\n"
    );
    Daemon::start(home, &(index("") + &rt), "")
}

/// The host at work.
struct Host {
    child: Child,
    api: SocketAddr,
    mysql41: u16,
}

impl Host {
    fn start(config: &Path) -> Result<Host> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_searchd"));
        command.arg(config).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = process::spawn_bound(command)?;
        let mut lines = BufReader::new(child.stdout.take().context("stdout")?).lines();
        let mut address = || -> Result<SocketAddr> {
            let line = lines.next().context("an address")??;
            line.parse().with_context(|| format!("address '{line}'"))
        };
        let (api, mysql41) = (address()?, address()?.port());
        Ok(Host { child, api, mysql41 })
    }

    /// Ends its input, and so the host.
    fn finish(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        ensure!(status.success(), "{status}");
        Ok(())
    }
}

fn capture(name: &str) -> PathBuf {
    workspace::root().join(format!("core/tests/captures/{name}.req.bin"))
}

/// A recorded request that asks a distributed index in place of the local one: the names have the
/// same length, so that no other byte changes.
fn recorded(name: &str, index: &str) -> Result<Vec<u8>> {
    let file = capture(name);
    let mut request = fs::read(&file).with_context(|| file.display().to_string())?;
    let local = if index == "plrt5" { "pl,rt" } else { "pl" };
    let mut from = (local.len() as u32).to_be_bytes().to_vec();
    from.extend(local.as_bytes());
    let mut renamed = 0;
    for place in 0..request.len().saturating_sub(from.len() + 4) {
        let after = place + from.len();
        // The list is followed by a flag; a name of the same text in the weights, by its weight.
        let is_list = request[place..].starts_with(&from)
            && matches!(request[after..after + 4], [0, 0, 0, 0 | 1]);
        if is_list {
            request[after - index.len()..after].copy_from_slice(index.as_bytes());
            renamed += 1;
        }
    }
    ensure!(renamed > 0, "{name} does not ask {local}");
    Ok(request)
}

/// The reply with 0 for the time of each query: the one thing that differs from run to run.
fn without_times(mut frame: Frame, version: u16) -> Result<Frame> {
    if frame.status != 0 {
        return Ok(frame);
    }
    let mut places = Vec::new();
    let mut reader = Reader::new(&frame.body);
    while reader.remaining() > 0 {
        let place = time_place(&mut reader, version).ok().context("a reply that ends early")?;
        places.extend(place);
    }
    for place in places {
        frame.body[place..place + 4].fill(0);
    }
    Ok(frame)
}

/// Walks over one query's block; none if it is an error.
fn time_place(reader: &mut Reader<'_>, version: u16) -> Result<Option<usize>, Truncated> {
    match reader.u32()? {
        0 => {}
        1 => return reader.string().map(|_| None),
        _ => drop(reader.string()?),
    }
    for _ in 0..reader.u32()? {
        reader.string()?;
    }
    let mut kinds = Vec::new();
    for _ in 0..reader.u32()? {
        reader.string()?;
        kinds.push(reader.u32()?);
    }
    let rows = reader.u32()?;
    let id_bytes = if reader.u32()? == 0 { 4 } else { 8 };
    for _ in 0..rows {
        reader.bytes(id_bytes + 4)?;
        for kind in &kinds {
            match *kind {
                6 if version >= 0x114 => drop(reader.u64()?),
                7 => drop(reader.string()?),
                // Factors, whose length counts itself.
                1001 => drop(match reader.u32()? {
                    0 => reader.bytes(0)?,
                    length => reader.bytes(length as usize - 4)?,
                }),
                // Sets of either width count dwords.
                0x4000_0001 | 0x4000_0002 => {
                    for _ in 0..reader.u32()? {
                        reader.u32()?;
                    }
                }
                _ => drop(reader.u32()?),
            }
        }
    }
    reader.u64()?;
    let place = reader.offset();
    reader.u32()?;
    for _ in 0..reader.u32()? {
        reader.string()?;
        reader.u64()?;
    }
    Ok(Some(place))
}

fn shown(frame: &Frame) -> String {
    format!("{} {:#x} {}", frame.status, frame.version, frame.body.escape_ascii())
}

/// The oldest client sends no select list; to such a one a master shows a document twice that two
/// agents have, and hamirror does not, so it asks one agent.
/// An enclosing select is left out: a master tells other totals, as it cuts the rows of agents
/// before it sees them.
const EQUAL: [(&str, &str); 16] = [
    ("search_basic_11E", "pd"),
    ("search_allattrs_11E", "pd"),
    ("search_exprs_11E", "pd"),
    ("search_all_filters_11E", "pd"),
    ("search_geo_11E", "pd"),
    ("search_packedfactors_11E", "pd"),
    ("search_zero_matches_11E", "pd"),
    ("search_batch3_err", "pd"),
    ("search_query_error", "pd"),
    ("search_warning_11E", "plrt5"),
    ("search_multiindex_weights", "plrt5"),
    ("search_legacy_119", "pd"),
    ("search_legacy_113", "p1"),
    ("search_stringlist_11E", "pd"),
    ("search_groupby_11E", "pd"),
    ("search_overrides", "pd"),
];

const EQUAL_COMMANDS: [&str; 8] = [
    "excerpt",
    "excerpt_empty",
    "keywords_stats",
    "keywords_nostats",
    "update",
    "update_mva",
    "update_int_mva",
    "ping",
];

const REFUSED: [&[u8]; 4] = [
    b"\0\0\x02\0\0\0\0\0",
    b"\0\0\x01\x1e\0\0\0\x04\0\0\0\0",
    b"\0\0\x01\x1e\0\0\0\x08\0\0\0\0\0\0\0\0",
    b"\0\x05\x02\x01\0\0\0\0",
];

const COLUMNS: [&str; 11] = [
    "field = title",
    "field = body",
    "attr_uint = gid",
    "attr_bool = flag",
    "attr_timestamp = ts",
    "attr_bigint = big",
    "attr_float = fl",
    "attr_multi = mv",
    "attr_multi_64 = mv64",
    "attr_string = str",
    "attr_json = js",
];

const ROWS_A: &str = "\
1\thello world\tfirst\t10\t1\t1400000000\t9000000000\t1.5\t1,2,3\t10000000000,-5\talpha\t\
{\"a\":1,\"b\":\"x\",\"c\":[1,2]}
2\thello there\tsecond body\t20\t0\t1400000100\t-7\t2.25\t4\t20000000000\tbeta\t{\"a\":2}
3\ttest doc\tthird body hello\t10\t1\t1400000200\t12\t-3.5\t\t\tgamma\t
";

/// Document 3 is on both agents.
const ROWS_B: &str = "\
3\ttest on b\tthird body hello from b\t11\t0\t1400009999\t99\t9.5\t7\t70000000000\tzeta\t{\"a\":33}
4\thello fourth\tfourth body\t10\t1\t1400000300\t44\t4.5\t1,4\t1,2\tdelta\t{\"a\":4.5}
5\tworld fifth hello hello\tfifth\t30\t0\t1400000400\t55\t5.5\t5\t\teps\t\
{\"a\":\"s\",\"n\":{\"z\":1}}
";
