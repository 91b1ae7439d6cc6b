//! The library as it is released: what it shows, needs and weighs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use hamirror_tests::library::{self, Profile};
use hamirror_tests::{process, workspace};

#[test]
fn a_release_shows_the_ledger_and_weighs_what_the_readme_says() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let library = folder.path().join("libhamirror.so");
    fs::copy(library::build(Profile::Release)?.join("libhamirror.so"), &library)?;
    process::run(Command::new("strip").arg("--strip-unneeded").arg(&library))?;

    let shown = process::run(Command::new("nm").args(["-D", "--defined-only"]).arg(&library))?;
    let shown: BTreeSet<&str> =
        shown.lines().filter_map(|line| line.split(' ').next_back()).collect();
    let ledger = fs::read_to_string(workspace::root().join("ffi/symbols.txt"))?;
    let known = ledger.lines().filter(|line| !line.starts_with('#'));
    let known: BTreeSet<&str> = known.filter_map(|line| line.split(' ').next()).collect();
    ensure!(shown == known, "{:?}", shown.symmetric_difference(&known));

    let dynamic = process::run(Command::new("readelf").arg("-d").arg(&library))?;
    for part in [&format!("[{}]", library::soname()), "NODELETE"] {
        ensure!(dynamic.contains(part), "no {part}: {dynamic}");
    }
    ensure!(!dynamic.contains("TEXTREL"), "{dynamic}");
    weighs_what_the_readme_says(&library)
}

fn weighs_what_the_readme_says(library: &Path) -> Result<()> {
    let readme = fs::read_to_string(workspace::root().join("README.md"))?;
    let (_, said) = readme.split_once("`libhamirror.so` (").context("a size in the README")?;
    let (said, _) = said.split_once(" MB)").context("a size in MB")?;
    let (said, found) = (said.parse::<f64>()?, library.metadata()?.len() as f64 / 1e6);
    println!("libhamirror.so: {found:.2} MB, stripped");
    ensure!((found / said - 1.0).abs() < 0.1, "{found:.2} MB, not {said}");
    Ok(())
}
