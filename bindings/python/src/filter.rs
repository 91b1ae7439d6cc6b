//! Conditions that every document must meet.

use hamirror::Search;
use hamirror::internal::search::is_id;
use hamirror::search::{Condition, Grouping, Number};
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyFloat;

use crate::options::{about, items};
use crate::text::{self, Text};

/// A condition that every document must meet; with `exclude`, must not meet.
#[pyclass(frozen, eq, module = "hamirror")]
#[derive(Clone, PartialEq)]
pub(crate) struct Filter {
    attribute: Vec<u8>,
    test: Test,
    exclude: bool,
    of_all_values: bool,
}

#[derive(Clone, PartialEq)]
enum Test {
    Values(Vec<i64>),
    /// Of documents, some of them from 2^63 on.
    Ids(Vec<u64>),
    Range(i64, i64),
    FloatRange(f32, f32),
    Bound(Side, Number),
    String(Vec<u8>),
    Strings(Vec<Vec<u8>>),
    Variable(Vec<u8>),
    Null,
    IdRange(u64, u64),
}

/// The side of a number on which values pass.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    AtLeast,
    Above,
    AtMost,
    Below,
}

#[pymethods]
impl Filter {
    /// The attribute is one of these; `id` is the document id.
    #[staticmethod]
    #[pyo3(signature = (attribute, values, *, exclude = false))]
    fn values(attribute: Text, values: &Bound<'_, PyAny>, exclude: bool) -> PyResult<Self> {
        let py = values.py();
        let values = items(values).map_err(|error| about(py, "values", error))?;
        let values: Vec<_> = values.collect::<PyResult<_>>()?;
        let signed: PyResult<Vec<_>> = values.iter().map(|value| value.extract()).collect();
        let ids = || values.iter().map(|value| value.extract().ok()).collect::<Option<Vec<_>>>();
        let test = match signed {
            Ok(values) => Test::Values(values),
            Err(error) => match ids().filter(|_| is_id(&attribute.0)) {
                Some(ids) => Test::Ids(ids),
                None => return Err(error),
            },
        };
        Ok(Self::new(attribute, test, exclude))
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
        Ok(Self::new(attribute, test, exclude))
    }

    /// The float attribute is from `first` to `last`, both included, in 32 bits each.
    #[staticmethod]
    #[pyo3(signature = (attribute, first, last, *, exclude = false))]
    fn float_range(attribute: Text, first: f32, last: f32, exclude: bool) -> Self {
        Self::new(attribute, Test::FloatRange(first, last), exclude)
    }

    /// The attribute is `number` or higher: an `int` for whole attributes, a `float` for floats.
    #[staticmethod]
    #[pyo3(signature = (attribute, number, *, exclude = false))]
    fn at_least(attribute: Text, number: &Bound<'_, PyAny>, exclude: bool) -> PyResult<Self> {
        Self::bounded(attribute, Side::AtLeast, number, exclude)
    }

    /// The attribute is higher than `number`: an `int` for whole attributes, a `float` for floats.
    #[staticmethod]
    #[pyo3(signature = (attribute, number, *, exclude = false))]
    fn above(attribute: Text, number: &Bound<'_, PyAny>, exclude: bool) -> PyResult<Self> {
        Self::bounded(attribute, Side::Above, number, exclude)
    }

    /// The attribute is `number` or lower: an `int` for whole attributes, a `float` for floats.
    #[staticmethod]
    #[pyo3(signature = (attribute, number, *, exclude = false))]
    fn at_most(attribute: Text, number: &Bound<'_, PyAny>, exclude: bool) -> PyResult<Self> {
        Self::bounded(attribute, Side::AtMost, number, exclude)
    }

    /// The attribute is lower than `number`: an `int` for whole attributes, a `float` for floats.
    #[staticmethod]
    #[pyo3(signature = (attribute, number, *, exclude = false))]
    fn below(attribute: Text, number: &Bound<'_, PyAny>, exclude: bool) -> PyResult<Self> {
        Self::bounded(attribute, Side::Below, number, exclude)
    }

    /// The string attribute equals `text` by the collation of the search.
    #[staticmethod]
    #[pyo3(signature = (attribute, text, *, exclude = false))]
    fn string(attribute: Text, text: Text, exclude: bool) -> Self {
        Self::new(attribute, Test::String(text.0), exclude)
    }

    /// The string attribute is one of `texts` by the collation of the search; none is empty.
    #[staticmethod]
    #[pyo3(signature = (attribute, texts, *, exclude = false))]
    fn strings(attribute: Text, texts: &Bound<'_, PyAny>, exclude: bool) -> PyResult<Self> {
        let py = texts.py();
        let texts = items(texts).map_err(|error| about(py, "texts", error))?;
        let texts = texts.map(|text| Ok(text?.extract::<Text>()?.0));
        Ok(Self::new(attribute, Test::Strings(texts.collect::<PyResult<_>>()?), exclude))
    }

    /// The attribute is one of the numbers of a global variable that each agent has.
    #[staticmethod]
    #[pyo3(signature = (attribute, name, *, exclude = false))]
    fn variable(attribute: Text, name: Text, exclude: bool) -> Self {
        Self::new(attribute, Test::Variable(name.0), exclude)
    }

