//! Requests whose body and judgement the program makes itself, mirror by mirror.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use hamirror_core::internal::wire::text::quote;
use hamirror_core::internal::wire::{append, guard};
use hamirror_core::request::Command;
use hamirror_core::{
    Access, Error as CoreError, Product, ProgramError, Reply as CoreReply, Request as CoreRequest,
    Target as CoreTarget, Verdict as CoreVerdict,
};

use crate::arguments;
use crate::callback::{CallbackError, DropCallback, UserData};
use crate::error::Error;
use crate::failed::Failed;
use crate::handle::{self, Borrowed, Exclusive, Handle, get, need, view};
use crate::panic::{fallible, getter};
use crate::reply::Reply;
use crate::request::{self, Request};
use crate::text::Text;

/// The reply is the answer. What a judge callback that says nothing means.
pub const HAMIRROR_VERDICT_ACCEPT: i32 = 0;
/// The reply is the answer, with warnings inside: counted as `warnings`.
pub const HAMIRROR_VERDICT_WARNED: i32 = 1;
/// The reply is no answer to this request: counted as `wrong_replies`, the next mirror is asked.
pub const HAMIRROR_VERDICT_MALFORMED: i32 = 2;
/// The mirror understood and refused: one other mirror is asked; if it says the same, the query
/// is at fault, and hamirror_failure_query_error() has the text.
pub const HAMIRROR_VERDICT_REFUSED: i32 = 3;

/// None has answered a SEARCH there yet, or not since its connections broke.
pub const HAMIRROR_PRODUCT_UNKNOWN: i32 = 0;
/// Sphinx: SEARCH of version 0x120 at most.
pub const HAMIRROR_PRODUCT_SPHINX: i32 = 1;
/// Manticore: a newer one.
pub const HAMIRROR_PRODUCT_MANTICORE: i32 = 2;

/// The product of that number.
pub(crate) fn product_of(number: i32) -> Option<Product> {
    match number {
        HAMIRROR_PRODUCT_UNKNOWN => Some(Product::Unknown),
        HAMIRROR_PRODUCT_SPHINX => Some(Product::Sphinx),
        HAMIRROR_PRODUCT_MANTICORE => Some(Product::Manticore),
        _ => None,
    }
}

/// The mirror that a body is built for; borrowed for one call of a hamirror_build_callback.
pub struct Target {
    _private: [u8; 0],
}

/// A body being built; borrowed for one call of a hamirror_build_callback.
pub struct Body {
    _private: [u8; 0],
}

/// What is thought of a reply; borrowed for one call of a hamirror_judge_callback.
pub struct Verdict {
    _private: [u8; 0],
}

impl Handle for Target {
    /// The lifetime is a callback's, which no type here can name.
    type Rust = CoreTarget<'static>;
    type Ownership = Borrowed;
}

impl Handle for Body {
    type Rust = Exclusive<Vec<u8>>;
    type Ownership = Borrowed;
}

impl Handle for Verdict {
    type Rust = Exclusive<CoreVerdict>;
    type Ownership = Borrowed;
}

/// Builds the body of a request for one mirror, without the header, by hamirror_body_append().
///
/// What it appends may differ from mirror to mirror: hamirror_target_host() and
/// hamirror_target_index_list() say which one it is, hamirror_target_product() whose daemon
/// answered there last. For the same target it must append the same bytes however often it is
/// called, which is once for each agent when the request is added, to have it checked, and once
/// for each attempt.
///
/// Thread: the one that adds to or drives the batch, or that waits in hamirror_client_call(); that
/// of the library between hamirror_batch_run() and hamirror_batch_join(); for blackholes the
/// client's own thread, or the one that drives its hamirror_upkeep. Several threads may be in it
/// at a time if the request is.
///
/// Pointers: `target` and `body` are valid until it returns.
///
/// Return: 0, or a number of your own, which ends the call: HAMIRROR_ERROR_CALLBACK, with that
/// number in hamirror_error_callback_code(). No mirror is blamed. A body that is
/// incomplete ends it with HAMIRROR_ERROR_REQUEST.
///
/// From it you may call anything but the functions of this batch, which answer
/// HAMIRROR_ERROR_REENTRANT, or HAMIRROR_ERROR_MISUSE while it runs on a thread, and the _free of
/// its batch, upkeep or client. It must not throw, nor leave by longjmp.
pub type BuildCallback = Option<
    unsafe extern "C" fn(user_data: *mut c_void, target: *const Target, body: *mut Body) -> i32,
