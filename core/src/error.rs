//! What can go wrong, as values: the thing, its value, and what to do next.

mod unknown;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use unknown::UnknownName;

use crate::diagnostic::Diagnostic;

/// An error of the library. Its `Debug` is its text, for programs whose `main` returns it.
#[derive(Clone)]
#[non_exhaustive]
pub enum Error {
    /// A configuration was refused; every fault of it is listed.
    Config(Vec<Diagnostic>),
    /// A request was refused before it was sent: it can't be encoded, or it is incomplete.
    Request(String),
    /// A statement of SphinxQL was refused: its place, and what was expected there. Nothing was
    /// sent.
    Statement(Diagnostic),
    /// A name or number that the caller gave does not exist here.
    Unknown(UnknownName),
    /// A call against the rules of the interface, such as asking twice for one result.
    Misuse(String),
    /// No agent, or fewer than the caller's policy demands, gave an answer.
    Unanswered {
        /// Agents that answered.
        answered: usize,
        /// Agents that were asked.
        agents: usize,
        /// Why each of the others did not.
        failures: Vec<AgentFailure>,
    },
    /// The agents' answers do not fit together (core/docs/spec/distributed.md 5.5).
    Merge(String),
    /// The operating system refused something that the library needs for itself.
    System(SystemError),
    /// A batch of the parent process was used in a forked child; make a new one there.
    Forked,
    /// A request of the program's own failed to build its body, with this error.
    Program(ProgramError),
}

/// What the operating system refused.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SystemError {
    /// What was to be done, and why it could not be.
    pub text: String,
    /// `errno`; `None` where the system gave none, as for memory.
    pub code: Option<i32>,
    /// The file that it is about.
    pub path: Option<PathBuf>,
    pub(crate) cause: Option<Arc<io::Error>>,
}

impl SystemError {
    pub(crate) fn new(action: impl fmt::Display, error: io::Error) -> Self {
        let text = format!("{action}: {error}");
        Self { text, code: error.raw_os_error(), path: None, cause: Some(Arc::new(error)) }
    }
}

/// Errors are equal if they say the same of the same file, whatever caused them.
impl PartialEq for SystemError {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.code, &self.path) == (&other.text, other.code, &other.path)
    }
}

impl Eq for SystemError {}

impl From<String> for SystemError {
    fn from(text: String) -> Self {
        Self { text, code: None, path: None, cause: None }
    }
}

impl fmt::Display for SystemError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl std::error::Error for SystemError {
    /// Returns the error of the operating system, which the text names already.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// An error of the program's own, from a [`Request`](crate::Request) that it brought: handed back
/// as it is.
#[derive(Clone, Debug)]
pub struct ProgramError(Arc<Box<dyn std::error::Error + Send + Sync>>);

impl ProgramError {
    /// Wraps an error.
    pub fn new(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(Box::new(error)))
    }

    /// The error, if it is of that type.
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }

    fn cause(&self) -> &(dyn std::error::Error + 'static) {
        self.0.as_ref().as_ref()
    }
}

impl fmt::Display for ProgramError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// One error is equal to itself alone.
impl PartialEq for ProgramError {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for ProgramError {}

impl Error {
    /// Returns why agents gave no answer, one failure an agent; none but for
    /// [`Error::Unanswered`].
    pub fn failures(&self) -> &[AgentFailure] {
        match self {
            Error::Unanswered { failures, .. } => failures,
            _ => &[],
        }
    }

    /// Returns the first error of the program's own, from a [`Request`](crate::Request) that it
    /// brought; `None` if that refused nothing.
    pub fn program(&self) -> Option<&ProgramError> {
        match self {
            Error::Program(error) => Some(error),
            _ => self.failures().iter().find_map(|failure| failure.program.as_ref()),
        }
    }

    /// The deadline ended every agent that failed.
    pub fn is_timeout(&self) -> bool {
        !self.failures().is_empty() && self.failures().iter().all(AgentFailure::is_timeout)
    }

