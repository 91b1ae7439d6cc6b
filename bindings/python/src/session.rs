//! Statements of SphinxQL, and what they are answered.

use std::os::fd::RawFd;
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use arrow_array::RecordBatch;
use hamirror::sphinxql::{Parameter, Parameters};
use hamirror::{CallOptions, SearchResult};
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyFloat, PyList, PyMapping, PySequence, PyString, PyTuple};

use crate::callback::Detached;
use crate::cell::Cell;
use crate::columns;
use crate::error::misuse;
use crate::options::{self, Keywords, about};
use crate::record::{self, Record};
use crate::result::{Position, position};
use crate::text::snake_case;
use crate::{value, waiting};

/// Runs statements one after the other, and remembers the last search for `SHOW META`.
#[pyclass(frozen, module = "hamirror")]
pub(crate) struct Session {
    inner: Mutex<Detached<hamirror::Session>>,
}

#[pymethods]
impl Session {
    /// Runs a statement, or several between semicolons, and returns an answer for each.
    #[pyo3(signature = (statement, parameters = None, /, **options))]
    fn execute<'py>(
        &self,
        py: Python<'py>,
        statement: &str,
        parameters: Option<&Bound<'py, PyAny>>,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let parameters = parameters_of(parameters)?;
        let options = options::call_options("execute", options)?;
        execute(py, &mut *self.lock()?, statement, &parameters, &options)
    }

    /// Starts statements for an event loop, and takes back those that are under way; `drive()`
    /// runs them.
    #[pyo3(signature = (statement, parameters = None, /, **options))]
    fn start(
        &self,
        py: Python<'_>,
        statement: &str,
        parameters: Option<&Bound<'_, PyAny>>,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<()> {
        let parameters = parameters_of(parameters)?;
        let options = options::call_options("start", options)?;
        let mut guard = self.lock()?;
        let session = &mut **guard;
        waiting::run(py, || session.start(statement, &parameters, &options))
    }

    /// Reads and writes what sockets are ready for: an answer for each statement, or `None` while
    /// agents are at work.
    fn drive<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let mut guard = self.lock()?;
        let session = &mut **guard;
        let answers = waiting::run(py, || session.wait(Some(Duration::ZERO)))?;
        answers.map(|answers| PyTuple::new(py, answers.into_iter().map(Answer::new))).transpose()
    }

    /// Readable when `drive()` has something to do.
    fn fileno(&self) -> PyResult<RawFd> {
        self.lock()?.fd().ok_or_else(|| misuse("no agent is at work: start statements and drive"))
    }

    /// Seconds after which `drive()` is due even if `fileno()` stays quiet; `None` while nothing
    /// is under way.
    #[getter]
    fn timeout(&self) -> PyResult<Option<f64>> {
        Ok(self.lock()?.timeout().map(|due| due.as_secs_f64()))
    }

    /// Takes back the statements that are under way.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        let mut guard = self.lock()?;
        let session = &mut **guard;
        py.detach(|| session.cancel());
        Ok(())
    }
}

impl Session {
    pub(crate) fn new(session: hamirror::Session) -> Self {
        Session { inner: Mutex::new(Detached::new(session)) }
    }

    fn lock(&self) -> PyResult<MutexGuard<'_, Detached<hamirror::Session>>> {
        match self.inner.try_lock() {
            Ok(session) => Ok(session),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(misuse("the session is in use by another call")),
        }
    }
}

/// Runs statements in a session; Ctrl-C ends it.
pub(crate) fn execute<'py>(
    py: Python<'py>,
    session: &mut hamirror::Session,
    statement: &str,
    parameters: &Parameters,
    options: &CallOptions,
) -> PyResult<Bound<'py, PyTuple>> {
    let mut is_started = false;
    let answers = waiting::wait(py, |slice| {
        if !is_started {
            session.start(statement, parameters, options)?;
            is_started = true;
        }
        session.wait(Some(slice))
    });
    if answers.is_err() {
        // Ctrl-C leaves it under way.
        py.detach(|| session.cancel());
    }
    PyTuple::new(py, answers?.into_iter().map(Answer::new))
}

