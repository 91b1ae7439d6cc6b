//! Counters of daemons, and attributes that they write to disk (core/docs/spec/protocol.md 3.2,
//! 3.3).

use std::sync::Arc;

use super::ask::{ask_mirrors, verdict};
use super::mirrored::Mirrored;
use super::pending::Pending;
use super::update::number;
use crate::client::Client;
use crate::error::Error;
use crate::limits::{ANSWER_ROWS_MAX, REMOTE_TEXT_MAX};
use crate::options::CallOptions;
use crate::request::{Access, Reply, Request, Target, Verdict};
use crate::wire::header::Command;
use crate::wire::{Reader, Truncated, Writer};

/// Counters of a daemon: rows of name and value.
pub type Counters = Vec<(String, String)>;

impl Client {
    /// Has every mirror of every agent of an index write updated attributes to disk. Each returns
    /// the number of its flush, 0 if there was nothing to write.
    pub fn flush_attributes(
        &self,
        index: &str,
        options: &CallOptions,
    ) -> Result<Mirrored<u32>, Error> {
        self.start_flush_attributes(index, options)?.finish()
    }

    /// Starts what [`Self::flush_attributes`] does.
    pub fn start_flush_attributes(
        &self,
        index: &str,
        options: &CallOptions,
    ) -> Result<Pending<Mirrored<u32>>, Error> {
        let indexes = self.indexes_once(index)?;
        ask_mirrors(self, indexes, &flush_request(), options, flush_number)
    }

    /// Asks every mirror of every agent of an index for the counters of its daemon, as `SHOW
    /// STATUS` there tells them: rows of name and value. [`Self::status`] tells what the library
    /// itself knows of them, and asks nobody.
    pub fn daemon_status(
        &self,
        index: &str,
        options: &CallOptions,
    ) -> Result<Mirrored<Counters>, Error> {
        self.start_daemon_status(index, options)?.finish()
    }

    /// Starts what [`Self::daemon_status`] does.
    pub fn start_daemon_status(
        &self,
        index: &str,
        options: &CallOptions,
    ) -> Result<Pending<Mirrored<Counters>>, Error> {
        let indexes = self.indexes_once(index)?;
        let request: Arc<dyn Request> = Arc::new(StatusRequest);
        ask_mirrors(self, indexes, &request, options, |reply| rows(&reply.body).ok())
    }
}

pub(super) fn flush_request() -> Arc<dyn Request> {
    Arc::new(FlushRequest)
}

pub(super) fn flush_number(reply: &Reply) -> Option<u32> {
    number(&reply.body).ok()
}

struct FlushRequest;

impl Request for FlushRequest {
    fn command(&self) -> Command {
        Command::FLUSHATTRS
    }

    fn access(&self) -> Access {
        Access::Write
    }

    fn encode(&self, _: &Target<'_>, _: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        verdict(number(&reply.body))
    }
}

pub(super) struct StatusRequest;

impl Request for StatusRequest {
    fn command(&self) -> Command {
        Command::STATUS
    }

    /// A request of this kind changes nothing, but goes to every mirror, as changes do.
    fn access(&self) -> Access {
        Access::Write
    }

    fn encode(&self, _: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        const OF_THE_DAEMON: u32 = 1;
        body.put_u32(OF_THE_DAEMON);
        Ok(())
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        verdict(rows(&reply.body))
    }
}

/// Reads rows of two texts.
pub(super) fn rows(body: &[u8]) -> Result<Vec<(String, String)>, Truncated> {
    const COLUMNS: u32 = 2;
    const ROW_SIZE_MIN: usize = 8;
    let mut reader = Reader::new(body);
    let count = reader.u32()?;
    let place = reader.offset();
    let count_max = ANSWER_ROWS_MAX.min(reader.remaining() / ROW_SIZE_MIN);
    if reader.u32()? != COLUMNS || count as usize > count_max {
        return Err(Truncated { offset: place });
    }
    let text = |bytes: &[u8]| {
        String::from_utf8_lossy(&bytes[..bytes.len().min(REMOTE_TEXT_MAX)]).into_owned()
    };
    let mut rows = Vec::new();
    for _ in 0..count {
        rows.push((text(reader.string()?), text(reader.string()?)));
    }
    reader.end()?;
    Ok(rows)
}
