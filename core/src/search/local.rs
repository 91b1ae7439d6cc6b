//! Local indexes of a distributed index: only the program itself can search them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use super::outcome::Effort;
use super::part::{Part, PartSource, refused};
use crate::completeness::Completeness;
use crate::error::{AgentFailure, Error};
use crate::request::{Product, Reply, Request, Target, Verdict};
use crate::search::SearchRequest;
use crate::wire::search::Layout;
use crate::wire::text;

/// A local index within a search.
pub(crate) struct Local {
    pub(crate) name: String,
    /// As the agents of its distributed index are asked: weights of indexes are theirs.
    request: Arc<SearchRequest>,
    /// Whose words the request is written in.
    product: Product,
    version: LocalVersion,
    /// True if the program has the request in words of the other product.
    is_stale: AtomicBool,
    outcome: Option<Result<Reply, AgentFailure>>,
}

/// Version of SEARCH by which the program told that it reads requests otherwise; 0 before it does.
pub(crate) type LocalVersion = Arc<AtomicU16>;

impl Local {
    /// Adds the local indexes of a distributed index; one that is named twice is searched once.
    pub(crate) fn add_all(
        locals: &mut Vec<Local>,
        names: &[String],
        request: &Arc<SearchRequest>,
        version: &LocalVersion,
    ) {
        let product = match version.load(Ordering::Relaxed) {
            0 => Product::Unknown,
            version => Product::of_search(version),
        };
        for name in names {
            if locals.iter().all(|local| local.name != *name) {
                let (name, request, version) = (name.clone(), request.clone(), version.clone());
                let is_stale = AtomicBool::new(false);
                locals.push(Local { name, request, product, version, is_stale, outcome: None });
            }
        }
    }

    pub(crate) fn is_searched(&self) -> bool {
        self.outcome.is_some()
    }

    /// The body of the request, as an agent would get it.
    pub(crate) fn request(&self) -> Result<Vec<u8>, Error> {
        let (product, layout) = (self.product, Layout::default());
        let index_list = &self.name;
        let target = Target { host: "(local)", index_list, attempt: 0, product, layout };
        let mut body = Vec::new();
        self.request.encode(&target, &mut body)?;
        self.is_stale.store(false, Ordering::Relaxed);
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
        if self.is_stale.load(Ordering::Relaxed) {
            return Err(self.misread("the request was written for another daemon"));
        }
        reply.asked = self.product;
        let version = reply.version;
        self.outcome = Some(match self.request.judge(&mut reply) {
            Verdict::Accept | Verdict::AcceptWarned => Ok(reply),
            Verdict::Refused(text) | Verdict::Unfinished(text) => Err(self.failure(Some(text))),
            Verdict::QueriesRefused(texts) if texts.contains(&None) => Ok(reply),
            Verdict::QueriesRefused(texts) => Err(refused(self.failure(None), texts)),
            Verdict::AskAgain(text) => {
                self.product = Product::of_search(version);
                self.version.store(version, Ordering::Relaxed);
                self.is_stale.store(true, Ordering::Relaxed);
                return Err(self.misread(&text));
            }
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
    pub(crate) fn into_outcome<H>(
        mut self,
        completeness: Completeness,
    ) -> Result<(Part<H>, Result<Reply, AgentFailure>), String> {
        let index = self.request.own_index().to_owned();
        let part =
            |name| Part { index, source: PartSource::Local(name), effort: Effort::default() };
        match self.outcome.take() {
            Some(outcome) => Ok((part(self.name), outcome)),
            None if completeness == Completeness::BestEffort => Err(self.name),
            None => {
                // Not the query's fault: it has no error of its own.
                let failure = self.failure(None);
                Ok((part(self.name), Err(failure)))
            }
        }
    }

    fn misread(&self, text: &str) -> Error {
        let name = &self.name;
        Error::Request(format!("local index '{name}': {text}: take its request anew"))
    }

    fn failure(&self, query_error: Option<String>) -> AgentFailure {
        let failure = AgentFailure::of_local(self.request.own_index(), &self.name);
        AgentFailure { query_error: query_error.map(text::escape), ..failure }
    }
}
