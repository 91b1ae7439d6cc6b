//! The library as C programs get it: built by cargo, found by a linker and a loader.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};

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

/// Builds `libhamirror.so` and `libhamirror.a`, once in a process, and returns their folder, in
/// which the shared one is also found by its SONAME.
pub fn build(profile: Profile) -> Result<PathBuf> {
    static BUILT: [OnceLock<PathBuf>; 2] = [const { OnceLock::new() }; 2];
    let built = &BUILT[profile as usize];
    if let Some(folder) = built.get() {
        return Ok(folder.clone());
    }
    // Two tests that come here at once wait for each other in cargo.
    let folder = build_now(profile)?;
    Ok(built.get_or_init(|| folder).clone())
}

fn build_now(profile: Profile) -> Result<PathBuf> {
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

/// Builds `libhamirror.a` with the sanitizer of addresses in the library's own code, and returns
/// its folder. A program that links it brings the sanitizer.
pub fn build_sanitized() -> Result<PathBuf> {
    // Named, so that programs of the build itself are as they always are.
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let folder = workspace::target().join("sanitized");
    let mut build = workspace::cargo(&["build", "--quiet", "-p", "hamirror-ffi"]);
    build.args(["--target", &target]).arg("--target-dir").arg(&folder);
    // The flag is not for everybody yet; what it does has been the same for years.
    build.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address");
    process::run_long(build.env_remove("CARGO_ENCODED_RUSTFLAGS"))?;
    let folder = folder.join(target).join(Profile::Dev.folder());
    let archive = folder.join("libhamirror.a");
    let symbols = process::run(Command::new("nm").arg("--undefined-only").arg(&archive))?;
    ensure!(symbols.contains("__asan_report_load"), "no sanitizer is in {}", archive.display());
    Ok(folder)
}

/// Makes a static library of Rust one object that shows these symbols alone.
///
/// All that is Rust's own is hidden, its standard library too: two such libraries in one program
/// would define it twice.
pub fn show_only(symbols: &[impl AsRef<str>], archive: &Path, target: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let object = folder.path().join("hamirror.o");
    let mut linker = Command::new("ld");
    // A group of sections that both have would be taken from one of them.
    linker.args(["--relocatable", "--force-group-allocation"]);
    for symbol in symbols {
        linker.arg("--undefined").arg(symbol.as_ref());
    }
    process::run(linker.arg(archive).arg("-o").arg(&object))?;
    let list = folder.path().join("symbols");
    let lines = symbols.iter().map(|symbol| format!("{}\n", symbol.as_ref()));
    fs::write(&list, lines.collect::<String>())?;
    let mut objcopy = Command::new("objcopy");
    objcopy.arg(format!("--keep-global-symbols={}", list.display()));
    // Bitcode of several modules in one section is none, and breaks tools that look at it.
    objcopy.args(["--remove-section=.llvmbc", "--remove-section=.llvmcmd"]);
    process::run(objcopy.arg(&object))?;
    process::run(Command::new("ar").arg("rcs").arg(target).arg(&object)).map(drop)
}

/// Every exported function, by the ledger.
pub fn symbols() -> Result<Vec<String>> {
    let ledger = fs::read_to_string(workspace::root().join("ffi/symbols.txt"))?;
    let lines = ledger.lines().filter(|line| !line.starts_with('#'));
    Ok(lines.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
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
