//! Packets of MySQL's text protocol, as searchd writes them (core/docs/spec/protocol.md 3.8).

use super::block::too_long;
use crate::limits::CLIENT_REPLY_SIZE_MAX;
use crate::search::Column;
use crate::session::Answer;
use crate::wire::Writer;
use crate::wire::search::Kind;

/// Packets one behind the other, with their numbers.
pub(super) struct Packets {
    bytes: Vec<u8>,
    sequence: u8,
    /// Bytes of all rows at most; where there are more, an error ends them.
    size_max: usize,
}

/// An error as a client is told it.
pub(super) struct Fault<'a> {
    pub(super) code: u16,
    /// Five characters.
    pub(super) state: &'a str,
    pub(super) text: &'a str,
}

/// A type on the wire: its number, and the length of its longest text.
#[derive(Clone, Copy)]
struct Type {
    code: u8,
    length: u32,
}

impl Packets {
    /// None yet; the first will have that number.
    pub(super) fn from(sequence: u8) -> Self {
        Packets { bytes: Vec::new(), sequence, size_max: CLIENT_REPLY_SIZE_MAX }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Adds a packet, in parts where it is too long for one.
    pub(super) fn put(&mut self, payload: &[u8]) {
        let mut rest = payload;
        loop {
            let (part, left) = rest.split_at(rest.len().min(PART_LENGTH));
            self.bytes.extend_from_slice(&(part.len() as u32).to_le_bytes()[..3]);
            self.bytes.push(self.sequence);
            self.bytes.extend_from_slice(part);
            self.sequence = self.sequence.wrapping_add(1);
            rest = left;
            // A part of full length says that another one follows, which may be empty.
            if part.len() < PART_LENGTH {
                return;
            }
        }
    }

    pub(super) fn put_ok(&mut self, affected: u64, warnings: u16, has_more: bool) {
        let mut payload = vec![0];
        put_number(affected, &mut payload);
        payload.push(0);
        payload.extend(status(has_more).to_le_bytes());
        payload.extend(warnings.to_le_bytes());
        self.put(&payload);
    }

    pub(super) fn put_error(&mut self, fault: &Fault<'_>) {
        let mut payload = vec![0xff];
        payload.extend(fault.code.to_le_bytes());
        payload.push(b'#');
        payload.extend_from_slice(fault.state.as_bytes());
        payload.extend_from_slice(fault.text.as_bytes());
        self.put(&payload);
    }

    pub(super) fn put_end(&mut self, warnings: u16, has_more: bool) {
        let [w0, w1] = warnings.to_le_bytes();
        let [s0, s1] = status(has_more).to_le_bytes();
        self.put(&[0xfe, w0, w1, s0, s1]);
    }

    /// Adds the answer to a statement; what is wrong if that is more than a client gets.
    pub(super) fn put_answer(&mut self, answer: &Answer, has_more: bool) -> Result<(), String> {
        let warnings = u16::from(answer.warning().is_some());
        if answer.written().is_some() {
            self.put_ok(answer.total_found().unwrap_or(0), warnings, has_more);
            return Ok(());
        }
        if answer.columns.is_empty() {
            // A count of none would begin an OK packet.
            let id = Column { name: "id".to_owned(), kind: Kind::Bigint };
            self.put_columns(&[id], warnings, has_more);
            self.put_end(warnings, has_more);
            return Ok(());
        }
        self.put_columns(&answer.columns, warnings, has_more);
        for row in 0..answer.len() {
            let mut payload = Vec::new();
            for (number, column) in answer.columns.iter().enumerate() {
                match answer.text(row, number) {
                    None => payload.push(NULL),
                    Some(text) => put_value(&text, column.kind, &mut payload),
                }
            }
            self.put(&payload);
            if self.bytes.len() > self.size_max {
                return Err(too_long(self.size_max));
            }
        }
        self.put_end(warnings, has_more);
        Ok(())
    }

    /// Adds what stands before the rows.
    fn put_columns(&mut self, columns: &[Column], warnings: u16, has_more: bool) {
        let mut count = Vec::new();
        put_number(columns.len() as u64, &mut count);
        self.put(&count);
        for column in columns {
            let Type { code, length } = type_of(column.kind);
            let mut payload = Vec::new();
            // Catalogue, database, table, table of origin; the name, and that of origin.
            for text in ["def", "", "", "", &column.name, &column.name] {
                put_text(text.as_bytes(), &mut payload);
            }
            payload.extend([0x0c, UTF8, 0]);
            payload.extend(length.to_le_bytes());
            payload.push(code);
            payload.extend([0; 5]);
            self.put(&payload);
        }
        self.put_end(warnings, has_more);
    }
}

fn type_of(kind: Kind) -> Type {
    let (code, length) = match kind {
        Kind::Uint | Kind::Timestamp | Kind::Bool => (3, 11),
        Kind::Float => (4, 20),
        Kind::Double => (5, 20),
        Kind::Bigint | Kind::Uint64 => (8, 20),
        _ => (254, 255),
    };
    Type { code, length }
}

/// Sets have their length in three bytes behind a mark, however short they are.
fn put_value(text: &[u8], kind: Kind, out: &mut Vec<u8>) {
    match kind {
        Kind::Multi | Kind::Multi64 if text.len() <= PART_LENGTH => {
            out.push(0xfd);
            out.extend_from_slice(&(text.len() as u32).to_le_bytes()[..3]);
            out.extend_from_slice(text);
        }
        _ => put_text(text, out),
    }
}

fn put_text(text: &[u8], out: &mut Vec<u8>) {
    put_number(text.len() as u64, out);
    out.extend_from_slice(text);
}

/// A number that says its own length.
fn put_number(number: u64, out: &mut Vec<u8>) {
    let bytes = number.to_le_bytes();
    match number {
        0..=0xfa => out.put_u8(bytes[0]),
        0xfb..=0xffff => {
            out.push(0xfc);
            out.extend_from_slice(&bytes[..2]);
        }
        0x1_0000..=0xff_ffff => {
            out.push(0xfd);
            out.extend_from_slice(&bytes[..3]);
        }
        _ => {
            out.push(0xfe);
            out.extend_from_slice(&bytes);
        }
    }
}

fn status(has_more: bool) -> u16 {
    if has_more { MORE_RESULTS } else { 0 }
}

const MORE_RESULTS: u16 = 8;
const NULL: u8 = 0xfb;

/// utf8_general_ci.
const UTF8: u8 = 0x21;

/// Bytes of a packet at most.
const PART_LENGTH: usize = 0xff_ffff;

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(columns: &[&str], rows: usize) -> Answer {
        let columns: Vec<(&str, Kind)> =
            columns.iter().map(|name| (*name, Kind::String)).collect();
        let row = vec![b"value".to_vec(); columns.len()];
        Answer::of_kinds(&columns, std::iter::repeat_n(row, rows))
    }

    fn packet_of_end(sequence: u8) -> [u8; 9] {
        [5, 0, 0, sequence, 0xfe, 0, 0, 0, 0]
    }

    #[test]
    fn an_answer_without_columns_has_one_and_no_row() {
        let mut packets = Packets::from(1);
        packets.put_answer(&answer(&[], 0), false).expect("a short answer");
        let bytes = packets.into_bytes();
        assert_eq!(bytes[..5], [1, 0, 0, 1, 1], "one column");
        assert!(bytes.windows(3).any(|part| part == *b"\x02id"));
        let ends = [packet_of_end(3), packet_of_end(4)].concat();
        assert!(bytes.ends_with(&ends), "{bytes:?}");
    }

    #[test]
    fn rows_end_where_an_answer_is_too_long() {
        let mut packets = Packets { size_max: 1_000, ..Packets::from(1) };
        packets.put_answer(&answer(&["a"], 20), true).expect("a short answer");
        let text = packets.put_answer(&answer(&["a"], 1_000_000), false);
        assert_eq!(text, Err(too_long(1_000)));
        assert!(packets.bytes.len() < 1_100);
    }
}
