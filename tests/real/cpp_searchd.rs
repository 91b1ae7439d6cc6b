//! A host in the shape of searchd (examples/cpp/searchd.cpp) and a real master over the same
//! agents, asked by the bytes of recorded clients: their answers are equal, the times aside.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use hamirror::internal::wire::{Reader, Truncated};
use hamirror_tests::daemon::Daemon;
use hamirror_tests::oracle::{Frame, Oracle};
use hamirror_tests::packages::{self, Tool};
use hamirror_tests::program::Program;
use hamirror_tests::{process, workspace};
use tempfile::TempDir;

#[test]
fn recorded_clients_are_answered_as_by_a_master() -> Result<()> {
    let world = World::start()?;
    let program = Program::cpp("searchd")?;
    let sanitized = program.sanitized()?;
    for command in [program.command(), program.memory_checked()?, sanitized.command()] {
        let host = Host::start(command, &world.master.config())?;
        compare(&world, &host)?;
        refuse(&host)?;
        host.finish()?;
    }
    Ok(())
}

fn compare(world: &World, host: &Host) -> Result<()> {
    let mut master = Oracle::connect(world.master.address())?;
    let mut mine = Oracle::connect(host.address)?;
    for (name, index) in EQUAL {
        let request = recorded(name, index)?;
        let version = u16::from_be_bytes([request[2], request[3]]);
        let expected = without_times(master.exchange(&request)?, version)?;
        let found = without_times(mine.exchange(&request)?, version)?;
        ensure!(found == expected, "{name}\n{}\na master:\n{}", shown(&found), shown(&expected));
        ensure!(found.status == 0 && found.body.len() > 40, "{name}: {}", shown(&found));
    }
    Ok(())
}

/// What a master does beyond hamirror is refused in words, a query at a time; what nobody can
/// answer, in a master's own.
fn refuse(host: &Host) -> Result<()> {
    let mut mine = Oracle::connect(host.address)?;
    for (name, part) in REFUSED_QUERIES {
        let frame = mine.exchange(&recorded(name, "pd")?)?;
        let is_error = frame.status == 0 && frame.body.starts_with(&[0, 0, 0, 1]);
        ensure!(is_error && shown(&frame).contains(part), "{name}: {}", shown(&frame));
    }
    for (request, text) in REFUSED_REQUESTS {
        let frame = mine.exchange(request)?;
        let expected = [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
        ensure!((frame.status, frame.version) == (1, 0), "{}", shown(&frame));
        ensure!(frame.body == expected, "{}, not {text}", shown(&frame));
    }
    let ping = mine.exchange(b"\0\x09\x01\0\0\0\0\x04ping")?;
    ensure!((ping.status, ping.body.as_slice()) == (0, &b"ping"[..]));
    // No such command: told, and the connection is closed.
    let frame = mine.exchange(b"\0\x0c\x01\0\0\0\0\0")?;
    ensure!(shown(&frame).contains("invalid command (code=12, len=0)"), "{}", shown(&frame));
    ensure!(mine.exchange(b"\0\x09\x01\0\0\0\0\x04ping").is_err());
    Ok(())
}

/// Two agents, and a real master over them.
struct World {
    master: Daemon,
    _agents: Vec<Daemon>,
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
        let settings = "    dist_threads = 4\n";
        let master = Daemon::start(&folder.path().join("master"), &sections, settings)?;
        Ok(World { master, _agents: agents, _folder: folder })
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

/// searchd.cpp at work.
struct Host {
    child: Child,
    address: SocketAddr,
}

impl Host {
    fn start(mut command: Command, config: &Path) -> Result<Host> {
        command.arg(config).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("stdout")?).read_line(&mut line)?;
        let port: u16 = line.trim().parse().with_context(|| format!("port '{line}'"))?;
        Ok(Host { child, address: (Ipv4Addr::LOCALHOST, port).into() })
    }

    /// Ends its input, and so the host; checkers tell by the exit code what they found.
    fn finish(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        ensure!(status.success(), "{status}");
        Ok(())
    }
}

/// A recorded request that asks a distributed index in place of the local one: the names have the
/// same length, so that no other byte changes.
fn recorded(name: &str, index: &str) -> Result<Vec<u8>> {
    let file = workspace::root().join(format!("core/tests/captures/{name}.req.bin"));
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
const EQUAL: [(&str, &str); 13] = [
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
];

const REFUSED_QUERIES: [(&str, &str); 4] = [
    ("search_stringlist_11E", "a filter with a list of texts"),
    ("search_groupby_11E", "grouping"),
    ("search_outer_11E", "an outer order"),
    ("search_overrides", "overrides"),
];

const REFUSED_REQUESTS: [(&[u8], &str); 4] = [
    (b"\0\0\x02\0\0\0\0\0", "major command version mismatch (expected v.1.x, got v.2.0)"),
    (
        b"\0\0\x01\x20\0\0\0\0",
        "client version is higher than daemon version (client is v.1.32, daemon is v.1.31)",
    ),
    (
        b"\0\0\x01\x12\0\0\0\0",
        "client version is too old; upgrade your client (client is v.1.18, min is v.1.19)",
    ),
    (b"\0\0\x01\x1e\0\0\0\x04\0\0\0\0", "invalid or truncated request"),
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
