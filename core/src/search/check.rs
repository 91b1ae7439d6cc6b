//! What of a search is refused before anything is sent.

use std::f32::consts::TAU;

use super::{Ranker, Search, Sort};
use crate::config::Searchd;
use crate::limits::{
    AGENT_RETRY_COUNT_MAX, AGENT_RETRY_DELAY_MAX, FILTER_VALUES_MAX, FILTERS_MAX, MATCHES_MAX,
    QUERIES_MAX, WEIGHTS_MAX,
};
use crate::wire::guard::distinct;
use crate::wire::search::{Filter, FilterTest, Query};
use crate::wire::text;

/// Refuses more queries than every daemon takes in one request, and none.
pub(super) fn check_count(count: usize) -> Result<(), String> {
    match count {
        0 => Err("no query: a request needs one".to_owned()),
        1..=QUERIES_MAX => Ok(()),
        _ => Err(format!("{count} queries are more than {QUERIES_MAX} a request: split them")),
    }
}

/// Refuses what is incomplete or out of range, or what a daemon would read otherwise.
pub(super) fn check(search: &Search, searchd: &Searchd) -> Result<(), String> {
    let Search { offset, limit, max_matches, cutoff, query, .. } = search;
    if !(1..=MATCHES_MAX).contains(max_matches) {
        return Err(format!("max_matches {max_matches} is not in 1..{MATCHES_MAX}"));
    }
    if offset >= max_matches {
        return Err(format!(
            "offset {offset} is not below max_matches {max_matches}: raise max_matches"
        ));
    }
    for (name, value) in [("limit", limit), ("cutoff", cutoff)] {
        if i32::try_from(*value).is_err() {
            return Err(format!("{name} {value} is above {}", i32::MAX));
        }
    }
    let (ranker, expression) = search.ranker_code();
    if [8, 9].contains(&ranker) && expression.trim().is_empty() {
        return Err(format!("ranker {ranker} has no expression: it needs one"));
    }
    let (sort, clause) = search.order();
    if *sort != Sort::Relevance && clause.trim().is_empty() {
        return Err(format!("sort {sort:?} says not by what: it needs a clause"));
    }
    for (name, text) in [
        ("query text", query.text.as_slice()),
        ("select list", &query.select),
        ("comment", &query.comment),
        ("ranker expression", expression.as_bytes()),
        ("sort clause", clause.as_bytes()),
    ] {
        check_text(name, text)?;
    }
    check_group(search)?;
    check_settings(search)?;
    check_geo_anchor(query)?;
    check_weights("field", &query.field_weights)?;
    check_weights("index", &query.index_weights)?;
    check_filters(query, searchd)
}

fn check_settings(search: &Search) -> Result<(), String> {
    let query = &search.query;
    if query.weights.len() > WEIGHTS_MAX {
        let count = query.weights.len();
        return Err(format!("{count} field weights are more than {WEIGHTS_MAX}"));
    }
    for entry in &query.overrides {
        if entry.attribute.trim_ascii().is_empty() {
            return Err("an override has no attribute".to_owned());
        }
        check_text("override attribute", &entry.attribute)?;
    }
    if let Ranker::Plugin { name, options } = &search.ranker {
        if name.trim().is_empty() {
            return Err(
                "the ranker plugin has no name: daemons would take their default".to_owned()
            );
        }
        check_text("ranker plugin", name.as_bytes())?;
        check_text("options of the ranker plugin", options.as_bytes())?;
    }
    let [library, name, options] = &query.token_filter;
    if query.token_filter.iter().any(|text| !text.is_empty())
        && (library.is_empty() || name.is_empty())
    {
        return Err("the token filter needs a library and a name".to_owned());
    }
    for text in [library, name, options] {
        check_text("token filter", text)?;
    }
    match search.retries {
        Some((count, _)) if count > AGENT_RETRY_COUNT_MAX => {
            Err(format!("retry count {count} is above {AGENT_RETRY_COUNT_MAX}"))
        }
        Some((_, delay)) if delay > AGENT_RETRY_DELAY_MAX => Err(format!(
            "retry delay {delay:?} is above {AGENT_RETRY_DELAY_MAX:?}, which daemons refuse: set \
             a longer one in the options of the call"
        )),
        _ => Ok(()),
    }
}

