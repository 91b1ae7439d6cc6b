//! `cargo verify`: the checks that a reviewer would run, each with the command that runs it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use hamirror_tests::library::Profile;
use hamirror_tests::packages::{self, Tool};
use hamirror_tests::python::Environment;
use hamirror_tests::{process, workspace};

/// Runs the checks of a change: formatting, lints, documentation, the tests of the core and the
/// fast ones. Installs what they need.
#[derive(Parser)]
struct Options {
    /// Every check of the project: programs in C, C++ and Python, real daemons, valgrind, loads,
    /// packages.
    #[arg(long)]
    all: bool,
    /// Run only the steps whose name contains this, fast or not.
    #[arg(long)]
    only: Option<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let is_whole = options.all || options.only.is_some();
    let mut tally = Tally { only: options.only, ..Tally::default() };
    tally.step("tools", install_tools);
    for (name, show, command) in fast_checks() {
        tally.command(name, show, command);
    }
    if is_whole {
        for (name, targets) in SLOW_TESTS {
            tally.command(name, Show::All, cargo_test(targets));
        }
        python_checks(&mut tally);
    }
    tally.close()
}

fn install_tools() -> Result<()> {
    use Tool::{
        Abigail, CCompiler, Cmake, CppCompiler, Doxygen, Iproute, Libuv, PkgConfig, PythonVenv,
        Searchd, Valgrind,
    };
    packages::ensure(&[
        Searchd,
        CCompiler,
        CppCompiler,
        Valgrind,
        Iproute,
        Libuv,
        Cmake,
        PkgConfig,
        Abigail,
        Doxygen,
        PythonVenv,
    ])?;
    for component in ["fmt", "clippy"] {
        if process::run(&mut workspace::cargo(&[component, "--version"])).is_err() {
            let package = if component == "fmt" { "rustfmt" } else { component };
            process::run_long(Command::new("rustup").args(["component", "add", package]))?;
        }
    }
    Ok(())
}

/// Steps of both tiers.
fn fast_checks() -> Vec<(&'static str, Show, Command)> {
    let mut documentation = workspace::cargo(&["doc", "--workspace", "--no-deps", "--quiet"]);
    documentation.env("RUSTDOCFLAGS", "-D warnings");
    let lints = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    let core_tests = core_tests();
    let core_tests = core_tests.iter().flat_map(|name| ["--test", name]);
    let core_tests: Vec<&str> =
        ["--lib", "--bin", "verify"].into_iter().chain(core_tests).collect();
    let build = [&core_tests[..], &["--test", "fast", "--no-run", "--quiet"]].concat();
    vec![
        ("format", Show::Failure, workspace::cargo(&["fmt", "--all", "--check"])),
        ("lints", Show::Failure, workspace::cargo(&lints)),
        ("documentation", Show::Failure, documentation),
        ("build", Show::Failure, cargo_test(&build)),
        ("core tests", Show::All, cargo_test(&core_tests)),
        ("fast tests", Show::All, cargo_test(&["--test", "fast"])),
    ]
}

/// Tests of the default members, which lack the Python package: it has no test program. None is
/// named, or cargo would build the core anew, with other features of its dependencies.
fn cargo_test(targets: &[&str]) -> Command {
    workspace::cargo(&[&["test", "--no-fail-fast"], targets].concat())
}

/// Test programs of `core/tests`, which are files, or folders with a `main.rs`.
fn core_tests() -> Vec<String> {
    let entries = fs::read_dir(workspace::root().join("core/tests")).into_iter().flatten();
    let paths = entries.flatten().map(|entry| entry.path());
    let programs = paths.filter(|path| {
        path.extension().is_some_and(|extension| extension == "rs")
            || path.join("main.rs").exists()
    });
    let stem = |path: PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
    programs.filter_map(stem).collect()
}

