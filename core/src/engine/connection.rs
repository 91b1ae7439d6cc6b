//! One connection to a host, as far as it can be known without a socket.

use std::sync::Arc;
use std::time::Instant;

use super::CallId;
use crate::error::Phase;
use crate::host::{DialPlace, Endpoint, Host};
use crate::wire::frame::FrameReader;

/// State of a connection; its socket lives in `net`, under the same number.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) host: Arc<Host>,
    pub(super) state: State,
    pub(super) user: Option<User>,
    /// PERSIST goes before the first request, and a place among the kept connections is taken.
    pub(super) kept: bool,
    /// Its place among the new connections to its host.
    pub(super) dial: DialPlace,
    /// Replies read so far.
    pub(super) served: u64,
    pub(super) output: Vec<u8>,
    pub(super) sent: usize,
    pub(super) reader: FrameReader,
    pub(super) idle_since: Instant,
}

#[derive(Debug)]
pub(super) enum State {
    /// The host's name is being looked up.
    Resolving,
    /// Connecting to one of the addresses.
    Connecting { endpoints: Arc<[Endpoint]>, position: usize },
    /// Bytes flow.
    Open,
    /// Its socket goes; the number is free after the next sweep.
    Closed,
}

/// Whose request a connection carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) call: CallId,
    pub(super) attempt: u32,
}

impl Connection {
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Its request is with the kernel, to the last byte.
    pub(super) fn is_flushed(&self) -> bool {
        self.sent == self.output.len()
    }

    pub(super) fn phase(&self) -> Phase {
        match self.state {
            State::Resolving => Phase::Resolve,
            State::Connecting { .. } => Phase::Connect,
            State::Open | State::Closed => {
                if self.reader.has_reply_bytes() {
                    Phase::Read
                } else if !self.is_flushed() {
                    Phase::Send
                } else if self.reader.is_greeted() {
                    Phase::Wait
                } else {
                    Phase::Handshake
                }
            }
        }
    }
}
