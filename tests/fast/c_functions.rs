//! What each function of the C ABI has beside itself: words about its errors, a place among the
//! misused, a method in C++.

use std::fs;

use anyhow::{Context, Result, ensure};
use hamirror_tests::workspace;

#[test]
fn every_function_that_can_fail_says_how() -> Result<()> {
    let header = workspace::c_header()?;
    let mut silent = Vec::new();
    let mut count = 0;
    for part in header.split("/**\n").skip(1) {
        let Some((words, declaration)) = part.split_once(" */\n") else { continue };
        let declaration = declaration.split(';').next().unwrap_or_default();
        if !declaration.starts_with("int32_t hamirror_") || !declaration.contains("out_error") {
            continue;
        }
        count += 1;
        let words = words.replace("\n *", "");
        let refers = words.contains("rrors are those of hamirror_");
        if !words.contains("HAMIRROR_ERROR_") && !refers {
            silent.push(declaration.lines().next().unwrap_or_default().to_owned());
        }
    }
    ensure!(count > 70 && silent.is_empty(), "{count} functions, silent: {silent:#?}");
    Ok(())
}

#[test]
fn every_function_is_misused() -> Result<()> {
    let ledger = fs::read_to_string(workspace::root().join("ffi/symbols.txt"))?;
    let read = |name: &str| fs::read_to_string(workspace::tests().join(name));
    let program = read("c/misuse_null.c")? + &read("c/misuse_null_commands.c")?;
    let arguments = |symbol: &str| program.contains(&format!("{symbol}("));
    let forgotten: Vec<&str> = ledger
        .lines()
        .filter_map(|line| line.split_once(" 0.").map(|(symbol, _)| symbol))
        .filter(|symbol| !arguments(symbol))
        .collect();
    ensure!(ledger.lines().count() > 100 && forgotten.is_empty(), "{forgotten:?}");
    Ok(())
}

#[test]
fn every_function_is_wrapped_and_every_handle_is_freed() -> Result<()> {
    let ledger = fs::read_to_string(workspace::root().join("ffi/symbols.txt"))?;
    let header = header()?;
    let words: Vec<&str> =
        header.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect();
    let symbols = ledger.lines().filter_map(|line| line.split_once(" 0.").map(|(name, _)| name));
    let mut frees = 0;
    for symbol in symbols {
        ensure!(words.contains(&symbol) || symbol == FOR_DLOPEN, "{symbol} is not wrapped");
        let Some(handle) = symbol.strip_suffix("_free") else { continue };
        ensure!(header.contains(&format!("Handle<{handle}, {symbol}>")), "{handle} has no owner");
        frees += 1;
    }
    ensure!(frees > 10 && frees == header.matches("_free>").count(), "{frees} handles");
    Ok(())
}

/// The text of `hamirror.hpp` and of all headers that it is made of.
fn header() -> Result<String> {
    let mut names = Vec::new();
    let mut header = String::new();
    for entry in fs::read_dir(workspace::root().join("include"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "hpp") {
            header += &fs::read_to_string(&path)?;
            names.push(path.file_name().context("a name")?.to_string_lossy().into_owned());
        }
    }
    for name in names.iter().filter(|name| *name != "hamirror.hpp") {
        ensure!(header.contains(&format!("#include <{name}>\n")), "{name} is in no other header");
    }
    Ok(header)
}

/// The table of the functions, for programs that link with none of them; the classes call all by
/// name.
const FOR_DLOPEN: &str = "hamirror_api";
