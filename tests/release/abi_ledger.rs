//! What was released stays: each frozen header of tests/abi against today's, programs of yesterday
//! on libraries of today and tomorrow, and the other way round.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{CString, c_void};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use hamirror::{Client, Config, Search};
use hamirror_tests::cluster::{Cluster, INDEX};
use hamirror_tests::library::{self, Profile};
use hamirror_tests::packages::{self, Tool};
use hamirror_tests::{corpus, newer, process, workspace};

#[test]
fn today_only_adds_to_what_was_frozen() -> Result<()> {
    let today = workspace::c_header()?;
    if env::var("HAMIRROR_REWRITE").is_ok_and(|what| what == "baseline") {
        fs::write(folder().join(format!("hamirror-{VERSION}.h")), &today)?;
    }
    let headers = frozen_headers()?;
    ensure!(!headers.is_empty(), "no frozen header: {REWRITE}");
    for header in headers {
        let frozen = fs::read_to_string(&header)?;
        compare(&frozen, &today).with_context(|| header.display().to_string())?;
    }
    Ok(())
}

#[test]
fn additions_pass_and_changes_are_seen() -> Result<()> {
    let header = fs::read_to_string(frozen_headers()?.first().context("a frozen header")?)?;
    let changed = |before: &str, after: &str| {
        let text = header.replacen(before, after, 1);
        ensure!(text != header, "the header has no {before}");
        Ok(text)
    };
    for (before, after) in [
        ("    uint64_t seed;\n", "    uint64_t seed;\n    uint64_t later;\n"),
        ("\n} hamirror_api_v0;", "\n    int32_t (*later)(void);\n} hamirror_api_v0;"),
        ("#define HAMIRROR_OK 0\n", "#define HAMIRROR_OK 0\n#define HAMIRROR_LATER 7\n"),
        ("/* Generated", "/* Made"),
    ] {
        compare(&header, &changed(before, after)?).with_context(|| after.to_owned())?;
    }
    for (before, after) in [
        ("    uint64_t seed;\n", ""),
        ("    uint64_t seed;\n", "    uint32_t seed;\n    uint32_t seed_high;\n"),
        ("    int32_t no_background;\n", "    int32_t later;\n    int32_t no_background;\n"),
        ("    size_t len;\n", "    size_t len;\n    size_t later;\n"),
        ("    uint64_t (*attempt_elapsed_us)", "    uint32_t (*attempt_elapsed_us)"),
        ("    int32_t (*batch_drive)(hamirror_batch *batch, ", "    int32_t (*batch_drive)("),
        ("    int32_t (*batch_fd)(const hamirror_batch *batch);\n", ""),
        ("#define HAMIRROR_ERROR_CONFIG 2\n", "#define HAMIRROR_ERROR_CONFIG 22\n"),
        ("#define HAMIRROR_ERROR_CONFIG 2\n", ""),
    ] {
        let refused = compare(&header, &changed(before, after)?);
        ensure!(refused.is_err(), "{before} may become {after}");
    }
    Ok(())
}

#[test]
fn older_and_newer_programs_run() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(300, 51), |_| {})?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    let result = client.search(INDEX, &Search::new("library"))?;
    let expected = format!("{} {}\n", result.total_found, result.len());
    let (today, newer) = (library::build(Profile::Dev)?, newer::build()?);
    for header in frozen_headers()? {
        let header = fs::read_to_string(header)?;
        for (library, version) in
            [(&today, env!("CARGO_PKG_VERSION")), (&newer.folder, newer::VERSION)]
        {
            let printed = run("older.c", &header, library, &cluster)?;
            ensure!(printed == format!("{expected}{version}\n"), "{printed}");
        }
    }
    ensure!(run("newer.c", &header_of(&newer.sources)?, &today, &cluster)? == expected);
    // With its own library it would find what it looks for in vain in the old one.
    ensure!(run("newer.c", &header_of(&newer.sources)?, &newer.folder, &cluster).is_err());
    Ok(())
}

#[test]
fn the_table_has_the_functions_of_the_ledger_in_their_order() -> Result<()> {
    let library = library::build(Profile::Dev)?.join("libhamirror.so");
    let path = CString::new(library.display().to_string())?;
    // SAFETY: the path is NUL-terminated, and loading the library runs none of its code.
    let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    ensure!(!library.is_null());
    let symbol = |name: &str| -> Result<*mut c_void> {
        let name = CString::new(name)?;
        // SAFETY: the handle is open, and the name is NUL-terminated.
        Ok(unsafe { libc::dlsym(library, name.as_ptr()) })
    };
    let entry = symbol("hamirror_api")?;
    ensure!(!entry.is_null());
    // SAFETY: the header gives it this signature.
    let table = unsafe {
        let entry: extern "C" fn(u32) -> *const u32 = std::mem::transmute(entry);
        entry(0)
    };
    // SAFETY: the table starts with its size and its version.
    let (size, version) = unsafe { (*table as usize, *table.add(1)) };
    ensure!(version == 0);
    // SAFETY: behind them are pointers only, to the end of its size.
    let slots = unsafe {
        std::slice::from_raw_parts(
            table.add(2).cast::<*mut c_void>(),
            (size - 8) / size_of::<usize>(),
        )
    };
    let ledger = fs::read_to_string(workspace::root().join("ffi/symbols.txt"))?;
    let names = ledger.lines().filter(|line| !line.starts_with('#'));
    let names = names.filter_map(|line| line.split(' ').next());
    let names: Vec<&str> = names.filter(|&name| name != "hamirror_api").collect();
    ensure!(names.len() > 100 && names.len() == slots.len(), "{} slots", slots.len());
    for (name, slot) in names.into_iter().zip(slots) {
        ensure!(!slot.is_null() && *slot == symbol(name)?, "{name}");
    }
    Ok(())
}

