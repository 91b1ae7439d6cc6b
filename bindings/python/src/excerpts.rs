//! Excerpts of documents that the program has.

use hamirror::CallOptions;
use hamirror::command::{ExcerptFiles, ExcerptFlag, ExcerptOptions, HtmlStrip, PassageBoundary};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::options::{self, Keywords, about};
use crate::text::{Text, decode};

/// Documents, in the order of the iterable.
pub(crate) fn documents_of(documents: &Bound<'_, PyAny>) -> PyResult<Vec<Vec<u8>>> {
    if documents.is_instance_of::<PyString>() {
        let text = "argument 'documents': one text is no list of them";
        return Err(PyTypeError::new_err(text));
    }
    let texts = documents.try_iter()?.map(|text| {
        let Text(bytes) = text?.extract()?;
        Ok(bytes)
    });
    let wrong = |error| about(documents.py(), "documents", error);
    texts.collect::<PyResult<_>>().map_err(wrong)
}

/// Excerpts as Python has texts.
pub(crate) fn texts<'py>(py: Python<'py>, excerpts: &[Vec<u8>]) -> PyResult<Bound<'py, PyList>> {
    let texts = excerpts.iter().map(|excerpt| decode(py, excerpt));
    PyList::new(py, texts.collect::<PyResult<Vec<_>>>()?)
}

/// Reads the options of excerpts and of their call.
pub(crate) fn options_of(
    function: &str,
    keywords: Option<&Keywords<'_>>,
) -> PyResult<(ExcerptOptions, CallOptions)> {
    let (mut excerpt, mut call) = (ExcerptOptions::new(), CallOptions::default());
    options::for_each(function, keywords, |name, value| {
        if let Some(changed) = changed(&excerpt, name, value)? {
            excerpt = changed;
            return Ok(true);
        }
        options::set_call_option(&mut call, name, value)
    })?;
    Ok((excerpt, call))
}

/// The options with one of them set, if that is one.
fn changed(
    options: &ExcerptOptions,
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<Option<ExcerptOptions>> {
    let options = options.clone();
    if let Some((_, flag)) = FLAGS.iter().find(|(known, _)| *known == name) {
        return Ok(Some(options.flag(*flag, value.extract()?)));
    }
    let text = || value.extract::<String>();
    let number = || options::number::<u32>(value);
    Ok(Some(match name {
        "before_match" => options.before_match(text()?),
        "after_match" => options.after_match(text()?),
        "chunk_separator" => options.chunk_separator(text()?),
        "limit" => options.limit(number()?),
        "around" => options.around(number()?),
        "limit_passages" => options.limit_passages(number()?),
        "limit_words" => options.limit_words(number()?),
        "start_passage_id" => options.start_passage_id(number()?),
        "html_strip" => options.html_strip(options::choice(value, &HTML_STRIP)?),
        "passage_boundary" => options.passage_boundary(options::choice(value, &BOUNDARIES)?),
        "load_files" => options.load_files(options::choice(value, &FILES)?),
        _ => return Ok(None),
    }))
}

const FLAGS: [(&str, ExcerptFlag); 9] = [
    ("remove_spaces", ExcerptFlag::RemoveSpaces),
    ("exact_phrase", ExcerptFlag::ExactPhrase),
    ("single_passage", ExcerptFlag::SinglePassage),
    ("use_boundaries", ExcerptFlag::UseBoundaries),
    ("weight_order", ExcerptFlag::WeightOrder),
    ("query_mode", ExcerptFlag::QueryMode),
    ("force_all_words", ExcerptFlag::ForceAllWords),
    ("allow_empty", ExcerptFlag::AllowEmpty),
    ("emit_zones", ExcerptFlag::EmitZones),
];

const HTML_STRIP: [(&str, HtmlStrip); 4] = [
    ("index", HtmlStrip::Index),
    ("none", HtmlStrip::None),
    ("strip", HtmlStrip::Strip),
    ("retain", HtmlStrip::Retain),
];

const BOUNDARIES: [(&str, PassageBoundary); 4] = [
    ("none", PassageBoundary::None),
    ("sentence", PassageBoundary::Sentence),
    ("paragraph", PassageBoundary::Paragraph),
    ("zone", PassageBoundary::Zone),
];

const FILES: [(&str, ExcerptFiles); 3] = [
    ("none", ExcerptFiles::None),
    ("everywhere", ExcerptFiles::Everywhere),
    ("scattered", ExcerptFiles::Scattered),
];
