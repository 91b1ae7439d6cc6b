//! Karma: the windowed record of a host (manual: `ha_period_karma`; core/docs/spec/distributed.md
//! 6.5, 7.1).
//!
//! Time is cut into blocks of one period from a common origin. Fifteen blocks are kept; status
//! sums the last 1, 5 or 15, strategies look at the running one and, until that one is half full,
//! at the one before. Everything happens at a `now` that the caller gives, on a monotonic clock.

mod block;
mod evidence;
pub(crate) mod health;
mod histogram;
mod in_flight;
mod latency;
mod tally;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub(crate) use block::Block;
pub use block::{Counter, Window};
pub(crate) use evidence::{Evidence, PATIENCE_MIN, Silence, UNKNOWN_PATIENCE};
pub(crate) use health::Health;
#[cfg(test)]
pub(crate) use health::TRIAL_PAUSE_MIN;
pub use histogram::Latencies;
pub(crate) use in_flight::InFlight;
pub(crate) use latency::{Latency, Took};
pub(crate) use tally::Tally;

use block::{Sums, micros};

use crate::error::FailureKind;
use crate::limits::KARMA_BLOCKS;

/// The record of one host.
#[derive(Debug)]
pub struct Karma {
    clock: BlockClock,
    /// Each is there from the first use of its place on, on the heap: a client must be made on a
    /// small stack.
    blocks: [Option<Box<Block>>; KARMA_BLOCKS],
    since_start: Sums,
    /// Of blocks that are kept no more: with those of the kept ones, all since the start.
    latencies_retired: Latencies,
    in_flight: Arc<AtomicU32>,
    ping_trip: Option<Duration>,
    errors_in_row: u32,
    /// Of queries alone, which a ping does not end.
    query_errors_in_row: u32,
    left_behind: u32,
    health: Health,
    evidence: Evidence,
    latency: Latency,
    last_query: Option<Instant>,
    last_answer: Option<Instant>,
}

impl Karma {
    /// An empty record.
    pub fn new(clock: BlockClock) -> Self {
        Self {
            clock,
            blocks: std::array::from_fn(|_| None),
            since_start: Sums::default(),
            latencies_retired: Latencies::default(),
            in_flight: Arc::default(),
            ping_trip: None,
            errors_in_row: 0,
            query_errors_in_row: 0,
            left_behind: 0,
            health: Health::default(),
            evidence: Evidence::default(),
            latency: Latency::default(),
            last_query: None,
            last_answer: None,
        }
    }

    /// In a forked child: begins with what the parent knew of the host, with counters of its own.
    pub fn inherit(&mut self, of_parent: &Karma) {
        self.errors_in_row = of_parent.errors_in_row;
        self.query_errors_in_row = of_parent.query_errors_in_row;
        self.left_behind = of_parent.left_behind;
        self.latency = of_parent.latency;
        self.health = of_parent.health.clone();
        // A trial under way is the parent's.
        self.health.release_trial();
    }

    /// Another length of periods from now on: the windows begin anew, all else stays.
    pub fn change_clock(&mut self, clock: BlockClock) {
        self.clock = clock;
        for block in &mut self.blocks {
            if let Some(block) = block.take() {
                block.add_to(&mut self.latencies_retired);
            }
        }
    }

    /// Failures since the last success, pings included, as status shows it.
    pub fn errors_in_row(&self) -> u32 {
        self.errors_in_row
    }

    /// Returns the failures in a row that health goes by: those of all attempts, or of queries
    /// alone if these are more. Pings do not end the latter.
    pub fn failures_in_row(&self) -> u32 {
        self.errors_in_row.max(self.query_errors_in_row)
    }

    /// Queries in a row that another mirror answered before this one had its usual time.
    pub fn left_behind(&self) -> u32 {
        self.left_behind
    }

    /// Another mirror answered first, and it is too early to tell why.
    pub fn handle_left_behind(&mut self) {
        self.left_behind = self.left_behind.saturating_add(1);
    }

    /// Living, or dead with its next trial.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Mutable health, for claiming and giving back trials.
    pub fn health_mut(&mut self) -> &mut Health {
        &mut self.health
    }