/// Values for the free places of a statement: a sequence in turn, a mapping by name.
pub(crate) fn parameters_of(parameters: Option<&Bound<'_, PyAny>>) -> PyResult<Parameters> {
    let Some(parameters) = parameters.filter(|parameters| !parameters.is_none()) else {
        return Ok(Parameters::none());
    };
    let wrong = |error| about(parameters.py(), "parameters", error);
    if let Ok(mapping) = parameters.cast::<PyMapping>() {
        let mut values = Vec::new();
        for item in mapping.items()?.iter() {
            let (name, value): (String, Bound<'_, PyAny>) = item.extract().map_err(wrong)?;
            values.push((name, parameter(&value).map_err(wrong)?));
        }
        return Ok(Parameters::named(values));
    }
    let Ok(sequence) = parameters.cast::<PySequence>() else {
        return Err(PyTypeError::new_err("argument 'parameters': a sequence or a mapping"));
    };
    if sequence.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("argument 'parameters': one text is no list of values"));
    }
    let values = sequence.try_iter()?.map(|value| parameter(&value?));
    Ok(Parameters::positional(values.collect::<PyResult<Vec<_>>>().map_err(wrong)?))
}

fn parameter(value: &Bound<'_, PyAny>) -> PyResult<Parameter> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Parameter::Text(text.to_cow()?.into_owned()));
    }
    if let Ok(number) = value.extract::<i64>() {
        return Ok(Parameter::Int(number));
    }
    if let Ok(number) = value.extract::<u64>() {
        return Ok(Parameter::Uint(number));
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        return Ok(Parameter::Float(number.extract()?));
    }
    let is_list = value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>();
    if is_list {
        let values = value.try_iter()?.map(|value| parameter(&value?));
        return Ok(Parameter::List(values.collect::<PyResult<_>>()?));
    }
    let kind = value.get_type().name()?.to_string();
    Err(PyTypeError::new_err(format!(
        "{kind} is no value of a statement: int of 64 bits, float, str, or a list or tuple of them"
    )))
}

/// The answer to a statement: a sequence of rows, each a tuple of values.
#[pyclass(frozen, module = "hamirror")]
pub(crate) struct Answer {
    inner: hamirror::Answer,
}

