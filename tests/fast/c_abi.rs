//! The C ABI as a whole: the ledger, the table of functions and the header that the sources make.

mod table;

use std::env;
use std::fs;

use anyhow::{Context, Result, ensure};
use hamirror_tests::workspace;
use table::Sources;

#[test]
fn the_ledger_the_table_and_the_header_are_those_that_the_sources_make() -> Result<()> {
    let ffi = workspace::root().join("ffi");
    let sources = Sources::read(&ffi.join("src"))?;
    let ledger = fs::read_to_string(ffi.join("symbols.txt"))?;
    let fresh = sources.ledger(&ledger, VERSION);
    let table = sources.table(&fresh)?;
    compare("ffi/symbols.txt", &fresh)?;
    compare("ffi/src/api/table.rs", &table)?;
    // The header is made from the table, too.
    compare("include/hamirror.h", &fresh_header()?)
}

/// Compares a file that is made with what would be made now, or replaces it on demand.
fn compare(file: &str, fresh: &str) -> Result<()> {
    let path = workspace::root().join(file);
    if env::var_os("HAMIRROR_REWRITE").is_some() {
        fs::write(&path, fresh)?;
    }
    let text = fs::read_to_string(&path)?;
    let place = text.lines().zip(fresh.lines()).position(|(one, other)| one != other);
    ensure!(
        text == fresh,
        "{file} is stale from line {} on: {REWRITE}",
        place.map_or(text.lines().count().min(fresh.lines().count()), |line| line) + 1
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

/// Major and minor of the project.
const VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));
const REWRITE: &str = "HAMIRROR_REWRITE=1 cargo test -p hamirror-tests --test fast c_abi";
