//! Errors of the crate as exceptions of `_errors.py`.

use hamirror::{Error, SystemError};
use pyo3::import_exception;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict, PyModule, PyTuple};

use crate::record;

import_exception!(hamirror._errors, ConfigError);
import_exception!(hamirror._errors, LocalError);
import_exception!(hamirror._errors, MergeError);
import_exception!(hamirror._errors, MisuseError);
import_exception!(hamirror._errors, NotFoundError);
import_exception!(hamirror._errors, QueryError);
import_exception!(hamirror._errors, RequestError);
import_exception!(hamirror._errors, ResourceError);
import_exception!(hamirror._errors, StatementError);
import_exception!(hamirror._errors, TimedOutError);
import_exception!(hamirror._errors, UnansweredError);

/// The exception that says the same; what a callback raised is that very exception.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    match error.program().and_then(|error| error.downcast_ref::<PyErr>()) {
        Some(raised) => raised.clone_ref(py),
        None => make(py, error).unwrap_or_else(|fault| fault),
    }
}

/// An exception for a call against the rules.
pub(crate) fn misuse(text: &str) -> PyErr {
    MisuseError::new_err(text.to_owned())
}

fn make(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let text = error.to_string();
    Ok(match error {
        Error::Config(diagnostics) => {
            let diagnostics = record::tuple(py, diagnostics, record::diagnostic)?;
            let fields = [("diagnostics", diagnostics)].into_py_dict(py)?;
            with_fields(&py.get_type::<ConfigError>(), text, &fields)?
        }
        Error::Statement(diagnostic) => {
            let fields = [("diagnostic", record::diagnostic(py, diagnostic)?)].into_py_dict(py)?;
            with_fields(&py.get_type::<StatementError>(), text, &fields)?
        }
        Error::Request(_) => RequestError::new_err(text),
        Error::Unknown(unknown) => {
            let fields = PyDict::new(py);
            fields.set_item("name", &unknown.name)?;
            fields.set_item("known", PyTuple::new(py, &unknown.known)?)?;
            with_fields(&py.get_type::<NotFoundError>(), text, &fields)?
        }
        Error::Misuse(_) | Error::Forked => MisuseError::new_err(text),
        Error::Merge(_) => MergeError::new_err(text),
        Error::Unanswered { answered, agents, failures } => {
            let class = match () {
                () if error.is_query_error() => py.get_type::<QueryError>(),
                () if error.is_timeout() => py.get_type::<TimedOutError>(),
                () => py.get_type::<UnansweredError>(),
            };
            let fields = PyDict::new(py);
            fields.set_item("answered", answered)?;
            fields.set_item("agents", agents)?;
            fields.set_item("failures", record::tuple(py, failures, record::agent_failure)?)?;
            with_fields(&class, text, &fields)?
        }
        Error::System(error) => resource_error(py, error)?,
        _ => ResourceError::new_err(text),
    })
}

/// Python has a class for each of the usual reasons; which one is for Python to say.
fn resource_error(py: Python<'_>, error: &SystemError) -> PyResult<PyErr> {
    let make = PyModule::import(py, "hamirror._errors")?.getattr("resource_error")?;
    let path = error.path.as_ref().map(|path| path.as_os_str());
    Ok(PyErr::from_value(make.call1((&error.text, error.code, path))?))
}

fn with_fields(
    class: &Bound<'_, PyAny>,
    text: String,
    fields: &Bound<'_, PyDict>,
) -> PyResult<PyErr> {
    Ok(PyErr::from_value(class.call((text,), Some(fields))?))
}
