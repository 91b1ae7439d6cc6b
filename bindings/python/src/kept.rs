//! What a result and its rows keep: a merged result, or what pickling made of one.

use std::ops::Range;

use arrow_array::RecordBatch;
use hamirror::Value;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::cell::Cell;
use crate::columns;
use crate::record::{self, Record};
use crate::text::{decode, snake_case};
use crate::value;

/// A result that its rows keep alive.
pub(crate) struct Kept {
    source: Source,
    names: PyOnceLock<Vec<Py<PyString>>>,
}

enum Source {
    Merged(Box<hamirror::SearchResult>),
    Restored(Restored),
}

/// A result that was pickled.
struct Restored {
    /// What `SearchResult` has beside its rows.
    facts: Py<PyDict>,
    names: Vec<String>,
    rows: Vec<RestoredRow>,
}

struct RestoredRow {
    id: u64,
    weight: i32,
    values: Py<PyTuple>,
    /// JSON of the values that are JSON.
    json: Vec<Option<Vec<u8>>>,
}

impl Kept {
    pub(crate) fn merged(result: hamirror::SearchResult) -> Self {
        Kept { source: Source::Merged(Box::new(result)), names: PyOnceLock::new() }
    }

    /// Reads what [`Self::state`] wrote.
    pub(crate) fn restored(state: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (facts, names, rows): (Py<PyDict>, Vec<String>, Vec<StateRow>) = state.extract()?;
        let rows = rows.into_iter().map(|(id, weight, values, json)| {
            let width = values.bind(state.py()).len();
            match width == names.len() && json.len() == width {
                true => Ok(RestoredRow { id, weight, values, json }),
                false => Err(PyTypeError::new_err("the pickle of a result is malformed")),
            }
        });
        let rows = rows.collect::<PyResult<_>>()?;
        let source = Source::Restored(Restored { facts, names, rows });
        Ok(Kept { source, names: PyOnceLock::new() })
    }

    /// Facts, names of the columns, and some rows, in types that Python pickles.
    pub(crate) fn state<'py>(
        &self,
        py: Python<'py>,
        rows: Range<usize>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let facts = PyDict::new(py);
        for name in FACTS {
            facts.set_item(name, self.fact(py, name)?)?;
        }
        let names = PyTuple::new(py, self.names(py))?;
        let rows = rows.map(|row| {
            let json = (0..self.width()).map(|column| self.json_text(row, column));
            let json = json.map(|text| text.map(|text| PyBytes::new(py, &text)));
            let json = PyTuple::new(py, json.collect::<Vec<_>>())?;
            let values = self.values(py, row)?;
            (self.id(row), self.weight(row), values, json).into_pyobject(py)
        });
        let rows = PyTuple::new(py, rows.collect::<PyResult<Vec<_>>>()?)?;
        (facts, names, rows).into_pyobject(py)
    }

    /// The result, unless it was pickled.
    pub(crate) fn result(&self) -> Option<&hamirror::SearchResult> {
        match &self.source {
            Source::Merged(result) => Some(result),
            Source::Restored(_) => None,
        }
    }

    /// An attribute of the result, by its name.
    pub(crate) fn fact<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        match &self.source {
            Source::Merged(result) => merged_fact(py, result, name),
            Source::Restored(restored) => restored.facts.bind(py).as_any().get_item(name),
        }
    }

    pub(crate) fn names(&self, py: Python<'_>) -> &[Py<PyString>] {
        self.names.get_or_init(py, || {
            let name = |name: &String| PyString::new(py, name).unbind();
            match &self.source {
                Source::Merged(result) => {
                    result.columns().iter().map(|column| name(&column.name)).collect()
                }
                Source::Restored(restored) => restored.names.iter().map(name).collect(),
            }
        })
    }

    /// Number of the column of that name.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        match &self.source {
            Source::Merged(result) => result.column(name),
            Source::Restored(restored) => restored.names.iter().position(|known| known == name),
        }
    }

    /// Number of columns.
    pub(crate) fn width(&self) -> usize {
        match &self.source {
            Source::Merged(result) => result.columns().len(),
            Source::Restored(restored) => restored.names.len(),
        }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        match &self.source {
            Source::Merged(result) => result.len(),
            Source::Restored(restored) => restored.rows.len(),
        }
    }

    pub(crate) fn id(&self, row: usize) -> u64 {
        match &self.source {
            Source::Merged(result) => result.row(row).map_or(0, hamirror::search::Row::id),
            Source::Restored(restored) => restored.rows.get(row).map_or(0, |row| row.id),
        }
    }

    pub(crate) fn weight(&self, row: usize) -> i32 {
        match &self.source {
            Source::Merged(result) => result.row(row).map_or(0, hamirror::search::Row::weight),
            Source::Restored(restored) => restored.rows.get(row).map_or(0, |row| row.weight),
        }
    }

    pub(crate) fn values<'py>(
        &self,
        py: Python<'py>,
        row: usize,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let values = (0..self.width()).map(|column| self.value(py, row, column));
        PyTuple::new(py, values.collect::<PyResult<Vec<_>>>()?)
    }

    pub(crate) fn value<'py>(
        &self,
        py: Python<'py>,
        row: usize,
        column: usize,
    ) -> PyResult<Bound<'py, PyAny>> {
        match &self.source {
            Source::Merged(result) => value::object(py, raw(result, row, column)),
            Source::Restored(restored) => {
                let value = restored.rows[row].values.bind(py).get_item(column)?;
                // A list is handed out anew each time.
                match value.cast::<PyList>() {
                    Ok(list) => Ok(list.get_slice(0, list.len()).into_any()),
                    Err(_) => Ok(value),
                }
            }
        }
    }

    /// JSON text of a value; None for no value, and `TypeError` for one that is no JSON.
    pub(crate) fn json<'py>(
        &self,
        py: Python<'py>,
        row: usize,
        column: usize,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Some(text) = self.json_text(row, column) {
            return decode(py, &text).map(Some);
        }
        let value = self.value(py, row, column)?;
        if value.is_none() {
            return Ok(None);
        }
        let (name, kind) = (&self.names(py)[column], value.get_type().name()?);
        Err(PyTypeError::new_err(format!("column '{name}' is {kind} here, and no JSON")))
    }

    /// Columns of a data frame: document id and weight first, unless a column has that name.
    pub(crate) fn batch(&self, py: Python<'_>) -> PyResult<RecordBatch> {
        let mut columns = Vec::new();
        for column in self.fact(py, "columns")?.try_iter()? {
            let column = column?;
            columns.push((column.getattr("name")?.extract()?, column.getattr("kind")?.extract()?));
        }
        let mut leading = Vec::new();
        for (name, kind) in [("id", "uint64"), ("weight", columns::WEIGHT_KIND)] {
            if self.column(name).is_none() {
                leading.push((name.to_owned(), kind.to_owned()));
            }
        }
        let frame =
            Frame { kept: self, has_id: self.column("id").is_none(), leading: leading.len() };
        leading.append(&mut columns);
        // Objects of a pickle are read with the GIL, and this takes it back for each of them.
        match &self.source {
            Source::Merged(_) => py.detach(|| columns::batch(&frame, &leading)),
            Source::Restored(_) => columns::batch(&frame, &leading),
        }
    }

    fn cell(&self, row: usize, column: usize) -> PyResult<Cell<'_>> {
        match &self.source {
            Source::Merged(result) => Ok(raw(result, row, column).into()),
            Source::Restored(restored) => Python::attach(|py| {
                let values = restored.rows[row].values.bind(py);
                Cell::of_object(&values.get_item(column)?)
            }),
        }
    }

    fn json_text(&self, row: usize, column: usize) -> Option<Vec<u8>> {
        match &self.source {
            Source::Merged(result) => match raw(result, row, column) {
                Value::Json(json) => Some(json.json()),
                _ => None,
            },
            Source::Restored(restored) => restored.rows.get(row)?.json.get(column)?.clone(),
        }
    }
}

