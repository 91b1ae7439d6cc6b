//! Agents that have no living mirror left, and those that have one again, as the log tells them.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::Host;
use crate::log::{Level, Log};

/// Hosts of one agent's mirrors, looked at whenever one of them is found dead or answers again.
#[derive(Debug, Default)]
pub struct LivingMirrors {
    index: String,
    agent: usize,
    hosts: Vec<Arc<Host>>,
    /// The lock is held from the look at the hosts to its outcome, so the last look tells what is.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// True if none lived at the last look.
    is_none_left: bool,
    /// What the log was told last.
    told: bool,
    /// A thread tells what has changed; it also tells what changes meanwhile, so lines keep their
    /// order.
    is_telling: bool,
}

/// Agents that a host tells when it is found dead or answers again.
#[derive(Debug, Default)]
pub(super) struct Watchers(Mutex<Vec<Weak<LivingMirrors>>>);

impl LivingMirrors {
    /// Watches the hosts of an agent until it is dropped. Those of the agent before a reload go on
    /// if the hosts are the same; otherwise what they last told counts as told.
    pub fn watch(
        index: &str,
        agent: usize,
        hosts: Vec<Arc<Host>>,
        before: Option<&Arc<LivingMirrors>>,
    ) -> Arc<LivingMirrors> {
        let is_same = |before: &&Arc<LivingMirrors>| {
            before.hosts.len() == hosts.len()
                && before.hosts.iter().zip(&hosts).all(|(one, other)| Arc::ptr_eq(one, other))
        };
        if let Some(before) = before.filter(is_same) {
            return before.clone();
        }
        let is_none_left = before.is_some_and(|before| before.state.lock().told);
        let index = index.to_owned();
        let state = State { is_none_left, told: is_none_left, is_telling: false };
        let state = Mutex::new(state);
        let watched = Arc::new(LivingMirrors { index, agent, hosts, state });
        for host in &watched.hosts {
            host.watchers.add(&watched);
        }
        watched
    }

    /// Looks whether a mirror lives, and tells what has changed since that was told last.
    pub fn tell(&self, log: &Log) {
        let mut state = self.state.lock();
        state.is_none_left = self.is_none_left();
        if state.is_telling {
            return;
        }
        state.is_telling = true;
        drop(state);
        let telling = Telling(self);
        while let Some(is_none_left) = self.next_line() {
            self.put(log, is_none_left);
        }
        std::mem::forget(telling);
    }

    /// Looks whether a mirror lives, and takes what is for told.
    pub fn take_as_told(&self) {
        let mut state = self.state.lock();
        state.is_none_left = self.is_none_left();
        state.told = state.is_none_left;
    }

    fn is_none_left(&self) -> bool {
        let is_living = |host: &Arc<Host>| host.read(|karma| karma.health().is_living());
        !self.hosts.is_empty() && !self.hosts.iter().any(is_living)
    }

    /// What is to be told; if that is nothing, the thread tells no more.
    fn next_line(&self) -> Option<bool> {
        let mut state = self.state.lock();
        state.is_telling = state.told != state.is_none_left;
        state.told = state.is_none_left;
        state.is_telling.then_some(state.told)
    }

    fn put(&self, log: &Log, is_none_left: bool) {
        let Self { index, agent, hosts, .. } = self;
        if is_none_left {
            let names = || hosts.iter().map(|host| host.name.as_str()).collect::<Vec<_>>();
            log.put(Level::Warning, || {
                format!(
                    "index {index} agent {agent} has no living mirror left: {}",
                    names().join(", ")
                )
            });
        } else {
            log.put(Level::Info, || {
                format!("index {index} agent {agent} has a living mirror again")
            });
        }
    }
}

/// A thread tells lines: if a sink panics, the next thread goes on.
struct Telling<'a>(&'a LivingMirrors);

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        self.0.state.lock().is_telling = false;
    }
}

impl Watchers {
    /// Each agent that still is there.
    pub(super) fn all(&self) -> Vec<Arc<LivingMirrors>> {
        self.0.lock().iter().filter_map(Weak::upgrade).collect()
    }

