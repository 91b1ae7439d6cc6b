//! PING: the daemon gives the cookie back (core/docs/spec/protocol.md 3.1).

use super::{Access, Reply, Request, Target, Verdict};
use crate::error::Error;
use crate::wire::Writer;
use crate::wire::header::Command;

/// A ping with its cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ping {
    /// Any number; masters send the low 32 bits of the time in microseconds.
    pub cookie: u32,
}

impl Request for Ping {
    fn command(&self) -> Command {
        Command::PING
    }

    fn access(&self) -> Access {
        Access::Read
    }

    fn encode(&self, _: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        body.put_u32(self.cookie);
        Ok(())
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        if reply.body == self.cookie.to_be_bytes() {
            return Verdict::Accept;
        }
        Verdict::Malformed(format!("ping reply of {} bytes without our cookie", reply.body.len()))
    }
}
