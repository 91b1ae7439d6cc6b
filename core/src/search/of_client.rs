//! A client's query, as it came over the wire, as a search.

use std::time::Duration;

use super::{GroupBy, Grouping, MatchMode, Ranker, Search, Sort};
use crate::merge::OuterSelect;
use crate::wire::search::Query;

impl Search {
    /// The search that a client's query asks for, but for the indexes that it names. The error
    /// says what of it can't be asked.
    ///
    /// Names are lower-cased as daemons do it. Retries count where there are any: a client that
    /// says nothing of them sends 0, and means the configuration's.
    pub(crate) fn of_client(mut query: Query) -> Result<Search, String> {
        lower(&mut query);
        let text = |name: &str, bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec());
            text.map_err(|_| format!("the {name} is no UTF-8"))
        };
        let clause = text("sort clause", &query.sort_clause)?;
        let expression = text("ranker expression", &query.ranker_expression)?;
        let number = |number: i32| u32::try_from(number).unwrap_or(0);
        let mut search = Search::new(std::mem::take(&mut query.text))
            .offset(number(query.offset))
            .limit(number(query.limit))
            .max_matches(number(query.max_matches))
            .cutoff(number(query.cutoff))
            .match_mode(match_mode(query.match_mode)?)
            .ranker(ranker(query.ranker, expression)?)
            .sort(sort(query.sort_mode, clause)?);
        if query.retry_count > 0 {
            let delay = Duration::from_millis(u64::from(number(query.retry_delay_ms)));
            search = search.retries(number(query.retry_count), delay);
        }
        let group_by = text("group-by attribute", &query.group_by)?;
        if !group_by.is_empty() {
            let by = group_function(query.group_function, group_by)?;
            let order = text("group-sort clause", &query.group_sort)?;
            let mut grouping = Grouping::new(by).order(order);
            if !query.distinct.is_empty() {
                let counted = text("count-distinct attribute", &query.distinct)?;
                grouping = grouping.count_distinct(counted);
            }
            search = search.group(grouping);
        }
        if query.outer.present {
            let order = text("outer order", &query.outer.order)?;
            let [offset, limit] =
                [query.outer.offset, query.outer.limit].map(|number| number as usize);
            search.outer = Some(OuterSelect { order, offset, limit });
        }
        let (from, to) = (query.id_min, query.id_max);
        search.query = carried(query, std::mem::take(&mut search.query.text));
        let has_ids = from != 0 || !matches!(to, 0 | u64::MAX);
        let last = if to == 0 { u64::MAX } else { to };
        Ok(if has_ids { search.id_range(from, last) } else { search })
    }
}

/// What a search carries of a query as it is.
fn carried(query: Query, text: Vec<u8>) -> Query {
    Query {
        flags: query.flags,
        text,
        weights: query.weights,
        filters: query.filters,
        geo_anchor: query.geo_anchor,
        index_weights: query.index_weights,
        max_query_time_ms: query.max_query_time_ms,
        field_weights: query.field_weights,
        comment: query.comment,
        overrides: query.overrides,
        select: query.select,
        predicted_time_ms: query.predicted_time_ms,
        token_filter: query.token_filter,
        ..Query::default()
    }
}

fn lower(query: &mut Query) {
    if query.sort_mode != EXPRESSION {
        query.sort_clause.make_ascii_lowercase();
    }
    for text in [&mut query.group_by, &mut query.group_sort, &mut query.distinct] {
        text.make_ascii_lowercase();
    }
    query.outer.order.make_ascii_lowercase();
    query.filters.iter_mut().for_each(|filter| filter.attribute.make_ascii_lowercase());
}

fn match_mode(code: u32) -> Result<MatchMode, String> {
    Ok(match code {
        0 => MatchMode::All,
        1 => MatchMode::Any,
        2 => MatchMode::Phrase,
        3 => MatchMode::Boolean,
        4 => MatchMode::Extended,
        5 => MatchMode::FullScan,
        6 => MatchMode::Extended2,
        _ => return Err(format!("match mode {code} is none of a client's")),
    })
}

fn ranker(code: u32, expression: String) -> Result<Ranker, String> {
    Ok(match code {
        0 => Ranker::ProximityBm25,
        1 => Ranker::Bm25,
        2 => Ranker::None,
        3 => Ranker::WordCount,
        4 => Ranker::Proximity,
        5 => Ranker::MatchAny,
        6 => Ranker::FieldMask,
        7 => Ranker::Sph04,
        8 => Ranker::Expression(expression),
        9 => Ranker::Export(expression),
        _ => return Err(format!("ranker {code} is none of a client's")),
    })
}

fn sort(code: u32, clause: String) -> Result<Sort, String> {
    Ok(match code {
        0 => Sort::Relevance,
        1 => Sort::Descending(clause),
        2 => Sort::Ascending(clause),
        3 => Sort::TimeSegments(clause),
        4 => Sort::Extended(clause),
        EXPRESSION => Sort::Expression(clause),
        _ => return Err(format!("sort mode {code} is none of a client's")),
    })
}

fn group_function(code: u32, by: String) -> Result<GroupBy, String> {
    Ok(match code {
        0 => GroupBy::Day(by),
        1 => GroupBy::Week(by),
        2 => GroupBy::Month(by),
        3 => GroupBy::Year(by),
        4 => GroupBy::Attribute(by),
        5 => GroupBy::AttributePair(by),
        6 => GroupBy::Attributes(by.split(',').map(|name| name.trim().to_owned()).collect()),
        _ => return Err(format!("group function {code} is none of a client's")),
    })
}

/// The sort mode whose clause is an expression, in which case may matter.
const EXPRESSION: u32 = 5;
