//! The library installed as other programs expect it: headers, both libraries, and the files by
//! which `pkg-config` and CMake find them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::library::{self, Profile};
use crate::packages::{self, Tool};
use crate::{process, workspace};

/// What to install, and where.
#[derive(Clone, Debug)]
pub struct Install {
    /// The build whose files are taken; those of a release are stripped.
    pub profile: Profile,
    /// Where the files will be used.
    pub prefix: PathBuf,
    /// Put before every path when files are written, and in no file: for makers of packages.
    pub destdir: Option<PathBuf>,
    /// Folder of the libraries below the prefix.
    pub libdir: PathBuf,
    /// Folder of the headers below the prefix.
    pub includedir: PathBuf,
    /// Which libraries.
    pub libraries: Libraries,
    /// With the plugin for searchd, which a C compiler makes of the static library.
    pub udf: bool,
}

/// Which libraries to install.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Libraries {
    /// Shared and static.
    Both,
    /// `libhamirror.so` and its links.
    Shared,
    /// `libhamirror.a`.
    Static,
}

impl Install {
    /// Both libraries and no plugin, below `prefix` in `lib` and `include`.
    pub fn new(profile: Profile, prefix: &Path) -> Install {
        Install {
            profile,
            prefix: prefix.to_owned(),
            destdir: None,
            libdir: "lib".into(),
            includedir: "include".into(),
            libraries: Libraries::Both,
            udf: false,
        }
    }

    /// Builds and installs; gives the files and links that it wrote.
    pub fn run(&self) -> Result<Vec<PathBuf>> {
        ensure!(self.prefix.is_absolute(), "prefix {} is relative", self.prefix.display());
        for folder in [&self.libdir, &self.includedir] {
            let is_inside = folder.components().all(|part| matches!(part, Component::Normal(_)));
            ensure!(is_inside, "folder {} is not below the prefix", folder.display());
        }
        let built = library::build(self.profile)?;
        let mut written = Vec::new();
        self.headers(&mut written)?;
        if self.libraries != Libraries::Static {
            self.shared(&built, &mut written)?;
        }
        if self.libraries != Libraries::Shared {
            let archive = self.place(&self.libdir.join(ARCHIVE))?;
            library::show_only(&library::symbols()?, &built.join(ARCHIVE), &archive)?;
            fs::set_permissions(&archive, fs::Permissions::from_mode(0o644))?;
            self.strip("--strip-debug", &archive)?;
            written.push(archive);
        }
        self.filled("hamirror.pc", "pkgconfig", &mut written)?;
        self.filled("hamirror-config.cmake", "cmake/hamirror", &mut written)?;
        self.filled("hamirror-config-version.cmake", "cmake/hamirror", &mut written)?;
        if self.udf {
            let plugin = self.place(&self.libdir.join("hamirror").join(UDF))?;
            udf(&built.join(ARCHIVE), &plugin)?;
            self.strip("--strip-unneeded", &plugin)?;
            written.push(plugin);
        }
        Ok(written)
    }

    /// Where a path below the prefix is written.
    pub fn target(&self, path: &Path) -> PathBuf {
        let place = self.prefix.join(path);
        match &self.destdir {
            Some(folder) => folder.join(place.strip_prefix("/").unwrap_or(&place)),
            None => place,
        }
    }

    fn headers(&self, written: &mut Vec<PathBuf>) -> Result<()> {
        for header in workspace::headers()? {
            let file = workspace::root().join("include").join(&header);
            written.push(self.copy(&file, &self.includedir.join(header), 0o644)?);
        }
        Ok(())
    }

    /// The library under its full version, and the links that loaders and linkers look for.
    fn shared(&self, built: &Path, written: &mut Vec<PathBuf>) -> Result<()> {
        let file = file_name();
        let library = self.copy(&built.join(LIBRARY), &self.libdir.join(&file), 0o755)?;
        self.strip("--strip-unneeded", &library)?;
        written.push(library);
        for (link, target) in [(library::soname(), file), (LIBRARY.into(), library::soname())] {
            let link = self.place(&self.libdir.join(link))?;
            symlink(&target, &link).with_context(|| format!("linking {}", link.display()))?;
            written.push(link);
        }
        Ok(())
    }

