//! Codes and error objects.

use hamirror_core::config::Diagnostic as CoreDiagnostic;
use hamirror_core::{AgentFailure, Error as CoreError};

use crate::callback::CallbackError;
use crate::diagnostic::Diagnostic;
use crate::failure::{Failure, Told};
use crate::handle::{self, Handle, Owned, get, view};
use crate::panic::getter;
use crate::text::Text;

/// It worked.
pub const HAMIRROR_OK: i32 = 0;
/// An argument can't be used: NULL, not UTF-8, a number that none of the constants has, a wrong
/// size. Correct the call.
pub const HAMIRROR_ERROR_ARGUMENT: i32 = 1;
/// The configuration was refused. The message has a line for each fault; see also
/// hamirror_error_diagnostic().
pub const HAMIRROR_ERROR_CONFIG: i32 = 2;
/// The request was refused before it was sent: it can't be encoded, or it is incomplete.
pub const HAMIRROR_ERROR_REQUEST: i32 = 3;
/// A name or number does not exist here: an index, an agent, a column, a row.
pub const HAMIRROR_ERROR_UNKNOWN: i32 = 4;
/// A call against the rules, such as asking twice for one result.
pub const HAMIRROR_ERROR_MISUSE: i32 = 5;
/// No agent answered, or fewer than the call's completeness demands. See
/// hamirror_error_failure() for each agent and each attempt.
pub const HAMIRROR_ERROR_UNANSWERED: i32 = 6;
/// The agents' answers do not fit together: their indexes differ.
pub const HAMIRROR_ERROR_MERGE: i32 = 7;
/// The operating system refused something that the library needs for itself.
pub const HAMIRROR_ERROR_SYSTEM: i32 = 8;
/// The handle is in use by another call at this moment. Nothing was done.
pub const HAMIRROR_ERROR_REENTRANT: i32 = 9;
/// A fault inside the library. The handle that was being changed answers nothing else from now
/// on; free it.
pub const HAMIRROR_ERROR_PANIC: i32 = 10;
/// The value is of another type; ask hamirror_result_value_type().
pub const HAMIRROR_ERROR_TYPE: i32 = 11;
/// The batch was made before a fork, and this is the child: free it, and make a new one. The
/// client goes on working in the child.
pub const HAMIRROR_ERROR_FORKED: i32 = 12;
/// An error that this header has no code for; see its message.
pub const HAMIRROR_ERROR_OTHER: i32 = 13;
/// A callback of the program's own ended the call; hamirror_error_callback_code() has the number
/// that it returned.
pub const HAMIRROR_ERROR_CALLBACK: i32 = 14;

/// An error: code, message and details. It never changes, so any number of threads may read it.
/// End it with hamirror_error_free().
pub struct Error {
    _private: [u8; 0],
}

impl Handle for Error {
    type Rust = ErrorDetail;
    type Ownership = Owned;
}

/// What a pointer to [`Error`] points to.
#[derive(Debug, Default)]
pub(crate) struct ErrorDetail {
    pub(crate) code: i32,
    message: String,
    is_timeout: bool,
    is_query_error: bool,
    callback_code: i32,
    agents: usize,
    agents_answered: usize,
    failures: Vec<Told<AgentFailure>>,
    diagnostics: Vec<Told<CoreDiagnostic>>,
}

/// Code of the error: HAMIRROR_ERROR_*, or HAMIRROR_OK for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_code(error: *const Error) -> i32 {
    getter!({ Some(get(error)?.code) })
}

/// What is wrong in words, with the names and values concerned; of a configuration each fault
/// with its line and a caret below the place. UTF-8; empty for NULL. It lives until the error is
/// freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_message(error: *const Error) -> Text {
    getter!({ Some(Text::from(get(error)?.message.as_str())) })
}

/// Whether time ran out for every agent that failed, and no mirror said no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_is_timeout(error: *const Error) -> bool {
    getter!({ Some(get(error)?.is_timeout) })
}

/// Whether the query itself is at fault: mirrors were reached and refused it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_is_query_error(error: *const Error) -> bool {
    getter!({ Some(get(error)?.is_query_error) })
}

/// The number that a callback of the program's own returned, as it was, where the code is
/// HAMIRROR_ERROR_CALLBACK; 0 otherwise.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_callback_code(error: *const Error) -> i32 {
    getter!({ Some(get(error)?.callback_code) })
}

