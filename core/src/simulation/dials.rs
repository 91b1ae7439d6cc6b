//! Many calls to one host that never answers: each has its time to connect from its own dialling.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::crowd::Crowd;
use crate::agent::testing;
use crate::call::Scope;
use crate::config::HaStrategy;
use crate::engine::{Action, CallId, Engine};
use crate::host::EXTRA_DIAL_PAUSE;
use crate::options::CallOptions;
use crate::request::Ping;
use crate::request::Request;

#[test]
fn the_time_to_connect_begins_with_the_dialling() {
    let start = testing::origin();
    let agent = Arc::new(testing::agent(HaStrategy::Random, 1, start));
    let request: Arc<dyn Request> = Arc::new(Ping { cookie: 1 });
    let options = CallOptions {
        deadline: Some(Duration::from_secs(60)),
        connect_timeout: Some(CONNECT_TIMEOUT),
        ..CallOptions::default()
    };
    let mut engine = Engine::new(1);
    let mut now = start;
    for _ in 0..CALLS {
        engine.start(&agent, &request, &options, Scope::Agent, now);
    }
    let mut dialled: BTreeMap<CallId, Instant> = BTreeMap::new();
    let mut ended = 0;
    while engine.running() > 0 {
        while let Some(action) = engine.poll_action() {
            if let Action::Connect(id, _) = action {
                let user = engine.connections[id].user.expect("it is dialled for a call");
                // It may be begun anew within its time.
                dialled.entry(user.call).or_insert(now);
            }
        }
        engine.sweep();
        while let Some(call) = engine.poll_completion() {
            let outcome = engine.take_outcome(call).expect("it ended");
            assert!(outcome.is_err(), "{call:?} was answered by nobody");
            let dialled = dialled.get(&call).unwrap_or_else(|| panic!("{call:?} never dialled"));
            let waited = now - *dialled;
            assert!(waited >= CONNECT_TIMEOUT, "{call:?} had {waited:?} to connect");
            ended += 1;
        }
        if let Some(due) = engine.next_timeout() {
            now = now.max(due);
            engine.handle_timeout(now);
        }
    }
    while engine.poll_completion().is_some() {
        ended += 1;
    }
    assert_eq!(ended, CALLS);
}

#[test]
fn many_engines_that_wait_for_one_host_wake_seldom() {
    let start = testing::origin();
    let agent = Arc::new(testing::agent(HaStrategy::Random, 1, start));
    let request: Arc<dyn Request> = Arc::new(Ping { cookie: 1 });
    let options = CallOptions { connect_timeout: Some(WAIT * 2), ..CallOptions::default() };
    let mut engines: Vec<Engine> = (0..ENGINES).map(|seed| Engine::new(seed as u64)).collect();
    for engine in &mut engines {
        engine.start(&agent, &request, &options, Scope::Agent, start);
    }
    let (mut now, mut wakes, mut dialled) = (start, 0, 0);
    while now < start + WAIT {
        for engine in &mut engines {
            let actions = std::iter::from_fn(|| engine.poll_action());
            dialled += actions.filter(|action| matches!(action, Action::Connect(..))).count();
        }
        let due = engines.iter().filter_map(Engine::next_timeout).min();
        now = now.max(due.expect("calls run"));
        for engine in &mut engines {
            if engine.next_timeout().is_some_and(|due| due <= now) {
                engine.handle_timeout(now);
                wakes += 1;
            }
        }
    }
    let extra = WAIT.div_duration_f64(EXTRA_DIAL_PAUSE) as usize;
    assert!(wakes < 3_000, "{wakes} wake-ups in a second");
    assert!(
        dialled > extra * 3 / 4,
        "{dialled} were dialled, {extra} more than usual are allowed"
    );
}

#[test]
fn a_place_in_the_line_ends_where_nobody_waits_for_greetings() {
    let start = testing::origin();
    let agent = Arc::new(testing::agent(HaStrategy::Random, 1, start));
    let request: Arc<dyn Request> = Arc::new(Ping { cookie: 1 });
    let options = CallOptions {
        deadline: Some(Duration::from_secs(60)),
        connect_timeout: Some(CONNECT_TIMEOUT),
        ..CallOptions::default()
    };
    let mut engine = Engine::new(1);
    for _ in 0..CALLS {
        engine.start(&agent, &request, &options, Scope::Agent, start);
    }
    let host = &agent.mirrors[0].host;
    assert!(host.dialling.queued() > 0);
    while !host.greeting.greets_last() {
        host.greeting.handle_greeting(false);
    }
    let mut now = start;
    while engine.running() > 0 {
        while engine.poll_action().is_some() {}
        engine.sweep();
        while engine.poll_completion().is_some() {}
        now = now.max(engine.next_timeout().expect("calls run"));
        engine.handle_timeout(now);
    }
    assert_eq!(host.dialling.queued(), 0);
    assert!(now < start + Duration::from_secs(5), "time to connect never ended");
}

#[test]
fn whoever_waits_for_a_place_is_woken_when_it_is_free() {
    let mut crowd = Crowd::new(1, CROWD, Duration::from_millis(1), false);
    crowd.ask(CROWD, 1, &CallOptions::default());
    crowd.run(0, &CallOptions::default());
    assert_eq!(crowd.lost(), 0);
    let slowest = crowd.slowest();
    assert!(slowest < Duration::from_millis(CROWD as u64 / 4), "the last one took {slowest:?}");
}

/// Each with an engine of its own; a look by time each millisecond would take one of these each.
const CROWD: usize = 500;

const ENGINES: usize = 100;

const WAIT: Duration = Duration::from_secs(1);

const CALLS: usize = 40;

const CONNECT_TIMEOUT: Duration = Duration::from_millis(50);
