//! The one clock.
#![expect(clippy::disallowed_methods, reason = "this module is the clock")]

use std::time::{Instant, SystemTime};

/// Monotonic time: setting the machine's clock changes nothing here.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The calendar's time, for what is sorted by age; no timer ever uses it.
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}
