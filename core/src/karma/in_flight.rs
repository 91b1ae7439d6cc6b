//! The number of attempts under way on a host.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// An attempt under way: it counts as long as it exists, however it ends.
#[derive(Debug)]
pub struct InFlight {
    gauge: Arc<AtomicU32>,
}

impl InFlight {
    pub(super) fn new(gauge: &Arc<AtomicU32>) -> Self {
        gauge.fetch_add(1, Ordering::Relaxed);
        Self { gauge: gauge.clone() }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let before = self.gauge.fetch_sub(1, Ordering::Relaxed);
        debug_assert!(before > 0, "an attempt ended twice");
    }
}