>;

/// Judges a whole reply with status OK or WARNING before its call ends, by
/// hamirror_verdict_set(); if it sets nothing, the reply is accepted. Replies with another status
/// are failures without its doing.
///
/// Thread, calls that may be made from it, throwing: as for hamirror_build_callback.
///
/// Pointers: `reply` and `verdict` are valid until it returns; the reply is not to be freed.
///
/// Return: 0, or a number of your own, which ends the call as that of a hamirror_build_callback
/// does, whatever the verdict.
pub type JudgeCallback = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        reply: *const Reply,
        verdict: *mut Verdict,
    ) -> i32,
>;

/// A request whose body `build` makes for each mirror, and whose replies `judge` judges; NULL for
/// `judge` accepts every reply. Both get `user_data`; `drop` ends it when the request is freed and
/// no call uses it any more, or at once if this function fails. NULL for `drop` is fine.
///
/// Command number and version of the header, and HAMIRROR_ACCESS_*, are as for
/// hamirror_request_new(). HAMIRROR_ERROR_ARGUMENT if `build` is NULL, or `access` none of its
/// constants.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_request_new_with_callbacks(
    command: u16,
    version: u16,
    access: i32,
    build: BuildCallback,
    judge: JudgeCallback,
    user_data: *mut c_void,
    drop: DropCallback,
    out_request: *mut *mut Request,
    out_error: *mut *mut Error,
) -> i32 {
    let user_data = UserData::new(user_data, drop);
    fallible!(out_error, {
        let out_request = arguments::out_handle(out_request, "out_request")?;
        let build = build.ok_or_else(|| Failed::null("build"))?;
        let access = request::access(access)?;
        let command = Command { id: command, version };
        let request = CallbackRequest { command, access, build, judge, user_data };
        out_request.write(handle::new(Arc::new(request) as Arc<dyn CoreRequest>));
        Ok(())
    })
}

/// The mirror's host, as the configuration names it; empty for NULL. It lives as long as the
/// target.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_target_host(target: *const Target) -> Text {
    getter!({ Some(Text::from(get(target)?.host)) })
}

/// What to ask the mirror for, `index` or `index1,index2`, never empty; empty for NULL. It lives
/// as long as the target.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_target_index_list(target: *const Target) -> Text {
    getter!({ Some(Text::from(get(target)?.index_list)) })
}

/// Number of this attempt within its call, from 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_target_attempt(target: *const Target) -> u32 {
    getter!({ Some(get(target)?.attempt) })
}

/// Whose daemon answered a SEARCH on the mirror's host last, HAMIRROR_PRODUCT_*, by the version
/// that it said. A hint and no promise: another daemon may listen there by now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_target_product(target: *const Target) -> i32 {
    getter!({
        Some(match get(target)?.product {
            Product::Unknown => HAMIRROR_PRODUCT_UNKNOWN,
            Product::Sphinx => HAMIRROR_PRODUCT_SPHINX,
            Product::Manticore => HAMIRROR_PRODUCT_MANTICORE,
        })
    })
}

/// Appends `bytes_len` bytes to a body; they are copied. HAMIRROR_ERROR_SYSTEM if there is no
/// memory for them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_body_append(
    body: *mut Body,
    bytes: *const u8,
    bytes_len: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let bytes = arguments::array(bytes, bytes_len, "bytes")?;
        let mut body = need(body.cast_const(), "body")?.write("body")?;
        Ok(append(&mut body, bytes)?)
    })
}

