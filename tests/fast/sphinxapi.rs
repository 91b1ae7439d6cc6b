//! The guide's table for those who come from sphinxapi: no method of it is left out, and what the
//! table names is there.

use std::collections::HashSet;
use std::fs;

use anyhow::{Context, Result, ensure};
use hamirror_tests::workspace;

use crate::tidy;

#[test]
fn every_method_of_sphinxapi_has_one_here() -> Result<()> {
    let guide = fs::read_to_string(workspace::root().join("core/docs/guide.md"))?;
    let (_, section) = guide.split_once("## From sphinxapi").context("the section")?;
    let lines = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows: Vec<Vec<&str>> = lines
        .map(|line| line.split(" | ").collect())
        .filter(|row: &Vec<_>| row.len() == 4)
        .collect();
    let (header, stubs) = (workspace::c_header()?, python_names()?);
    let (c, python) = (words_of(&header), words_of(&stubs));
    for method in METHODS {
        let is_named = |row: &&Vec<&str>| {
            let mut words = row[0].split(|letter: char| !letter.is_ascii_alphabetic());
            words.any(|word| word == method)
        };
        let row = rows.iter().find(is_named).with_context(|| format!("no line for {method}"))?;
        for name in code(row[1]) {
            let name = name.rsplit("::").next().unwrap_or(name);
            ensure!(is_public(name)?, "{method}: the library has no {name}");
        }
        for name in code(row[2]) {
            ensure!(c.contains(name.trim_end_matches("()")), "{method}: C has no {name}");
        }
        for name in code(row[3]).flat_map(words) {
            ensure!(python.contains(name), "{method}: Python has no {name}");
        }
    }
    Ok(())
}

/// The words of a file, each once.
fn words_of(text: &str) -> HashSet<&str> {
    words(text).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_other = |letter: char| !letter.is_ascii_alphanumeric() && letter != '_';
    text.split(is_other).filter(|word| !word.is_empty())
}

/// All stubs and options of the Python package.
fn python_names() -> Result<String> {
    let mut text = String::new();
    for entry in fs::read_dir(workspace::root().join("bindings/python/python/hamirror"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "pyi" || extension == "py") {
            text += &fs::read_to_string(path)?;
        }
    }
    Ok(text)
}

/// What stands between backticks.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// True if a file of the core declares it.
fn is_public(name: &str) -> Result<bool> {
    let declared = [" fn ", " struct ", " enum ", " "].map(|kind| format!("pub{kind}{name}"));
    let core = workspace::root().join("core/src");
    for file in tidy::sources().into_iter().filter(|file| file.starts_with(&core)) {
        let text = fs::read_to_string(file)?;
        if declared.iter().any(|declared| text.contains(declared)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Those of 2.2.11.
const METHODS: [&str; 40] = [
    "SetServer",
    "SetConnectTimeout",
    "GetLastError",
    "GetLastWarning",
    "SetLimits",
    "SetMaxQueryTime",
    "SetMatchMode",
    "SetRankingMode",
    "SetSortMode",
    "SetWeights",
    "SetFieldWeights",
    "SetIndexWeights",
    "SetIDRange",
    "SetFilter",
    "SetFilterRange",
    "SetFilterFloatRange",
    "SetGeoAnchor",
    "SetGroupBy",
    "SetGroupDistinct",
    "SetRetries",
    "SetOverride",
    "SetSelect",
    "SetQueryFlag",
    "SetOuterSelect",
    "ResetFilters",
    "ResetGroupBy",
    "ResetOverrides",
    "ResetQueryFlag",
    "ResetOuterSelect",
    "Query",
    "AddQuery",
    "RunQueries",
    "BuildExcerpts",
    "UpdateAttributes",
    "BuildKeywords",
    "Status",
    "EscapeString",
    "FlushAttributes",
    "Open",
    "Close",
];
