//! The same questions to hamirror and to a real 2.2.11 master over the same agents: the answers
//! are equal.

use anyhow::{Result, ensure};
use hamirror::search::MergeMode;
use hamirror::{CallOptions, Client, Completeness, Config, Error, Reply, Search, SearchResult};
use hamirror_tests::cluster::{Agents, Cluster, INDEX, SHARDS};
use hamirror_tests::corpus::{self, Document};
use hamirror_tests::daemon::Daemon;
use hamirror_tests::differential::difference::{Difference, differences};
use hamirror_tests::differential::question::Traits;
use hamirror_tests::differential::told::Told;
use hamirror_tests::differential::translate::translate;
use hamirror_tests::oracle::{Answer, Oracle, Query};

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

/// What is not a master's; warnings have their own tests.
pub(crate) fn difference(found: &SearchResult, expected: &Answer) -> Option<String> {
    let (found, expected) = (Told::of_search(found), Told::of_api(expected));
    let is_meant = |difference: &Difference| {
        use Difference::{Added, Pointers, Unsaid};
        !matches!(difference, Added(_) | Unsaid(_) | Pointers)
    };
    let mut differences = differences(&Traits::default(), &found, &expected).into_iter();
    differences.find(is_meant).map(|difference| format!("{difference:?}"))
}

/// Times that a query is asked which its daemons cut by time.
const CUTS_TRIED: usize = 20;
