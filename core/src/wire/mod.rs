//! The searchd binary API (core/docs/spec/protocol.md): encode, incremental decode, nothing else.
//!
//! Integers are big-endian. Nothing here allocates by a number that a peer sent before the bytes
//! it announces have arrived.

mod codec;
pub(crate) mod frame;
pub(crate) mod guard;
pub(crate) mod handshake;
pub(crate) mod header;
pub(crate) mod mysql;
pub(crate) mod persist;
pub(crate) mod search;
pub mod text;

pub use codec::{Reader, Truncated, Writer, append};
