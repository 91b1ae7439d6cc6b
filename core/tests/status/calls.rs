//! What calls book while they run and when they end, in whatever way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hamirror::internal::agent::Agent;
use hamirror::internal::call::{Call, Command, Scope};
use hamirror::internal::status;
use hamirror::internal::wire::header::{self, Status};
use hamirror::request::Raw;
use hamirror::status::{Counter, Window};
use hamirror::{Access, CallOptions, FailureKind, Phase, Reply, Request};
use proptest::prelude::*;

use super::World;

/// One host is named three times, so its own counters are those of three mirrors.
const CONFIG: &str = "
index d {
  type = distributed
  ha_strategy = nodeads
  agent = 127.0.0.1:1|127.0.0.1:2|127.0.0.1:3:i
  agent = 127.0.0.1:1|127.0.0.1:2:j
  agent = 127.0.0.1:1:k
}
searchd {
  agent_retry_count = 2
  agent_retry_delay = 10
}
";

#[derive(Clone, Copy, Debug)]
enum Event {
    Answered(Status),
    Failed(FailureKind),
    Connected,
    Later(u64),
    Cancelled,
}

fn event() -> impl Strategy<Value = Event> {
    let kinds = [
        FailureKind::ConnectFailure,
        FailureKind::NetworkError,
        FailureKind::UnexpectedClosing,
        FailureKind::WrongReply,
        FailureKind::QueryTimeout,
    ];
    let replies = [Status::Ok, Status::Error, Status::Retry, Status::Unknown(9)];
    prop_oneof![
        prop::sample::select(replies.to_vec()).prop_map(Event::Answered),
        prop::sample::select(kinds.to_vec()).prop_map(Event::Failed),
        Just(Event::Connected),
        (1..4_000_u64).prop_map(Event::Later),
        Just(Event::Cancelled),
    ]
}

/// A call and its attempts under way.
struct Bed {
    call: Call,
    running: Vec<u32>,
}

impl Bed {
    fn new(agent: &Arc<Agent>, now: Instant) -> Self {
        let command = header::Command::SEARCH;
        let request: Arc<dyn Request> =
            Arc::new(Raw { command, access: Access::Read, body: Vec::new() });
        let options = CallOptions::default();
        let call = Call::new(agent.clone(), request, &options, Scope::Agent, 7, now);
        let mut bed = Self { call, running: Vec::new() };
        bed.obey(now);
        bed
    }

    fn obey(&mut self, now: Instant) {
        while let Some(command) = self.call.poll_command() {
            match command {
                Command::Start { attempt, .. } => self.running.push(attempt),
                Command::Abandon { attempt } => self.running.retain(|other| *other != attempt),
                Command::LeaveBehind { attempt } => {
                    self.running.retain(|other| *other != attempt);
                    let mut left = self.call.take_left_behind(attempt).expect("it was left");
                    match attempt % 3 {
                        0 => left.handle_silence(Phase::Wait, now),
                        1 => left.handle_answer(None, now),
                        _ => left.handle_refusal(now),
                    }
                }
                Command::LookUp { .. } | Command::Follow { .. } | Command::Finish => {}
            }
        }
    }

    fn handle(&mut self, event: Event, random: u64, now: &mut Instant) {
        let last = self.running.last().copied();
        match (event, last) {
            (Event::Answered(status), Some(attempt)) => {
                self.running.pop();
                let body = vec![0; 4];
                let mut reply = Reply::new(0, body);
                reply.status = status;
                self.call.handle_reply(attempt, reply, random, *now);
            }
            (Event::Failed(kind), Some(attempt)) => {
                self.running.pop();
                let text = "scripted".to_owned();
                self.call.handle_failure(attempt, kind, Phase::Read, text, random, *now);
            }
            (Event::Connected, Some(attempt)) => self.call.handle_connected(attempt, *now),
            (Event::Later(ms), _) => {
                *now += Duration::from_millis(ms);
                self.call.handle_timeout(|_| Some(Phase::Wait), random, *now);
            }
            (Event::Cancelled, _) => self.call.cancel(),
            (_, None) => {}
        }
        self.obey(*now);
    }
}