    /// Signs of life, from all attempts.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// The silence of a host that several attempts wait for.
    pub fn silence(&self) -> Option<Silence> {
        self.evidence.silence(self.in_flight(), self.latency.patience())
    }

    /// Bytes of a reply to a query came.
    pub fn handle_heard(&mut self, now: Instant) {
        self.evidence.handle_heard(now);
    }

    /// A connection that was begun at `begun_at` was greeted.
    pub fn handle_greeted(&mut self, begun_at: Instant) {
        self.evidence.handle_greeted(begun_at);
    }

    /// Connections that were open at `before` were forgotten on their way.
    pub fn handle_forgotten(&mut self, before: Instant) {
        self.evidence.handle_forgotten(before);
    }

    /// Smoothed latency of queries.
    pub fn latency(&self) -> &Latency {
        &self.latency
    }

    /// When the last query or ping began.
    pub fn last_query(&self) -> Option<Instant> {
        self.last_query
    }

    /// When the last query or ping ended, well or badly.
    pub fn last_answer(&self) -> Option<Instant> {
        self.last_answer
    }

    /// What cuts its time into blocks.
    pub fn clock(&self) -> &BlockClock {
        &self.clock
    }

    /// Attempts and pings under way.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// An attempt or ping is under way until what is returned is dropped.
    #[must_use = "the attempt counts as ended once this is dropped"]
    pub fn begin_attempt(&self) -> InFlight {
        InFlight::new(&self.in_flight)
    }

    /// Returns the time that the last answered ping took.
    pub fn ping_trip(&self) -> Option<Duration> {
        self.ping_trip
    }

    /// An answered ping took that long.
    pub fn handle_ping_trip(&mut self, elapsed: Duration) {
        self.ping_trip = Some(elapsed);
    }

    /// A query or ping begins.
    pub fn handle_start(&mut self, now: Instant) {
        self.evidence.handle_start(self.in_flight(), now);
        self.last_query = Some(now);
    }

    /// A connection stands, `elapsed` after it was begun.
    pub fn handle_connect(&mut self, elapsed: Duration, now: Instant) {
        let elapsed_us = micros(elapsed);
        self.since_start.add_connect(elapsed_us);
        self.running(now).sums.add_connect(elapsed_us);
    }

    /// A query was answered. Where this process was too late to see how soon, the windows get what
    /// is known, and the smoothed latency, by which queries are hedged, hears nothing.
    pub fn handle_success(&mut self, took: impl Into<Took>, warned: bool, now: Instant) {
        let counter = if warned { Counter::Warnings } else { Counter::SucceededQueries };
        self.count(counter, now);
        self.handle_answer(took.into(), now);
        self.left_behind = 0;
    }

    /// A query was answered after another mirror had answered it. It counts as any other, but for
    /// the waits of queries to come, which go by who was left behind.
    pub fn handle_late_success(&mut self, took: Took, now: Instant) {
        self.count(Counter::SucceededQueries, now);
        self.handle_answer(took, now);
    }

    fn handle_answer(&mut self, took: Took, now: Instant) {
        self.evidence.handle_answer(took, self.in_flight(), now);
        if took.is_exact {
            self.latency.add(took.at_least);
        }
        self.add_sample(took.at_least, now);
        self.errors_in_row = 0;
        self.query_errors_in_row = 0;
        self.health.handle_success(now);
        self.last_answer = Some(now);
    }

    /// An attempt failed. What it took says nothing of how long answers take, so the smoothed
    /// latency does not hear of it; but in the window a host that is slow, not merely absent,
    /// shows: nothing but timeouts must not look fast.
    ///
    /// `on_trial`: it was the one trial of a dead host.
    pub fn handle_failure(
        &mut self,
        kind: FailureKind,
        elapsed: Duration,
        on_trial: bool,
        now: Instant,
    ) {
        self.count(Counter::from(kind), now);
        if matches!(kind, FailureKind::QueryTimeout | FailureKind::Overtaken) {
            self.add_sample(elapsed, now);
        }
        if !matches!(
            kind,
            FailureKind::QueryTimeout | FailureKind::ConnectTimeout | FailureKind::Overtaken
        ) {
            // It says no at once: whatever is wrong with it, it is not silent.
            self.evidence.handle_heard(now);
        }
        self.errors_in_row = self.errors_in_row.saturating_add(1);
        self.query_errors_in_row = self.query_errors_in_row.saturating_add(1);
        self.health.handle_failure(self.failures_in_row(), on_trial, now);
        self.last_answer = Some(now);
    }

