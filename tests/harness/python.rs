//! Python virtual environments with the package `hamirror` in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::library::Profile;
use crate::packages::{self, Tool};
use crate::{process, workspace};

/// A virtual environment of the machine's `python3`.
#[derive(Clone, Debug)]
pub struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// Makes a fresh environment, in the place of one that was there; installs what `python3`
    /// lacks for it.
    pub fn create(folder: &Path) -> Result<Environment> {
        packages::ensure(&[Tool::PythonVenv])?;
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
        }
        process::run_long(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        Ok(Environment { folder: folder.to_owned() })
    }

    /// Installs what a requirements file lists.
    pub fn install_requirements(&self, file: &Path) -> Result<()> {
        process::run_long(self.pip_install().arg("-r").arg(file)).map(drop)
    }

    /// Builds the wheel of `hamirror` and installs it.
    pub fn install_hamirror(&self, profile: Profile) -> Result<()> {
        process::run_long(&mut self.hamirror_install(profile)).map(drop)
    }

    /// The command behind [`Environment::install_hamirror`]. Wheels are not kept by pip: it would
    /// take an older build of the same version for the new one.
    pub fn hamirror_install(&self, profile: Profile) -> Command {
        let mut command = self.pip_install();
        command.args(["--no-cache-dir", "--force-reinstall"]);
        command.arg(workspace::root().join("bindings/python"));
        if profile == Profile::Dev {
            command.env("MATURIN_PEP517_ARGS", "--profile dev");
        }
        command
    }

    /// Its interpreter, at the top of the workspace; it leaves no files there.
    pub fn python(&self) -> Command {
        let mut command = Command::new(self.folder.join("bin/python"));
        command.arg("-B").current_dir(workspace::root());
        command
    }

    fn pip_install(&self) -> Command {
        let mut command = self.python();
        command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        command
    }
}
