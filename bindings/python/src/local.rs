//! Local indexes of a search, which only the program can search.

use std::time::Duration;

use hamirror::internal::BatchHandle;
use hamirror::internal::limits::LOCAL_SEARCH_DELAY_MAX;
use hamirror::request::Command;
use hamirror::{Reply, SearchId};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::LocalError;
use crate::waiting::{self, Limit};

/// Has a function of Python search the local indexes of a search, while the agents work. Another
/// thread drives them meanwhile, or without one this does between two local indexes.
pub(crate) fn search_locals(
    py: Python<'_>,
    batch: &mut BatchHandle,
    id: SearchId,
    search_local: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let limit = Limit::after(Some(LOCAL_SEARCH_DELAY_MAX));
    waiting::wait(py, |slice| {
        let is_sent = batch.get()?.wait_sent(Some(limit.slice(slice)))?;
        Ok((is_sent || limit.has_passed()).then_some(()))
    })?;
    let locals: Vec<String> = batch.locals(id).map(str::to_owned).collect();
    let runs = !locals.is_empty() && py.detach(|| batch.run().is_ok());
    for local in locals {
        let request = waiting::run(py, || batch.local_request(id, &local))?;
        let answer = search_one(py, &local, &request, search_local)?;
        if let Err(error) = waiting::run(py, || batch.add_local(id, &local, answer)) {
            let reworded = waiting::run(py, || batch.local_request(id, &local))?;
            if reworded == request {
                return Err(error);
            }
            let answer = search_one(py, &local, &reworded, search_local)?;
            waiting::run(py, || batch.add_local(id, &local, answer))?;
        }
        if !runs {
            waiting::run(py, || batch.get()?.drive())?;
        }
    }
    if runs {
        waiting::run(py, || batch.join(Some(Duration::ZERO)))?;
    }
    Ok(())
}

fn search_one(
    py: Python<'_>,
    local: &str,
    request: &[u8],
    search_local: &Bound<'_, PyAny>,
) -> PyResult<Result<Reply, String>> {
    match search_local.call1((local, PyBytes::new(py, request))) {
        Ok(returned) => Ok(Ok(reply(&returned)?)),
        Err(error) if error.is_instance_of::<LocalError>(py) => {
            Ok(Err(error.value(py).to_string()))
        }
        Err(error) => Err(error),
    }
}

/// The body of a reply, alone or behind its version.
fn reply(returned: &Bound<'_, PyAny>) -> PyResult<Reply> {
    let (version, body) = match returned.cast::<PyBytes>() {
        Ok(body) => (LOCAL_VERSION, body.as_bytes().to_vec()),
        Err(_) => returned.extract()?,
    };
    Ok(Reply::new(version, body))
}

/// Version of the reply of a local index, unless the program says it.
pub(crate) const LOCAL_VERSION: u16 = Command::SEARCH.version;