    /// The query itself is at fault: agents were reached and refused it.
    pub fn is_query_error(&self) -> bool {
        self.failures().iter().any(|failure| failure.query_error.is_some())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Config(diagnostics) => {
                for (number, diagnostic) in diagnostics.iter().enumerate() {
                    if number > 0 {
                        writeln!(out)?;
                    }
                    out.write_str(&diagnostic.rendered())?;
                }
                Ok(())
            }
            Error::Statement(diagnostic) => out.write_str(&diagnostic.rendered()),
            Error::Request(text) | Error::Misuse(text) | Error::Merge(text) => out.write_str(text),
            Error::Unknown(name) => name.fmt(out),
            Error::System(error) => error.fmt(out),
            Error::Program(error) => error.fmt(out),
            Error::Forked => out.write_str(
                "the batch belongs to the parent of this forked process; make a new one here",
            ),
            Error::Unanswered { answered, agents, failures } => {
                write!(out, "{answered} of {agents} agents answered")?;
                for failure in failures {
                    write!(out, "; {failure}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Error {
    /// Returns what caused the error: the [`io::Error`] of the operating system, or the error of
    /// the program's own request. The text of this error names it already.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::System(error) => error.source(),
            _ => self.program().map(ProgramError::cause),
        }
    }
}

/// The error of a call to that agent alone.
impl From<AgentFailure> for Error {
    fn from(failure: AgentFailure) -> Error {
        Error::Unanswered { answered: 0, agents: 1, failures: vec![failure] }
    }
}

/// Why one agent gave no answer: each attempt in order.
#[derive(Clone, Debug, Default)]
pub struct AgentFailure {
    /// Distributed index that the agent belongs to.
    pub index: String,
    /// Number of the agent in its index, from 0, in the order a master uses. Texts, calls and
    /// status number it so; rows of SHOW statements count from 1, as daemons do.
    pub agent: usize,
    /// Name of the local index where that failed and not an agent; nobody searched it if there is
    /// no query error.
    pub local: Option<String>,
    /// Every failed attempt, oldest first.
    pub attempts: Vec<AttemptFailure>,
    /// Text of the error that two mirrors gave alike, or the only one that was asked: the query is
    /// at fault, no mirror.
    pub query_error: Option<String>,
    /// What each query of a request of several was refused with, in their order.
    pub query_errors: Vec<String>,
    /// Error of the program's own request, which ended the call: no mirror is at fault.
    pub program: Option<ProgramError>,
    /// The deadline ended the call.
    pub deadline_passed: bool,
    /// Enough other agents had answered, and the time that was left to this one is over
    /// ([`CallOptions::soft_timeout`](crate::CallOptions::soft_timeout)).
    pub soft_timeout_passed: bool,
    /// The caller took the call back.
    pub cancelled: bool,
    /// True if a mirror had a change, or its answer, when the call ended for another reason.
    pub is_left_open: bool,
}

impl AgentFailure {
    /// A local index of that distributed index which nobody asked.
    pub(crate) fn of_local(index: &str, local: &str) -> Self {
        let (index, local) = (index.to_owned(), Some(local.to_owned()));
        AgentFailure { index, local, ..AgentFailure::default() }
    }

    /// No mirror answered, neither well nor with an error of the query, and the caller did not end
    /// it.
    pub fn is_unanswered(&self) -> bool {
        self.query_error.is_none() && self.program.is_none() && !self.cancelled
    }

    /// Returns the failure for one query of a request of several, with what that was refused with.
    pub(crate) fn of_query(&self, query: usize) -> AgentFailure {
        let own = self.query_errors.get(query).or(self.query_error.as_ref());
        let query_error = own.cloned();
        AgentFailure { query_error, query_errors: Vec::new(), ..self.clone() }
    }

    /// True if a change may have been made though nobody said so. The mirror had got it, or a part
    /// of it, when its answer was lost.
    pub fn may_be_applied(&self) -> bool {
        let may_be_applied = |attempt: &AttemptFailure| {
            let is_refused =
                matches!(attempt.kind, FailureKind::RemoteError | FailureKind::RemoteRetry);
            !is_refused && !matches!(attempt.phase, Phase::Resolve | Phase::Connect)
        };
        self.is_left_open || self.attempts.iter().any(may_be_applied)
    }

    /// Time ran out; no mirror said no.
    pub fn is_timeout(&self) -> bool {
        self.query_error.is_none()
            && self.program.is_none()
            && (self.deadline_passed
                || self.soft_timeout_passed
                || self.attempts.last().is_some_and(|attempt| attempt.kind.is_timeout()))
    }
}

impl std::error::Error for AgentFailure {
    /// Returns the error of the program's own request.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.program.as_ref().map(ProgramError::cause)
    }
}

impl fmt::Display for AgentFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(local) = &self.local {
            let text = self.query_error.as_deref().unwrap_or("not searched");
            return write!(out, "index {} local index {local}: {text}", self.index);
        }
        write!(out, "index {} agent {}: ", self.index, self.agent)?;
        if let Some(text) = &self.query_error {
            let hosts: Vec<_> = self.attempts.iter().map(|tried| tried.host.as_str()).collect();
            return write!(out, "remote query error: {text} (said by {})", hosts.join(", "));
        }
        if let Some(error) = &self.program {
            return write!(out, "the program's own request: {error}");
        }
        for (number, attempt) in self.attempts.iter().enumerate() {
            let separator = if number > 0 { ", " } else { "" };
            write!(out, "{separator}{attempt}")?;
        }
        let end = if self.cancelled {
            "cancelled"
        } else if self.deadline_passed {
            "deadline passed"
        } else if self.soft_timeout_passed {
            "soft time-out passed: enough others answered"
        } else if self.attempts.is_empty() {
            "no mirror could be asked"
        } else {
            return Ok(());
        };
        let separator = if self.attempts.is_empty() { "" } else { ", " };
        write!(out, "{separator}{end}")
    }
}

