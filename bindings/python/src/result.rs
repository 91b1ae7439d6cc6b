//! Merged search results. Rows and values become objects only when they are looked at.

use std::borrow::Cow;
use std::sync::Arc;

use pyo3::basic::CompareOp;
use pyo3::exceptions::{PyIndexError, PyKeyError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyDict, PyIterator, PyList, PyMapping, PyNotImplemented, PySlice, PyString, PyTuple,
};

use crate::record::{self, Record};
use crate::text::snake_case;
use crate::value;

/// The merged result of a search: a sequence of rows, and facts about the search.
#[pyclass(frozen, module = "hamirror")]
pub(crate) struct SearchResult {
    answer: Arc<Answer>,
}

impl SearchResult {
    pub(crate) fn new(result: hamirror::SearchResult) -> Self {
        Self { answer: Arc::new(Answer { result, names: PyOnceLock::new() }) }
    }
}

#[pymethods]
impl SearchResult {
    /// Rows that offset and limit chose from: at most `max_matches`.
    #[getter]
    fn total(&self) -> u64 {
        self.answer.result.total
    }

    /// Matching documents; one that two agents sent counts once.
    #[getter]
    fn total_found(&self) -> u64 {
        self.answer.result.total_found
    }

    /// Sum of the times that the agents took.
    #[getter]
    fn time_ms(&self) -> u64 {
        self.answer.result.time_ms
    }

    /// Everything that went wrong without ending the search, as a master words it, and what the
    /// result lacks.
    #[getter]
    fn warning(&self) -> Option<&str> {
        self.answer.result.warning.as_deref()
    }

    /// Agents that answered in full.
    #[getter]
    fn agents_answered(&self) -> usize {
        self.answer.result.agents_answered
    }

    /// Agents that were asked.
    #[getter]
    fn agents(&self) -> usize {
        self.answer.result.agents
    }

    /// Why the others did not answer, or not in full.
    #[getter]
    fn failures<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        record::tuple(py, &self.answer.result.failures, record::agent_failure)
    }

    /// Columns of every row: what the select list asks for, in its order.
    #[getter]
    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        record::tuple(py, self.answer.result.columns(), |py, column| {
            Record::new(py, "Column")
                .set("name", &column.name)?
                .set("kind", snake_case(column.kind))?
                .build()
        })
    }

    /// Full-text fields.
    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.answer.result.fields)
    }

    /// Statistics of the query's words.
    #[getter]
    fn words<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        record::tuple(py, &self.answer.result.words, |py, word| {
            Record::new(py, "Word")
                .set("word", &word.word)?
                .set("docs", word.docs)?
                .set("hits", word.hits)?
                .build()
        })
    }

    fn __len__(&self) -> usize {
        self.answer.result.len()
    }

    fn __getitem__<'py>(
        &self,
        py: Python<'py>,
        key: Position<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let length = self.answer.result.len();
        match key {
            Position::Number(number) => {
                let number = position(number, length).ok_or_else(|| {
                    PyIndexError::new_err(format!("no row {number} of {length}"))
                })?;
                Ok(Bound::new(py, self.row(number))?.into_any())
            }
            Position::Slice(slice) => {
                let slice = slice.indices(length.cast_signed())?;
                let numbers = (0..slice.slicelength.cast_signed())
                    .map(|step| (slice.start + step * slice.step).cast_unsigned());
                Ok(PyList::new(py, numbers.map(|number| self.row(number)))?.into_any())
            }
        }
    }

    fn __iter__(slf: &Bound<'_, Self>) -> RowIterator {
        RowIterator { answer: slf.get().answer.clone(), next: 0 }
    }

    fn __repr__(&self) -> String {
        let hamirror::SearchResult { total, total_found, agents_answered, agents, .. } =
            &self.answer.result;
        let rows = self.answer.result.len();
        format!(
            "<hamirror.SearchResult rows={rows} total={total} total_found={total_found} \
             agents={agents_answered}/{agents}>"
        )
    }
}

impl SearchResult {
    fn row(&self, number: usize) -> Row {
        Row { answer: self.answer.clone(), number }
    }
}

/// A row of a result: document id, weight, and a mapping of column names to values.
#[pyclass(frozen, mapping, module = "hamirror")]
pub(crate) struct Row {
    answer: Arc<Answer>,
    number: usize,
}

