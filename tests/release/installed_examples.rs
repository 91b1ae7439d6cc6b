//! The examples built against an installed copy by pkg-config, by CMake and by plain `cc`, and run
//! on daemons of which a mirror is dead.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use hamirror::{Client, Config, Search};
use hamirror_tests::cluster::{Cluster, INDEX};
use hamirror_tests::install::Install;
use hamirror_tests::library::Profile;
use hamirror_tests::packages::{self, Tool};
use hamirror_tests::{corpus, process, workspace};

#[test]
fn examples_are_built_in_every_way_and_lose_no_query() -> Result<()> {
    packages::ensure(&[Tool::CCompiler, Tool::CppCompiler, Tool::Cmake, Tool::PkgConfig])?;
    packages::ensure(&[Tool::Libuv])?;
    let folder = tempfile::tempdir()?;
    let prefix = folder.path().join("prefix");
    Install::new(Profile::Dev, &prefix).run()?;
    let mut pkg_config = Command::new("pkg-config");
    pkg_config.args(["--cflags", "--libs", "hamirror"]);
    let flags = process::run(pkg_config.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")))?;
    let include = format!("-I{}", prefix.join("include").display());
    let libraries = format!("-L{}", prefix.join("lib").display());
    let plain = vec![include.as_str(), libraries.as_str(), "-lhamirror"];
    let built = [
        compile(&folder.path().join("pkg-config"), &flags.split_whitespace().collect::<Vec<_>>())?,
        compile(&folder.path().join("plain"), &plain)?,
        cmake(&folder.path().join("cmake"), &prefix)?,
    ];

    let mut cluster = Cluster::start(corpus::synthetic(500, 43), |_| {})?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    let result = client.search(INDEX, &Search::new("library"))?;
    cluster.daemon(0, 0).kill()?;
    for folder in built {
        let site = Site {
            folder,
            libraries: prefix.join("lib"),
            config: cluster.config(),
            found: result.total_found,
        };
        site.run_all().with_context(|| site.folder.display().to_string())?;
    }
    Ok(())
}

/// Compiles every example with these words on the command line.
fn compile(folder: &Path, words: &[&str]) -> Result<PathBuf> {
    fs::create_dir(folder)?;
    for (source, more) in EXAMPLES {
        let path = workspace::source(source);
        let is_cpp = source.ends_with("cpp");
        let mut command = Command::new(if is_cpp { "c++" } else { "cc" });
        command.arg(if is_cpp { "-std=c++17" } else { "-std=c99" });
        command.args(["-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
        command.arg(&path).args(words).args(*more).args(["-pthread", "-ldl"]);
        let name = path.file_stem().context("a name")?;
        process::run(command.arg("-o").arg(folder.join(name)))?;
    }
    Ok(folder.to_owned())
}

/// By `find_package`, the project that is there for it.
fn cmake(folder: &Path, prefix: &Path) -> Result<PathBuf> {
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(workspace::tests().join("cmake/examples")).arg("-B").arg(folder);
    process::run(configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display())))?;
    process::run(Command::new("cmake").arg("--build").arg(folder).args(["--parallel", "2"]))?;
    Ok(folder.to_owned())
}

/// Programs of one way of building them, and what they are to find.
struct Site {
    folder: PathBuf,
    libraries: PathBuf,
    config: PathBuf,
    found: u64,
}

impl Site {
    fn run_all(&self) -> Result<()> {
        let found = self.found;
        let config = self.config.display().to_string();
        for (name, arguments, last) in [
            ("raw_epoll", &["library"][..], "query status 0".to_owned()),
            ("thread_pool", &["library"], format!("library: {found}")),
            ("batch_epoll", &["100"], "searches 100 failed 0".to_owned()),
            ("batches_poll", &["100"], "searches 100 failed 0".to_owned()),
            ("batch_uv", &["100"], "searches 100 failed 0".to_owned()),
            ("batch_poll", &[], String::new()),
            ("failover", &[], " failed 0".to_owned()),
        ] {
            let mut command = self.command(name);
            let printed = process::run(command.args([&config, INDEX]).args(arguments))?;
            ensure!(printed.trim_end().ends_with(&last), "{name}: {printed}");
        }
        // It reads a file of that name in the folder that it runs in.
        fs::copy(&self.config, self.folder.join("sphinx.conf"))?;
        let printed = process::run(self.command("example").current_dir(&self.folder))?;
        ensure!(printed.lines().count() as u64 == found.min(20), "{printed}");
        process::run(&mut self.command("local_work"))?;
        let mut command = self.command("plugin_caller");
        command.arg(self.folder.join("plugin")).args([&config, INDEX, "library"]);
        ensure!(process::run(&mut command)? == format!("{found}\n").repeat(2));
        Ok(())
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.folder.join(name));
        command.env("LD_LIBRARY_PATH", &self.libraries);
        command
    }
}

/// With what each needs beside the library.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("c/raw_epoll.c", &[]),
    ("c/thread_pool.c", &[]),
    ("c/plugin.c", &["-shared", "-fPIC"]),
    ("c/plugin_caller.c", &[]),
    ("c/batch_epoll.c", &[]),
    ("c/batches_poll.c", &[]),
    ("c/batch_poll.c", &[]),
    ("c/batch_uv.c", &["-luv"]),
    ("c/local_work.c", &[]),
    ("c/failover.c", &[]),
    ("cpp/example.cpp", &[]),
];