    fn add(&self, watched: &Arc<LivingMirrors>) {
        let mut watchers = self.0.lock();
        // Reloads would pile them up.
        watchers.retain(|known| known.strong_count() > 0);
        watchers.push(Arc::downgrade(watched));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::config::HostAddress;
    use crate::error::{AttemptFailure, FailureKind, Phase};
    use crate::host::Purpose;
    use crate::karma::BlockClock;
    use crate::limits::HA_PERIOD_KARMA;

    /// Two agents that share the second of three hosts.
    struct Bed {
        hosts: Vec<Arc<Host>>,
        agents: Vec<Arc<LivingMirrors>>,
        log: Arc<Log>,
        lines: Arc<Mutex<Vec<String>>>,
        now: Instant,
    }

    impl Bed {
        #[expect(clippy::disallowed_methods, reason = "an instant to count from")]
        fn new() -> Self {
            let now = Instant::now();
            let (log, lines): (Arc<Log>, Arc<Mutex<Vec<String>>>) = Default::default();
            let heard = lines.clone();
            let sink = move |level: Level, line: &str| {
                heard.lock().push(format!("{level:?} {line}"));
            };
            log.set(Some((Level::Info, Box::new(sink))));
            let clock = BlockClock::new(now, HA_PERIOD_KARMA);
            let changes: Arc<AtomicU64> = Arc::default();
            let host = |port: u16| {
                let address = HostAddress::Tcp { name: "10.0.0.1".to_owned(), port };
                let number = usize::from(port);
                let host = Host::new(address, number, 1, clock, changes.clone(), log.clone());
                Arc::new(host)
            };
            let hosts: Vec<Arc<Host>> = [1, 2, 3].map(host).to_vec();
            let agents = vec![
                LivingMirrors::watch("d", 0, hosts[..2].to_vec(), None),
                LivingMirrors::watch("d", 1, hosts[1..].to_vec(), None),
            ];
            Bed { hosts, agents, log, lines, now }
        }

        fn fail(&mut self, host: usize) {
            self.now += Duration::from_millis(1);
            let failure = AttemptFailure {
                host: self.hosts[host].name.clone(),
                kind: FailureKind::ConnectFailure,
                phase: Phase::Connect,
                text: "refused".to_owned(),
                code: None,
                began: Duration::ZERO,
                elapsed: Duration::ZERO,
            };
            self.hosts[host].record_failure(&failure, Purpose::Query, self.now);
        }

        fn kill(&mut self, host: usize) {
            while self.is_living(host) {
                self.fail(host);
            }
        }

        fn answer(&mut self, host: usize) {
            self.now += Duration::from_millis(1);
            let now = self.now;
            self.hosts[host].record(|karma| karma.handle_success(Duration::ZERO, false, now));
        }

        fn is_living(&self, host: usize) -> bool {
            self.hosts[host].read(|karma| karma.health().is_living())
        }

        fn heard(&self) -> Vec<String> {
            std::mem::take(&mut *self.lines.lock())
        }
    }

    const NO_HOST: [&str; 0] = [];

    #[test]
    fn the_last_mirror_to_die_and_the_first_to_return_are_told_once_each() {
        let mut bed = Bed::new();
        let dead = |port: u16| {
            format!(
                "Warning host 10.0.0.1:{port} found dead: 4 failures in a row, last: refused \
                 (connect)"
            )
        };
        let lives = |port: u16| format!("Info host 10.0.0.1:{port} answers again");
        let left = |agent: usize, names: &str| {
            format!("Warning index d agent {agent} has no living mirror left: {names}")
        };
        let again = |agent: usize| format!("Info index d agent {agent} has a living mirror again");

        bed.kill(0);
        assert_eq!(bed.heard(), [dead(1)]);
        bed.kill(1);
        assert_eq!(bed.heard(), [dead(2), left(0, "10.0.0.1:1, 10.0.0.1:2")]);
        bed.fail(0);
        bed.fail(1);
        assert_eq!(bed.heard(), NO_HOST);
        bed.kill(2);
        assert_eq!(bed.heard(), [dead(3), left(1, "10.0.0.1:2, 10.0.0.1:3")]);
        bed.answer(1);
        assert_eq!(bed.heard(), [lives(2), again(0), again(1)]);
        bed.answer(0);
        assert_eq!(bed.heard(), [lives(1)]);
    }

    #[test]
    fn what_happens_while_a_line_is_told_is_told_behind_it() {
        let mut bed = Bed::new();
        bed.kill(0);
        bed.heard();
        let (host, heard) = (bed.hosts[1].clone(), bed.lines.clone());
        let now = bed.now + Duration::from_secs(1);
        let sink = move |_: Level, line: &str| {
            if line.contains("no living mirror left") {
                host.record(|karma| karma.handle_success(Duration::ZERO, false, now));
            }
            heard.lock().push(line.to_owned());
        };
        bed.log.set(Some((Level::Info, Box::new(sink))));
        for _ in 0..4 {
            bed.fail(1);
        }
        let mut lines = bed.heard();
        lines.retain(|line| line.contains("agent 0"));
        let left = "index d agent 0 has no living mirror left: 10.0.0.1:1, 10.0.0.1:2";
        assert_eq!(lines, [left, "index d agent 0 has a living mirror again"]);
    }

    #[test]
    fn a_sink_that_panics_ends_no_other_line() {
        let mut bed = Bed::new();
        bed.kill(0);
        let heard = bed.lines.clone();
        let sink = move |_: Level, line: &str| {
            assert!(!line.contains("no living mirror left"), "it takes no such line");
            heard.lock().push(line.to_owned());
        };
        bed.log.set(Some((Level::Info, Box::new(sink))));
        let kill = std::panic::AssertUnwindSafe(|| bed.kill(1));
        std::panic::catch_unwind(kill).expect_err("the sink panics");
        bed.heard();
        bed.answer(1);
        assert_eq!(bed.heard()[1..], ["index d agent 0 has a living mirror again"]);
    }

    #[test]
    fn a_reload_tells_an_agent_of_dead_hosts_unless_that_was_told_before() {
        let mut bed = Bed::new();
        bed.kill(0);
        bed.kill(1);
        bed.heard();
        let (first, both) = (bed.hosts[..1].to_vec(), bed.hosts[..2].to_vec());
        let same = LivingMirrors::watch("d", 0, both, Some(&bed.agents[0]));
        assert!(Arc::ptr_eq(&same, &bed.agents[0]));
        let fewer = LivingMirrors::watch("d", 0, first.clone(), Some(&bed.agents[0]));
        fewer.tell(&bed.log);
        assert_eq!(bed.heard(), NO_HOST);
        LivingMirrors::watch("new", 0, first, None).tell(&bed.log);
        let left = "Warning index new agent 0 has no living mirror left: 10.0.0.1:1";
        assert_eq!(bed.heard(), [left]);
        // An agent that went tells nothing any more, and none is kept for it.
        assert_eq!(bed.hosts[0].watchers.all().len(), 2);
    }

    #[test]
    fn lines_of_an_agent_take_turns_and_the_last_one_tells_what_is() {
        for seed in 0..200 {
            let mut bed = Bed::new();
            let mut random = fastrand::Rng::with_seed(seed);
            let mut told = [false; 2];
            for _ in 0..100 {
                let host = random.usize(..3);
                if random.bool() {
                    bed.kill(host)
                } else {
                    bed.answer(host)
                }
                for line in bed.heard() {
                    let agent = usize::from(line.contains("agent 1"));
                    match () {
                        () if line.contains("no living mirror left") => {
                            assert!(!told[agent], "seed {seed}: {line}");
                            told[agent] = true;
                        }
                        () if line.contains("has a living mirror again") => {
                            assert!(told[agent], "seed {seed}: {line}");
                            told[agent] = false;
                        }
                        () => {}
                    }
                }
                let none_left =
                    [0, 1].map(|agent| !bed.is_living(agent) && !bed.is_living(agent + 1));
                assert_eq!(told, none_left, "seed {seed}");
            }
        }
    }
}
