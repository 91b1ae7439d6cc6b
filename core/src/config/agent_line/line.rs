//! An agent line as it is written, by whosever rules it was read.

use super::mirror::MirrorText;
use super::options::AgentOptions;
use crate::config::fault::Fault;

/// What a reader makes of a line.
#[derive(Debug, Default)]
pub(super) struct LineText {
    pub(super) mirrors: Vec<MirrorText>,
    pub(super) options: AgentOptions,
    /// What is odd in the line, and what is done about it.
    pub(super) oddities: Vec<Fault>,
    /// Why the line is not taken.
    pub(super) faults: Vec<Fault>,
}
