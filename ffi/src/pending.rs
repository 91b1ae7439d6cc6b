//! Commands under way: what is asked beside searches, in event loops and while a program works.
//!
//!     code = hamirror_client_start_keywords(client, "packages", "small libraries", 1, NULL,
//!                                           &pending, &error);
//!     code = hamirror_pending_wait_keywords(pending, -1, &keywords, &error);
//!     printf("%zu keywords\n", hamirror_keywords_count(keywords));
//!     hamirror_pending_free(pending);

use std::ffi::c_char;
use std::time::Duration;

use hamirror_core::command::{Keywords as CoreKeywords, Pending as CorePending};

use crate::arguments;
use crate::batch::{poll_timeout_ms, timeout};
use crate::client::Client;
use crate::code::HAMIRROR_ERROR_MISUSE;
use crate::error::Error;
use crate::excerpt_options::{self, ExcerptOptions};
use crate::excerpts::{self, Excerpts};
use crate::failed::Failed;
use crate::handle::{self, Exclusive, Handle, Owned, get, need};
use crate::keywords::Keywords;
use crate::mirrored::{self, Mirrored, MirroredDetail};
use crate::options::{self, CallOptions};
use crate::panic::{fallible, getter};
use crate::parameters::{self, Parameters};
use crate::text::Text;
use crate::update::Update;

/// A command under way. Wait for its outcome, which is told once, or put its descriptor into an
/// event loop: when that is readable, or the time of hamirror_pending_timeout_ms() has passed,
/// wait with a `timeout_ms` of 0. One thread at a time may use it. End it with
/// hamirror_pending_free(): a command that has not ended is taken back, and what agents have got
/// of it stays done.
pub struct Pending {
    _private: [u8; 0],
}

impl Handle for Pending {
    type Rust = Exclusive<Command>;
    type Ownership = Owned;
}

/// What a pointer to [`Pending`] points to, by what comes of it.
pub(crate) enum Command {
    Excerpts(CorePending<Vec<Vec<u8>>>),
    Keywords(CorePending<CoreKeywords>),
    Mirrored(CorePending<MirroredDetail>),
}

/// Starts what hamirror_client_excerpts() does; hamirror_pending_wait_excerpts() has the outcome.
/// Documents and options are copied. The errors are those of hamirror_client_excerpts(), of which
/// those of agents come with the outcome.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_start_excerpts(
    client: *const Client,
    index: *const c_char,
    documents: *const Text,
    documents_len: usize,
    words: *const c_char,
    excerpt_options: *const ExcerptOptions,
    options: *const CallOptions,
    out_pending: *mut *mut Pending,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_pending = arguments::out_handle(out_pending, "out_pending")?;
        let client = need(client, "client")?;
        let index = arguments::text(index, "index")?;
        let documents = excerpts::texts(documents, documents_len)?;
        let words = arguments::text(words, "words")?;
        let excerpt = excerpt_options::read(excerpt_options)?;
        let options = options::call(options)?;
        let started = client.start_excerpts(index, &documents, words, &excerpt, &options)?;
        out_pending.write(handle::new(Exclusive::new(Command::Excerpts(started))));
        Ok(())
    })
}

/// Starts what hamirror_client_keywords() does; hamirror_pending_wait_keywords() has the outcome.
/// The errors are those of hamirror_client_keywords(), of which those of agents come with the
/// outcome.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_start_keywords(
    client: *const Client,
    index: *const c_char,
    text: *const c_char,
    with_statistics: i32,
    options: *const CallOptions,
    out_pending: *mut *mut Pending,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_pending = arguments::out_handle(out_pending, "out_pending")?;
        let client = need(client, "client")?;
        let index = arguments::text(index, "index")?;
        let text = arguments::text(text, "text")?;
        let options = options::call(options)?;
        let started = client.start_keywords(index, text, with_statistics != 0, &options)?;
        out_pending.write(handle::new(Exclusive::new(Command::Keywords(started))));
        Ok(())
    })
}

