//! Keywords of a text, with statistics summed over agents (core/docs/spec/protocol.md 3.4).

use std::collections::HashMap;
use std::sync::Arc;

use super::ask::verdict;
use super::pending::Pending;
use crate::batch::{Batch, CallId};
use crate::client::Client;
use crate::completeness::Completeness;
use crate::error::{AgentFailure, Error};
use crate::limits::ANSWER_ROWS_MAX;
use crate::mirror::index_names;
use crate::options::CallOptions;
use crate::request::{Access, Reply, Request, Target, Verdict};
use crate::wire::header::Command;
use crate::wire::{Reader, Truncated, Writer};

/// Keywords of a text.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Keywords {
    /// Keywords in the order of the text.
    pub keywords: Vec<Keyword>,
    /// Number of agents that answered; an agent of several indexes with all of them.
    pub agents_answered: usize,
    /// Number of agents that were asked.
    pub agents: usize,
    /// Why the others did not answer; local indexes, which nobody asked, are among them.
    pub failures: Vec<AgentFailure>,
}

/// A keyword.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Keyword {
    /// The word as the text has it.
    pub tokenized: String,
    /// The word as the index has it, after stemming and the like.
    pub normalized: String,
    /// Documents that have it, over all agents; 0 unless statistics were asked for.
    pub documents: u64,
    /// Occurrences of it, over all agents; 0 unless statistics were asked for.
    pub hits: u64,
}

impl Client {
    /// Splits a text into keywords as the index does. With statistics their documents and hits are
    /// summed over all agents, as a master sums those of a search.
    ///
    /// Without statistics all agents are asked, too: their settings may differ, and a keyword that
    /// only some have is told.
    pub fn keywords(
        &self,
        index: &str,
        text: &str,
        with_statistics: bool,
        options: &CallOptions,
    ) -> Result<Keywords, Error> {
        self.start_keywords(index, text, with_statistics, options)?.finish()
    }

    /// Starts what [`Self::keywords`] does.
    pub fn start_keywords(
        &self,
        index: &str,
        text: &str,
        with_statistics: bool,
        options: &CallOptions,
    ) -> Result<Pending<Keywords>, Error> {
        options.check()?;
        let indexes = self.indexes_once(index)?;
        let mut batch = self.batch()?;
        batch.begin_command();
        let mut asked = Vec::new();
        let mut locals = Vec::new();
        for index in &indexes {
            for agent in &index.agents {
                let parts = agent
                    .mirrors
                    .first()
                    .map_or(0, |mirror| index_names(&mirror.index_list).count());
                let mut calls = Vec::with_capacity(parts);
                for part in 0..parts {
                    let request = KeywordsRequest::new(text, part, parts, with_statistics);
                    let request: Arc<dyn Request> = Arc::new(request);
                    calls.push(batch.add_to_agent(agent, &request, options)?);
                }
                asked.push(calls);
            }
            let local = |local: &String| AgentFailure::of_local(&index.name, local);
            locals.extend(index.locals.iter().map(local));
        }
        let completeness = options.completeness;
        let read = move |batch: &mut Batch| {
            collect(batch, &asked, &locals, with_statistics, completeness)
        };
        Ok(Pending::of_batch(batch, read))
    }
}

/// Sums what agents told; each has a call for every name of its index list.
fn collect(
    batch: &Batch,
    asked: &[Vec<CallId>],
    locals: &[AgentFailure],
    with_statistics: bool,
    completeness: Completeness,
) -> Result<Keywords, Error> {
    let (mut sum, mut result) = (Sum::default(), Keywords::default());
    for calls in asked {
        let failures_before = result.failures.len();
        for call in calls {
            match batch.reply(*call) {
                Some(Ok(reply)) => {
                    sum.add(&read(&reply.body, with_statistics).unwrap_or_default())
                }
                Some(Err(failure)) => result.failures.push(failure.clone()),
                None => result.failures.push(AgentFailure::default()),
            }
        }
        result.agents_answered += usize::from(result.failures.len() == failures_before);
    }
    result.agents = asked.len();
    if completeness != Completeness::BestEffort {
        result.agents += locals.len();
    }
    result.failures.extend_from_slice(locals);
    if completeness.is_met(result.agents_answered, result.agents) {
        result.keywords = sum.keywords;
        return Ok(result);
    }
    let Keywords { agents_answered: answered, agents, failures, .. } = result;
    Err(Error::Unanswered { answered, agents, failures })
}

