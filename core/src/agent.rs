//! Agents and mirrors as calls use them: the configuration joined with hosts and strategy.

use std::sync::Arc;

use crate::call::SpeculationBudget;
use crate::config::CallSettings;
use crate::host::Host;
use crate::strategy::Selector;

/// A distributed index ready to be asked.
#[derive(Debug)]
pub struct Index {
    /// Name in the configuration.
    pub name: String,
    /// Agents that are asked and waited for, in a master's order.
    pub agents: Vec<Arc<Agent>>,
    /// Agents that are sent to and never waited for.
    pub blackholes: Vec<Arc<Agent>>,
    /// Local indexes that only a daemon can search.
    pub locals: Vec<String>,
}

/// One shard: interchangeable mirrors.
#[derive(Debug)]
pub struct Agent {
    /// Name of its distributed index.
    pub index: String,
    /// Position in the index, from 0.
    pub number: usize,
    /// At least one.
    pub mirrors: Vec<Mirror>,
    /// Picks among them.
    pub selector: Selector,
    /// Connections are kept after use.
    pub keeps_connections: bool,
    /// Index and searchd settings joined; a call's own come before them.
    pub settings: CallSettings,
    /// `retry_count=K` of the line: at most 1+K attempts in a call.
    pub attempts_max: Option<u32>,
    /// Largest request or reply body in bytes.
    pub max_packet_size: usize,
    /// Extra requests that slow mirrors may still cause.
    pub speculation: SpeculationBudget,
}

/// One host plus the index list to ask it for.
#[derive(Clone, Debug)]
pub struct Mirror {
    /// The shared host.
    pub host: Arc<Host>,
    /// Never empty.
    pub index_list: String,
}
