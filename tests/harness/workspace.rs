//! Where things lie in the workspace.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The workspace's top directory.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace")
}

/// Directory of the test programs in other languages and of their data.
pub fn tests() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Source of a program by its language and name, as in `c/example.c`: an example's, or else a
/// test's.
pub fn source(name: &str) -> PathBuf {
    let example = root().join("examples").join(name);
    if example.exists() { example } else { tests().join(name) }
}

/// The C header as one text: each line that includes a chapter stands for that chapter.
pub fn c_header() -> Result<String> {
    let folder = root().join("include");
    let read = |name: &str| {
        fs::read_to_string(folder.join(name)).with_context(|| format!("reading include/{name}"))
    };
    let mut header = String::new();
    for line in read("hamirror.h")?.lines() {
        let chapter = line.strip_prefix("#include \"").and_then(|rest| rest.strip_suffix('"'));
        let text = match chapter {
            Some(name) => read(name)?,
            None => line.to_owned(),
        };
        let lines = text.lines().filter(|line| !line.starts_with("#include \""));
        header.extend(lines.flat_map(|line| [line, "\n"]));
    }
    Ok(header)
}

/// Files below `include`, relative to it.
pub fn headers() -> Result<Vec<PathBuf>> {
    let top = root().join("include");
    let mut headers = Vec::new();
    for folder in [top.clone(), top.join("hamirror")] {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_file() {
                headers.push(path.strip_prefix(&top)?.to_owned());
            }
        }
    }
    Ok(headers)
}

/// Cargo's target directory.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A cargo command at the top of the workspace, by the cargo that started this program.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}
