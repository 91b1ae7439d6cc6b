//! Programs in C++ on top of the library, on real daemons.

use std::fs;

use anyhow::{Result, ensure};
use hamirror::{Client, Config, Search};
use hamirror_tests::cluster::{Agents, Cluster, INDEX};
use hamirror_tests::compiler::{Compiler, Standard};
use hamirror_tests::daemon::free_port;
use hamirror_tests::echo::{EchoDaemon, Manners};
use hamirror_tests::program::{self, Program};
use hamirror_tests::{corpus, process};

#[test]
fn every_method_does_what_its_function_does() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(2_000, 14), |_| {})?;
    let config = cluster.folder().join("two.conf");
    // Nobody listens on port 1.
    let short = cluster.config_text(Agents::Plain, "    agent = 127.0.0.1:1:packages2\n");
    let short = short.replace(&format!("index {INDEX}"), "index one_dead");
    // By its rules the file is one that searchd starts with.
    let searchd = "searchd\n{\n    pid_file = searchd.pid\n}\n";
    fs::write(&config, cluster.config_text(Agents::Plain, "") + &short + searchd)?;
    let config = config.display().to_string();

    let of_c = Program::c("values")?.run(&[&config, INDEX])?;
    ensure!(of_c.lines().count() > 50);
    for kind in [THROWN, NO_EXCEPTIONS] {
        let printed = of_kind("everything", kind)?.run_every_way(&[&config, INDEX])?;
        ensure!(printed == of_c, "{kind}: {printed}, not as values.c: {of_c}");
    }
    Ok(())
}

#[test]
fn the_example_answers_as_rust_does() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(300, 15), |_| {})?;
    let client = Client::new(&Config::read(cluster.patient_config())?)?;
    let result = client.search(INDEX, &Search::new("library"))?;
    let expected: String =
        result.rows().map(|row| format!("{} {}\n", row.id(), row.weight())).collect();
    ensure!(result.len() == 20);
    let example = Program::cpp("example")?;
    for mut command in
        [example.command(), example.memory_checked()?, example.sanitized()?.command()]
    {
        ensure!(process::run(command.current_dir(cluster.folder()))? == expected);
    }
    Ok(())
}

#[test]
fn callables_build_and_judge_and_may_throw() -> Result<()> {
    let [one, other, _] = echoes()?;
    for kind in [THROWN, "-DHAMIRROR_EXPECTED", NO_EXCEPTIONS] {
        of_kind("callbacks", kind)?.run_every_way(&[&one.name, &other.name])?;
    }
    Ok(())
}

#[test]
fn local_indexes_are_searched_by_callables_and_by_batches() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(500, 16), |_| {})?;
    let [one, other] = [0, 1].map(|shard| cluster.daemons()[shard][0].address().to_string());
    Program::cpp("locals")?.run_every_way(&[&one, &other]).map(drop)
}

#[test]
fn status_is_told_in_classes() -> Result<()> {
    let [echo, ..] = echoes()?;
    let (port, dead) = (echo.port().to_string(), format!("127.0.0.1:{}", free_port()?));
    Program::cpp("status")?.run_every_way(&[&echo.name, &port, &dead]).map(drop)
}

#[test]
fn upkeep_runs_in_a_poll_loop() -> Result<()> {
    let [one, other, hole] = echoes()?;
    Program::cpp("upkeep")?.run_every_way(&[&one.name, &other.name, &hole.name]).map(drop)
}

/// A program whose errors are thrown, or returned.
fn of_kind(name: &str, kind: &str) -> Result<Program> {
    let compiler = Compiler::new(Standard::Cpp("c++17"), program::shared()?);
    Program::build(compiler.flag(kind), &[&format!("cpp/{name}.cpp")])
}

fn echoes() -> Result<[EchoDaemon; 3]> {
    let echo = || EchoDaemon::on("127.0.0.1", Manners::default());
    Ok([echo()?, echo()?, echo()?])
}

const THROWN: &str = "-fexceptions";
const NO_EXCEPTIONS: &str = "-fno-exceptions";
