//! A search from its keyword arguments (`_options.py` says what each means).

use hamirror::search::MatchMode;
use hamirror::{CallOptions, Search};
use pyo3::prelude::*;
use pyo3::types::PyMapping;

use crate::filter::Filter;
use crate::options::{self, Keywords};
use crate::ranker::Ranker;
use crate::sort::Sort;
use crate::text::Text;

/// Reads a search and how to ask it.
pub(crate) fn search_options(
    function: &str,
    query: Text,
    keywords: Option<&Keywords<'_>>,
) -> PyResult<(Search, CallOptions)> {
    let mut search = Search::new(query.0);
    let mut call = CallOptions::default();
    options::for_each(function, keywords, |name, value| {
        if options::set_call_option(&mut call, name, value)? {
            return Ok(true);
        }
        // A builder by value: it is put back changed, or as it was.
        let unset = std::mem::replace(&mut search, Search::new(Vec::new()));
        let (set, is_known) = set_search_option(unset, name, value)?;
        search = set;
        Ok(is_known)
    })?;
    Ok((search, call))
}

fn set_search_option(
    search: Search,
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<(Search, bool)> {
    let search = match name {
        "select" => search.select(value.extract::<Text>()?.0),
        "filters" => with_filters(search, value)?,
        "sort" => search.sort(value.cast::<Sort>()?.get().inner.clone()),
        "offset" => search.offset(value.extract()?),
        "limit" => search.limit(value.extract()?),
        "max_matches" => search.max_matches(value.extract()?),
        "ranker" => search.ranker(value.cast::<Ranker>()?.get().inner.clone()),
        "match_mode" => search.match_mode(options::choice(value, &MATCH_MODES)?),
        "cutoff" => search.cutoff(value.extract()?),
        "max_query_time" => {
            let time_ms = options::duration(value)?.as_nanos().div_ceil(1_000_000);
            search.max_query_time_ms(u32::try_from(time_ms).unwrap_or(u32::MAX))
        }
        "field_weights" => with_weights(search, value, Search::field_weight)?,
        "index_weights" => with_weights(search, value, Search::index_weight)?,
        "geo_anchor" => {
            let (latitude_attribute, longitude_attribute, latitude, longitude): GeoAnchor =
                value.extract()?;
            search.geo_anchor(latitude_attribute.0, longitude_attribute.0, latitude, longitude)
        }
        "comment" => search.comment(value.extract::<Text>()?.0),
        _ => return Ok((search, false)),
    };
    Ok((search, true))
}

/// Latitude and longitude, as attributes and in radians.
type GeoAnchor = (Text, Text, f32, f32);

fn with_filters(mut search: Search, filters: &Bound<'_, PyAny>) -> PyResult<Search> {
    for filter in filters.try_iter()? {
        search = filter?.cast::<Filter>()?.get().apply(search);
    }
    Ok(search)
}

fn with_weights(
    mut search: Search,
    weights: &Bound<'_, PyAny>,
    set: fn(Search, Vec<u8>, i32) -> Search,
) -> PyResult<Search> {
    for weight in weights.cast::<PyMapping>()?.items()?.iter() {
        let (name, weight): (Text, i32) = weight.extract()?;
        search = set(search, name.0, weight);
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
