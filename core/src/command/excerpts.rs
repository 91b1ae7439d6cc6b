//! Excerpts of documents that the caller has (core/docs/spec/protocol.md 3.5).

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ask::verdict;
use super::excerpt_options::ExcerptOptions;
use super::pending::{Pending, Turns};
use crate::agent::Index;
use crate::batch::{Batch, CallId};
use crate::client::Client;
use crate::error::{AgentFailure, AttemptFailure, Error, FailureKind, UnknownName};
use crate::limits::{DEADLINE_MAX, EXCERPT_DOCUMENTS_MAX};
use crate::mirror::index_names;
use crate::net::clock;
use crate::options::CallOptions;
use crate::request::{Access, Reply, Request, Target, Verdict};
use crate::wire::header::Command;
use crate::wire::{Reader, Truncated, Writer, append};

impl Client {
    /// Cuts an excerpt of each document around the words, and returns them in order.
    ///
    /// The settings are those of the index that agents serve; of several names in an agent's list
    /// the first one counts. Documents are split over the agents, which do as well as each other:
    /// if all mirrors of one fail, the next agent is asked, unless the options say no to failover.
    /// An empty document has an empty excerpt.
    pub fn excerpts<D: AsRef<[u8]>>(
        &self,
        index: &str,
        documents: &[D],
        words: &str,
        excerpt: &ExcerptOptions,
        options: &CallOptions,
    ) -> Result<Vec<Vec<u8>>, Error> {
        self.start_excerpts(index, documents, words, excerpt, options)?.finish()
    }

    /// Starts what [`Self::excerpts`] does.
    pub fn start_excerpts<D: AsRef<[u8]>>(
        &self,
        index: &str,
        documents: &[D],
        words: &str,
        excerpt: &ExcerptOptions,
        options: &CallOptions,
    ) -> Result<Pending<Vec<Vec<u8>>>, Error> {
        if words.is_empty() {
            let text = "no words to cut excerpts around: give at least one";
            return Err(Error::Request(text.to_owned()));
        }
        options.check()?;
        excerpt.check().map_err(Error::Request)?;
        let index = self.index(index)?;
        if index.agents.is_empty() {
            let text = format!("index '{}' has no agent that could be asked", index.name);
            return Err(Error::Unknown(UnknownName::new(text, &index.name, [""; 0])));
        }
        let mut work = Work::new(self, index, documents, options);
        let is_scattered = excerpt.is_scattered();
        work.deal_out(is_scattered, |range| {
            let texts = work_texts(documents, range);
            Arc::new(ExcerptRequest::new(words, excerpt, &texts))
        });
        work.start()?;
        Ok(Pending::new(work))
    }
}

/// Documents that are not empty, by their places.
fn work_texts<'a, D: AsRef<[u8]>>(documents: &'a [D], places: &[usize]) -> Vec<&'a [u8]> {
    places.iter().map(|place| documents[*place].as_ref()).collect()
}

/// Excerpts under way.
struct Work {
    client: Client,
    index: Arc<Index>,
    options: CallOptions,
    until: Option<Instant>,
    /// Places of the documents that are sent.
    filled: Vec<usize>,
    parts: Vec<Part>,
    running: Option<(Batch, Vec<(usize, CallId)>)>,
    excerpts: Vec<Vec<u8>>,
    failures: Vec<AgentFailure>,
}

/// Documents of one request.
struct Part {
    places: Range<usize>,
    request: Arc<ExcerptRequest>,
    /// Position of the agent that is asked first.
    first: usize,
    /// Number of agents that were asked in vain.
    tried: usize,
    /// Number of agents that may be asked.
    tries_max: usize,
    /// True if the documents are files, each on some agent.
    is_scattered: bool,
    is_done: bool,
}

