//! The C ABI as a whole: the committed header, the exported symbols, the library's name.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use hamirror_tests::library::{self, Profile};
use hamirror_tests::{process, workspace};

#[test]
fn the_header_is_the_one_that_the_sources_make() -> Result<()> {
    let fresh = fresh_header()?;
    let committed = workspace::root().join("include/hamirror.h");
    if env::var_os("HAMIRROR_REWRITE").is_some() {
        fs::write(&committed, &fresh)?;
    }
    let text = fs::read_to_string(&committed)?;
    let place = text.lines().zip(fresh.lines()).position(|(one, other)| one != other);
    ensure!(
        text == fresh,
        "include/hamirror.h is stale from line {} on: {REWRITE}",
        place.map_or(text.lines().count().min(fresh.lines().count()), |line| line) + 1
    );
    Ok(())
}

#[test]
fn exported_symbols_are_those_of_the_ledger() -> Result<()> {
    let library = library::build(Profile::Dev)?.join("libhamirror.so");
    let mut nm = Command::new("nm");
    let listed = process::run(nm.args(["-D", "--defined-only"]).arg(library))?;
    let exported: BTreeSet<&str> =
        listed.lines().filter_map(|line| line.split_whitespace().last()).collect();
    let ledger = ledger()?;
    let known: BTreeSet<&str> = ledger.iter().map(|(symbol, _)| symbol.as_str()).collect();
    let news: Vec<_> = exported.difference(&known).collect();
    let lost: Vec<_> = known.difference(&exported).collect();
    ensure!(
        news.is_empty() && lost.is_empty(),
        "not in ffi/symbols.txt: {news:?}; lost: {lost:?}"
    );
    Ok(())
}

#[test]
fn the_ledger_names_what_the_header_declares() -> Result<()> {
    let header = fresh_header()?;
    for (symbol, version) in ledger()? {
        ensure!(symbol.starts_with("hamirror_"), "{symbol} has another prefix");
        ensure!(header.contains(&format!("{symbol}(")), "{symbol} is not in the header");
        ensure!(version_of(&version)? <= version_of(env!("CARGO_PKG_VERSION"))?, "{version}");
    }
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

fn fresh_header() -> Result<String> {
    let ffi = workspace::root().join("ffi");
    let config = cbindgen::Config::from_file(ffi.join("cbindgen.toml"))
        .map_err(|error| anyhow::anyhow!("ffi/cbindgen.toml: {error}"))?;
    let bindings = cbindgen::generate_with_config(&ffi, config)?;
    let mut header = Vec::new();
    bindings.write(&mut header);
    Ok(String::from_utf8(header)?)
}

/// Each symbol with the version that brought it.
fn ledger() -> Result<Vec<(String, String)>> {
    let text = fs::read_to_string(workspace::root().join("ffi/symbols.txt"))?;
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (symbol, version) = line.split_once(' ').context(format!("ledger line {line}"))?;
            Ok((symbol.to_owned(), version.to_owned()))
        })
        .collect()
}

/// Major and minor.
fn version_of(text: &str) -> Result<(u32, u32)> {
    let mut numbers = text.split('.').map(str::parse);
    let mut next = || numbers.next().context("a number")?.context("a number");
    Ok((next()?, next()?))
}

const REWRITE: &str = "HAMIRROR_REWRITE=1 cargo test -p hamirror-tests --test c_abi";
