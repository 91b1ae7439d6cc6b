//! A search as a master sends it to its agents (distributed.md 5.1).

use std::f32::consts::TAU;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{MatchMode, MergeMode, Ranker, Search, Sort};
use crate::config::Searchd;
use crate::error::Error;
use crate::limits::{FILTER_VALUES_MAX, FILTERS_MAX, MATCHES_MAX, WEIGHTS_MAX};
use crate::merge::{Plan, Window, Wish};
use crate::request::{Access, Reply, Request, Target, Verdict};
use crate::wire::guard::distinct;
use crate::wire::header::Command;
use crate::wire::search::{self, Asked, Filter, FilterTest, MASTER, Query, Status, Undecoded};
use crate::wire::{Writer, text};

/// A checked search, ready for every agent of one distributed index.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    index: String,
    head: Vec<u8>,
    tail: Vec<u8>,
    rows_max: u32,
    plan: Plan,
}

impl SearchRequest {
    /// Checks and encodes `search` for the distributed index of that name.
    ///
    /// `now` decides the age of rows under [`Sort::TimeSegments`]. [`Error::Request`] names what
    /// is incomplete or out of range, or what a daemon would silently read otherwise than it is
    /// written.
    pub fn new(index: &str, search: &Search, now: SystemTime) -> Result<Self, Error> {
        Self::new_with(index, search, &Searchd::default(), now)
    }

    /// Makes one as [`Self::new`] does, within `max_filters` and `max_filter_values` of a
    /// configuration.
    pub fn new_with(
        index: &str,
        search: &Search,
        searchd: &Searchd,
        now: SystemTime,
    ) -> Result<Self, Error> {
        check(search, searchd).map_err(Error::Request)?;
        let query = agent_query(index, search);
        let mut head = Vec::with_capacity(USUAL_SIZE);
        head.put_u32(MASTER);
        head.put_u32(1);
        query.put_head(&mut head);
        let mut tail = Vec::with_capacity(USUAL_SIZE);
        query.put_tail(MASTER, &mut tail);
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let plan = Plan::new(&query, search.wish(now)).map_err(Error::Request)?;
        let rows_max = search.max_matches;
        Ok(SearchRequest { index: index.to_owned(), head, tail, rows_max, plan })
    }

    /// The distributed index that is searched.
    pub fn index(&self) -> &str {
        &self.index
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }
}

impl Request for SearchRequest {
    fn command(&self) -> Command {
        Command::SEARCH
    }

    fn access(&self) -> Access {
        Access::Read
    }

    fn encode(&self, target: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        let list = target.index_list;
        // A request without an index asks nothing.
        if !list.bytes().any(|byte| byte == b'*' || byte.is_ascii_alphanumeric() || byte == b'_') {
            let text = format!("index list '{list}' of agent {} names no index", target.host);
            return Err(Error::Request(text));
        }
        body.reserve(self.head.len() + 4 + list.len() + self.tail.len());
        body.extend_from_slice(&self.head);
        body.put_string(list.as_bytes());
        body.extend_from_slice(&self.tail);
        Ok(())
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        let asked = Asked { queries: 1, rows_max: self.rows_max, is_master: true };
        let decoded = match search::Reply::decode(&reply.body, reply.version, asked) {
            Ok(decoded) => decoded,
            Err(Undecoded::Wrong(text)) => return Verdict::Malformed(text),
            Err(Undecoded::OutOfMemory(size)) => {
                let text = format!("out of memory for the result in a reply of {size} bytes");
                return Verdict::OutOfMemory(text);
            }
        };
        let verdict = match decoded.sets.first() {
            Some(set) => match set.status {
                Status::Ok => Verdict::Accept,
                Status::Warning if set.message.of(&reply.body) == SHUTDOWN => {
                    return Verdict::Unfinished(set.message.quote(&reply.body));
                }
                Status::Warning | Status::Retry | Status::Other(_) => Verdict::AcceptWarned,
                Status::Error => return Verdict::Refused(set.message.quote(&reply.body)),
            },
            None => return Verdict::Malformed("reply without a result".to_owned()),
        };
        reply.search = Some(Box::new(decoded));
        verdict
    }
}

/// Bytes of either half of most requests: they are written without growing.
const USUAL_SIZE: usize = 256;

/// With this warning a daemon that is being ended sends the rows that it has found until then,
/// often none.
const SHUTDOWN: &[u8] = b"Server shutdown in progress";

