//! A search from its keyword arguments (`_options.py` says what each means).

use hamirror::search::{Collation, Idf, MatchMode, MergeMode, SortMethod};
use hamirror::{CallOptions, Search as CoreSearch};
use pyo3::prelude::*;
use pyo3::types::PyMapping;

use crate::filter::Filter;
use crate::grouping::Grouping;
use crate::options::{self, Keywords, about, number};
use crate::overrides::Override;
use crate::ranker::Ranker;
use crate::sort::Sort;
use crate::text::{self, Text};

/// What to search for: a full-text query and its settings, to be asked with others at once.
///
/// Parameters
/// ----------
/// query : str
///     The full-text query; an empty one matches every document.
/// **options
///     Those of `QueryOptions`.
///
/// Raises
/// ------
/// TypeError, ValueError, OverflowError
///     An option is unknown, of another type, or out of range.
#[pyclass(frozen, eq, module = "hamirror")]
#[derive(Clone, PartialEq)]
pub(crate) struct Search {
    inner: CoreSearch,
    query: Vec<u8>,
}

#[pymethods]
impl Search {
    #[new]
    #[pyo3(signature = (query, **options))]
    fn new(query: Text, options: Option<&Keywords<'_>>) -> PyResult<Self> {
        let mut inner = CoreSearch::new(query.0.clone());
        options::for_each("Search", options, |name, value| set(&mut inner, name, value))?;
        Ok(Self { inner, query: query.0 })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<hamirror.Search for {}>", text::decode(py, &self.query)?.repr()?))
    }
}

/// Reads a search and the options of its call.
pub(crate) fn search_options(
    function: &str,
    query: Text,
    keywords: Option<&Keywords<'_>>,
) -> PyResult<(CoreSearch, CallOptions)> {
    let mut search = CoreSearch::new(query.0);
    let mut call = CallOptions::default();
    options::for_each(function, keywords, |name, value| {
        Ok(options::set_call_option(&mut call, name, value)? || set(&mut search, name, value)?)
    })?;
    Ok((search, call))
}

/// Copies of the searches that an iterable has.
pub(crate) fn searches_of(searches: &Bound<'_, PyAny>) -> PyResult<Vec<CoreSearch>> {
    let copy = |search: PyResult<Bound<'_, PyAny>>| -> PyResult<CoreSearch> {
        let search = search?;
        let search = search
            .cast::<Search>()
            .map_err(|error| about(search.py(), "searches", error.into()))?;
        Ok(search.get().inner.clone())
    };
    searches.try_iter()?.map(copy).collect()
}

/// Sets an option, if there is one of that name.
fn set(search: &mut CoreSearch, name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    // A builder by value: it is put back changed, or as it was.
    let unset = std::mem::replace(search, CoreSearch::new(Vec::new()));
    let (set, is_known) = set_search_option(unset, name, value)?;
    *search = set;
    Ok(is_known)
}

