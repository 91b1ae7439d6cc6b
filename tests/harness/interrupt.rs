//! Ctrl-C: a note that long work looks at, so that everything ends through its `Drop`.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};

/// From now on SIGINT, SIGTERM and SIGHUP are noted instead of ending the process.
pub fn listen() -> Result<()> {
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed)).context("signal handler")
}

/// Whether one of them came.
pub fn came() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// An error if one of them came.
pub fn check() -> Result<()> {
    if came() {
        bail!("interrupted");
    }
    Ok(())
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
