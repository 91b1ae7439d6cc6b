//! Calls of a client: each is started without the GIL, waited for in slices, and taken.

use std::sync::Arc;

use hamirror::internal::BatchHandle;
use hamirror::{Batch, CallOptions, Client, Error, Request, Search};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::callback::Detached;
use crate::reply::Reply;
use crate::result::SearchResult;
use crate::{local, pending, waiting};

/// Searches all agents of an index, and its local indexes by a function of Python.
pub(crate) fn search(
    py: Python<'_>,
    client: &Client,
    index: &str,
    (search, options): (Search, CallOptions),
    local: Option<&Bound<'_, PyAny>>,
) -> PyResult<SearchResult> {
    let ask = || {
        let mut batch = Detached::new(BatchHandle::from(client.batch()?));
        let id = batch.get()?.add_search_with(index, &search, &options)?;
        Ok((batch, id))
    };
    let mut asked = None;
    if let Some(local) = local {
        let (batch, id) = asked.insert(waiting::run(py, ask)?);
        local::search_locals(py, batch, *id, local)?;
    }
    let result = waiting::wait(py, |slice| {
        let (batch, id) = match &mut asked {
            Some(asked) => asked,
            empty => empty.insert(ask()?),
        };
        let batch = batch.get()?;
        if !batch.wait_all(Some(slice))? {
            return Ok(None);
        }
        batch.take_search(*id).map(Some)
    })?;
    Ok(SearchResult::new(result))
}

/// Runs several searches of the same agents.
pub(crate) fn search_all<'py>(
    py: Python<'py>,
    client: &Client,
    index: &str,
    (searches, options): (Vec<Search>, CallOptions),
    return_exceptions: bool,
) -> PyResult<Bound<'py, PyList>> {
    let add = |batch: &mut Batch| batch.add_searches_with(index, &searches, &options);
    let results = in_batch(py, client, add, |batch, id| batch.take_searches(id))?;
    pending::objects(py, results, return_exceptions)
}

/// Asks one agent of an index.
pub(crate) fn call(
    py: Python<'_>,
    client: &Client,
    index: &str,
    agent: usize,
    (request, options): (&Arc<dyn Request>, CallOptions),
) -> PyResult<Reply> {
    let add = |batch: &mut Batch| batch.add_agent_with(index, agent, request, &options);
    in_batch(py, client, add, |batch, call| {
        let host = batch.asked(call).and_then(|asked| asked.host).map(str::to_owned);
        Ok(Reply::new(batch.take_reply(call)?, host))
    })
}

/// Adds to a batch of its own, waits for that, and takes what came of it.
fn in_batch<Id: Copy + Send, T: Send>(
    py: Python<'_>,
    client: &Client,
    add: impl Fn(&mut Batch) -> Result<Id, Error> + Sync,
    take: impl Fn(&mut Batch, Id) -> Result<T, Error> + Sync,
) -> PyResult<T> {
    let mut asked = None;
    waiting::wait(py, |slice| {
        let (batch, id) = match &mut asked {
            Some(asked) => asked,
            empty => {
                let mut batch = Detached::new(client.batch()?);
                let id = add(&mut batch)?;
                empty.insert((batch, id))
            }
        };
        if !batch.wait_all(Some(slice))? {
            return Ok(None);
        }
        take(batch, *id).map(Some)
    })
}
