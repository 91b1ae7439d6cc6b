//! Conditions that every document must meet.

use hamirror::Search;
use pyo3::prelude::*;

use crate::text::{self, Text};

/// A condition that every document must meet; with `exclude`, must not meet.
#[pyclass(frozen, eq, module = "hamirror")]
#[derive(Clone, PartialEq)]
pub(crate) struct Filter {
    attribute: Vec<u8>,
    test: Test,
    exclude: bool,
}

#[derive(Clone, PartialEq)]
enum Test {
    Values(Vec<i64>),
    Range(i64, i64),
    FloatRange(f32, f32),
    String(Vec<u8>),
    Null,
    IdRange(u64, u64),
}

#[pymethods]
impl Filter {
    /// The attribute is one of these; `id` is the document id.
    #[staticmethod]
    #[pyo3(signature = (attribute, values, *, exclude = false))]
    fn values(attribute: Text, values: &Bound<'_, PyAny>, exclude: bool) -> PyResult<Self> {
        let values = values.try_iter()?.map(|value| value?.extract()).collect::<PyResult<_>>()?;
        Ok(Self { attribute: attribute.0, test: Test::Values(values), exclude })
    }

    /// The attribute is from `first` to `last`, both included.
    #[staticmethod]
    #[pyo3(signature = (attribute, first, last, *, exclude = false))]
    fn range(attribute: Text, first: i64, last: i64, exclude: bool) -> Self {
        Self { attribute: attribute.0, test: Test::Range(first, last), exclude }
    }

    /// The float attribute is from `first` to `last`, both included, in 32 bits each.
    #[staticmethod]
    #[pyo3(signature = (attribute, first, last, *, exclude = false))]
    fn float_range(attribute: Text, first: f32, last: f32, exclude: bool) -> Self {
        Self { attribute: attribute.0, test: Test::FloatRange(first, last), exclude }
    }

    /// The string attribute equals `text` by the daemon's collation.
    #[staticmethod]
    #[pyo3(signature = (attribute, text, *, exclude = false))]
    fn string(attribute: Text, text: Text, exclude: bool) -> Self {
        Self { attribute: attribute.0, test: Test::String(text.0), exclude }
    }

    /// That field of a JSON attribute is null or not there.
    #[staticmethod]
    #[pyo3(signature = (attribute, *, exclude = false))]
    fn null(attribute: Text, exclude: bool) -> Self {
        Self { attribute: attribute.0, test: Test::Null, exclude }
    }

    /// The document id is from `first` to `last`, both included.
    #[staticmethod]
    fn id_range(first: u64, last: u64) -> Self {
        Self { attribute: b"id".to_vec(), test: Test::IdRange(first, last), exclude: false }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let attribute = text::decode(py, &self.attribute)?.repr()?;
        let exclude = if self.exclude { ", exclude=True" } else { "" };
        let (name, test) = match &self.test {
            Test::Values(values) => ("values", format!("{values:?}")),
            Test::Range(first, last) => ("range", format!("{first}, {last}")),
            Test::FloatRange(first, last) => ("float_range", format!("{first:?}, {last:?}")),
            Test::String(text) => ("string", text::decode(py, text)?.repr()?.to_string()),
            Test::Null => return Ok(format!("Filter.null({attribute}{exclude})")),
            Test::IdRange(first, last) => {
                return Ok(format!("Filter.id_range({first}, {last})"));
            }
        };
        Ok(format!("Filter.{name}({attribute}, {test}{exclude})"))
    }
}

impl Filter {
    /// Adds the condition to a search.
    pub(crate) fn apply(&self, search: Search) -> Search {
        let attribute = self.attribute.clone();
        match (&self.test, self.exclude) {
            (Test::Values(values), false) => {
                search.filter_values(attribute, values.iter().copied())
            }
            (Test::Values(values), true) => {
                search.exclude_values(attribute, values.iter().copied())
            }
            (Test::Range(first, last), false) => search.filter_range(attribute, *first, *last),
            (Test::Range(first, last), true) => search.exclude_range(attribute, *first, *last),
            (Test::FloatRange(first, last), false) => {
                search.filter_float_range(attribute, *first, *last)
            }
            (Test::FloatRange(first, last), true) => {
                search.exclude_float_range(attribute, *first, *last)
            }
            (Test::String(text), false) => search.filter_string(attribute, text.clone()),
            (Test::String(text), true) => search.exclude_string(attribute, text.clone()),
            (Test::Null, false) => search.filter_null(attribute),
            (Test::Null, true) => search.exclude_null(attribute),
            (Test::IdRange(first, last), _) => search.id_range(*first, *last),
        }
    }
}
