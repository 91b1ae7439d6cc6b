//! The README shows the programs that are tested, as they stand there.

use std::fs;

use anyhow::{Context, Result, ensure};
use hamirror_tests::workspace;

#[test]
fn its_programs_are_the_tested_files() -> Result<()> {
    let readme = fs::read_to_string(workspace::root().join("README.md"))?;
    for (language, file) in [
        ("rust", "core/examples/search.rs"),
        ("c", "examples/c/example.c"),
        ("cpp", "examples/cpp/example.cpp"),
        ("python", "examples/python/example.py"),
    ] {
        let program = fs::read_to_string(workspace::root().join(file)).context(file)?;
        let block = format!("```{language}\n{program}```\n");
        ensure!(readme.contains(&block), "README.md does not show {file} as it is");
    }
    Ok(())
}