    /// A connection was not made in time, though the host greeted others meanwhile: a packet was
    /// lost, or its queue was full. Counted, held against nobody.
    pub fn handle_lost_connection(&mut self, on_trial: bool, now: Instant) {
        self.count(Counter::ConnectTimeouts, now);
        if on_trial {
            self.health.release_trial();
        }
    }

    /// This process had no socket for an attempt: counted, held against nobody.
    pub fn handle_local_failure(&mut self, on_trial: bool, now: Instant) {
        self.count(Counter::LocalFailures, now);
        if on_trial {
            self.health.release_trial();
        }
    }

    /// An ERROR reply that proves nothing of the host, neither ill nor well: counted only.
    pub fn handle_query_error(&mut self, now: Instant) {
        self.evidence.handle_heard(now);
        self.count(Counter::RemoteErrors, now);
        self.last_answer = Some(now);
    }

    /// A ping was answered: counted as a success, not as query time, and no proof that a host
    /// which was found dead answers queries again.
    pub fn handle_ping_success(&mut self, now: Instant) {
        self.count(Counter::SucceededQueries, now);
        if self.health.is_living() {
            self.errors_in_row = 0;
        }
        self.health.handle_ping(true, self.failures_in_row(), now);
        self.last_answer = Some(now);
    }

    /// A ping failed.
    pub fn handle_ping_failure(&mut self, kind: FailureKind, now: Instant) {
        self.count(Counter::from(kind), now);
        self.errors_in_row = self.errors_in_row.saturating_add(1);
        self.health.handle_ping(false, self.failures_in_row(), now);
        self.last_answer = Some(now);
    }

    /// The last `periods` blocks, and one more while the running one is in its first half.
    pub fn window(&self, periods: usize, now: Instant) -> Window {
        let mut window = Window::default();
        self.last_blocks(periods, now).for_each(|block| window.add(&block.sums));
        window
    }

    /// Returns the times that the queries of [`window`](Self::window) took.
    pub fn latencies(&self, periods: usize, now: Instant) -> Latencies {
        let mut latencies = Latencies::default();
        self.last_blocks(periods, now).for_each(|block| block.add_to(&mut latencies));
        latencies
    }

    /// Returns the times that all queries since the start took.
    pub fn latencies_since_start(&self) -> Latencies {
        let mut latencies = self.latencies_retired.clone();
        self.blocks.iter().flatten().for_each(|block| block.add_to(&mut latencies));
        latencies
    }

    /// What strategies choose by: 1.5 periods at most.
    pub fn choice_window(&self, now: Instant) -> Window {
        self.window(1, now)
    }

    /// Everything since the start.
    pub fn since_start(&self) -> Window {
        let mut window = Window::default();
        window.add(&self.since_start);
        window
    }

    fn last_blocks(&self, periods: usize, now: Instant) -> impl Iterator<Item = &Block> {
        let running = self.clock.block(now);
        let reach = periods as u64 + u64::from(self.clock.in_first_half(now));
        let reach = reach.min(KARMA_BLOCKS as u64);
        let first = (running + 1).saturating_sub(reach);
        let within = move |block: &&Block| (first..=running).contains(&block.number);
        self.blocks.iter().flatten().map(Box::as_ref).filter(within)
    }

    fn count(&mut self, counter: Counter, now: Instant) {
        self.since_start.count(counter);
        self.running(now).sums.count(counter);
    }

    fn add_sample(&mut self, elapsed: Duration, now: Instant) {
        let elapsed_us = micros(elapsed);
        self.since_start.add_query(elapsed_us);
        self.running(now).add_sample(elapsed_us);
    }

    fn running(&mut self, now: Instant) -> &mut Block {
        let number = self.clock.block(now);
        let place = (number % KARMA_BLOCKS as u64) as usize;
        let block = self.blocks[place].get_or_insert_with(|| Box::new(Block::new(number)));
        if block.number != number {
            block.add_to(&mut self.latencies_retired);
            **block = Block::new(number);
        }
        block
    }
}

