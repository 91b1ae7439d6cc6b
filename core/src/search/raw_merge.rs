//! The merge of replies that a program got by itself.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::part::refused;
use super::result::merge_all;
use super::{Search, SearchRequest, SearchResult};
use crate::completeness::Completeness;
use crate::error::{AgentFailure, AttemptFailure, Error, FailureKind, Phase};
use crate::request::{Product, Reply, ReplyStatus, Request, Target, Verdict};
use crate::wire::search::Layout;
use crate::wire::text;

/// Merge of the replies of agents that a program asked by itself, such as a searchd with a request
/// builder of its own.
///
/// Every agent is asked for the searches in their order, by one SEARCH request, as masters ask
/// theirs: for all rows from the first on, up to `max_matches`. In
/// [`MergeMode::Master`](super::MergeMode) nothing else is needed. In
/// [`MergeMode::Exact`](super::MergeMode) the merge needs columns and queries beside the caller's,
/// which [`RawMerge::request`] has.
///
/// ```
/// use std::time::SystemTime;
///
/// use hamirror::search::{MergeMode, RawMerge, Search};
/// use hamirror::{Completeness, FailureKind};
///
/// # fn replies() -> Vec<(&'static str, u16, u16, Vec<u8>)> { Vec::new() }
/// # fn main() -> Result<(), hamirror::Error> {
/// let search = Search::new("red shoes").merge_mode(MergeMode::Master);
/// let mut merge = RawMerge::new("goods", &[search], SystemTime::now())?;
/// for (agent, status, version, body) in replies() {
///     merge.add_reply(agent, status, version, body)?;
/// }
/// merge.add_failure("box3:9312", FailureKind::QueryTimeout, "query timed out");
/// for result in merge.finish(Completeness::BestEffort)? {
///     println!("{} rows", result.map_or(0, |result| result.len()));
/// }
/// # Ok(())
/// # }
/// ```
pub struct RawMerge {
    request: SearchRequest,
    layout: Layout,
    product: Product,
    outcomes: Vec<(String, Result<Reply, AgentFailure>)>,
}

impl RawMerge {
    /// Makes a merge for these searches of an index, of which errors and warnings speak by that
    /// name. `now` decides the age of rows under [`Sort::TimeSegments`](super::Sort).
    pub fn new(index: &str, searches: &[Search], now: SystemTime) -> Result<RawMerge, Error> {
        let request = SearchRequest::batch(index, searches, now)?;
        let (layout, product) = (Layout::default(), Product::Sphinx);
        Ok(RawMerge { request, layout, product, outcomes: Vec::new() })
    }

    /// Says in which version of SEARCH, as which master, and in whose words agents are asked from
    /// now on. Replies are taken for those to such requests. Unless set that is 0x11F, 14 and
    /// Sphinx.
    ///
    /// The two products read texts of filters otherwise ([`Condition::any_text`]). A reply to
    /// words of the other product is refused. Where agents are of both, set it for each of them.
    ///
    /// An [`Error::Request`] if it is no version from 0x119 to 0x120, or no master from 1 to 14.
    ///
    /// [`Condition::any_text`]: super::Condition::any_text
    pub fn set_asked(&mut self, version: u16, master: u32, product: Product) -> Result<(), Error> {
        let layout = Layout { version, master };
        if !layout.is_spoken() {
            return Err(Error::Request(format!(
                "replies to SEARCH version {version:#x} by master {master} can't be read: ask in \
                 0x119 to 0x120 as master 1 to 14"
            )));
        }
        (self.layout, self.product) = (layout, product);
        Ok(())
    }

    /// Returns the body of a request for an agent that is asked for that list of its indexes.
    pub fn request(&self, index_list: &str) -> Result<Vec<u8>, Error> {
        let target = Target {
            host: "(raw)",
            index_list,
            attempt: 0,
            product: self.product,
            layout: self.layout,
        };
        let mut body = Vec::new();
        self.request.encode(&target, &mut body)?;
        Ok(body)
    }

