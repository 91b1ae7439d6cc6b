//! Knowledge of a daemon from its greeting and its answers.

use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering};

use crate::request::{Product, Reply, ReplyStatus};
use crate::wire::search::{Layout, Refused};

/// When it greets, and whose daemon it is.
#[derive(Debug, Default)]
pub struct Greeting {
    greets_first: AtomicBool,
    late_greetings: AtomicU32,
    /// Version of SEARCH in the last answer, or in a refusal since; 0 without one.
    search_version: AtomicU16,
    /// The highest master that the daemon may take; 0 while it has refused none.
    master_max: AtomicU32,
}

impl Greeting {
    /// True if the daemon sends its version before it has read anything: then a handshake that
    /// does not come is a connect timeout. Manticore may send it with the first reply only
    /// (core/docs/spec/protocol.md 1.2).
    pub fn greets_first(&self) -> bool {
        self.greets_first.load(Ordering::Relaxed)
    }

    /// True if the daemon says nothing before its first reply, so that a connection without a
    /// greeting may long have been accepted.
    pub fn greets_last(&self) -> bool {
        !self.greets_first() && self.late_greetings.load(Ordering::Relaxed) >= LATE_GREETINGS
    }

    /// The daemon's version came, before its reply or with it. Once before proves that it greets
    /// first; with it may be chance.
    pub fn handle_greeting(&self, is_early: bool) {
        if is_early {
            self.greets_first.store(true, Ordering::Relaxed);
        } else {
            self.late_greetings.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// An answer to a SEARCH says which version of that the daemon has.
    pub fn handle_search_version(&self, version: u16) {
        if self.search_version.swap(version, Ordering::Relaxed) != version {
            self.master_max.store(0, Ordering::Relaxed);
        }
    }

    /// A daemon refused a SEARCH that was written for a newer one.
    pub fn handle_refusal(&self, reply: &Reply) {
        if reply.status != ReplyStatus::Error {
            return;
        }
        match Refused::read(&reply.text()) {
            Some(Refused::Version(version)) => self.handle_search_version(version),
            Some(Refused::Master) => {
                let lower = reply.layout.lower_master().unwrap_or(reply.layout.master);
                self.master_max.store(lower, Ordering::Relaxed);
            }
            None => {}
        }
    }

    /// The layout of a SEARCH that the daemon takes, for all that is known.
    pub fn layout(&self) -> Layout {
        let master_max = self.master_max.load(Ordering::Relaxed);
        let version = self.search_version.load(Ordering::Relaxed);
        Layout::of_daemon(version, (master_max > 0).then_some(master_max))
    }

    /// Whose daemon listens there, for all that is known.
    pub fn product(&self) -> Product {
        match self.search_version.load(Ordering::Relaxed) {
            0 => Product::Unknown,
            version => Product::of_search(version),
        }
    }

    /// Takes over what another one knows.
    pub(super) fn inherit(&self, other: &Self) {
        self.greets_first.store(other.greets_first(), Ordering::Relaxed);
        let late_greetings = other.late_greetings.load(Ordering::Relaxed);
        self.late_greetings.store(late_greetings, Ordering::Relaxed);
        let search_version = other.search_version.load(Ordering::Relaxed);
        self.search_version.store(search_version, Ordering::Relaxed);
        let master_max = other.master_max.load(Ordering::Relaxed);
        self.master_max.store(master_max, Ordering::Relaxed);
    }

    /// Another daemon may listen there from now on, with other manners.
    pub(super) fn forget(&self) {
        self.inherit(&Self::default());
    }
}

/// Greetings that came with the reply, and none before it, after which this is no chance.
const LATE_GREETINGS: u32 = 16;
