//! Who is measured, and what of it.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

/// A way to search the two agents.
pub(crate) trait Contestant {
    /// Its name in the table.
    fn name(&self) -> &'static str;

    /// Makes `searches` searches on each of `threads` threads.
    fn run(&mut self, threads: usize, searches: usize) -> Result<Slice>;
}

/// What one run took.
pub(crate) struct Slice {
    /// Of each search.
    pub(crate) latencies_ns: Vec<u64>,
    /// Of the asking process, and of the master if there is one; not of the agents.
    pub(crate) cpu: Duration,
    /// From the first search to the last.
    pub(crate) wall: Duration,
}

/// Runs the same search on some threads of this process, each with a state of its own.
pub(crate) fn run_threads<S: Send>(
    states: &mut [S],
    searches: usize,
    search: impl Fn(&mut S) -> Result<()> + Sync,
) -> Result<Slice> {
    let cpu = cpu_of_this_process();
    let start = Instant::now();
    let latencies = thread::scope(|scope| {
        let running: Vec<_> = states
            .iter_mut()
            .map(|state| scope.spawn(|| time_each(searches, || search(state))))
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("a search does not panic"))
            .collect::<Result<Vec<_>>>()
    })?;
    let wall = start.elapsed();
    let cpu = cpu_of_this_process() - cpu;
    Ok(Slice { latencies_ns: latencies.concat(), cpu, wall })
}

fn time_each(searches: usize, mut search: impl FnMut() -> Result<()>) -> Result<Vec<u64>> {
    let mut latencies_ns = Vec::with_capacity(searches);
    for _ in 0..searches {
        let start = Instant::now();
        search()?;
        latencies_ns.push(start.elapsed().as_nanos() as u64);
    }
    Ok(latencies_ns)
}

fn cpu_of_this_process() -> Duration {
    // SAFETY: rusage is plain data, for which zeros are a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a rusage that lives through the call.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
    };
    time(usage.ru_utime) + time(usage.ru_stime)
}
