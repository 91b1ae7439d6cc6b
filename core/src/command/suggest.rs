//! Words like a misspelt one, by Manticore's dictionaries (core/docs/spec/protocol.md 3.9).

use std::collections::HashMap;
use std::sync::Arc;

use super::ask::verdict;
use super::parts::{Answers, PartNumber, ask_parts};
use super::pending::Pending;
use crate::client::Client;
use crate::error::{AgentFailure, Error};
use crate::limits::{ANSWER_ROWS_MAX, NUMBER_MAX};
use crate::options::CallOptions;
use crate::request::{Access, Reply, Request, Target, Verdict};
use crate::wire::header::Command;
use crate::wire::{Reader, Truncated, Writer};

/// Options of a search for words like another one; the default is that of Manticore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuggestOptions {
    limit: u32,
    max_edits: u32,
    delta_length: u32,
    queue_length: u32,
    reject: u32,
    flags: u32,
}

/// Words like another one, of all agents.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Suggestions {
    /// The nearest first; of equally near ones that in the most documents.
    pub words: Vec<Suggestion>,
    /// Number of agents that answered; an agent of several indexes with all of them.
    pub agents_answered: usize,
    /// Number of agents that were asked.
    pub agents: usize,
    /// Why the others did not answer; local indexes, which nobody asked, are among them.
    pub failures: Vec<AgentFailure>,
}

/// A word like another one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suggestion {
    /// The word; with [`SuggestOptions::sentence`] the whole text with it.
    pub word: String,
    /// Letters that differ (Levenshtein).
    pub distance: u32,
    /// Documents that have the word, over all agents.
    pub documents: u64,
}

impl Default for SuggestOptions {
    fn default() -> Self {
        SuggestOptions {
            limit: 5,
            max_edits: 4,
            delta_length: 3,
            queue_length: 25,
            reject: 4,
            flags: 0,
        }
    }
}

impl SuggestOptions {
    /// Returns the daemon's own options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Words that are returned at most.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// Letters that may differ.
    pub fn max_edits(mut self, max_edits: u32) -> Self {
        self.max_edits = max_edits;
        self
    }

    /// Letters by which a word may be longer or shorter.
    pub fn delta_length(mut self, delta_length: u32) -> Self {
        self.delta_length = delta_length;
        self
    }

    /// Candidates that a daemon keeps.
    pub fn queue_length(mut self, queue_length: u32) -> Self {
        self.queue_length = queue_length;
        self
    }

    /// Candidates after which a daemon leaves worse ones out.
    pub fn reject(mut self, reject: u32) -> Self {
        self.reject = reject;
        self
    }

    /// Words with other characters than letters count, too.
    pub fn non_letters(self, is_set: bool) -> Self {
        self.with(NON_LETTERS, is_set)
    }

    /// The words come within the rest of the text.
    pub fn sentence(self, is_set: bool) -> Self {
        self.with(SENTENCE, is_set)
    }

    /// The last word of the text is looked for, in place of the first (`CALL QSUGGEST`).
    pub fn last_word(self, is_set: bool) -> Self {
        self.with(LAST_WORD, is_set)
    }

    fn with(mut self, flag: u32, is_set: bool) -> Self {
        self.flags = if is_set { self.flags | flag } else { self.flags & !flag };
        self
    }

    fn check(&self) -> Result<(), Error> {
        let numbers = [
            ("limit", self.limit),
            ("max_edits", self.max_edits),
            ("delta_len", self.delta_length),
            ("queue_len", self.queue_length),
            ("reject", self.reject),
        ];
        match numbers.iter().find(|(_, number)| *number > NUMBER_MAX) {
            Some((name, number)) => Err(Error::Request(format!(
                "{name} {number} is above {NUMBER_MAX}: daemons take no more"
            ))),
            None => Ok(()),
        }
    }
}

impl Client {
    /// Looks for words like that of a text in the dictionaries of all agents, and sums the
    /// documents of each.
    ///
    /// Agents have to be of Manticore, with `dict = keywords` and infixes.
    pub fn suggest(
        &self,
        index: &str,
        text: &str,
        suggest: &SuggestOptions,
        options: &CallOptions,
    ) -> Result<Suggestions, Error> {
        self.start_suggest(index, text, suggest, options)?.finish()
    }

    /// Starts what [`Self::suggest`] does.
    pub fn start_suggest(
        &self,
        index: &str,
        text: &str,
        suggest: &SuggestOptions,
        options: &CallOptions,
    ) -> Result<Pending<Suggestions>, Error> {
        suggest.check()?;
        let request = |part| -> Arc<dyn Request> {
            Arc::new(SuggestRequest { text: text.to_owned(), suggest: suggest.clone(), part })
        };
        let limit = suggest.limit as usize;
        ask_parts(self, index, options, request, move |answers| sum(answers, limit))
    }
}

