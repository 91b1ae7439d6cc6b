//! The one source of randomness.
#![expect(clippy::disallowed_methods, reason = "this module is the seed")]

use std::hash::{BuildHasher, RandomState};

use super::process;

/// A number that differs from process to process and from call to call.
pub(crate) fn seed() -> u64 {
    RandomState::new().hash_one(process::id())
}
