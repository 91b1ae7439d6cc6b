//! Sockets, the clock, the seed and the threads: all that is not pure.
//!
//! The files in layers, to be read as those of the crate (`lib.rs`); no circle among them:
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
pub mod clock;
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

pub use background::Background;
pub use driver::Driver;
pub use mail::Waker;
pub use pool::Pool;
pub use run::{Back, End, Run, Waited};
pub use seed::seed;
pub use upkeep::Upkeep;