impl Work {
    fn new<D: AsRef<[u8]>>(
        client: &Client,
        index: Arc<Index>,
        documents: &[D],
        options: &CallOptions,
    ) -> Self {
        let is_filled = |place: &usize| !documents[*place].as_ref().is_empty();
        Work {
            client: client.clone(),
            index,
            options: *options,
            until: options.deadline.map(|deadline| clock::now() + deadline.min(DEADLINE_MAX)),
            filled: (0..documents.len()).filter(is_filled).collect(),
            parts: Vec::new(),
            running: None,
            excerpts: vec![Vec::new(); documents.len()],
            failures: Vec::new(),
        }
    }

    /// Cuts the documents into requests: a share for each agent, or all for each of them.
    fn deal_out(&mut self, is_scattered: bool, request: impl Fn(&[usize]) -> Arc<ExcerptRequest>) {
        let (count, agents) = (self.filled.len(), self.index.agents.len());
        let share = match is_scattered {
            true => count,
            false => count.div_ceil(agents).max(SHARE_MIN),
        };
        let size = share.clamp(1, EXCERPT_DOCUMENTS_MAX);
        let goes_on = self.client.fails_over(&self.options);
        let mut turn = self.client.next_turn();
        let mut start = 0;
        while start < count {
            let places = start..count.min(start + size);
            let request = request(&self.filled[places.clone()]);
            let firsts = if is_scattered { 0..agents } else { turn..turn + 1 };
            let tries_max = if is_scattered || !goes_on { 1 } else { agents };
            turn = turn.wrapping_add(1) % agents.max(1);
            self.parts.extend(firsts.map(|first| Part {
                places: places.clone(),
                request: request.clone(),
                first: first % agents,
                tried: 0,
                tries_max,
                is_scattered,
                is_done: false,
            }));
            start = places.end;
        }
    }

    /// Asks for what is missing.
    fn start(&mut self) -> Result<(), Error> {
        let mut options = self.options;
        if let Some(until) = self.until {
            options.deadline = Some(until.saturating_duration_since(clock::now()));
        }
        let mut batch = self.client.batch()?;
        batch.begin_command();
        let mut calls = Vec::new();
        let agents = &self.index.agents;
        for (number, part) in self.parts.iter().enumerate().filter(|(_, part)| !part.is_done) {
            let agent = &agents[(part.first + part.tried) % agents.len()];
            let request: Arc<dyn Request> = part.request.clone();
            calls.push((number, batch.add_to_agent(agent, &request, &options)?));
        }
        self.running = Some((batch, calls));
        Ok(())
    }

    fn take(&mut self, number: usize, reply: &Reply) {
        let part = &mut self.parts[number];
        part.is_done = true;
        let places = &self.filled[part.places.clone()];
        let excerpts = read(&reply.body, places.len()).unwrap_or_default();
        for (place, text) in places.iter().zip(excerpts) {
            let excerpt = &mut self.excerpts[*place];
            // Of scattered files the first agent that has one counts.
            if excerpt.is_empty() {
                *excerpt = text.to_vec();
            }
        }
    }

    /// Asks an agent that lacks a file of a part for each file by itself. Without `dist_threads`
    /// its daemon refuses all of them for one.
    fn handle_missing_file(&mut self, number: usize) {
        let part = &mut self.parts[number];
        part.is_done = true;
        if part.places.len() == 1 {
            return;
        }
        let (start, first) = (part.places.start, part.first);
        let singles = part.request.singles().into_iter().enumerate();
        self.parts.extend(singles.map(|(offset, request)| Part {
            places: start + offset..start + offset + 1,
            request: Arc::new(request),
            first,
            tried: 0,
            tries_max: 1,
            is_scattered: true,
            is_done: false,
        }));
    }

    /// Leaves the part to the next agent, unless the request itself is at fault.
    fn handle_failure(&mut self, number: usize, failure: &AgentFailure) -> Result<(), Error> {
        if self.parts[number].is_scattered && is_missing_file(failure) {
            self.handle_missing_file(number);
            return Ok(());
        }
        if !failure.is_unanswered() {
            return Err(failure.clone().into());
        }
        self.failures.push(failure.clone());
        let part = &mut self.parts[number];
        part.tried += 1;
        let is_late = self.until.is_some_and(|until| clock::now() >= until);
        if part.tried < part.tries_max && !is_late {
            return Ok(());
        }
        let (agents, failures) = (self.failures.len(), std::mem::take(&mut self.failures));
        Err(Error::Unanswered { answered: 0, agents, failures })
    }
}