/// Steps of `--all`, with what cargo tests in them. With the fast ones they are all tests in Rust.
const SLOW_TESTS: [(&str, &[&str]); 4] = [
    ("documentation tests", &["--doc"]),
    ("real tests", &["--test", "real"]),
    ("load tests", &["--test", "load"]),
    ("release tests", &["--test", "release"]),
];

fn python_checks(tally: &mut Tally) {
    let folder = workspace::target().join("verify/python");
    let mut made = None;
    tally.step("python environment", || {
        let environment = Environment::create(&folder)?;
        environment.install_requirements(&workspace::tests().join("python/requirements.txt"))?;
        made = Some(environment);
        Ok(())
    });
    // Without it there is nothing to run the others with, and it counts as failed.
    let Some(environment) = made else { return };
    let daemons = workspace::cargo(&["build", "-p", "hamirror-tests", "--bin", "daemons"]);
    tally.command("daemons for python", Show::Failure, daemons);
    tally.command("python wheel", Show::Failure, environment.hamirror_install(Profile::Dev));
    let caches = workspace::target().join("verify");
    let cache = |name: &str| caches.join(name).display().to_string();
    let (mypy_cache, ruff_cache) = (cache("mypy"), cache("ruff"));
    let python = |arguments: &[&str]| {
        let mut command = environment.python();
        command.arg("-m").args(arguments);
        command
    };
    let mut tests = python(&["pytest", "-p", "no:cacheprovider", "tests/python"]);
    let daemons = workspace::target().join(Profile::Dev.folder()).join("daemons");
    tests
        .env("HAMIRROR_DAEMONS", daemons)
        .env("HYPOTHESIS_STORAGE_DIRECTORY", cache("hypothesis"));
    tally.command("python tests", Show::All, tests);

    let sources = ["bindings/python", "examples/python", "tests/python"];
    let package = "bindings/python/python/hamirror";
    let types = ["mypy", "--strict", "--cache-dir", &mypy_cache];
    let types = [&types[..], &[package, "examples/python", "tests/python"]].concat();
    let ruff = ["--config", "bindings/python/pyproject.toml", "--cache-dir", &ruff_cache];
    let lints = [&["ruff", "check"], &ruff[..], &sources[..]].concat();
    let format = [&["ruff", "format", "--check"], &ruff[..], &sources[..]].concat();
    tally.command("python types", Show::Failure, python(&types));
    tally.command("python stubs", Show::Failure, python(&["mypy.stubtest", "hamirror"]));
    tally.command("python lints", Show::Failure, python(&lints));
    tally.command("python format", Show::Failure, python(&format));
}

/// Which output of a step is shown.
#[derive(Clone, Copy)]
enum Show {
    /// All of it, as it comes.
    All,
    /// Only a failed command's.
    Failure,
}

/// Results so far. A step counts as one, or as the tests that it reports.
#[derive(Default)]
struct Tally {
    only: Option<String>,
    passed: usize,
    failed: usize,
    summary: Vec<String>,
}

impl Tally {
    fn command(&mut self, name: &str, show: Show, mut command: Command) {
        let shown = readable(&process::shown(&command));
        self.run(name, &shown, || match show {
            Show::Failure => process::run_long(&mut command).map(|_| Counts::default()),
            Show::All => run_shown(&command),
        });
    }

    fn step(&mut self, name: &str, action: impl FnOnce() -> Result<()>) {
        self.run(name, "", || action().map(|()| Counts::default()));
    }

    fn run(&mut self, name: &str, shown: &str, action: impl FnOnce() -> Result<Counts>) {
        if self.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            return;
        }
        println!("==> {name}: {shown}");
        let start = Instant::now();
        let counts = action().unwrap_or_else(|error| {
            println!("{}", readable(&format!("{error:#}")));
            Counts { passed: 0, failed: 1 }
        });
        let (passed, failed) = match counts {
            Counts { passed: 0, failed: 0 } => (1, 0),
            Counts { passed, failed } => (passed, failed),
        };
        self.passed += passed;
        self.failed += failed;
        let result = if failed == 0 { "ok" } else { "FAILED" };
        let line = format!("{result:6} {name} ({:.1} s)", start.elapsed().as_secs_f64());
        println!("{line}");
        self.summary.push(line);
    }

    fn close(self) -> ExitCode {
        println!(
            "\n{}\n\n{} passed, {} failed",
            self.summary.join("\n"),
            self.passed,
            self.failed
        );
        ExitCode::from(u8::from(self.failed > 0 || self.passed == 0))
    }
}