/// Starts what hamirror_client_update() does; hamirror_pending_wait_mirrored() has the outcome.
/// The update is copied. The errors are those of hamirror_client_update(), of which those of
/// agents come with the outcome.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_start_update(
    client: *const Client,
    index: *const c_char,
    update: *const Update,
    options: *const CallOptions,
    out_pending: *mut *mut Pending,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_pending = arguments::out_handle(out_pending, "out_pending")?;
        let client = need(client, "client")?;
        let index = arguments::text(index, "index")?;
        let options = options::call(options)?;
        let update = need(update, "update")?.read("update")?.get();
        let started = client.start_update(index, &update, &options)?.map(MirroredDetail::from);
        out_pending.write(handle::new(Exclusive::new(Command::Mirrored(started))));
        Ok(())
    })
}

/// Starts what hamirror_client_flush_attributes() does; hamirror_pending_wait_mirrored() has the
/// outcome. The errors are those of hamirror_client_update(), of which those of agents come with
/// the outcome.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_start_flush_attributes(
    client: *const Client,
    index: *const c_char,
    options: *const CallOptions,
    out_pending: *mut *mut Pending,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_pending = arguments::out_handle(out_pending, "out_pending")?;
        let client = need(client, "client")?;
        let index = arguments::text(index, "index")?;
        let started = client.start_flush_attributes(index, &options::call(options)?)?;
        let started = Command::Mirrored(started.map(MirroredDetail::of_flushes));
        out_pending.write(handle::new(Exclusive::new(started)));
        Ok(())
    })
}

/// Starts what hamirror_client_daemon_status() does; hamirror_pending_wait_mirrored() has the
/// outcome. The errors are those of hamirror_client_update(), of which those of agents come with
/// the outcome.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_start_daemon_status(
    client: *const Client,
    index: *const c_char,
    options: *const CallOptions,
    out_pending: *mut *mut Pending,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_pending = arguments::out_handle(out_pending, "out_pending")?;
        let client = need(client, "client")?;
        let index = arguments::text(index, "index")?;
        let started = client.start_daemon_status(index, &options::call(options)?)?;
        let started = Command::Mirrored(started.map(MirroredDetail::of_counters));
        out_pending.write(handle::new(Exclusive::new(started)));
        Ok(())
    })
}

/// Starts what hamirror_client_execute_on_agent() does; hamirror_pending_wait_mirrored() has the
/// outcome. The errors are those of hamirror_client_execute_on_agent(), of which those of agents
/// come with the outcome.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_start_on_agent(
    client: *const Client,
    agent: usize,
    mirror: i64,
    statement: *const c_char,
    parameters: *const Parameters,
    options: *const CallOptions,
    out_pending: *mut *mut Pending,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_pending = arguments::out_handle(out_pending, "out_pending")?;
        let client = need(client, "client")?;
        let mirror = mirrored::position(mirror)?;
        let statement = arguments::text(statement, "statement")?;
        let parameters = parameters::read(parameters)?;
        let options = options::call(options)?;
        let started = client.start_on_agent(agent, mirror, statement, &parameters, &options)?;
        let started = Command::Mirrored(started.map(MirroredDetail::from));
        out_pending.write(handle::new(Exclusive::new(started)));
        Ok(())
    })
}

/// Waits for excerpts. `out_excerpts` becomes NULL while agents are at work after `timeout_ms`
/// milliseconds, and maybe sooner: call it again. Below 0 the time is without end; 0 does what is
/// to be done now. End the excerpts with hamirror_excerpts_free().
///
/// The errors are those of hamirror_client_excerpts(); HAMIRROR_ERROR_MISUSE if the outcome was
/// told before or the command has another one, HAMIRROR_ERROR_REENTRANT while another call uses
/// it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_pending_wait_excerpts(
    pending: *mut Pending,
    timeout_ms: i64,
    out_excerpts: *mut *mut Excerpts,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_excerpts = arguments::out_handle(out_excerpts, "out_excerpts")?;
        let mut command = need(pending.cast_const(), "pending")?.write("pending")?;
        let Command::Excerpts(started) = &mut *command else { return Err(another(&command)) };
        if let Some(excerpts) = started.wait(timeout(timeout_ms))? {
            out_excerpts.write(handle::new(excerpts));
        }
        Ok(())
    })
}

