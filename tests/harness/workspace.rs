//! Where things lie in the workspace.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

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