/// A result as the columns of a data frame.
struct Frame<'a> {
    kept: &'a Kept,
    has_id: bool,
    /// Number of columns before those of the result.
    leading: usize,
}

impl columns::Table for Frame<'_> {
    fn len(&self) -> usize {
        self.kept.len()
    }

    fn cell(&self, row: usize, column: usize) -> PyResult<Cell<'_>> {
        match column.checked_sub(self.leading) {
            Some(column) => self.kept.cell(row, column),
            None if column == 0 && self.has_id => Ok(Cell::Int(self.kept.id(row).into())),
            None => Ok(Cell::Int(self.kept.weight(row).into())),
        }
    }
}

/// A row as it is pickled.
type StateRow = (u64, i32, Py<PyTuple>, Vec<Option<Vec<u8>>>);

fn raw(result: &hamirror::SearchResult, row: usize, column: usize) -> Value<'_> {
    result.row(row).map_or(Value::Null, |row| row.value(column))
}

fn merged_fact<'py>(
    py: Python<'py>,
    result: &hamirror::SearchResult,
    name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let number = |number: u64| Ok(number.into_pyobject(py)?.into_any());
    match name {
        "total" => number(result.total),
        "total_found" => number(result.total_found),
        "time_s" => Ok((result.time_ms as f64 / 1_000.0).into_pyobject(py)?.into_any()),
        "agents_answered" => number(result.agents_answered as u64),
        "agents" => number(result.agents as u64),
        "warning" => Ok(result.warning.as_deref().into_pyobject(py)?.into_any()),
        "fields" => Ok(PyTuple::new(py, &result.fields)?.into_any()),
        "failures" => Ok(record::tuple(py, &result.failures, record::agent_failure)?.into_any()),
        "outcomes" => Ok(record::outcomes(py, result)?.into_any()),
        "coverage" => record::coverage(py, result),
        "columns" => {
            let columns = record::tuple(py, result.columns(), |py, column| {
                Record::new(py, "Column")
                    .set("name", &column.name)?
                    .set("kind", snake_case(column.kind))?
                    .build()
            });
            Ok(columns?.into_any())
        }
        _ => {
            let words = record::tuple(py, &result.words, |py, word| {
                Record::new(py, "Word")
                    .set("word", &word.word)?
                    .set("docs", word.docs)?
                    .set("hits", word.hits)?
                    .build()
            });
            Ok(words?.into_any())
        }
    }
}

/// What a result has beside its rows.
const FACTS: [&str; 12] = [
    "total",
    "total_found",
    "time_s",
    "agents_answered",
    "agents",
    "warning",
    "fields",
    "failures",
    "outcomes",
    "coverage",
    "columns",
    "words",
];
