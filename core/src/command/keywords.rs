//! Keywords of a text, with statistics summed over agents (core/docs/spec/protocol.md 3.4).

use std::collections::HashMap;
use std::sync::Arc;

use super::ask::verdict;
use super::parts::{Answers, PartNumber, ask_parts};
use super::pending::Pending;
use crate::client::Client;
use crate::error::{AgentFailure, Error};
use crate::limits::{ANSWER_ROWS_MAX, WORD_SIZE_MAX};
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
        let request = |part| -> Arc<dyn Request> {
            Arc::new(KeywordsRequest::new(text, part, with_statistics))
        };
        ask_parts(self, index, options, request, move |answers| sum(answers, with_statistics))
    }
}

/// Sums what agents told.
fn sum(answers: Answers, with_statistics: bool) -> Keywords {
    let mut sum = Sum::default();
    for reply in &answers.replies {
        sum.add(&read(&reply.body, with_statistics).unwrap_or_default());
    }
    let Answers { agents_answered, agents, failures, .. } = answers;
    Keywords { keywords: sum.keywords, agents_answered, agents, failures }
}

/// Keywords of all agents, each once.
#[derive(Default)]
struct Sum<'a> {
    keywords: Vec<Keyword>,
    /// Places by what the keyword is, and the number of times that it was there before.
    places: HashMap<(&'a [u8], &'a [u8], usize), usize>,
}

impl<'a> Sum<'a> {
    fn add(&mut self, told: &[Told<'a>]) {
        let mut seen: HashMap<(&[u8], &[u8]), usize> = HashMap::new();
        for Told { tokenized, normalized, documents, hits } in told {
            let times = seen.entry((tokenized, normalized)).or_default();
            let key = (*tokenized, *normalized, *times);
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
    part: PartNumber,
    with_statistics: bool,
}

impl KeywordsRequest {
    /// Asks for that name of index lists.
    pub(super) fn new(text: &str, part: PartNumber, with_statistics: bool) -> Self {
        KeywordsRequest { text: text.to_owned(), part, with_statistics }
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
        body.put_string(self.text.as_bytes());
        body.put_string(self.part.name(target)?.as_bytes());
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
        let mut word = || reader.string().map(|word| &word[..word.len().min(WORD_SIZE_MAX)]);
        let (tokenized, normalized) = (word()?, word()?);
        let (documents, hits) = match with_statistics {
            true => (reader.u32()?, reader.u32()?),
            false => (0, 0),
        };
        keywords.push(Told { tokenized, normalized, documents, hits });
    }
    reader.end()?;
    Ok(keywords)
}
