//! Any command as the caller's own bytes.

use super::{Access, Request, Target};
use crate::error::Error;
use crate::wire::header::Command;
use crate::wire::{append, guard};

/// A request whose body is the same for each mirror, whatever its index list.
///
/// Incomplete bodies are refused: see [`guard::check`].
#[derive(Clone, Debug)]
pub struct Raw {
    /// Command and version of the header.
    pub command: Command,
    /// Whether it may be sent twice.
    pub access: Access,
    /// Body without the header.
    pub body: Vec<u8>,
}

impl Request for Raw {
    fn command(&self) -> Command {
        self.command
    }

    fn access(&self) -> Access {
        self.access
    }

    fn expects_heartbeats(&self) -> bool {
        let Command { id, version } = self.command;
        matches!((id, version), (18, 0x10f..) | (20 | 21, 0x101..))
    }

    fn encode(&self, _: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        guard::check(self.command, &self.body).map_err(Error::Request)?;
        append(body, &self.body)
    }
}
