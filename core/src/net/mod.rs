//! Sockets, the clock, the seed and the threads: all that is not pure.

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
