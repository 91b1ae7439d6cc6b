//! Signals of the program, which its own threads handle.

use nix::sys::signal::{SigSet, SigmaskHow, Signal};

/// Starts a thread that handles no signal: it inherits the mask of this one, from its first
/// instruction on.
///
/// Signals that tell of a fault of the thread itself stay free: blocked, they would end the
/// process without a word from the handler of the program.
pub(super) fn with_blocked<T>(start: impl FnOnce() -> T) -> T {
    let mut blocked = SigSet::all();
    FAULTS.iter().for_each(|fault| blocked.remove(*fault));
    // It fails for a wrong `how` alone.
    let _before = blocked.thread_swap_mask(SigmaskHow::SIG_SETMASK).ok().map(Restored);
    start()
}

/// Gives this thread its own mask back.
struct Restored(SigSet);

impl Drop for Restored {
    fn drop(&mut self) {
        let _ = self.0.thread_set_mask();
    }
}

/// The kernel sends them to the thread at fault.
const FAULTS: [Signal; 7] = [
    Signal::SIGABRT,
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGILL,
    Signal::SIGSEGV,
    Signal::SIGSYS,
    Signal::SIGTRAP,
];
