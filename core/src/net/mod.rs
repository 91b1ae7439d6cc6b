//! Sockets, the clock, the seed and the threads: all that is not pure.

mod background;
pub mod clock;
mod driver;
mod inbox;
mod names;
mod pinger;
mod pool;
pub mod process;
mod resolver;
mod seed;
mod socket;
mod upkeep;

pub use background::{Background, Driven};
pub use driver::{Driver, Waker};
pub use pool::Pool;
pub use seed::seed;
