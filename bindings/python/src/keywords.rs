//! Keywords of a text.

use hamirror::command::{Keyword, Keywords};
use pyo3::prelude::*;

use crate::record::{self, Record};

/// Keywords as a record.
pub(crate) fn record<'py>(py: Python<'py>, told: &Keywords) -> PyResult<Bound<'py, PyAny>> {
    Record::new(py, "Keywords")
        .set("keywords", record::tuple(py, &told.keywords, keyword)?)?
        .set("agents_answered", told.agents_answered)?
        .set("agents", told.agents)?
        .set("failures", record::tuple(py, &told.failures, record::agent_failure)?)?
        .build()
}

fn keyword<'py>(py: Python<'py>, keyword: &Keyword) -> PyResult<Bound<'py, PyAny>> {
    let Keyword { tokenized, normalized, documents, hits, .. } = keyword;
    Record::new(py, "Keyword")
        .set("tokenized", tokenized)?
        .set("normalized", normalized)?
        .set("documents", documents)?
        .set("hits", hits)?
        .build()
}
