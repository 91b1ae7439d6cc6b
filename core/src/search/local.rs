//! Local indexes of a distributed index: only the program itself can search them.

use std::sync::Arc;

use crate::completeness::Completeness;
use crate::error::{AgentFailure, Error};
use crate::request::{Product, Reply, Request, Target, Verdict};
use crate::search::SearchRequest;
use crate::wire::text;

/// A local index within a search.
pub(crate) struct Local {
    pub(crate) name: String,
    /// As the agents of its distributed index are asked: weights of indexes are theirs.
    request: Arc<SearchRequest>,
    outcome: Option<Result<Reply, AgentFailure>>,
}

impl Local {
    /// Adds the local indexes of a distributed index; one that is named twice is searched once.
    pub(crate) fn add_all(
        locals: &mut Vec<Local>,
        names: &[String],
        request: &Arc<SearchRequest>,
    ) {
        for name in names {
            if locals.iter().all(|local| local.name != *name) {
                let request = request.clone();
                locals.push(Local { name: name.clone(), request, outcome: None });
            }
        }
    }

    pub(crate) fn is_searched(&self) -> bool {
        self.outcome.is_some()
    }

    /// The body of the request, as an agent would get it.
    pub(crate) fn request(&self) -> Result<Vec<u8>, Error> {
        let product = Product::Unknown;
        let target = Target { host: "(local)", index_list: &self.name, attempt: 0, product };
        let mut body = Vec::new();
        self.request.encode(&target, &mut body)?;
        Ok(body)
    }

    /// Takes what the program found, or why it found nothing.
    pub(crate) fn handle_answer(&mut self, answer: Result<Reply, String>) -> Result<(), Error> {
        let mut reply = match answer {
            Ok(reply) => reply,
            Err(text) => {
                self.outcome = Some(Err(self.failure(Some(text))));
                return Ok(());
            }
        };
        self.outcome = Some(match self.request.judge(&mut reply) {
            Verdict::Accept | Verdict::AcceptWarned => Ok(reply),
            Verdict::Refused(text) | Verdict::Unfinished(text) => Err(self.failure(Some(text))),
            Verdict::Failed(error) => return Err(Error::Program(error)),
            Verdict::OutOfMemory(text) => {
                let text = format!("local index '{}': {text}", self.name);
                return Err(Error::System(text.into()));
            }
            Verdict::Malformed(text) => {
                let text = format!("reply of local index '{}' is malformed: {text}", self.name);
                return Err(Error::Request(text));
            }
        });
        Ok(())
    }

    /// What became of it; its name alone if nobody searched it and nobody demands that it was.
    pub(crate) fn into_outcome(
        mut self,
        completeness: Completeness,
    ) -> Result<(String, Result<Reply, AgentFailure>), String> {
        match self.outcome.take() {
            Some(outcome) => Ok((self.name, outcome)),
            None if completeness == Completeness::BestEffort => Err(self.name),
            None => {
                // Not the query's fault: it has no error of its own.
                let failure = self.failure(None);
                Ok((self.name, Err(failure)))
            }
        }
    }

    fn failure(&self, query_error: Option<String>) -> AgentFailure {
        AgentFailure {
            index: self.request.index().to_owned(),
            local: Some(self.name.clone()),
            query_error: query_error.map(text::escape),
            ..AgentFailure::default()
        }
    }
}
