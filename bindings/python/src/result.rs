//! Merged search results. Rows and values become objects only when they are looked at.

use std::sync::Arc;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList, PyModule, PySlice, PyTuple};

use crate::buffers;
use crate::columns;
use crate::kept::Kept;
use crate::options::Keywords;
use crate::record;
use crate::row::{Row, RowIterator};
use crate::session::Answer;
use crate::table;

/// The merged result of a search: a sequence of rows, and facts about the search.
#[pyclass(frozen, module = "hamirror")]
pub(crate) struct SearchResult {
    kept: Arc<Kept>,
}

#[pymethods]
impl SearchResult {
    /// Rows that offset and limit chose from: at most `max_matches`.
    #[getter]
    fn total<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.kept.fact(py, "total")
    }

    /// Matching documents; one that two agents sent counts once.
    #[getter]
    fn total_found<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.kept.fact(py, "total_found")
    }

    /// Sum of the times that the agents took, in seconds.
    #[getter]
    fn time_s<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.kept.fact(py, "time_s")
    }

    /// Everything that went wrong without ending the search, as a master words it, and what the
    /// result lacks.
    #[getter]
    fn warning<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.kept.fact(py, "warning")
    }

    /// Agents that answered in full.
    #[getter]
    fn agents_answered<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.kept.fact(py, "agents_answered")
    }

    /// Agents that were asked.
    #[getter]
    fn agents<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.kept.fact(py, "agents")
    }

    /// Why the others did not answer, or not in full.
    #[getter]
    fn failures<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.kept.fact(py, "failures")
    }

    /// What became of each agent and local index.
    #[getter]
    fn outcomes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.kept.fact(py, "outcomes")
    }

    /// Part of the searched indexes that the result covers.
    #[getter]
    fn coverage<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.kept.fact(py, "coverage")
    }

    /// Columns of every row: what the select list asks for, in its order.
    #[getter]
    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.kept.fact(py, "columns")
    }

    /// Full-text fields.
    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.kept.fact(py, "fields")
    }

    /// Statistics of the query's words.
    #[getter]
    fn words<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.kept.fact(py, "words")
    }

    fn __len__(&self) -> usize {
        self.kept.len()
    }

    fn __getitem__<'py>(
        &self,
        py: Python<'py>,
        key: Position<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let length = self.kept.len();
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
        RowIterator { kept: slf.get().kept.clone(), next: 0 }
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
        columns::stream(py, self.kept.batch(py)?)
    }

    /// Columns for who reads one batch of Arrow.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let _ = requested_schema;
        columns::capsules(py, self.kept.batch(py)?)
    }

    /// Types of the columns.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        columns::schema(py, &self.kept.batch(py)?)
    }

    /// A result never changes, and its values are new objects each time.
    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let make = PyModule::import(py, "hamirror._native")?.getattr("_restored_result")?;
        (make, (self.kept.state(py, 0..self.kept.len())?,)).into_pyobject(py)
    }

    /// Facts in one line, and the first rows as a table.
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<hamirror.SearchResult {}>{}", self.facts(py)?, table::text(py, &self.kept)?))
    }

    /// Facts and the first rows as a table, for notebooks.
    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        table::html(py, &self.kept, &self.facts(py)?)
    }
}

impl SearchResult {
    pub(crate) fn new(result: hamirror::SearchResult) -> Self {
        Self { kept: Arc::new(Kept::merged(result)) }
    }

    fn row(&self, number: usize) -> Row {
        Row::new(self.kept.clone(), number)
    }

    fn facts(&self, py: Python<'_>) -> PyResult<String> {
        let fact = |name| self.kept.fact(py, name);
        Ok(format!(
            "rows={} total={} total_found={} agents={}/{}",
            self.kept.len(),
            fact("total")?,
            fact("total_found")?,
            fact("agents_answered")?,
            fact("agents")?
        ))
    }
}

/// Buffers of the columns of a result or an answer, as `buffers::columns` has them.
#[pyfunction]
pub(crate) fn _buffers<'py>(table: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    let py = table.py();
    let batch = match table.cast::<Answer>() {
        Ok(answer) => answer.get().batch(py)?,
        Err(_) => table.cast::<SearchResult>()?.get().kept.batch(py)?,
    };
    buffers::columns(py, &batch)
}

/// Index, agent, host, start, length and failure of each attempt, as `otel.py` has them; none of
/// what was pickled.
#[pyfunction]
pub(crate) fn _attempts<'py>(table: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    let py = table.py();
    let attempts = match table.cast::<Answer>() {
        Ok(answer) => answer.get().result().map(|result| record::attempts(py, result)),
        Err(_) => {
            let result = table.cast::<SearchResult>()?.get();
            result.kept.result().map(|result| record::attempts(py, result))
        }
    };
    attempts.unwrap_or_else(|| Ok(PyList::empty(py)))
}

/// Makes a result again that was pickled.
#[pyfunction]
pub(crate) fn _restored_result(state: &Bound<'_, PyAny>) -> PyResult<SearchResult> {
    Ok(SearchResult { kept: Arc::new(Kept::restored(state)?) })
}

/// Makes a row again that was pickled.
#[pyfunction]
pub(crate) fn _restored_row(state: &Bound<'_, PyAny>) -> PyResult<Row> {
    let kept = Kept::restored(state)?;
    match kept.len() {
        0 => Err(PyIndexError::new_err("the pickle of a row has none")),
        _ => Ok(Row::new(Arc::new(kept), 0)),
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
