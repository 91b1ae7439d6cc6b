//! The library as it is installed: found by pkg-config, by CMake and by plain `cc`, shared and
//! static, by programs that then lose a mirror and no query.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use hamirror::{Client, Config, Search};
use hamirror_tests::cluster::{Cluster, INDEX};
use hamirror_tests::install::{Install, Libraries};
use hamirror_tests::library::{self, Profile};
use hamirror_tests::packages::{self, Tool};
use hamirror_tests::{corpus, process, workspace};

#[test]
fn everything_is_where_programs_look_for_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let install = Install {
        destdir: Some(folder.path().to_owned()),
        libdir: "lib/x86_64-linux-gnu".into(),
        ..Install::new(Profile::Dev, Path::new("/opt/hamirror"))
    };
    // A second time over the first, as an upgrade does.
    let written = install.run()?;
    ensure!(install.run()? == written);
    let libraries = folder.path().join("opt/hamirror/lib/x86_64-linux-gnu");
    let version = env!("CARGO_PKG_VERSION");
    let link = |name: &str| fs::read_link(libraries.join(name)).with_context(|| name.to_owned());
    ensure!(link("libhamirror.so")? == Path::new(&library::soname()));
    ensure!(link(&library::soname())? == PathBuf::from(format!("libhamirror.so.{version}")));
    let library = libraries.join(format!("libhamirror.so.{version}"));
    ensure!(library.metadata()?.permissions().mode() & 0o777 == 0o755);
    let headers = workspace::headers()?;
    ensure!(headers.contains(&PathBuf::from("hamirror/search.h")), "{headers:?}");
    for name in headers {
        ensure!(folder.path().join("opt/hamirror/include").join(&name).is_file(), "{name:?}");
    }
    for file in written {
        ensure!(file.starts_with(folder.path().join("opt/hamirror")), "{}", file.display());
        if file.extension().is_some_and(|extension| extension == "pc" || extension == "cmake") {
            let text = fs::read_to_string(&file)?;
            let inside = folder.path().display().to_string();
            ensure!(!text.contains(&inside), "{} names DESTDIR", file.display());
        }
    }
    for wrong in ["relative", "/opt/x/../.."] {
        let install =
            Install { libdir: "../lib".into(), ..Install::new(Profile::Dev, Path::new(wrong)) };
        ensure!(install.run().is_err());
    }
    Ok(())
}

/// What cargo-c would install says the same, word for word where it matters.
#[test]
fn cargo_c_is_told_the_same() -> Result<()> {
    let manifest = fs::read_to_string(workspace::root().join("ffi/Cargo.toml"))?;
    for part in [
        "[package.metadata.capi.library]\nname = \"hamirror\"",
        "[package.metadata.capi.pkg_config]\nname = \"hamirror\"\nfilename = \"hamirror\"",
        "subdirectory = false",
        "generation = false",
        "asset = [{ from = \"../include/**/*\" }]",
    ] {
        ensure!(manifest.contains(part), "{part}");
    }
    Ok(())
}

#[test]
fn programs_are_built_in_every_way_and_lose_no_query() -> Result<()> {
    packages::ensure(&[Tool::CCompiler, Tool::CppCompiler, Tool::Cmake, Tool::PkgConfig])?;
    let folder = tempfile::tempdir()?;
    let prefix = folder.path().join("prefix");
    Install::new(Profile::Dev, &prefix).run()?;
    let mut programs = plain(folder.path(), &prefix)?;
    programs.extend(pkg_config(folder.path(), &prefix)?);
    // The files of CMake know no path, so they may be moved.
    let moved = folder.path().join("moved");
    fs::rename(&prefix, &moved)?;
    let built = cmake(folder.path(), &moved)?;
    programs.extend(["c", "cpp"].iter().flat_map(|name| {
        ["hamirror", "hamirror_static"].map(|library| built.join(format!("{name}_{library}")))
    }));
    ensure!(programs.len() == 12);
    for program in &programs {
        let is_static = program.to_string_lossy().contains("static");
        let dynamic = dynamic_section(program)?;
        ensure!(dynamic.contains(&library::soname()) != is_static, "{}", program.display());
    }

    let mut cluster = Cluster::start(corpus::synthetic(500, 41), |_| {})?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    let result = client.search(INDEX, &Search::new("library"))?;
    let expected: String =
        result.rows().map(|row| format!("{} {}\n", row.id(), row.weight())).collect();
    ensure!(result.len() == 20);
    let run_all = |cluster: &Cluster| {
        programs.iter().try_for_each(|program| {
            let mut command = Command::new(program);
            command.current_dir(cluster.folder()).env("LD_LIBRARY_PATH", moved.join("lib"));
            ensure!(process::run(&mut command)? == expected, "{}", program.display());
            Ok(())
        })
    };
    run_all(&cluster)?;
    for library in ["hamirror", "hamirror_static"] {
        lose_a_mirror(&mut cluster, &built.join(format!("failover_{library}")))?;
    }
    cluster.daemon(0, 0).kill()?;
    cluster.daemon(1, 1).kill()?;
    run_all(&cluster)
}

