//! Bounds on what the agents of a configuration may take. Inheritance repeats lines, and mirrors
//! repeat index lists, so a small text could grow into gigabytes.

use super::fault::Fault;
use crate::limits;

/// Counts down while the model is built.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { left: limits::AGENTS_SIZE_MAX }
    }

    /// Takes so many bytes for what `text` says. Refuses once; who comes later asks
    /// [`Self::is_spent`] first.
    pub(super) fn take(&mut self, size: usize, text: &str) -> Result<(), Fault> {
        self.left = self.left.saturating_sub(size);
        if self.left > 0 {
            return Ok(());
        }
        let max = limits::AGENTS_SIZE_MAX;
        let expected = format!(
            "all agents, inherited ones and repeated index lists included, are expected to take \
             at most {max} bytes"
        );
        Err(Fault::whole(text, expected))
    }

    /// Nothing more is to be read.
    pub(super) fn is_spent(&self) -> bool {
        self.left == 0
    }
}
