//! Global variables of daemons (core/docs/spec/protocol.md 3.7).

use super::ask::verdict;
use super::update::number;
use crate::error::Error;
use crate::request::{Access, Reply, Request, Target, Verdict};
use crate::wire::header::Command;
use crate::wire::{Writer, append};

/// A UVAR request.
pub(super) struct VariableRequest {
    body: Vec<u8>,
}

impl VariableRequest {
    /// Gives the variable of that name, with its `@`, these values.
    pub(super) fn new(name: &str, values: &[i64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let (mut deltas, mut last) = (Vec::new(), 0_i64);
        for value in &sorted {
            put_delta(value.wrapping_sub(last) as u64, &mut deltas);
            last = *value;
        }
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let mut body = Vec::new();
        body.put_string(name.as_bytes());
        body.put_u32(count(sorted.len()));
        body.put_u32(count(deltas.len()));
        body.extend_from_slice(&deltas);
        VariableRequest { body }
    }
}

/// Seven bits a byte, the low ones first; a high bit says that more follow.
fn put_delta(mut delta: u64, out: &mut Vec<u8>) {
    while delta >= 0x80 {
        out.push((delta & 0x7f) as u8 | 0x80);
        delta >>= 7;
    }
    out.push(delta as u8);
}

impl Request for VariableRequest {
    fn command(&self) -> Command {
        Command::UVAR
    }

    fn access(&self) -> Access {
        Access::Write
    }

    fn encode(&self, _: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        append(body, &self.body)
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        verdict(number(&reply.body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As core/docs/spec/protocol.md 3.7 shows them.
    #[test]
    fn values_are_sorted_and_written_by_their_differences() {
        let body = |values: &[i64]| VariableRequest::new("@mu", values).body;
        let head = b"\0\0\0\x03@mu\0\0\0\x04\0\0\0\x05";
        assert_eq!(body(&[3, 1, 300, 2, 1]), [&head[..], &[1, 1, 1, 0xa9, 2]].concat());
        assert_eq!(body(&[1, 3, 8])[7..], *b"\0\0\0\x03\0\0\0\x03\x01\x02\x05");
        // The difference from zero goes around, as the sum does in the daemon.
        assert_eq!(
            body(&[-1, 1])[11..],
            *b"\0\0\0\x0b\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02"
        );
    }
}
