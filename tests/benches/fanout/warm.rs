//! What a warm fan-out to two agents costs besides time: allocations and system calls.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use comfy_table::Table;
use hamirror_tests::cluster::Cluster;
use hamirror_tests::packages::{self, Tool};
use hamirror_tests::{process, report};

use crate::inside::{self, FanOut};

/// Allocations and system calls a fan-out.
pub(crate) fn table(cluster: &Cluster, query: &str) -> Result<Table> {
    let mut rows = vec![vec!["allocations".to_owned(), per_call(allocations(cluster, query)?)]];
    for (name, count) in system_calls(cluster)? {
        rows.push(vec![name, per_call(count)]);
    }
    Ok(report::table(&["warm fan-out to 2 agents", "a call"], rows))
}

fn per_call(count: u64) -> String {
    format!("{:.2}", count as f64 / CALLS as f64)
}

fn allocations(cluster: &Cluster, query: &str) -> Result<u64> {
    let (client, request) = (inside::client(cluster)?, inside::prepared(cluster, query));
    for _ in 0..CALLS {
        FanOut::once(&client, &request)?;
    }
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..CALLS {
        FanOut::once(&client, &request)?;
    }
    Ok(ALLOCATIONS.load(Ordering::Relaxed) - before)
}

/// The difference between a run of some calls and one of twice as many, as strace counts them.
fn system_calls(cluster: &Cluster) -> Result<Vec<(String, u64)>> {
    packages::ensure(&[Tool::Strace])?;
    let once = count_system_calls(cluster, CALLS)?;
    let twice = count_system_calls(cluster, 2 * CALLS)?;
    let more = |(name, count): (String, u64)| {
        let before = once.get(&name).copied().unwrap_or(0);
        (name, count.saturating_sub(before))
    };
    Ok(twice.into_iter().map(more).filter(|(_, count)| *count > 0).collect())
}

fn count_system_calls(cluster: &Cluster, calls: u64) -> Result<BTreeMap<String, u64>> {
    let out = cluster.folder().join("strace.txt");
    let mut command = Command::new("strace");
    command.args(["--summary-only", "--follow-forks", "--summary-columns=name,calls"]);
    command.arg("--output").arg(&out);
    command.arg(env!("CARGO_BIN_EXE_warm_calls")).arg(cluster.config()).arg(calls.to_string());
    process::run(&mut command)?;
    let text = std::fs::read_to_string(&out).context("the summary of strace")?;
    let counts = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (name, count) = (words.next()?, words.next()?.parse().ok()?);
        (name != "total").then(|| (name.to_owned(), count))
    });
    Ok(counts.collect())
}

/// Counts what goes through it.
struct Counting;

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of alloc.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of dealloc, and System made the block.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

/// Enough that a ping now and then does not show.
const CALLS: u64 = 2_000;
