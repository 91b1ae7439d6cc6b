//! The searchd binary API (spec: protocol.md): encode, incremental decode, nothing else.
//!
//! Integers are big-endian. Nothing here allocates by a number that a peer sent before the bytes
//! it announces have arrived.

mod codec;
pub mod frame;
pub mod guard;
pub mod handshake;
pub mod header;
pub mod persist;
pub mod search;
pub mod text;

pub use codec::{Reader, Truncated, Writer, append};