impl Search {
    fn order(&self) -> (&Sort, &str) {
        let clause = match &self.sort {
            Sort::Relevance => "",
            Sort::Descending(text)
            | Sort::Ascending(text)
            | Sort::TimeSegments(text)
            | Sort::Extended(text)
            | Sort::Expression(text) => text,
        };
        (&self.sort, clause)
    }

    fn ranker_code(&self) -> (u32, &str) {
        match &self.ranker {
            Ranker::ProximityBm25 => (0, ""),
            Ranker::Bm25 => (1, ""),
            Ranker::None => (2, ""),
            Ranker::WordCount => (3, ""),
            Ranker::Proximity => (4, ""),
            Ranker::MatchAny => (5, ""),
            Ranker::FieldMask => (6, ""),
            Ranker::Sph04 => (7, ""),
            Ranker::Expression(text) => (8, text),
            Ranker::Export(text) => (9, text),
        }
    }

    fn wish(&self, now: Duration) -> Wish {
        let [offset, limit, max_matches] =
            [self.offset, self.limit, self.max_matches].map(|number| number as usize);
        Wish {
            window: Window { offset, limit, max_matches },
            having: self.group.as_ref().and_then(|group| group.having.clone()),
            outer: self.outer.clone(),
            mode: self.merge_mode,
            now,
        }
    }
}

/// The query for the agents: every row that may be needed, from the first on.
fn agent_query(index: &str, search: &Search) -> Query {
    let (ranker, ranker_expression) = search.ranker_code();
    let (sort, sort_clause) = search.order();
    let sort_mode = match sort {
        Sort::Relevance => 0,
        Sort::Descending(_) => 1,
        Sort::Ascending(_) => 2,
        Sort::TimeSegments(_) => 3,
        Sort::Extended(_) => 4,
        Sort::Expression(_) => 5,
    };
    let match_mode = match search.match_mode {
        MatchMode::All => 0,
        MatchMode::Any => 1,
        MatchMode::Phrase => 2,
        MatchMode::Boolean => 3,
        MatchMode::Extended => 4,
        MatchMode::FullScan => 5,
        MatchMode::Extended2 => 6,
    };
    let max_matches = i32::try_from(search.max_matches).unwrap_or(i32::MAX);
    let mut query = Query {
        offset: 0,
        limit: max_matches,
        max_matches,
        match_mode,
        ranker,
        ranker_expression: ranker_expression.as_bytes().to_vec(),
        sort_mode,
        sort_clause: sort_clause.as_bytes().to_vec(),
        cutoff: i32::try_from(search.cutoff).unwrap_or(i32::MAX),
        ..search.query.clone()
    };
    // What a blank list stands for.
    if query.select.trim_ascii().is_empty() {
        query.select = b"*".to_vec();
    }
    query.index_weights = agent_index_weights(index, query.index_weights);
    // Every daemon reads the attribute out of the list, too; masters send both.
    if let Some(attribute) = distinct(&query.select) {
        query.distinct = attribute.to_vec();
    }
    if let Some(group) = &search.group {
        group.put(&mut query);
    }
    put_outer(search, &mut query);
    query
}

/// Cuts the inner rows at each agent, as masters do; the exact merge needs those of all first.
fn put_outer(search: &Search, query: &mut Query) {
    let Some(outer) = search.outer.as_ref().filter(|_| search.merge_mode == MergeMode::Master)
    else {
        return;
    };
    query.limit = i32::try_from(search.limit).unwrap_or(i32::MAX);
    query.outer.present = true;
    query.outer.master_order = outer.order.as_bytes().to_vec();
    let end = outer.offset.saturating_add(outer.limit);
    query.outer.master_limit = i32::try_from(end).unwrap_or(i32::MAX);
}

/// A weight of the distributed index, or of all, is every agent's weight; others go as they are.
fn agent_index_weights(index: &str, weights: Vec<(Vec<u8>, i32)>) -> Vec<(Vec<u8>, i32)> {
    let own = weights.iter().find(|(name, _)| name == index.as_bytes());
    let all = weights.last().filter(|(name, _)| name == b"*");
    match own.or(all) {
        Some((_, weight)) => vec![(b"*".to_vec(), *weight)],
        None => weights,
    }
}

fn check(search: &Search, searchd: &Searchd) -> Result<(), String> {
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
    check_geo_anchor(query)?;
    check_weights("field", &query.field_weights)?;
    check_weights("index", &query.index_weights)?;
    check_filters(query, searchd)
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
        FilterTest::Strings(texts) => {
            texts.iter().try_for_each(|text| check_text("filter text", text))
        }
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
