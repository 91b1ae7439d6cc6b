//! What the engine asks of a request, and what it hands back.

mod ping;
mod raw;

pub use ping::Ping;
pub use raw::Raw;

use std::time::Duration;

use crate::error::{Error, ProgramError};
use crate::manticore_29;
pub use crate::wire::header::Command;
pub use crate::wire::header::Status as ReplyStatus;
pub use crate::wire::search::Layout;
use crate::wire::search::{self, Dialect};
use crate::wire::{Reader, Truncated, text};

/// A request that any mirror of an agent can be asked.
pub trait Request: Send + Sync {
    /// Command and layout version.
    fn command(&self) -> Command;

    /// Command and layout version of the body for this mirror, whose daemon may be older.
    fn command_for(&self, target: &Target<'_>) -> Command {
        let _ = target;
        self.command()
    }

    /// Whether the request may be sent a second time when its fate is unknown.
    fn access(&self) -> Access;

    /// True if a daemon may say that it is still at work (IN_PROGRESS, core/docs/spec/protocol.md
    /// 1.5) before it answers. The body asks it to, and each time `agent_query_timeout` begins
    /// anew.
    fn expects_heartbeats(&self) -> bool {
        false
    }

    /// Appends the body for this mirror: the same bytes however often it is called. An error is
    /// told to the caller before anything is sent.
    fn encode(&self, target: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error>;

    /// Judges a reply with status OK or WARNING before the call ends. Its error is how "no
    /// reply" and "a wrong reply" stay apart: whoever understands the body says so here.
    fn judge(&self, reply: &mut Reply) -> Verdict {
        let _ = reply;
        Verdict::Accept
    }

    /// Judges a reply with status ERROR, whose body is its [text](Reply::text).
    fn judge_error(&self, reply: &Reply) -> Verdict {
        Verdict::Refused(reply.text())
    }

    /// True if a reply that was accepted lacks nothing, as far as it says. A soft time-out
    /// ([`CallOptions::soft_timeout`](crate::CallOptions::soft_timeout)) counts no other.
    fn is_whole(&self, reply: &Reply) -> bool {
        let _ = reply;
        true
    }
}

/// Whether a command changes anything on the daemon (design: Replay safety).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// May be sent again at any point.
    Read,
    /// Sent again only if no byte of it can have been executed.
    Write,
}

/// The mirror that a body is built for.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Host as the configuration names it.
    pub host: &'a str,
    /// What to ask it for; never empty.
    pub index_list: &'a str,
    /// Number of this attempt within its call, from 0.
    pub attempt: u32,
    /// Whose daemon answered there last.
    pub product: Product,
    /// Layout of a SEARCH that its daemon takes, for all that is known.
    pub layout: Layout,
}

/// Whose daemon it is, as far as its answers to SEARCH requests tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Product {
    /// None came yet.
    #[default]
    Unknown,
    /// Sphinx 2.x.
    Sphinx,
    /// Manticore.
    Manticore,
}

impl Product {
    /// By the daemon's own version of SEARCH, which it says in every answer
    /// (core/docs/spec/protocol.md 1.7).
    pub(crate) fn of_search(version: u16) -> Self {
        match Dialect::of_version(version) {
            Dialect::Sphinx => Product::Sphinx,
            Dialect::Manticore => Product::Manticore,
        }
    }
}

/// A whole reply of one agent.
#[derive(Clone, Debug)]
pub struct Reply {
    /// OK or WARNING in a reply that was accepted.
    pub status: ReplyStatus,
    /// The daemon's own version of the command.
    pub version: u16,
    /// Whose daemon the request was written for; they read some fields of a SEARCH otherwise.
    pub asked: Product,
    /// Layout in which a SEARCH was written.
    pub layout: Layout,
    /// Text of a WARNING reply, as [`text::quote`] makes it.
    pub warning: Option<String>,
    /// The command's answer, without the warning text.
    pub body: Vec<u8>,
    /// The body decoded, where the request's `judge` did so.
    pub(crate) search: Option<Box<search::Reply>>,
    /// True if queries that it refuses are at fault themselves: no other mirror does otherwise, or
    /// there is none.
    pub(crate) are_refusals_proven: bool,
    /// Time from the start of the attempt that brought the reply to its end.
    pub elapsed: Duration,
    /// Attempts that the call made, the one that brought the reply included; 0 for
    /// [`Reply::new`].
    pub attempts: u32,
}

impl Reply {
    /// An answer with status OK, of a program that speaks for itself.
    pub fn new(version: u16, body: Vec<u8>) -> Self {
        let (status, asked, layout) = (ReplyStatus::Ok, Product::Unknown, Layout::default());
        let (warning, search, elapsed) = (None, None, Duration::ZERO);
        let (attempts, are_refusals_proven) = (0, true);
        Reply {
            status,
            version,
            asked,
            layout,
            warning,
            body,
            search,
            are_refusals_proven,
            elapsed,
            attempts,
        }
    }

    /// The text of an ERROR or RETRY reply, as [`text::quote`] makes it, and what it means where
    /// nobody could know that.
    pub fn text(&self) -> String {
        let text = Reader::new(&self.body).string();
        let text = text::quote(text.unwrap_or(b"(without a text)"));
        match manticore_29::meaning_of_error(&text) {
            Some(meaning) => format!("{text} ({meaning})"),
            None => text,
        }
    }

    /// Moves the text of a WARNING reply out of its body.
    pub(crate) fn split_warning(&mut self) -> Result<(), Truncated> {
        let mut reader = Reader::new(&self.body);
        self.warning = Some(text::quote(reader.string()?));
        let length = reader.offset();
        self.body.drain(..length);
        Ok(())
    }
}

/// What a request thinks of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The answer.
    Accept,
    /// The answer, with warnings inside: counted as `warnings`.
    AcceptWarned,
    /// Not an answer to this request: counted as `wrong_replies`, the next mirror is asked.
    Malformed(String),
    /// The mirror gave up on the way: counted as `remote_retries`, the next mirror is asked.
    Unfinished(String),
    /// The mirror understood and refused: one other mirror is asked before the query is blamed.
    Refused(String),
    /// Some or all queries of a request of several were refused. Each of these has its text, and
    /// the others are `None`. One other mirror is asked before the queries are blamed; then the
    /// reply is the answer to those that were not refused.
    QueriesRefused(Vec<Option<String>>),
    /// The request was written for another daemon, which its host is known for from now on. The
    /// same mirror is asked again at once, with a body that is built anew. That is not booked and
    /// no retry. It happens twice in an attempt at most, and for writes after an ERROR alone.
    AskAgain(String),
    /// The request itself failed: the call ends with this error, and no mirror is blamed.
    Failed(ProgramError),
    /// This process has no memory to read the answer, by this text. The call ends, for another
    /// mirror's answer would be as long, and no mirror is blamed.
    OutOfMemory(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_told_by_their_version_of_search() {
        for (version, product) in [
            (0x11f, Product::Sphinx),
            (0x120, Product::Sphinx),
            (0x121, Product::Manticore),
            (0x128, Product::Manticore),
        ] {
            assert_eq!(Product::of_search(version), product, "{version:#x}");
        }
    }
}
