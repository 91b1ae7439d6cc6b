//! Any command, as the caller's own bytes or by the caller's own functions.

use std::sync::Arc;

use hamirror::internal::wire::guard;
use hamirror::request::Command;
use hamirror::request::Raw;
use hamirror::{Access, Error, Target};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::callback;
use crate::options::{about, choice};
use crate::record::Record;
use crate::reply::Reply;
use crate::verdict::Verdict;

/// A command, its version, and its body without the header. The body is bytes that are the same
/// for each mirror, or a function that builds them for one.
#[pyclass(frozen, module = "hamirror")]
pub(crate) struct Request {
    pub(crate) inner: Arc<dyn hamirror::Request>,
}

#[pymethods]
impl Request {
    /// `command` is a name, or a number that needs a `version`. `access` says if it may be sent
    /// again when its fate is unknown ("read"), or goes once, to every mirror ("write"). `judge`
    /// says what a reply is worth.
    #[new]
    #[pyo3(signature = (command, body = None, *, access, version = None, judge = None))]
    fn new(
        command: &Bound<'_, PyAny>,
        body: Option<&Bound<'_, PyAny>>,
        access: &Bound<'_, PyAny>,
        version: Option<u16>,
        judge: Option<Py<PyAny>>,
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
        let body = match body {
            Some(build) if build.is_callable() => Body::Built(build.clone().unbind()),
            body => {
                let bytes = body.map(|bytes| bytes.extract()).transpose();
                Body::Bytes(bytes.map_err(|error| about(py, "body", error))?.unwrap_or_default())
            }
        };
        if judge.as_ref().is_some_and(|judge| !judge.bind(py).is_callable()) {
            return Err(PyTypeError::new_err("argument 'judge': it can't be called"));
        }
        Ok(Self {
            inner: match (body, judge) {
                (Body::Bytes(body), None) => Arc::new(Raw { command, access, body }),
                (body, judge) => {
                    callback::prepare(py)?;
                    Arc::new(Callbacks { command, access, body, judge })
                }
            },
        })
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

/// A request that asks Python.
struct Callbacks {
    command: Command,
    access: Access,
    body: Body,
    judge: Option<Py<PyAny>>,
}

enum Body {
    Bytes(Vec<u8>),
    Built(Py<PyAny>),
}

impl hamirror::Request for Callbacks {
    fn command(&self) -> Command {
        self.command
    }

    fn access(&self) -> Access {
        self.access
    }

    fn encode(&self, target: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        let built;
        let bytes = match &self.body {
            Body::Bytes(bytes) => bytes,
            Body::Built(build) => {
                let bytes = callback::call(|py| build_body(py, build, target));
                built = bytes.map_err(Error::Program)?;
                &built
            }
        };
        guard::check(self.command, bytes).map_err(Error::Request)?;
        body.extend_from_slice(bytes);
        Ok(())
    }

    fn judge(&self, reply: &mut hamirror::Reply) -> hamirror::Verdict {
        let Some(judge) = &self.judge else { return hamirror::Verdict::Accept };
        let verdict = callback::call(|py| {
            let verdict = judge.call1(py, (Reply::new(reply.clone(), None),))?;
            Ok(verdict.bind(py).cast::<Verdict>()?.get().inner.clone())
        });
        verdict.unwrap_or_else(hamirror::Verdict::Failed)
    }
}

fn build_body(py: Python<'_>, build: &Py<PyAny>, target: &Target<'_>) -> PyResult<Vec<u8>> {
    let target = Record::new(py, "Target")
        .set("host", target.host)?
        .set("index_list", target.index_list)?
        .set("attempt", target.attempt)?
        .build()?;
    build.call1(py, (target,))?.extract(py)
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
