//! Ownership of what C holds pointers to, as types: what is wrong does not compile.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};

use hamirror_core::Error as CoreError;
use hamirror_core::internal::process;

use crate::cancellation::Uncancelled;
use crate::code::{HAMIRROR_ERROR_PANIC, HAMIRROR_ERROR_REENTRANT};
use crate::failed::Failed;

/// A type that C knows by name only.
///
/// `Rust` is `Sync`, as pointers to const may be used by any number of threads at a time.
pub(crate) trait Handle: Sized {
    /// What a pointer to it really points to.
    type Rust: Send + Sync;
    /// [`Owned`] or [`Borrowed`].
    type Ownership;
}

/// Made by the library, ended by the type's `_free`; views of one inside another handle are
/// pointers to const.
pub(crate) enum Owned {}

/// A part of another handle, with that one's life; there is no `_free`.
pub(crate) enum Borrowed {}

pub(crate) fn from_box<H: Handle<Ownership = Owned>>(value: Box<H::Rust>) -> *mut H {
    Box::into_raw(value).cast()
}

pub(crate) fn new<H: Handle<Ownership = Owned>>(value: H::Rust) -> *mut H {
    from_box(Box::new(value))
}

/// # Safety
///
/// `handle` is NULL or comes from [`from_box`], and nobody uses it from now on.
pub(crate) unsafe fn free<H: Handle<Ownership = Owned>>(handle: *mut H) {
    if !handle.is_null() {
        let _uncancelled = Uncancelled::begin();
        // SAFETY: it comes from a box of that type.
        drop(unsafe { Box::from_raw(handle.cast::<H::Rust>()) });
    }
}

/// A pointer to a part of another handle.
pub(crate) fn view<H: Handle>(value: &H::Rust) -> *const H {
    std::ptr::from_ref(value).cast()
}

/// # Safety
///
/// `handle` is NULL, or a live handle for as long as the reference is used.
pub(crate) unsafe fn get<'a, H: Handle>(handle: *const H) -> Option<&'a H::Rust> {
    // SAFETY: handles come from `from_box` and `view`, so the type is right.
    unsafe { handle.cast::<H::Rust>().as_ref() }
}

/// Borrows a handle where NULL is an error.
///
/// # Safety
///
/// As for [`get`].
pub(crate) unsafe fn need<'a, H: Handle>(
    handle: *const H,
    name: &str,
) -> Result<&'a H::Rust, Failed> {
    // SAFETY: the caller's promise.
    unsafe { get(handle) }.ok_or_else(|| Failed::null(name))
}

/// What one thread at a time may change. A second one gets an error in place of a data race, and
/// what a panic left half changed is never used again.
pub(crate) struct Exclusive<T> {
    value: RwLock<T>,
    process: process::Id,
}

impl<T> Exclusive<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: RwLock::new(value), process: process::id() }
    }

    pub(crate) fn read(&self, name: &str) -> Result<RwLockReadGuard<'_, T>, Failed> {
        self.value.try_read().map_err(|error| self.refused(name, &error))
    }

    pub(crate) fn write(&self, name: &str) -> Result<RwLockWriteGuard<'_, T>, Failed> {
        self.value.try_write().map_err(|error| self.refused(name, &error))
    }

    /// What is inside, when nobody else can use it any more.
    pub(crate) fn into_inner(self) -> T {
        self.value.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a panic has left half changed.
    pub(crate) fn broken(&mut self) -> Option<&mut T> {
        self.value.get_mut().err().map(PoisonError::into_inner)
    }

    fn refused<Guard>(&self, name: &str, error: &TryLockError<Guard>) -> Failed {
        match error {
            // It is in use by a thread that the fork left behind, for ever.
            TryLockError::WouldBlock if self.process != process::id() => CoreError::Forked.into(),
            _ => refused(name, error),
        }
    }
}

fn refused<Guard>(name: &str, error: &TryLockError<Guard>) -> Failed {
    match error {
        TryLockError::WouldBlock => Failed::new(
            HAMIRROR_ERROR_REENTRANT,
            format!("{name} is in use by another call: one thread at a time may change it"),
        ),
        TryLockError::Poisoned(_) => Failed::new(
            HAMIRROR_ERROR_PANIC,
            format!("{name} was left half changed by a panic inside the library: free it"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn one_changes_and_many_read() {
        let shared = Exclusive::new(1);
        let reader = shared.read("it").expect("nobody writes");
        assert!(shared.read("it").is_ok());
        let Failed(refused) = shared.write("it").map(drop).expect_err("somebody reads");
        assert_eq!(refused.code, HAMIRROR_ERROR_REENTRANT);
        drop(reader);
        assert!(shared.write("it").is_ok());
    }

    #[test]
    fn a_panic_poisons() {
        let shared = Exclusive::new(1);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _guard = shared.write("it").expect("nobody else is there");
            panic!("half way");
        }));
        assert!(panicked.is_err());
        let Failed(refused) = shared.read("it").map(drop).expect_err("poisoned");
        assert_eq!(refused.code, HAMIRROR_ERROR_PANIC);
    }
}
