//! Counters of hosts and mirrors.

use hamirror_core::status::{Counter, Window};

/// No whole reply in time.
pub const HAMIRROR_COUNTER_QUERY_TIMEOUTS: i32 = 1;
/// No connection in time.
pub const HAMIRROR_COUNTER_CONNECT_TIMEOUTS: i32 = 2;
/// Connections refused.
pub const HAMIRROR_COUNTER_CONNECT_FAILURES: i32 = 3;
/// Connections broken.
pub const HAMIRROR_COUNTER_NETWORK_ERRORS: i32 = 4;
/// Replies against the protocol.
pub const HAMIRROR_COUNTER_WRONG_REPLIES: i32 = 5;
/// Connections closed before the reply.
pub const HAMIRROR_COUNTER_UNEXPECTED_CLOSINGS: i32 = 6;
/// Answers with warnings.
pub const HAMIRROR_COUNTER_WARNINGS: i32 = 7;
/// Answers without; of a host, pings included.
pub const HAMIRROR_COUNTER_SUCCEEDED_QUERIES: i32 = 8;
/// ERROR replies, whoever was to blame.
pub const HAMIRROR_COUNTER_REMOTE_ERRORS: i32 = 9;
/// RETRY replies.
pub const HAMIRROR_COUNTER_REMOTE_RETRIES: i32 = 10;
/// Attempts that another mirror, asked later, answered first.
pub const HAMIRROR_COUNTER_OVERTAKEN: i32 = 11;
/// Attempts for which this process had no socket; held against nobody.
pub const HAMIRROR_COUNTER_LOCAL_FAILURES: i32 = 12;
/// Connections made.
pub const HAMIRROR_COUNTER_CONNECTS: i32 = 13;
/// Microseconds spent in making connections, all together.
pub const HAMIRROR_COUNTER_CONNECT_US: i32 = 14;
/// Microseconds of the slowest connection.
pub const HAMIRROR_COUNTER_CONNECT_US_MAX: i32 = 15;
/// Microseconds of all queries together, pings left out.
pub const HAMIRROR_COUNTER_QUERY_US: i32 = 16;

/// A counter by its number; `None` if it is none.
pub(crate) fn value(window: &Window, number: i32) -> Option<u64> {
    let counter = match number {
        HAMIRROR_COUNTER_QUERY_TIMEOUTS => Counter::QueryTimeouts,
        HAMIRROR_COUNTER_CONNECT_TIMEOUTS => Counter::ConnectTimeouts,
        HAMIRROR_COUNTER_CONNECT_FAILURES => Counter::ConnectFailures,
        HAMIRROR_COUNTER_NETWORK_ERRORS => Counter::NetworkErrors,
        HAMIRROR_COUNTER_WRONG_REPLIES => Counter::WrongReplies,
        HAMIRROR_COUNTER_UNEXPECTED_CLOSINGS => Counter::UnexpectedClosings,
        HAMIRROR_COUNTER_WARNINGS => Counter::Warnings,
        HAMIRROR_COUNTER_SUCCEEDED_QUERIES => Counter::SucceededQueries,
        HAMIRROR_COUNTER_REMOTE_ERRORS => Counter::RemoteErrors,
        HAMIRROR_COUNTER_REMOTE_RETRIES => Counter::RemoteRetries,
        HAMIRROR_COUNTER_OVERTAKEN => Counter::Overtaken,
        HAMIRROR_COUNTER_LOCAL_FAILURES => Counter::LocalFailures,
        HAMIRROR_COUNTER_CONNECTS => return Some(window.connect_count()),
        HAMIRROR_COUNTER_CONNECT_US => return Some(window.connect_us()),
        HAMIRROR_COUNTER_CONNECT_US_MAX => return Some(window.connect_us_max()),
        HAMIRROR_COUNTER_QUERY_US => return Some(window.query_us()),
        _ => return None,
    };
    Some(window.get(counter))
}
