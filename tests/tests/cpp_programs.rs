//! Programs in C++ on top of the library, on real daemons.

use std::fs;

use anyhow::{Result, ensure};
use hamirror::{CallOptions, Client, Config, Search};
use hamirror_tests::cluster::{Agents, Cluster, INDEX};
use hamirror_tests::compiler::{Compiler, Standard};
use hamirror_tests::program::{self, Program};
use hamirror_tests::{corpus, process};

#[test]
fn every_method_does_what_its_function_does() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(2_000, 14), |_| {})?;
    let config = cluster.folder().join("two.conf");
    // Nobody listens on port 1.
    let short = cluster.config_text(Agents::Plain, "    agent = 127.0.0.1:1:packages2\n");
    let short = short.replace(&format!("index {INDEX}"), "index one_dead");
    fs::write(&config, cluster.config_text(Agents::Plain, "") + &short)?;
    let config = config.display().to_string();

    let of_c = Program::c("values")?.run(&[&config, INDEX])?;
    ensure!(of_c.lines().count() > 50);
    let everything = Program::cpp("everything")?;
    ensure!(everything.run_every_way(&[&config, INDEX])? == of_c, "not as values.c: {of_c}");
    Ok(())
}

#[test]
fn exceptions_or_not_the_answers_are_those_of_rust() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(300, 15), |_| {})?;
    let config = cluster.config().display().to_string();
    let client = Client::new(&Config::read(cluster.config())?)?;
    let result = client.search(INDEX, &Search::new("library"), &CallOptions::default())?;
    let expected: String =
        result.rows().map(|row| format!("{} {}\n", row.id(), row.weight())).collect();
    ensure!(result.len() == 20);
    let compiler = Compiler::new(Standard::Cpp("c++17"), program::shared()?);
    let careful = Program::build(compiler.flag("-fno-exceptions"), &["cpp/expected.cpp"])?;
    ensure!(careful.run_every_way(&[&config, INDEX])? == expected);
    let example = Program::cpp("example")?;
    for mut command in
        [example.command(), example.memory_checked()?, example.sanitized()?.command()]
    {
        ensure!(process::run(command.current_dir(cluster.folder()))? == expected);
    }
    Ok(())
}
