//! Random sequences of calls of the C ABI, against daemons that answer and one that is not there.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use hamirror_tests::compiler::{Compiler, Linkage, Standard};
use hamirror_tests::daemon::free_port;
use hamirror_tests::echo::{EchoDaemon, Manners};
use hamirror_tests::fake::{FakeDaemon, Fault};
use hamirror_tests::library::{self, Profile};
use hamirror_tests::process;
use hamirror_tests::program::{self, Program};
use hamirror_tests::workspace;

#[test]
fn any_sequence_of_calls_ends_well() -> Result<()> {
    let site = Site::new()?;
    let program = Program::build(Compiler::new(Standard::C("c99"), program::shared()?), &SOURCES)?;
    let uncalled = site.run(program.command(), &["seeds", "1", "3000"])?;
    let ledger = fs::read_to_string(workspace::root().join("ffi/symbols.txt"))?;
    let names = ledger.lines().filter(|line| !line.starts_with('#'));
    let names: Vec<&str> = names.filter(|line| !line.starts_with("hamirror_api ")).collect();
    let names: Vec<&str> = uncalled
        .lines()
        .map(|number| names.get(number.parse::<usize>()?).copied().context("a function"))
        .collect::<Result<_>>()?;
    ensure!(names.is_empty(), "never called: {names:?}");

    site.run(program.sanitized()?.command(), &["seeds", "10000", "300"])?;
    site.run(program.memory_checked()?, &["seeds", "20000", "30"])?;
    // As a fuzzer hands them over.
    let input = site.folder.path().join("input");
    fs::write(&input, (0..=255).chain(0..=255).collect::<Vec<u8>>())?;
    site.run(program.command(), &["files", &input.display().to_string(), "/dev/null"]).map(drop)
}

#[test]
fn every_function_runs_on_a_small_stack() -> Result<()> {
    let site = Site::new()?;
    let mut sources = SOURCES.to_vec();
    sources.push("c/small_stack.c");
    for (profile, stack) in [(Profile::Release, "32768"), (Profile::Dev, "65536")] {
        // Of the shared ones, a path in the environment would choose.
        let linkage = Linkage::Static(library::build(profile)?);
        let compiler = Compiler::new(Standard::C("c99"), linkage).flag("-Dmain=program_main");
        let program = Program::build(compiler, &sources)?;
        let mut command = program.command();
        command.arg(stack);
        let uncalled = site.run(command, &["seeds", "1", "3000"])?;
        ensure!(uncalled.is_empty(), "{profile:?}: never called: {uncalled}");
    }
    Ok(())
}

/// Not the program's own code alone.
#[test]
fn the_library_itself_does_well_under_the_sanitizer_of_addresses() -> Result<()> {
    let site = Site::new()?;
    let linkage = Linkage::Static(library::build_sanitized()?);
    let compiler = Compiler::new(Standard::C("c99"), linkage).flag("-fsanitize=address");
    let program = Program::build(compiler, &SOURCES)?;
    site.run(program.command(), &["seeds", "40000", "300"]).map(drop)
}

/// Whom the sequences ask.
struct Site {
    echo: EchoDaemon,
    searcher: FakeDaemon,
    /// Tells one changed document, whatever it is asked.
    changer: FakeDaemon,
    dead: String,
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Result<Site> {
        let folder = tempfile::tempdir()?;
        let capture = "core/tests/captures/search_allattrs_master14_11F.rep.bin";
        let reply = fs::read(workspace::root().join(capture))?;
        fs::write(folder.path().join("answer"), &reply[8..])?;
        let changed = [[0, 0, 1, 4], [0, 0, 0, 4], [0, 0, 0, 1]].concat();
        let changer = Fault::Greet { version: 1, reply: Some(changed) };
        Ok(Site {
            echo: EchoDaemon::on("127.0.0.1", Manners::default())?,
            searcher: FakeDaemon::start(Fault::Greet { version: 1, reply: Some(reply) })?,
            changer: FakeDaemon::start(changer)?,
            dead: format!("127.0.0.1:{}", free_port()?),
            folder,
        })
    }

    fn run(&self, mut command: Command, what: &[&str]) -> Result<String> {
        let fakes = [&self.searcher, &self.changer].map(|fake| fake.address().to_string());
        command.arg(&self.echo.name).args(fakes).arg(&self.dead);
        let answer: &Path = &self.folder.path().join("answer");
        process::run(command.arg(answer).args(what))
    }
}

const SOURCES: [&str; 7] = [
    "c/sequences.c",
    "c/sequences_commands.c",
    "c/sequences_calls.c",
    "c/sequences_callbacks.c",
    "c/sequences_read.c",
    "c/sequences_sql.c",
    "c/sequences_pending.c",
];
