//! Statements of SphinxQL.
//!
//!     code = hamirror_session_execute(session, "SELECT id FROM packages; SHOW META", NULL, NULL,
//!                                     &answers, &error);
//!     if (code == HAMIRROR_OK)
//!         printf("%zu answers\n", hamirror_answers_count(answers));
//!     hamirror_answers_free(answers);

use std::ffi::c_char;

use hamirror_core::Session as CoreSession;

use crate::answer::Answers;
use crate::arguments;
use crate::client::Client;
use crate::error::Error;
use crate::handle::{self, Exclusive, Handle, Owned, need};
use crate::options::{self, CallOptions};
use crate::panic::{fallible, getter};
use crate::parameters::{self, Parameters};

/// Runs statements of SphinxQL one after the other, and remembers what SHOW META and SHOW WARNINGS
/// tell of the last search. One thread at a time may use it. It keeps its client alive. End it
/// with hamirror_session_free().
pub struct Session {
    _private: [u8; 0],
}

impl Handle for Session {
    type Rust = Exclusive<CoreSession>;
    type Ownership = Owned;
}

/// Runs a statement of SphinxQL, or several between semicolons, and waits for the answers.
///
/// Searches go to all agents over the binary API; SHOW META, SHOW WARNINGS, SHOW STATUS, SHOW
/// AGENT STATUS, SHOW TABLES and DESCRIBE are answered by the library. `statement` is
/// NUL-terminated UTF-8; `parameters` may be NULL if it has no free place, `options` for the
/// defaults. End the answers with hamirror_answers_free().
///
/// HAMIRROR_ERROR_REQUEST with a diagnostic for what is no statement or can't be done here, before
/// anything is sent; otherwise the errors are those of hamirror_client_search().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_execute(
    client: *const Client,
    statement: *const c_char,
    parameters: *const Parameters,
    options: *const CallOptions,
    out_answers: *mut *mut Answers,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_answers = arguments::out_handle(out_answers, "out_answers")?;
        let client = need(client, "client")?;
        let statement = arguments::text(statement, "statement")?;
        let parameters = parameters::read(parameters)?;
        let options = options::call(options)?;
        let answers = client.execute_with(statement, &parameters, &options)?;
        out_answers.write(handle::new(answers));
        Ok(())
    })
}

/// A session without a search yet. HAMIRROR_ERROR_ARGUMENT for NULL, and nothing else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_session_new(
    client: *const Client,
    out_session: *mut *mut Session,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_session = arguments::out_handle(out_session, "out_session")?;
        let client = need(client, "client")?;
        out_session.write(handle::new(Exclusive::new(client.session())));
        Ok(())
    })
}

/// Runs statements as hamirror_client_execute() does, whose errors are those of
/// hamirror_client_execute(); HAMIRROR_ERROR_REENTRANT while another call uses the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_session_execute(
    session: *mut Session,
    statement: *const c_char,
    parameters: *const Parameters,
    options: *const CallOptions,
    out_answers: *mut *mut Answers,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_answers = arguments::out_handle(out_answers, "out_answers")?;
        let mut session = need(session.cast_const(), "session")?.write("session")?;
        let statement = arguments::text(statement, "statement")?;
        let parameters = parameters::read(parameters)?;
        let options = options::call(options)?;
        let answers = session.execute_with(statement, &parameters, &options)?;
        out_answers.write(handle::new(answers));
        Ok(())
    })
}

/// Ends a session; its answers stay. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_session_free(session: *mut Session) {
    getter!({
        handle::free(session);
        None
    })
}
