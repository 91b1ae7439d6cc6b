//! Distributed searches over mirrored searchd agents, without a master.
//!
//! A search cluster of Sphinx or Manticore daemons is sharded and mirrored. Its configuration says
//! so: `agent = box1:9312|box2:9312:shard2` names two mirrors, which serve the same shard. This
//! library reads that configuration and asks every shard of a distributed index in parallel. Of
//! each shard it picks one mirror by its recent record, and another one if the first fails or is
//! silent. Then it merges the rows as a master daemon does.
//!
//! # A search
//!
//! A [`Client`] is made once and shared by all threads; a [`Search`] says what is wanted.
//!
//! ```no_run
//! use hamirror::{Client, Config, Search};
//!
//! # fn main() -> Result<(), hamirror::Error> {
//! let client = Client::new(&Config::read("sphinx.conf")?)?;
//! let search = Search::new("red shoes").select("id, price").limit(10);
//! for row in &client.search("goods", &search)? {
//!     println!("{} {:?}", row.id(), row.get("price"));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Mirrors that fail
//!
//! A failed mirror is no error while another one of its shard answers. If a whole shard is silent,
//! the result lacks its rows and says so; [`Completeness`] makes that an error. [`Status`] has the
//! record of every host.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use hamirror::{CallOptions, Client, Completeness, Config, Search};
//!
//! # fn main() -> Result<(), hamirror::Error> {
//! let client = Client::new(&Config::read("sphinx.conf")?)?;
//! let options = CallOptions::default()
//!     .deadline(Duration::from_millis(500))
//!     .completeness(Completeness::AtLeast { percent: 75 });
//! let result = client.search_with("goods", &Search::new("red shoes"), &options)?;
//! println!("{} of {} shards answered", result.agents_answered, result.agents);
//! for failure in &result.failures {
//!     println!("missing: {failure}");
//! }
//! for host in &client.status().hosts {
//!     println!("{}: {:?}, {} under way", host.name, host.state, host.in_flight);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Many searches in an event loop
//!
//! A [`Batch`] has any number of searches under way. It has one descriptor for an event loop of
//! your own, and [`Batch::timeout`] says when to look at it anyway. Without an event loop,
//! [`Batch::wait_any`] blocks.
//!
//! ```no_run
//! use hamirror::{Client, Completed, Config, Search};
//! use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
//! use std::os::fd::AsFd;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(&Config::read("sphinx.conf")?)?;
//! let mut batch = client.batch()?;
//! for text in ["red shoes", "blue hats"] {
//!     batch.add_search("goods", &Search::new(text))?;
//! }
//! while batch.pending() > 0 {
//!     let timeout = batch.timeout().map_or(Ok(PollTimeout::NONE), PollTimeout::try_from)?;
//!     poll(&mut [PollFd::new(batch.as_fd(), PollFlags::POLLIN)], timeout)?;
//!     batch.drive()?;
//!     while let Some(ended) = batch.next_completion() {
//!         if let Completed::Search(search) = ended {
//!             println!("{} rows", batch.take_search(search)?.len());
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Where to go on
//!
//! | for | see |
//! | --- | --- |
//! | a first search, event loops, plugins, fork, alerts | the [guide](docs::guide) |
//! | what may be relied on | [behaviour](docs::behaviour) |
//! | SphinxQL without a MySQL client | [`Client::execute`] |
//! | requests of your own | [`Request`], [`Client::call`] |
//! | words that have a meaning here, and why it is built so | [architecture](docs::architecture) |
#![forbid(unsafe_code)]

mod agent;
mod batch;
mod call;
mod client;
pub mod command;
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
mod manticore_29;
pub mod master;
mod merge;
mod mirror;
mod mirror_key;
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

pub use batch::{Asked, Batch, CallId, Calls, Completed, NotRun, RunningBatch, SearchId};
pub use client::Client;
pub use completeness::{Completeness, SoftTimeout};
pub use config::{Config, ConfigBuilder, Reading};
pub use diagnostic::{Diagnostic, DiagnosticKind};
pub use error::{
    AgentFailure, AttemptFailure, Error, FailureKind, Phase, ProgramError, SystemError,
    UnknownName,
};
pub use log::{Level, LogSink};
pub use mirror_key::MirrorKey;
pub use net::Waker;
pub use options::{CallOptions, ClientOptions, KeepConnections};
pub use request::{Access, Product, Reply, Request, Target, Verdict};
pub use search::{Kind, Row, Search, SearchResult, Value};
pub use session::{Answer, Session};
pub use status::Status;
pub use upkeep::Upkeep;