/// One failed attempt on one mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptFailure {
    /// The mirror's host, as the configuration names it (`box1:9312`, `/run/searchd.sock`).
    pub host: String,
    /// Kind of the failure, which decides into which counter of the host it went.
    pub kind: FailureKind,
    /// What was under way when it failed.
    pub phase: Phase,
    /// The fault in words, with the values met.
    pub text: String,
    /// `errno` of the operating system's error behind it; `None` if there was none.
    pub code: Option<i32>,
    /// Time from the start of the call to that of the attempt.
    pub began: Duration,
    /// From the start of the attempt to its failure.
    pub elapsed: Duration,
}

/// A fault in words, on its way to an [`AttemptFailure`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultText {
    /// With the values met.
    pub text: String,
    /// `errno` of the operating system's error behind it.
    pub code: Option<i32>,
}

impl FaultText {
    /// Words these words in another way; the error behind them stays.
    pub fn reworded(self, reword: impl FnOnce(String) -> String) -> Self {
        Self { text: reword(self.text), code: self.code }
    }
}

impl From<String> for FaultText {
    fn from(text: String) -> Self {
        Self { text, code: None }
    }
}

impl From<&str> for FaultText {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<&io::Error> for FaultText {
    fn from(error: &io::Error) -> Self {
        Self { text: error.to_string(), code: error.raw_os_error() }
    }
}

impl fmt::Display for AttemptFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, phase, text, elapsed, .. } = self;
        write!(out, "{host}: {text} ({phase}, {} ms)", elapsed.as_millis())
    }
}

/// Kinds of failed attempts; the names are those of SHOW AGENT STATUS where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// Connected, but no whole reply within `agent_query_timeout`.
    QueryTimeout,
    /// Not connected, or no handshake, within `agent_connect_timeout`.
    ConnectTimeout,
    /// The connection was refused, or the name has no address.
    ConnectFailure,
    /// The connection broke with an error of the operating system.
    NetworkError,
    /// The reply breaks the protocol.
    WrongReply,
    /// The daemon closed the connection before its reply was whole.
    UnexpectedClosing,
    /// The daemon answered ERROR, or an error inside its reply.
    RemoteError,
    /// The daemon answered RETRY: it has no capacity now.
    RemoteRetry,
    /// Silent for so long that another mirror was asked beside it, which answered first.
    Overtaken,
    /// This process was given no socket, or no memory for a reply: descriptors, ports or memory
    /// ran out. No mirror is to blame.
    Local,
}

impl FailureKind {
    /// A limit of time ended the attempt.
    pub fn is_timeout(self) -> bool {
        matches!(self, FailureKind::QueryTimeout | FailureKind::ConnectTimeout)
    }
}

/// What an attempt was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Looking up the host's name.
    Resolve,
    /// Waiting for the connection.
    Connect,
    /// Connected, waiting for the daemon's version.
    Handshake,
    /// Handing the request to the kernel.
    Send,
    /// Request sent, waiting for the first byte of the reply.
    Wait,
    /// Reading the reply.
    Read,
}

impl fmt::Display for Phase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Phase::Resolve => "resolve",
            Phase::Connect => "connect",
            Phase::Handshake => "handshake",
            Phase::Send => "send",
            Phase::Wait => "wait",
            Phase::Read => "read",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_one_agent_says_what_ended_its_call() {
        let program = ProgramError::new(fmt::Error);
        let failure = AgentFailure::default;
        // The program's own request is told apart from a query, and both from an agent.
        for (failure, is_timeout, is_query_error, has_program) in [
            (failure(), false, false, false),
            (AgentFailure { cancelled: true, ..failure() }, false, false, false),
            (AgentFailure { deadline_passed: true, ..failure() }, true, false, false),
            (AgentFailure { query_error: Some("no".into()), ..failure() }, false, true, false),
            (AgentFailure { program: Some(program.clone()), ..failure() }, false, false, true),
        ] {
            let text = failure.to_string();
            let error = Error::from(failure);
            assert_eq!((error.is_timeout(), error.is_query_error()), (is_timeout, is_query_error));
            assert_eq!(error.program(), has_program.then_some(&program), "{error}");
            assert!(matches!(error, Error::Unanswered { answered: 0, agents: 1, .. }));
            assert_eq!(error.to_string(), format!("0 of 1 agents answered; {text}"));
        }
        assert_eq!(Error::Program(program.clone()).program(), Some(&program));
        assert!(Error::Forked.program().is_none() && Error::Forked.failures().is_empty());
    }

    #[test]
    fn an_error_leads_to_its_cause() {
        use std::error::Error as _;

        let refused = io::Error::from_raw_os_error(libc::EACCES);
        let system = Error::System(SystemError::new("reading", refused));
        let cause = system.source().and_then(|cause| cause.downcast_ref::<io::Error>());
        assert_eq!(cause.and_then(io::Error::raw_os_error), Some(libc::EACCES));
        let program = ProgramError::new(fmt::Error);
        let failure = AgentFailure { program: Some(program.clone()), ..AgentFailure::default() };
        let causes = [failure.source().is_some(), Error::from(failure.clone()).source().is_some()];
        assert_eq!(causes, [true; 2]);
        assert!(Error::Program(program).source().is_some_and(|cause| cause.is::<fmt::Error>()));
        assert!(Error::System("no".to_owned().into()).source().is_none());
        assert!(Error::Forked.source().is_none());
    }
}
