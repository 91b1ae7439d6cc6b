//! What real daemons make of settings of a search that no master can be asked for over the API,
//! and of several indexes and several queries at once.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use hamirror::Value;
use hamirror::internal::wire::Writer;
use hamirror::internal::wire::header::Command;
use hamirror::request::{Access, Raw, Request};
use hamirror::search::{Collation, Condition, Overrides, Ranker, Sort};
use hamirror::{CallOptions, Client, Completeness, Config, Error, Search, SearchResult};
use hamirror_tests::cluster::{Agents, Cluster, INDEX, SHARDS};
use hamirror_tests::corpus::{self, SECTIONS};
use hamirror_tests::daemon::Daemon;
use hamirror_tests::oracle::{Oracle, Query};

fn complete() -> CallOptions {
    CallOptions::default().completeness(Completeness::All)
}

fn start() -> Result<(Cluster, Client)> {
    let cluster = Cluster::start(corpus::synthetic(600, 7), |_| {})?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    Ok((cluster, client))
}

fn every(text: &str) -> Search {
    Search::new(text).limit(1_000).sort(Sort::Extended("@id asc".into()))
}

fn ids(result: &SearchResult) -> Vec<u64> {
    result.rows().map(|row| row.id()).collect()
}

#[test]
fn above_and_below_whole_numbers_are_fractions_too() -> Result<()> {
    let (_cluster, client) = start()?;
    let list = "ratio, size, tags, facts.ratio fr, facts.kb kb";
    let all = client.search_with(INDEX, &every("").select(list), &complete())?;
    // Each value of a row as floats: a set has several, what is not there none.
    let numbers = |row: usize, column: usize| -> Vec<f64> {
        match all.row(row).map(|row| row.value(column)) {
            Some(Value::Float(number)) => vec![number.into()],
            Some(Value::Bigint(number)) => vec![number as f64],
            Some(Value::Multi(set)) => set.iter().map(f64::from).collect(),
            Some(Value::Json(json)) => json.to_string().parse().into_iter().collect(),
            _ => Vec::new(),
        }
    };
    for (column, attribute) in
        ["ratio", "size", "tags", "facts.ratio", "facts.kb"].iter().enumerate()
    {
        let values = (0..all.len()).flat_map(|row| numbers(row, column));
        let middle = values.clone().nth(all.len() / 2).context("values")?.floor() as i64;
        let (above, below) = (Condition::above(middle), Condition::below(middle));
        let counted = |holds: &dyn Fn(f64) -> bool| {
            (0..all.len()).filter(|row| numbers(*row, column).into_iter().any(holds)).count()
        };
        let count = |condition: Condition| -> Result<usize> {
            let search = every("").filter(*attribute, condition);
            Ok(client.search_with(INDEX, &search, &complete())?.len())
        };
        let expected = counted(&|value| value > middle as f64);
        ensure!(count(above)? == expected, "{attribute} above {middle}: {expected}");
        // What is not there is 0 in JSON.
        let missing = (0..all.len()).filter(|row| numbers(*row, column).is_empty()).count();
        let missing = if attribute.starts_with("facts") && middle > 0 { missing } else { 0 };
        let expected = counted(&|value| value < middle as f64) + missing;
        ensure!(count(below)? == expected, "{attribute} below {middle}: {expected}");
    }
    Ok(())
}

