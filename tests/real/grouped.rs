//! Grouped questions to hamirror and to a real 2.2.11 master over the same agents.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use hamirror::Value;
use hamirror::search::{GroupBy, Grouping, MergeMode, Row, Sort};
use hamirror::{Client, Config, Search, SearchResult};
use hamirror_tests::cluster::{Agents, Cluster, INDEX, SHARDS};
use hamirror_tests::corpus::{self, Document};
use hamirror_tests::differential::translate::translate;
use hamirror_tests::listing::grouped_listing;
use hamirror_tests::oracle::{Oracle, Query};
use hamirror_tests::program::Program;

use crate::master::difference;

#[test]
fn groups_are_merged_as_a_master_merges_them() -> Result<()> {
    let mut cluster = Cluster::start(corpus::synthetic(3_000, 1), |_| {})?;
    compare(&mut cluster, 4, 1_500)
}

/// Each document lies on both shards, under the same id with another content.
#[test]
fn groups_of_documents_of_both_shards_are_merged_as_a_master_merges_them() -> Result<()> {
    let shards: Vec<Vec<Document>> =
        (0..SHARDS as u64).map(|shard| corpus::synthetic(400 + 100 * shard, shard)).collect();
    let mut cluster = Cluster::start_shards(&shards, |_| {})?;
    compare(&mut cluster, 5, 500)
}

#[test]
fn groups_are_the_same_in_c_and_cpp() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(2_000, 9), |_| {})?;
    let expected = grouped_listing(&cluster.patient_config(), INDEX)?;
    for title in ["sections", "two of each", "enclosed", "days", "weeks", "months", "years"] {
        let (_, rest) = expected.split_once(&format!("{title}\n")).context(title)?;
        ensure!(rest.starts_with(|letter: char| letter.is_ascii_digit()), "{title}: {expected}");
    }
    let config = cluster.patient_config().display().to_string();
    for program in [Program::c("grouped")?, Program::cpp("grouped")?] {
        let printed = program.run_every_way(&[&config, INDEX])?;
        ensure!(printed == expected, "{printed}, not as Rust: {expected}");
    }
    Ok(())
}

/// What one index with all documents would answer, the master's numbers beside it.
#[test]
fn sums_averages_and_distinct_values_are_those_of_all_documents() -> Result<()> {
    let documents = corpus::synthetic(3_000, 1);
    let cluster = Cluster::start(documents.clone(), |_| {})?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    check_all(&client, &documents, MergeMode::Exact)?;
    let distinct = |mode: MergeMode| -> Result<f64> {
        let mut total = 0.0;
        for (by, _) in KEYS {
            for (attribute, _) in VALUES {
                let search = counting(by, attribute).merge_mode(mode);
                let result = client.search(INDEX, &search)?;
                total += result.rows().map(|row| number(&result, row, "d")).sum::<f64>();
            }
        }
        Ok(total)
    };
    let (exact, of_master) = (distinct(MergeMode::Exact)?, distinct(MergeMode::Master)?);
    ensure!(of_master > exact * 1.1, "a master is right, too: {of_master}, {exact}");
    Ok(())
}

/// A third of the documents lies on both shards.
#[test]
fn documents_of_both_shards_count_once_where_that_is_asked_for() -> Result<()> {
    let documents = corpus::synthetic(3_000, 4);
    let shards = [documents[..2_000].to_vec(), documents[1_000..].to_vec()];
    let cluster = Cluster::start_shards(&shards, |_| {})?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    ensure!(check_all(&client, &documents, MergeMode::Exact).is_err(), "no document counts twice");
    check_all(&client, &documents, MergeMode::Unique)?;
    // Each value of a set is a group.
    let search = Search::new("").select("count(*) c, sum(size) s").limit(1_000);
    let search = search.group(Grouping::by("tags")).merge_mode(MergeMode::Unique);
    let result = client.search(INDEX, &search)?;
    ensure!(result.warning.is_none(), "{:?}", result.warning);
    ensure!(result.len() == 19 && result.total_found == 19, "{result:?}");
    for row in result.rows() {
        let tag = number(&result, row, "@groupby") as u32;
        let of_tag = documents.iter().filter(|document| document.tags.contains(&tag));
        let expected = (of_tag.clone().count() as f64, of_tag.map(|one| one.size as f64).sum());
        let found = (number(&result, row, "c"), number(&result, row, "s"));
        ensure!(found == expected, "{tag}: {found:?}, {expected:?}");
    }
    let search = Search::new("").select("count(distinct size) d").limit(1_000);
    let weeks = search.group(Grouping::new(GroupBy::Week("added".to_owned())));
    let result = client.search(INDEX, &weeks.merge_mode(MergeMode::Unique))?;
    let warning = result.warning.context("weeks are not told")?;
    ensure!(warning.contains("are counted for each agent that holds them"), "{warning}");
    Ok(())
}

