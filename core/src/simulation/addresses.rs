//! A host of several addresses, some of which swallow connections: each has its share of the time
//! to connect.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::agent::{Agent, testing};
use crate::call::Scope;
use crate::config::HaStrategy;
use crate::engine::{Action, CallId, ConnectionId, Engine};
use crate::host::Lookup;
use crate::karma::PATIENCE_MIN;
use crate::options::CallOptions;
use crate::request::{Access, Raw, Request};
use crate::wire::header::Command;

#[test]
fn silent_addresses_leave_the_last_one_its_share_of_the_time() {
    let (agent, addresses, start) = host_at(3);
    let mut engine = Engine::new(1);
    begin(&mut engine, &agent, start);
    for (number, address) in addresses.iter().enumerate() {
        let dialled = dialled(&mut engine);
        assert_eq!(dialled.iter().map(|(_, at)| at).collect::<Vec<_>>(), [address]);
        let due = engine.next_timeout().expect("there is a next address, or an end");
        let share = CONNECT_TIMEOUT * (number as u32 + 1) / 3;
        assert_eq!(due - start, share);
        engine.handle_timeout(due);
    }
    assert_eq!(engine.running(), 0, "the time to connect is over");
}

#[test]
fn two_that_find_an_address_silent_do_not_put_it_first_again() {
    let (agent, addresses, start) = host_at(2);
    let mut engine = Engine::new(1);
    begin(&mut engine, &agent, start);
    begin(&mut engine, &agent, start);
    assert_eq!(dialled(&mut engine).len(), 2);
    let due = start + CONNECT_TIMEOUT / 2;
    engine.handle_timeout(due);
    let second = dialled(&mut engine);
    assert!(second.len() == 2 && second.iter().all(|(_, at)| *at == addresses[1]), "{second:?}");
    let Lookup::Known(known) = agent.mirrors[0].host.addresses.lookup() else {
        panic!("it has some")
    };
    assert_eq!(known[0].inet(), Some(addresses[1]), "the next call begins with the silent one");
}

#[test]
fn an_address_that_was_silent_is_dialled_again_when_the_others_refuse() {
    let (agent, addresses, start) = host_at(2);
    let mut engine = Engine::new(1);
    begin(&mut engine, &agent, start);
    assert_eq!(dialled(&mut engine)[0].1, addresses[0]);
    let now = start + CONNECT_TIMEOUT / 2;
    engine.handle_timeout(now);
    let (id, second) = dialled(&mut engine)[0];
    assert_eq!(second, addresses[1]);
    engine.handle_connect_failed(id, "refused", now);
    assert_eq!(dialled(&mut engine)[0].1, addresses[0], "its first packet may have been lost");
}

#[test]
fn who_gives_up_at_once_has_seen_no_silence() {
    let first = |waited: Duration| {
        let (agent, addresses, start) = host_at(2);
        let mut engine = Engine::new(1);
        let call = begin(&mut engine, &agent, start);
        assert_eq!(dialled(&mut engine)[0].1, addresses[0]);
        engine.cancel(call, start + waited);
        begin(&mut engine, &agent, start + waited);
        let next = dialled(&mut engine)[0].1;
        addresses.iter().position(|address| *address == next)
    };
    assert_eq!(first(Duration::ZERO), Some(0), "it had no time to answer");
    assert_eq!(first(PATIENCE_MIN), Some(1), "it was silent");
}

fn host_at(addresses: u8) -> (Arc<Agent>, Vec<SocketAddr>, Instant) {
    let now = testing::origin();
    let agent = testing::agent(HaStrategy::Random, 1, now);
    let at = |last| SocketAddr::from(([10, 0, 0, last], 9312));
    let addresses: Vec<SocketAddr> = (0..addresses).map(at).collect();
    agent.mirrors[0].host.push_addresses(addresses.clone());
    (Arc::new(agent), addresses, now)
}

fn begin(engine: &mut Engine, agent: &Arc<Agent>, now: Instant) -> CallId {
    // Of a read the connection would be begun anew meanwhile.
    let command = Command { id: 99, version: 0x100 };
    let request: Arc<dyn Request> =
        Arc::new(Raw { command, access: Access::Write, body: Vec::new() });
    let options = CallOptions { connect_timeout: Some(CONNECT_TIMEOUT), ..CallOptions::default() };
    engine.start(agent, &request, &options, Scope::Mirror(0), now)
}

fn dialled(engine: &mut Engine) -> Vec<(ConnectionId, SocketAddr)> {
    let actions = std::iter::from_fn(|| engine.poll_action());
    let dialled = actions.filter_map(|action| match action {
        Action::Connect(id, endpoint) => Some((id, endpoint.inet()?)),
        _ => None,
    });
    dialled.collect()
}

const CONNECT_TIMEOUT: Duration = Duration::from_millis(90);
