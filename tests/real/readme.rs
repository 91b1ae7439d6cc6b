//! The README shows programs that run as they stand there; those in other languages run in
//! `c_programs.rs`, `cpp_programs.rs` and `tests/python`.

use anyhow::{Result, ensure};
use hamirror_tests::cluster::Cluster;
use hamirror_tests::{corpus, process, workspace};

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
