//! A later version of the library, as it may come: these sources with another version, longer
//! structures of options and one more function.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result};

use crate::{process, workspace};

/// A built later version.
#[derive(Clone, Debug)]
pub struct Newer {
    /// Where `libhamirror.so` and `libhamirror.a` are.
    pub folder: PathBuf,
    /// Its crate `ffi`, of which the header is made.
    pub sources: PathBuf,
}

/// Its version.
pub const VERSION: &str = "0.99.0";

/// Builds it; what has not changed since the last time is not built again.
pub fn build() -> Result<Newer> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let place = workspace::target().join("newer");
    copy(&place)?;
    change(&place)?;
    let target = place.join("target");
    let mut cargo = workspace::cargo(&["build", "--quiet", "-p", "hamirror-ffi"]);
    process::run_long(cargo.current_dir(&place).env("CARGO_TARGET_DIR", &target))?;
    let folder = target.join("debug");
    match symlink("libhamirror.so", folder.join(SONAME)) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(Newer { folder, sources: place.join("ffi") }),
    }
}

fn copy(place: &Path) -> Result<()> {
    for folder in ["core/src", "ffi/src"] {
        copy_folder(&workspace::root().join(folder), &place.join(folder))?;
    }
    for file in COPIED {
        let text = read(&workspace::root().join(file))?;
        write(&place.join(file), &text)?;
    }
    Ok(())
}

/// Makes a folder like another one; those that [`change`] writes are left out.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if !from.join(entry.file_name()).exists() {
            let is_folder = entry.file_type()?.is_dir();
            let remove = if is_folder { fs::remove_dir_all } else { fs::remove_file };
            remove(entry.path())?;
        }
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if !CHANGED.iter().any(|(file, _)| entry.path().ends_with(file)) {
            write(&target, &read(&entry.path())?)?;
        }
    }
    Ok(())
}

/// What a later release does, within the rules of the ABI.
fn change(place: &Path) -> Result<()> {
    for (file, changes) in CHANGED {
        let mut text = read(&workspace::root().join(file))?;
        for change in changes {
            text = change.done(&text).with_context(|| format!("{file} is not as expected"))?;
        }
        write(&place.join(file), &text)?;
    }
    Ok(())
}

/// A change of a text.
enum Change {
    /// The rest of the line that starts so becomes this.
    Line(&'static str, &'static str),
    /// The block that starts so has this at its end.
    Block(&'static str, &'static str),
    /// Every one of these becomes that.
    Text(&'static str, &'static str),
    /// This comes at the end.
    End(&'static str),
}

impl Change {
    fn done(&self, text: &str) -> Option<String> {
        let (place, end, new) = match self {
            Change::Line(start, new) => {
                let place = text.find(start)? + start.len();
                (place, place + text[place..].find('\n')?, new)
            }
            Change::Block(start, new) => {
                let place = text.find(start)?;
                let place = place + text[place..].find("\n}")? + 1;
                (place, place, new)
            }
            Change::Text(before, after) => {
                return text.contains(before).then(|| text.replace(before, after));
            }
            Change::End(new) => (text.len(), text.len(), new),
        };
        Some([&text[..place], new, &text[end..]].concat())
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

/// Leaves a file alone that is right: cargo builds anew what was written anew.
fn write(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

const SONAME: &str = "libhamirror.so.0.99";

const COPIED: [&str; 5] =
    ["Cargo.lock", "core/Cargo.toml", "ffi/Cargo.toml", "ffi/build.rs", "ffi/cbindgen.toml"];

const NEWER_OPTION: &str = "    /// Newer.\n    pub newer: u64,\n";

const NEWER_FUNCTION: &str = "
/// Newer.
#[unsafe(no_mangle)]
pub extern \"C\" fn hamirror_newer() -> u32 {
    HAMIRROR_VERSION_MINOR
}
";

const CHANGED: [(&str, &[Change]); 4] = [
    (
        "Cargo.toml",
        &[
            Change::Line("\nmembers = ", "[\"core\", \"ffi\"]"),
            Change::Line("\ndefault-members = ", "[\"ffi\"]"),
            Change::Line("\nversion = ", "\"0.99.0\""),
        ],
    ),
    (
        "ffi/src/version.rs",
        &[Change::Line("HAMIRROR_VERSION_MINOR: u32 = ", "99;"), Change::End(NEWER_FUNCTION)],
    ),
    (
        "ffi/src/options.rs",
        &[
            Change::Block("pub struct ClientOptions {", NEWER_OPTION),
            Change::Block("pub struct CallOptions {", NEWER_OPTION),
            Change::Text("Options>() == *", "Options>() >= *"),
        ],
    ),
    (
        "ffi/src/api/table.rs",
        &[
            Change::Block("pub struct ApiV0 {", "    pub newer: extern \"C\" fn() -> u32,\n"),
            Change::Block("V0: ApiV0 = ApiV0 {", "    newer: crate::version::hamirror_newer,\n"),
        ],
    ),
];
