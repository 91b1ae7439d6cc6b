//! Threads of the library.

use std::io;
use std::thread::JoinHandle;

use super::signals;
use crate::limits::STACK_SIZE;

/// Starts a thread that handles no signal of the program.
#[expect(clippy::disallowed_methods, reason = "the only threads of the library")]
pub(super) fn spawn(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    // Without a size of ours, the environment would be asked for one.
    signals::with_blocked(|| thread.stack_size(STACK_SIZE).spawn(run))
}
