//! What is known of agents and their mirrors.

use hamirror_core::status::{AgentStatus, MirrorStatus};

use crate::counter;
use crate::handle::{Borrowed, Handle, get, view};
use crate::panic::getter;
use crate::text::Text;

/// One agent of a distributed index. Part of a hamirror_status, and lives until that is freed; it
/// never changes.
pub struct Agent {
    _private: [u8; 0],
}

impl Handle for Agent {
    type Rust = AgentStatus;
    type Ownership = Borrowed;
}

/// One mirror of an agent, with its part in it. It lives as long as the agent.
pub struct Mirror {
    _private: [u8; 0],
}

impl Handle for Mirror {
    type Rust = MirrorStatus;
    type Ownership = Borrowed;
}

/// Distributed index of an agent; empty for NULL. It lives as long as the agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_agent_index(agent: *const Agent) -> Text {
    getter!({ Some(Text::from(get(agent)?.index.as_str())) })
}

/// Number of an agent in its index, from 0, in the order that a master uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_agent_number(agent: *const Agent) -> usize {
    getter!({ Some(get(agent)?.number) })
}

/// Strategy of an agent (ha_strategy), such as "nodeads"; empty for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_agent_strategy(agent: *const Agent) -> Text {
    getter!({ Some(Text::from(get(agent)?.strategy)) })
}

/// Whether it is sent to and never waited for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_agent_is_blackhole(agent: *const Agent) -> bool {
    getter!({ Some(get(agent)?.is_blackhole) })
}

/// Whether connections are kept after use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_agent_is_persistent(agent: *const Agent) -> bool {
    getter!({ Some(get(agent)?.is_persistent) })
}

/// Requests since the client was made that no mirror of the agent answered. Errors of the query
/// and calls that the program took back are left out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_agent_unanswered(agent: *const Agent) -> u64 {
    getter!({ Some(get(agent)?.unanswered) })
}

/// Number of mirrors of an agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_agent_mirror_count(agent: *const Agent) -> usize {
    getter!({ Some(get(agent)?.mirrors.len()) })
}

/// The mirror of that number from 0; NULL if there is none. It lives as long as the agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_agent_mirror(
    agent: *const Agent,
    number: usize,
) -> *const Mirror {
    getter!({ Some(view(get(agent)?.mirrors.get(number)?)) })
}

/// `host:port:index list`; empty for NULL. It lives as long as the agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirror_id(mirror: *const Mirror) -> Text {
    getter!({ Some(Text::from(get(mirror)?.id.as_str())) })
}

/// Name of its host, as hamirror_status_find_host() takes it; empty for NULL. It lives as long as
/// the agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirror_host(mirror: *const Mirror) -> Text {
    getter!({ Some(Text::from(get(mirror)?.host.as_str())) })
}

/// Weight by latency in percent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirror_weight(mirror: *const Mirror) -> f64 {
    getter!({ Some(get(mirror)?.weight) })
}

/// Percent of the next queries.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirror_share(mirror: *const Mirror) -> f64 {
    getter!({ Some(get(mirror)?.share) })
}

/// A counter, HAMIRROR_COUNTER_*, of what this mirror was asked since the client was made, pings
/// left out; 0 if there is no such one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirror_counter(mirror: *const Mirror, counter: i32) -> u64 {
    getter!({ counter::value(&get(mirror)?.since_start, counter) })
}
