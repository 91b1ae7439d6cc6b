//! Codes of errors.

/// Success.
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