proptest! {
    /// Every attempt that began is under way until it ends, however that is; and what mirrors
    /// count adds up to what their hosts count.
    #[test]
    fn starts_and_ends_pair_and_mirrors_add_up(
        events in prop::collection::vec((0..4_usize, event(), any::<u64>()), 1..60),
    ) {
        let world = World::new(CONFIG);
        let index = &world.topology.indexes["d"];
        let mut now = world.at(0.0);
        let mut beds: Vec<Bed> =
            (0..4).map(|number| Bed::new(&index.agents[number % 3], now)).collect();
        for (number, event, random) in events {
            beds[number].handle(event, random, &mut now);
            let running: usize = beds.iter().map(|bed| bed.running.len()).sum();
            prop_assert_eq!(in_flight(&world), running, "after {:?}", event);
        }
        let is_unanswered = |bed: &Bed| matches!(
            bed.call.outcome(), Some(Err(failure)) if failure.query_error.is_none()
                && failure.program.is_none() && !failure.cancelled
        );
        for (number, agent) in world.status(0.0).agents.iter().enumerate() {
            let of_agent = beds.iter().skip(number).step_by(3);
            let unanswered = of_agent.filter(|bed| is_unanswered(bed)).count() as u64;
            prop_assert_eq!(agent.unanswered, unanswered, "agent {}", number);
        }
        beds.pop();
        let running: usize = beds.iter().map(|bed| bed.running.len()).sum();
        prop_assert_eq!(in_flight(&world), running, "after a call was dropped");
        beds.clear();
        prop_assert_eq!(in_flight(&world), 0);
        let status = world.status(0.0);
        for host in &status.hosts {
            let mirrors = status.agents.iter().flat_map(|agent| &agent.mirrors);
            let mirrors: Vec<&Window> = mirrors
                .filter(|mirror| mirror.host == host.name)
                .map(|mirror| &mirror.since_start)
                .collect();
            let sum = |count: &dyn Fn(&Window) -> u64| mirrors.iter().map(|one| count(one)).sum();
            let of_host = &host.since_start;
            for counter in Counter::ALL {
                let sum: u64 = sum(&|window| window.get(counter));
                prop_assert_eq!(sum, of_host.get(counter), "{:?}", counter);
            }
            let query_us: u64 = sum(&|window| window.query_us());
            prop_assert_eq!(query_us, of_host.query_us());
            let connects: u64 = sum(&|window| window.connect_count());
            prop_assert_eq!(connects, of_host.connect_count());
        }
    }
}

#[test]
fn pings_count_for_the_host_and_not_for_its_mirrors() {
    let world = World::new(CONFIG);
    let agent = &world.topology.pinged[0];
    let command = header::Command::PING;
    let request: Arc<dyn Request> =
        Arc::new(Raw { command, access: Access::Read, body: Vec::new() });
    let (begin, end) = (world.at(1.0), world.at(1.25));
    let options = CallOptions::default();
    let mut call = Call::new(agent.clone(), request, &options, Scope::Ping(0), 0, begin);
    assert_eq!(in_flight(&world), 1);
    let (status, body) = (Status::Ok, Vec::new());
    let mut reply = Reply::new(0, body);
    reply.status = status;
    call.handle_reply(0, reply, 0, end);
    assert_eq!(in_flight(&world), 0);
    let status = world.status(2.0);
    let host = status.host(&agent.mirrors[0].host.name).unwrap();
    assert_eq!(host.ping_trip, Some(Duration::from_millis(250)));
    assert_eq!(host.since_start.answers(), 1);
    assert_eq!(host.latencies_since_start.count(), 0);
    assert!(
        status
            .agents
            .iter()
            .flat_map(|agent| &agent.mirrors)
            .all(|mirror| { mirror.since_start.answers() == 0 })
    );
}

#[test]
fn counters_survive_a_reload_where_the_mirror_stays() {
    let world = World::new(CONFIG);
    let book = |topology: &hamirror::internal::topology::Topology| {
        topology.traffic.handle_query();
        for agent in &topology.indexes["d"].agents {
            agent.mirrors[0].tally.handle_end(Counter::Warnings, None);
        }
    };
    book(&world.topology);
    let moved = CONFIG.replace("agent = 127.0.0.1:1|127.0.0.1:2:j", "agent = 127.0.0.1:3:j");
    let config = hamirror::Config::parse(&moved, "status.conf").unwrap();
    let options = hamirror::ClientOptions::default();
    let next = world.topology.reload(&config, &options, world.at(5.0));
    book(&next);
    let status = status::picture(&next, 0, world.at(5.0));
    let warned = |agent: usize| status.agents[agent].mirrors[0].since_start.get(Counter::Warnings);
    assert_eq!([warned(0), warned(1), warned(2)], [2, 1, 2]);
    assert_eq!(status.traffic.dist_queries, 2);
}

fn in_flight(world: &World) -> usize {
    world.status(0.0).hosts.iter().map(|host| host.in_flight as usize).sum()
}
