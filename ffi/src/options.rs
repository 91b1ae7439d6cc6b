//! What a program may say beside the configuration: of a client, and of one call.
//!
//!     hamirror_call_options options;
//!     hamirror_call_options_init(&options, sizeof options);
//!     options.deadline_ms = 250;
//!     options.completeness = HAMIRROR_COMPLETENESS_ALL;
//!     code = hamirror_client_search(client, "packages", search, &options, &result, &error);

use std::ffi::c_char;
use std::time::Duration;
use std::{mem, slice};

use hamirror_core::{
    CallOptions as CoreCallOptions, ClientOptions as CoreClientOptions, Completeness,
    KeepConnections, MirrorKey, SoftTimeout,
};

use crate::arguments;
use crate::code::{HAMIRROR_ERROR_ARGUMENT, HAMIRROR_OK};
use crate::failed::Failed;
use crate::panic::getter;

/// Explicitly nothing, where 0 means "not set": no time, no retry.
pub const HAMIRROR_NONE: i64 = -1;

/// Connections of `agent_persistent` lines, and of lines with `conn=persistent`, are kept.
pub const HAMIRROR_KEEP_BY_LINE: i32 = 0;
/// All connections are kept.
pub const HAMIRROR_KEEP_ALWAYS: i32 = 1;
/// No connection is kept.
pub const HAMIRROR_KEEP_NEVER: i32 = 2;

/// One agent that answers is enough; what is missing is told in the warning. A master's way.
pub const HAMIRROR_COMPLETENESS_BEST_EFFORT: i32 = 0;
/// At least completeness_percent of the agents, and one at least. Local indexes of the searched
/// index count as agents do, and one that was not searched as one that gave no answer.
pub const HAMIRROR_COMPLETENESS_AT_LEAST: i32 = 1;
/// Every agent, and every local index of the searched index.
pub const HAMIRROR_COMPLETENESS_ALL: i32 = 2;

/// Options of a client. Zero is the default of every field. Start with
/// hamirror_client_options_init().
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ClientOptions {
    /// What hamirror_client_options_init() made of the structure's size; all else is refused.
    pub struct_size: u32,
    /// 1: no thread for pings and sends to blackholes, which are done by who drives a
    /// hamirror_upkeep, or by nobody. Names are still looked up on threads of their own, which are
    /// there meanwhile, for no deadline holds on a thread that blocks in the resolver; there is
    /// none with addresses as numbers, or from hamirror_client_set_addresses().
    pub no_background: i32,
    /// HAMIRROR_KEEP_*: which connections are kept after use.
    pub keep_connections: i32,
    /// 1: never ask another mirror after a failure, as searchd 2.2.11 does.
    pub no_failover: i32,
    /// Decides every pick, for reproducible runs; 0: every client has another.
    pub seed: u64,
}

/// What to say of one call, before all settings of the configuration. Zero is "not set" in every
/// field; times are in milliseconds, and HAMIRROR_NONE is an explicit zero. Start with
/// hamirror_call_options_init().
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CallOptions {
    /// What hamirror_call_options_init() made of the structure's size; all else is refused.
    pub struct_size: u32,
    /// 1: never leave the mirror that was picked first.
    pub no_failover: i32,
    /// HAMIRROR_COMPLETENESS_*: how many agents must answer.
    pub completeness: i32,
    /// For HAMIRROR_COMPLETENESS_AT_LEAST: 1 to 100.
    pub completeness_percent: i32,
    /// From start to end, all attempts included. Not set: the time that the configuration gives
    /// one mirror, times the rounds that it allows.
    pub deadline_ms: i64,
    /// In place of agent_connect_timeout.
    pub connect_timeout_ms: i64,
    /// In place of agent_query_timeout.
    pub query_timeout_ms: i64,
    /// In place of agent_retry_count: rounds over all mirrors after the first.
    pub retry_count: i64,
    /// In place of agent_retry_delay.
    pub retry_delay_ms: i64,
    /// Percentage of the agents, 1 to 100, after whose answers the rest of a search is hurried. It
    /// holds for searches, and for other reads of a whole index but keywords. An agent that was
    /// not waited for is a failure, with hamirror_failure_soft_timeout_passed().
    pub soft_timeout_percent: i32,
    /// For soft_timeout_percent: percentage of the time left until the deadline that the rest
    /// gets. 0 ends the search at once, and 100 changes nothing.
    pub soft_timeout_share: i32,
    /// Keeps reads to one mirror of each agent while it lives; hamirror_mirror_key() makes it. So
    /// the pages of a session come from the same documents. A mirror that fails or is silent is
    /// left for another, and the key returns to it; hamirror_outcome_left_mirror() tells.
    pub mirror_key: u64,
}

