//! The header under every standard of C and C++, and the one version of it all.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use hamirror_tests::compiler::{Compiler, Linkage, Standard};
use hamirror_tests::library::{self, Profile};
use hamirror_tests::program::Program;
use hamirror_tests::{process, workspace};

#[test]
fn the_header_compiles_twice_in_one_program_and_knows_its_version() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let linkage = Linkage::Shared(library::build(Profile::Dev)?);
    let sources =
        ["version.c", "version_other.c"].map(|name| workspace::tests().join("c").join(name));
    for standard in STANDARDS {
        // C++ compilers take a .c for C unless they are told.
        let sources = sources.each_ref().map(|source| match standard {
            Standard::C(_) => Ok(source.clone()),
            Standard::Cpp(_) => as_cpp(source, folder.path()),
        });
        let [one, other] = sources;
        let program = folder.path().join("version");
        Compiler::new(standard, linkage.clone()).program(&[&one?, &other?], &program)?;
        let printed = process::run(&mut Command::new(&program))?;
        ensure!(printed == expected(), "{standard:?} printed {printed}");
    }
    let compiler = Compiler::new(Standard::C("c99"), linkage);
    let program = Program::build(compiler, &["c/version.c", "c/version_other.c"])?;
    ensure!(process::run(&mut program.memory_checked()?)? == expected());
    Ok(())
}

#[test]
fn the_header_needs_nothing_before_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for standard in STANDARDS {
        let extension = if matches!(standard, Standard::C(_)) { "c" } else { "cpp" };
        let source = folder.path().join("alone").with_extension(extension);
        std::fs::write(&source, "#include <hamirror.h>\nint main(void) { return 0; }\n")?;
        // Warnings of conversions and of old habits, beside the usual ones.
        Compiler::new(standard, Linkage::None)
            .flag("-Wconversion")
            .flag("-Wshadow")
            .flag("-Wundef")
            .check(&source)?;
        std::fs::write(
            &source,
            "#include <hamirror.h>\nint main(void) { return sizeof(nosuch); }\n",
        )?;
        ensure!(
            Compiler::new(standard, Linkage::None).check(&source).is_err(),
            "{standard:?} takes anything"
        );
    }
    Ok(())
}

fn as_cpp(source: &std::path::Path, folder: &std::path::Path) -> Result<PathBuf> {
    let name = source.file_name().unwrap_or_default();
    let copy = folder.join(name).with_extension("cpp");
    std::fs::copy(source, &copy)?;
    Ok(copy)
}

fn expected() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let numbers = version.split('.').map(|number| number.parse().unwrap_or(u32::MAX));
    let number = numbers.zip([16, 8, 0]).map(|(number, bits)| number << bits).sum::<u32>();
    format!("{version} {version} {version} {version} {number}\n")
}

const STANDARDS: [Standard; 7] = [
    Standard::C("c99"),
    Standard::C("c11"),
    Standard::C("c17"),
    Standard::Cpp("c++11"),
    Standard::Cpp("c++14"),
    Standard::Cpp("c++17"),
    Standard::Cpp("c++20"),
];
