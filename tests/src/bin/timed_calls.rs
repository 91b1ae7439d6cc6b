//! Makes some searches by blocking calls, and prints their median in nanoseconds: for the bench
//! `boundary`, as tests/c/bench_boundary.c is.

use std::env;
use std::time::Instant;

use anyhow::{Context, Result};
use hamirror::{Client, Config, Search};

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let mut next = || arguments.next().context("usage: timed_calls CONF INDEX CALLS");
    let (config, index, calls) = (next()?, next()?, next()?.parse::<usize>()?);
    let client = Client::new(&Config::read(&config)?)?;
    let search = Search::new("htdig").select("name, size");
    let mut times_ns = Vec::with_capacity(calls);
    for _ in 0..calls {
        let start = Instant::now();
        client.search(&index, &search)?;
        times_ns.push(start.elapsed().as_nanos());
    }
    times_ns.sort_unstable();
    println!("{}", times_ns.get(calls / 2).context("no call")?);
    Ok(())
}
