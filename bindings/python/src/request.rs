//! Any command as the caller's own bytes.

use std::sync::Arc;

use hamirror::Access;
use hamirror::wire::header::Command;
use hamirror::wire::raw::Raw;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::options::{about, choice};

/// A request whose body is the same for each mirror: a command, its version, and its bytes
/// without the header.
#[pyclass(frozen, module = "hamirror")]
pub(crate) struct Request {
    pub(crate) inner: Arc<dyn hamirror::Request>,
}

#[pymethods]
impl Request {
    /// `command` is a name, or a number that needs a `version`. `access` says if it may be sent
    /// again when its fate is unknown ("read"), or goes once, to every mirror ("write").
    #[new]
    #[pyo3(signature = (command, body = Vec::new(), *, access, version = None))]
    fn new(
        command: &Bound<'_, PyAny>,
        body: Vec<u8>,
        access: &Bound<'_, PyAny>,
        version: Option<u16>,
    ) -> PyResult<Self> {
        let py = command.py();
        let access = choice(access, &ACCESS).map_err(|error| about(py, "access", error))?;
        let command = if command.is_instance_of::<PyString>() {
            let known: Command =
                choice(command, &COMMANDS).map_err(|error| about(py, "command", error))?;
            Command { version: version.unwrap_or(known.version), ..known }
        } else {
            let id = command.extract()?;
            let version = version.ok_or_else(|| {
                PyValueError::new_err(format!("command {id} needs a version, such as 0x100"))
            })?;
            Command { id, version }
        };
        Ok(Self { inner: Arc::new(Raw { command, access, body }) })
    }

    fn __repr__(&self) -> String {
        let Command { id, version } = self.inner.command();
        let access = match self.inner.access() {
            Access::Read => "read",
            Access::Write => "write",
        };
        format!("<hamirror.Request command={id} version={version:#x} access={access}>")
    }
}

const ACCESS: [(&str, Access); 2] = [("read", Access::Read), ("write", Access::Write)];

const COMMANDS: [(&str, Command); 8] = [
    ("search", Command::SEARCH),
    ("excerpt", Command::EXCERPT),
    ("update", Command::UPDATE),
    ("keywords", Command::KEYWORDS),
    ("status", Command::STATUS),
    ("flushattrs", Command::FLUSHATTRS),
    ("sphinxql", Command::SPHINXQL),
    ("ping", Command::PING),
];
