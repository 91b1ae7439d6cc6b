//! Searches from eight threads for some time and prints what came of it: a program that others
//! stop and continue. It waits in one of three ways: in blocking calls, in batches, or in an event
//! loop of its own.

use std::env;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hamirror::{Batch, CallOptions, Client, Config, Search};

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let usage = "usage: searching_client CONF INDEX calls|batches|loop SECONDS";
    let mut next = || arguments.next().context(usage);
    let (config, index, way, seconds) = (next()?, next()?, next()?, next()?.parse()?);
    let wait: fn(&mut Batch) -> Result<()> = match way.as_str() {
        "calls" | "batches" => |batch| {
            batch.wait_all(None)?;
            Ok(())
        },
        "loop" => |batch| {
            while batch.pending() > 0 {
                poll(batch.fd(), batch.timeout());
                batch.drive()?;
            }
            Ok(())
        },
        _ => bail!(usage),
    };
    let searches = if way == "calls" { 1 } else { SEARCHES };
    let client = Client::new(&Config::read(&config)?)?;
    let (done, failed) = (AtomicU64::new(0), AtomicU64::new(0));
    let end = Instant::now() + Duration::from_secs(seconds);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| -> Result<()> {
                while Instant::now() < end {
                    let mut batch = client.batch()?;
                    let options = CallOptions::default();
                    let word = Search::new("library");
                    let ids =
                        (0..searches).map(|_| batch.add_search_with(&index, &word, &options));
                    let ids: Vec<_> = ids.collect::<Result<_, _>>()?;
                    wait(&mut batch)?;
                    for id in ids {
                        let outcome = batch.take_search(id);
                        let is_whole = outcome
                            .as_ref()
                            .is_ok_and(|result| result.agents_answered == result.agents);
                        if !is_whole {
                            eprintln!("{:?}", outcome.map(|result| result.warning));
                        }
                        done.fetch_add(1, Ordering::Relaxed);
                        failed.fetch_add(u64::from(!is_whole), Ordering::Relaxed);
                    }
                }
                Ok(())
            });
        }
    });
    // What was left behind is judged by then.
    thread::sleep(Duration::from_secs(1));
    let status = client.status();
    let dead = status.hosts.iter().filter(|host| !host.is_living).count();
    let (done, failed) = (done.into_inner(), failed.into_inner());
    println!("{done} searches, {failed} failed, {dead} hosts dead");
    Ok(())
}

fn poll(fd: RawFd, timeout: Option<Duration>) {
    let mut fd = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let timeout = timeout.map_or(-1, |timeout| timeout.as_millis() as i32 + 1);
    // SAFETY: one entry, which lives here.
    unsafe { libc::poll(&mut fd, 1, timeout) };
}

const THREADS: usize = 8;

/// Searches of a batch.
const SEARCHES: usize = 4;
