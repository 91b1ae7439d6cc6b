//! Why an agent gave no answer.
//!
//!     for (size_t number = 0; number < hamirror_error_failure_count(error); number++) {
//!         const hamirror_failure *failure = hamirror_error_failure(error, number);
//!         hamirror_text message = hamirror_failure_message(failure);
//!         fprintf(stderr, "%.*s\n", (int)message.len, message.data);
//!     }

use hamirror_core::{AgentFailure, AttemptFailure, FailureKind, Phase};

use crate::failed::Told;
use crate::handle::{Borrowed, Handle, get, view};
use crate::panic::getter;
use crate::text::Text;

/// Connected, but no whole reply within agent_query_timeout.
pub const HAMIRROR_FAILURE_QUERY_TIMEOUT: i32 = 1;
/// Not connected, or no handshake, within agent_connect_timeout.
pub const HAMIRROR_FAILURE_CONNECT_TIMEOUT: i32 = 2;
/// The connection was refused, or the name has no address.
pub const HAMIRROR_FAILURE_CONNECT_FAILURE: i32 = 3;
/// The connection broke with an error of the operating system.
pub const HAMIRROR_FAILURE_NETWORK_ERROR: i32 = 4;
/// The reply breaks the protocol.
pub const HAMIRROR_FAILURE_WRONG_REPLY: i32 = 5;
/// The daemon closed the connection before its reply was whole.
pub const HAMIRROR_FAILURE_UNEXPECTED_CLOSING: i32 = 6;
/// The daemon answered ERROR, or an error inside its reply.
pub const HAMIRROR_FAILURE_REMOTE_ERROR: i32 = 7;
/// The daemon answered RETRY: it has no capacity now.
pub const HAMIRROR_FAILURE_REMOTE_RETRY: i32 = 8;
/// Silent for so long that another mirror was asked beside it, which answered first.
pub const HAMIRROR_FAILURE_OVERTAKEN: i32 = 9;
/// This process was given no socket, or no memory for a reply: descriptors, ports or memory ran
/// out. No mirror is to blame.
pub const HAMIRROR_FAILURE_LOCAL: i32 = 10;

/// Looking up the host's name.
pub const HAMIRROR_PHASE_RESOLVE: i32 = 1;
/// Waiting for the connection.
pub const HAMIRROR_PHASE_CONNECT: i32 = 2;
/// Connected, waiting for the daemon's version.
pub const HAMIRROR_PHASE_HANDSHAKE: i32 = 3;
/// Handing the request to the kernel.
pub const HAMIRROR_PHASE_SEND: i32 = 4;
/// Request sent, waiting for the first byte of the reply.
pub const HAMIRROR_PHASE_WAIT: i32 = 5;
/// Reading the reply.
pub const HAMIRROR_PHASE_READ: i32 = 6;

/// Why one agent gave no answer. Part of a hamirror_error or a hamirror_result, and lives until
/// that is freed; it never changes.
pub struct Failure {
    _private: [u8; 0],
}

impl Handle for Failure {
    type Rust = Told<AgentFailure>;
    type Ownership = Borrowed;
}

/// One failed attempt on one mirror. Part of a hamirror_failure, and lives as long as that.
pub struct Attempt {
    _private: [u8; 0],
}

impl Handle for Attempt {
    type Rust = AttemptFailure;
    type Ownership = Borrowed;
}

/// The whole failure in words: index, agent, each attempt. UTF-8; it lives as long as the failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_failure_message(failure: *const Failure) -> Text {
    getter!({ Some(Text::from(get(failure)?.message.as_str())) })
}

/// The distributed index. It lives as long as the failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_failure_index(failure: *const Failure) -> Text {
    getter!({ Some(Text::from(get(failure)?.value.index.as_str())) })
}

/// Number of the agent in its index, from 0, in the order that a master uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_failure_agent(failure: *const Failure) -> usize {
    getter!({ Some(get(failure)?.value.agent) })
}

/// The local index that failed, where it was that and no agent; empty otherwise. It lives as long
/// as the failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_failure_local(failure: *const Failure) -> Text {
    getter!({ Some(Text::from(get(failure)?.value.local.as_deref()?)) })
}

/// Text of the error that two mirrors gave alike, or the only one that was asked, so that the
/// query is at fault; empty otherwise.
/// It lives as long as the failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_failure_query_error(failure: *const Failure) -> Text {
    getter!({ Some(Text::from(get(failure)?.value.query_error.as_deref()?)) })
}

/// Whether time ran out, and no mirror said no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_failure_is_timeout(failure: *const Failure) -> bool {
    getter!({ Some(get(failure)?.value.is_timeout()) })
}

