//! SEARCH (protocol.md 4).

/// A decoded SEARCH reply.
#[derive(Clone, Debug)]
pub struct Reply {}