fn set_search_option(
    search: CoreSearch,
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<(CoreSearch, bool)> {
    let search = match name {
        "select" => search.select(value.extract::<Text>()?.0),
        "filters" => with_filters(search, value)?,
        "group" => search.group(value.cast::<Grouping>()?.get().inner.clone()),
        "outer" => {
            let (order, offset, limit): (String, Bound<'_, PyAny>, Bound<'_, PyAny>) =
                value.extract()?;
            search.outer(order, number(&offset)?, number(&limit)?)
        }
        "merge_mode" => search.merge_mode(options::choice(value, &MERGE_MODES)?),
        "sort" => search.sort(value.cast::<Sort>()?.get().inner.clone()),
        "offset" => search.offset(number(value)?),
        "limit" => search.limit(number(value)?),
        "max_matches" => search.max_matches(number(value)?),
        "ranker" => search.ranker(value.cast::<Ranker>()?.get().inner.clone()),
        "match_mode" => search.match_mode(options::choice(value, &MATCH_MODES)?),
        "cutoff" => search.cutoff(number(value)?),
        "max_query_time" => search.max_query_time_ms(milliseconds(value)?),
        "field_weights" => with_weights(search, value, CoreSearch::field_weight)?,
        "index_weights" => with_weights(search, value, CoreSearch::index_weight)?,
        "geo_anchor" => {
            let (latitude_attribute, longitude_attribute, latitude, longitude): GeoAnchor =
                value.extract()?;
            search.geo_anchor(latitude_attribute.0, longitude_attribute.0, latitude, longitude)
        }
        "comment" => search.comment(value.extract::<Text>()?.0),
        _ => return set_daemon_option(search, name, value),
    };
    Ok((search, true))
}

/// Sets what says to daemons in which way they run the search.
fn set_daemon_option(
    search: CoreSearch,
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<(CoreSearch, bool)> {
    let search = match name {
        "weights" => {
            let weights: Vec<u32> =
                options::items(value)?.map(|weight| number(&weight?)).collect::<PyResult<_>>()?;
            search.weights(weights)
        }
        "overrides" => with_overrides(search, value)?,
        "collation" => search.collation(options::choice(value, &COLLATIONS)?),
        "reverse_scan" => search.reverse_scan(value.extract()?),
        "sort_method" => search.sort_method(options::choice(value, &SORT_METHODS)?),
        "max_predicted_time" => search.max_predicted_time_ms(milliseconds(value)?),
        "boolean_simplify" => search.boolean_simplify(value.extract()?),
        "idf" => search.idf(options::choice(value, &IDFS)?),
        "tfidf_normalized" => search.tfidf_normalized(value.extract()?),
        "global_idf" => search.global_idf(value.extract()?),
        "low_priority" => search.low_priority(value.extract()?),
        "token_filter" => {
            let (library, name, options): (Text, Text, Text) = value.extract()?;
            search.token_filter(library.0, name.0, options.0)
        }
        "agent_retries" => {
            let (count, delay): (Bound<'_, PyAny>, Bound<'_, PyAny>) = value.extract()?;
            search.retries(number(&count)?, options::duration(&delay)?)
        }
        _ => return Ok((search, false)),
    };
    Ok((search, true))
}

/// Whole milliseconds, rounded up.
fn milliseconds(value: &Bound<'_, PyAny>) -> PyResult<u32> {
    let time_ms = options::duration(value)?.as_nanos().div_ceil(1_000_000);
    Ok(u32::try_from(time_ms).unwrap_or(u32::MAX))
}

/// Latitude and longitude, as attributes and in radians.
type GeoAnchor = (Text, Text, f32, f32);

fn with_filters(mut search: CoreSearch, filters: &Bound<'_, PyAny>) -> PyResult<CoreSearch> {
    for filter in options::items(filters)? {
        search = filter?.cast::<Filter>()?.get().apply(search);
    }
    Ok(search)
}

fn with_overrides(mut search: CoreSearch, overrides: &Bound<'_, PyAny>) -> PyResult<CoreSearch> {
    for one in options::items(overrides)? {
        search = one?.cast::<Override>()?.get().apply(search);
    }
    Ok(search)
}

fn with_weights(
    mut search: CoreSearch,
    weights: &Bound<'_, PyAny>,
    set: fn(CoreSearch, Vec<u8>, i32) -> CoreSearch,
) -> PyResult<CoreSearch> {
    for weight in weights.cast::<PyMapping>()?.items()?.iter() {
        let (name, weight): (Text, Bound<'_, PyAny>) = weight.extract()?;
        search = set(search, name.0, number(&weight)?);
    }
    Ok(search)
}

const MATCH_MODES: [(&str, MatchMode); 7] = [
    ("all", MatchMode::All),
    ("any", MatchMode::Any),
    ("phrase", MatchMode::Phrase),
    ("boolean", MatchMode::Boolean),
    ("extended", MatchMode::Extended),
    ("fullscan", MatchMode::FullScan),
    ("extended2", MatchMode::Extended2),
];

const MERGE_MODES: [(&str, MergeMode); 3] =
    [("exact", MergeMode::Exact), ("master", MergeMode::Master), ("unique", MergeMode::Unique)];

const COLLATIONS: [(&str, Collation); 4] = [
    ("libc_ci", Collation::LibcCi),
    ("libc_cs", Collation::LibcCs),
    ("utf8_general_ci", Collation::Utf8GeneralCi),
    ("binary", Collation::Binary),
];

const SORT_METHODS: [(&str, SortMethod); 2] =
    [("pq", SortMethod::PriorityQueue), ("kbuffer", SortMethod::KeepBuffer)];

const IDFS: [(&str, Idf); 2] = [("normalized", Idf::Normalized), ("plain", Idf::Plain)];
