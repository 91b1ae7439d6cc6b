//! The Python package as it is shipped: one wheel that needs nothing else.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hamirror_tests::cluster::{Cluster, INDEX};
use hamirror_tests::command_listing::{Site, command_listing};
use hamirror_tests::corpus;
use hamirror_tests::listing::{grouped_listing, listing};
use hamirror_tests::python::Environment;
use hamirror_tests::{process, workspace};
use tempfile::TempDir;

#[test]
fn a_fresh_environment_needs_nothing_but_the_wheel() -> Result<()> {
    let folder = TempDir::new()?;
    let environment = Environment::create(&folder.path().join("environment"))?;
    let wheel = build_wheel(&environment, &folder.path().join("wheels"))?;
    check_files(&environment, &wheel)?;
    let mut install = environment.python();
    install.args(["-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]).arg(wheel);
    process::run(&mut install)?;

    let mut cluster = Cluster::start(corpus::synthetic(2_000, 5), |_| {})?;
    let expected = listing(&cluster.config(), INDEX, "library")?;
    ensure!(expected.lines().count() == 11, "{expected}");
    let mut demo = environment.python();
    demo.arg(workspace::source("python/demo_search.py"));
    let printed = process::run(demo.arg(cluster.config()).args([INDEX, "library"]))?;
    ensure!(printed == expected, "{printed}instead of\n{expected}");

    let expected = grouped_listing(&cluster.config(), INDEX)?;
    let mut grouped = environment.python();
    grouped.arg(workspace::source("python/grouped.py"));
    let printed = process::run(grouped.arg(cluster.config()).arg(INDEX))?;
    ensure!(printed == expected, "{printed}instead of\n{expected}");

    let site = Site::over(&mut cluster)?;
    let expected = command_listing(&site.config, INDEX)?;
    for kind in [None, Some("started"), Some("aio")] {
        let mut commands = environment.python();
        commands.arg(workspace::source("python/commands.py"));
        let printed = process::run(commands.arg(&site.config).arg(INDEX).args(kind))?;
        ensure!(printed == expected, "{kind:?}: {printed}instead of\n{expected}");
    }
    Ok(())
}

fn build_wheel(environment: &Environment, folder: &Path) -> Result<PathBuf> {
    let mut build = environment.python();
    build.args(["-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    build.args([OsStr::new("--no-cache-dir"), OsStr::new("--wheel-dir"), folder.as_os_str()]);
    build.arg(workspace::root().join("bindings/python"));
    build.env("MATURIN_PEP517_ARGS", "--profile dev");
    process::run_long(&mut build)?;
    let mut wheels: Vec<PathBuf> = Vec::new();
    for entry in folder.read_dir()? {
        wheels.push(entry?.path());
    }
    ensure!(wheels.len() == 1, "{wheels:?}");
    wheels.pop().context("a wheel")
}

/// One binary for every Python from 3.10 on, with its types.
fn check_files(environment: &Environment, wheel: &Path) -> Result<()> {
    let name = wheel.file_name().and_then(OsStr::to_str).context("the wheel's name")?;
    let version = env!("CARGO_PKG_VERSION");
    ensure!(name.starts_with(&format!("hamirror-{version}-cp310-abi3-")), "{name}");
    let mut list = environment.python();
    list.args(["-m", "zipfile", "--list"]).arg(wheel);
    let listed = process::run(&mut list)?;
    let mut files: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter_map(|file| file.strip_prefix("hamirror/"))
        .collect();
    files.sort_unstable();
    ensure!(files == FILES, "{files:?}");
    Ok(())
}

const FILES: [&str; 54] = [
    "__init__.py",
    "__main__.py",
    "_aio.py",
    "_batch.py",
    "_batch.pyi",
    "_columns.py",
    "_config.py",
    "_config.pyi",
    "_connect.py",
    "_dbapi.py",
    "_errors.py",
    "_loops.py",
    "_merging.py",
    "_merging.pyi",
    "_native.abi3.so",
    "_native.pyi",
    "_options.py",
    "_queries.py",
    "_queries.pyi",
    "_requests.py",
    "_requests.pyi",
    "_results.py",
    "_results.pyi",
    "_shared.py",
    "aio.py",
    "cli/__init__.py",
    "cli/answers.py",
    "cli/bench.py",
    "cli/check.py",
    "cli/completion.py",
    "cli/exits.py",
    "cli/health.py",
    "cli/histogram.py",
    "cli/history.py",
    "cli/load.py",
    "cli/mirrors.py",
    "cli/options.py",
    "cli/output.py",
    "cli/page/index.html",
    "cli/page/page.css",
    "cli/page/page.js",
    "cli/probe.py",
    "cli/prompt.py",
    "cli/run.py",
    "cli/search.py",
    "cli/serve.py",
    "cli/sql.py",
    "cli/status.py",
    "cli/top.py",
    "dbapi.py",
    "otel.py",
    "py.typed",
    "status.py",
    "types.py",
];
