//! Conditions that every document must meet.

use hamirror::Search;
use hamirror::internal::search::is_id;
use pyo3::exceptions::PyOverflowError;
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
    /// Of documents, some of them from 2^63 on.
    Ids(Vec<u64>),
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
        let values: Vec<_> = values.try_iter()?.collect::<PyResult<_>>()?;
        let signed: PyResult<Vec<_>> = values.iter().map(|value| value.extract()).collect();
        let ids = || values.iter().map(|value| value.extract().ok()).collect::<Option<Vec<_>>>();
        let test = match signed {
            Ok(values) => Test::Values(values),
            Err(error) => match ids().filter(|_| is_id(&attribute.0)) {
                Some(ids) => Test::Ids(ids),
                None => return Err(error),
            },
        };
        Ok(Self { attribute: attribute.0, test, exclude })
    }

    /// The attribute is from `first` to `last`, both included.
    #[staticmethod]
    #[pyo3(signature = (attribute, first, last, *, exclude = false))]
    fn range(attribute: Text, first: i128, last: i128, exclude: bool) -> PyResult<Self> {
        let ends = (i64::try_from(first), i64::try_from(last));
        let ids = (u64::try_from(first), u64::try_from(last));
        let test = match (ends, ids) {
            ((Ok(first), Ok(last)), _) => Test::Range(first, last),
            (_, (Ok(first), Ok(last))) if is_id(&attribute.0) => Test::IdRange(first, last),
            _ => {
                let text = format!("{first} to {last} is beyond the 64 bits of an attribute");
                return Err(PyOverflowError::new_err(text));
            }
        };
        Ok(Self { attribute: attribute.0, test, exclude })
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

    /// Keeps documents where that field of a JSON attribute is null or not there.
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
            Test::Ids(ids) => ("values", format!("{ids:?}")),
            Test::Range(first, last) => ("range", format!("{first}, {last}")),
            Test::FloatRange(first, last) => ("float_range", format!("{first:?}, {last:?}")),
            Test::String(text) => ("string", text::decode(py, text)?.repr()?.to_string()),
            Test::Null => return Ok(format!("Filter.null({attribute}{exclude})")),
            Test::IdRange(first, last) if self.exclude => ("range", format!("{first}, {last}")),
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
            (Test::Ids(ids), false) => search.filter_ids(ids.iter().copied()),
            (Test::Ids(ids), true) => search.exclude_ids(ids.iter().copied()),
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
            (Test::IdRange(first, last), false) => search.id_range(*first, *last),
            (Test::IdRange(first, last), true) => search.exclude_id_range(*first, *last),
        }
    }
}
