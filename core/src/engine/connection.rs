//! One connection to a host, as far as it can be known without a socket.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::CallId;
use crate::call::LeftBehind;
use crate::error::Phase;
use crate::host::{DialPlace, Endpoint, Host};
use crate::request::Product;
use crate::wire::frame::FrameReader;
use crate::wire::search::Layout;

/// State of a connection; its socket lives in `net`, under the same number.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) host: Arc<Host>,
    pub(crate) state: State,
    pub(crate) user: Option<User>,
    /// Request of which the reply is waited for only to judge its host.
    pub(super) left_behind: Option<Box<LeftBehind>>,
    /// PERSIST goes before the first request, and a place among the kept connections is taken.
    pub(super) kept: bool,
    /// Place of the connection among the new ones to its host.
    pub(super) dial: DialPlace,
    /// When its address was last dialled.
    pub(super) dialled_at: Instant,
    /// Time that it took to be made, its greeting left out.
    pub(super) way: Duration,
    /// Replies read so far.
    pub(crate) served: u64,
    /// Whose daemon its last request was written for.
    pub(super) asked: Product,
    /// Layout of a SEARCH that its last request was written in.
    pub(super) layout: Layout,
    pub(super) output: Vec<u8>,
    pub(super) sent: usize,
    pub(super) reader: FrameReader,
    pub(crate) idle_since: Instant,
    /// Where it goes, once it is being made.
    pub(crate) endpoint: Option<Endpoint>,
    /// Addresses of a name that all refused, before it was looked up again.
    pub(super) left: Option<Arc<[Endpoint]>>,
    /// True if the connection was silent for long: it goes elsewhere if its host does.
    pub(super) follows: bool,
    /// Changes of the host's addresses that it has lived to see.
    pub(super) address_changes: u32,
    /// Retirements of idle connections to the host when it became idle.
    pub(crate) retirements: u32,
}

#[derive(Debug)]
pub(crate) enum State {
    /// Another driver may have an idle connection to give.
    Wanted,
    /// The host's name is being looked up.
    Resolving {
        /// When that was asked for.
        since: Instant,
        /// Until when it is waited for alone.
        until: Instant,
    },
    /// Connecting to one of the addresses.
    Connecting {
        endpoints: Arc<[Endpoint]>,
        position: usize,
        /// True if the address at `position` is being dialled; else the connection waits its turn.
        is_dialled: bool,
        /// When the next one has its turn, if there is one.
        until: Option<Instant>,
        /// Addresses before it that said nothing: the first packet to one may have been lost.
        silent: Vec<Endpoint>,
    },
    /// Bytes flow.
    Open,
    /// The socket goes; the number is free after the next sweep.
    Closed,
}

/// However it ends: in a panic of the program's own code, too.
impl Drop for Connection {
    fn drop(&mut self) {
        self.release();
    }
}

/// Whose request a connection carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) call: CallId,
    pub(crate) attempt: u32,
}

impl Connection {
    /// One that is not begun yet, with buffers for what it reads and writes.
    pub(super) fn new(
        host: Arc<Host>,
        reader: FrameReader,
        output: Vec<u8>,
        now: Instant,
    ) -> Self {
        Self {
            host,
            state: State::Resolving { since: now, until: now },
            user: None,
            left_behind: None,
            kept: false,
            dial: DialPlace::None,
            dialled_at: now,
            way: Duration::ZERO,
            served: 0,
            asked: Product::Unknown,
            layout: Layout::default(),
            output,
            sent: 0,
            reader,
            idle_since: now,
            endpoint: None,
            left: None,
            follows: false,
            address_changes: 0,
            retirements: 0,
        }
    }

    /// Gives back what it holds at its host.
    pub(super) fn release(&mut self) {
        if std::mem::take(&mut self.kept) {
            self.host.kept.release();
            if self.user.is_some() {
                self.host.kept.handle_idle();
            }
        }
        let dial = std::mem::take(&mut self.dial);
        if dial != DialPlace::None {
            self.host.dialling.release(dial);
        }
    }

    /// Somebody waits for its reply.
    pub(crate) fn is_awaited(&self) -> bool {
        self.user.is_some() || self.left_behind.is_some()
    }

    pub(super) fn is_wanted(&self) -> bool {
        matches!(self.state, State::Wanted)
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// True if the request is with the kernel, to the last byte.
    pub(super) fn is_flushed(&self) -> bool {
        self.sent == self.output.len()
    }

    pub(super) fn phase(&self) -> Phase {
        match self.state {
            State::Resolving { .. } => Phase::Resolve,
            State::Wanted | State::Connecting { .. } => Phase::Connect,
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