/// Agents that were asked; 0 where the error is none of agents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_agents(error: *const Error) -> usize {
    getter!({ Some(get(error)?.agents) })
}

/// Agents that answered nevertheless.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_agents_answered(error: *const Error) -> usize {
    getter!({ Some(get(error)?.agents_answered) })
}

/// Agents that failed, each with a hamirror_failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_failure_count(error: *const Error) -> usize {
    getter!({ Some(get(error)?.failures.len()) })
}

/// The failure of that number from 0; NULL if there is none. It lives until the error is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_failure(
    error: *const Error,
    number: usize,
) -> *const Failure {
    getter!({ Some(view(get(error)?.failures.get(number)?)) })
}

/// Faults of the configuration, each with a hamirror_diagnostic.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_diagnostic_count(error: *const Error) -> usize {
    getter!({ Some(get(error)?.diagnostics.len()) })
}

/// The fault of that number from 0; NULL if there is none. It lives until the error is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_diagnostic(
    error: *const Error,
    number: usize,
) -> *const Diagnostic {
    getter!({ Some(view(get(error)?.diagnostics.get(number)?)) })
}

/// Ends an error and everything that was borrowed from it. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_free(error: *mut Error) {
    getter!({
        handle::free(error);
        None
    })
}

/// Why an exported function fails.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) Box<ErrorDetail>);

impl Failed {
    pub(crate) fn new(code: i32, message: impl Into<String>) -> Failed {
        Failed(Box::new(ErrorDetail { code, message: message.into(), ..ErrorDetail::default() }))
    }

    pub(crate) fn argument(message: impl Into<String>) -> Failed {
        Failed::new(HAMIRROR_ERROR_ARGUMENT, message)
    }

    pub(crate) fn null(name: &str) -> Failed {
        Failed::argument(format!("{name} is NULL"))
    }

    pub(crate) fn number(name: &str, number: i32) -> Failed {
        Failed::argument(format!("{name} is {number}, which is none of its constants"))
    }

    pub(crate) fn callback(error: CallbackError) -> Failed {
        let mut failed = Failed::new(HAMIRROR_ERROR_CALLBACK, error.to_string());
        failed.0.callback_code = error.0;
        failed
    }

    pub(crate) fn panicked(text: &str) -> Failed {
        Failed::new(HAMIRROR_ERROR_PANIC, format!("panic inside the library: {text}"))
    }
}

impl From<CoreError> for Failed {
    fn from(error: CoreError) -> Failed {
        let callback = error.program().and_then(|error| error.downcast_ref::<CallbackError>());
        let mut detail = ErrorDetail {
            code: callback.map_or(code_of(&error), |_| HAMIRROR_ERROR_CALLBACK),
            callback_code: callback.map_or(0, |CallbackError(code)| *code),
            message: error.to_string(),
            is_timeout: error.is_timeout(),
            is_query_error: error.is_query_error(),
            ..ErrorDetail::default()
        };
        match error {
            CoreError::Unanswered { answered, agents, failures } => {
                detail.agents_answered = answered;
                detail.agents = agents;
                detail.failures = failures.into_iter().map(Told::from).collect();
            }
            CoreError::Config(diagnostics) => {
                detail.diagnostics = diagnostics.into_iter().map(Told::from).collect();
            }
            _ => {}
        }
        Failed(Box::new(detail))
    }
}

fn code_of(error: &CoreError) -> i32 {
    match error {
        CoreError::Config(_) => HAMIRROR_ERROR_CONFIG,
        CoreError::Request(_) => HAMIRROR_ERROR_REQUEST,
        CoreError::Unknown(_) => HAMIRROR_ERROR_UNKNOWN,
        CoreError::Misuse(_) => HAMIRROR_ERROR_MISUSE,
        CoreError::Unanswered { .. } => HAMIRROR_ERROR_UNANSWERED,
        CoreError::Merge(_) => HAMIRROR_ERROR_MERGE,
        CoreError::System(_) => HAMIRROR_ERROR_SYSTEM,
        CoreError::Forked => HAMIRROR_ERROR_FORKED,
        _ => HAMIRROR_ERROR_OTHER,
    }
}