fn check_group(search: &Search) -> Result<(), String> {
    if let Some(outer) = &search.outer {
        if outer.order.trim().is_empty() {
            return Err("the enclosing select says not by what: it needs an order".to_owned());
        }
        check_text("order of the enclosing select", outer.order.as_bytes())?;
        if search.offset > 0 {
            let offset = search.offset;
            return Err(format!(
                "offset {offset} within an enclosing select: daemons take 0 only, and an offset \
                 of the enclosing one"
            ));
        }
    }
    let Some(group) = &search.group else {
        return Ok(());
    };
    let attributes = group.by.attributes();
    if attributes.is_empty() || attributes.iter().any(|name| name.trim().is_empty()) {
        return Err("the grouping has no attribute".to_owned());
    }
    if group.order.trim().is_empty() {
        return Err(
            "the grouping has no order: daemons need one, such as '@group desc'".to_owned()
        );
    }
    if !(1..=search.max_matches).contains(&group.rows_per_group) {
        let (rows, max_matches) = (group.rows_per_group, search.max_matches);
        return Err(format!("{rows} rows a group are not in 1..max_matches {max_matches}"));
    }
    let is_counting = group.distinct.is_some() || distinct(&search.query.select).is_some();
    if group.rows_per_group > 1 && is_counting {
        let rows = group.rows_per_group;
        return Err(format!(
            "COUNT(DISTINCT) of groups with {rows} rows each: count in a search of its own, with \
             one row a group"
        ));
    }
    let texts = [("group order", &group.order)].into_iter();
    let texts = texts.chain(attributes.iter().map(|name| ("group-by attribute", name)));
    let texts = texts.chain(group.distinct.iter().map(|name| ("count-distinct attribute", name)));
    for (name, text) in texts.chain(group.within.iter().map(|text| ("order within", text))) {
        check_text(name, text.as_bytes())?;
        if text.trim().is_empty() {
            return Err(format!("the {name} of the grouping is empty"));
        }
    }
    if group.within.is_some() && search.sort != Sort::Relevance {
        return Err(format!(
            "the grouping has an order within groups, and sort {:?} is another: leave one out",
            search.sort
        ));
    }
    if let Some(having) = &group.having {
        check_filter(having, FILTER_VALUES_MAX)?;
    }
    Ok(())
}

fn check_filters(query: &Query, searchd: &Searchd) -> Result<(), String> {
    let count = query.filters.len();
    let filters_max = searchd.max_filters.unwrap_or(FILTERS_MAX);
    if count > filters_max as usize {
        return Err(format!("{count} filters are more than {filters_max}: raise max_filters"));
    }
    let values_max = searchd.max_filter_values.unwrap_or(FILTER_VALUES_MAX);
    query.filters.iter().try_for_each(|filter| check_filter(filter, values_max))
}

fn check_filter(filter: &Filter, values_max: u32) -> Result<(), String> {
    let name = text::quote_name(&filter.attribute);
    // A filter without a name is passed over by the daemon.
    if filter.attribute.trim_ascii().is_empty() {
        return Err("a filter has no attribute".to_owned());
    }
    check_text("filter attribute", &filter.attribute)?;
    let count = match &filter.test {
        FilterTest::Values(values) => Some(values.len()),
        FilterTest::Strings(texts) => Some(texts.len()),
        _ => None,
    };
    match count {
        // No value is no row in 2.2.11, every row in Manticore.
        Some(0) => return Err(format!("filter '{name}' has no values")),
        Some(count) if count > values_max as usize => {
            return Err(format!(
                "filter '{name}' has {count} values, more than {values_max}: raise \
                 max_filter_values"
            ));
        }
        _ => {}
    }
    match &filter.test {
        FilterTest::FloatRange(from, to) if from.is_nan() || to.is_nan() => {
            Err(format!("filter '{name}' has an end that is not a number"))
        }
        FilterTest::String(text) => check_text("filter text", text),
        FilterTest::Strings(texts) => texts.iter().try_for_each(|text| match text.is_empty() {
            // Not every daemon survives it (core/docs/spec/protocol.md 1.8).
            true => {
                Err(format!("filter '{name}' has an empty text in its list: ask for it alone"))
            }
            false => check_text("filter text", text),
        }),
        FilterTest::Variable(variable) => check_variable(&name, variable),
        _ => Ok(()),
    }
}

/// Daemons name global variables with the sign before.
fn check_variable(filter: &str, variable: &[u8]) -> Result<(), String> {
    check_text("global variable", variable)?;
    match variable {
        [b'@', _, ..] => Ok(()),
        _ => Err(format!(
            "filter '{filter}' names the global variable '{}': it begins with @",
            text::quote_name(variable)
        )),
    }
}

fn check_geo_anchor(query: &Query) -> Result<(), String> {
    let Some((latitude_attribute, longitude_attribute, latitude, longitude)) = &query.geo_anchor
    else {
        return Ok(());
    };
    for attribute in [latitude_attribute, longitude_attribute] {
        if attribute.trim_ascii().is_empty() {
            return Err("the geo anchor has no attribute".to_owned());
        }
        check_text("geo anchor", attribute)?;
    }
    // A daemon turns an angle round and round until it is small.
    for (name, angle) in [("latitude", latitude), ("longitude", longitude)] {
        if !(-TAU..=TAU).contains(angle) {
            return Err(format!("{name} {angle} of the geo anchor is no angle in radians"));
        }
    }
    Ok(())
}

fn check_weights(what: &str, weights: &[(Vec<u8>, i32)]) -> Result<(), String> {
    let count = weights.len();
    if count > WEIGHTS_MAX {
        return Err(format!("{count} {what} weights are more than {WEIGHTS_MAX}"));
    }
    for (name, _) in weights {
        if name.trim_ascii().is_empty() {
            return Err(format!("a weight has no {what}"));
        }
        check_text("weight", name)?;
    }
    Ok(())
}

/// A daemon ends its texts at the first zero byte.
fn check_text(what: &str, text: &[u8]) -> Result<(), String> {
    match text.iter().position(|&byte| byte == 0) {
        Some(place) => Err(format!("{what} has a zero byte at {place}")),
        None => Ok(()),
    }
}