/// Cuts time into blocks of one period.
#[derive(Clone, Copy, Debug)]
pub struct BlockClock {
    origin: Instant,
    period: Duration,
}

impl BlockClock {
    /// Blocks of `period` from `origin`; a zero period counts as one millisecond.
    pub fn new(origin: Instant, period: Duration) -> Self {
        Self { origin, period: period.max(Duration::from_millis(1)) }
    }

    /// When the first block began: when the client was made.
    pub fn origin(&self) -> Instant {
        self.origin
    }

    /// Length of a block.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Number of the block that is running.
    pub fn block(&self, now: Instant) -> u64 {
        self.half(now) / 2
    }

    /// Number of half periods gone by; weights are set when it changes.
    pub fn half(&self, now: Instant) -> u64 {
        let gone = now.saturating_duration_since(self.origin).as_nanos();
        (gone * 2 / self.period.as_nanos()) as u64
    }

    fn in_first_half(&self, now: Instant) -> bool {
        self.half(now).is_multiple_of(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::testing::{PERIOD, origin};

    fn record(origin: Instant) -> Karma {
        Karma::new(BlockClock::new(origin, PERIOD))
    }

    #[test]
    fn windows_grow_by_the_block_before_while_the_running_one_is_young() {
        let origin = origin();
        let mut karma = record(origin);
        for second in [10, 70, 130] {
            let now = origin + Duration::from_secs(second);
            karma.handle_success(Duration::from_millis(2), false, now);
        }
        let at = |second| origin + Duration::from_secs(second);
        assert_eq!(karma.window(1, at(140)).get(Counter::SucceededQueries), 2);
        assert_eq!(karma.window(1, at(160)).get(Counter::SucceededQueries), 1);
        assert_eq!(karma.window(5, at(160)).get(Counter::SucceededQueries), 3);
        assert_eq!(karma.window(1, at(240)).get(Counter::SucceededQueries), 0);
        assert_eq!(karma.window(15, at(60 * 40)).get(Counter::SucceededQueries), 0);
        assert_eq!(karma.since_start().get(Counter::SucceededQueries), 3);
    }

    #[test]
    fn a_window_of_timeouts_is_slow_and_one_of_refusals_has_no_latency() {
        let origin = origin();
        let mut hung = record(origin);
        let mut refusing = record(origin);
        for _ in 0..3 {
            hung.handle_failure(FailureKind::QueryTimeout, Duration::from_secs(3), false, origin);
            let elapsed = Duration::from_micros(50);
            refusing.handle_failure(FailureKind::ConnectFailure, elapsed, false, origin);
        }
        assert_eq!(hung.choice_window(origin).mean_latency(), Some(Duration::from_secs(3)));
        assert_eq!(refusing.choice_window(origin).mean_latency(), None);
    }

    #[test]
    fn pings_count_as_successes_but_not_as_query_time() {
        let origin = origin();
        let mut karma = record(origin);
        karma.handle_ping_success(origin);
        let window = karma.choice_window(origin);
        assert_eq!(window.get(Counter::SucceededQueries), 1);
        assert_eq!(window.mean_latency(), None);
    }

    #[test]
    fn pings_do_not_hide_that_queries_fail() {
        let origin = origin();
        let mut karma = record(origin);
        for failures in 1..=4 {
            assert!(karma.health().is_living(), "dead after {failures} failures");
            let elapsed = Duration::from_secs(3);
            karma.handle_failure(FailureKind::QueryTimeout, elapsed, false, origin);
            if failures < 4 {
                karma.handle_ping_success(origin);
                assert_eq!(karma.errors_in_row(), 0, "a master's row knows no difference");
            }
        }
        assert!(!karma.health().is_living());
    }

    #[test]
    fn a_time_before_the_origin_is_the_origin() {
        let origin = origin();
        let mut karma = record(origin + PERIOD);
        karma.handle_success(Duration::ZERO, false, origin);
        assert_eq!(karma.choice_window(origin).get(Counter::SucceededQueries), 1);
    }
}
