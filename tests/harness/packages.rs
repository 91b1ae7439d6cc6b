//! What the machine must have: names of programs, and the Debian packages that bring them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::{Result, bail, ensure};

use crate::{process, workspace};

/// A tool that a caller needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `searchd` and `indexer` 2.2.11.
    Searchd,
    /// A C compiler, `cc`.
    CCompiler,
    /// A C++ compiler, `c++`.
    CppCompiler,
    /// Memory and thread checker of the C programs.
    Valgrind,
    /// libuv with its header.
    Libuv,
    /// Counts system calls.
    Strace,
    /// Network namespaces and their cables, `ip`.
    Iproute,
    /// `cmake`.
    Cmake,
    /// `pkg-config`.
    PkgConfig,
    /// `abidw` and `abidiff`.
    Abigail,
    /// Makes the reference of the C ABI.
    Doxygen,
    /// Python 3 with `venv` and `ensurepip`.
    PythonVenv,
    /// Node.js with `npm`.
    Npm,
    /// `Sphinx::Search` of Perl.
    SphinxSearchPerl,
}

impl Tool {
    /// The package that brings it.
    pub fn package(self) -> &'static str {
        match self {
            Tool::Searchd => "sphinxsearch",
            Tool::CCompiler => "gcc libc6-dev",
            Tool::CppCompiler => "g++",
            Tool::Valgrind => "valgrind",
            Tool::Libuv => "libuv1-dev",
            Tool::Strace => "strace",
            Tool::Iproute => "iproute2",
            Tool::Cmake => "cmake make",
            Tool::PkgConfig => "pkgconf",
            Tool::Abigail => "abigail-tools",
            Tool::Doxygen => "doxygen",
            Tool::PythonVenv => "python3 python3-venv",
            Tool::Npm => "nodejs npm",
            Tool::SphinxSearchPerl => "libsphinx-search-perl",
        }
    }

    /// It can be used as it is.
    pub fn is_there(self) -> bool {
        match self {
            Tool::Searchd => on_path("searchd") && on_path("indexer"),
            Tool::CCompiler => on_path("cc"),
            Tool::CppCompiler => on_path("c++"),
            Tool::Valgrind => on_path("valgrind"),
            Tool::Libuv => Path::new("/usr/include/uv.h").exists(),
            Tool::Strace => on_path("strace"),
            Tool::Iproute => on_path("ip"),
            Tool::Cmake => on_path("cmake") && on_path("make"),
            Tool::PkgConfig => on_path("pkg-config"),
            Tool::Abigail => on_path("abidw") && on_path("abidiff"),
            Tool::Doxygen => on_path("doxygen"),
            Tool::PythonVenv => {
                silent(Command::new("python3").args(["-c", "import venv, ensurepip"]))
            }
            Tool::Npm => on_path("node") && on_path("npm"),
            Tool::SphinxSearchPerl => {
                silent(Command::new("perl").args(["-MSphinx::Search", "-e1"]))
            }
        }
    }
}

/// Installs what is missing of the tools: by `apt-get` as root or through `sudo` without a
/// password; else the error is the command to run. What is being installed is told on stderr.
///
/// The packages start no service: Debian's sphinxsearch has `START=no`.
pub fn ensure(tools: &[Tool]) -> Result<()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let missing: Vec<Tool> = tools.iter().copied().filter(|tool| !tool.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> =
        missing.iter().flat_map(|tool| tool.package().split_whitespace()).collect();
    eprintln!("installing {}", packages.join(" "));
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(&packages);
    apt_get(&[&["update"], &install])?;
    match missing.iter().find(|tool| !tool.is_there()) {
        None => Ok(()),
        Some(tool) => bail!("{tool:?} is still missing after apt-get {}", install.join(" ")),
    }
}

/// Fetches the package lists (`apt-get update`).
pub fn refresh_lists() -> Result<()> {
    apt_get(&[&["update"]])
}

/// The first program of this name on the `PATH`.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| is_program(file))
}

/// A program of a Debian package that is not to be installed, as it would start a service: found
/// on the `PATH`, or unpacked into the build folder.
pub fn unpacked(package: &str, program: &str) -> Result<PathBuf> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let folder = workspace::target().join("unpacked").join(package);
    let file = folder.join("usr/bin").join(program);
    if let Some(file) = find(program).or_else(|| is_program(&file).then_some(file.clone())) {
        return Ok(file);
    }
    eprintln!("fetching {package}");
    fs::create_dir_all(&folder)?;
    let download = || {
        process::run_long(Command::new("apt-get").args(["download", package]).current_dir(&folder))
    };
    download().or_else(|_| refresh_lists().and_then(|()| download()))?;
    for archive in fs::read_dir(&folder)? {
        let archive = archive?.path();
        if archive.extension().is_some_and(|extension| extension == "deb") {
            process::run_long(Command::new("dpkg-deb").arg("-x").arg(&archive).arg(&folder))?;
            fs::remove_file(&archive)?;
        }
    }
    ensure!(is_program(&file), "package {package} has no {program}");
    Ok(file)
}

fn on_path(program: &str) -> bool {
    find(program).is_some()
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Runs apt-get once for each list of arguments.
fn apt_get(runs: &[&[&str]]) -> Result<()> {
    // SAFETY: geteuid has no precondition and touches no memory.
    let is_root = unsafe { libc::geteuid() } == 0;
    let is_possible = on_path("apt-get");
    let prefix: &[&str] = if is_root {
        &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    } else if is_possible && silent(Command::new("sudo").args(["-n", "true"])) {
        &["sudo", "-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    } else {
        &["sudo", "apt-get"]
    };
    let lines = runs.iter().map(|arguments| [prefix, arguments].concat());
    if !is_possible || prefix.len() == 2 {
        let typed: Vec<String> = lines.map(|words| words.join(" ")).collect();
        bail!("this must be done by an administrator: {}", typed.join(" && "));
    }
    for words in lines {
        process::run_long(Command::new(words[0]).args(&words[1..]))?;
    }
    Ok(())
}

fn silent(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_and_folders_are_none() {
        assert!(find("sh").is_some_and(|file| file.ends_with("sh")));
        assert_eq!(find("no-such-program"), None);
        assert_eq!(find("."), None);
    }
}
