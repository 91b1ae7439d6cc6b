//! Configurations: read, parsed or built; immutable.

use std::path::PathBuf;

use hamirror::config::{ConfigBuilder, Reading};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyMapping, PyString, PyTuple};

use crate::options::{about, choice};
use crate::{record, waiting};

/// A validated configuration: of a `sphinx.conf` or `manticore.conf`, the `searchd` section and
/// every distributed index.
#[pyclass(frozen, module = "hamirror")]
pub(crate) struct Config {
    pub(crate) inner: hamirror::Config,
}

#[pymethods]
impl Config {
    /// Reads a file. `ConfigError` lists all its faults; one that can't be read is a
    /// `ResourceError`.
    ///
    /// Distributed tables of Manticore's RT mode are read, too: those of the `manticore.json` in
    /// the folder that `data_dir` of section `searchd` names.
    #[staticmethod]
    #[pyo3(signature = (path, *, reading = "strict"))]
    fn read(py: Python<'_>, path: PathBuf, reading: &str) -> PyResult<Self> {
        let reading = reading_of(py, reading)?;
        Ok(Self { inner: waiting::run(py, || hamirror::Config::read_as(path, reading))? })
    }

    /// Reads a text; errors and warnings call it `name`. The text may be what SHOW
    /// CREATE TABLE prints of distributed tables.
    #[staticmethod]
    #[pyo3(signature = (text, *, name = "<text>", reading = "strict"))]
    fn parse(py: Python<'_>, text: &str, name: &str, reading: &str) -> PyResult<Self> {
        let reading = reading_of(py, reading)?;
        Ok(Self { inner: waiting::run(py, || hamirror::Config::parse_as(text, name, reading))? })
    }

    /// Puts a configuration together: `{"searchd": {key: value}, "an index": {"agent": [..]}}`.
    #[staticmethod]
    #[pyo3(signature = (sections, *, reading = "strict"))]
    fn build(py: Python<'_>, sections: &Bound<'_, PyMapping>, reading: &str) -> PyResult<Self> {
        let reading = reading_of(py, reading)?;
        let mut builder = ConfigBuilder::new();
        for section in sections.items()?.iter() {
            let (section, settings): (String, Bound<'_, PyMapping>) = section.extract()?;
            for setting in settings.items()?.iter() {
                let (key, value): (String, Bound<'_, PyAny>) = setting.extract()?;
                for value in values(&value)? {
                    builder.set(&section, &key, &value);
                }
            }
        }
        Ok(Self { inner: waiting::run(py, || builder.build_as(reading))? })
    }

    /// Names of the distributed indexes, in the order of the text.
    #[getter]
    fn indexes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.indexes.iter().map(|index| &index.name))
    }

    /// Oddities that do not stop anything, each with its place.
    #[getter]
    fn warnings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        record::tuple(py, &self.inner.warnings, record::diagnostic)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<hamirror.Config of {}>", self.indexes(py)?.repr()?))
    }
}

fn reading_of(py: Python<'_>, name: &str) -> PyResult<Reading> {
    choice(PyString::new(py, name).as_any(), &READINGS)
        .map_err(|error| about(py, "reading", error))
}

const READINGS: [(&str, Reading); 3] =
    [("strict", Reading::Strict), ("sphinx", Reading::Sphinx), ("manticore", Reading::Manticore)];

/// The values of a setting: one, or some.
fn values(value: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    if value.is_instance_of::<PyString>() || value.is_instance_of::<PyInt>() {
        return Ok(vec![value.str()?.to_string()]);
    }
    if value.is_instance_of::<PyDict>() {
        let text = "a setting is a str, an int, or an iterable of str";
        return Err(PyTypeError::new_err(text));
    }
    value.try_iter()?.map(|item| item?.extract()).collect()
}
