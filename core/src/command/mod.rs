//! What is asked of agents beside searches: excerpts, keywords, updates, counters of daemons.
//!
//! A question goes to one mirror of an agent and fails over as a search does. A change goes to
//! every mirror of every agent, each in a call of its own: none stands in for another.

mod ask;
mod escape;
mod excerpt_options;
mod excerpts;
mod keywords;
mod mirrored;
mod parts;
mod pending;
mod percolate;
mod statement;
mod status;
mod suggest;
mod update;
mod variable;
#[cfg(test)]
mod wire_tests;

pub use escape::escape;
pub use excerpt_options::{ExcerptFiles, ExcerptFlag, ExcerptOptions, HtmlStrip, PassageBoundary};
pub use keywords::{Keyword, Keywords};
pub(crate) use mirrored::failure_lines;
pub use mirrored::{AgentAnswers, MirrorAnswer, Mirrored, Written};
pub use pending::Pending;
pub(crate) use pending::due;
pub use percolate::{MatchedQuery, Percolated};
pub(crate) use statement::Change;
pub use status::Counters;
pub use suggest::{SuggestOptions, Suggestion, Suggestions};
pub use update::{NewValue, Update};
