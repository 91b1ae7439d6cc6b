//! Retries, deadlines and replay safety, cell by cell: phase of failure, read or write, kind of
//! connection, mirrors left, settings. What each cell should give, `model` tells; what it gives,
//! the engine against the scripted peers of `script`.

mod bounds;
mod model;
mod script;

use std::time::Duration;

use crate::config::CallSettings;
use crate::error::{FailureKind, Phase};
use crate::options::CallOptions;
use crate::request::Access;

/// How a mirror fails, always and in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Answers,
    NoAddress,
    Refuses,
    Unreachable,
    ClosesUngreeted,
    NeverGreets,
    GreetsWrongly,
    BreaksUnsent,
    BreaksHalfSent,
    ClosesAfterRequest,
    Hangs,
    CutsReply,
    StallsInReply,
    RepliesGarbage,
    SaysError,
    SaysRetry,
}

/// When a failure shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    AtOnce,
    AfterConnectTimeout,
    AfterQueryTimeout,
}

/// What a failure is: its kind, phase, when it shows, whether bytes of the request are out, and
/// how often the request is out after one attempt on a connection without PERSIST, on a new one
/// with it, and on one that was used before.
struct Failure {
    kind: FailureKind,
    phase: Phase,
    shows: Shows,
    is_out: bool,
    sent: [u32; 3],
}

impl Fate {
    /// The table; a host that greeted once, as one with a kept connection did, must do so again
    /// in the time for connecting.
    fn failure(self, is_known_to_greet: bool) -> Option<Failure> {
        use FailureKind::*;
        use Shows::*;
        let (kind, phase, shows, is_out, sent) = match self {
            Fate::Answers => return None,
            Fate::NoAddress => (ConnectFailure, Phase::Resolve, AtOnce, false, [0, 0, 0]),
            Fate::Refuses => (ConnectFailure, Phase::Connect, AtOnce, false, [0, 0, 1]),
            Fate::Unreachable => {
                (ConnectTimeout, Phase::Connect, AfterConnectTimeout, false, [0, 0, 1])
            }
            Fate::ClosesUngreeted => {
                (UnexpectedClosing, Phase::Handshake, AtOnce, true, [1, 1, 2])
            }
            Fate::NeverGreets if is_known_to_greet => {
                (ConnectTimeout, Phase::Handshake, AfterConnectTimeout, true, [1, 1, 2])
            }
            Fate::NeverGreets => {
                (QueryTimeout, Phase::Handshake, AfterQueryTimeout, true, [1, 1, 2])
            }
            Fate::GreetsWrongly => (WrongReply, Phase::Handshake, AtOnce, true, [1, 1, 2]),
            Fate::BreaksUnsent => (NetworkError, Phase::Send, AtOnce, false, [0, 0, 0]),
            Fate::BreaksHalfSent => (NetworkError, Phase::Send, AtOnce, true, [1, 1, 2]),
            Fate::ClosesAfterRequest => (UnexpectedClosing, Phase::Wait, AtOnce, true, [1, 2, 3]),
            Fate::Hangs => (QueryTimeout, Phase::Wait, AfterQueryTimeout, true, [1, 1, 1]),
            Fate::CutsReply => (UnexpectedClosing, Phase::Read, AtOnce, true, [1, 1, 1]),
            Fate::StallsInReply => (QueryTimeout, Phase::Read, AfterQueryTimeout, true, [1, 1, 1]),
            Fate::RepliesGarbage => (WrongReply, Phase::Read, AtOnce, true, [1, 1, 1]),
            Fate::SaysError => (RemoteError, Phase::Read, AtOnce, true, [1, 1, 1]),
            Fate::SaysRetry => (RemoteRetry, Phase::Read, AtOnce, true, [1, 1, 1]),
        };
        Some(Failure { kind, phase, shows, is_out, sent })
    }
}

/// What the first request to each mirror goes out on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connection {
    /// A new one, closed after use.
    New = 0,
    /// A new one with PERSIST.
    Persistent = 1,
    /// One that was used before; it turns out to be dead where the fate is one of new ones.
    Kept = 2,
}

/// One cell of the table.
#[derive(Clone, Debug)]
struct Cell {
    fate: Fate,
    access: Access,
    connection: Connection,
    /// Mirrors of the agent, and whether the last of them answers.
    mirrors: usize,
    last_answers: bool,
    settings: Settings,
}

impl Cell {
    /// Mirrors that the call may ask: a write is for one.
    fn asked(&self) -> usize {
        if self.access == Access::Write { 1 } else { self.mirrors }
    }

    fn fate_of(&self, mirror: usize) -> Fate {
        let is_last = mirror + 1 == self.asked();
        if is_last && self.last_answers { Fate::Answers } else { self.fate }
    }

    /// When and how often other mirrors, or the same ones anew, are asked is up to what is known
    /// of them then, or to chance: such cells have bounds, not one right course.
    fn is_timed_by_chance(&self) -> bool {
        let is_silent = matches!(
            self.fate,
            Fate::Unreachable | Fate::NeverGreets | Fate::Hangs | Fate::StallsInReply
        );
        let is_retried = self.fate == Fate::SaysRetry && self.settings.is_retry_count_unset();
        is_silent && self.access == Access::Read || is_retried
    }

