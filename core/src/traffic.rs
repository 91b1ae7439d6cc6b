//! Counters of a whole client, for SHOW STATUS (core/docs/spec/distributed.md 7.3).

use std::sync::atomic::{AtomicU64, Ordering};

/// Counted by all threads of a client.
#[derive(Debug, Default)]
pub struct TrafficCounters {
    connects: AtomicU64,
    retries: AtomicU64,
    queries: AtomicU64,
}

impl TrafficCounters {
    /// A connection is begun.
    pub fn handle_connect(&self) {
        self.connects.fetch_add(1, Ordering::Relaxed);
    }

    /// A call makes another attempt.
    pub fn handle_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// A request to the agents of an index begins.
    pub fn handle_query(&self) {
        self.queries.fetch_add(1, Ordering::Relaxed);
    }

    /// Connections begun, pings included.
    pub fn connects(&self) -> u64 {
        self.connects.load(Ordering::Relaxed)
    }

    /// Attempts of a call beyond its first.
    pub fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Requests to the agents of an index.
    pub fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }
}
