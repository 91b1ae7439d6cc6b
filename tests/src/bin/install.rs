//! `cargo hamirror-install`: the library for other programs, with what pkg-config and CMake need.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use hamirror_tests::install::{Install, Libraries};
use hamirror_tests::library::Profile;

/// Builds libhamirror and installs it with its headers, hamirror.pc and a CMake package.
#[derive(Parser)]
#[command(bin_name = "cargo hamirror-install")]
struct Options {
    /// Where the files will be used.
    #[arg(long, default_value = "/usr/local")]
    prefix: PathBuf,
    /// Write below this folder in place of `/`; the files name the prefix alone.
    #[arg(long, env = "DESTDIR")]
    destdir: Option<PathBuf>,
    /// Folder of the libraries below the prefix.
    #[arg(long, default_value = "lib")]
    libdir: PathBuf,
    /// Folder of the headers below the prefix.
    #[arg(long, default_value = "include")]
    includedir: PathBuf,
    /// Which libraries to install.
    #[arg(long, value_enum, default_value_t = LibraryType::Both)]
    library_type: LibraryType,
    /// Also build hamirror_udf.so, the plugin for searchd, into LIBDIR/hamirror.
    #[arg(long)]
    udf: bool,
    /// Without optimisation, with debug info.
    #[arg(long)]
    debug: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum LibraryType {
    Both,
    Shared,
    Static,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let install = Install {
        profile: if options.debug { Profile::Dev } else { Profile::Release },
        prefix: options.prefix,
        destdir: options.destdir,
        libdir: options.libdir,
        includedir: options.includedir,
        libraries: match options.library_type {
            LibraryType::Both => Libraries::Both,
            LibraryType::Shared => Libraries::Shared,
            LibraryType::Static => Libraries::Static,
        },
        udf: options.udf,
    };
    for file in install.run()? {
        match fs::read_link(&file) {
            Ok(target) => println!("{} -> {}", file.display(), target.display()),
            Err(_) => println!("{} ({} KB)", file.display(), file.metadata()?.len() / 1024),
        }
    }
    Ok(())
}