#[test]
fn conditions() -> Result<()> {
    let (_cluster, client) = start()?;
    let found = |search: Search| -> Result<Vec<u64>> {
        Ok(ids(&client.search_with(INDEX, &search, &complete())?))
    };
    let all = found(every(""))?;
    let [one, two] = [SECTIONS[0], SECTIONS[1]];
    let single = |text: &str| found(every("").filter("section", Condition::text(text)));
    let mut both = [single(one)?, single(two)?].concat();
    both.sort_unstable();
    ensure!(!both.is_empty() && both.len() < all.len(), "{} of {}", both.len(), all.len());
    let either = || Condition::any_text([one, two]);
    ensure!(found(every("").filter("section", either()))? == both);
    let rest = found(every("").filter("section", either().negated()))?;
    ensure!(rest.len() == all.len() - both.len(), "{} rows", rest.len());
    ensure!(rest.iter().all(|id| !both.contains(id)));
    // A text with a quote is a text, and no end of one.
    ensure!(found(every("").filter("section", Condition::any_text(["o'ne", "\\"])))?.is_empty());

    let sizes: Vec<u32> = client
        .search_with(INDEX, &every("").select("installed_size"), &complete())?
        .rows()
        .map(|row| match row.value(0) {
            Value::Uint(size) => size,
            other => panic!("{other:?}"),
        })
        .collect();
    let middle = sizes[sizes.len() / 2];
    let count = |condition: Condition| -> Result<usize> {
        Ok(found(every("").filter("installed_size", condition))?.len())
    };
    let expected = |holds: &dyn Fn(u32) -> bool| sizes.iter().filter(|size| holds(**size)).count();
    ensure!(count(Condition::above(middle))? == expected(&|size| size > middle));
    ensure!(count(Condition::at_least(middle))? == expected(&|size| size >= middle));
    ensure!(count(Condition::below(middle))? == expected(&|size| size < middle));
    ensure!(count(Condition::at_most(middle))? == expected(&|size| size <= middle));
    ensure!(count(Condition::at_most(middle).negated())? == expected(&|size| size > middle));
    for (condition, expected) in [
        (Condition::above(300), all.iter().filter(|id| **id > 300).count()),
        (Condition::at_most(300), all.iter().filter(|id| **id <= 300).count()),
        (Condition::below(0), 0),
    ] {
        ensure!(
            found(every("").filter("id", condition.clone()))?.len() == expected,
            "{condition:?}"
        );
    }
    // The open ends of a float range are no end to any float of the corpus.
    let mut ratios: Vec<f32> = client
        .search_with(INDEX, &every("").select("ratio"), &complete())?
        .rows()
        .map(|row| match row.value(0) {
            Value::Float(ratio) => ratio,
            other => panic!("{other:?}"),
        })
        .collect();
    ratios.sort_by(f32::total_cmp);
    let middle = ratios[ratios.len() / 2];
    let count = |condition: Condition| -> Result<usize> {
        Ok(found(every("").filter("ratio", condition))?.len())
    };
    let expected = |holds: &dyn Fn(f32) -> bool| ratios.iter().filter(|one| holds(**one)).count();
    ensure!(count(Condition::above(middle))? == expected(&|ratio| ratio > middle));
    ensure!(count(Condition::at_least(middle))? == expected(&|ratio| ratio >= middle));
    ensure!(count(Condition::below(middle))? == expected(&|ratio| ratio < middle));
    ensure!(count(Condition::at_most(middle))? == expected(&|ratio| ratio <= middle));
    ensure!(count(Condition::at_most(middle).negated())? == expected(&|ratio| ratio > middle));
    Ok(())
}

#[test]
fn global_variables_of_the_agents() -> Result<()> {
    let (_cluster, client) = start()?;
    let search = every("").filter("id", Condition::in_variable("@chosen"));
    let error = client
        .search_with(INDEX, &search, &complete())
        .expect_err("nobody has set it")
        .to_string();
    ensure!(error.contains("undefined global variable"), "{error}");
    // Ascending values as differences, each in groups of seven bits (UVAR).
    let mut body = Vec::new();
    body.put_string(b"@chosen");
    for number in [3, 4] {
        body.put_u32(number);
    }
    body.extend_from_slice(&[5, 2, 0x80 | 93, 2]);
    let set: Arc<dyn Request> =
        Arc::new(Raw { command: Command { id: 11, version: 0x100 }, access: Access::Write, body });
    let mut batch = client.batch()?;
    let calls = batch.add_index_with(INDEX, &set, &complete())?;
    ensure!(batch.wait_all(None)?);
    for call in calls {
        batch.take_reply(call)?;
    }
    ensure!(ids(&client.search_with(INDEX, &search, &complete())?) == [5, 7, 356]);
    Ok(())
}

#[test]
fn what_an_agent_passes_over_is_an_error() -> Result<()> {
    let (_cluster, client) = start()?;
    let all = every("").filter("tags", Condition::any_of([1]).of_all_values());
    for (search, expected) in
        [(all, "ALL() in a filter"), (every("").low_priority(true), "priority")]
    {
        let error = client.search(INDEX, &search);
        let error = error.expect_err("2.2.11 knows no such thing").to_string();
        ensure!(error.contains(expected) && error.contains("0x11f"), "{error}");
    }
    Ok(())
}

