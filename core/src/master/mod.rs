//! A searchd that is nothing but a master: what clients of a daemon send, answered by a
//! [`Client`].
//!
//! A program that takes connections needs no more than sockets: it hands a [`Connection`] what a
//! client sent, and sends back what that returns. Nothing here opens or waits for a socket of a
//! client. `examples/rust/searchd` is such a program.
//!
//! ```no_run
//! use std::io::{Read, Write};
//! use std::net::TcpListener;
//!
//! use hamirror::master::{Master, Protocol};
//! use hamirror::{Client, Config};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let master = Master::new(&Client::new(&Config::read("sphinx.conf")?)?);
//! let (mut stream, _) = TcpListener::bind("127.0.0.1:9306")?.accept()?;
//! let mut connection = master.connect(Protocol::Mysql41);
//! let mut bytes = [0; 4096];
//! loop {
//!     while let Some(reply) = connection.next_reply() {
//!         stream.write_all(&reply)?;
//!     }
//!     if connection.is_over() {
//!         break;
//!     }
//!     match stream.read(&mut bytes)? {
//!         0 => break,
//!         length => connection.receive(&bytes[..length]),
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod api;
mod block;
mod commands;
mod excerpt;
mod mysql41;
mod packets;
mod search;
mod setup;
mod sql;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::client::Client;
use crate::error::{AgentFailure, Error, FailureKind};
use crate::limits::BUFFER_KEPT_MAX;
use crate::session::Meta;
use api::Api;
use mysql41::Mysql41;
#[doc(hidden)]
pub use search::searches;

/// Answers clients of searchd by asking the distributed indexes of a [`Client`]; cheap to clone,
/// and every clone is the same master.
///
/// Clients of the binary API are answered in versions 0x113 to 0x120 of SEARCH, and MySQL clients
/// in SphinxQL. A query that can't be asked fails alone, in words.
#[derive(Clone)]
pub struct Master {
    shared: Arc<Shared>,
}

/// What all connections have in common.
struct Shared {
    client: Client,
    /// Of the last SEARCH by any client, for STATUS.
    meta: Mutex<Meta>,
}

/// The protocol of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// The binary API of searchd (`listen = 9312`).
    Sphinx,
    /// The protocol of MySQL (`listen = 9306:mysql41`).
    Mysql41,
}

/// A connection of one client, without its socket: bytes of the client in, bytes for it out.
///
/// Agents are asked within [`Self::next_reply`], on the thread that calls it.
pub struct Connection {
    speaker: Speaker,
}

enum Speaker {
    Sphinx(Api),
    Mysql41(Box<Mysql41>),
}

impl Master {
    /// A master over the distributed indexes of this client.
    pub fn new(client: &Client) -> Master {
        let shared = Shared { client: client.clone(), meta: Mutex::default() };
        Master { shared: Arc::new(shared) }
    }

    /// Begins a connection of one client.
    pub fn connect(&self, protocol: Protocol) -> Connection {
        let master = self.clone();
        let speaker = match protocol {
            Protocol::Sphinx => Speaker::Sphinx(Api::new(master)),
            Protocol::Mysql41 => Speaker::Mysql41(Box::new(Mysql41::new(master))),
        };
        Connection { speaker }
    }

    fn client(&self) -> &Client {
        &self.shared.client
    }
}

impl Connection {
    /// Takes bytes that the client sent.
    pub fn receive(&mut self, bytes: &[u8]) {
        match &mut self.speaker {
            Speaker::Sphinx(api) => api.receive(bytes),
            Speaker::Mysql41(mysql41) => mysql41.receive(bytes),
        }
    }

    /// Returns what is to be sent to the client next; `None` until it has sent more. Before it
    /// sends anything it gets a greeting.
    pub fn next_reply(&mut self) -> Option<Vec<u8>> {
        match &mut self.speaker {
            Speaker::Sphinx(api) => api.next_reply(),
            Speaker::Mysql41(mysql41) => mysql41.next_reply(),
        }
    }

    /// True if the connection is to be closed once all replies are sent.
    pub fn is_over(&self) -> bool {
        match &self.speaker {
            Speaker::Sphinx(api) => api.is_over(),
            Speaker::Mysql41(mysql41) => mysql41.is_over(),
        }
    }
}

impl fmt::Debug for Master {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Master").field("client", self.client()).finish()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Connection").field("is_over", &self.is_over()).finish_non_exhaustive()
    }
}

/// An error in the words that a master has for it, where it has any: the last attempt at each
/// agent, sorted, each line once.
fn told(error: &Error) -> String {
    let mut lines: Vec<String> = error.failures().iter().map(line).collect();
    lines.sort_unstable();
    lines.dedup();
    if lines.is_empty() { error.to_string() } else { lines.join(";\n") }
}

fn line(failure: &AgentFailure) -> String {
    let Some(attempt) = failure.attempts.last() else { return failure.to_string() };
    let AgentFailure { index, query_error, .. } = failure;
    let text = match query_error {
        Some(text) => format!("remote query error: {text}"),
        None if attempt.kind == FailureKind::RemoteError => {
            format!("remote query error: {}", attempt.text)
        }
        None => attempt.text.clone(),
    };
    format!("index {index}: agent {}: {text}", attempt.host)
}

/// Bytes of a client that were not read yet.
#[derive(Default)]
struct Input {
    bytes: Vec<u8>,
    read: usize,
}

impl Input {
    fn receive(&mut self, bytes: &[u8]) {
        self.forget_read();
        self.bytes.extend_from_slice(bytes);
    }

    /// Drops what was read, and the room of a large request with it.
    fn forget_read(&mut self) {
        if self.read == 0 {
            return;
        }
        self.bytes.drain(..self.read);
        self.read = 0;
        if self.bytes.len() <= BUFFER_KEPT_MAX {
            self.bytes.shrink_to(BUFFER_KEPT_MAX);
        }
    }

    /// The next bytes, which stay there.
    fn peek<const N: usize>(&mut self) -> Option<[u8; N]> {
        if self.read == self.bytes.len() {
            self.forget_read();
        }
        self.bytes[self.read..].first_chunk().copied()
    }

    /// Takes the next bytes; `None` unless all of them have come.
    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let taken = self.bytes.get(self.read..self.read.checked_add(length)?)?;
        self.read += length;
        Some(taken)
    }
}
