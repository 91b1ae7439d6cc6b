//! The library as C programs get it: built by cargo, found by a linker and a loader.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{process, workspace};

/// Optimisation of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// As `cargo build`.
    Dev,
    /// As `cargo build --release`.
    Release,
}

impl Profile {
    /// Its folder in the target directory.
    pub fn folder(self) -> &'static str {
        match self {
            Profile::Dev => "debug",
            Profile::Release => "release",
        }
    }
}

/// Builds `libhamirror.so` and `libhamirror.a` and returns their folder, in which the shared one
/// is also found by its SONAME.
pub fn build(profile: Profile) -> Result<PathBuf> {
    let mut arguments = vec!["build", "--quiet", "-p", "hamirror-ffi"];
    if profile == Profile::Release {
        arguments.push("--release");
    }
    process::run_long(&mut workspace::cargo(&arguments))?;
    let folder = workspace::target().join(profile.folder());
    let link = folder.join(soname());
    if fs::read_link(&link).is_err() {
        match symlink(LIBRARY, &link) {
            // Another test was faster.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            other => other.with_context(|| format!("linking {}", link.display()))?,
        }
    }
    Ok(folder)
}

/// The SONAME by cargo-c's rule: `libhamirror.so.0.1` before 1.0, `libhamirror.so.1` after it.
pub fn soname() -> String {
    let (major, minor) = (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"));
    if major == "0" { format!("{LIBRARY}.0.{minor}") } else { format!("{LIBRARY}.{major}") }
}

/// What the static library needs (`rustc --print native-static-libs`).
pub const STATIC_NEEDS: [&str; 7] =
    ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc"];

const LIBRARY: &str = "libhamirror.so";
