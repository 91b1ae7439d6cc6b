//! The shared library of the C ABI: the symbols that it exports, and its name.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Result, ensure};
use hamirror_tests::library::{self, Profile};
use hamirror_tests::process;

#[test]
fn exported_symbols_are_those_of_the_ledger() -> Result<()> {
    let library = library::build(Profile::Dev)?.join("libhamirror.so");
    let mut nm = Command::new("nm");
    let listed = process::run(nm.args(["-D", "--defined-only"]).arg(library))?;
    let exported: BTreeSet<&str> =
        listed.lines().filter_map(|line| line.split_whitespace().last()).collect();
    let ledger = library::symbols()?;
    let known: BTreeSet<&str> = ledger.iter().map(String::as_str).collect();
    let news: Vec<_> = exported.difference(&known).collect();
    let lost: Vec<_> = known.difference(&exported).collect();
    ensure!(
        news.is_empty() && lost.is_empty(),
        "not in ffi/symbols.txt: {news:?}; lost: {lost:?}"
    );
    Ok(())
}

#[test]
fn the_library_has_its_name_and_stays_loaded() -> Result<()> {
    let library = library::build(Profile::Dev)?.join("libhamirror.so");
    let dynamic = process::run(Command::new("readelf").arg("-d").arg(library))?;
    let has = |words: [&str; 2]| {
        dynamic.lines().any(|line| words.iter().all(|word| line.contains(word)))
    };
    ensure!(has(["SONAME", &format!("[{}]", library::soname())]), "{dynamic}");
    ensure!(has(["FLAGS_1", "NODELETE"]), "{dynamic}");
    Ok(())
}
