//! Hosts that load the library, or plugins over it, at run time.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use hamirror::{Client, Config, Search};
use hamirror_tests::cluster::{Cluster, INDEX};
use hamirror_tests::compiler::{Compiler, Linkage, Standard};
use hamirror_tests::library::{self, Profile};
use hamirror_tests::program::Checker;
use hamirror_tests::{corpus, newer, process, workspace};

#[test]
fn a_host_loads_and_unloads_the_library_a_hundred_times() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(300, 31), |_| {})?;
    let folder = tempfile::tempdir()?;
    let library = library::build(Profile::Dev)?.join("libhamirror.so");
    let host = folder.path().join("host");
    // With its own getenv in place of the C library's.
    compile("dlopen_host.c", &Linkage::None, &["-rdynamic"], &host)?;
    for (mut command, rounds) in
        [(Command::new(&host), "100"), (Checker::Memory.watch(&host)?, "3")]
    {
        command.arg(&library).arg(cluster.config()).args([INDEX, rounds]);
        process::run(&mut command)?;
    }
    Ok(())
}

#[test]
fn plugins_with_two_versions_live_side_by_side() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(300, 32), |_| {})?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    let found = client.search(INDEX, &Search::new("library"))?.total_found;
    let folder = tempfile::tempdir()?;
    let host = folder.path().join("host");
    compile("plugin_host.c", &Linkage::None, &[], &host)?;
    let (today, newer) = (library::build(Profile::Dev)?, newer::build()?);
    let plugins = [
        plugin(folder.path(), "static", &Linkage::Static(today.clone()))?,
        plugin(folder.path(), "shared", &Linkage::Shared(today))?,
        plugin(folder.path(), "newer_static", &Linkage::Static(newer.folder.clone()))?,
        plugin(folder.path(), "newer_shared", &Linkage::Shared(newer.folder.clone()))?,
    ];
    let line = |version: &str| format!("{version} {found}\n");
    let (today, newer) = (line(env!("CARGO_PKG_VERSION")), line(newer::VERSION));
    let run_by = |mut command: Command, mode: &str, plugins: &[&PathBuf]| {
        command.arg(mode).arg(cluster.config()).args([INDEX, "library"]);
        process::run(command.args(plugins))
    };
    let run = |mode: &str, plugins: &[&PathBuf]| run_by(Command::new(&host), mode, plugins);
    let [one, two, three, four] = &plugins;
    let printed = run("local", &[one, two, three, four])?;
    ensure!(printed == format!("{today}{today}{newer}{newer}"), "{printed}");
    let printed = run("local", &[four, three, two, one])?;
    ensure!(printed == format!("{newer}{newer}{today}{today}"), "{printed}");
    let printed = run_by(Checker::Memory.watch(&host)?, "local", &[one, two, three, four])?;
    ensure!(printed == format!("{today}{today}{newer}{newer}"), "{printed}");
    // With the library inside they do not even meet where symbols are shared by all.
    let printed = run("global", &[one, three])?;
    ensure!(printed == format!("{today}{newer}"), "{printed}");
    Ok(())
}

#[test]
fn a_client_ends_while_its_plugin_is_unloaded() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (host, plugin) = (folder.path().join("host"), folder.path().join("plugin.so"));
    compile("unload_host.c", &Linkage::None, &[], &host)?;
    let library = Linkage::Shared(library::build(Profile::Dev)?);
    compile("unload_plugin.c", &library, &["-shared", "-fPIC"], &plugin)?;
    process::run(Command::new(&host).arg(plugin)).map(drop)
}

#[test]
fn the_library_asks_for_no_end_and_no_signal() -> Result<()> {
    let library = library::build(Profile::Dev)?.join("libhamirror.so");
    let mut nm = Command::new("nm");
    let needed = process::run(nm.args(["-D", "--undefined-only"]).arg(library))?;
    let needs = |name: &str| {
        let symbols = needed.lines().filter_map(|line| line.split_whitespace().last());
        symbols.filter_map(|symbol| symbol.split('@').next()).any(|symbol| symbol == name)
    };
    ensure!(needs("malloc"), "{needed}");
    for name in ["atexit", "on_exit", "__cxa_atexit", "at_quick_exit", "signal", "raise"] {
        ensure!(!needs(name), "{name} is called");
    }
    Ok(())
}

/// The plugin with its library, of which it shows nothing.
fn plugin(folder: &Path, name: &str, linkage: &Linkage) -> Result<PathBuf> {
    let plugin = folder.join(name).with_extension("so");
    let flags = ["-shared", "-fPIC", "-Wl,--exclude-libs,ALL", "-Wl,-z,nodelete"];
    compile("plugin_count.c", linkage, &flags, &plugin)?;
    let mut nm = Command::new("nm");
    let shown = process::run(nm.args(["-D", "--defined-only"]).arg(&plugin))?;
    ensure!(shown.contains("plugin_count") && !shown.contains("hamirror_"), "{shown}");
    Ok(plugin)
}

fn compile(source: &str, linkage: &Linkage, flags: &[&str], out: &Path) -> Result<()> {
    let compiler = Compiler::new(Standard::C("c99"), linkage.clone());
    let compiler = flags.iter().fold(compiler, |compiler, flag| compiler.flag(flag));
    compiler.program(&[&workspace::tests().join("c").join(source)], out)
}