    /// Keeps documents where that field of a JSON attribute is null or not there.
    #[staticmethod]
    #[pyo3(signature = (attribute, *, exclude = false))]
    fn null(attribute: Text, exclude: bool) -> Self {
        Self::new(attribute, Test::Null, exclude)
    }

    /// The document id is from `first` to `last`, both included.
    #[staticmethod]
    fn id_range(first: u64, last: u64) -> Self {
        Self::new(Text(b"id".to_vec()), Test::IdRange(first, last), false)
    }

    /// Asks the condition of all values of a multi-value attribute, not of any of them.
    fn of_all_values(&self) -> PyResult<Self> {
        match self.test {
            Test::Ids(_) | Test::IdRange(..) => {
                Err(PyValueError::new_err("a document has one id, not several"))
            }
            _ => Ok(Self { of_all_values: true, ..self.clone() }),
        }
    }

    pub(crate) fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let attribute = text::decode(py, &self.attribute)?.repr()?;
        let exclude = if self.exclude { ", exclude=True" } else { "" };
        let of_all = if self.of_all_values { ".of_all_values()" } else { "" };
        let text_of = |text: &[u8]| text::decode(py, text)?.repr().map(|text| text.to_string());
        let (name, test) = match &self.test {
            Test::Values(values) => ("values", format!("{values:?}")),
            Test::Ids(ids) => ("values", format!("{ids:?}")),
            Test::Range(first, last) => ("range", format!("{first}, {last}")),
            Test::FloatRange(first, last) => ("float_range", format!("{first:?}, {last:?}")),
            Test::Bound(bound, Number::Int(number)) => (bound.name(), number.to_string()),
            Test::Bound(bound, Number::Float(number)) => (bound.name(), format!("{number:?}")),
            Test::String(text) => ("string", text_of(text)?),
            Test::Strings(texts) => {
                let texts: Vec<_> =
                    texts.iter().map(|text| text_of(text)).collect::<PyResult<_>>()?;
                ("strings", format!("[{}]", texts.join(", ")))
            }
            Test::Variable(name) => ("variable", text_of(name)?),
            Test::Null => return Ok(format!("Filter.null({attribute}{exclude}){of_all}")),
            Test::IdRange(first, last) if self.exclude => ("range", format!("{first}, {last}")),
            Test::IdRange(first, last) => {
                return Ok(format!("Filter.id_range({first}, {last})"));
            }
        };
        Ok(format!("Filter.{name}({attribute}, {test}{exclude}){of_all}"))
    }
}

impl Filter {
    fn new(attribute: Text, test: Test, exclude: bool) -> Self {
        Self { attribute: attribute.0, test, exclude, of_all_values: false }
    }

    fn bounded(
        attribute: Text,
        bound: Side,
        number: &Bound<'_, PyAny>,
        exclude: bool,
    ) -> PyResult<Self> {
        let number = match number.is_instance_of::<PyFloat>() {
            true => Number::Float(number.extract()?),
            false => Number::Int(number.extract()?),
        };
        Ok(Self::new(attribute, Test::Bound(bound, number), exclude))
    }

    /// Adds the condition to a search.
    pub(crate) fn apply(&self, search: Search) -> Search {
        match (&self.test, self.exclude) {
            (Test::Ids(ids), false) => search.filter_ids(ids.iter().copied()),
            (Test::Ids(ids), true) => search.exclude_ids(ids.iter().copied()),
            (Test::IdRange(first, last), false) => search.id_range(*first, *last),
            (Test::IdRange(first, last), true) => search.exclude_id_range(*first, *last),
            _ => match self.condition() {
                Some(condition) => search.filter(self.attribute.clone(), condition),
                None => search,
            },
        }
    }

    /// Sets the condition on the groups of a grouping.
    pub(crate) fn having(&self, grouping: Grouping) -> PyResult<Grouping> {
        let condition = self.condition().ok_or_else(|| {
            PyValueError::new_err("argument 'having': ids from 2**63 on are no number of a group")
        })?;
        Ok(grouping.having(self.attribute.clone(), condition))
    }

    /// What must hold; None of ids, which are unsigned.
    fn condition(&self) -> Option<Condition> {
        let condition = match &self.test {
            Test::Values(values) => Condition::any_of(values.iter().copied()),
            Test::Range(first, last) => Condition::range(*first, *last),
            Test::FloatRange(first, last) => Condition::range(*first, *last),
            Test::Bound(Side::AtLeast, number) => Condition::at_least(*number),
            Test::Bound(Side::Above, number) => Condition::above(*number),
            Test::Bound(Side::AtMost, number) => Condition::at_most(*number),
            Test::Bound(Side::Below, number) => Condition::below(*number),
            Test::String(text) => Condition::text(text.clone()),
            Test::Strings(texts) => Condition::any_text(texts.iter().cloned()),
            Test::Variable(name) => Condition::in_variable(name.clone()),
            Test::Null => Condition::null(),
            Test::Ids(_) | Test::IdRange(..) => return None,
        };
        let condition = if self.exclude { condition.negated() } else { condition };
        Some(if self.of_all_values { condition.of_all_values() } else { condition })
    }
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Side::AtLeast => "at_least",
            Side::Above => "above",
            Side::AtMost => "at_most",
            Side::Below => "below",
        }
    }
}
