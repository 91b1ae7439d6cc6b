//! The one place where panics stop, on their way to a host that knows none.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{mem, ptr};

use crate::cancellation::Uncancelled;
use crate::code::HAMIRROR_OK;
use crate::failed::{ErrorDetail, Failed};
use crate::handle::{self, Handle, Owned};
use crate::text::Text;

/// What an exported function returns when it has nothing else to say.
pub(crate) trait Fallback {
    fn fallback() -> Self;
}

/// The body of an exported function that can't fail: `None` and a panic are the fallback of its
/// type.
macro_rules! getter {
    ($body:block) => {
        // SAFETY: an exported function is as safe as the arguments that the header asks for.
        $crate::panic::or_fallback(|| unsafe { $body })
    };
}

/// The body of an exported function with an `out_error`: a `Result<(), Failed>` becomes its code.
macro_rules! fallible {
    ($out_error:expr, $body:block) => {
        // SAFETY: an exported function is as safe as the arguments that the header asks for.
        unsafe { $crate::panic::or_error($out_error, || $body) }
    };
}

pub(crate) use {fallible, getter};

pub(crate) fn or_fallback<T: Fallback>(body: impl FnOnce() -> Option<T>) -> T {
    catch(body).ok().flatten().unwrap_or_else(T::fallback)
}

/// # Safety
///
/// `out_error` is NULL or may be written.
pub(crate) unsafe fn or_error<E: Handle<Rust = ErrorDetail, Ownership = Owned>>(
    out_error: *mut *mut E,
    body: impl FnOnce() -> Result<(), Failed>,
) -> i32 {
    let _uncancelled = Uncancelled::begin();
    let ended = catch(body).unwrap_or_else(|text| Err(Failed::panicked(&text)));
    let (code, error) = match ended {
        Ok(()) => (HAMIRROR_OK, ptr::null_mut()),
        Err(Failed(detail)) if out_error.is_null() => (detail.code, ptr::null_mut()),
        Err(Failed(detail)) => (detail.code, handle::from_box(detail)),
    };
    if !out_error.is_null() {
        // SAFETY: not NULL, so it may be written.
        unsafe { out_error.write(error) };
    }
    code
}

/// The panic's text as an error. What a panic leaves half done is told by the handle, see
/// [`crate::handle::Exclusive`].
fn catch<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|payload| {
        let text = panic_text(&*payload).to_owned();
        // Its destructor could panic again, outside of all this.
        mem::forget(payload);
        text
    })
}

fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

impl Fallback for () {
    fn fallback() {}
}

impl Fallback for bool {
    fn fallback() -> bool {
        false
    }
}

macro_rules! zero_fallback {
    ($($number:ty)*) => {
        $(impl Fallback for $number {
            fn fallback() -> $number {
                0
            }
        })*
    };
}

zero_fallback!(u16 i32 u32 i64 u64 usize);

impl Fallback for f64 {
    fn fallback() -> f64 {
        0.0
    }
}

impl<T> Fallback for *const T {
    fn fallback() -> *const T {
        ptr::null()
    }
}

impl<T> Fallback for *mut T {
    fn fallback() -> *mut T {
        ptr::null_mut()
    }
}

impl Fallback for Text {
    fn fallback() -> Text {
        Text::from(b"".as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::HAMIRROR_ERROR_PANIC;
    use crate::error::{Error, hamirror_error_free, hamirror_error_message};

    #[test]
    fn a_panic_becomes_an_error() {
        let mut error = ptr::null_mut();
        // SAFETY: the pointer is that of a variable.
        let code = unsafe { or_error(&mut error, || panic!("at {}", 7)) };
        assert_eq!(code, HAMIRROR_ERROR_PANIC);
        // SAFETY: the error is there, and freed once.
        unsafe {
            let text = hamirror_error_message(error);
            let bytes = std::slice::from_raw_parts(text.data.cast::<u8>(), text.len);
            assert_eq!(bytes, b"panic inside the library: at 7");
            hamirror_error_free(error);
        }
    }

    #[test]
    fn a_panic_becomes_the_fallback() {
        let number = or_fallback(|| -> Option<u64> { panic!("no text is asked for") });
        assert_eq!(number, 0);
        assert!(or_fallback(|| -> Option<*mut u8> { panic!() }).is_null());
    }

    #[test]
    fn nobody_may_want_the_error() {
        // SAFETY: NULL is an answer.
        let code = unsafe { or_error(ptr::null_mut::<*mut Error>(), || panic!("unseen")) };
        assert_eq!(code, HAMIRROR_ERROR_PANIC);
    }
}
