//! The C++ header: it wraps all of the C header, and compiles wherever it says so.

use std::fs;

use anyhow::{Context, Result, ensure};
use hamirror_tests::compiler::{Compiler, Linkage, Standard};
use hamirror_tests::program::{self, Program};
use hamirror_tests::{packages, workspace};

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

#[test]
fn it_compiles_under_both_standards_by_any_compiler_and_of_either_kind() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let right = folder.path().join("right.cpp");
    let wrong = folder.path().join("wrong.cpp");
    let text = "#include <hamirror.hpp>\n#include <hamirror.hpp>\n";
    fs::write(&right, format!("{text}int main() {{ return hamirror::version().empty(); }}\n"))?;
    fs::write(&wrong, format!("{text}int main() {{ return hamirror::nosuch(); }}\n"))?;
    let clang = packages::find("clang++").map(|_| "clang++");
    for compiler in [Some("c++"), clang].into_iter().flatten() {
        for (standard, kind) in [
            ("c++17", "-fexceptions"),
            ("c++17", "-DHAMIRROR_EXPECTED"),
            ("c++20", "-fexceptions"),
            ("c++20", "-fno-exceptions"),
        ] {
            Compiler::new(Standard::Cpp(standard), Linkage::None)
                .flag(kind)
                .flag("-Wconversion")
                .flag("-Wshadow")
                .flag("-Wundef")
                .check_by(compiler, &right)
                .with_context(|| format!("{standard} {kind}"))?;
        }
        let plain = Compiler::new(Standard::Cpp("c++17"), Linkage::None);
        ensure!(plain.check_by(compiler, &wrong).is_err(), "{compiler} takes anything");
    }
    Ok(())
}

#[test]
fn files_of_both_kinds_make_one_program() -> Result<()> {
    let compiler = Compiler::new(Standard::Cpp("c++17"), program::shared()?);
    let program = Program::build(compiler, &["cpp/kinds.cpp", "cpp/kinds_expected.cpp"])?;
    program.run_every_way(&[]).map(drop)
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
