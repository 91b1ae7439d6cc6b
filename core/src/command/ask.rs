//! The start of commands, and what they have in common.

use std::sync::Arc;

use super::mirrored::Mirrored;
use super::pending::Pending;
use crate::agent::Index;
use crate::client::Client;
use crate::error::Error;
use crate::options::CallOptions;
use crate::request::{Reply, Request, Verdict};
use crate::wire::Truncated;

/// Asks every mirror of every agent of these indexes; each index by its own request.
pub(super) fn ask_mirrors<T: 'static>(
    client: &Client,
    indexes: Vec<Arc<Index>>,
    request: &Arc<dyn Request>,
    options: &CallOptions,
    read: fn(&Reply) -> Option<T>,
) -> Result<Pending<Mirrored<T>>, Error> {
    options.check()?;
    let mut batch = client.batch()?;
    let calls = batch.add_indexes(&indexes, request, options)?;
    let completeness = options.completeness;
    Ok(Pending::of_batch(batch, move |batch| {
        let mirrored = Mirrored::of_calls(batch, calls.clone(), read);
        mirrored.with_locals(&indexes).demand(completeness)
    }))
}

/// What a request thinks of a reply that it could read, or not.
pub(super) fn verdict<T>(read: Result<T, Truncated>) -> Verdict {
    match read {
        Ok(_) => Verdict::Accept,
        Err(truncated) => Verdict::Malformed(truncated.to_string()),
    }
}
