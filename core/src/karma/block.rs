//! Counters of one period, and sums of several.

use std::time::Duration;

use super::histogram::{Histogram, Latencies};
use crate::error::FailureKind;

/// What is counted; the first eight are rows of SHOW AGENT STATUS, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum Counter {
    /// No whole reply in time.
    QueryTimeouts,
    /// No connection in time.
    ConnectTimeouts,
    /// Connection refused.
    ConnectFailures,
    /// Connection broken.
    NetworkErrors,
    /// Replies against the protocol.
    WrongReplies,
    /// Connection closed before the reply.
    UnexpectedClosings,
    /// Answers with warnings.
    Warnings,
    /// Answers without, pings included.
    SucceededQueries,
    /// ERROR replies, whoever was to blame.
    RemoteErrors,
    /// RETRY replies.
    RemoteRetries,
    /// Attempts that another mirror, asked later, answered first.
    Overtaken,
    /// Attempts for which this process had no socket; held against nobody.
    LocalFailures,
}

impl Counter {
    /// All of them, in order.
    pub const ALL: [Counter; 12] = [
        Counter::QueryTimeouts,
        Counter::ConnectTimeouts,
        Counter::ConnectFailures,
        Counter::NetworkErrors,
        Counter::WrongReplies,
        Counter::UnexpectedClosings,
        Counter::Warnings,
        Counter::SucceededQueries,
        Counter::RemoteErrors,
        Counter::RemoteRetries,
        Counter::Overtaken,
        Counter::LocalFailures,
    ];

    /// Returns the counter's name in status output.
    pub fn name(self) -> &'static str {
        match self {
            Counter::QueryTimeouts => "query_timeouts",
            Counter::ConnectTimeouts => "connect_timeouts",
            Counter::ConnectFailures => "connect_failures",
            Counter::NetworkErrors => "network_errors",
            Counter::WrongReplies => "wrong_replies",
            Counter::UnexpectedClosings => "unexpected_closings",
            Counter::Warnings => "warnings",
            Counter::SucceededQueries => "succeeded_queries",
            Counter::RemoteErrors => "remote_errors",
            Counter::RemoteRetries => "remote_retries",
            Counter::Overtaken => "overtaken",
            Counter::LocalFailures => "local_failures",
        }
    }
}

impl From<FailureKind> for Counter {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::QueryTimeout => Counter::QueryTimeouts,
            FailureKind::ConnectTimeout => Counter::ConnectTimeouts,
            FailureKind::ConnectFailure => Counter::ConnectFailures,
            FailureKind::NetworkError => Counter::NetworkErrors,
            FailureKind::WrongReply => Counter::WrongReplies,
            FailureKind::UnexpectedClosing => Counter::UnexpectedClosings,
            FailureKind::RemoteError => Counter::RemoteErrors,
            FailureKind::RemoteRetry => Counter::RemoteRetries,
            FailureKind::Overtaken => Counter::Overtaken,
            FailureKind::Local => Counter::LocalFailures,
        }
    }
}

/// Everything counted within one period.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(super) number: u64,
    pub(super) sums: Sums,
    /// Not there before the first query.
    latencies: Option<Box<Histogram>>,
}

impl Block {
    pub(super) fn new(number: u64) -> Self {
        Self { number, sums: Sums::default(), latencies: None }
    }

    /// A query took that long.
    pub(super) fn add_sample(&mut self, elapsed_us: u64) {
        self.sums.add_query(elapsed_us);
        self.latencies.get_or_insert_default().add(elapsed_us);
    }

    /// Adds how long its queries took.
    pub(super) fn add_to(&self, sum: &mut Latencies) {
        if let Some(latencies) = &self.latencies {
            sum.add(latencies);
        }
    }
}

/// What is counted without regard to how it spreads.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    counts: [u64; Counter::ALL.len()],
    queries: u64,
    query_us: u64,
    connects: u64,
    connect_us: u64,
    connect_us_max: u64,
}

impl Sums {
    pub(super) fn count(&mut self, counter: Counter) {
        self.counts[counter as usize] += 1;
    }

    pub(super) fn add_query(&mut self, elapsed_us: u64) {
        self.queries += 1;
        self.query_us = self.query_us.saturating_add(elapsed_us);
    }

    pub(super) fn add_connect(&mut self, elapsed_us: u64) {
        self.connects += 1;
        self.connect_us = self.connect_us.saturating_add(elapsed_us);
        self.connect_us_max = self.connect_us_max.max(elapsed_us);
    }
}

/// The sum of some blocks.
#[derive(Clone, Debug, Default)]
pub struct Window {
    sum: Sums,
}

impl Window {
    pub(super) fn add(&mut self, sums: &Sums) {
        for (sum, count) in self.sum.counts.iter_mut().zip(sums.counts) {
            *sum += count;
        }
        self.sum.queries += sums.queries;
        self.sum.query_us = self.sum.query_us.saturating_add(sums.query_us);
        self.sum.connects += sums.connects;
        self.sum.connect_us = self.sum.connect_us.saturating_add(sums.connect_us);
        self.sum.connect_us_max = self.sum.connect_us_max.max(sums.connect_us_max);
    }

    /// One counter.
    pub fn get(&self, counter: Counter) -> u64 {
        self.sum.counts[counter as usize]
    }

    /// Mean time of a query, pings left out; `None` without a query.
    pub fn mean_latency(&self) -> Option<Duration> {
        let mean_us = self.sum.query_us.checked_div(self.sum.queries)?;
        Some(Duration::from_micros(mean_us))
    }

    /// Total time of queries, pings left out, in microseconds.
    pub fn query_us(&self) -> u64 {
        self.sum.query_us
    }

    /// Connections made.
    pub fn connect_count(&self) -> u64 {
        self.sum.connects
    }

    /// Mean time to connect in microseconds, 0 without a connection.
    pub fn connect_us_mean(&self) -> u64 {
        self.sum.connect_us.checked_div(self.sum.connects).unwrap_or(0)
    }

    /// Total time to connect in microseconds.
    pub fn connect_us(&self) -> u64 {
        self.sum.connect_us
    }

    /// Longest time to connect in microseconds.
    pub fn connect_us_max(&self) -> u64 {
        self.sum.connect_us_max
    }

    /// Answers of any kind.
    pub fn answers(&self) -> u64 {
        self.get(Counter::SucceededQueries) + self.get(Counter::Warnings)
    }

    /// Failures that say the mirror is broken, not merely slow or unwilling.
    pub fn critical_errors(&self) -> u64 {
        let critical = [
            Counter::QueryTimeouts,
            Counter::ConnectTimeouts,
            Counter::ConnectFailures,
            Counter::NetworkErrors,
            Counter::WrongReplies,
            Counter::UnexpectedClosings,
        ];
        critical.iter().map(|&counter| self.get(counter)).sum()
    }

    /// Every failure of the host.
    pub fn errors(&self) -> u64 {
        let mild = [Counter::RemoteErrors, Counter::RemoteRetries, Counter::Overtaken];
        self.critical_errors() + mild.iter().map(|&counter| self.get(counter)).sum::<u64>()
    }

    /// Outcomes in the first eight rows of SHOW AGENT STATUS.
    pub fn status_outcomes(&self) -> u64 {
        self.critical_errors() + self.answers()
    }
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
