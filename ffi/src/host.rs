//! What is known of one host.
//!
//!     const hamirror_host *host = hamirror_status_host(status, 0);
//!     hamirror_text name = hamirror_host_name(host);
//!     printf("%.*s: half of its queries end within %" PRId64 " us\n", (int)name.len, name.data,
//!            hamirror_host_latency_us(host, HAMIRROR_WINDOW_5_PERIODS, 0.5));

use std::time::Duration;

use hamirror_core::status::{HostState, HostStatus};
use hamirror_core::status::{Latencies, Window};

use crate::counter;
use crate::failure::Attempt;
use crate::handle::{Borrowed, Handle, get, view};
use crate::panic::getter;
use crate::text::Text;

/// The host gets its share of queries.
pub const HAMIRROR_HOST_LIVING: i32 = 1;
/// The host gets none until its next trial.
pub const HAMIRROR_HOST_DEAD: i32 = 2;
/// The host was found dead, and its one trial query is under way.
pub const HAMIRROR_HOST_ON_TRIAL: i32 = 3;

/// Since the client was made.
pub const HAMIRROR_WINDOW_SINCE_START: i32 = 0;
/// The running period of ha_period_karma.
pub const HAMIRROR_WINDOW_1_PERIOD: i32 = 1;
/// The last 5 periods.
pub const HAMIRROR_WINDOW_5_PERIODS: i32 = 5;
/// The last 15 periods.
pub const HAMIRROR_WINDOW_15_PERIODS: i32 = 15;

/// What is known of one host: one `host:port` or socket path, with its record, shared by all
/// mirrors that name it. Part of a hamirror_status, and lives until that is freed; it never
/// changes. Times are microseconds, and -1 where there was nothing to measure.
pub struct Host {
    _private: [u8; 0],
}

impl Handle for Host {
    type Rust = HostStatus;
    type Ownership = Borrowed;
}

/// Name in the configuration; empty for NULL. It lives as long as the host.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_name(host: *const Host) -> Text {
    getter!({ Some(Text::from(get(host)?.name.as_str())) })
}

/// Mirrors that name it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_references(host: *const Host) -> u32 {
    getter!({ Some(get(host)?.references) })
}

/// HAMIRROR_HOST_LIVING, _DEAD or _ON_TRIAL; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_state(host: *const Host) -> i32 {
    getter!({
        Some(match get(host)?.state {
            HostState::Living => HAMIRROR_HOST_LIVING,
            HostState::Dead => HAMIRROR_HOST_DEAD,
            HostState::OnTrial => HAMIRROR_HOST_ON_TRIAL,
        })
    })
}

/// Time that a host has been living or dead; from the start, if it was never anything else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_state_us(host: *const Host) -> i64 {
    getter!({ Some(microseconds(Some(get(host)?.state_for))) })
}

/// Failures since its last success.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_errors_in_row(host: *const Host) -> u32 {
    getter!({ Some(get(host)?.errors_in_row) })
}

/// Since the start of its last query or ping.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_last_query_us(host: *const Host) -> i64 {
    getter!({ Some(microseconds(get(host)?.last_query)) })
}

/// Since the end of its last query or ping.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_last_answer_us(host: *const Host) -> i64 {
    getter!({ Some(microseconds(get(host)?.last_answer)) })
}

/// From the start of the last query to the last end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_last_period_us(host: *const Host) -> i64 {
    getter!({ Some(microseconds(Some(get(host)?.last_period))) })
}

/// Whether it is pinged while idle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_is_pinged(host: *const Host) -> bool {
    getter!({ Some(get(host)?.is_pinged) })
}

/// Time that the last answered ping of a host took.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_ping_trip_us(host: *const Host) -> i64 {
    getter!({ Some(microseconds(get(host)?.ping_trip)) })
}

/// Whether some agent keeps its connections to it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_keeps_connections(host: *const Host) -> bool {
    getter!({ Some(get(host)?.keeps_connections) })
}

/// Kept connections, idle and in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_kept_connections(host: *const Host) -> u32 {
    getter!({ Some(get(host)?.kept_connections) })
}

/// Kept connections in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_busy_connections(host: *const Host) -> u32 {
    getter!({ Some(get(host)?.busy_connections) })
}

/// Attempts and pings under way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_in_flight(host: *const Host) -> u32 {
    getter!({ Some(get(host)?.in_flight) })
}

/// Whether its name has to be looked up before anything can be sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_needs_lookup(host: *const Host) -> bool {
    getter!({ Some(get(host)?.needs_lookup) })
}

/// Addresses in use, or a line that says why there are none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_address_count(host: *const Host) -> usize {
    getter!({ Some(get(host)?.addresses.len()) })
}

/// The address of that number from 0; empty if there is none. It lives as long as the host.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_address(host: *const Host, number: usize) -> Text {
    getter!({ Some(Text::from(get(host)?.addresses.get(number)?.as_str())) })
}

/// The last failure, with its phase; NULL without one. It lives as long as the host.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_last_failure(host: *const Host) -> *const Attempt {
    getter!({ Some(view(&get(host)?.last_failure.as_ref()?.0)) })
}

/// Since the last failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_last_failure_us(host: *const Host) -> i64 {
    getter!({ Some(microseconds(get(host)?.last_failure.as_ref().map(|(_, ago)| *ago))) })
}

/// A counter, HAMIRROR_COUNTER_*, over a time, HAMIRROR_WINDOW_*; 0 if there is no such one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_counter(
    host: *const Host,
    window: i32,
    counter: i32,
) -> u64 {
    getter!({ counter::value(self::window(get(host)?, window)?.0, counter) })
}

/// Queries of a time, HAMIRROR_WINDOW_*, whose latency is known; pings left out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_latency_count(host: *const Host, window: i32) -> u64 {
    getter!({ Some(self::window(get(host)?, window)?.1.count()) })
}

/// The latency within which that part of the queries of a time, HAMIRROR_WINDOW_*, ended. 0.5 is
/// the median, 0.99 leaves out one of a hundred, off by a sixteenth or 2 us at most; 1 and more is
/// the longest, exactly. Pings are left out. -1 without a query.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_host_latency_us(
    host: *const Host,
    window: i32,
    part: f64,
) -> i64 {
    getter!({
        let known = self::window(get(host)?, window);
        Some(microseconds(known.and_then(|(_, latencies)| match part {
            1.0.. => latencies.max(),
            part => latencies.quantile(part),
        })))
    })
}

fn window(host: &HostStatus, window: i32) -> Option<(&Window, &Latencies)> {
    let place = match window {
        HAMIRROR_WINDOW_SINCE_START => {
            return Some((&host.since_start, &host.latencies_since_start));
        }
        HAMIRROR_WINDOW_1_PERIOD => 0,
        HAMIRROR_WINDOW_5_PERIODS => 1,
        HAMIRROR_WINDOW_15_PERIODS => 2,
        _ => return None,
    };
    Some((&host.windows[place], &host.latencies[place]))
}

fn microseconds(time: Option<Duration>) -> i64 {
    time.map_or(-1, |time| i64::try_from(time.as_micros()).unwrap_or(i64::MAX))
}