impl Turns<Vec<Vec<u8>>> for Work {
    fn go_on(&mut self, timeout: Option<Duration>) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let Some((batch, _)) = &mut self.running else { return Ok(None) };
        if !batch.wait_all(timeout)? {
            return Ok(None);
        }
        if let Some((batch, calls)) = self.running.take() {
            for (number, call) in calls {
                match batch.reply(call) {
                    Some(Ok(reply)) => self.take(number, reply),
                    Some(Err(failure)) => self.handle_failure(number, failure)?,
                    None => {}
                }
            }
        }
        if self.parts.iter().all(|part| part.is_done) {
            return Ok(Some(std::mem::take(&mut self.excerpts)));
        }
        self.start()?;
        Ok(None)
    }

    fn batch(&self) -> Option<&Batch> {
        self.running.as_ref().map(|(batch, _)| batch)
    }
}

/// An EXCERPT request for any mirror.
pub(super) struct ExcerptRequest {
    flags: u32,
    /// Words and options.
    head: Vec<u8>,
    documents: Vec<u8>,
    count: usize,
}

impl ExcerptRequest {
    pub(super) fn new(words: &str, excerpt: &ExcerptOptions, documents: &[&[u8]]) -> Self {
        let (mut head, mut texts) = (Vec::new(), Vec::new());
        head.put_string(words.as_bytes());
        excerpt.put(&mut head);
        documents.iter().for_each(|document| texts.put_string(document));
        let (flags, count) = (excerpt.flag_bits(), documents.len());
        ExcerptRequest { flags, head, documents: texts, count }
    }

    /// Requests for each document by itself.
    fn singles(&self) -> Vec<ExcerptRequest> {
        let documents = read(&self.documents, self.count).unwrap_or_default();
        let single = |document: &[u8]| {
            let mut documents = Vec::new();
            documents.put_string(document);
            ExcerptRequest { flags: self.flags, head: self.head.clone(), documents, count: 1 }
        };
        documents.into_iter().map(single).collect()
    }
}

impl Request for ExcerptRequest {
    fn command(&self) -> Command {
        Command::EXCERPT
    }

    fn access(&self) -> Access {
        Access::Read
    }

    fn encode(&self, target: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        const MODE: u32 = 0;
        body.put_u32(MODE);
        body.put_u32(self.flags);
        body.put_string(index_names(target.index_list).next().unwrap_or_default().as_bytes());
        append(body, &self.head)?;
        body.put_u32(u32::try_from(self.count).unwrap_or(u32::MAX));
        append(body, &self.documents)
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        verdict(read(&reply.body, self.count))
    }
}

/// Reads so many excerpts, and nothing behind them.
pub(super) fn read(body: &[u8], count: usize) -> Result<Vec<&[u8]>, Truncated> {
    let mut reader = Reader::new(body);
    let excerpts = (0..count).map(|_| reader.string()).collect::<Result<_, _>>()?;
    reader.end()?;
    Ok(excerpts)
}

/// True if all that an agent said is that it does not have a file.
fn is_missing_file(failure: &AgentFailure) -> bool {
    let is_missing = |attempt: &AttemptFailure| {
        attempt.kind == FailureKind::RemoteError
            && MISSING.iter().any(|beginning| attempt.text.starts_with(beginning))
    };
    !failure.attempts.is_empty() && failure.attempts.iter().all(is_missing)
}

/// Beginnings of what 2.2.11 says then.
const MISSING: [&str; 2] = ["failed to open ", "failed to stat "];

/// Documents that one agent cuts about as fast as two do half of them each.
const SHARE_MIN: usize = 16;
