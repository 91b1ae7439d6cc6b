//! SEARCH: all queries of a request at once, each on its own, so that a bad one fails alone.

use super::{Master, block, told};
use crate::batch::{Batch, SearchId};
use crate::error::Error;
use crate::search::{Search, SearchResult};
use crate::session::Meta;
use crate::wire::search::{Query, decode};

/// Reads a client's request: each search, or why it can't be asked. The error refuses all of them.
pub fn searches(version: u16, body: &[u8]) -> Result<Vec<Result<Search, String>>, String> {
    Ok(decode(version, body)?.into_iter().map(Search::of_client).collect())
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
            match result {
                Ok(result) => block::put_result(&result, version, &mut blocks),
                Err(text) => block::put_error(&text, &mut blocks),
            }
        }
        Ok(blocks)
    }

    fn start(&self, batch: &mut Batch, query: Query) -> Result<SearchId, String> {
        let list = self.index_list(&query.index_list)?;
        let search = Search::of_client(query)?;
        batch.add_search(&list, &search).map_err(|error| told(&error))
    }

    /// The indexes of a client's list, which anything may part that is in no name.
    pub(super) fn index_list(&self, list: &[u8]) -> Result<String, String> {
        let list = String::from_utf8_lossy(list);
        let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
        let names = list.split(|letter| !is_part(letter)).filter(|name| !name.is_empty());
        let names: Vec<&str> = names.collect();
        if let Some(name) = names.iter().find(|name| self.client().index(name).is_err()) {
            return Err(format!("unknown local index '{name}' in search request"));
        }
        match names.is_empty() {
            true => Err("no enabled local indexes to search".to_owned()),
            false => Ok(names.join(", ")),
        }
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
