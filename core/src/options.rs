//! What a program may say beside the configuration: of a client, and of one call.

use std::time::Duration;

use crate::completeness::{Completeness, SoftTimeout};
use crate::error::Error;
use crate::mirror_key::MirrorKey;

/// Options of a client; [`Default`] is right for most.
///
/// ```
/// use hamirror::{ClientOptions, KeepConnections};
///
/// let options = ClientOptions::default().keep_connections(KeepConnections::Always).seed(7);
/// assert!(options.failover && options.background);
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ClientOptions {
    /// A thread for pings and blackholes, started when first needed. Without it the program drives
    /// them ([`Client::upkeep`](crate::Client::upkeep)) or goes without. In either case names are
    /// looked up on threads of their own, which are there meanwhile: no deadline holds on a thread
    /// that blocks in the resolver. With addresses as numbers, or pushed
    /// ([`Client::set_addresses`](crate::Client::set_addresses)), there is no such thread.
    pub background: bool,
    /// Decides every pick, for reproducible runs; `None` differs from client to client.
    pub seed: Option<u64>,
    /// Which connections are kept after use.
    pub keep_connections: KeepConnections,
    /// Ask another mirror after a failure; `false` is how searchd 2.2.11 does it.
    pub failover: bool,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            background: true,
            seed: None,
            keep_connections: KeepConnections::default(),
            failover: true,
        }
    }
}

impl ClientOptions {
    /// Sets whether a thread of the library pings and sends to blackholes ([`Self::background`]).
    pub fn background(mut self, background: bool) -> Self {
        self.background = background;
        self
    }

    /// Sets the seed of every pick; `None` is another one for each client.
    pub fn seed(mut self, seed: impl Into<Option<u64>>) -> Self {
        self.seed = seed.into();
        self
    }

    /// Sets which connections are kept after use.
    pub fn keep_connections(mut self, keep_connections: KeepConnections) -> Self {
        self.keep_connections = keep_connections;
        self
    }

    /// Sets whether another mirror is asked after a failure, for all calls of the client.
    pub fn failover(mut self, failover: bool) -> Self {
        self.failover = failover;
        self
    }
}

/// Which connections are kept after use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepConnections {
    /// Connections of `agent_persistent` lines and of lines with `conn=persistent`.
    #[default]
    ByLine,
    /// All.
    Always,
    /// None.
    Never,
}

/// What a caller may say of one call or batch, before all settings of the configuration.
///
/// ```
/// use std::time::Duration;
///
/// use hamirror::{CallOptions, Completeness};
///
/// let options = CallOptions::default()
///     .deadline(Duration::from_millis(500))
///     .completeness(Completeness::All);
/// assert_eq!(options.deadline, Some(Duration::from_millis(500)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallOptions {
    /// From start to end, all attempts included. Unset: the time that the configuration gives
    /// one mirror, times the rounds that it allows.
    pub deadline: Option<Duration>,
    /// In place of `agent_connect_timeout`.
    pub connect_timeout: Option<Duration>,
    /// In place of `agent_query_timeout`.
    pub query_timeout: Option<Duration>,
    /// In place of `agent_retry_count`.
    pub retry_count: Option<u32>,
    /// In place of `agent_retry_delay`.
    pub retry_delay: Option<Duration>,
    /// Ask another mirror after a failure, if the client does so too; `false` never leaves the
    /// mirror that was picked first, as searchd 2.2.11 does.
    pub failover: bool,
    /// Share of the agents that must answer.
    pub completeness: Completeness,
    /// Rule by which a search ends before its deadline though agents are silent; `None` if it
    /// never does.
    pub soft_timeout: Option<SoftTimeout>,
    /// Key of calls that stay with one mirror of each agent.
    pub mirror_key: Option<MirrorKey>,
}

impl Default for CallOptions {
    fn default() -> Self {
        Self {
            deadline: None,
            connect_timeout: None,
            query_timeout: None,
            retry_count: None,
            retry_delay: None,
            failover: true,
            completeness: Completeness::default(),
            soft_timeout: None,
            mirror_key: None,
        }
    }
}

impl CallOptions {
    /// Sets the time from start to end, all attempts included; `None` leaves it to the
    /// configuration.
    pub fn deadline(mut self, deadline: impl Into<Option<Duration>>) -> Self {
        self.deadline = deadline.into();
        self
    }

    /// Sets the time to reach a mirror, in place of `agent_connect_timeout`.
    pub fn connect_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.connect_timeout = timeout.into();
        self
    }

    /// Sets the time that one mirror has to answer, in place of `agent_query_timeout`.
    pub fn query_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.query_timeout = timeout.into();
        self
    }

    /// Sets the number of further rounds over all mirrors, in place of `agent_retry_count`.
    pub fn retry_count(mut self, count: impl Into<Option<u32>>) -> Self {
        self.retry_count = count.into();
        self
    }

    /// Sets the pause before each further round, in place of `agent_retry_delay`.
    pub fn retry_delay(mut self, delay: impl Into<Option<Duration>>) -> Self {
        self.retry_delay = delay.into();
        self
    }

    /// Sets whether another mirror is asked after a failure.
    pub fn failover(mut self, failover: bool) -> Self {
        self.failover = failover;
        self
    }

    /// Sets the share of the agents that must answer.
    pub fn completeness(mut self, completeness: Completeness) -> Self {
        self.completeness = completeness;
        self
    }

    /// Sets the percentage of agents after whose answers the rest of a search is hurried. The rest
    /// gets that share, in percent, of the time left until the deadline.
    ///
    /// A share of 0 ends the search at once, and 100 changes nothing. It holds for searches, and
    /// for other reads of a whole index but keywords. An agent that was not waited for is a
    /// failure of the result, with [`AgentFailure::soft_timeout_passed`](crate::AgentFailure).
    pub fn soft_timeout(mut self, percent: u8, share: u8) -> Self {
        self.soft_timeout = Some(SoftTimeout { percent, share });
        self
    }

    /// Keeps reads with this key to one mirror of each agent while it lives. So the pages of a
    /// session come from the same documents.
    ///
    /// Every process picks the same mirror, and one that is added or removed moves only the keys
    /// that it gets or had. A mirror that fails or is silent is left for the next by rank, and the
    /// key returns to it; [`AgentOutcome::kept_mirror`](crate::search::AgentOutcome) tells.
    pub fn mirror_key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.mirror_key = Some(MirrorKey::new(key));
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.completeness.check()?;
        self.soft_timeout.map_or(Ok(()), SoftTimeout::check)
    }
}
