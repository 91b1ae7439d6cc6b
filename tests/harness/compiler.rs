//! C and C++ programs: compiled with warnings as errors, linked with the library or without it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::packages::{self, Tool};
use crate::{library, process, workspace};

/// A language standard of C or C++.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    /// As in `-std=c11`.
    C(&'static str),
    /// As in `-std=c++17`.
    Cpp(&'static str),
}

/// How a program gets at the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linkage {
    /// Not at all, or by dlopen.
    None,
    /// `libhamirror.so` of this folder, found there when it runs.
    Shared(PathBuf),
    /// `libhamirror.a` of this folder.
    Static(PathBuf),
}

/// A compiler's command line in the making.
#[derive(Clone, Debug)]
pub struct Compiler {
    standard: Standard,
    linkage: Linkage,
    flags: Vec<String>,
    libraries: Vec<String>,
}

impl Compiler {
    /// Strict about the standard, with all warnings as errors, with the project's headers.
    pub fn new(standard: Standard, linkage: Linkage) -> Compiler {
        Compiler { standard, linkage, flags: Vec::new(), libraries: Vec::new() }
    }

    /// One more flag.
    pub fn flag(mut self, flag: &str) -> Compiler {
        self.flags.push(flag.to_owned());
        self
    }

    /// One more library to link with, as in `-luv`.
    pub fn library(mut self, flag: &str) -> Compiler {
        self.libraries.push(flag.to_owned());
        self
    }

    /// Compiles and links sources into a program, or with the flag `-shared` into a library;
    /// installs the compiler where it is missing.
    pub fn program(&self, sources: &[&Path], program: &Path) -> Result<()> {
        let mut command = self.command("")?;
        command.args(sources).arg("-o").arg(program);
        match &self.linkage {
            Linkage::None => {}
            Linkage::Shared(folder) => {
                command.arg("-L").arg(folder).arg("-lhamirror");
                command.arg(format!("-Wl,-rpath,{}", folder.display()));
            }
            Linkage::Static(folder) => {
                command.arg(folder.join("libhamirror.a"));
                command.args(library::STATIC_NEEDS);
            }
        }
        command.args(&self.libraries).args(["-pthread", "-ldl"]);
        process::run(&mut command).map(drop)
    }

    /// Compiles one source and keeps nothing: its errors are what counts.
    pub fn check(&self, source: &Path) -> Result<()> {
        process::run(self.command("")?.arg("-fsyntax-only").arg(source)).map(drop)
    }

    /// The same by this compiler in place of the usual one.
    pub fn check_by(&self, compiler: &str, source: &Path) -> Result<()> {
        process::run(self.command(compiler)?.arg("-fsyntax-only").arg(source)).map(drop)
    }

    /// `compiler` is empty for the usual one of the language.
    fn command(&self, compiler: &str) -> Result<Command> {
        let (usual, tool, standard) = match self.standard {
            Standard::C(name) => ("cc", Tool::CCompiler, name),
            Standard::Cpp(name) => ("c++", Tool::CppCompiler, name),
        };
        packages::ensure(&[tool])?;
        let mut command = Command::new(if compiler.is_empty() { usual } else { compiler });
        command.arg(format!("-std={standard}")).args([
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
        ]);
        command.args(["-g", "-O1"]);
        for folder in ["include", "examples/c"] {
            command.arg("-I").arg(workspace::root().join(folder));
        }
        command.args(&self.flags);
        Ok(command)
    }
}
