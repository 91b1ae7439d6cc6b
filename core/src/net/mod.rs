//! Sockets, the clock, the seed and the threads: all that is not pure.
//!
//! The files in layers, to be read as those of the crate (core/docs/architecture.md). There is no
//! circle among them:
//!
//! ```text
//! clock pinger process signals
//!     <- descriptor seed thread
//!     <- socket wakeup
//!     <- mail
//!     <- driver lookups
//!     <- pool run
//!     <- inbox
//!     <- upkeep
//!     <- background
//! ```
//!
//! A driver asks whoever made it (`driver::Maker`) for what lies beside it. A name goes that way
//! to `lookups.rs`, which does all the rest, and comes back by `mail.rs`.

mod background;
pub(crate) mod clock;
mod descriptor;
mod driver;
mod inbox;
mod lookups;
mod mail;
mod pinger;
mod pool;
pub mod process;
mod run;
mod seed;
mod signals;
mod socket;
mod thread;
mod upkeep;
mod wakeup;

pub(crate) use background::Background;
pub(crate) use driver::Driver;
pub use mail::Waker;
pub(crate) use pool::Pool;
pub(crate) use run::{End, Run, Waited};
pub(crate) use seed::seed;
pub(crate) use upkeep::Upkeep;
