//! Every input that was kept of the fuzz targets, as a plain test.

use std::fs;
use std::panic;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use hamirror_tests::fuzz::TARGETS;
use hamirror_tests::workspace;

#[test]
fn every_kept_input_is_taken_without_harm() -> Result<()> {
    for target in TARGETS {
        let inputs = inputs(target.name)?;
        ensure!(inputs.len() >= 20, "only {} inputs of {}", inputs.len(), target.name);
        for path in inputs {
            let input = fs::read(&path)?;
            let run = panic::catch_unwind(|| (target.run)(&input));
            ensure!(run.is_ok(), "{}", path.display());
        }
    }
    Ok(())
}

#[test]
fn every_target_has_a_program() -> Result<()> {
    let manifest = fs::read_to_string(folder().join("Cargo.toml"))?;
    let readme = fs::read_to_string(folder().join("README.md"))?;
    for name in TARGETS.map(|target| target.name) {
        let source = fs::read_to_string(folder().join(format!("targets/{name}.rs")))?;
        ensure!(source.contains(&format!("targets::{name}(input)")), "{name} is not run");
        ensure!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name}");
        ensure!(readme.contains(&format!("| `{name}` |")), "{name} is not in the README");
    }
    let programs = fs::read_dir(folder().join("targets"))?.count();
    ensure!(programs == TARGETS.len(), "{programs} programs");
    let kept = fs::read_dir(folder().join("corpus"))?.count();
    ensure!(kept == TARGETS.len(), "inputs of {kept} targets");
    Ok(())
}

fn inputs(target: &str) -> Result<Vec<PathBuf>> {
    let folder = folder().join("corpus").join(target);
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn folder() -> PathBuf {
    workspace::tests().join("fuzz")
}
