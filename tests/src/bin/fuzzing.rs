//! `cargo fuzzing`: runs fuzz targets for some time each, from the inputs that are kept.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use hamirror_tests::fuzz::TARGETS;
use hamirror_tests::{process, workspace};

/// Runs fuzz targets, one after the other; an input that fails is left in `target/fuzz`.
#[derive(Parser)]
struct Options {
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Names of targets; all where none is named.
    targets: Vec<String>,
}

fn main() -> Result<()> {
    let Options { seconds, targets } = Options::parse();
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    for target in &targets {
        ensure!(names.contains(&target.as_str()), "{target} is no target: name one of {names:?}");
    }
    process::run_long(cargo().args(["build", "--release"]))?;
    for name in names {
        if targets.is_empty() || targets.iter().any(|target| target == name) {
            run(name, seconds)?;
        }
    }
    Ok(())
}

/// What the fuzzer finds is added to a folder of the build; the kept inputs stay as they are.
fn run(name: &str, seconds: u32) -> Result<()> {
    let found = folder().join("found").join(name);
    fs::create_dir_all(&found)?;
    let mut command = cargo();
    command.args(["run", "--release", "--quiet", "--bin", name, "--"]);
    command.arg(&found).arg(workspace::tests().join("fuzz/corpus").join(name));
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-artifact_prefix={}/{name}-", folder().display()));
    // An input that takes longer is a fault, and so is one that takes more memory than a reply
    // of its size may.
    command.args(["-timeout=5", "-rss_limit_mb=1024", "-max_len=8192", "-print_final_stats=1"]);
    let shown = process::shown(&command);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    let mut child = process::spawn_bound(command)?;
    let (mut state, mut tail) = (None, Vec::new());
    for line in BufReader::new(child.stderr.take().context("stderr")?).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        if line.contains(" cov: ") {
            state = Some(line);
        } else {
            tail.push(line);
        }
    }
    ensure!(child.wait()?.success(), "{shown}:\n{}", tail.join("\n"));
    // Without coverage it runs blind, and well.
    let state = state.with_context(|| format!("no coverage in {name}: {shown}"))?;
    println!("{name}: {seconds} s, {state}");
    Ok(())
}

/// In the folder whose settings put coverage into all that is built; the environment's would take
/// their place.
fn cargo() -> Command {
    let mut command = workspace::cargo(&[]);
    command.current_dir(workspace::tests().join("fuzz")).env("CARGO_TARGET_DIR", folder());
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        command.env_remove(name);
    }
    command
}

fn folder() -> PathBuf {
    workspace::target().join("fuzz")
}
