//! Programs in C and C++ on top of the library, plain and under valgrind, on real daemons where
//! they need any.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use hamirror::wire::search::Value;
use hamirror::{CallOptions, Client, Config, Search, SearchResult, search};
use hamirror_tests::cluster::{Agents, Cluster, INDEX};
use hamirror_tests::compiler::{Compiler, Linkage, Standard};
use hamirror_tests::library::{self, Profile};
use hamirror_tests::packages::{self, Tool};
use hamirror_tests::{corpus, process, workspace};
use tempfile::TempDir;

#[test]
fn misuse_is_an_error_and_no_crash() -> Result<()> {
    for program in [Program::c("misuse_null")?, Program::c("misuse")?] {
        program.run(&[])?;
        program.run_checked(&[])?;
    }
    Ok(())
}

#[test]
fn every_function_is_misused() -> Result<()> {
    let ledger = fs::read_to_string(workspace::root().join("ffi/symbols.txt"))?;
    let program = fs::read_to_string(workspace::tests().join("c/misuse_null.c"))?;
    let arguments = |symbol: &str| program.contains(&format!("{symbol}("));
    let forgotten: Vec<&str> = ledger
        .lines()
        .filter_map(|line| line.split_once(" 0.").map(|(symbol, _)| symbol))
        .filter(|symbol| !arguments(symbol))
        .collect();
    ensure!(ledger.lines().count() > 100 && forgotten.is_empty(), "{forgotten:?}");
    Ok(())
}

#[test]
fn the_static_library_links_too() -> Result<()> {
    let linkage = Linkage::Static(library::build(Profile::Dev)?);
    Program::build("c", "misuse.c", Standard::C("c99"), linkage)?.run(&[]).map(drop)
}

#[test]
fn configurations_are_read_by_the_rules_of_a_daemon() -> Result<()> {
    let folder = TempDir::new()?;
    let file = folder.path().join("c.conf").display().to_string();
    let program = Program::c("config_lenient")?;
    program.run(&[&file])?;
    program.run_checked(&[&file]).map(drop)
}

#[test]
fn waits_end_by_a_wake_a_cancel_and_a_deadline() -> Result<()> {
    let program = Program::c("waker")?;
    program.run(&[])?;
    program.run_checked(&[]).map(drop)
}

#[test]
fn the_library_can_be_loaded_at_run_time_and_stays() -> Result<()> {
    let library = library::build(Profile::Dev)?.join("libhamirror.so");
    let program = Program::build("c", "dlopen.c", Standard::C("c99"), Linkage::None)?;
    let expected = format!("{}\n", env!("CARGO_PKG_VERSION")).repeat(3);
    ensure!(program.run(&[&library.display().to_string()])? == expected);
    Ok(())
}

#[test]
fn programs_answer_as_rust_does() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(2_000, 5), |_| {})?;
    let config = cluster.config().display().to_string();
    let client = Client::new(&Config::read(cluster.config())?)?;
    let arguments = [config.as_str(), INDEX];

    for program in [Program::c("batch_poll")?, Program::c("values")?] {
        let printed = program.run(&arguments)?;
        ensure!(program.run_checked(&arguments)? == printed, "valgrind changes the output");
        let result = client.search(INDEX, &whole_search(), &CallOptions::default())?;
        ensure!(printed.is_empty() || printed == told(&result), "not as Rust: {printed}");
    }

    Program::c("fork")?.run(&arguments)?;
    let threads = Program::c("threads")?;
    let status = threads.run(&[&config, INDEX, "200"])?;
    ensure!(status.starts_with("status_period_seconds\t60\n"), "{status}");
    threads.run_checked(&[&config, INDEX, "5"])?;

    let result = client.search(INDEX, &Search::new("library"), &CallOptions::default())?;
    let expected: String =
        result.rows().map(|row| format!("{} {}\n", row.id(), row.weight())).collect();
    ensure!(result.len() == 20);
    let cpp = Standard::Cpp("c++17");
    let shared = Linkage::Shared(library::build(Profile::Dev)?);
    for example in [Program::c("example")?, Program::build("cpp", "example.cpp", cpp, shared)?] {
        ensure!(example.run_in(cluster.folder())? == expected);
    }
    Ok(())
}

#[test]
fn the_demo_program_keeps_to_its_format() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(300, 6), |_| {})?;
    let config = cluster.config().display().to_string();
    let client = Client::new(&Config::read(cluster.config())?)?;
    let demo = Program::c("demo_search")?;
    let search = Search::new("library").select("name").limit(10);
    let result = client.search(INDEX, &search, &CallOptions::default())?;
    let mut expected = format!("total {} found {} agents 2/2\n", result.total, result.total_found);
    for row in result.rows() {
        let name = value_text(row.value(result.column("name").context("a column name")?));
        expected += &format!("{} {} {name}\n", row.id(), row.weight());
    }
    ensure!(demo.run_checked(&[&config, INDEX, "library"])? == expected);
    for (arguments, code, part) in [
        (vec![config.as_str(), INDEX], 2, "usage: "),
        (vec![&config, "nosuch", "library"], 1, "error: "),
        (vec!["no/such.conf", INDEX, "library"], 1, "error: "),
    ] {
        let output = process::output(demo.command().args(arguments))?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(code) && output.stdout.is_empty(), "{text}");
        ensure!(text.starts_with(part), "{text}");
    }
    Ok(())
}

