//! Kept connections that something on the way forgets without a word (a NAT, a firewall, a
//! balancer), while new ones work at once.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use hamirror::{Access, Client, ClientOptions};

use super::Outcome;
use crate::echo::{EchoDaemon, Manners, client, request};
use crate::relay::Relay;

/// Forgets all connections three times under so many threads.
pub fn forget(mirrors: usize, threads: usize) -> Result<Outcome> {
    let daemon = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, daemon.port()));
    let relays = (0..mirrors).map(|_| Relay::start(address));
    let relays: Vec<Relay> = relays.collect::<Result<_>>()?;
    let names: Vec<String> = relays.iter().map(|relay| relay.address().to_string()).collect();
    let agent = format!("agent_persistent = {}:i", names.join("|"));
    let client = client(&agent, "", ClientOptions::default())?;
    ask(&client, threads, 50)?;
    let mut slowest = Duration::ZERO;
    let mut failures = Vec::new();
    for _ in 0..ROUNDS {
        relays.iter().for_each(Relay::forget);
        for (took, failure) in ask(&client, threads, CALLS)? {
            slowest = slowest.max(took);
            failures.extend(failure);
        }
    }
    let status = client.status();
    Ok(Outcome {
        name: format!("connections forgotten: {mirrors} mirrors, {threads} threads"),
        calls: ROUNDS * threads * CALLS,
        lost: failures.len(),
        slowest: Some(slowest),
        p99: None,
        quiet_p99: None,
        extra: Some(status.traffic.agent_retries),
        wrongly_dead: status.hosts.iter().filter(|host| !host.is_living).count(),
        failures: failures.into_iter().take(3).collect(),
    })
}

/// So many calls from each thread: how long each took, and how it failed.
fn ask(client: &Client, threads: usize, calls: usize) -> Result<Vec<(Duration, Option<String>)>> {
    thread::scope(|scope| {
        let asking: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| -> Result<Vec<(Duration, Option<String>)>> {
                    let one = || {
                        let begun = Instant::now();
                        let call = request(Access::Read, b"x");
                        let reply = client.call("d", 0, &call);
                        Ok((begun.elapsed(), reply.err().map(|failure| failure.to_string())))
                    };
                    (0..calls).map(|_| one()).collect()
                })
            })
            .collect();
        let mut all = Vec::new();
        for each in asking {
            all.extend(each.join().map_err(|_| anyhow!("a caller panicked"))??);
        }
        Ok(all)
    })
}

const ROUNDS: usize = 3;
const CALLS: usize = 5;
