//! Kept connections that died without a word, and replies that make no sense: neither costs more
//! than one request, and nothing that is idle beside them is used again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::agent::{Agent, testing};
use crate::call::Scope;
use crate::config::HaStrategy;
use crate::engine::{Action, CallId, ConnectionId, Engine};
use crate::options::CallOptions;
use crate::request::Raw;
use crate::request::{Access, Request};
use crate::wire::header::Command;

/// An engine with two connections, both idle, to the one mirror of an agent.
struct Pair {
    engine: Engine,
    agent: Arc<Agent>,
    now: Instant,
}

impl Pair {
    fn new() -> Self {
        let now = testing::origin();
        let mut agent = testing::agent(HaStrategy::Random, 1, now);
        agent.keeps_connections = true;
        agent.mirrors[0].host.kept.set_limit(2);
        let mut pair = Self { engine: Engine::new(1), agent: Arc::new(agent), now };
        let calls = [pair.start(), pair.start()];
        for (id, is_new) in pair.act() {
            assert!(is_new, "there is nothing to keep yet");
            pair.engine.handle_received(id, &[GREETING, REPLY].concat(), now);
        }
        pair.act();
        assert!(calls.iter().all(|call| pair.is_answered(*call)));
        pair
    }

    fn start(&mut self) -> CallId {
        let command = Command { id: 99, version: 0x100 };
        let request: Arc<dyn Request> =
            Arc::new(Raw { command, access: Access::Read, body: Vec::new() });
        let options = CallOptions { query_timeout: Some(TIMEOUT), ..CallOptions::default() };
        self.engine.start(&self.agent, &request, &options, Scope::Agent, self.now)
    }

    /// Does what the engine wants; says over which connections it sent, and whether they are new.
    fn act(&mut self) -> Vec<(ConnectionId, bool)> {
        let mut sent = Vec::new();
        let mut new = Vec::new();
        while let Some(action) = self.engine.poll_action() {
            match action {
                Action::Connect(id, _) => {
                    new.push(id);
                    self.engine.handle_connected(id, self.now);
                }
                Action::Send(id) => {
                    let length = self.engine.output(id).len();
                    self.engine.handle_sent(id, length);
                    sent.push((id, new.contains(&id)));
                }
                _ => {}
            }
        }
        self.engine.sweep();
        sent
    }

    fn is_answered(&self, call: CallId) -> bool {
        self.engine.outcome(call).is_some_and(Result::is_ok)
    }

    /// The next request goes over a new connection.
    fn assert_is_wary(&mut self) {
        self.start();
        let sent = self.act();
        assert!(matches!(sent[..], [(_, true)]), "a connection of before is used: {sent:?}");
    }
}

#[test]
fn a_silent_connection_takes_the_other_idle_ones_along() {
    let mut pair = Pair::new();
    let call = pair.start();
    assert!(matches!(pair.act()[..], [(_, false)]), "a kept connection is used");
    pair.now += TIMEOUT;
    pair.engine.handle_timeout(pair.now);
    pair.act();
    assert!(pair.engine.outcome(call).is_some_and(Result::is_err), "nobody answered");
    pair.assert_is_wary();
}

#[test]
fn no_connection_is_used_again_after_a_reply_without_sense() {
    let unknown_status = [0, 7, 1, 0, 0, 0, 0, 0];
    let still_at_work = [0, 4, 1, 0, 0, 0, 0, 1, 0];
    let warning_without_length = [0, 3, 1, 0, 0, 0, 0, 0];
    let too_large = [0, 0, 1, 0, 0x7f, 0, 0, 0];
    let [two, three] = [[REPLY, REPLY].concat(), [REPLY, REPLY, &[1]].concat()];
    let replies: [&[u8]; 6] =
        [&unknown_status, &still_at_work, &warning_without_length, &too_large, &two, &three];
    for reply in replies {
        let mut pair = Pair::new();
        pair.start();
        let [(id, false)] = pair.act()[..] else { panic!("a kept connection is used") };
        pair.engine.handle_received(id, reply, pair.now);
        pair.act();
        pair.assert_is_wary();
    }
}

#[test]
fn a_connection_is_not_used_again_after_an_error() {
    let mut pair = Pair::new();
    pair.start();
    let [(id, false)] = pair.act()[..] else { panic!("a kept connection is used") };
    let error = [0, 1, 1, 0, 0, 0, 0, 7, 0, 0, 0, 3, b'b', b'a', b'd'];
    pair.engine.handle_received(id, &error, pair.now);
    assert!(pair.engine.is_closed(id), "the daemon may not have read the whole request");
}

const GREETING: &[u8] = &[0, 0, 0, 1];

/// Nothing at all, and that is fine.
const REPLY: &[u8] = &[0, 0, 1, 0, 0, 0, 0, 0];

const TIMEOUT: Duration = Duration::from_millis(50);