/// No daemon of the tests has a folder for plugins.
#[test]
fn plugins_that_agents_lack_are_told() -> Result<()> {
    let (_cluster, client) = start()?;
    let plugin = Ranker::Plugin { name: "nosuchranker".into(), options: "a=1".into() };
    for search in [
        every("library").ranker(plugin),
        every("library").token_filter("nosuch.so", "nosuchfilter", "b"),
    ] {
        let told = match client.search_with(INDEX, &search, &complete()) {
            Ok(result) => result.warning.unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        ensure!(told.contains("plugin"), "{search:?}: {told}");
    }
    Ok(())
}

#[test]
fn strings_compare_by_the_collation() -> Result<()> {
    let (_cluster, client) = start()?;
    let upper = SECTIONS[0].to_uppercase();
    let count = |collation: Collation, text: &str| -> Result<usize> {
        let search = every("").filter("section", Condition::text(text)).collation(collation);
        Ok(client.search_with(INDEX, &search, &complete())?.len())
    };
    let exact = count(Collation::Binary, SECTIONS[0])?;
    ensure!(exact > 0);
    ensure!(count(Collation::LibcCi, &upper)? == exact);
    ensure!(count(Collation::Utf8GeneralCi, &upper)? == exact);
    ensure!(count(Collation::Binary, &upper)? == 0);
    ensure!(count(Collation::LibcCs, &upper)? == 0);
    Ok(())
}

/// Values of one search are those of no other.
#[test]
fn overrides() -> Result<()> {
    let (_cluster, client) = start()?;
    let read = |search: &Search| -> Result<Vec<String>> {
        let result = client.search_with(INDEX, search, &complete())?;
        Ok(result.rows().map(|row| format!("{:?}", row.value(0))).collect())
    };
    let cases = [
        ("installed_size", Overrides::Uint(vec![(3, 7), (4, 8)]), ["Uint(7)", "Uint(8)"]),
        ("size", Overrides::Bigint(vec![(3, -7), (4, 8)]), ["Bigint(-7)", "Bigint(8)"]),
        ("ratio", Overrides::Float(vec![(3, 0.5), (4, 8.0)]), ["Float(0.5)", "Float(8.0)"]),
        ("added", Overrides::Timestamp(vec![(3, 7), (4, 8)]), ["Uint(7)", "Uint(8)"]),
        ("small", Overrides::Bool(vec![(3, true), (4, false)]), ["Bool(true)", "Bool(false)"]),
    ];
    for (attribute, values, expected) in cases {
        let search = every("").select(attribute).filter_ids([3, 4]);
        let before = read(&search)?;
        let found = read(&search.clone().override_attribute(attribute, values))?;
        ensure!(found == expected, "{attribute}: {found:?}");
        ensure!(read(&search)? == before, "{attribute}");
    }
    Ok(())
}

/// Each shard is a distributed index of its own, and all of them are searched by a list.
#[test]
fn several_indexes_are_merged_as_one() -> Result<()> {
    let (cluster, client) = start()?;
    let mut sections = String::new();
    for shard in 0..SHARDS {
        let address = cluster.daemons()[shard][0].address();
        sections += &format!(
            "index part{shard}\n{{\n    type = distributed\n    \
             agent = {address}:packages{shard}\n}}\n"
        );
    }
    let parts = Client::new(&Config::parse(&sections, "parts.conf")?)?;
    let master = Daemon::start(&cluster.folder().join("parts"), &sections, "")?;
    let mut oracle = Oracle::connect(master.address())?;
    for list in ["part0,part1", "part0 part1", " part1 , part0"] {
        for weights in [&[][..], &[("part0", 3), ("part1", 2)], &[("*", 5)]] {
            let query = Query {
                text: "library".to_owned(),
                index_weights: weights.to_vec(),
                limit: 50,
                ..Query::default()
            };
            let search = Search::new("library").limit(50);
            let search = weights
                .iter()
                .fold(search, |search, (index, weight)| search.index_weight(*index, *weight));
            let found = parts.search_with(list, &search, &complete())?;
            let expected = oracle.search(list, &query)?;
            let rows: Vec<_> = found.rows().map(|row| (row.id(), row.weight())).collect();
            let of_master: Vec<_> = expected.rows.iter().map(|row| (row.id, row.weight)).collect();
            ensure!(rows == of_master, "{list} {weights:?}: {rows:?}\n{of_master:?}");
            ensure!(found.total_found == expected.total_found, "{list}");
            ensure!((found.agents, found.warning) == (SHARDS, None));
        }
    }
    let whole = client.search_with(INDEX, &every("library"), &complete())?;
    let of_parts = parts.search_with("part0, part1", &every("library"), &complete())?;
    ensure!(ids(&whole) == ids(&of_parts));
    for (list, name) in [("part0, nosuch", "'nosuch'"), (" , ", "' , '"), ("", "''")] {
        let error = parts.search_with(list, &every(""), &complete()).expect_err("no such index");
        ensure!(matches!(error, Error::Unknown(_)), "{error:?}");
        ensure!(error.to_string().contains(name), "{error}");
    }
    Ok(())
}

/// Each agent gets one request, runs every query, and each has its own result.
#[test]
fn several_queries_cost_one_request() -> Result<()> {
    let (cluster, _) = start()?;
    // One mirror of each, so that its counters tell all.
    let mut section = format!("index {INDEX}\n{{\n    type = distributed\n");
    for shard in 0..SHARDS {
        let address = cluster.daemons()[shard][0].address();
        section += &format!("    agent = {address}:packages{shard}\n");
    }
    let client = Client::new(&Config::parse(&(section + "}\n"), "single.conf")?)?;
    let searches = [
        every("library").limit(5),
        every("library").sort(Sort::Descending("installed_size".into())).limit(7),
        Search::new("data"),
        every("library").filter("nosuchattribute", Condition::any_of([1])),
        every("library").select("section").offset(3),
    ];
    let expected: Vec<_> =
        searches.iter().map(|search| client.search_with(INDEX, search, &complete())).collect();
    let before = counted(&cluster)?;
    let found = client.search_all_with(INDEX, &searches, &complete())?;
    let after = counted(&cluster)?;
    // What asks for the counters is a query itself.
    ensure!(after.0 == before.0 + SHARDS as u64, "{before:?} {after:?}");
    ensure!(after.1 >= before.1 + (SHARDS * searches.len()) as u64, "{before:?} {after:?}");
    ensure!(found.len() == searches.len());
    for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
        match (found, expected) {
            (Ok(found), Ok(expected)) => {
                ensure!(ids(found) == ids(expected), "query {number}");
                ensure!(found.columns() == expected.columns(), "query {number}");
                ensure!(found.total_found == expected.total_found, "query {number}");
            }
            (Err(found), Err(_)) => {
                ensure!(number == 3, "query {number}: {found}");
                ensure!(found.to_string().contains("nosuchattribute"), "{found}");
            }
            other => panic!("query {number}: {other:?}"),
        }
    }
    Ok(())
}