/// Fills in the defaults.
///
/// `size` is `sizeof *options`. HAMIRROR_ERROR_ARGUMENT if that can't be right, or if `options`
/// is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_options_init(
    options: *mut ClientOptions,
    size: usize,
) -> i32 {
    // SAFETY: `options` is NULL or has that size.
    crate::panic::or_fallback(|| Some(unsafe { init(options, size) }))
}

/// Fills in the defaults.
///
/// `size` is `sizeof *options`. HAMIRROR_ERROR_ARGUMENT if that can't be right, or if `options`
/// is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_call_options_init(
    options: *mut CallOptions,
    size: usize,
) -> i32 {
    // SAFETY: `options` is NULL or has that size.
    crate::panic::or_fallback(|| Some(unsafe { init(options, size) }))
}

/// Makes a mirror_key of bytes, such as a session's or a user's name. Every process makes the same
/// number of them and picks the same mirrors by it, in any language. It is 0, which is no key,
/// only if `key` is NULL while `len` is not 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirror_key(key: *const c_char, len: usize) -> u64 {
    getter!({
        let key = arguments::array(key.cast::<u8>(), len, "key").ok()?;
        Some(MirrorKey::new(key).number())
    })
}

/// # Safety
///
/// `options` is NULL or a live structure of its `struct_size`.
pub(crate) unsafe fn client(options: *const ClientOptions) -> Result<CoreClientOptions, Failed> {
    // SAFETY: the caller's promise.
    let Some(given) = (unsafe { read(options) })? else {
        return Ok(CoreClientOptions::default());
    };
    Ok(CoreClientOptions::default()
        .background(!flag("no_background", given.no_background)?)
        .seed((given.seed != 0).then_some(given.seed))
        .keep_connections(match given.keep_connections {
            HAMIRROR_KEEP_BY_LINE => KeepConnections::ByLine,
            HAMIRROR_KEEP_ALWAYS => KeepConnections::Always,
            HAMIRROR_KEEP_NEVER => KeepConnections::Never,
            other => return Err(Failed::number("options->keep_connections", other)),
        })
        .failover(!flag("no_failover", given.no_failover)?))
}

/// # Safety
///
/// `options` is NULL or a live structure of its `struct_size`.
pub(crate) unsafe fn call(options: *const CallOptions) -> Result<CoreCallOptions, Failed> {
    // SAFETY: the caller's promise.
    let Some(given) = (unsafe { read(options) })? else {
        return Ok(CoreCallOptions::default());
    };
    let mut options = CoreCallOptions::default()
        .deadline(time("deadline_ms", given.deadline_ms)?)
        .connect_timeout(time("connect_timeout_ms", given.connect_timeout_ms)?)
        .query_timeout(time("query_timeout_ms", given.query_timeout_ms)?)
        .retry_count(unless_zero("retry_count", given.retry_count)?)
        .retry_delay(time("retry_delay_ms", given.retry_delay_ms)?)
        .failover(!flag("no_failover", given.no_failover)?)
        .completeness(completeness(given.completeness, given.completeness_percent)?);
    options.soft_timeout = soft_timeout(given.soft_timeout_percent, given.soft_timeout_share)?;
    options.mirror_key = MirrorKey::from_number(given.mirror_key);
    Ok(options)
}

fn completeness(kind: i32, percent: i32) -> Result<Completeness, Failed> {
    match (kind, percent) {
        (HAMIRROR_COMPLETENESS_BEST_EFFORT, 0) => Ok(Completeness::BestEffort),
        (HAMIRROR_COMPLETENESS_ALL, 0) => Ok(Completeness::All),
        (HAMIRROR_COMPLETENESS_AT_LEAST, percent @ 1..=100) => {
            Ok(Completeness::AtLeast { percent: percent as u8 })
        }
        (HAMIRROR_COMPLETENESS_BEST_EFFORT..=HAMIRROR_COMPLETENESS_ALL, percent) => {
            let text = format!(
                "options->completeness_percent is {percent}: 1 to 100 goes with \
                 HAMIRROR_COMPLETENESS_AT_LEAST, 0 with the others"
            );
            Err(Failed::argument(text))
        }
        (other, _) => Err(Failed::number("options->completeness", other)),
    }
}

