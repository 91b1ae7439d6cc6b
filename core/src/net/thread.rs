//! Threads of the library.

use std::cell::Cell;
use std::io;
use std::ptr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::{clock, signals};
use crate::limits::STACK_SIZE;

/// A thread that was started. It handles no signal of the program.
pub(super) struct Thread {
    handle: JoinHandle<()>,
    life: Arc<Life>,
}

/// Stage of a thread, as it says itself.
#[derive(Default)]
pub(super) struct Life {
    stage: Mutex<Stage>,
    /// Signalled when the stage is another one.
    change: Condvar,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Started, and not there yet.
    #[default]
    Begins,
    On,
    /// The thread is at something that can't be ended.
    Blocks,
    Ended,
}

impl Thread {
    /// Starts a thread that does `body`.
    #[expect(clippy::disallowed_methods, reason = "the only threads of the library")]
    pub(super) fn start(
        name: &str,
        body: impl FnOnce(&Life) + Send + 'static,
    ) -> io::Result<Self> {
        let life = Arc::<Life>::default();
        let own = Ending(life.clone());
        let run = move || {
            park_once();
            HERE.set(Arc::as_ptr(&own.0));
            own.0.enter(Stage::On);
            body(&own.0);
        };
        let thread = std::thread::Builder::new().name(name.to_owned());
        // Without a size of ours, the environment would be asked for one.
        let handle = signals::with_blocked(|| thread.stack_size(STACK_SIZE).spawn(run))?;
        Ok(Self { handle, life })
    }

    /// Waits for the thread to begin, which needs the dynamic loader's lock. If that waited until
    /// the client ends in a plugin's destructor, which holds it, the thread could not be joined.
    pub(super) fn await_begin(&self) {
        self.life.wait_while(|stage| stage == Stage::Begins, clock::now() + BEGIN_PATIENCE);
    }

    /// True on the very thread.
    pub(super) fn is_here(&self) -> bool {
        HERE.get() == Arc::as_ptr(&self.life)
    }

    /// Whether it is at its end.
    pub(super) fn has_ended(&self) -> bool {
        *self.life.stage.lock() == Stage::Ended
    }

    /// Joins it.
    pub(super) fn join(self) {
        let _ = self.handle.join();
    }

    /// Joins it if it ends until then. Nobody waits for what can't be ended.
    pub(super) fn join_until(self, until: Instant) {
        self.life.wait_while(|stage| matches!(stage, Stage::Begins | Stage::On), until);
        if self.has_ended() {
            self.join();
        }
    }
}

impl Life {
    /// Does on this thread what can't be ended, so that nobody waits for it.
    pub(super) fn block<T>(&self, work: impl FnOnce() -> T) -> T {
        self.enter(Stage::Blocks);
        let done = work();
        self.enter(Stage::On);
        done
    }

    fn enter(&self, stage: Stage) {
        *self.stage.lock() = stage;
        self.change.notify_all();
    }

    fn wait_while(&self, is_so: impl Fn(Stage) -> bool, until: Instant) {
        let mut stage = self.stage.lock();
        while is_so(*stage) && !self.change.wait_until(&mut stage, until).timed_out() {}
    }
}

/// Tells whoever waits that the thread ends, in a panic of a log sink too.
struct Ending(Arc<Life>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.enter(Stage::Ended);
    }
}

/// The first parking of a thread needs the dynamic loader's lock: it comes before any lock of ours
/// is held, and for no time.
fn park_once() {
    let nothing = Mutex::new(());
    Condvar::new().wait_for(&mut nothing.lock(), Duration::ZERO);
}

thread_local! {
    /// The life of this thread.
    static HERE: Cell<*const Life> = const { Cell::new(ptr::null()) };
}

/// Time that a start waits for its thread to begin. A thread begins in some 50 us, unless a
/// constructor of a library holds the dynamic loader's lock.
pub(super) const BEGIN_PATIENCE: Duration = Duration::from_millis(20);