/// Keywords of all agents, each once.
#[derive(Default)]
struct Sum {
    keywords: Vec<Keyword>,
    /// Places by what the keyword is, and the number of times that it was there before.
    places: HashMap<(Vec<u8>, Vec<u8>, usize), usize>,
}

impl Sum {
    fn add(&mut self, told: &[Told<'_>]) {
        let mut seen: HashMap<(&[u8], &[u8]), usize> = HashMap::new();
        for Told { tokenized, normalized, documents, hits } in told {
            let times = seen.entry((tokenized, normalized)).or_default();
            let key = (tokenized.to_vec(), normalized.to_vec(), *times);
            *times += 1;
            let keywords = &mut self.keywords;
            let place = *self.places.entry(key).or_insert_with(|| {
                keywords.push(Keyword {
                    tokenized: String::from_utf8_lossy(tokenized).into_owned(),
                    normalized: String::from_utf8_lossy(normalized).into_owned(),
                    ..Keyword::default()
                });
                keywords.len() - 1
            });
            keywords[place].documents += u64::from(*documents);
            keywords[place].hits += u64::from(*hits);
        }
    }
}

/// A KEYWORDS request for one name of each mirror's index list.
pub(super) struct KeywordsRequest {
    text: String,
    part: usize,
    parts: usize,
    with_statistics: bool,
}

impl KeywordsRequest {
    /// Asks for the name at position `part` of index lists with so many names.
    pub(super) fn new(text: &str, part: usize, parts: usize, with_statistics: bool) -> Self {
        KeywordsRequest { text: text.to_owned(), part, parts, with_statistics }
    }
}

impl Request for KeywordsRequest {
    fn command(&self) -> Command {
        Command::KEYWORDS
    }

    fn access(&self) -> Access {
        Access::Read
    }

    fn encode(&self, target: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        let list = target.index_list;
        let name = index_names(list).nth(self.part);
        let Some(name) = name.filter(|_| index_names(list).count() == self.parts) else {
            let (host, parts) = (target.host, self.parts);
            let text = format!(
                "index list '{list}' of mirror {host} has not {parts} names as another mirror's: \
                 give all mirrors of an agent as many"
            );
            return Err(Error::Request(text));
        };
        body.put_string(self.text.as_bytes());
        body.put_string(name.as_bytes());
        body.put_u32(u32::from(self.with_statistics));
        Ok(())
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        verdict(read(&reply.body, self.with_statistics))
    }
}

/// A keyword as an agent tells it.
pub(super) struct Told<'a> {
    pub(super) tokenized: &'a [u8],
    pub(super) normalized: &'a [u8],
    pub(super) documents: u32,
    pub(super) hits: u32,
}

pub(super) fn read(body: &[u8], with_statistics: bool) -> Result<Vec<Told<'_>>, Truncated> {
    let mut reader = Reader::new(body);
    let count = reader.count(if with_statistics { 16 } else { 8 })?;
    if count > ANSWER_ROWS_MAX {
        return Err(Truncated { offset: 0 });
    }
    let mut keywords = Vec::with_capacity(count);
    for _ in 0..count {
        let (tokenized, normalized) = (reader.string()?, reader.string()?);
        let (documents, hits) = match with_statistics {
            true => (reader.u32()?, reader.u32()?),
            false => (0, 0),
        };
        keywords.push(Told { tokenized, normalized, documents, hits });
    }
    reader.end()?;
    Ok(keywords)
}
