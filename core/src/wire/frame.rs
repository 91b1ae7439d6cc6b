//! Incremental decode of what a daemon sends: its version once, then replies.

use super::handshake;
use super::header::{self, ReplyHeader};
use crate::limits::{BUFFER_KEPT_MAX, RECEIVE_CHUNK};

/// Takes a connection's bytes in any split and cuts them into replies.
#[derive(Debug)]
pub struct FrameReader {
    state: State,
    fixed: [u8; header::LENGTH],
    filled: usize,
    body: Vec<u8>,
    max_packet_size: usize,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Greeting,
    Header,
    Body { header: ReplyHeader, left: usize },
}

/// Why a connection is of no use any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfed {
    /// A stream that breaks the protocol, with what is wrong.
    Wrong(String),
    /// There is no memory for a reply of so many bytes.
    OutOfMemory(usize),
}

/// What some bytes amounted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fed {
    /// Bytes taken; the rest lies behind a whole reply.
    pub taken: usize,
    /// Header of a reply whose body is whole.
    pub reply: Option<ReplyHeader>,
}

impl FrameReader {
    /// At the start of a new connection. `body` is a buffer to fill.
    pub fn new(max_packet_size: usize, body: Vec<u8>) -> Self {
        Self {
            state: State::Greeting,
            fixed: [0; header::LENGTH],
            filled: 0,
            body,
            max_packet_size,
        }
    }

    /// The daemon's version has come.
    pub fn is_greeted(&self) -> bool {
        !matches!(self.state, State::Greeting)
    }

    /// Some bytes of a reply have come.
    pub fn has_reply_bytes(&self) -> bool {
        match self.state {
            State::Greeting => false,
            State::Header => self.filled > 0,
            State::Body { .. } => true,
        }
    }

    /// Announced length in bytes of the body that is under way; 0 where none is.
    pub fn body_length(&self) -> usize {
        match self.state {
            State::Body { header, .. } => header.length as usize,
            _ => 0,
        }
    }

    /// The body of the reply that [`feed`](Self::feed) completed; `spare` takes its place.
    pub fn take_body(&mut self, mut spare: Vec<u8>) -> Vec<u8> {
        spare.clear();
        std::mem::replace(&mut self.body, spare)
    }

    /// Takes bytes up to the end of one reply. The connection is of no use after an error.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Fed, Unfed> {
        let mut taken = 0;
        loop {
            let rest = &bytes[taken..];
            match self.state {
                State::Greeting => {
                    taken += self.fill(rest, handshake::LENGTH);
                    if self.filled < handshake::LENGTH {
                        return Ok(Fed { taken, reply: None });
                    }
                    let [a, b, c, d, ..] = self.fixed;
                    handshake::check([a, b, c, d]).map_err(Unfed::Wrong)?;
                    self.filled = 0;
                    self.state = State::Header;
                }
                State::Header => {
                    taken += self.fill(rest, header::LENGTH);
                    if self.filled < header::LENGTH {
                        return Ok(Fed { taken, reply: None });
                    }
                    self.state = self.begin_body().map_err(Unfed::Wrong)?;
                    self.filled = 0;
                }
                State::Body { header, left } => {
                    let part = rest.len().min(left);
                    self.append(&rest[..part], left).ok_or(Unfed::OutOfMemory(left))?;
                    taken += part;
                    if part < left {
                        self.state = State::Body { header, left: left - part };
                        return Ok(Fed { taken, reply: None });
                    }
                    self.state = State::Header;
                    return Ok(Fed { taken, reply: Some(header) });
                }
            }
        }
    }

    fn fill(&mut self, bytes: &[u8], length: usize) -> usize {
        let part = bytes.len().min(length - self.filled);
        self.fixed[self.filled..self.filled + part].copy_from_slice(&bytes[..part]);
        self.filled += part;
        part
    }

    fn begin_body(&mut self) -> Result<State, String> {
        let header = ReplyHeader::decode(self.fixed);
        let left = header.length as usize;
        let limit = self.max_packet_size;
        if left > limit {
            let length = header.length as i32;
            return Err(format!("invalid packet size (len={length}, max_packet_size={limit})"));
        }
        self.body.clear();
        if self.body.capacity() > BUFFER_KEPT_MAX {
            self.body = Vec::new();
        }
        Ok(State::Body { header, left })
    }

    /// `None` if there is no memory.
    fn append(&mut self, bytes: &[u8], left: usize) -> Option<()> {
        if self.body.capacity() - self.body.len() < bytes.len() {
            // Twice as much as came until now, but never more than will come.
            let ahead = self.body.len().max(RECEIVE_CHUNK).max(bytes.len()).min(left);
            self.body.try_reserve_exact(ahead).ok()?;
        }
        self.body.extend_from_slice(bytes);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::header::Status;

    const STREAM: [u8; 24] = [
        0, 0, 0, 1, //
        0, 0, 1, 0, 0, 0, 0, 4, 1, 2, 3, 4, //
        0, 1, 0, 0, 0, 0, 0, 0,
    ];

    fn replies(chunks: &[&[u8]]) -> Vec<(Status, Vec<u8>)> {
        let mut reader = FrameReader::new(100, Vec::new());
        let mut replies = Vec::new();
        for mut chunk in chunks.iter().copied() {
            loop {
                let fed = reader.feed(chunk).unwrap();
                chunk = &chunk[fed.taken..];
                let Some(header) = fed.reply else { break };
                replies.push((header.status, reader.take_body(Vec::new())));
            }
            assert!(chunk.is_empty());
        }
        replies
    }

    #[test]
    fn any_split_gives_the_same_replies() {
        let expected = vec![(Status::Ok, vec![1, 2, 3, 4]), (Status::Error, vec![])];
        for first in 0..=STREAM.len() {
            for second in first..=STREAM.len() {
                let (head, rest) = STREAM.split_at(first);
                let (middle, tail) = rest.split_at(second - first);
                assert_eq!(replies(&[head, middle, tail]), expected, "at {first}, {second}");
            }
        }
        let bytes: Vec<&[u8]> = STREAM.chunks(1).collect();
        assert_eq!(replies(&bytes), expected);
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused() {
        let mut reader = FrameReader::new(100, Vec::new());
        let error = reader.feed(&[0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 101]).unwrap_err();
        let text = "invalid packet size (len=101, max_packet_size=100)";
        assert_eq!(error, Unfed::Wrong(text.to_owned()));
        let mut reader = FrameReader::new(100, Vec::new());
        let error = reader.feed(&[0, 0, 0, 1, 0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff]).unwrap_err();
        let text = "invalid packet size (len=-1, max_packet_size=100)";
        assert_eq!(error, Unfed::Wrong(text.to_owned()));
    }

    #[test]
    fn memory_follows_the_bytes_that_came_not_the_announced_length() {
        let mut reader = FrameReader::new(128 << 20, Vec::new());
        let header = [0, 0, 0, 1, 0, 0, 1, 0, 0x07, 0xff, 0xff, 0xff, 42];
        assert_eq!(reader.feed(&header).unwrap().reply, None);
        assert!(reader.take_body(Vec::new()).capacity() <= RECEIVE_CHUNK);
    }

    #[test]
    fn a_wrong_version_is_refused() {
        let mut reader = FrameReader::new(100, Vec::new());
        assert!(reader.feed(b"HTTP/1.1 400").is_err());
    }
}
