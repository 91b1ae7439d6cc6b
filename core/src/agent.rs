//! Agents as calls use them: the configuration joined with mirrors and strategy.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use crate::config::CallSettings;
use crate::error::{Error, UnknownName};
use crate::hedge_budget::HedgeBudget;
use crate::host::LivingMirrors;
use crate::karma::Karma;
use crate::mirror::Mirror;
use crate::strategy::{Selector, Tried};
use crate::traffic::TrafficCounters;

/// A distributed index ready to be asked.
#[derive(Debug)]
pub struct Index {
    /// Name in the configuration.
    pub name: String,
    /// Agents that are asked and waited for, in a master's order.
    pub agents: Vec<Arc<Agent>>,
    /// Agents that are sent to and never waited for.
    pub blackholes: Vec<Arc<Agent>>,
    /// Local indexes that only a daemon can search.
    pub locals: Vec<String>,
}

impl Index {
    /// Returns the agent of that number, from 0; [`Error::Unknown`] if there is none.
    pub(crate) fn agent(&self, number: usize) -> Result<&Arc<Agent>, Error> {
        self.agents.iter().find(|known| known.number == number).ok_or_else(|| {
            let (name, count) = (&self.name, self.agents.len());
            let text = format!("no agent {number} in index '{name}', it has {count}");
            let known = self.agents.iter().map(|agent| agent.number);
            Error::Unknown(UnknownName::new(text, number, known))
        })
    }
}

/// One shard: interchangeable mirrors.
#[derive(Debug)]
pub struct Agent {
    /// Name of its distributed index.
    pub index: String,
    /// Position in the index, from 0.
    pub number: usize,
    /// At least one.
    pub mirrors: Vec<Mirror>,
    /// Sees whether one of them lives; of blackholes and pings none is watched.
    pub living: Arc<LivingMirrors>,
    /// Picks among them.
    pub selector: Selector,
    /// Connections are kept after use.
    pub keeps_connections: bool,
    /// Index and searchd settings joined; a call's own come before them.
    pub settings: CallSettings,
    /// `retry_count=K` of the line: 1+K attempts in a call; its further rounds are in `settings`.
    pub attempts_max: Option<u32>,
    /// Largest request or reply body in bytes.
    pub max_packet_size: usize,
    /// Extra requests that slow mirrors may still cause.
    pub hedges: HedgeBudget,
    /// Counters of its client.
    pub traffic: Arc<TrafficCounters>,
    /// Requests that no mirror answered.
    pub unanswered: Arc<AtomicU64>,
}

impl Agent {
    /// True if the mirror is silent to several attempts while another mirror answers.
    pub fn is_suspect(&self, mirror: usize, now: Instant) -> bool {
        let silence = self.mirrors[mirror].host.read(|karma| karma.silence());
        silence.is_some_and(|silence| {
            let is_suspect = |karma: &Karma| silence.is_suspect(karma.evidence(), now);
            self.others(mirror).any(|other| other.host.read(is_suspect))
        })
    }

    /// True if a mirror other than that one has answered a query after `then`.
    pub fn has_answer_elsewhere(&self, mirror: usize, then: Instant) -> bool {
        let answered =
            |other: &Mirror| other.host.read(|karma| karma.evidence().has_answered_after(then));
        self.others(mirror).any(answered)
    }

    /// True if a living mirror that was not tried has less under way than it was lately seen to
    /// answer.
    pub fn has_room(&self, tried: &Tried, now: Instant) -> bool {
        let has_room = |mirror: &usize| {
            self.mirrors[*mirror].host.read(|karma| {
                let room = karma.evidence().carried(now).max(ROOM_MIN);
                karma.health().is_living() && f64::from(karma.in_flight()) < room
            })
        };
        let untried = (0..self.mirrors.len()).filter(|mirror| !tried.contains(*mirror));
        untried.filter(has_room).any(|mirror| !self.is_suspect(mirror, now))
    }

    /// True if some mirror that was not tried may answer within `left`, for all that is known of
    /// it. One that was found dead may be back, and is not slow for want of capacity.
    pub fn is_promising(&self, tried: &Tried, left: Duration) -> bool {
        let is_promising = |mirror: usize| {
            self.mirrors[mirror]
                .host
                .read(|karma| !karma.health().is_living() || karma.evidence().answers_within(left))
        };
        let mut untried = (0..self.mirrors.len()).filter(|mirror| !tried.contains(*mirror));
        untried.any(is_promising)
    }

    fn others(&self, mirror: usize) -> impl Iterator<Item = &Mirror> {
        let others = self.mirrors.iter().enumerate().filter(move |(number, _)| *number != mirror);
        others.map(|(_, other)| other)
    }
}

/// Requests at once that any mirror is trusted with, whatever it was seen to answer.
const ROOM_MIN: f64 = 8.0;

#[cfg(test)]
pub(crate) mod testing {
    //! Agents without daemons, for the tests of what uses them.

    use std::time::{Duration, Instant};

    use super::*;
    use crate::config::{HaStrategy, HostAddress};
    use crate::host::Host;
    use crate::karma::BlockClock;

    pub(crate) const PERIOD: Duration = Duration::from_secs(60);

    #[expect(clippy::disallowed_methods, reason = "an instant to count from")]
    pub(crate) fn origin() -> Instant {
        Instant::now()
    }

    /// An agent of `mirrors` mirrors on hosts of their own, with periods from `now`.
    pub(crate) fn agent(strategy: HaStrategy, mirrors: usize, now: Instant) -> Agent {
        let clock = BlockClock::new(now, PERIOD);
        let changes: Arc<AtomicU64> = Arc::default();
        let mirror = |number: usize| {
            let address = HostAddress::Tcp { name: "127.0.0.1".to_owned(), port: number as u16 };
            let host = Host::new(address, number, 1, clock, changes.clone(), Arc::default());
            let tally = Arc::default();
            Mirror { host: Arc::new(host), index_list: "i".to_owned(), tally }
        };
        Agent {
            index: "dist".to_owned(),
            number: 0,
            mirrors: (1..=mirrors).map(mirror).collect(),
            living: Arc::default(),
            selector: Selector::new(strategy, mirrors, clock, changes.clone()),
            keeps_connections: false,
            settings: CallSettings::default(),
            attempts_max: None,
            max_packet_size: 1 << 20,
            hedges: HedgeBudget::default(),
            traffic: Arc::default(),
            unanswered: Arc::default(),
        }
    }
}
