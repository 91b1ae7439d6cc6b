//! What pthread_cancel() would do to a thread inside the library: unwind through Rust, which ends
//! the process.

use std::ffi::c_int;

/// While it lives, a cancellation of this thread waits: in all that may wait, call back, or touch
/// a file. Getters have no cancellation point, and are too many for it.
pub(crate) struct Uncancelled {
    /// As the program had it, which may be inside of another call.
    state_before: c_int,
}

impl Uncancelled {
    pub(crate) fn begin() -> Self {
        let mut state_before = PTHREAD_CANCEL_DISABLE;
        // SAFETY: the pointer is that of a variable. It fails for a wrong state alone.
        unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &mut state_before) };
        Self { state_before }
    }
}

impl Drop for Uncancelled {
    fn drop(&mut self) {
        // SAFETY: as above; it is no cancellation point itself.
        unsafe { pthread_setcancelstate(self.state_before, &mut 0) };
    }
}

// The crate `libc` does not have it for Linux.
unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, state_before: *mut c_int) -> c_int;
}

#[cfg(not(target_vendor = "apple"))]
const PTHREAD_CANCEL_DISABLE: c_int = 1;

#[cfg(target_vendor = "apple")]
const PTHREAD_CANCEL_DISABLE: c_int = 0;
