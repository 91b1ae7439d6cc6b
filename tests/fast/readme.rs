//! The README shows programs that run as they stand there.

use std::fs;

use anyhow::{Context, Result, ensure};
use hamirror_tests::cluster::Cluster;
use hamirror_tests::{corpus, process, workspace};

#[test]
fn its_programs_are_the_tested_files() -> Result<()> {
    let readme = fs::read_to_string(workspace::root().join("README.md"))?;
    for (language, file) in [
        ("rust", "core/examples/search.rs"),
        ("c", "examples/c/example.c"),
        ("cpp", "examples/cpp/example.cpp"),
        ("python", "examples/python/example.py"),
    ] {
        let program = fs::read_to_string(workspace::root().join(file)).context(file)?;
        let block = format!("```{language}\n{program}```\n");
        ensure!(readme.contains(&block), "README.md does not show {file} as it is");
    }
    Ok(())
}

#[test]
fn its_rust_program_prints_ids_and_weights() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(500, 11), |_| {})?;
    let manifest = workspace::root().join("Cargo.toml").display().to_string();
    let arguments =
        ["run", "--quiet", "--manifest-path", &manifest, "-p", "hamirror", "--example", "search"];
    let printed = process::run(workspace::cargo(&arguments).current_dir(cluster.folder()))?;
    let is_row = |line: &str| {
        let mut numbers = line.split(' ').map(str::parse::<i64>);
        matches!(
            (numbers.next(), numbers.next(), numbers.next()),
            (Some(Ok(_)), Some(Ok(_)), None)
        )
    };
    ensure!(printed.lines().count() == 20 && printed.lines().all(is_row), "{printed}");
    Ok(())
}
