//! A mirror as strategies and calls use it: its host, with a record of its own.

use std::sync::Arc;
use std::time::Instant;

use crate::error::{AttemptFailure, FailureKind, Phase};
use crate::host::{Host, Purpose};
use crate::karma::{Counter, Tally};

/// One host plus the index list to ask it for.
#[derive(Clone, Debug)]
pub struct Mirror {
    /// The shared host.
    pub host: Arc<Host>,
    /// Never empty.
    pub index_list: String,
    /// What it was asked, pings left out.
    pub tally: Arc<Tally>,
}

impl Mirror {
    /// Books a failed attempt. Of pings the host alone hears, of failed look-ups no counter.
    pub fn record_failure(&self, failure: &AttemptFailure, purpose: Purpose, now: Instant) {
        let is_lookup = failure.phase == Phase::Resolve && failure.kind != FailureKind::Local;
        if purpose != Purpose::Ping && !is_lookup {
            let counter = Counter::from(failure.kind);
            let timed = matches!(counter, Counter::QueryTimeouts | Counter::Overtaken);
            self.tally.handle_end(counter, timed.then_some(failure.elapsed));
        }
        self.host.record_failure(failure, purpose, now);
    }
}

/// Returns the names of an index list, which commas or blanks part.
pub(crate) fn index_names(list: &str) -> impl Iterator<Item = &str> {
    let names = list.split(|letter: char| letter == ',' || letter.is_ascii_whitespace());
    names.filter(|name| !name.is_empty())
}
