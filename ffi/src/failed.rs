//! Why an exported function fails, before C hears of it.

use hamirror_core::config::Diagnostic as CoreDiagnostic;
use hamirror_core::{AgentFailure, Error as CoreError};

use crate::callback::CallbackError;
use crate::code::{
    HAMIRROR_ERROR_ARGUMENT, HAMIRROR_ERROR_CALLBACK, HAMIRROR_ERROR_CONFIG,
    HAMIRROR_ERROR_FORKED, HAMIRROR_ERROR_MERGE, HAMIRROR_ERROR_MISUSE, HAMIRROR_ERROR_OTHER,
    HAMIRROR_ERROR_PANIC, HAMIRROR_ERROR_REQUEST, HAMIRROR_ERROR_SYSTEM,
    HAMIRROR_ERROR_UNANSWERED, HAMIRROR_ERROR_UNKNOWN,
};

/// Why an exported function fails.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) Box<ErrorDetail>);

/// What a pointer to an error points to.
#[derive(Debug, Default)]
pub(crate) struct ErrorDetail {
    pub(crate) code: i32,
    pub(crate) message: String,
    pub(crate) is_timeout: bool,
    pub(crate) is_query_error: bool,
    pub(crate) callback_code: i32,
    pub(crate) agents: usize,
    pub(crate) agents_answered: usize,
    pub(crate) failures: Vec<Told<AgentFailure>>,
    pub(crate) diagnostics: Vec<Told<CoreDiagnostic>>,
}

/// A value with its text, as C borrows both.
#[derive(Debug)]
pub(crate) struct Told<T> {
    pub(crate) value: T,
    pub(crate) message: String,
}

impl<T: ToString> From<T> for Told<T> {
    fn from(value: T) -> Told<T> {
        Told { message: value.to_string(), value }
    }
}

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
            CoreError::Statement(diagnostic) => detail.diagnostics = vec![Told::from(diagnostic)],
            _ => {}
        }
        Failed(Box::new(detail))
    }
}

fn code_of(error: &CoreError) -> i32 {
    match error {
        CoreError::Config(_) => HAMIRROR_ERROR_CONFIG,
        CoreError::Request(_) | CoreError::Statement(_) => HAMIRROR_ERROR_REQUEST,
        CoreError::Unknown(_) => HAMIRROR_ERROR_UNKNOWN,
        CoreError::Misuse(_) => HAMIRROR_ERROR_MISUSE,
        CoreError::Unanswered { .. } => HAMIRROR_ERROR_UNANSWERED,
        CoreError::Merge(_) => HAMIRROR_ERROR_MERGE,
        CoreError::System(_) => HAMIRROR_ERROR_SYSTEM,
        CoreError::Forked => HAMIRROR_ERROR_FORKED,
        _ => HAMIRROR_ERROR_OTHER,
    }
}
