//! Makes some fan-outs and nothing else: for a tracer to watch.

use std::env;

use anyhow::{Context, Result};
use hamirror::{Client, Config, Search};
use hamirror_tests::cluster::INDEX;

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let config = arguments.next().context("usage: warm_calls CONF CALLS")?;
    let calls: u64 = arguments.next().context("usage: warm_calls CONF CALLS")?.parse()?;
    let client = Client::new(&Config::read(&config)?)?;
    let search = Search::new("library").select("name, size");
    for _ in 0..calls {
        client.search(INDEX, &search)?;
    }
    Ok(())
}