/// Says what is thought of a reply: HAMIRROR_VERDICT_*, and for MALFORMED and REFUSED why, a
/// NUL-terminated text in UTF-8; NULL is fine otherwise. The last call counts.
///
/// HAMIRROR_ERROR_ARGUMENT if `kind` is none of the constants, or has no text where it needs one;
/// then it counts as not called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_verdict_set(
    verdict: *mut Verdict,
    kind: i32,
    text: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let mut verdict = need(verdict.cast_const(), "verdict")?.write("verdict")?;
        let text = || arguments::text(text, "text").map(str::to_owned);
        *verdict = verdict_of(kind, text)?;
        Ok(())
    })
}

/// Says what is thought of a reply as hamirror_verdict_set() does, by a text in any encoding. It
/// has `text_len` bytes, and may quote a query. It becomes one line of UTF-8 of 1,024 bytes at
/// most, as the texts of daemons do; what is not UTF-8 in it is U+FFFD there.
///
/// HAMIRROR_ERROR_ARGUMENT if `kind` is none of the constants, or `text` is NULL and `text_len` is
/// not 0 where it needs one; then it counts as not called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_verdict_set_bytes(
    verdict: *mut Verdict,
    kind: i32,
    text: *const c_char,
    text_len: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let mut verdict = need(verdict.cast_const(), "verdict")?.write("verdict")?;
        let text = || arguments::array(text.cast::<u8>(), text_len, "text").map(quote);
        *verdict = verdict_of(kind, text)?;
        Ok(())
    })
}

/// The verdict of that number.
fn verdict_of(
    kind: i32,
    text: impl FnOnce() -> Result<String, Failed>,
) -> Result<CoreVerdict, Failed> {
    Ok(match kind {
        HAMIRROR_VERDICT_ACCEPT => CoreVerdict::Accept,
        HAMIRROR_VERDICT_WARNED => CoreVerdict::AcceptWarned,
        HAMIRROR_VERDICT_MALFORMED => CoreVerdict::Malformed(text()?),
        HAMIRROR_VERDICT_REFUSED => CoreVerdict::Refused(text()?),
        other => return Err(Failed::number("kind", other)),
    })
}

/// A request that asks the program.
struct CallbackRequest {
    command: Command,
    access: Access,
    build: unsafe extern "C" fn(*mut c_void, *const Target, *mut Body) -> i32,
    judge: JudgeCallback,
    user_data: UserData,
}

impl CoreRequest for CallbackRequest {
    fn command(&self) -> Command {
        self.command
    }

    fn access(&self) -> Access {
        self.access
    }

    fn encode(&self, target: &CoreTarget<'_>, body: &mut Vec<u8>) -> Result<(), CoreError> {
        let built = Exclusive::new(Vec::new());
        let target = std::ptr::from_ref(target).cast();
        // SAFETY: both pointers are valid until it returns, as the header says.
        let code = unsafe { (self.build)(self.user_data.pointer(), target, exclusive(&built)) };
        CallbackError::check(code)
            .map_err(|error| CoreError::Program(ProgramError::new(error)))?;
        let built = built.into_inner();
        guard::check(self.command, &built).map_err(CoreError::Request)?;
        append(body, &built)
    }

    fn judge(&self, reply: &mut CoreReply) -> CoreVerdict {
        let Some(judge) = self.judge else { return CoreVerdict::Accept };
        let verdict = Exclusive::new(CoreVerdict::Accept);
        // SAFETY: both pointers are valid until it returns, as the header says.
        let code = unsafe { judge(self.user_data.pointer(), view(reply), exclusive(&verdict)) };
        match CallbackError::check(code) {
            Ok(()) => verdict.into_inner(),
            Err(error) => CoreVerdict::Failed(ProgramError::new(error)),
        }
    }
}

/// A pointer through which a callback may change something that is behind a lock.
fn exclusive<H: Handle<Rust = Exclusive<T>>, T>(value: &Exclusive<T>) -> *mut H {
    view::<H>(value).cast_mut()
}