    fn exists(&self) -> bool {
        // Where a connection was made, the address is known and kept.
        self.fate != Fate::NoAddress || self.connection != Connection::Kept
    }
}

/// What the configuration and the query say of times and retries.
#[derive(Clone, Copy, Debug)]
struct Settings {
    name: &'static str,
    agent: CallSettings,
    attempts_max: Option<u32>,
    options: CallOptions,
    /// What that comes to.
    expected: Limits,
}

impl Settings {
    fn is_retry_count_unset(&self) -> bool {
        self.options.retry_count.or(self.agent.agent_retry_count).is_none()
    }
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    deadline: Duration,
    connect_timeout: Duration,
    query_timeout: Duration,
    rounds_more: u32,
    retry_delay: Duration,
    failover: bool,
    attempts_max: u32,
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// The rows of settings: each with the limits that follow from them by hand.
fn all_settings() -> Vec<Settings> {
    let options = CallOptions {
        deadline: Some(ms(10_000)),
        connect_timeout: Some(ms(300)),
        query_timeout: Some(ms(900)),
        ..CallOptions::default()
    };
    let retries = CallOptions { retry_count: Some(1), retry_delay: Some(ms(200)), ..options };
    let once = Limits {
        deadline: ms(10_000),
        connect_timeout: ms(300),
        query_timeout: ms(900),
        rounds_more: 0,
        retry_delay: ms(500),
        failover: true,
        attempts_max: u32::MAX,
    };
    let twice = Limits { rounds_more: 1, retry_delay: ms(200), ..once };
    let unset = CallSettings::default();
    let agent = CallSettings {
        agent_connect_timeout: Some(ms(70)),
        agent_query_timeout: Some(ms(400)),
        agent_retry_count: Some(1),
        agent_retry_delay: Some(ms(50)),
    };
    let of_agent = Limits {
        deadline: ms(2 * 470 + 50),
        connect_timeout: ms(70),
        query_timeout: ms(400),
        retry_delay: ms(50),
        ..twice
    };
    let row = |name, agent, attempts_max, options, expected| Settings {
        name,
        agent,
        attempts_max,
        options,
        expected,
    };
    let impatient = CallOptions { deadline: Some(ms(500)), ..retries };
    let no_failover = CallOptions { failover: false, ..retries };
    let no_retry = CallOptions { retry_count: Some(0), ..options };
    let default = CallOptions::default();
    vec![
        row("once", unset, None, options, once),
        row("two rounds", unset, None, retries, twice),
        row(
            "two rounds, no failover",
            unset,
            None,
            no_failover,
            Limits { failover: false, ..twice },
        ),
        row("capped by the line", unset, Some(2), retries, Limits { attempts_max: 2, ..twice }),
        row("little time", unset, None, impatient, Limits { deadline: ms(500), ..twice }),
        row("the agent's", agent, None, default, of_agent),
        row(
            "the query before the agent",
            agent,
            None,
            no_retry,
            Limits { retry_delay: ms(50), ..once },
        ),
    ]
}

const FATES: [Fate; 15] = [
    Fate::NoAddress,
    Fate::Refuses,
    Fate::Unreachable,
    Fate::ClosesUngreeted,
    Fate::NeverGreets,
    Fate::GreetsWrongly,
    Fate::BreaksUnsent,
    Fate::BreaksHalfSent,
    Fate::ClosesAfterRequest,
    Fate::Hangs,
    Fate::CutsReply,
    Fate::StallsInReply,
    Fate::RepliesGarbage,
    Fate::SaysError,
    Fate::SaysRetry,
];

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for fate in FATES {
        for access in [Access::Read, Access::Write] {
            for connection in [Connection::New, Connection::Persistent, Connection::Kept] {
                for (mirrors, last_answers) in [(1, false), (2, false), (2, true), (3, true)] {
                    for settings in all_settings() {
                        let last_answers = last_answers && access == Access::Read;
                        cells.push(Cell {
                            fate,
                            access,
                            connection,
                            mirrors,
                            last_answers,
                            settings,
                        });
                    }
                }
            }
        }
    }
    cells.retain(Cell::exists);
    cells
}

#[test]
fn every_cell_of_the_table_comes_out_as_the_design_says() {
    let cells = cells();
    assert!(cells.len() > 2_000, "only {} cells", cells.len());
    let mut faults = Vec::new();
    for cell in &cells {
        let met = script::play(cell);
        let fault = if cell.is_timed_by_chance() {
            bounds::check(cell, &met)
        } else {
            let expected = model::predict(cell);
            (expected != met).then(|| format!("expected {expected:?}"))
        };
        if let Some(fault) = fault {
            let name = cell.settings.name;
            faults.push(format!("{name}: {cell:?}\n  {fault}\n  met      {met:?}"));
        }
    }
    let shown = faults.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
    assert!(faults.is_empty(), "{} of {} cells:\n{shown}", faults.len(), cells.len());
}