/// Sums the documents of each word over all answers.
fn sum(answers: Answers, limit: usize) -> Suggestions {
    let mut words: Vec<Suggestion> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for reply in &answers.replies {
        let Ok(Told { sentence, words: told }) = read(&reply.body) else { continue };
        for ToldWord { distance, documents, word } in told {
            let word = joined(sentence, word);
            let place = *places.entry(word.clone()).or_insert(words.len());
            if place == words.len() {
                words.push(Suggestion { word, distance, documents: 0 });
            }
            words[place].distance = words[place].distance.min(distance);
            words[place].documents += u64::from(documents);
        }
    }
    words.sort_by(|one, other| {
        let by_distance = one.distance.cmp(&other.distance);
        by_distance.then(other.documents.cmp(&one.documents)).then(one.word.cmp(&other.word))
    });
    words.truncate(limit);
    let Answers { agents_answered, agents, failures, .. } = answers;
    Suggestions { words, agents_answered, agents, failures }
}

/// A word behind the rest of its text, if a daemon told that.
fn joined(sentence: &[u8], word: &[u8]) -> String {
    let rest = String::from_utf8_lossy(sentence);
    let word = String::from_utf8_lossy(word);
    if rest.is_empty() { word.into_owned() } else { format!("{rest} {word}") }
}

/// A SUGGEST request for one name of each mirror's index list.
pub(super) struct SuggestRequest {
    pub(super) text: String,
    pub(super) suggest: SuggestOptions,
    pub(super) part: PartNumber,
}

impl Request for SuggestRequest {
    fn command(&self) -> Command {
        Command::SUGGEST
    }

    fn access(&self) -> Access {
        Access::Read
    }

    fn encode(&self, target: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        let SuggestOptions { limit, max_edits, delta_length, queue_length, reject, flags } =
            self.suggest;
        body.put_string(self.part.name(target)?.as_bytes());
        body.put_string(self.text.as_bytes());
        for number in [limit, delta_length, queue_length, reject, max_edits, flags] {
            body.put_u32(number);
        }
        Ok(())
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        verdict(read(&reply.body))
    }

    /// Daemons of Sphinx know no such command.
    fn judge_error(&self, reply: &Reply) -> Verdict {
        let text = reply.text();
        match text.contains("invalid command") {
            true => Verdict::Refused(format!("{text} (words like another one are Manticore's)")),
            false => Verdict::Refused(text),
        }
    }
}

/// What an agent tells.
pub(super) struct Told<'a> {
    sentence: &'a [u8],
    pub(super) words: Vec<ToldWord<'a>>,
}

/// A word as an agent tells it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ToldWord<'a> {
    pub(super) distance: u32,
    pub(super) documents: u32,
    pub(super) word: &'a [u8],
}

pub(super) fn read(body: &[u8]) -> Result<Told<'_>, Truncated> {
    let mut reader = Reader::new(body);
    let sentence = reader.string()?;
    let count = reader.count(WORD_SIZE_MIN)?;
    if count > ANSWER_ROWS_MAX {
        return Err(Truncated { offset: 0 });
    }
    let mut words = Vec::with_capacity(count);
    for _ in 0..count {
        let (distance, documents, _) = (reader.u32()?, reader.u32()?, reader.u32()?);
        words.push(ToldWord { distance, documents, word: reader.string()? });
    }
    reader.end()?;
    Ok(Told { sentence, words })
}

/// Three numbers, and the length of the word.
const WORD_SIZE_MIN: usize = 16;

const NON_LETTERS: u32 = 1;
const SENTENCE: u32 = 2;
const LAST_WORD: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(sentence: &str, words: &[(u32, u32, &str)]) -> Reply {
        let mut body = Vec::new();
        body.put_string(sentence.as_bytes());
        body.put_u32(words.len() as u32);
        for (distance, documents, word) in words {
            for number in [*distance, *documents, 0] {
                body.put_u32(number);
            }
            body.put_string(word.as_bytes());
        }
        Reply::new(0x102, body)
    }

    fn summed(replies: Vec<Reply>, limit: usize) -> Vec<(String, u32, u64)> {
        let answers = Answers { replies, agents_answered: 2, agents: 2, failures: Vec::new() };
        let words = sum(answers, limit).words.into_iter();
        words.map(|told| (told.word, told.distance, told.documents)).collect()
    }

    #[test]
    fn documents_of_a_word_are_summed_and_the_nearest_comes_first() {
        let replies = || {
            vec![
                reply("", &[(1, 4, "hello"), (3, 1, "there"), (2, 9, "halo")]),
                reply("", &[(2, 1, "halo"), (1, 5, "help"), (1, 3, "hello")]),
            ]
        };
        let expected = [("hello", 1, 7), ("help", 1, 5), ("halo", 2, 10), ("there", 3, 1)];
        let expected = expected.map(|(word, distance, count)| (word.to_owned(), distance, count));
        assert_eq!(summed(replies(), 9), expected);
        assert_eq!(summed(replies(), 2), expected[..2]);
        let sentence = vec![reply("say", &[(1, 4, "hello")])];
        assert_eq!(summed(sentence, 9), [("say hello".to_owned(), 1, 4)]);
    }

    #[test]
    fn a_count_beyond_the_bytes_is_refused() {
        let mut body = reply("", &[(1, 4, "hello")]).body;
        body[7] = 0xff;
        assert!(read(&body).is_err());
    }

    #[test]
    fn numbers_that_no_daemon_takes_are_refused() {
        let error = SuggestOptions::new().limit(u32::MAX).check().expect_err("it is too large");
        assert!(error.to_string().contains("limit 4294967295"), "{error}");
    }
}
