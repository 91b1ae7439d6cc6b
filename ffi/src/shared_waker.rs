//! What a batch and its wakers share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hamirror_core::Waker as CoreWaker;
use hamirror_core::internal::process;

use crate::code::HAMIRROR_ERROR_SYSTEM;
use crate::failed::Failed;

/// The waker while its batch lives; after that its driver may belong to another batch, whose waits
/// are none of ours.
#[derive(Clone)]
pub(crate) struct SharedWaker {
    waker: Arc<Mutex<Option<CoreWaker>>>,
    process: process::Id,
}

impl SharedWaker {
    pub(crate) fn new(waker: CoreWaker) -> Self {
        Self { waker: Arc::new(Mutex::new(Some(waker))), process: process::id() }
    }

    /// Whether both are of one batch.
    pub(crate) fn is_same(&self, other: &SharedWaker) -> bool {
        Arc::ptr_eq(&self.waker, &other.waker)
    }

    pub(crate) fn retire(&self) {
        if let Some(mut waker) = self.lock() {
            *waker = None;
        }
    }

    pub(crate) fn wake(&self) -> Result<(), Failed> {
        match self.lock().as_deref() {
            Some(Some(waker)) => waker.wake().map_err(|error| {
                Failed::new(HAMIRROR_ERROR_SYSTEM, format!("waking a batch: {error}"))
            }),
            _ => Ok(()),
        }
    }

    /// `None` in a forked child: there a thread that is gone may hold it, and no batch waits.
    fn lock(&self) -> Option<MutexGuard<'_, Option<CoreWaker>>> {
        let is_here = self.process == process::id();
        is_here.then(|| self.waker.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
