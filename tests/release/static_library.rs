//! The static library beside another one that is written in Rust, too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use hamirror_tests::install::{Install, Libraries};
use hamirror_tests::library::{self, Profile};
use hamirror_tests::{process, workspace};

#[test]
fn it_links_beside_another_rust_library() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("test.conf");
    fs::write(&config, "index d\n{\n    type = distributed\n    agent = 127.0.0.1:1:i\n}\n")?;
    let others = [
        other(folder.path(), "plain", &[])?,
        other(folder.path(), "lto", &["-C", "lto=fat", "-C", "opt-level=3"])?,
    ];
    // What is done to the library keeps the panics of a library inside of it.
    let alone = folder.path().join("libother_alone.a");
    library::show_only(&["other_caught", "other_arguments"], &others[0], &alone)?;
    for profile in [Profile::Dev, Profile::Release] {
        let prefix = folder.path().join(profile.folder());
        Install { libraries: Libraries::Static, ..Install::new(profile, &prefix) }.run()?;
        let ours = prefix.join("lib/libhamirror.a");
        shows_the_ledger(&ours)?;
        for other in others.iter().chain([&alone]) {
            for archives in [[&ours, other], [other, &ours]] {
                for lto in ["-fno-lto", "-flto"] {
                    let program = compile(folder.path(), lto, archives)?;
                    process::run(Command::new(&program).arg(&config).arg("x"))?;
                }
            }
        }
    }
    Ok(())
}

fn compile(folder: &Path, lto: &str, archives: [&PathBuf; 2]) -> Result<PathBuf> {
    let program = folder.join("program");
    let mut compiler = Command::new("cc");
    compiler.args(["-std=c99", "-O1", lto]);
    for folder in ["include", "examples/c"] {
        compiler.arg("-I").arg(workspace::root().join(folder));
    }
    compiler.arg(workspace::tests().join("c/two_rusts.c")).args(archives);
    process::run(compiler.args(library::STATIC_NEEDS).arg("-o").arg(&program))?;
    Ok(program)
}

/// A library of another maker.
fn other(folder: &Path, name: &str, flags: &[&str]) -> Result<PathBuf> {
    let source = folder.join("other.rs");
    let archive = folder.join(format!("libother_{name}.a"));
    fs::write(&source, OTHER)?;
    let mut compiler = Command::new("rustc");
    compiler.args(["--edition", "2024", "--crate-type", "staticlib"]).args(flags);
    process::run(compiler.arg(&source).arg("-o").arg(&archive))?;
    Ok(archive)
}

fn shows_the_ledger(archive: &Path) -> Result<()> {
    // The linker's plugins would be asked otherwise.
    let mut readelf = Command::new("readelf");
    let symbols = process::run(readelf.args(["--syms", "--wide"]).arg(archive))?;
    let fields = symbols.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let shown = fields.filter_map(|fields| match fields[..] {
        [_, _, _, _, "GLOBAL" | "WEAK", _, place, name] if place != "UND" => Some(name.to_owned()),
        _ => None,
    });
    let mut shown: Vec<String> = shown.collect();
    let mut known = library::symbols()?;
    shown.sort_unstable();
    known.sort_unstable();
    ensure!(shown == known, "{shown:?}");
    Ok(())
}

const OTHER: &str = r#"
#[unsafe(no_mangle)]
pub extern "C" fn other_caught() -> i32 {
    let caught = std::panic::catch_unwind(|| {
        assert!(std::env::args().count() == 0, "on purpose");
    });
    if caught.is_err() { 7 } else { 0 }
}

#[unsafe(no_mangle)]
pub extern "C" fn other_arguments() -> usize {
    std::env::args().count()
}
"#;
