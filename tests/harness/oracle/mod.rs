//! What a real daemon answers: a client of the API made for these tests alone, from
//! core/docs/spec/protocol.md, so that no fault of hamirror can hide on both sides of a
//! comparison.

mod generate;
mod generate_grouped;
mod mysql;
mod query;
mod sphinxql;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

pub use mysql::Mysql;
pub use query::{
    Answer, Filter, FilterKind, Group, Override, PREDICTED_TIME, Query, Row, TFIDF_NORMALIZED,
};
pub use sphinxql::Table;

/// A kept connection to a searchd (handshake, PERSIST, then request by request).
#[derive(Debug)]
pub struct Oracle {
    stream: TcpStream,
}

/// A reply as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// 0 OK, 1 ERROR, 2 RETRY, 3 WARNING.
    pub status: u16,
    /// The daemon's version of the command.
    pub version: u16,
    /// What follows the header.
    pub body: Vec<u8>,
}

impl Oracle {
    /// Connects and asks the daemon to keep the connection.
    pub fn connect(address: SocketAddr) -> Result<Oracle> {
        let mut stream =
            TcpStream::connect_timeout(&address, LIMIT).with_context(|| format!("{address}"))?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_nodelay(true)?;
        stream.write_all(HANDSHAKE_AND_PERSIST)?;
        let mut version = [0; 4];
        stream.read_exact(&mut version)?;
        ensure!(version == [0, 0, 0, 1], "{address} speaks version {version:?}");
        Ok(Oracle { stream })
    }

    /// Sends a request, header included, and reads the one reply.
    pub fn exchange(&mut self, request: &[u8]) -> Result<Frame> {
        self.stream.write_all(request)?;
        let mut header = [0; 8];
        self.stream.read_exact(&mut header)?;
        let [s1, s2, v1, v2, length @ ..] = header;
        let length = u32::from_be_bytes(length) as usize;
        ensure!(length <= LENGTH_MAX, "reply of {length} bytes");
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        let status = u16::from_be_bytes([s1, s2]);
        Ok(Frame { status, version: u16::from_be_bytes([v1, v2]), body })
    }

    /// Asks one query of a SEARCH; an error of the query is an error here.
    pub fn search(&mut self, index: &str, query: &Query) -> Result<Answer> {
        let mut answers = self.search_all(index, std::slice::from_ref(query))?;
        answers.remove(0).map_err(anyhow::Error::msg)
    }

    /// Asks queries in one SEARCH: an answer each, or the text of its error.
    pub fn search_all(
        &mut self,
        index: &str,
        queries: &[Query],
    ) -> Result<Vec<Result<Answer, String>>> {
        let frame = self.exchange(&Query::encode_all(index, queries))?;
        if frame.status != 0 {
            bail!("status {}: {}", frame.status, String::from_utf8_lossy(&frame.body));
        }
        Answer::decode_all(&frame.body, queries.len())
    }
}

const HANDSHAKE_AND_PERSIST: &[u8] = b"\0\0\0\x01\0\x04\0\0\0\0\0\x04\0\0\0\x01";
const LIMIT: Duration = Duration::from_secs(30);
const LENGTH_MAX: usize = 64 << 20;
