//! What C hands in to be called back.
//!
//!     // In a hamirror_build_callback: each daemon gets the body that it understands.
//!     if (hamirror_target_product(target) == HAMIRROR_PRODUCT_MANTICORE)
//!         return hamirror_body_append(body, newer, sizeof newer, NULL);
//!     return hamirror_body_append(body, older, sizeof older, NULL);

use std::ffi::c_void;
use std::fmt;

/// Ends `user_data`: called exactly once, when nothing will call back with it any more. It comes
/// on whichever thread was the last to need it; also if the function that it was handed to fails.
///
/// It may not use a batch, an upkeep or a client of this library, and must not throw.
pub type DropCallback = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// The program's own pointer, with how to end it.
#[derive(Debug)]
pub(crate) struct UserData {
    pointer: *mut c_void,
    drop: DropCallback,
}

// SAFETY: the header asks for callbacks that any thread may call, several at a time too.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    pub(crate) fn new(pointer: *mut c_void, drop: DropCallback) -> Self {
        Self { pointer, drop }
    }

    pub(crate) fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(drop) = self.drop {
            // SAFETY: the header says when it is called, and this is the one time.
            unsafe { drop(self.pointer) };
        }
    }
}

/// What a callback returned in place of HAMIRROR_OK, untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallbackError(pub(crate) i32);

impl CallbackError {
    /// As an outcome: zero is none.
    pub(crate) fn check(code: i32) -> Result<(), CallbackError> {
        if code == 0 { Ok(()) } else { Err(CallbackError(code)) }
    }
}

impl fmt::Display for CallbackError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the callback returned {}", self.0)
    }
}

impl std::error::Error for CallbackError {}
