//! The eight bytes before each request and reply body (core/docs/spec/protocol.md 1.3 to 1.5).

use super::Writer;

/// Bytes of a request or reply header.
pub const LENGTH: usize = 8;

/// A command of the API with the layout version that its body has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Command {
    /// Command number.
    pub id: u16,
    /// Major version in the high byte, minor in the low one.
    pub version: u16,
}

#[rustfmt::skip]
impl Command {
    /// Full-text search, in the layout that 2.2.11 and Manticore share (core/docs/spec/protocol.md
    /// 4.6).
    pub const SEARCH: Command = Command { id: 0, version: 0x11f };
    /// Snippets, in the oldest layout that has all fields: 0x104 adds none, and fewer daemons take
    /// it.
    pub const EXCERPT: Command = Command { id: 1, version: 0x103 };
    /// Attribute update, in the layout with flags.
    pub const UPDATE: Command = Command { id: 2, version: 0x103 };
    /// Attribute update without flags, which older daemons take, too.
    pub const UPDATE_PLAIN: Command = Command { id: 2, version: 0x102 };
    /// Keyword statistics.
    pub const KEYWORDS: Command = Command { id: 3, version: 0x100 };
    /// Keep the connection; has no reply.
    pub const PERSIST: Command = Command { id: 4, version: 0 };
    /// Daemon counters; older daemons pass over what 0x101 adds to the request.
    pub const STATUS: Command = Command { id: 5, version: 0x100 };
    /// Write attributes to disk.
    pub const FLUSHATTRS: Command = Command { id: 7, version: 0x100 };
    /// SQL statements; the reply is MySQL packets.
    pub const SPHINXQL: Command = Command { id: 8, version: 0x100 };
    /// Are you there.
    pub const PING: Command = Command { id: 9, version: 0x100 };
    /// Global variable.
    pub const UVAR: Command = Command { id: 11, version: 0x100 };
    /// Words like another one (Manticore).
    pub const SUGGEST: Command = Command { id: 15, version: 0x102 };
    /// Stored queries that documents match (Manticore).
    pub const CALLPQ: Command = Command { id: 17, version: 0x100 };
}

/// Appends a header whose length is filled in by [`end_request`]; returns where it starts.
pub fn begin_request(command: Command, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.put_u16(command.id);
    out.put_u16(command.version);
    out.put_u32(0);
    start
}

/// Writes the length of the body that follows the header at `start`; `None` if the body is longer
/// than `max_packet_size`, which no daemon would read.
pub fn end_request(start: usize, max_packet_size: usize, out: &mut [u8]) -> Option<()> {
    let length = out.len() - start - LENGTH;
    if length > max_packet_size {
        return None;
    }
    let length = u32::try_from(length).ok()?;
    out[start + 4..start + LENGTH].copy_from_slice(&length.to_be_bytes());
    Some(())
}

/// Status of a reply (core/docs/spec/protocol.md 1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The body is the answer.
    Ok,
    /// The body is an error text.
    Error,
    /// The body is a text; the daemon has no capacity now.
    Retry,
    /// The body is a text and then the answer.
    Warning,
    /// Nothing yet; another header follows (Manticore, only where asked for).
    InProgress,
    /// A number that no known daemon sends.
    Unknown(u16),
}

impl From<u16> for Status {
    fn from(status: u16) -> Self {
        match status {
            0 => Status::Ok,
            1 => Status::Error,
            2 => Status::Retry,
            3 => Status::Warning,
            4 => Status::InProgress,
            other => Status::Unknown(other),
        }
    }
}

/// Header of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyHeader {
    /// Status of the reply.
    pub status: Status,
    /// The daemon's own version of the command; 0 in ERROR and RETRY replies.
    pub version: u16,
    /// Bytes of the body, unchecked.
    pub length: u32,
}

impl ReplyHeader {
    /// Decodes the eight bytes.
    pub fn decode(bytes: [u8; LENGTH]) -> Self {
        let [s0, s1, v0, v1, l0, l1, l2, l3] = bytes;
        ReplyHeader {
            status: Status::from(u16::from_be_bytes([s0, s1])),
            version: u16::from_be_bytes([v0, v1]),
            length: u32::from_be_bytes([l0, l1, l2, l3]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_header_carries_the_body_length() {
        let mut out = vec![9; 3];
        let start = begin_request(Command::PING, &mut out);
        out.put_u32(0x1122_3344);
        assert_eq!(end_request(start, 4, &mut out), Some(()));
        assert_eq!(out[3..], [0, 9, 1, 0, 0, 0, 0, 4, 0x11, 0x22, 0x33, 0x44]);
        assert_eq!(end_request(start, 3, &mut out), None);
    }

    #[test]
    fn reply_header() {
        let header = ReplyHeader::decode([0, 2, 1, 0x1f, 0, 0, 1, 0]);
        let expected = ReplyHeader { status: Status::Retry, version: 0x11f, length: 256 };
        assert_eq!(header, expected);
        assert_eq!(Status::from(9), Status::Unknown(9));
    }
}