/// Today's header may have more than the frozen one, but nothing else.
fn compare(frozen: &str, today: &str) -> Result<()> {
    packages::ensure(&[Tool::CCompiler, Tool::Abigail])?;
    let folder = tempfile::tempdir()?;
    let place = |name: &str, header: &str| -> Result<PathBuf> {
        let place = folder.path().join(name);
        fs::create_dir(&place)?;
        fs::write(place.join("hamirror.h"), header)?;
        Ok(place)
    };
    let (frozen, today) = (place("frozen", frozen)?, place("today", today)?);
    let now = macros(&today)?;
    for (name, value) in macros(&frozen)? {
        let is_version = name.starts_with("HAMIRROR_VERSION");
        let value_now = now.get(&name).with_context(|| format!("{name} is gone"))?;
        ensure!(is_version || *value_now == value, "{name} was {value} and is {value_now}");
    }
    let frozen = without_macros(&frozen)?;
    let today = place("cut", &cut_to(&without_macros(&today)?, &frozen))?;
    let frozen = place("whole", &frozen)?;
    let mut abidiff = Command::new("abidiff");
    process::run(abidiff.args([surface(&frozen)?, surface(&today)?])).map(drop)
}

fn without_macros(place: &Path) -> Result<String> {
    process::run(compiler(place).args(["-E", "-P"]).arg(place.join("hamirror.h")))
}

/// What a header declares, as a library with debug info.
fn surface(place: &Path) -> Result<PathBuf> {
    let surface = place.join("surface.so");
    let mut command = Command::new("cc");
    command.args(["-std=c99", "-g", "-shared", "-fPIC", "-I"]).arg(place);
    process::run(command.arg(folder().join("surface.c")).arg("-o").arg(&surface))?;
    Ok(surface)
}

/// The text of a header in which structures that may grow at their end have no more members than
/// in an older one. (Suppressions of abidiff hide changes of old members, too.)
fn cut_to(header: &str, older: &str) -> String {
    let lengths: BTreeMap<&str, usize> =
        growing(older).map(|(name, members)| (name, members.len())).collect();
    let mut text = header.to_owned();
    for (name, members) in growing(header) {
        let kept = lengths.get(name).copied().unwrap_or(members.len()).min(members.len());
        let whole = members.join(";");
        text = text.replacen(&whole, &members[..kept].join(";"), 1);
    }
    text
}

/// Name and members of the structures that start with their size. A member has its `;` behind it.
fn growing(header: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    header.split("typedef struct {").skip(1).filter_map(|text| {
        let (body, rest) = text.split_once("\n}")?;
        let (name, _) = rest.split_once(';')?;
        let members: Vec<&str> = body.trim_end_matches(';').split(';').collect();
        members[0].trim().eq("uint32_t struct_size").then(|| (name.trim(), members))
    })
}

/// Constants of the header in a folder.
fn macros(place: &Path) -> Result<BTreeMap<String, String>> {
    let listed = process::run(compiler(place).args(["-dM", "-E"]).arg(place.join("hamirror.h")))?;
    let ours = listed.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("#define ")?.split_once(' ')?;
        name.starts_with("HAMIRROR_").then(|| (name.to_owned(), value.to_owned()))
    });
    Ok(ours.collect())
}

/// Compiles a program of tests/abi with a header, and runs it with a library.
fn run(source: &str, header: &str, library: &Path, cluster: &Cluster) -> Result<String> {
    let place = tempfile::tempdir()?;
    fs::write(place.path().join("hamirror.h"), header)?;
    let program = place.path().join("program");
    let mut command = compiler(place.path());
    command.arg(folder().join(source)).arg("-L").arg(library).arg("-lhamirror");
    command.arg(format!("-Wl,-rpath,{}", library.display()));
    process::run(command.arg("-o").arg(&program))?;
    process::run(Command::new(program).arg(cluster.config()).arg(INDEX))
}

/// The header that the sources of a crate make.
fn header_of(sources: &Path) -> Result<String> {
    let config = cbindgen::Config::from_file(sources.join("cbindgen.toml"))
        .map_err(|error| anyhow::anyhow!("cbindgen.toml: {error}"))?;
    let mut header = Vec::new();
    cbindgen::generate_with_config(sources, config)?.write(&mut header);
    Ok(String::from_utf8(header)?)
}

fn compiler(include: &Path) -> Command {
    let mut command = Command::new("cc");
    command.args(["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
    command.arg("-I").arg(include);
    command
}

fn frozen_headers() -> Result<Vec<PathBuf>> {
    let mut headers = Vec::new();
    for entry in fs::read_dir(folder())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "h") {
            headers.push(path);
        }
    }
    headers.sort();
    Ok(headers)
}

fn folder() -> PathBuf {
    workspace::tests().join("abi")
}

/// Major and minor.
const VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));
const REWRITE: &str =
    "HAMIRROR_REWRITE=baseline cargo test -p hamirror-tests --test release abi_ledger";