/// Waits for keywords as hamirror_pending_wait_excerpts() does for excerpts. The errors are those
/// of hamirror_client_keywords() and of hamirror_pending_wait_excerpts().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_pending_wait_keywords(
    pending: *mut Pending,
    timeout_ms: i64,
    out_keywords: *mut *mut Keywords,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_keywords = arguments::out_handle(out_keywords, "out_keywords")?;
        let mut command = need(pending.cast_const(), "pending")?.write("pending")?;
        let Command::Keywords(started) = &mut *command else { return Err(another(&command)) };
        if let Some(keywords) = started.wait(timeout(timeout_ms))? {
            out_keywords.write(handle::new(keywords.into()));
        }
        Ok(())
    })
}

/// Waits for what every mirror answered, as hamirror_pending_wait_excerpts() does for excerpts.
/// The errors are those of hamirror_client_update() and of hamirror_pending_wait_excerpts().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_pending_wait_mirrored(
    pending: *mut Pending,
    timeout_ms: i64,
    out_mirrored: *mut *mut Mirrored,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_mirrored = arguments::out_handle(out_mirrored, "out_mirrored")?;
        let mut command = need(pending.cast_const(), "pending")?.write("pending")?;
        let Command::Mirrored(started) = &mut *command else { return Err(another(&command)) };
        if let Some(mirrored) = started.wait(timeout(timeout_ms))? {
            out_mirrored.write(handle::new(mirrored));
        }
        Ok(())
    })
}

/// Readable when a wait has something to do, for poll, select or epoll; -1 while no agent is at
/// work, and for NULL. Some commands ask several times: ask for it after each wait. The command
/// owns it: never read from it and never close it. Take it out of your loop before you wait or
/// call hamirror_pending_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_pending_fd(pending: *const Pending) -> i32 {
    getter!({
        let command = get(pending).and_then(|pending| pending.read("pending").ok());
        Some(command.and_then(|command| command.fd()).unwrap_or(-1))
    })
}

/// Milliseconds until a wait is due even if the descriptor stays quiet, as poll() takes them: -1
/// once the outcome was told. 0 where a wait would answer with an error of the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_pending_timeout_ms(pending: *const Pending) -> i32 {
    getter!({ Some(poll_timeout_ms(get(pending)?.read("pending").ok()?.due())) })
}

/// Ends a command; one that has not ended is taken back. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_pending_free(pending: *mut Pending) {
    getter!({
        handle::free(pending);
        None
    })
}

impl Command {
    fn fd(&self) -> Option<i32> {
        match self {
            Command::Excerpts(started) => started.fd(),
            Command::Keywords(started) => started.fd(),
            Command::Mirrored(started) => started.fd(),
        }
    }

    fn due(&self) -> Option<Duration> {
        match self {
            Command::Excerpts(started) => started.timeout(),
            Command::Keywords(started) => started.timeout(),
            Command::Mirrored(started) => started.timeout(),
        }
    }
}

/// The outcome that was asked for is not that of the command.
fn another(command: &Command) -> Failed {
    let function = match command {
        Command::Excerpts(_) => "excerpts",
        Command::Keywords(_) => "keywords",
        Command::Mirrored(_) => "mirrored",
    };
    let text = format!("the command is waited for by hamirror_pending_wait_{function}()");
    Failed::new(HAMIRROR_ERROR_MISUSE, text)
}