#[pymethods]
impl Answer {
    /// Columns of every row.
    #[getter]
    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        record::tuple(py, &self.inner.columns, |py, column| {
            Record::new(py, "Column")
                .set("name", &column.name)?
                .set("kind", snake_case(column.kind))?
                .build()
        })
    }

    /// Rows that offset and limit chose from; None for what the library tells of itself.
    #[getter]
    fn total(&self) -> Option<u64> {
        self.result().map(|result| result.total)
    }

    /// Matching documents, or documents that a statement changed, of each agent once; None for
    /// what the library tells of itself.
    #[getter]
    fn total_found(&self) -> Option<u64> {
        self.inner.total_found()
    }

    /// Everything that went wrong without ending the statement.
    #[getter]
    fn warning(&self) -> Option<&str> {
        self.inner.warning()
    }

    /// Agents that answered in full.
    #[getter]
    fn agents_answered(&self) -> usize {
        self.inner.agents_answered()
    }

    /// Agents that were asked.
    #[getter]
    fn agents(&self) -> usize {
        self.inner.agents()
    }

    /// Why the others did not answer, or not in full.
    #[getter]
    fn failures<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        record::tuple(py, self.inner.failures(), record::agent_failure)
    }

    /// What became of each agent and local index of a search.
    #[getter]
    fn outcomes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        match self.result() {
            Some(result) => record::outcomes(py, result),
            None => Ok(PyTuple::empty(py)),
        }
    }

    /// Part of the searched indexes that the answer to a search covers.
    #[getter]
    fn coverage<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.result().map(|result| record::coverage(py, result)).transpose()
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }

    fn __getitem__<'py>(
        &self,
        py: Python<'py>,
        key: Position<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let length = self.inner.len();
        match key {
            Position::Number(number) => {
                let number = position(number, length).ok_or_else(|| {
                    PyIndexError::new_err(format!("no row {number} of {length}"))
                })?;
                Ok(self.row(py, number)?.into_any())
            }
            Position::Slice(slice) => {
                let slice = slice.indices(length.cast_signed())?;
                let rows: Vec<_> = (0..slice.slicelength.cast_signed())
                    .map(|step| (slice.start + step * slice.step).cast_unsigned())
                    .map(|number| self.row(py, number))
                    .collect::<PyResult<_>>()?;
                Ok(PyList::new(py, rows)?.into_any())
            }
        }
    }

    fn __iter__(slf: Py<Self>) -> AnswerIterator {
        AnswerIterator { answer: slf, next: 0 }
    }

    /// Columns by their names, as arrays of NumPy.
    fn to_numpy<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        columns::converted(slf.as_any(), "to_numpy", None)
    }

    /// Columns as a table of pyarrow.
    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        columns::converted(slf.as_any(), "to_arrow", None)
    }

    /// Columns as a data frame of pandas, made by pyarrow.
    #[pyo3(signature = (**options))]
    fn to_pandas<'py>(
        slf: &Bound<'py, Self>,
        options: Option<&Keywords<'py>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        columns::converted(slf.as_any(), "to_pandas", options)
    }

    /// Columns as a data frame of Polars.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        columns::converted(slf.as_any(), "to_polars", None)
    }

    /// Columns for who reads Arrow's stream of batches: one batch.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // Types are those of the kinds: who wants others has to convert, as the protocol says.
        let _ = requested_schema;
        columns::stream(py, self.batch(py)?)
    }

    /// Columns for who reads one batch of Arrow.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let _ = requested_schema;
        columns::capsules(py, self.batch(py)?)
    }

    /// Types of the columns.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        columns::schema(py, &self.batch(py)?)
    }

    fn __repr__(&self) -> String {
        let (rows, columns) = (self.inner.len(), self.inner.columns.len());
        format!("<hamirror.Answer rows={rows} columns={columns}>")
    }
}

impl Answer {
    fn new(answer: hamirror::Answer) -> Self {
        Answer { inner: answer }
    }

    pub(crate) fn batch(&self, py: Python<'_>) -> PyResult<RecordBatch> {
        let columns = self.inner.columns.iter();
        let columns: Vec<(String, String)> =
            columns.map(|column| (column.name.clone(), snake_case(column.kind))).collect();
        py.detach(|| columns::batch(&self.inner, &columns))
    }

    pub(crate) fn result(&self) -> Option<&SearchResult> {
        self.inner.result()
    }

    fn row<'py>(&self, py: Python<'py>, row: usize) -> PyResult<Bound<'py, PyTuple>> {
        let columns = 0..self.inner.columns.len();
        let values: Vec<_> = columns
            .map(|column| value::object(py, self.inner.value(row, column)))
            .collect::<PyResult<_>>()?;
        PyTuple::new(py, values)
    }
}

impl columns::Table for hamirror::Answer {
    fn len(&self) -> usize {
        self.len()
    }

    fn cell(&self, row: usize, column: usize) -> PyResult<Cell<'_>> {
        Ok(self.value(row, column).into())
    }
}

/// The rows of an answer, one after the other.
#[pyclass(module = "hamirror")]
struct AnswerIterator {
    answer: Py<Answer>,
    next: usize,
}

#[pymethods]
impl AnswerIterator {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let answer = self.answer.get();
        let number = self.next;
        if number >= answer.inner.len() {
            return Ok(None);
        }
        self.next += 1;
        answer.row(py, number).map(Some)
    }
}