#[test]
fn a_short_result_is_told_or_refused() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(300, 8), |_| {})?;
    let config = cluster.folder().join("incomplete.conf");
    // Nobody listens on port 1.
    let dead = "    agent = 127.0.0.1:1:packages2\n";
    fs::write(&config, cluster.config_text(Agents::Plain, dead))?;
    let program = Program::c("incomplete")?;
    program.run_checked(&[&config.display().to_string(), INDEX]).map(drop)
}

#[test]
fn a_mirror_dies_and_no_query_fails() -> Result<()> {
    let mut cluster = Cluster::start(corpus::synthetic(500, 7), |_| {})?;
    let program = Program::c("failover")?;
    let mut command = program.command();
    command.arg(cluster.config()).arg(INDEX).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("stdout")?).lines();
    // Each line is a hundred queries more.
    let mut queries = |hundreds: usize| -> Result<()> {
        for _ in 0..hundreds {
            lines.next().context("the program goes on")??;
        }
        Ok(())
    };
    queries(3)?;
    for mirror in 0..2 {
        cluster.daemon(0, mirror).kill()?;
        queries(5)?;
        cluster.daemon(0, mirror).restart()?;
        // A mirror that was dead is tried again soon; until then the other must live.
        queries(5)?;
    }
    drop(child.stdin.take());
    let last = lines.map_while(Result::ok).last().context("a last line")?;
    let status = child.wait()?;
    ensure!(status.success() && last.ends_with(" failed 0"), "{status}: {last}");
    Ok(())
}

/// A compiled test program.
struct Program {
    folder: TempDir,
}

impl Program {
    fn c(name: &str) -> Result<Program> {
        let shared = Linkage::Shared(library::build(Profile::Dev)?);
        Program::build("c", &format!("{name}.c"), Standard::C("c99"), shared)
    }

    fn build(
        language: &str,
        source: &str,
        standard: Standard,
        linkage: Linkage,
    ) -> Result<Program> {
        let program = Program { folder: tempfile::tempdir()? };
        let source = workspace::tests().join(language).join(source);
        Compiler::new(standard, linkage).program(&[&source], &program.path())?;
        Ok(program)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("program")
    }

    fn command(&self) -> Command {
        Command::new(self.path())
    }

    fn run(&self, arguments: &[&str]) -> Result<String> {
        process::run(self.command().args(arguments))
    }

    fn run_in(&self, folder: &Path) -> Result<String> {
        process::run(self.command().current_dir(folder))
    }

    /// Under valgrind: no wrong access, nothing lost.
    fn run_checked(&self, arguments: &[&str]) -> Result<String> {
        packages::ensure(&[Tool::Valgrind])?;
        let mut command = Command::new("valgrind");
        command.args(["--quiet", "--leak-check=full", "--error-exitcode=99"]);
        process::run(command.arg(self.path()).args(arguments))
    }
}

/// The search of values.c.
fn whole_search() -> Search {
    Search::new("library")
        .exclude_values("id", [3, 5, 7])
        .filter_range("size", 0, i64::MAX)
        .exclude_float_range("ratio", -2.0, -1.0)
        .exclude_string("name", "nothing")
        .id_range(1, 1_500)
        .sort(search::Sort::Extended("@id desc".to_owned()))
        .offset(2)
        .limit(50)
        .max_matches(500)
        .max_query_time_ms(60_000)
        .ranker(search::Ranker::Sph04)
        .field_weight("title", 10)
        .index_weight("*", 2)
        .comment("values.c")
}

/// A result as values.c prints it.
fn told(result: &SearchResult) -> String {
    let mut text = String::new();
    for column in &result.columns {
        text += &format!("{} {}\n", column.name, column.kind.code());
    }
    for word in &result.words {
        text += &format!("{} {} {}\n", word.word, word.docs, word.hits);
    }
    for field in &result.fields {
        text += &format!("{field}\n");
    }
    for row in result.rows() {
        text += &format!("{} {}", row.id(), row.weight());
        for column in 0..result.columns.len() {
            text += &format!("|{}", value_text(row.value(column)));
        }
        text += "\n";
    }
    text
}

fn value_text(value: Value<'_>) -> String {
    let list = |numbers: Vec<String>| numbers.join(",");
    match value {
        Value::Uint(value) => value.to_string(),
        Value::Bool(value) => u8::from(value).to_string(),
        Value::Bigint(value) => value.to_string(),
        Value::Float(value) => format!("{:.6}", f64::from(value)),
        Value::Double(value) => format!("{value:.6}"),
        Value::String(value) => String::from_utf8_lossy(value).into_owned(),
        Value::Multi(set) => list(set.iter().map(|value| value.to_string()).collect()),
        Value::Multi64(set) => list(set.iter().map(|value| value.to_string()).collect()),
        other => format!("{other:?}"),
    }
}