    /// Writes a template of `ffi/packaging` with its words filled in.
    fn filled(&self, name: &str, folder: &str, written: &mut Vec<PathBuf>) -> Result<()> {
        let template = workspace::root().join("ffi/packaging").join(format!("{name}.in"));
        let text = fs::read_to_string(&template)
            .with_context(|| format!("reading {}", template.display()))?;
        let filled = self
            .words()
            .iter()
            .fold(text, |text, (word, value)| text.replace(&format!("@{word}@"), value));
        ensure!(!filled.contains('@'), "{} has a word of unknown value", template.display());
        let place = self.place(&self.libdir.join(folder).join(name))?;
        fs::write(&place, filled)?;
        written.push(place);
        Ok(())
    }

    fn words(&self) -> [(&'static str, String); 12] {
        let (major, minor) = (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"));
        let compatible =
            if major == "0" { format!(r"^0\\.{minor}\\.") } else { format!(r"^{major}\\.") };
        // The files of CMake lie two folders below that of the libraries.
        let up_to_prefix = vec![".."; self.libdir.components().count() + 2].join("/");
        [
            ("prefix", self.prefix.display().to_string()),
            ("libdir", self.libdir.display().to_string()),
            ("includedir", self.includedir.display().to_string()),
            ("up_to_prefix", up_to_prefix),
            ("description", DESCRIPTION.to_owned()),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("compatible", compatible),
            ("file", file_name()),
            ("soname", library::soname()),
            ("static_libs", library::STATIC_NEEDS.join(" ")),
            ("static_link_libraries", library::STATIC_NEEDS.join(";")),
            ("pointer_bytes", size_of::<usize>().to_string()),
        ]
    }

    fn copy(&self, from: &Path, to: &Path, mode: u32) -> Result<PathBuf> {
        let place = self.place(to)?;
        fs::copy(from, &place).with_context(|| format!("copying {}", from.display()))?;
        fs::set_permissions(&place, fs::Permissions::from_mode(mode))?;
        Ok(place)
    }

    /// The place of a file, with its folder and without what was there: a library that is in use
    /// must not change under its users.
    fn place(&self, path: &Path) -> Result<PathBuf> {
        let place = self.target(path);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).with_context(|| format!("folder {}", folder.display()))?;
        }
        match fs::remove_file(&place) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("replacing {}", place.display()))
            }
            _ => Ok(place),
        }
    }

    fn strip(&self, how: &str, file: &Path) -> Result<()> {
        if self.profile == Profile::Release {
            process::run(Command::new("strip").arg(how).arg(file))?;
        }
        Ok(())
    }
}

/// Builds the plugin for searchd with the static library inside, whose symbols stay there, and
/// which is never unloaded, as the library is not.
pub fn udf(archive: &Path, plugin: &Path) -> Result<()> {
    packages::ensure(&[Tool::CCompiler])?;
    let sources = workspace::root().join("bindings/udf");
    let mut command = Command::new("cc");
    command.args(["-std=c99", "-O2", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
    command.args(["-shared", "-fPIC", "-fvisibility=hidden"]);
    command.arg("-I").arg(workspace::root().join("include"));
    command.args(["hamirror_udf.c", "mirrors.c"].map(|name| sources.join(name))).arg(archive);
    command.args(["-Wl,--exclude-libs,ALL", "-Wl,-z,nodelete", "-Wl,-z,defs"]);
    command.args(library::STATIC_NEEDS).arg("-o").arg(plugin);
    process::run(&mut command).map(drop)
}

/// `libhamirror.so` with the whole version.
fn file_name() -> String {
    format!("{LIBRARY}.{}", env!("CARGO_PKG_VERSION"))
}

const LIBRARY: &str = "libhamirror.so";
const ARCHIVE: &str = "libhamirror.a";
/// The plugin for searchd.
pub const UDF: &str = "hamirror_udf.so";
const DESCRIPTION: &str = "Distributed searches over mirrored searchd agents";
