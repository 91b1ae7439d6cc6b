//! What a program may say beside the configuration: of a client, and of one call.

use std::time::Duration;

use crate::completeness::Completeness;

/// Options of a client; [`Default`] is right for most.
#[derive(Clone, Copy, Debug)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// Never leave the mirror that was picked first, as searchd 2.2.11 does.
    pub no_failover: bool,
    /// Share of the agents that must answer.
    pub completeness: Completeness,
}
