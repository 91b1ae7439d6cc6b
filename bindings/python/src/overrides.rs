//! Other values of an attribute for some documents.

use hamirror::search::Overrides;
use pyo3::prelude::*;
use pyo3::types::PyMapping;

use crate::options::{self, about};
use crate::text::{self, Text};

/// Other values of an attribute for some documents, in one search alone.
///
/// Manticore knows none: an agent that runs it answers with an error.
///
/// Parameters
/// ----------
/// attribute : str
///     The attribute.
/// values : mapping of int to int, float or bool
///     Values by document id.
/// kind : "uint", "timestamp", "bool", "float" or "bigint", default "uint"
///     The type of the attribute.
///
/// Raises
/// ------
/// OverflowError
///     A value does not fit the type.
#[pyclass(frozen, eq, module = "hamirror")]
#[derive(Clone, PartialEq)]
pub(crate) struct Override {
    attribute: Vec<u8>,
    kind: &'static str,
    values: Overrides,
}

#[pymethods]
impl Override {
    #[new]
    #[pyo3(signature = (attribute, values, *, kind = None))]
    fn new(
        attribute: Text,
        values: &Bound<'_, PyAny>,
        kind: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = values.py();
        let chosen = kind.map(|kind| options::choice(kind, &KINDS)).transpose();
        let make = chosen.map_err(|error| about(py, "kind", error))?.unwrap_or(KINDS[0].1);
        let (kind, values) = make(values).map_err(|error| about(py, "values", error))?;
        Ok(Self { attribute: attribute.0, kind, values })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let attribute = text::decode(py, &self.attribute)?.repr()?;
        let values = match &self.values {
            Overrides::Uint(values) | Overrides::Timestamp(values) => written(values),
            Overrides::Bool(values) => values
                .iter()
                .map(|(id, value)| format!("{id}: {}", if *value { "True" } else { "False" }))
                .collect(),
            Overrides::Float(values) => written(values),
            Overrides::Bigint(values) => written(values),
            _ => Vec::new(),
        };
        let (values, kind) = (values.join(", "), self.kind);
        let kind = if kind == "uint" { String::new() } else { format!(", kind='{kind}'") };
        Ok(format!("Override({attribute}, {{{values}}}{kind})"))
    }
}

impl Override {
    pub(crate) fn apply(&self, search: hamirror::Search) -> hamirror::Search {
        search.override_attribute(self.attribute.clone(), self.values.clone())
    }
}

fn written<T: std::fmt::Debug>(values: &[(u64, T)]) -> Vec<String> {
    values.iter().map(|(id, value)| format!("{id}: {value:?}")).collect()
}

/// Values by id, as a mapping has them.
fn pairs<T>(values: &Bound<'_, PyAny>) -> PyResult<Vec<(u64, T)>>
where
    T: for<'a, 'py> FromPyObject<'a, 'py, Error = PyErr>,
{
    values.cast::<PyMapping>()?.items()?.iter().map(|item| item.extract()).collect()
}

type Make = fn(&Bound<'_, PyAny>) -> PyResult<(&'static str, Overrides)>;

const KINDS: [(&str, Make); 5] = [
    ("uint", |values| Ok(("uint", Overrides::Uint(pairs(values)?)))),
    ("timestamp", |values| Ok(("timestamp", Overrides::Timestamp(pairs(values)?)))),
    ("bool", |values| Ok(("bool", Overrides::Bool(pairs(values)?)))),
    ("float", |values| Ok(("float", Overrides::Float(pairs(values)?)))),
    ("bigint", |values| Ok(("bigint", Overrides::Bigint(pairs(values)?)))),
];