#[pymethods]
impl Row {
    /// Document id.
    #[getter]
    fn id(&self) -> u64 {
        self.row().map_or(0, hamirror::search::Row::id)
    }

    /// Weight of the match.
    #[getter]
    fn weight(&self) -> i32 {
        self.row().map_or(0, hamirror::search::Row::weight)
    }

    /// Names of the columns.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.answer.names(py))
    }

    /// Values in the order of the columns.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let values: Vec<_> =
            (0..self.__len__()).map(|column| self.value(py, column)).collect::<PyResult<_>>()?;
        PyTuple::new(py, values)
    }

    /// Names and values in the order of the columns.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let names = self.answer.names(py).iter().enumerate();
        let items: Vec<_> = names
            .map(|(column, name)| Ok((name, self.value(py, column)?)))
            .collect::<PyResult<_>>()?;
        PyTuple::new(py, items)
    }

    /// The value in the column of that name, or else the default.
    #[pyo3(signature = (name, default = None, /))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let column = name.extract::<Cow<'_, str>>().ok();
        match column.and_then(|name| self.answer.result.column(&name)) {
            Some(column) => self.value(py, column),
            None => Ok(default.unwrap_or_else(|| py.None().into_bound(py))),
        }
    }

    /// Values by the names of their columns.
    fn as_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let values = PyDict::new(py);
        for (column, name) in self.answer.names(py).iter().enumerate() {
            values.set_item(name, self.value(py, column)?)?;
        }
        Ok(values)
    }

    fn __len__(&self) -> usize {
        self.answer.result.columns().len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let column = self.answer.result.column(name);
        let column = column.ok_or_else(|| PyKeyError::new_err(name.to_owned()))?;
        self.value(py, column)
    }

    fn __contains__(&self, name: &Bound<'_, PyAny>) -> bool {
        let name = name.extract::<Cow<'_, str>>();
        name.is_ok_and(|name| self.answer.result.column(&name).is_some())
    }

    /// As mappings are: the same names with equal values.
    fn __eq__<'py>(
        &self,
        py: Python<'py>,
        other: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Ok(other) = other.cast::<PyMapping>() else {
            return Ok(PyNotImplemented::get(py).to_owned().into_any());
        };
        let values = PyDict::new(py);
        values.update(other)?;
        self.as_dict(py)?.rich_compare(values, CompareOp::Eq)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.keys(py)?.try_iter()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let values = self.as_dict(py)?.repr()?;
        Ok(format!("<hamirror.Row id={} weight={} {values}>", self.id(), self.weight()))
    }
}

impl Row {
    fn row(&self) -> Option<hamirror::search::Row<'_>> {
        self.answer.result.row(self.number)
    }

    fn value<'py>(&self, py: Python<'py>, column: usize) -> PyResult<Bound<'py, PyAny>> {
        let value = self
            .row()
            .map_or(hamirror::internal::wire::search::Value::Null, |row| row.value(column));
        value::object(py, value)
    }
}

/// The rows of a result, one after the other.
#[pyclass(module = "hamirror")]
struct RowIterator {
    answer: Arc<Answer>,
    next: usize,
}

#[pymethods]
impl RowIterator {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&mut self) -> Option<Row> {
        let number = self.next;
        if number >= self.answer.result.len() {
            return None;
        }
        self.next += 1;
        Some(Row { answer: self.answer.clone(), number })
    }
}

/// A result that its rows keep alive.
struct Answer {
    result: hamirror::SearchResult,
    names: PyOnceLock<Vec<Py<PyString>>>,
}

impl Answer {
    fn names(&self, py: Python<'_>) -> &[Py<PyString>] {
        self.names.get_or_init(py, || {
            let columns = self.result.columns().iter();
            columns.map(|column| PyString::new(py, &column.name).unbind()).collect()
        })
    }
}

#[derive(FromPyObject)]
pub(crate) enum Position<'py> {
    Number(isize),
    Slice(Bound<'py, PySlice>),
}

/// The place that a number names, if it is one: negative ones count from the end.
pub(crate) fn position(number: isize, length: usize) -> Option<usize> {
    let from_start = if number < 0 { number + length.cast_signed() } else { number };
    usize::try_from(from_start).ok().filter(|place| *place < length)
}
