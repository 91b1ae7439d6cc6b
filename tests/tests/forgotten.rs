//! Kept connections that something on the way forgot without a word (a NAT, a firewall, a
//! balancer): new ones work at once, so no search is lost, and none waits for a time-out.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hamirror::{Access, CallOptions, ClientOptions};
use hamirror_tests::echo::{EchoDaemon, Manners, client, request};
use hamirror_tests::relay::Relay;

#[test]
fn no_request_is_lost_with_its_connection() -> Result<()> {
    for mirrors in [1, 2] {
        for threads in [1, 32] {
            let daemon = EchoDaemon::on("127.0.0.1", Manners::default())?;
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, daemon.port()));
            let relays: Vec<Relay> =
                (0..mirrors).map(|_| Relay::start(address)).collect::<Result<_>>()?;
            let names: Vec<String> =
                relays.iter().map(|relay| relay.address().to_string()).collect();
            let agent = format!("agent_persistent = {}:i", names.join("|"));
            let client = client(&agent, "", ClientOptions::default())?;
            let ask = |calls: usize| -> Result<Duration> {
                thread::scope(|scope| {
                    let asking = (0..threads).map(|_| {
                        scope.spawn(|| -> Result<Duration> {
                            let mut slowest = Duration::ZERO;
                            for _ in 0..calls {
                                let begun = Instant::now();
                                let call = request(Access::Read, b"x");
                                let reply = client.call("d", 0, &call, &CallOptions::default())?;
                                ensure!(reply.is_ok(), "{reply:?}");
                                slowest = slowest.max(begun.elapsed());
                            }
                            Ok(slowest)
                        })
                    });
                    let asking: Vec<_> = asking.collect();
                    let times = asking.into_iter().map(|each| each.join().expect("no panic"));
                    times
                        .collect::<Result<Vec<_>>>()?
                        .into_iter()
                        .max()
                        .ok_or_else(|| anyhow::anyhow!("nobody asked"))
                })
            };
            ask(50)?;
            for round in 0..3 {
                relays.iter().for_each(Relay::forget);
                let slowest = ask(5)?;
                // Far from the time-out of three seconds, on a busy machine too.
                let name = format!("{mirrors} mirrors, {threads} threads, round {round}");
                ensure!(slowest < Duration::from_millis(1_500), "{name}: {slowest:?}");
            }
        }
    }
    Ok(())
}