    /// Adds what the next agent replied: status and version as the header has them, and the body.
    /// An ERROR or RETRY reply is a failure of the agent.
    ///
    /// An [`Error::Request`] if the body is no reply to the searches, or to words that its daemon
    /// reads otherwise ([`Self::set_asked`]); nothing is added then.
    pub fn add_reply(
        &mut self,
        agent: &str,
        status: u16,
        version: u16,
        body: Vec<u8>,
    ) -> Result<(), Error> {
        let malformed = |text: String| {
            let agent = text::escape(agent.to_owned());
            Error::Request(format!("reply of agent {agent} is malformed: {text}"))
        };
        let status = ReplyStatus::from(status);
        let (asked, layout) = (self.product, self.layout);
        let mut reply = Reply { status, asked, layout, ..Reply::new(version, body) };
        match status {
            ReplyStatus::Ok => {}
            ReplyStatus::Warning => {
                reply.split_warning().map_err(|error| malformed(error.to_string()))?;
            }
            ReplyStatus::Error => {
                self.add_failure(agent, FailureKind::RemoteError, &reply.text());
                return Ok(());
            }
            ReplyStatus::Retry => {
                self.add_failure(agent, FailureKind::RemoteRetry, &reply.text());
                return Ok(());
            }
            other => return Err(malformed(format!("{other:?} is no status of a whole reply"))),
        }
        match self.request.judge(&mut reply) {
            Verdict::Accept | Verdict::AcceptWarned => {
                self.outcomes.push((agent.to_owned(), Ok(reply)));
            }
            // Queries that were not refused have their answers.
            Verdict::QueriesRefused(texts) if texts.contains(&None) => {
                self.outcomes.push((agent.to_owned(), Ok(reply)));
            }
            Verdict::QueriesRefused(texts) => {
                let failure = refused(self.failure(), texts);
                self.outcomes.push((agent.to_owned(), Err(failure)));
            }
            Verdict::Refused(text) => {
                let failure = refused(self.failure(), vec![Some(text)]);
                self.outcomes.push((agent.to_owned(), Err(failure)));
            }
            Verdict::Unfinished(text) => {
                self.add_failure(agent, FailureKind::RemoteRetry, &text);
            }
            Verdict::Failed(error) => return Err(Error::Program(error)),
            Verdict::OutOfMemory(text) => return Err(Error::System(text.into())),
            Verdict::Malformed(text) => return Err(malformed(text)),
            Verdict::AskAgain(_) => return Err(misread(agent, version)),
        }
        Ok(())
    }

    /// Adds that the next agent has no answer, and why.
    pub fn add_failure(&mut self, agent: &str, kind: FailureKind, text: &str) {
        let attempt = AttemptFailure {
            host: agent.to_owned(),
            kind,
            phase: Phase::Read,
            text: text::escape(text.to_owned()),
            code: None,
            began: Duration::ZERO,
            elapsed: Duration::ZERO,
        };
        let failure = AgentFailure { attempts: vec![attempt], ..self.failure() };
        self.outcomes.push((agent.to_owned(), Err(failure)));
    }

    /// Number of the searches, each of which gets a result.
    pub fn searches(&self) -> usize {
        self.request.queries()
    }

    /// Merges what was added, agents in that order: a result for each search, in their order.
    pub fn finish(
        self,
        completeness: Completeness,
    ) -> Result<Vec<Result<SearchResult, Error>>, Error> {
        completeness.check()?;
        Ok(merge_all(&self.request, self.outcomes, completeness))
    }

    /// A failure of the next agent.
    fn failure(&self) -> AgentFailure {
        let (index, agent) = (self.request.own_index().to_owned(), self.outcomes.len());
        AgentFailure { index, agent, ..AgentFailure::default() }
    }
}

/// Why a reply to words of the other product is no answer.
fn misread(agent: &str, version: u16) -> Error {
    let agent = text::escape(agent.to_owned());
    let product = Product::of_search(version);
    Error::Request(format!(
        "agent {agent} is of {product:?}, and the texts of filters were not in its words: say so \
         before the request is made, and ask it again"
    ))
}

impl fmt::Debug for RawMerge {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let agents: Vec<&str> = self.outcomes.iter().map(|(agent, _)| agent.as_str()).collect();
        out.debug_struct("RawMerge").field("agents", &agents).finish_non_exhaustive()
    }
}
