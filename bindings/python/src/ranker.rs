//! Rankers: by what matches are weighed.

use hamirror::search;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::text::snake_case;

/// Ranker of a search: by what matches are weighed.
#[pyclass(frozen, eq, module = "hamirror")]
#[derive(Clone, PartialEq)]
pub(crate) struct Ranker {
    pub(crate) inner: search::Ranker,
}

#[pymethods]
impl Ranker {
    /// Phrase proximity and BM25.
    #[classattr]
    const PROXIMITY_BM25: Ranker = Ranker { inner: search::Ranker::ProximityBm25 };
    /// BM25 only.
    #[classattr]
    const BM25: Ranker = Ranker { inner: search::Ranker::Bm25 };
    /// Every match weighs 1.
    #[classattr]
    const NONE: Ranker = Ranker { inner: search::Ranker::None };
    /// Number of hits.
    #[classattr]
    const WORD_COUNT: Ranker = Ranker { inner: search::Ranker::WordCount };
    /// Phrase proximity only.
    #[classattr]
    const PROXIMITY: Ranker = Ranker { inner: search::Ranker::Proximity };
    /// As match mode "any" weighs.
    #[classattr]
    const MATCH_ANY: Ranker = Ranker { inner: search::Ranker::MatchAny };
    /// A bit for each field that matched.
    #[classattr]
    const FIELD_MASK: Ranker = Ranker { inner: search::Ranker::FieldMask };
    /// Proximity and BM25 with more for exact and leading hits.
    #[classattr]
    const SPH04: Ranker = Ranker { inner: search::Ranker::Sph04 };

    /// Ranks by that expression.
    #[staticmethod]
    fn expression(expression: String) -> Self {
        Self { inner: search::Ranker::Expression(expression) }
    }

    /// Ranks by that expression, and keeps the factors for the select list.
    #[staticmethod]
    fn export(expression: String) -> Self {
        Self { inner: search::Ranker::Export(expression) }
    }

    /// Ranks by the plugin of that name, which each agent has.
    #[staticmethod]
    #[pyo3(signature = (name, options = ""))]
    fn plugin(name: String, options: &str) -> Self {
        let options = options.to_owned();
        Self { inner: search::Ranker::Plugin { name, options } }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (name, expression) = match &self.inner {
            search::Ranker::Expression(expression) => ("expression", expression),
            search::Ranker::Export(expression) => ("export", expression),
            search::Ranker::Plugin { name, options } => {
                let [name, options] = [name, options].map(|text| PyString::new(py, text));
                return Ok(format!("Ranker.plugin({}, {})", name.repr()?, options.repr()?));
            }
            plain => return Ok(format!("Ranker.{}", snake_case(plain).to_uppercase())),
        };
        Ok(format!("Ranker.{name}({})", PyString::new(py, expression).repr()?))
    }
}
