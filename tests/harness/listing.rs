//! The search that the demo's programs make in each language, and how each prints it.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use hamirror::Value;
use hamirror::{Client, Config, Search};

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
