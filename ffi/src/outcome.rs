//! What became of one agent of a search.
//!
//!     for (size_t number = 0; number < hamirror_result_outcome_count(result); number++) {
//!         const hamirror_outcome *outcome = hamirror_result_outcome(result, number);
//!         hamirror_text host = hamirror_outcome_host(outcome);
//!         printf("agent %zu: %.*s\n", hamirror_outcome_agent(outcome), (int)host.len, host.data);
//!     }

use hamirror_core::search::AgentOutcome;

use crate::handle::{Borrowed, Handle, get};
use crate::panic::getter;
use crate::text::Text;

/// What became of one agent of a search, or of one local index. Part of a hamirror_result or a
/// hamirror_answer, and lives as long as that; it never changes.
pub struct Outcome {
    _private: [u8; 0],
}

impl Handle for Outcome {
    type Rust = AgentOutcome;
    type Ownership = Borrowed;
}

/// The distributed index. It lives as long as the outcome.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_outcome_index(outcome: *const Outcome) -> Text {
    getter!({ Some(Text::from(get(outcome)?.index.as_str())) })
}

/// Number of the agent in its index, from 0; 0 for a local index.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_outcome_agent(outcome: *const Outcome) -> usize {
    getter!({ Some(get(outcome)?.agent) })
}

/// Name of the local index, where it is one and no agent; empty otherwise. It lives as long as the
/// outcome.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_outcome_local(outcome: *const Outcome) -> Text {
    getter!({ Some(Text::from(get(outcome)?.local.as_deref()?)) })
}

/// Host of the mirror whose answer is in the result, as the configuration names it. Empty without
/// an answer, and for a local index. It lives as long as the outcome.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_outcome_host(outcome: *const Outcome) -> Text {
    getter!({ Some(Text::from(get(outcome)?.host.as_deref()?)) })
}

/// Number of the failure, for hamirror_result_failure() or hamirror_answer_failure(). SIZE_MAX,
/// for which these give NULL, if the agent answered in full.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_outcome_failure(outcome: *const Outcome) -> usize {
    getter!({ Some(get(outcome)?.failure.unwrap_or(usize::MAX)) })
}

/// Whether the agent answered in full.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_outcome_is_complete(outcome: *const Outcome) -> bool {
    getter!({ Some(get(outcome)?.is_complete()) })
}

/// Whether rows of the agent are in the result though agents of its own are missing from them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_outcome_is_partial(outcome: *const Outcome) -> bool {
    getter!({ Some(get(outcome)?.is_partial()) })
}

/// Microseconds from the start of the search to the agent's answer or failure; 0 for a local
/// index.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_outcome_elapsed_us(outcome: *const Outcome) -> u64 {
    getter!({ u64::try_from(get(outcome)?.elapsed.as_micros()).ok() })
}

/// Number of attempts on its mirrors, those made beside a silent one included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_outcome_attempts(outcome: *const Outcome) -> u32 {
    getter!({ Some(get(outcome)?.attempts) })
}

/// Whether the mirror of the call's mirror_key has answered; false without a key or an answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_outcome_kept_mirror(outcome: *const Outcome) -> bool {
    getter!({ get(outcome)?.kept_mirror })
}

/// Whether another mirror than that of the call's mirror_key has answered; false without a key or
/// an answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_outcome_left_mirror(outcome: *const Outcome) -> bool {
    getter!({ Some(get(outcome)?.kept_mirror == Some(false)) })
}
