//! The record of a host, and what it says to those who pick mirrors.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Purpose;
use crate::error::{AttemptFailure, FailureKind, Phase};
use crate::karma::{BlockClock, Karma};

/// Karma and the last failure.
#[derive(Debug)]
pub(super) struct Record {
    karma: Mutex<Karma>,
    last_failure: Mutex<Option<(AttemptFailure, Instant)>>,
    health_changes: Arc<AtomicU64>,
}

/// A change of a host that the writing of its record has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    None,
    /// The host was found dead, after so many failures in a row.
    Dead(u32),
    /// The host answers again.
    Living,
}

impl Record {
    pub(super) fn new(clock: BlockClock, health_changes: Arc<AtomicU64>) -> Self {
        let karma = Mutex::new(Karma::new(clock));
        Self { karma, last_failure: Mutex::new(None), health_changes }
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&Karma) -> T) -> T {
        read(&self.karma.lock())
    }

    /// Writes the record. Strategies hear of a change between living and dead, and of the first
    /// answer, by which queries to come are hedged.
    pub(super) fn write<T>(&self, write: impl FnOnce(&mut Karma) -> T) -> (T, Turn) {
        let mut karma = self.karma.lock();
        let was_living = karma.health().is_living();
        let trial_at = karma.health().trial_at();
        let is_known = karma.latency().is_known();
        let result = write(&mut karma);
        let is_living = karma.health().is_living();
        if is_living != was_living
            || karma.health().trial_at() != trial_at
            || karma.latency().is_known() != is_known
        {
            self.health_changes.fetch_add(1, Ordering::Release);
        }
        let turn = match (was_living, is_living) {
            (true, false) => Turn::Dead(karma.failures_in_row()),
            (false, true) => Turn::Living,
            _ => Turn::None,
        };
        (result, turn)
    }

    /// In a forked child: begins with what the parent knew, unless a thread of it was at that.
    pub(super) fn inherit(&self, of_parent: &Self) {
        if let Some(known) = of_parent.karma.try_lock() {
            self.karma.lock().inherit(&known);
        }
    }

    pub(super) fn set_last_failure(&self, failure: &AttemptFailure, now: Instant) {
        *self.last_failure.lock() = Some((failure.clone(), now));
    }

    /// The last failure in words.
    pub(super) fn last_cause(&self) -> Option<String> {
        let last = self.last_failure.lock();
        last.as_ref().map(|(failure, _)| format!("{} ({})", failure.text, failure.phase))
    }

    pub(super) fn last_failure(&self, now: Instant) -> Option<(AttemptFailure, Duration)> {
        let last = self.last_failure.lock();
        last.as_ref().map(|(failure, at)| (failure.clone(), now.saturating_duration_since(*at)))
    }
}

/// Books a failed attempt.
pub(super) fn book(karma: &mut Karma, failure: &AttemptFailure, purpose: Purpose, now: Instant) {
    let (kind, on_trial) = (failure.kind, purpose == Purpose::Trial);
    match (kind, purpose) {
        (FailureKind::Local, _) => karma.handle_local_failure(on_trial, now),
        // A look-up that failed is a state of the name.
        _ if failure.phase == Phase::Resolve => {
            if on_trial {
                karma.health_mut().postpone_trial();
            }
        }
        (_, Purpose::Ping) => karma.handle_ping_failure(kind, now),
        _ => karma.handle_failure(kind, failure.elapsed, on_trial, now),
    }
}
