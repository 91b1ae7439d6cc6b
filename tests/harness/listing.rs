//! Searches that programs make in each language, and how each prints them: the demo's, and those
//! with groups.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use hamirror::search::{Condition, GroupBy, Grouping, MergeMode};
use hamirror::{Client, Config, Search, SearchResult, Value};

/// One search through the library. The text has a line `total T found F agents A/B`, then a line
/// `ID WEIGHT NAME` a row; programs in other languages print the same.
pub fn listing(config: &Path, index: &str, query: &str) -> Result<String> {
    let client = Client::new(&Config::read(config)?)?;
    let search = Search::new(query).select("name").limit(10);
    let result = client.search(index, &search)?;
    let name = result.column("name").context("no column 'name' came back")?;
    let mut text = format!(
        "total {} found {} agents {}/{}\n",
        result.total, result.total_found, result.agents_answered, result.agents
    );
    for row in result.rows() {
        let Value::String(name) = row.value(name) else {
            bail!("column 'name' of document {} is no string", row.id());
        };
        let _ = writeln!(text, "{} {} {}", row.id(), row.weight(), String::from_utf8_lossy(name));
    }
    Ok(text)
}

/// Grouped searches through the library. Each has a line with its title, then one a row:
/// `ID|VALUE|VALUE...`; programs in other languages print the same.
pub fn grouped_listing(config: &Path, index: &str) -> Result<String> {
    let client = Client::new(&Config::read(config)?)?;
    let mut text = String::new();
    for (title, search) in by_attributes().into_iter().chain(by_time()) {
        let result = client.search(index, &search)?;
        let _ = writeln!(text, "{title}");
        write_rows(&mut text, &result)?;
    }
    Ok(text)
}

fn by_attributes() -> [(&'static str, Search); 3] {
    let sections = Grouping::by("section")
        .order("c desc, section asc")
        .count_distinct("priority")
        .having("c", Condition::above(100));
    let two = GroupBy::Attributes(vec!["section".to_owned(), "small".to_owned()]);
    let two = Grouping::new(two)
        .within("installed_size desc, @id asc")
        .rows_per_group(2)
        .order("@count desc")
        .having("c", Condition::range(0, 40).negated());
    let deep = Search::new("").select("count(*) c, max(ratio) r");
    [
        (
            "sections",
            Search::new("").select("section, count(*) c, avg(installed_size) a").group(sections),
        ),
        (
            "two of each",
            Search::new("")
                .select("section, small, installed_size, count(*) c")
                .group(two)
                .offset(1)
                .limit(9),
        ),
        (
            "enclosed",
            deep.group(Grouping::by("facts.deep.Kb")).merge_mode(MergeMode::Master).outer(
                "c desc, r asc",
                1,
                3,
            ),
        ),
    ]
}

fn by_time() -> impl Iterator<Item = (&'static str, Search)> {
    let added = || "added".to_owned();
    let functions = [
        ("days", GroupBy::Day(added())),
        ("weeks", GroupBy::Week(added())),
        ("months", GroupBy::Month(added())),
        ("years", GroupBy::Year(added())),
    ];
    functions.into_iter().map(|(title, by)| {
        let search = Search::new("").select("count(*) c, sum(size) s").limit(3);
        (title, search.group(Grouping::new(by).order("@group asc")))
    })
}

fn write_rows(text: &mut String, result: &SearchResult) -> Result<()> {
    for row in result.rows() {
        let _ = write!(text, "{}", row.id());
        for column in 0..result.columns().len() {
            let _ = match row.value(column) {
                Value::Uint(value) => write!(text, "|{value}"),
                Value::Bool(value) => write!(text, "|{}", u8::from(value)),
                Value::Bigint(value) => write!(text, "|{value}"),
                Value::Uint64(value) => write!(text, "|{value}"),
                Value::Float(value) => write!(text, "|{:.6}", f64::from(value)),
                Value::Double(value) => write!(text, "|{value:.6}"),
                Value::String(value) => write!(text, "|{}", String::from_utf8_lossy(value)),
                Value::Json(json) => write!(text, "|{json}"),
                other => bail!("{other:?} is not printed alike in all languages"),
            };
        }
        text.push('\n');
    }
    Ok(())
}
