//! The C++ header compiles wherever it says so.

use std::fs;

use anyhow::{Context, Result, ensure};
use hamirror_tests::compiler::{Compiler, Linkage, Standard};
use hamirror_tests::packages;
use hamirror_tests::program::{self, Program};

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
