//! Queries of the oracle in hamirror's words.

use hamirror::Search;
use hamirror::search::{
    Condition, GroupBy, Grouping, Idf, MatchMode, Overrides, Ranker, Sort, SortMethod,
};

use crate::oracle::{Filter, FilterKind, Override, PREDICTED_TIME, Query, TFIDF_NORMALIZED};

/// The oracle's query in hamirror's words.
pub fn translate(query: &Query) -> Search {
    let by = query.sort_by.clone();
    let sort = match query.sort {
        0 => Sort::Relevance,
        1 => Sort::Descending(by),
        2 => Sort::Ascending(by),
        3 => Sort::TimeSegments(by),
        4 => Sort::Extended(by),
        _ => Sort::Expression(by),
    };
    let mut search = Search::new(query.text.as_str())
        .match_mode(MODES[query.mode as usize])
        .ranker(RANKERS.get(query.ranker as usize).cloned().unwrap_or_default())
        .sort(sort)
        .select(query.select.as_str())
        .offset(query.offset)
        .limit(query.limit)
        .max_matches(query.max_matches)
        .cutoff(query.cutoff);
    if query.ranker == 8 {
        search = search.ranker(Ranker::Expression(query.ranker_expression.clone()));
    }
    if query.ids != (0, 0) {
        search =
            search.id_range(query.ids.0, if query.ids.1 == 0 { u64::MAX } else { query.ids.1 });
    }
    for (field, weight) in &query.field_weights {
        search = search.field_weight(*field, *weight);
    }
    search = settings(search, query);
    for (index, weight) in &query.index_weights {
        search = search.index_weight(*index, *weight);
    }
    for Filter { attribute, kind, exclude } in &query.filters {
        let name = attribute.as_str();
        search = match (kind.clone(), exclude) {
            (FilterKind::Values(values), false) => search.filter_values(name, values),
            (FilterKind::Values(values), true) => search.exclude_values(name, values),
            (FilterKind::Range(low, high), false) => search.filter_range(name, low, high),
            (FilterKind::Range(low, high), true) => search.exclude_range(name, low, high),
            (FilterKind::FloatRange(low, high), false) => {
                search.filter_float_range(name, low, high)
            }
            (FilterKind::FloatRange(low, high), true) => {
                search.exclude_float_range(name, low, high)
            }
            (FilterKind::Null(is_null), exclude) if is_null != *exclude => {
                search.filter_null(name)
            }
            (FilterKind::Null(_), _) => search.exclude_null(name),
            (FilterKind::Text(text), false) => search.filter_string(name, text),
            (FilterKind::Text(text), true) => search.exclude_string(name, text),
            (FilterKind::Texts(texts), false) => search.filter(name, Condition::any_text(texts)),
            (FilterKind::Texts(texts), true) => {
                search.filter(name, Condition::any_text(texts).negated())
            }
        };
    }
    grouped(search, query)
}

/// How documents are grouped.
fn grouped(mut search: Search, query: &Query) -> Search {
    if let Some(group) = query.group.as_ref().filter(|group| !group.by.is_empty()) {
        let attribute = || group.by.clone();
        let by = match group.function {
            0 => GroupBy::Day(attribute()),
            1 => GroupBy::Week(attribute()),
            2 => GroupBy::Month(attribute()),
            3 => GroupBy::Year(attribute()),
            4 => GroupBy::Attribute(attribute()),
            _ => GroupBy::Attributes(group.by.split(", ").map(str::to_owned).collect()),
        };
        let mut grouping = Grouping::new(by).order(group.sort_by.as_str());
        if !group.distinct.is_empty() {
            grouping = grouping.count_distinct(group.distinct.as_str());
        }
        search = search.group(grouping);
    }
    search
}

/// Flags, weights by number and overrides.
fn settings(mut search: Search, query: &Query) -> Search {
    let is_set = |flag| query.flags & flag != 0;
    if is_set(PREDICTED_TIME) {
        search = search.max_predicted_time_ms(query.predicted_time_ms);
    }
    let buffer = if is_set(2) { SortMethod::KeepBuffer } else { SortMethod::PriorityQueue };
    search = search
        .reverse_scan(is_set(1))
        .sort_method(buffer)
        .boolean_simplify(is_set(8))
        .idf(if is_set(0x10) { Idf::Plain } else { Idf::Normalized })
        .tfidf_normalized(is_set(TFIDF_NORMALIZED))
        .weights(query.weights.iter().copied());
    for Override { attribute, kind, values } in &query.overrides {
        let values = values.iter().copied();
        let narrow = || values.clone().map(|(id, value)| (id, value as u32));
        search = search.override_attribute(
            *attribute,
            match kind {
                1 => Overrides::Uint(narrow().collect()),
                2 => Overrides::Timestamp(narrow().collect()),
                5 => Overrides::Float(
                    narrow().map(|(id, bits)| (id, f32::from_bits(bits))).collect(),
                ),
                _ => Overrides::Bigint(values.collect()),
            },
        );
    }
    search
}

const MODES: [MatchMode; 7] = [
    MatchMode::All,
    MatchMode::Any,
    MatchMode::Phrase,
    MatchMode::Boolean,
    MatchMode::Extended,
    MatchMode::FullScan,
    MatchMode::Extended2,
];

const RANKERS: [Ranker; 8] = [
    Ranker::ProximityBm25,
    Ranker::Bm25,
    Ranker::None,
    Ranker::WordCount,
    Ranker::Proximity,
    Ranker::MatchAny,
    Ranker::FieldMask,
    Ranker::Sph04,
];
