//! Updates of attributes (core/docs/spec/protocol.md 3.6).

use std::sync::Arc;

use super::ask::{ask_mirrors, verdict};
use super::mirrored::{Mirrored, Written};
use super::pending::Pending;
use crate::client::Client;
use crate::error::Error;
use crate::options::CallOptions;
use crate::request::{Access, Reply, Request, Target, Verdict};
use crate::wire::header::Command;
use crate::wire::{Reader, Truncated, Writer, append};

/// New values of attributes.
///
/// ```
/// use hamirror::command::{NewValue, Update};
///
/// let update = Update::new(["stock", "tags"])
///     .document(7, [NewValue::Uint(9), NewValue::Multi(vec![1, 2])])
///     .document(8, [NewValue::Uint(3), NewValue::Multi(vec![])]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    attributes: Vec<String>,
    documents: Vec<(u64, Vec<NewValue>)>,
    ignores_missing: bool,
}

/// A new value of an attribute. Numbers are whole and have 32 bits. Larger ones, negative ones and
/// floats are for `UPDATE` of SphinxQL. A number for a float here is converted in the first
/// document alone: 2.2.11 takes it for the bits of a float in those behind it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum NewValue {
    /// For an integer, a bool, a timestamp, or a whole number in a JSON attribute (`facts.kb`).
    Uint(u32),
    /// For a multi-value attribute; an empty one for no values.
    Multi(Vec<u32>),
}

impl Update {
    /// An update of these attributes, in no document yet.
    pub fn new<N: Into<String>>(attributes: impl IntoIterator<Item = N>) -> Self {
        let attributes = attributes.into_iter().map(N::into).collect();
        Update { attributes, documents: Vec::new(), ignores_missing: false }
    }

    /// Adds a document by its id, with a value for each attribute.
    pub fn document(mut self, id: u64, values: impl IntoIterator<Item = NewValue>) -> Self {
        self.documents.push((id, values.into_iter().collect()));
        self
    }

    /// Sets whether attributes that an index does not have are passed over.
    pub fn ignore_missing(mut self, on: bool) -> Self {
        self.ignores_missing = on;
        self
    }

    fn check(&self) -> Result<(), String> {
        let width = self.attributes.len();
        if self.attributes.iter().any(String::is_empty) || width == 0 {
            return Err("an update needs attributes, each with a name: give them".to_owned());
        }
        let Some((_, first)) = self.documents.first() else {
            return Err("an update without documents changes nothing: add one".to_owned());
        };
        for (id, values) in &self.documents {
            if values.len() != width {
                let found = values.len();
                return Err(format!(
                    "document {id} has {found} new values for {width} attributes"
                ));
            }
            let mut kinds = first.iter().zip(values).zip(&self.attributes);
            if let Some((_, name)) = kinds.find(|((one, other), _)| one.kind() != other.kind()) {
                return Err(format!(
                    "attribute '{name}' has a set in one document and a number in document {id}: \
                     give all of them sets"
                ));
            }
        }
        Ok(())
    }

    fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        body.put_u32(count(self.attributes.len()));
        if self.ignores_missing {
            body.put_u32(IGNORE_MISSING);
        }
        let kinds = self.documents.first().into_iter().flat_map(|(_, values)| values);
        for (name, value) in self.attributes.iter().zip(kinds) {
            body.put_string(name.as_bytes());
            body.put_u32(value.kind());
        }
        body.put_u32(count(self.documents.len()));
        for (id, values) in &self.documents {
            body.put_u64(*id);
            values.iter().for_each(|value| value.put(&mut body));
        }
        body
    }
}

impl NewValue {
    fn kind(&self) -> u32 {
        match self {
            NewValue::Uint(_) => 0,
            NewValue::Multi(_) => 1,
        }
    }

    fn put(&self, body: &mut Vec<u8>) {
        match self {
            NewValue::Uint(value) => body.put_u32(*value),
            NewValue::Multi(values) => {
                body.put_u32(count(values.len()));
                values.iter().for_each(|value| body.put_u32(*value));
            }
        }
    }
}

/// Flag of an update that passes over attributes which an index does not have.
const IGNORE_MISSING: u32 = 1;

/// A body with more is larger than any daemon takes, and never sent.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Client {
    /// Sets attributes of documents on every mirror of every agent of an index, or of several
    /// (`"shop, archive"`). Agents pass over documents that they do not have.
    ///
    /// A mirror that may have got the update is not sent it again, though setting a value twice
    /// does no harm by itself: another program may have set it meanwhile. It is sent again, by
    /// `agent_retry_count`, where it can't have arrived. What became of it on each mirror is told;
    /// [`Error::Unanswered`] if no agent, or fewer than the options demand, has a mirror that made
    /// the update.
    pub fn update(
        &self,
        index: &str,
        update: &Update,
        options: &CallOptions,
    ) -> Result<Mirrored<Written>, Error> {
        self.start_update(index, update, options)?.finish()
    }

    /// Starts what [`Self::update`] does.
    pub fn start_update(
        &self,
        index: &str,
        update: &Update,
        options: &CallOptions,
    ) -> Result<Pending<Mirrored<Written>>, Error> {
        update.check().map_err(Error::Request)?;
        let indexes = self.indexes_once(index)?;
        let request: Arc<dyn Request> = Arc::new(UpdateRequest::new(update));
        ask_mirrors(self, indexes, &request, options, written)
    }
}

/// An UPDATE request for any mirror.
pub(super) struct UpdateRequest {
    command: Command,
    /// What follows the index list.
    tail: Vec<u8>,
}

impl UpdateRequest {
    pub(super) fn new(update: &Update) -> Self {
        // Without flags it is one that older daemons read, too.
        let command = match update.ignores_missing {
            true => Command::UPDATE,
            false => Command::UPDATE_PLAIN,
        };
        UpdateRequest { command, tail: update.encode() }
    }
}

impl Request for UpdateRequest {
    fn command(&self) -> Command {
        self.command
    }

    fn access(&self) -> Access {
        Access::Write
    }

    fn encode(&self, target: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        body.put_string(target.index_list.as_bytes());
        append(body, &self.tail)
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        verdict(number(&reply.body))
    }
}

pub(super) fn written(reply: &Reply) -> Option<Written> {
    let documents = u64::from(number(&reply.body).ok()?);
    Some(Written { documents, warning: reply.warning.clone() })
}

/// Reads a body of one number.
pub(super) fn number(body: &[u8]) -> Result<u32, Truncated> {
    let mut reader = Reader::new(body);
    let number = reader.u32()?;
    reader.end()?;
    Ok(number)
}
