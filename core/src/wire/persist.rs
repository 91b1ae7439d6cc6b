//! PERSIST: the daemon serves more than one command on this connection (core/docs/spec/protocol.md
//! 2).

/// The whole request, header included; it has no reply.
pub(crate) const ON: [u8; 12] = [0, 4, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1];
