//! Statements of SphinxQL.
//!
//!     code = hamirror_session_execute(session, "SELECT id FROM packages; SHOW META", NULL, NULL,
//!                                     &answers, &error);
//!     if (code == HAMIRROR_OK)
//!         printf("%zu answers\n", hamirror_answers_count(answers));
//!     hamirror_answers_free(answers);

use std::ffi::c_char;

use hamirror_core::Session as CoreSession;

use crate::answer::{AnswerDetail, Answers};
use crate::arguments;
use crate::batch::{poll_timeout_ms, timeout};
use crate::client::Client;
use crate::error::Error;
use crate::handle::{self, Exclusive, Handle, Owned, get, need};
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
        out_answers.write(handle::new(AnswerDetail::of_all(answers)));
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
        out_answers.write(handle::new(AnswerDetail::of_all(answers)));
        Ok(())
    })
}

/// Starts statements for an event loop or while the program works, and takes back those that are
/// under way; hamirror_session_wait() has the answers. What is no statement is told here, and
/// otherwise nothing is sent before the first wait. The errors are those of
/// hamirror_client_execute(); HAMIRROR_ERROR_REENTRANT while another call uses the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_session_start(
    session: *mut Session,
    statement: *const c_char,
    parameters: *const Parameters,
    options: *const CallOptions,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let mut session = need(session.cast_const(), "session")?.write("session")?;
        let statement = arguments::text(statement, "statement")?;
        let parameters = parameters::read(parameters)?;
        Ok(session.start(statement, &parameters, &options::call(options)?)?)
    })
}

/// Waits for the statements that were started. `out_answers` becomes NULL while agents are at work
/// after `timeout_ms` milliseconds, and maybe sooner: call it again. Below 0 the time is without
/// end; 0 does what is to be done now. End the answers with hamirror_answers_free().
///
/// The errors are those of hamirror_client_execute(); HAMIRROR_ERROR_MISUSE if nothing is under
/// way, HAMIRROR_ERROR_REENTRANT while another call uses the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_session_wait(
    session: *mut Session,
    timeout_ms: i64,
    out_answers: *mut *mut Answers,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_answers = arguments::out_handle(out_answers, "out_answers")?;
        let mut session = need(session.cast_const(), "session")?.write("session")?;
        if let Some(answers) = session.wait(timeout(timeout_ms))? {
            out_answers.write(handle::new(AnswerDetail::of_all(answers)));
        }
        Ok(())
    })
}

/// Readable when hamirror_session_wait() has something to do, for poll, select or epoll; -1 while
/// no agent is at work, and for NULL. Each statement has another one: ask for it after each wait.
/// The session owns it: never read from it and never close it. Take it out of your loop before you
/// wait, start, cancel, or call hamirror_session_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_session_fd(session: *const Session) -> i32 {
    getter!({
        let session = get(session).and_then(|session| session.read("session").ok());
        Some(session.and_then(|session| session.fd()).unwrap_or(-1))
    })
}

/// Milliseconds until hamirror_session_wait() is due even if the descriptor stays quiet, as poll()
/// takes them: -1 while nothing is under way. 0 where a wait would answer with an error of the
/// handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_session_timeout_ms(session: *const Session) -> i32 {
    getter!({ Some(poll_timeout_ms(get(session)?.read("session").ok()?.timeout())) })
}

/// Takes back the statements that are under way. HAMIRROR_ERROR_REENTRANT while another call uses
/// the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_session_cancel(
    session: *mut Session,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        need(session.cast_const(), "session")?.write("session")?.cancel();
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
