//! The C++ header compiles wherever it says so.

use std::collections::HashSet;
use std::fs;

use anyhow::{Context, Result, ensure};
use hamirror_tests::compiler::{Compiler, Linkage, Standard};
use hamirror_tests::packages;
use hamirror_tests::program::{self, Program};
use hamirror_tests::workspace;

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

/// A constant that C gets must have an enumerator, or one would have to fall back on C for it.
#[test]
fn every_constant_is_an_enumerator() -> Result<()> {
    let folder = workspace::root().join("include");
    let values = fs::read_to_string(folder.join("hamirror_values.hpp"))?;
    let words: HashSet<&str> = values.split(|letter| !is_of_a_name(letter)).collect();
    let (mut count, mut missing) = (0, Vec::new());
    let chapters = fs::read_dir(folder.join("hamirror")).into_iter().flatten();
    for entry in fs::read_dir(&folder)?.chain(chapters) {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "h") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        for line in text.lines().filter_map(|line| line.strip_prefix("#define HAMIRROR_")) {
            let Some((name, value)) = line.split_once(' ') else { continue };
            let name = format!("HAMIRROR_{name}");
            if value.parse::<i64>().is_err() || OF_C.contains(&name.as_str()) {
                continue;
            }
            count += 1;
            if !words.contains(name.as_str()) {
                missing.push(name);
            }
        }
    }
    ensure!(count > 140 && missing.is_empty(), "{count} constants, missing: {missing:?}");
    Ok(())
}

fn is_of_a_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Constants that are no kind of a thing: versions, and "none", which is a `std::optional`.
const OF_C: [&str; 5] = [
    "HAMIRROR_VERSION_MAJOR",
    "HAMIRROR_VERSION_MINOR",
    "HAMIRROR_VERSION_PATCH",
    "HAMIRROR_NONE",
    "HAMIRROR_API_VERSION",
];

#[test]
fn files_of_both_kinds_make_one_program() -> Result<()> {
    let compiler = Compiler::new(Standard::Cpp("c++17"), program::shared()?);
    let program = Program::build(compiler, &["cpp/kinds.cpp", "cpp/kinds_expected.cpp"])?;
    program.run_every_way(&[]).map(drop)
}
