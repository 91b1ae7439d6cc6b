//! Words like a misspelt one, by Manticore's dictionaries (core/docs/spec/protocol.md 3.9).

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::ask::verdict;
use super::parts::{Answers, PartNumber, ask_parts};
use super::pending::Pending;
use crate::client::Client;
use crate::error::{AgentFailure, Error};
use crate::limits::{
    ANSWER_ROWS_MAX, FOLDED_SIZE_MAX, NUMBER_MAX, SENTENCES_SIZE_MAX, WORD_SIZE_MAX,
};
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

    fn has_sentence(&self) -> bool {
        self.flags & SENTENCE != 0
    }

    fn check(&self, text: &str) -> Result<(), Error> {
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
            None => self.check_size(text),
        }
    }

    /// Refuses what makes one text many large ones.
    fn check_size(&self, text: &str) -> Result<(), Error> {
        let (limit, size) = (self.limit, text.len());
        if !self.has_sentence() || u64::from(limit) * size as u64 <= SENTENCES_SIZE_MAX {
            return Ok(());
        }
        Err(Error::Request(format!(
            "limit {limit} is too high for sentences of {size} bytes: ask for fewer, or leave out \
             the sentence"
        )))
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
        suggest.check(text)?;
        let request = |part| -> Arc<dyn Request> {
            Arc::new(SuggestRequest { text: text.to_owned(), suggest: suggest.clone(), part })
        };
        let suggest = suggest.clone();
        ask_parts(self, index, options, request, move |answers| sum(answers, &suggest))
    }
}

/// Sums the documents of each word over all answers.
fn sum(answers: Answers, suggest: &SuggestOptions) -> Suggestions {
    let Answers { replies, agents_answered, agents, failures } = answers;
    let mut sums: Vec<Sum<'_>> = Vec::new();
    let mut places: HashMap<(&[u8], &[u8]), usize> = HashMap::new();
    for reply in &replies {
        let Ok(Told { sentence, words }) = read(&reply.body) else { continue };
        let rest = if suggest.has_sentence() { sentence } else { &[] };
        for ToldWord { distance, documents, word } in words {
            let place = *places.entry((rest, word)).or_insert(sums.len());
            if place == sums.len() {
                sums.push(Sum { distance, documents: 0, rest, word });
            }
            sums[place].distance = sums[place].distance.min(distance);
            sums[place].documents += u64::from(documents);
        }
    }
    sums.sort_unstable_by_key(|sum| (sum.distance, Reverse(sum.documents), sum.rest, sum.word));
    sums.truncate(suggest.limit as usize);
    let words = sums.iter().map(Sum::suggestion).collect();
    Suggestions { words, agents_answered, agents, failures }
}

/// A word that agents told, behind the rest of its text.
struct Sum<'a> {
    distance: u32,
    documents: u64,
    rest: &'a [u8],
    word: &'a [u8],
}

impl Sum<'_> {
    fn suggestion(&self) -> Suggestion {
        let Sum { distance, documents, rest, word } = *self;
        let rest = String::from_utf8_lossy(rest);
        let word = String::from_utf8_lossy(word);
        let word = if rest.is_empty() { word.into_owned() } else { format!("{rest} {word}") };
        Suggestion { word, distance, documents }
    }
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
        let told = read(&reply.body);
        let size = told.as_ref().map_or(0, |told| told.sentence.len());
        if self.suggest.has_sentence() && size > self.text.len().saturating_mul(FOLDED_SIZE_MAX) {
            let asked = self.text.len();
            return Verdict::Malformed(format!("a sentence of {size} bytes for one of {asked}"));
        }
        verdict(told)
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
        let word = reader.string()?;
        words.push(ToldWord { distance, documents, word: &word[..word.len().min(WORD_SIZE_MAX)] });
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

    fn summed(replies: Vec<Reply>, suggest: &SuggestOptions) -> Vec<(String, u32, u64)> {
        let answers = Answers { replies, agents_answered: 2, agents: 2, failures: Vec::new() };
        let words = sum(answers, suggest).words.into_iter();
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
        assert_eq!(summed(replies(), &SuggestOptions::new()), expected);
        assert_eq!(summed(replies(), &SuggestOptions::new().limit(2)), expected[..2]);
    }

    #[test]
    fn a_sentence_is_told_to_whom_asked_for_it() {
        let replies = || vec![reply("say", &[(1, 4, "hello")]), reply("say", &[(1, 3, "hello")])];
        let asked = SuggestOptions::new().sentence(true);
        assert_eq!(summed(replies(), &asked), [("say hello".to_owned(), 1, 7)]);
        let not_asked = asked.sentence(false);
        assert_eq!(summed(replies(), &not_asked), [("hello".to_owned(), 1, 7)]);
    }

    #[test]
    fn no_sentence_is_longer_than_the_text_makes_it() {
        let judged = |suggest: SuggestOptions, sentence: &str| {
            let part = PartNumber { part: 0, parts: 1 };
            let asked = SuggestRequest { text: "say helo".to_owned(), suggest, part };
            asked.judge(&mut reply(sentence, &[(1, 4, "hello")]))
        };
        let with = SuggestOptions::new().sentence(true);
        let longest = "x".repeat(8 * FOLDED_SIZE_MAX);
        assert_eq!(judged(with.clone(), &longest), Verdict::Accept);
        let longer = longest + "x";
        assert!(matches!(judged(with, &longer), Verdict::Malformed(_)));
        assert_eq!(judged(SuggestOptions::new(), &longer), Verdict::Accept);
    }

    #[test]
    fn words_are_cut_where_daemons_have_cut_them_long_before() {
        let (long, longer) = ("x".repeat(WORD_SIZE_MAX), "x".repeat(9 * WORD_SIZE_MAX));
        let replies = vec![reply("", &[(1, 4, &longer)]), reply("", &[(1, 4, &long)])];
        assert_eq!(summed(replies, &SuggestOptions::new()), [(long, 1, 8)]);
    }

    #[test]
    fn a_text_is_not_repeated_without_an_end() {
        let text = "x".repeat(1 << 20);
        let sentences = |limit| SuggestOptions::new().sentence(true).limit(limit).check(&text);
        assert!(sentences(16).is_ok());
        let error = sentences(17).expect_err("they are too many").to_string();
        assert!(error.contains("limit 17") && error.contains("1048576 bytes"), "{error}");
        assert!(SuggestOptions::new().limit(NUMBER_MAX).check(&text).is_ok());
    }

    #[test]
    fn a_count_beyond_the_bytes_is_refused() {
        let mut body = reply("", &[(1, 4, "hello")]).body;
        body[7] = 0xff;
        assert!(read(&body).is_err());
    }

    #[test]
    fn numbers_that_no_daemon_takes_are_refused() {
        let error = SuggestOptions::new().limit(u32::MAX).check("").expect_err("it is too large");
        assert!(error.to_string().contains("limit 4294967295"), "{error}");
    }
}
