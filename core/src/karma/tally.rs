//! What one mirror was asked, apart from the other mirrors on its host.

use std::time::Duration;

use parking_lot::Mutex;

use super::block::{Counter, Sums, Window, micros};

/// Counters since the start, for the `ag_` rows of SHOW STATUS (core/docs/spec/distributed.md
/// 7.3). Its lock is held for a few additions at a time.
#[derive(Debug, Default)]
pub struct Tally {
    sums: Mutex<Sums>,
}

impl Tally {
    /// A connection stands, `elapsed` after it was begun.
    pub fn handle_connect(&self, elapsed: Duration) {
        self.sums.lock().add_connect(micros(elapsed));
    }

    /// A query ended; one that the host answered, or took too long for, with its time.
    pub fn handle_end(&self, counter: Counter, elapsed: Option<Duration>) {
        let mut sums = self.sums.lock();
        sums.count(counter);
        if let Some(elapsed) = elapsed {
            sums.add_query(micros(elapsed));
        }
    }

    /// All of them.
    pub fn since_start(&self) -> Window {
        let mut window = Window::default();
        window.add(&self.sums.lock());
        window
    }
}