#[test]
fn enclosed_rows_are_in_the_order_of_a_text_in_every_mode() -> Result<()> {
    let mut documents = corpus::synthetic(1_000, 1);
    let cluster = Cluster::start(documents.clone(), |_| {})?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    documents.sort_by_key(|one| (std::cmp::Reverse(one.installed_size), one.id));
    documents.truncate(40);
    documents.sort_by_key(|one| (one.section.clone(), one.id));
    let expected: Vec<u64> = documents.iter().skip(2).take(30).map(|one| one.id).collect();
    for mode in [MergeMode::Exact, MergeMode::Unique, MergeMode::Master] {
        let inner = Search::new("").select("id, section, installed_size").limit(40);
        let inner = inner.sort(Sort::Extended("installed_size desc, id asc".to_owned()));
        let search = inner.outer("section asc, id asc", 2, 30).merge_mode(mode);
        let result = client.search(INDEX, &search)?;
        let found: Vec<u64> = result.rows().map(|row| row.id()).collect();
        ensure!(found == expected, "{mode:?}: {found:?}, not {expected:?}");
        let two = Grouping::by("installed_size").rows_per_group(2);
        let many = Search::new("").max_matches(10).merge_mode(mode).group(two);
        let result = client.search(INDEX, &many)?;
        ensure!(result.total_found > 10 && result.len() == 10, "{mode:?}: {result:?}");
    }
    Ok(())
}

fn counting(by: &str, attribute: &str) -> Search {
    let attributes: Vec<String> =
        by.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let names = attributes.iter().fold(String::new(), |names, name| names + name + ", ");
    let list = format!(
        "{names}count(*) c, count(distinct {attribute}) d, sum(added) s, avg(installed_size) a, \
         avg(ratio) r, min(size) lo, max(installed_size) hi"
    );
    let search = Search::new("").select(list).limit(1_000);
    match attributes.is_empty() {
        true => search,
        false => search.group(Grouping::new(GroupBy::Attributes(attributes))),
    }
}

/// Compares groups by all keys with the documents themselves.
fn check_all(client: &Client, documents: &[Document], mode: MergeMode) -> Result<()> {
    for (by, key) in KEYS {
        for (attribute, value) in VALUES {
            let mut truth: BTreeMap<String, Vec<&Document>> = BTreeMap::new();
            for document in documents {
                truth.entry(key(document)).or_default().push(document);
            }
            let keys = by.split(", ").filter(|name| !name.is_empty()).count();
            let exact = client.search(INDEX, &counting(by, attribute).merge_mode(mode))?;
            ensure!(exact.warning.is_none(), "{by}, {attribute}: {:?}", exact.warning);
            ensure!(exact.len() == truth.len(), "{by}: {} of {}", exact.len(), truth.len());
            check_rows(&exact, keys, &truth, value)
                .with_context(|| format!("by '{by}', values of {attribute}"))?;
        }
    }
    Ok(())
}

