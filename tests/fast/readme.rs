//! The README shows the programs that are tested, as they stand there.

use std::fs;

use anyhow::{Context, Result, ensure};
use hamirror_tests::workspace;

#[test]
fn its_programs_are_the_tested_files() -> Result<()> {
    let readme = fs::read_to_string(workspace::root().join("README.md"))?;
    for (language, file) in [
        ("rust", "core/examples/search.rs"),
        ("cpp", "examples/cpp/example.cpp"),
        ("python", "examples/python/example.py"),
    ] {
        let program = fs::read_to_string(workspace::root().join(file)).context(file)?;
        let block = format!("```{language}\n{program}```\n");
        ensure!(readme.contains(&block), "README.md does not show {file} as it is");
    }
    Ok(())
}

/// The C program is too long to show whole.
#[test]
fn its_part_of_a_program_stands_in_the_tested_file() -> Result<()> {
    let readme = fs::read_to_string(workspace::root().join("README.md"))?;
    let blocks = readme.split("```").skip(1).step_by(2);
    let mut parts = blocks.filter_map(|block| block.strip_prefix("c\n"));
    let part = parts.next().context("a block in C")?;
    ensure!(part.lines().count() >= 5, "too short: {part}");
    let file = "examples/c/example.c";
    let program = fs::read_to_string(workspace::root().join(file))?;
    ensure!(program.contains(part), "README.md shows what is not in {file}: {part}");
    ensure!(parts.next().is_none(), "a second block in C");
    Ok(())
}
