//! SEARCH: all queries of a request at once, each on its own, so that a bad one fails alone.

use std::collections::HashSet;

use super::{Master, block, told};
use crate::batch::{Batch, SearchId};
use crate::error::Error;
use crate::limits::CLIENT_REPLY_SIZE_MAX;
use crate::search::{Search, SearchResult};
use crate::session::Meta;
use crate::wire::search::{Query, decode};

/// Reads a client's request: each search, or why it can't be asked. The error refuses all of them.
pub fn searches(version: u16, body: &[u8]) -> Result<Vec<Result<Search, String>>, String> {
    Ok(decode(version, body)?.into_iter().map(Search::of_client).collect())
}

/// Why a client's list of indexes can't be asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ListFault {
    /// No index has that name.
    Unknown(String),
    /// No name stands in the list.
    Empty,
}

impl ListFault {
    /// Returns what 2.2.11 says of the list of a search.
    pub(super) fn of_search(self) -> String {
        match self {
            ListFault::Unknown(name) => format!("unknown local index '{name}' in search request"),
            ListFault::Empty => "no enabled local indexes to search".to_owned(),
        }
    }
}

impl Master {
    /// The body of the reply: a block for each query.
    pub(super) fn search(&self, version: u16, body: &[u8]) -> Result<Vec<u8>, String> {
        let queries = decode(version, body)?;
        let failed = |error: Error| told(&error);
        let mut batch = self.client().batch().map_err(failed)?;
        let start = |query| self.start(&mut batch, query);
        let started: Vec<Result<SearchId, String>> = queries.into_iter().map(start).collect();
        while !batch.wait_all(None).map_err(failed)? {}
        let mut blocks = Vec::new();
        for search in started {
            let result = search.and_then(|id| batch.take_search(id).map_err(failed));
            self.remember(&result);
            block::put_within(CLIENT_REPLY_SIZE_MAX, &mut blocks, |blocks| match result {
                Ok(result) => block::put_result(&result, version, blocks),
                Err(text) => block::put_error(&text, blocks),
            });
        }
        Ok(blocks)
    }

    fn start(&self, batch: &mut Batch, query: Query) -> Result<SearchId, String> {
        let list = self.index_list(&query.index_list).map_err(ListFault::of_search)?;
        let search = Search::of_client(query)?;
        batch.add_search(&list, &search).map_err(|error| told(&error))
    }

    /// The indexes of a client's list, each once. Names end at whatever 2.2.11 has in none; one
    /// with `-` or `.` is a name if the configuration has it.
    pub(super) fn index_list(&self, list: &[u8]) -> Result<String, ListFault> {
        let (list, known) = (String::from_utf8_lossy(list), self.client().indexes());
        let is_known = |name: &str| known.binary_search_by(|one| one.as_str().cmp(name)).is_ok();
        let is_part =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
        let parts = list.split(|letter| !is_part(letter));
        let names = parts.flat_map(|part| {
            let ends: &[char] = if is_known(part) { &[] } else { &['-', '.'] };
            part.split(ends)
        });
        let (mut seen, mut found) = (HashSet::new(), Vec::new());
        for name in names.filter(|name| !name.is_empty()) {
            if !is_known(name) {
                return Err(ListFault::Unknown(name.to_owned()));
            }
            if seen.insert(name) {
                found.push(name);
            }
        }
        if found.is_empty() { Err(ListFault::Empty) } else { Ok(found.join(", ")) }
    }

    /// Keeps what STATUS tells of the last search.
    fn remember(&self, result: &Result<SearchResult, String>) {
        let meta = match result {
            Ok(result) => Meta::of_result(result),
            Err(text) => Meta::of_text(text.clone()),
        };
        *self.shared.meta.lock() = meta;
    }
}