fn soft_timeout(percent: i32, share: i32) -> Result<Option<SoftTimeout>, Failed> {
    if (percent, share) == (0, 0) {
        return Ok(None);
    }
    let refused = |error| Failed::argument(format!("options->soft_timeout_percent: {error}"));
    SoftTimeout::new(percent.into(), share.into()).map(Some).map_err(refused)
}

/// A structure that starts with its size, may grow at its end, and has no padding.
///
/// # Safety
///
/// The first field is a `u32`, all bytes zero are a value, and there is no padding.
unsafe trait Options: Copy {
    /// Sizes of the struct in all versions so far.
    const SIZES: &[usize];
}

// SAFETY: four 32-bit fields and one of 64 bits, in this order.
unsafe impl Options for ClientOptions {
    const SIZES: &[usize] = &[24];
}

// SAFETY: four 32-bit fields, five of 64 bits, two of 32 bits and one of 64 bits, in this order.
unsafe impl Options for CallOptions {
    const SIZES: &[usize] = &[56, 72];
}

const _: () = assert!(size_of::<ClientOptions>() == *ClientOptions::SIZES.last().unwrap());
const _: () = assert!(size_of::<CallOptions>() == *CallOptions::SIZES.last().unwrap());

fn is_known<T: Options>(size: usize) -> bool {
    size == size_of::<T>() || T::SIZES.contains(&size)
}

fn is_newer<T: Options>(size: usize) -> bool {
    size > size_of::<T>() && size <= SIZE_MAX
}

unsafe fn init<T: Options>(options: *mut T, size: usize) -> i32 {
    if options.is_null() || !(is_known::<T>(size) || is_newer::<T>(size)) {
        return HAMIRROR_ERROR_ARGUMENT;
    }
    let mark = if is_newer::<T>(size) { NEWER } else { 0 };
    let bytes = options.cast::<u8>();
    // SAFETY: it has that size, which has room for the first field.
    unsafe {
        bytes.write_bytes(0, size);
        bytes.cast::<u32>().write_unaligned(mark | size as u32);
    }
    HAMIRROR_OK
}

/// `None` for NULL. A structure of a newer header is longer than ours: what is beyond must be
/// zero, or the caller wants something that this library can't do. Only [`init`] can tell that it
/// is so long: of a number that was left as it happened to be, nothing is read but itself.
unsafe fn read<T: Options>(options: *const T) -> Result<Option<T>, Failed> {
    if options.is_null() {
        return Ok(None);
    }
    // SAFETY: it starts with a number.
    let number = unsafe { options.cast::<u32>().read_unaligned() };
    let (size, size_newer) = (number as usize, (number ^ NEWER) as usize);
    let size = if is_known::<T>(size) {
        size
    } else if is_newer::<T>(size_newer) {
        size_newer
    } else {
        let text = format!("options->struct_size is {number}: set it with the _options_init");
        return Err(Failed::argument(text));
    };
    // SAFETY: it has that size, and no padding.
    let bytes = unsafe { slice::from_raw_parts(options.cast::<u8>(), size) };
    let (known, tail) = bytes.split_at(size.min(size_of::<T>()));
    if let Some(place) = tail.iter().position(|&byte| byte != 0) {
        let text = format!(
            "options has a setting at byte {} that is newer than this library",
            known.len() + place
        );
        return Err(Failed::argument(text));
    }
    // SAFETY: all bytes zero are a value, and `known` is no longer than it.
    unsafe {
        let mut value: T = mem::zeroed();
        (&raw mut value).cast::<u8>().copy_from_nonoverlapping(known.as_ptr(), known.len());
        Ok(Some(value))
    }
}

fn flag(name: &str, value: i32) -> Result<bool, Failed> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Failed::argument(format!("options->{name} is {other}, not 0 or 1"))),
    }
}

fn time(name: &str, value_ms: i64) -> Result<Option<Duration>, Failed> {
    unless_zero(name, value_ms).map(|time_ms| time_ms.map(Duration::from_millis))
}

fn unless_zero<T: TryFrom<i64>>(name: &str, value: i64) -> Result<Option<T>, Failed> {
    let explicit = match value {
        0 => return Ok(None),
        HAMIRROR_NONE => 0,
        other => other,
    };
    let refused = |_| Failed::argument(format!("options->{name} can't be {value}"));
    T::try_from(explicit).map(Some).map_err(refused)
}

/// Larger is garbage, not a newer header.
const SIZE_MAX: usize = 4096;

/// Beside the size of a structure of a newer header; no bits of a size.
const NEWER: u32 = 0x6d69_0000;