/// SEARCH requests and queries that all first mirrors have counted.
fn counted(cluster: &Cluster) -> Result<(u64, u64)> {
    let mut counts = (0, 0);
    for shard in 0..SHARDS {
        let mut oracle = Oracle::connect(cluster.daemons()[shard][0].address())?;
        let rows = oracle.sphinxql("SHOW STATUS")?;
        let count = |name: &str| -> Result<u64> {
            let row = rows.iter().find(|row| row[0] == name);
            Ok(row.with_context(|| format!("no {name}"))?[1].parse()?)
        };
        counts.0 += count("command_search")?;
        counts.1 += count("queries")?;
    }
    Ok(counts)
}

/// Persistent or not, a master that is an agent passes the settings on.
#[test]
fn a_master_below_is_asked_alike() -> Result<()> {
    let (mut cluster, client) = start()?;
    let master = cluster.start_master(Agents::Persistent)?;
    let address = master.address();
    let section =
        format!("index d\n{{\n    type = distributed\n    agent = {address}:{INDEX}\n}}\n");
    let above = Client::new(&Config::parse(&section, "above.conf")?)?;
    let search = every("library")
        .filter("section", Condition::any_text([SECTIONS[0], SECTIONS[1]]))
        .filter("installed_size", Condition::above(10))
        .weights([3, 1])
        .retries(1, std::time::Duration::from_millis(10));
    let expected = client.search_with(INDEX, &search, &complete())?;
    let found = above.search_with("d", &search, &complete())?;
    ensure!(!found.is_empty());
    ensure!(ids(&found) == ids(&expected));
    Ok(())
}