/// By paths alone, as one would type it.
fn plain(folder: &Path, prefix: &Path) -> Result<Vec<PathBuf>> {
    let include = format!("-I{}", prefix.join("include").display());
    let libraries = format!("-L{}", prefix.join("lib").display());
    let archive = prefix.join("lib/libhamirror.a").display().to_string();
    let static_words = [&[archive.as_str()], &library::STATIC_NEEDS[..]].concat();
    let shared_words = [libraries.as_str(), "-lhamirror"];
    let mut programs = Vec::new();
    for (name, words) in [("plain_shared", &shared_words[..]), ("plain_static", &static_words)] {
        programs.extend(compile(folder, name, &[&[include.as_str()], words].concat())?);
    }
    Ok(programs)
}

/// By the flags of hamirror.pc: the shared library, and the static one where it is alone.
fn pkg_config(folder: &Path, prefix: &Path) -> Result<Vec<PathBuf>> {
    let flags = |prefix: &Path, arguments: &[&str]| {
        let mut command = Command::new("pkg-config");
        command.args(arguments).args(["--cflags", "--libs", "hamirror >= 0.1"]);
        process::run(command.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")))
    };
    let alone = folder.join("static");
    let install = Install { libraries: Libraries::Static, ..Install::new(Profile::Dev, &alone) };
    install.run()?;
    ensure!(!alone.join("lib/libhamirror.so").exists());
    let mut programs = Vec::new();
    for (name, flags) in
        [("pc_shared", flags(prefix, &[])?), ("pc_static", flags(&alone, &["--static"])?)]
    {
        let words: Vec<&str> = flags.split_whitespace().collect();
        programs.extend(compile(folder, name, &words)?);
    }
    let mut version = Command::new("pkg-config");
    version.args(["--modversion", "hamirror"]);
    let version = process::run(version.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")))?;
    ensure!(version.trim() == env!("CARGO_PKG_VERSION"), "{version}");
    Ok(programs)
}

/// The examples in C and in C++.
fn compile(folder: &Path, name: &str, words: &[&str]) -> Result<Vec<PathBuf>> {
    let examples = [("cc", "-std=c99", "c/example.c"), ("c++", "-std=c++17", "cpp/example.cpp")];
    let compile = |(compiler, standard, source): (&str, &str, &str)| {
        let program = folder.join(format!("{name}_{}", &source[..source.find('/').unwrap_or(0)]));
        let mut command = Command::new(compiler);
        command.args([standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
        command.arg(workspace::source(source)).args(words).arg("-pthread");
        process::run(command.arg("-o").arg(&program))?;
        Ok(program)
    };
    examples.into_iter().map(compile).collect()
}

/// By `find_package`.
fn cmake(folder: &Path, prefix: &Path) -> Result<PathBuf> {
    let built = folder.join("cmake");
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(workspace::tests().join("cmake")).arg("-B").arg(&built);
    process::run(configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display())))?;
    process::run(Command::new("cmake").arg("--build").arg(&built).args(["--parallel", "2"]))?;
    for plugin in ["hamirror", "hamirror_static"] {
        let plugin = built.join(format!("libplugin_{plugin}.so"));
        let dynamic = dynamic_section(&plugin)?;
        ensure!(dynamic.contains(&library::soname()) || dynamic.contains("NODELETE"), "{dynamic}");
        let shown = process::run(Command::new("nm").args(["-D", "--defined-only"]).arg(plugin))?;
        ensure!(shown.contains("plugin_count") && !shown.contains("hamirror_"), "{shown}");
    }
    Ok(built)
}

fn dynamic_section(file: &Path) -> Result<String> {
    process::run(Command::new("readelf").arg("-d").arg(file))
}

/// Kills a mirror under the load of the program; a query that fails is its failure.
fn lose_a_mirror(cluster: &mut Cluster, program: &Path) -> Result<()> {
    let mut command = Command::new(program);
    command.arg(cluster.config()).arg(INDEX).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("stdout")?).lines();
    // Each line is a hundred queries more.
    let mut queries = |hundreds: usize| {
        (0..hundreds)
            .try_for_each(|_| lines.next().context("it goes on")?.map(drop).context("line"))
    };
    queries(2)?;
    cluster.daemon(0, 0).kill()?;
    queries(5)?;
    cluster.daemon(0, 0).restart()?;
    queries(2)?;
    drop(child.stdin.take());
    let last = lines.map_while(Result::ok).last().context("a last line")?;
    let status = child.wait()?;
    ensure!(status.success() && last.ends_with(" failed 0"), "{status}: {last}");
    Ok(())
}
