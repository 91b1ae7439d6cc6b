//! The same questions to hamirror and to a real 2.2.11 master over the same agents: the answers
//! are equal.

use anyhow::{Result, ensure};
use hamirror::search::{
    Condition, GroupBy, Grouping, Idf, MatchMode, MergeMode, Overrides, Ranker, Sort, SortMethod,
};
use hamirror::{CallOptions, Client, Completeness, Config, Error, Reply, Search, SearchResult};
use hamirror::{Kind, Value};
use hamirror_tests::cluster::{Agents, Cluster, INDEX, SHARDS};
use hamirror_tests::corpus::{self, Document};
use hamirror_tests::daemon::Daemon;
use hamirror_tests::oracle::{
    Answer, Filter, FilterKind, Oracle, Override, PREDICTED_TIME, Query, Row, TFIDF_NORMALIZED,
};

#[test]
fn every_generated_query_gives_what_a_master_gives() -> Result<()> {
    let mut cluster = Cluster::start(corpus::synthetic(3_000, 1), |_| {})?;
    let seen = compare(&mut cluster, 1, 1_000)?;
    ensure!(seen.answers >= 600 && seen.empty >= 50 && seen.cut >= 100, "too tame: {seen:?}");
    Ok(())
}

/// Each document lies on both shards, under the same id with another content.
#[test]
fn documents_of_both_shards_are_merged_as_a_master_merges_them() -> Result<()> {
    let shards: Vec<Vec<Document>> =
        (0..SHARDS as u64).map(|shard| corpus::synthetic(400 + 100 * shard, shard)).collect();
    let mut cluster = Cluster::start_shards(&shards, |_| {})?;
    let seen = compare(&mut cluster, 2, 300)?;
    ensure!(seen.answers >= 180, "too tame: {seen:?}");
    Ok(())
}

/// The master has one shard itself, and so has the program that uses hamirror.
#[test]
fn local_indexes_are_merged_as_a_master_merges_its_own() -> Result<()> {
    let shards: Vec<Vec<Document>> =
        (0..SHARDS as u64).map(|shard| corpus::synthetic(400 + 100 * shard, shard)).collect();
    let mut cluster = Cluster::start_shards(&shards, |_| {})?;
    let (master, section) = cluster.start_master_with_shard()?;
    let client = Client::new(&Config::parse(&section, "local.conf")?)?;
    let mut own = Oracle::connect(cluster.daemon(0, 0).address())?;
    // A master's own index has its columns in another order than agents send them, and a `*` that
    // is not the first item ends elsewhere. It passes over a weight of that index alone, and
    // is not asked for strings that it computes itself.
    let is_alike = |query: &Query| {
        let is_weighed = query.index_weights.iter().any(|(index, _)| *index == "packages0");
        let is_odd = [", *", "to_string"].iter().any(|part| query.select.contains(part));
        !is_odd && !is_weighed
    };
    let seen = compare_with(&master, 3, 400, is_alike, |search| {
        let search_own = |_: &str, body: &[u8]| {
            let header = [&[0, 0, 1, 0x1f][..], &(body.len() as u32).to_be_bytes()].concat();
            let frame = own.exchange(&[&header, body].concat()).map_err(|error| error.to_string());
            frame.map(|frame| Reply::new(frame.version, frame.body))
        };
        client.search_locals(INDEX, search, search_own)
    })?;
    ensure!(seen.answers >= 180, "too tame: {seen:?}");

    let unsearched = client.search(INDEX, &Search::new(""))?;
    let warning = unsearched.warning.unwrap_or_default();
    ensure!(warning.contains("local index packages0 not searched"), "{warning}");
    let options = CallOptions::default().completeness(Completeness::All);
    let unsearched = client.search_with(INDEX, &Search::new(""), &options);
    let text = unsearched.expect_err("a part is missing").to_string();
    ensure!(text.contains("local index packages0: not searched"), "{text}");
    let failed = client.search_locals_with(INDEX, &Search::new(""), &options, |name, _| {
        Err(format!("{name} is being rotated"))
    });
    let text = failed.expect_err("a part is missing").to_string();
    ensure!(text.contains("packages0 is being rotated"), "{text}");
    Ok(())
}

/// What a comparison met, so that it can't be empty itself.
#[derive(Debug, Default)]
struct Seen {
    answers: usize,
    empty: usize,
    cut: usize,
    refused: usize,
}

fn compare(cluster: &mut Cluster, seed: u64, count: usize) -> Result<Seen> {
    let master = cluster.start_master(Agents::Persistent)?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    let is_alike = |_: &Query| true;
    compare_with(&master, seed, count, is_alike, |search| client.search(INDEX, search))
}

