//! The one clock.
#![expect(clippy::disallowed_methods, reason = "this module is the clock")]

use std::time::Instant;

/// Monotonic time: setting the machine's clock changes nothing here.
pub fn now() -> Instant {
    Instant::now()
}