/// Whether the call's deadline ended it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_failure_deadline_passed(failure: *const Failure) -> bool {
    getter!({ Some(get(failure)?.value.deadline_passed) })
}

/// Whether enough other agents had answered, and the time that was left to this one is over:
/// soft_timeout_percent of hamirror_call_options.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_failure_soft_timeout_passed(failure: *const Failure) -> bool {
    getter!({ Some(get(failure)?.value.soft_timeout_passed) })
}

/// Whether the call was ended by hamirror_batch_cancel().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_failure_is_cancelled(failure: *const Failure) -> bool {
    getter!({ Some(get(failure)?.value.cancelled) })
}

/// Whether a change may have been made though nobody said so. The mirror had got it, or a part of
/// it, when its answer was lost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_failure_may_be_applied(failure: *const Failure) -> bool {
    getter!({ Some(get(failure)?.value.may_be_applied()) })
}

/// Attempts that failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_failure_attempt_count(failure: *const Failure) -> usize {
    getter!({ Some(get(failure)?.value.attempts.len()) })
}

/// The attempt of that number, oldest first from 0; NULL if there is none. It lives as long as
/// the failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_failure_attempt(
    failure: *const Failure,
    number: usize,
) -> *const Attempt {
    getter!({ Some(view(get(failure)?.value.attempts.get(number)?)) })
}

/// The mirror's host, as the configuration names it. It lives as long as the failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_attempt_host(attempt: *const Attempt) -> Text {
    getter!({ Some(Text::from(get(attempt)?.host.as_str())) })
}

/// Kind of a failed attempt, HAMIRROR_FAILURE_*; 0 for NULL, and for a kind that this header does
/// not know.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_attempt_kind(attempt: *const Attempt) -> i32 {
    getter!({
        let kind = get(attempt)?.kind;
        KINDS.iter().find(|(_, known)| *known == kind).map(|(number, _)| *number)
    })
}

/// What was under way when it failed: HAMIRROR_PHASE_*; 0 for NULL, and for a phase that this
/// header does not know.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_attempt_phase(attempt: *const Attempt) -> i32 {
    getter!({
        Some(match get(attempt)?.phase {
            Phase::Resolve => HAMIRROR_PHASE_RESOLVE,
            Phase::Connect => HAMIRROR_PHASE_CONNECT,
            Phase::Handshake => HAMIRROR_PHASE_HANDSHAKE,
            Phase::Send => HAMIRROR_PHASE_SEND,
            Phase::Wait => HAMIRROR_PHASE_WAIT,
            Phase::Read => HAMIRROR_PHASE_READ,
            _ => 0,
        })
    })
}

/// The fault in words, with the values met. It lives as long as the failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_attempt_message(attempt: *const Attempt) -> Text {
    getter!({ Some(Text::from(get(attempt)?.text.as_str())) })
}

/// Microseconds from the start of the attempt to its failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_attempt_elapsed_us(attempt: *const Attempt) -> u64 {
    getter!({ u64::try_from(get(attempt)?.elapsed.as_micros()).ok() })
}

/// `errno` of the operating system's error behind a failed attempt, such as ECONNREFUSED; 0 if
/// there was none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_attempt_errno(attempt: *const Attempt) -> i32 {
    getter!({ get(attempt)?.code })
}

/// The kind of that number, if there is one.
pub(crate) fn kind_of(number: i32) -> Option<FailureKind> {
    KINDS.iter().find(|(known, _)| *known == number).map(|(_, kind)| *kind)
}

const KINDS: [(i32, FailureKind); 10] = [
    (HAMIRROR_FAILURE_QUERY_TIMEOUT, FailureKind::QueryTimeout),
    (HAMIRROR_FAILURE_CONNECT_TIMEOUT, FailureKind::ConnectTimeout),
    (HAMIRROR_FAILURE_CONNECT_FAILURE, FailureKind::ConnectFailure),
    (HAMIRROR_FAILURE_NETWORK_ERROR, FailureKind::NetworkError),
    (HAMIRROR_FAILURE_WRONG_REPLY, FailureKind::WrongReply),
    (HAMIRROR_FAILURE_UNEXPECTED_CLOSING, FailureKind::UnexpectedClosing),
    (HAMIRROR_FAILURE_REMOTE_ERROR, FailureKind::RemoteError),
    (HAMIRROR_FAILURE_REMOTE_RETRY, FailureKind::RemoteRetry),
    (HAMIRROR_FAILURE_OVERTAKEN, FailureKind::Overtaken),
    (HAMIRROR_FAILURE_LOCAL, FailureKind::Local),
];