/// The command without the paths of this machine.
fn readable(command: &str) -> String {
    let root = format!("{}/", workspace::root().display());
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    command.replace(&root, "").replace(&cargo, "cargo")
}

/// Tests that a command reported.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counts {
    passed: usize,
    failed: usize,
}

/// Runs a command with its output passed on; a failed one that reports no failed test counts as
/// one failure.
fn run_shown(command: &Command) -> Result<Counts> {
    let mut child = process::limited(command, STEP_LIMIT)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {}", Path::new(command.get_program()).display()))?;
    let mut counts = Counts::default();
    for line in BufReader::new(child.stdout.take().context("stdout")?).lines() {
        let line = line?;
        println!("{line}");
        let more = counted(&line);
        counts.passed += more.passed;
        counts.failed += more.failed;
    }
    let status = child.wait()?;
    ensure!(!process::has_hung(status), "killed after {} minutes", STEP_LIMIT.as_secs() / 60);
    ensure!(status.success() || counts.failed > 0, "{status}");
    Ok(counts)
}

/// Several times what the longest step takes.
const STEP_LIMIT: Duration = Duration::from_secs(45 * 60);

/// Reads the closing lines of cargo's test programs and of pytest.
fn counted(line: &str) -> Counts {
    let is_closing = line.starts_with("test result: ") || line.starts_with("==");
    let mut counts = Counts::default();
    if !is_closing {
        return counts;
    }
    let words: Vec<&str> = line.split([' ', ',', ';']).filter(|word| !word.is_empty()).collect();
    for pair in words.windows(2) {
        let Ok(number) = pair[0].parse::<usize>() else { continue };
        match pair[1] {
            "passed" => counts.passed += number,
            "failed" | "error" | "errors" => counts.failed += number,
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted() {
        let cargo = "test result: FAILED. 7 passed; 1 failed; 2 ignored; 0 measured";
        assert_eq!(counted(cargo), Counts { passed: 7, failed: 1 });
        let pytest = "========= 1 failed, 12 passed, 3 errors in 0.52s =========";
        assert_eq!(counted(pytest), Counts { passed: 12, failed: 4 });
        assert_eq!(counted("test a_thing ... 3 passed"), Counts::default());
    }

    #[test]
    fn every_test_program_has_its_step() -> Result<()> {
        let named = fs::read_to_string(workspace::tests().join("Cargo.toml"))?;
        ensure!(core_tests().contains(&"captures".to_owned()), "{:?}", core_tests());
        ensure!(core_tests().contains(&"status".to_owned()), "{:?}", core_tests());
        let mut programs = 0;
        for section in named.split("[[test]]\nname = \"").skip(1) {
            let name = section.split('"').next().context("a name")?;
            let is_slow = SLOW_TESTS.iter().any(|(_, targets)| **targets == ["--test", name]);
            ensure!(is_slow || name == "fast", "no step runs {name}");
            programs += 1;
        }
        ensure!(programs == 4, "{programs} test programs");
        Ok(())
    }

    #[test]
    fn a_failure_without_a_failed_test_is_an_error() {
        assert!(run_shown(Command::new("sh").args(["-c", "exit 4"])).is_err());
        let counts = run_shown(Command::new("sh").args(["-c", "echo == 2 failed; exit 1"]));
        assert_eq!(counts.expect("counted"), Counts { passed: 0, failed: 2 });
    }
}
