//! Thousands of hosts: what a reload and a host that nobody asks cost grows with their number,
//! not faster.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use hamirror::{Client, Config};
use hamirror_tests::alone;

#[test]
fn a_reload_costs_as_much_as_it_has_hosts() -> Result<()> {
    // The allocator is fast or slow by what others left in it.
    alone::in_own_process(|| {
        let cost = |hosts: usize| -> Result<Duration> {
            let config = config(hosts)?;
            let client = Client::new(&config)?;
            let reload = || {
                let before = cpu_time();
                client.reload(&config);
                cpu_time() - before
            };
            Ok((0..5).map(|_| reload()).min().expect("there are five"))
        };
        let (few, many) = (cost(HOSTS)?, cost(HOSTS * 2)?);
        println!("reload of {HOSTS} hosts: {few:?}, of twice as many: {many:?}");
        ensure!(many < few * 3, "{few:?} for {HOSTS} hosts, {many:?} for twice as many");
        Ok(())
    })
}

#[test]
fn a_host_that_nobody_asks_takes_little_memory() -> Result<()> {
    // What the whole process takes is counted.
    alone::in_own_process(|| {
        let size = |hosts: usize| -> Result<i64> {
            let config = config(hosts)?;
            let before = ALLOCATED.load(Ordering::Relaxed);
            let client = Client::new(&config)?;
            let size = ALLOCATED.load(Ordering::Relaxed) - before;
            drop(client);
            Ok(size)
        };
        let a_host = (size(HOSTS * 2)? - size(HOSTS)?) / HOSTS as i64;
        println!("a host with its share of an agent and of the configuration: {a_host} bytes");
        ensure!(a_host < 3 << 10, "a host takes {a_host} bytes");
        Ok(())
    })
}

/// Agents of two mirrors each, all of one index.
fn config(hosts: usize) -> Result<Config> {
    let mut text = String::from("index d {\n type = distributed\n");
    for number in (0..hosts).step_by(2) {
        let host = |number: usize| format!("10.{}.{}.1:9312", number / 250, number % 250);
        writeln!(text, " agent = {}|{}:i", host(number), host(number + 1))?;
    }
    text.push_str("}\n");
    Ok(Config::parse(&text, "many.conf")?)
}

/// What this thread used.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time lives through the call.
    let got = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(got, 0, "the clock exists");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The system's allocator, with a count of the bytes that are taken. It serves the whole test
/// program; the count means something only in a process of its own.
struct Counting;

// SAFETY: all is done by the system's own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ALLOCATED: AtomicI64 = AtomicI64::new(0);

const HOSTS: usize = 8_000;
