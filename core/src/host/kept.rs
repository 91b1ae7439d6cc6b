//! Kept connections to a host, of all threads.

use std::sync::atomic::{AtomicU32, Ordering};

/// Number of connections that are kept to a host, of those in use, and the limit.
#[derive(Debug)]
pub struct Kept {
    count: AtomicU32,
    busy: AtomicU32,
    limit: AtomicU32,
    retirements: AtomicU32,
}

impl Kept {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            count: AtomicU32::new(0),
            busy: AtomicU32::new(0),
            limit: AtomicU32::new(limit),
            retirements: AtomicU32::new(0),
        }
    }

    /// Takes a place among the kept connections; false if `persistent_connections_limit` is met.
    pub fn claim(&self) -> bool {
        let limit = self.limit.load(Ordering::Relaxed);
        let more = |taken| (taken < limit).then_some(taken + 1);
        self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Sets `persistent_connections_limit`; connections above it go when they are next used.
    pub fn set_limit(&self, limit: u32) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// True if no more connections are kept than the limit says.
    pub(super) fn are_within_limit(&self) -> bool {
        self.count() <= self.limit.load(Ordering::Relaxed)
    }

    /// Gives a place back.
    pub fn release(&self) {
        let kept = self.count.fetch_sub(1, Ordering::Relaxed);
        debug_assert!(kept > 0, "a kept connection was released twice");
    }

    /// A connection broke: those that are idle now are not to be used again.
    pub fn retire_idle(&self) {
        self.retirements.fetch_add(1, Ordering::Relaxed);
    }

    /// Number of times that all idle connections were retired.
    pub fn retirements(&self) -> u32 {
        self.retirements.load(Ordering::Relaxed)
    }

    /// Kept connections now.
    pub fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }

    /// A kept connection is taken by an attempt.
    pub fn handle_busy(&self) {
        self.busy.fetch_add(1, Ordering::Relaxed);
    }

    /// An attempt gave its kept connection back, or up.
    pub fn handle_idle(&self) {
        let busy = self.busy.fetch_sub(1, Ordering::Relaxed);
        debug_assert!(busy > 0, "a kept connection was given back twice");
    }

    /// Kept connections that attempts use now.
    pub fn busy(&self) -> u32 {
        self.busy.load(Ordering::Relaxed)
    }
}
