//! The commands beside SEARCH and EXCERPT (core/docs/spec/protocol.md 3).

use super::api::Outcome;
use super::block::clamped;
use super::search::ListFault;
use super::{Master, told};
use crate::command::{NewValue, Update};
use crate::options::CallOptions;
use crate::status::{Show, ShowTarget};
use crate::wire::search::Value;
use crate::wire::{Reader, Truncated, Writer};

impl Master {
    /// UPDATE: the number of documents, each once, whatever the number of its mirrors.
    pub(super) fn update(&self, version: u16, body: &[u8]) -> Result<Outcome, String> {
        let (list, update) = read_update(version, body).map_err(Truncated::refusal)?;
        let Some(update) = update? else { return Ok(Outcome::Done(0_u32.to_be_bytes().into())) };
        let list = self.index_list(list).map_err(|fault| match fault {
            ListFault::Unknown(name) => format!("unknown index '{name}' in update request"),
            ListFault::Empty => "no valid indexes in update request".to_owned(),
        })?;
        let updated = self.client().update(&list, &update, &CallOptions::default());
        let updated = updated.map_err(|error| told(&error))?;
        let count = clamped(updated.documents()).to_be_bytes().to_vec();
        Ok(match updated.warning() {
            Some(warning) => Outcome::Warned(warning, count),
            None => Outcome::Done(count),
        })
    }

    /// KEYWORDS, summed over agents. As in a daemon a tail that is missing reads as 0.
    pub(super) fn keywords(&self, body: &[u8]) -> Result<Vec<u8>, String> {
        let mut reader = Reader::new(body);
        let (text, index) = (reader.string().unwrap_or(b""), reader.string().unwrap_or(b""));
        let with_statistics = reader.u32().unwrap_or(0) != 0;
        let list = self.index_list(index).map_err(ListFault::of_search)?;
        let text = utf8("text", text)?;
        let options = CallOptions::default();
        let found = self.client().keywords(&list, text, with_statistics, &options);
        let found = found.map_err(|error| told(&error))?;
        let mut out = Vec::new();
        out.put_u32(clamped(found.keywords.len() as u64));
        for keyword in &found.keywords {
            out.put_string(keyword.tokenized.as_bytes());
            out.put_string(keyword.normalized.as_bytes());
            if with_statistics {
                out.put_u32(clamped(keyword.documents));
                out.put_u32(clamped(keyword.hits));
            }
        }
        Ok(out)
    }

    /// STATUS: counters, or what SHOW META tells of the last SEARCH.
    pub(super) fn status(&self, body: &[u8]) -> Vec<u8> {
        let is_global = Reader::new(body).u32().unwrap_or(0) != 0;
        let rows: Vec<(Vec<u8>, Vec<u8>)> = if is_global {
            let counters = self.client().status().show(&Show::new(ShowTarget::Counters));
            counters.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
        } else {
            let meta = self.shared.meta.lock().rows(None);
            let text = |row, column| match meta.value(row, column) {
                Value::String(text) => text.to_vec(),
                _ => Vec::new(),
            };
            (0..meta.len()).map(|row| (text(row, 0), text(row, 1))).collect()
        };
        let mut out = Vec::new();
        out.put_u32(clamped(rows.len() as u64));
        out.put_u32(2);
        for (key, value) in &rows {
            out.put_string(key);
            out.put_string(value);
        }
        out
    }

    /// FLUSHATTRS on every mirror; the number is the highest that one of them tells.
    pub(super) fn flush_attributes(&self) -> Result<Vec<u8>, String> {
        let indexes = self.client().indexes().join(", ");
        let flushed = self.client().flush_attributes(&indexes, &CallOptions::default());
        let flushed = flushed.map_err(|error| told(&error))?;
        let mirrors = flushed.agents.iter().flat_map(|agent| &agent.mirrors);
        let tags = mirrors.filter_map(|mirror| mirror.outcome.as_ref().ok());
        Ok(tags.copied().max().unwrap_or(0).to_be_bytes().to_vec())
    }
}

/// An update; none where it changes nothing, or why it can't be made.
type Read = Result<Option<Update>, String>;

/// Reads the list of indexes and the update.
fn read_update(version: u16, body: &[u8]) -> Result<(&[u8], Read), Truncated> {
    let mut reader = Reader::new(body);
    let list = reader.string()?;
    let count = reader.count(4)?;
    let ignores_missing = version >= 0x103 && reader.u32()? & 1 != 0;
    let mut attributes = Vec::new();
    for _ in 0..count {
        let name = reader.string()?.to_ascii_lowercase();
        let is_multi = version >= 0x102 && reader.u32()? != 0;
        attributes.push((name, is_multi));
    }
    let mut documents = Vec::new();
    for _ in 0..reader.count(4)? {
        let id = if version >= 0x101 { reader.u64()? } else { u64::from(reader.u32()?) };
        let values = attributes.iter().map(|(_, is_multi)| new_value(&mut reader, *is_multi));
        documents.push((id, values.collect::<Result<Vec<_>, _>>()?));
    }
    if attributes.is_empty() || documents.is_empty() {
        return Ok((list, Ok(None)));
    }
    let names = attributes.iter().map(|(name, _)| utf8("attribute", name).map(str::to_owned));
    let update = names.collect::<Result<Vec<String>, String>>().map(|names| {
        let update = Update::new(names).ignore_missing(ignores_missing);
        let documents = documents.into_iter();
        Some(documents.fold(update, |update, (id, values)| update.document(id, values)))
    });
    Ok((list, update))
}

fn new_value(reader: &mut Reader<'_>, is_multi: bool) -> Result<NewValue, Truncated> {
    if !is_multi {
        return reader.u32().map(NewValue::Uint);
    }
    let values = (0..reader.count(4)?).map(|_| reader.u32());
    values.collect::<Result<_, _>>().map(NewValue::Multi)
}

/// A text of a client, where the library takes none in other encodings.
pub(super) fn utf8<'a>(what: &str, text: &'a [u8]) -> Result<&'a str, String> {
    std::str::from_utf8(text).map_err(|_| format!("the {what} is no UTF-8"))
}
