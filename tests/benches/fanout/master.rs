//! A real master over the same agents, asked over the API on a kept connection.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use hamirror_tests::cluster::INDEX;
use hamirror_tests::daemon::Daemon;
use hamirror_tests::oracle::{Oracle, Query};

use crate::contestant::{Contestant, Slice, run_threads};

pub(crate) struct Master {
    name: &'static str,
    address: SocketAddr,
    pid: u32,
    request: Vec<u8>,
    clients: Vec<Oracle>,
}

impl Master {
    pub(crate) fn new(name: &'static str, daemon: &Daemon, query: &str) -> Self {
        let pid = daemon.pid().expect("it was just started");
        let query =
            Query { text: query.to_owned(), select: "name, size".to_owned(), ..Query::default() };
        let request = Query::encode_all(INDEX, &[query]);
        Self { name, address: daemon.address(), pid, request, clients: Vec::new() }
    }
}

impl Contestant for Master {
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&mut self, threads: usize, searches: usize) -> Result<Slice> {
        while self.clients.len() < threads {
            self.clients.push(Oracle::connect(self.address)?);
        }
        let request = &self.request;
        let before = cpu_of(self.pid)?;
        let mut slice = run_threads(&mut self.clients[..threads], searches, |client| {
            let frame = client.exchange(request)?;
            anyhow::ensure!(frame.status == 0, "status {}", frame.status);
            Ok(())
        })?;
        slice.cpu += cpu_of(self.pid)? - before;
        Ok(slice)
    }
}

/// User and system time of a process (proc(5)), in ticks of ten milliseconds.
fn cpu_of(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after_name = stat.rsplit_once(')').context("no name in its stat")?.1;
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().context("no number in its stat"))
        .sum::<Result<u64>>()?;
    // SAFETY: sysconf takes a number and touches no memory.
    let a_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as u64;
    Ok(Duration::from_micros(ticks * 1_000_000 / a_second))
}
