//! Any command as the caller's own bytes.

use super::header::Command;
use super::request::{Access, Request, Target};
use crate::error::Error;

/// A request whose body is the same for each mirror, whatever its index list.
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

    fn encode(&self, _: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        if self.command.id == Command::PERSIST.id {
            let text = "command 4 (PERSIST) has no reply and is sent by the library itself";
            return Err(Error::Request(text.to_owned()));
        }
        body.extend_from_slice(&self.body);
        Ok(())
    }
}
