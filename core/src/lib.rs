//! Distributed searches over mirrored searchd agents, without a master.
//!
//! A search cluster of Sphinx or Manticore daemons is sharded and mirrored:
//! `agent = box1:9312|box2:9312:shard2` names mirrors that serve the same index. This library
//! reads such a configuration, asks all agents of a distributed index in parallel over the
//! searchd binary API, picks one mirror of each by its recent record, fails over, and merges the
//! answers as a master does.
//!
//! ```no_run
//! use hamirror::{Client, Config, Search};
//!
//! # fn main() -> Result<(), hamirror::Error> {
//! let client = Client::new(&Config::read("sphinx.conf")?)?;
//! let result = client.search("dist", &Search::new("hello"))?;
//! for row in result.rows() {
//!     println!("{} {}", row.id(), row.weight());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The [guide](docs::guide) goes on from here; [architecture](docs::architecture) says why it is
//! built so.
//!
//! # Words
//!
//! | word | meaning |
//! | --- | --- |
//! | distributed index | a named set of agents, with its own timeouts, retries and strategy |
//! | agent | one `agent =` line: a set of interchangeable mirrors that serve one shard |
//! | mirror | one host plus the index list to ask it for |
//! | host | one `host:port` or socket path, with its record, shared by all mirrors that name it |
//! | master | whoever fans out: here, the program that uses the library |
//! | strategy | `ha_strategy`: how a mirror is picked |
//! | karma | the windowed record of a host: blocks of `ha_period_karma` seconds |
//! | attempt | one request on one mirror |
//! | call | all attempts for one agent; a batch is many calls |
//!
//! # Shape
//!
//! "a <- b" reads "b may use a, and what comes before it"; rooms side by side know nothing of each
//! other (`tests/fast/layers.rs` sees to it). All but `net` and what comes after it is pure: no
//! socket, clock, thread or randomness of its own (`clippy.toml` sees to it).
//!
//! ```text
//! limits log traffic hedge_budget
//!     <- diagnostic <- error
//!     <- completeness config karma sphinxql wire
//!     <- merge options request
//!     <- deadline host search
//!     <- mirror <- strategy <- agent
//!     <- call topology
//!     <- engine status
//!     <- net <- shared
//!     <- batch upkeep
//!     <- client internal
//!     <- session
//! ```
//!
//! The calling thread drives its own I/O on a `Poll` taken from the client, so that a warm call
//! crosses no thread. One state machine, four ways to drive it: block on a call, block on a
//! [`Batch`], put the batch's fd into an event loop, or leave the batch to a thread while the
//! program works ([`Batch::run`], `net/run.rs`). Beside it there is one thread that pings and
//! sends to blackholes, and a few look names up, while there are any, for that blocks and can't be
//! ended (`net/background.rs`, `net/lookups.rs`).
//!
//! Values, in this order: never silently wrong, available, predictable latency, fast, small.
#![forbid(unsafe_code)]

mod agent;
mod batch;
mod call;
mod client;
mod completeness;
pub mod config;
mod deadline;
mod diagnostic;
#[cfg(doc)]
pub mod docs;
mod engine;
mod error;
mod hedge_budget;
mod host;
#[doc(hidden)]
pub mod internal;
mod karma;
mod limits;
mod log;
mod merge;
mod mirror;
mod net;
mod options;
pub mod request;
pub mod search;
mod session;
mod shared;
#[cfg(test)]
mod simulation;
pub mod sphinxql;
pub mod status;
mod strategy;
mod topology;
mod traffic;
mod upkeep;
mod wire;

pub use batch::{Batch, BatchHandle, CallId, Calls, Completed, NotRun, RunningBatch, SearchId};
pub use client::Client;
pub use completeness::Completeness;
pub use config::{Config, ConfigBuilder, Reading};
pub use diagnostic::{Diagnostic, DiagnosticKind};
pub use error::{
    AgentFailure, AttemptFailure, Error, FailureKind, Phase, ProgramError, SystemError,
};
pub use log::{Level, LogSink};
pub use net::Waker;
pub use options::{CallOptions, ClientOptions, KeepConnections};
pub use request::{Access, Product, Reply, Request, Target, Verdict};
pub use search::{Kind, Row, Search, SearchResult, Value};
pub use session::{Answer, Session};
pub use status::Status;
pub use upkeep::Upkeep;
