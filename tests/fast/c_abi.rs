//! The C ABI as a whole: the ledger, the table of functions and the header that the sources make.

mod chapters;
mod table;

use std::collections::BTreeSet;
use std::env;
use std::fs;

use anyhow::{Context, Result, ensure};
use chapters::{Header, without_comments};
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
    let header = Header::new(&fresh_header()?, &sources)?.files();
    for (name, text) in &header {
        compare(&format!("include/{name}"), text)?;
    }
    for entry in fs::read_dir(workspace::root().join("include/hamirror"))? {
        let name = entry?.file_name().display().to_string();
        let is_made = header.iter().any(|(file, _)| *file == format!("hamirror/{name}"));
        ensure!(is_made, "include/hamirror/{name} is a chapter of nothing: delete it");
    }
    Ok(())
}

#[test]
fn every_name_is_in_one_chapter() -> Result<()> {
    let sources = Sources::read(&workspace::root().join("ffi/src"))?;
    let files = Header::new(&fresh_header()?, &sources)?.files();
    let mut seen = BTreeSet::new();
    for (chapter, text) in &files {
        for name in declared(text) {
            ensure!(seen.insert(name.clone()), "{chapter} is not the only one with {name}");
        }
    }
    for name in declared(&fresh_header()?).into_iter().chain(ledger()?.into_iter().map(|of| of.0))
    {
        ensure!(seen.contains(&name), "{name} is in no chapter");
    }
    let last = files.last().map(|(chapter, _)| chapter.as_str());
    ensure!(last == Some("hamirror/table.h"), "{last:?} is the last chapter");
    let includes = files[0].1.lines().filter_map(|line| line.strip_prefix("#include \""));
    let chapters = files[1..].iter().map(|(chapter, _)| chapter.as_str());
    ensure!(includes.map(|line| line.trim_end_matches('"')).eq(chapters), "{}", files[0].1);
    Ok(())
}

/// Names of the constants, types and functions that a header has at the beginning of a line or
/// before the parameters.
fn declared(header: &str) -> Vec<String> {
    let code = without_comments(header);
    let mut names = Vec::new();
    for line in code.lines().filter(|line| !line.starts_with(' ')) {
        let constant = line.strip_prefix("#define ").and_then(|rest| rest.split_once(' '));
        let end = line.strip_prefix("} ").and_then(|rest| rest.split_once(';'));
        let opaque =
            line.strip_prefix("typedef struct hamirror_").and_then(|_| line.rsplit_once(' '));
        let pointer = line.split_once("(*hamirror_").and_then(|(_, rest)| rest.split_once(')'));
        let function = line.split_once('(').and_then(|(head, _)| head.rsplit_once([' ', '*']));
        names.extend(match (constant, end, opaque, pointer, function) {
            (Some((name, _)), ..) | (None, Some((name, _)), ..) => Some(name.to_owned()),
            (None, None, Some((_, name)), ..) => Some(name.trim_end_matches(';').to_owned()),
            (None, None, None, Some((name, _)), _) => Some(format!("hamirror_{name}")),
            (None, None, None, None, Some((_, name))) => Some(name.to_owned()),
            _ => None,
        });
    }
    names.retain(|name| name.to_lowercase().starts_with("hamirror_"));
    names
}

/// Compares a file that is made with what would be made now, or replaces it on demand.
fn compare(file: &str, fresh: &str) -> Result<()> {
    let path = workspace::root().join(file);
    if env::var_os("HAMIRROR_REWRITE").is_some() {
        fs::create_dir_all(path.parent().unwrap_or(&path))?;
        fs::write(&path, fresh)?;
    }
    let text = fs::read_to_string(&path).with_context(|| format!("{file}: {REWRITE}"))?;
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
