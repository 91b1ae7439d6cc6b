//! What SPHINXQL replies hold for statements that change something: one packet of MySQL's text
//! protocol (core/docs/spec/protocol.md 3.8).

use super::{Reader, Truncated};

/// What became of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome<'a> {
    /// An OK packet.
    Done {
        /// Number of rows that were changed.
        affected: u64,
        /// Number of warnings.
        warnings: u16,
    },
    /// An ERR packet, with its text.
    Refused(&'a [u8]),
}

/// Reads the one packet of a reply.
pub(crate) fn outcome(body: &[u8]) -> Result<Outcome<'_>, Truncated> {
    let mut reader = Reader::new(body);
    let [low, middle, high, _sequence] = *reader.bytes(4)? else {
        return Err(Truncated { offset: 0 });
    };
    let length = usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16;
    let payload = reader.bytes(length)?;
    reader.end()?;
    let mut packet = Reader::new(payload);
    match packet.u8()? {
        OK => {
            let affected = length_coded(&mut packet)?;
            length_coded(&mut packet)?;
            packet.bytes(2)?;
            let warnings = packet.bytes(2)?;
            let warnings = u16::from_le_bytes([warnings[0], warnings[1]]);
            Ok(Outcome::Done { affected, warnings })
        }
        ERR => {
            packet.bytes(2)?;
            let text = packet.bytes(packet.remaining())?;
            let text = match text.first() {
                Some(b'#') => text.get(STATE_LENGTH..).unwrap_or_default(),
                _ => text,
            };
            Ok(Outcome::Refused(text.strip_suffix(b"\0").unwrap_or(text)))
        }
        _ => Err(Truncated { offset: 4 }),
    }
}

/// An integer that says its own length.
fn length_coded(reader: &mut Reader<'_>) -> Result<u64, Truncated> {
    let size = match reader.u8()? {
        0xfc => 2,
        0xfd => 3,
        0xfe => 8,
        small => return Ok(u64::from(small)),
    };
    let bytes = reader.bytes(size)?;
    Ok(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

const OK: u8 = 0;
const ERR: u8 = 0xff;

/// Bytes of `#42000`.
const STATE_LENGTH: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    /// As 2.2.11 sent them (core/docs/spec/protocol.md 3.8).
    #[test]
    fn packets_of_real_daemons() {
        let ok = [7, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0];
        assert_eq!(outcome(&ok), Ok(Outcome::Done { affected: 1, warnings: 0 }));
        let text = b"\xff\x28\x04#42000unknown local index 'nope' in search request\0";
        let error = [&[text.len() as u8, 0, 0, 0][..], text].concat();
        let expected: &[u8] = b"unknown local index 'nope' in search request";
        assert_eq!(outcome(&error), Ok(Outcome::Refused(expected)));
        for length in 0..ok.len() {
            assert!(outcome(&ok[..length]).is_err());
        }
        assert!(outcome(&[&ok[..], &[0]].concat()).is_err());
        // A result set is no outcome.
        assert!(outcome(&[1, 0, 0, 0, 2]).is_err());
    }

    #[test]
    fn large_numbers() {
        let packet = |affected: &[u8]| {
            let payload = [&[0][..], affected, &[0, 2, 0, 3, 0]].concat();
            [&[payload.len() as u8, 0, 0, 9][..], &payload].concat()
        };
        for (bytes, affected) in [
            (&[0xfb_u8][..], 0xfb),
            (&[0xfc, 0x34, 0x12], 0x1234),
            (&[0xfd, 0x56, 0x34, 0x12], 0x12_3456),
            (&[0xfe, 1, 0, 0, 0, 0, 0, 0, 0x80], 1 << 63 | 1),
        ] {
            assert_eq!(outcome(&packet(bytes)), Ok(Outcome::Done { affected, warnings: 3 }));
        }
    }
}