fn compare_with(
    master: &Daemon,
    seed: u64,
    count: usize,
    is_alike: impl Fn(&Query) -> bool,
    mut ask: impl FnMut(&Search) -> Result<SearchResult, Error>,
) -> Result<Seen> {
    let mut oracle = Oracle::connect(master.address())?;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut seen = Seen::default();
    for number in 0..count {
        let query = Query::generate(&mut random);
        if !is_alike(&query) {
            continue;
        }
        let expected = oracle.search(INDEX, &query);
        let found = ask(&translate(&query));
        match (&found, &expected) {
            (Ok(found), Ok(expected)) => {
                // Beside names, agents with matches end a `*` early, and those without do not.
                let is_told = found.warning.as_ref().is_some_and(|text| text.contains("left out"));
                let may_differ = query.select != "*";
                ensure!(may_differ || !is_told, "query {number}: {:?}", found.warning);
                let mut difference = difference(found, expected);
                // Agents that find nothing send all columns that they know: for the exact answer
                // they sort by an expression of another name.
                if difference.is_some() && expected.rows.is_empty() && query.sort == 5 {
                    let of_master = ask(&translate(&query).merge_mode(MergeMode::Master))?;
                    difference = self::difference(&of_master, expected);
                }
                // What is cut by time is another part each time.
                let mut tries = 0..CUTS_TRIED;
                while difference.is_some() && query.predicted_time_ms > 0 && tries.next().is_some()
                {
                    let again = ask(&translate(&query))?;
                    difference = self::difference(&again, &oracle.search(INDEX, &query)?);
                }
                ensure!(difference.is_none(), "query {number}: {query:#?}\n{difference:?}");
                seen.answers += 1;
                seen.empty += usize::from(expected.rows.is_empty());
                seen.cut += usize::from(expected.total_found as usize > expected.rows.len());
            }
            // A master that died has refused nothing.
            (Err(_), Err(error)) if error.to_string().contains("status ") => seen.refused += 1,
            _ => {
                let log = master.log();
                panic!("query {number}: {query:?}\n{found:?}\nbut a master: {expected:?}\n{log}")
            }
        }
    }
    Ok(seen)
}

pub(crate) fn difference(found: &SearchResult, expected: &Answer) -> Option<String> {
    let totals = (found.total, found.total_found);
    if totals != (expected.total, expected.total_found) {
        let master = (expected.total, expected.total_found);
        return Some(format!("total, total_found: {totals:?}, but a master: {master:?}"));
    }
    let words: Vec<(String, u64, u64)> =
        found.words.iter().map(|word| (word.word.clone(), word.docs, word.hits)).collect();
    if sorted(words.clone()) != sorted(expected.words.clone()) {
        return Some(format!("words: {words:?}, but a master: {:?}", expected.words));
    }
    let columns: Vec<&str> = found.columns().iter().map(|column| column.name.as_str()).collect();
    let of_master: Vec<&str> = expected.columns.iter().map(|column| column.0.as_str()).collect();
    if columns != of_master {
        return Some(format!("columns: {columns:?}, but a master: {of_master:?}"));
    }
    let rows = rows(found);
    let places = rows.iter().zip(&expected.rows).position(|(row, master)| row != master);
    if let Some(place) = places {
        let (row, master) = (&rows[place], &expected.rows[place]);
        return Some(format!("row {place}: {row:?}, but a master: {master:?}"));
    }
    (rows.len() != expected.rows.len())
        .then(|| format!("{} rows, but a master: {}", rows.len(), expected.rows.len()))
}

fn sorted(mut words: Vec<(String, u64, u64)>) -> Vec<(String, u64, u64)> {
    words.sort();
    words
}

fn rows(result: &SearchResult) -> Vec<Row> {
    let row = |row: hamirror::search::Row<'_>| Row {
        id: row.id(),
        weight: row.weight(),
        values: result
            .columns()
            .iter()
            .enumerate()
            .map(|(number, column)| match row.value(number) {
                // Plain clients are told so of no document.
                Value::Null if column.kind == Kind::Json => "{}".to_owned(),
                value => text(value),
            })
            .collect(),
    };
    result.rows().map(row).collect()
}

fn text(value: Value<'_>) -> String {
    match value {
        Value::Uint(value) => value.to_string(),
        Value::Bool(value) => u32::from(value).to_string(),
        Value::Float(value) => value.to_string(),
        Value::Bigint(value) => value.to_string(),
        // Plain clients are sent ids as bigints.
        Value::Uint64(value) => value.cast_signed().to_string(),
        Value::String(value) => String::from_utf8_lossy(value).into_owned(),
        Value::Multi(values) => format!("{:?}", values.iter().collect::<Vec<_>>()),
        Value::Multi64(values) => format!("{:?}", values.iter().collect::<Vec<_>>()),
        Value::Json(value) => value.to_string(),
        Value::Null => String::new(),
        other => format!("unexpected {other:?}"),
    }
}

/// The oracle's query in hamirror's words.
pub(crate) fn translate(query: &Query) -> Search {
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

/// Times that a query is asked which its daemons cut by time.
const CUTS_TRIED: usize = 20;
