//! An agent line as it is written, by whosever rules it was read.

use super::mirror::MirrorText;
use super::options::AgentOptions;
use crate::config::fault::Fault;

/// An agent line as a reader has understood it.
#[derive(Debug, Default)]
pub(super) struct LineText {
    pub(super) mirrors: Vec<MirrorText>,
    pub(super) options: AgentOptions,
    /// Texts that say what is odd in the line, and what is done about it.
    pub(super) oddities: Vec<Fault>,
    /// Why the line is not taken.
    pub(super) faults: Vec<Fault>,
}
