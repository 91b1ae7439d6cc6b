//! Engines that wake each other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::task::{Wake, Waker};

use parking_lot::Mutex;

/// Numbers of the engines that were woken and did not go on yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Woken {
    engines: Arc<Mutex<BTreeSet<usize>>>,
}

/// Wakes one engine.
struct One {
    engine: usize,
    woken: Woken,
}

impl Woken {
    /// A waker of the engine of that number.
    pub(super) fn waker(&self, engine: usize) -> Waker {
        Arc::new(One { engine, woken: self.clone() }).into()
    }

    /// Takes the number of an engine that was woken.
    pub(super) fn take(&self) -> Option<usize> {
        self.engines.lock().pop_first()
    }
}

impl Wake for One {
    fn wake(self: Arc<Self>) {
        self.woken.engines.lock().insert(self.engine);
    }
}