/// Compares each group with its documents.
fn check_rows(
    exact: &SearchResult,
    keys: usize,
    truth: &BTreeMap<String, Vec<&Document>>,
    value: Text,
) -> Result<()> {
    for row in exact.rows() {
        let texts = (0..keys).map(|column| match row.value(column) {
            Value::String(text) => String::from_utf8_lossy(text).into_owned(),
            Value::Uint(value) => value.to_string(),
            Value::Bool(value) => u32::from(value).to_string(),
            Value::Json(json) => json.to_string(),
            Value::Null => "null".to_owned(),
            other => format!("{other:?}"),
        });
        let name = texts.collect::<Vec<_>>().join(" ");
        let of_group = truth.get(&name).with_context(|| name.clone())?;
        let count = of_group.len() as f64;
        let sum = |value: fn(&Document) -> f64| -> f64 {
            of_group.iter().map(|document| value(document)).sum()
        };
        let values: BTreeSet<String> = of_group.iter().map(|one| value(one)).collect();
        let expected = [
            ("c", count),
            ("d", values.len() as f64),
            ("s", sum(|document| document.added() as f64)),
            ("a", sum(|document| document.installed_size.into()) / count),
            ("lo", of_group.iter().map(|one| one.size as f64).fold(f64::MAX, f64::min)),
            ("hi", of_group.iter().map(|one| one.installed_size.into()).fold(0.0, f64::max)),
        ];
        for (column, expected) in expected {
            let found = number(exact, row, column);
            ensure!(found == expected, "{name}: {column} {found}, {expected}");
        }
        let (found, expected) =
            (number(exact, row, "r"), sum(|document| document.ratio().into()) / count);
        let is_near = (found - expected).abs() <= expected.abs() * 1e-5;
        ensure!(is_near, "{name}: average {found}, {expected}");
    }
    Ok(())
}

fn number(exact: &SearchResult, row: Row<'_>, name: &str) -> f64 {
    match row.value(exact.column(name).expect(name)) {
        Value::Uint(value) => f64::from(value),
        Value::Bigint(value) => value as f64,
        Value::Double(value) => value,
        Value::Float(value) => f64::from(value),
        other => panic!("{name}: {other:?}"),
    }
}

type Text = fn(&Document) -> String;

/// What documents are grouped by, and the texts of the keys.
const KEYS: [(&str, Text); 6] = [
    ("", |_| String::new()),
    ("section", |document| document.section.to_lowercase()),
    ("small", |document| is_small(document).to_string()),
    ("installed_size", |document| document.installed_size.to_string()),
    ("section, small", |document| format!("{} {}", document.section, is_small(document))),
    ("facts.deep.Kb", |document| match document.id % 9 {
        4 => "null".to_owned(),
        _ => (document.installed_size % 7).to_string(),
    }),
];

/// What values are counted.
const VALUES: [(&str, Text); 4] = [
    ("installed_size", |document| document.installed_size.to_string()),
    ("section", |document| document.section.clone()),
    ("ratio", |document| document.ratio().to_string()),
    ("small", |document| is_small(document).to_string()),
];

fn is_small(document: &Document) -> u32 {
    u32::from(document.installed_size < 800)
}

fn compare(cluster: &mut Cluster, seed: u64, count: usize) -> Result<()> {
    let master = cluster.start_master(Agents::Persistent)?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    let mut oracle = Oracle::connect(master.address())?;
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut answers, mut refused) = (0, 0);
    let mut faults = Vec::new();
    for number in 0..count {
        let query = Query::generate_grouped(&mut random);
        let expected = oracle.search(INDEX, &query);
        let search = translate(&query).merge_mode(MergeMode::Master);
        let found = client.search(INDEX, &search);
        match (&found, &expected) {
            (Ok(found), Ok(expected)) => {
                answers += 1;
                let mut difference = difference(found, expected);
                // A master merges its agents in the order in which they happened to answer. Lists
                // are joined so, columns ordered, and of equal documents the first one stands.
                let mut tries = 0..ORDERS_TRIED;
                while difference.is_some() && tries.next().is_some() {
                    difference = self::difference(found, &oracle.search(INDEX, &query)?);
                }
                if let Some(difference) = difference {
                    faults.push(format!("query {number}: {query:?}\n{difference}"));
                }
            }
            // A master that died has refused nothing.
            (Err(_), Err(error)) if error.to_string().contains("status ") => refused += 1,
            _ => {
                let found = found.as_ref().map(SearchResult::len);
                let expected = expected.as_ref().map(|answer| answer.rows.len());
                let expected = expected.map_err(|error| format!("{error:#}"));
                let log = master.log();
                faults.push(format!("query {number}: {query:?}\n{found:?}, {expected:?}\n{log}"));
            }
        }
    }
    let told = faults.join("\n\n");
    ensure!(faults.is_empty(), "{} of {answers}, {refused} refused\n{told}", faults.len());
    ensure!(answers >= count * 2 / 3, "too tame: {answers} answers, {refused} refused");
    Ok(())
}

/// Answers of a master among which its agents were once as quick as they stand in its file.
const ORDERS_TRIED: usize = 50;
