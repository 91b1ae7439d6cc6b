//! Options of excerpts: marks, sizes, switches.

use crate::limits::NUMBER_MAX;
use crate::wire::Writer;

/// Marks, sizes and switches of excerpts; [`Default`] is what the clients of searchd send.
///
/// ```
/// use hamirror::command::{ExcerptFlag, ExcerptOptions};
///
/// let options = ExcerptOptions::new()
///     .before_match("<em>")
///     .after_match("</em>")
///     .limit(60)
///     .flag(ExcerptFlag::QueryMode, true);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExcerptOptions {
    before_match: String,
    after_match: String,
    chunk_separator: String,
    limit: u32,
    around: u32,
    limit_passages: u32,
    limit_words: u32,
    start_passage_id: u32,
    html_strip: HtmlStrip,
    passage_boundary: PassageBoundary,
    flags: u32,
    files: ExcerptFiles,
}

/// What is done with the markup of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HtmlStrip {
    /// What the index says.
    #[default]
    Index,
    /// Nothing.
    None,
    /// Markup is stripped.
    Strip,
    /// Markup stays, and whole documents are returned: only with `limit` 0.
    Retain,
}

/// What no passage goes beyond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PassageBoundary {
    /// Nothing.
    #[default]
    None,
    /// A sentence.
    Sentence,
    /// A paragraph.
    Paragraph,
    /// A zone.
    Zone,
}

/// Where documents are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExcerptFiles {
    /// Documents are texts, and sent.
    #[default]
    None,
    /// Documents are names of files that every agent has.
    Everywhere,
    /// Documents are names of files that some agent has: all are asked. A file that no agent has
    /// gives an empty excerpt.
    Scattered,
}

/// A switch of excerpts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExcerptFlag {
    /// Runs of blanks become one; on unless it is turned off.
    RemoveSpaces,
    /// The words are one phrase; Manticore refuses it.
    ExactPhrase,
    /// The best passage alone.
    SinglePassage,
    /// Passages end at `phrase_boundary`.
    UseBoundaries,
    /// The best passages come first.
    WeightOrder,
    /// The words are a query with operators.
    QueryMode,
    /// Limits are exceeded rather than words left out.
    ForceAllWords,
    /// A document without the words gives an empty excerpt, not its beginning.
    AllowEmpty,
    /// Passages begin with their zones.
    EmitZones,
}

impl Default for ExcerptOptions {
    fn default() -> Self {
        ExcerptOptions {
            before_match: "<b>".to_owned(),
            after_match: "</b>".to_owned(),
            chunk_separator: " ... ".to_owned(),
            limit: 256,
            around: 5,
            limit_passages: 0,
            limit_words: 0,
            start_passage_id: 1,
            html_strip: HtmlStrip::default(),
            passage_boundary: PassageBoundary::default(),
            flags: ExcerptFlag::RemoveSpaces.bit(),
            files: ExcerptFiles::default(),
        }
    }
}

impl ExcerptOptions {
    /// The options that clients of searchd send.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what stands before a word that was found.
    pub fn before_match(mut self, mark: impl Into<String>) -> Self {
        self.before_match = mark.into();
        self
    }

    /// Sets what stands behind a word that was found.
    pub fn after_match(mut self, mark: impl Into<String>) -> Self {
        self.after_match = mark.into();
        self
    }

    /// Sets what stands between two passages.
    pub fn chunk_separator(mut self, separator: impl Into<String>) -> Self {
        self.chunk_separator = separator.into();
        self
    }

    /// Sets the size of an excerpt in characters; 0 is no limit.
    pub fn limit(mut self, characters: u32) -> Self {
        self.limit = characters;
        self
    }

    /// Sets the number of words on each side of one that was found.
    pub fn around(mut self, words: u32) -> Self {
        self.around = words;
        self
    }

    /// Sets the number of passages; 0 is no limit.
    pub fn limit_passages(mut self, passages: u32) -> Self {
        self.limit_passages = passages;
        self
    }

    /// Sets the number of words of an excerpt; 0 is no limit.
    pub fn limit_words(mut self, words: u32) -> Self {
        self.limit_words = words;
        self
    }

    /// Sets the number that `%PASSAGE_ID%` of the marks begins with.
    pub fn start_passage_id(mut self, number: u32) -> Self {
        self.start_passage_id = number;
        self
    }

    /// Sets what is done with markup.
    pub fn html_strip(mut self, mode: HtmlStrip) -> Self {
        self.html_strip = mode;
        self
    }

    /// Sets what no passage goes beyond.
    pub fn passage_boundary(mut self, boundary: PassageBoundary) -> Self {
        self.passage_boundary = boundary;
        self
    }

    /// Turns a switch on or off.
    pub fn flag(mut self, flag: ExcerptFlag, on: bool) -> Self {
        self.flags = if on { self.flags | flag.bit() } else { self.flags & !flag.bit() };
        self
    }

    /// Sets where documents are.
    pub fn load_files(mut self, files: ExcerptFiles) -> Self {
        self.files = files;
        self
    }

    pub(crate) fn is_scattered(&self) -> bool {
        self.files == ExcerptFiles::Scattered
    }

    /// Refuses numbers that daemons read as negative ones.
    pub(super) fn check(&self) -> Result<(), String> {
        let numbers = [
            ("limit", self.limit),
            ("around", self.around),
            ("limit_passages", self.limit_passages),
            ("limit_words", self.limit_words),
            ("start_passage_id", self.start_passage_id),
        ];
        match numbers.iter().find(|(_, number)| *number > NUMBER_MAX) {
            Some((name, number)) => Err(format!(
                "{name} {number} of excerpts is above {NUMBER_MAX}: give a smaller one"
            )),
            None => Ok(()),
        }
    }

    pub(super) fn flag_bits(&self) -> u32 {
        const LOAD_FILES: u32 = 128;
        // Without the flag above: so masters ask agents, which pass over files that they lack.
        const SCATTERED: u32 = 1_024;
        let files = match self.files {
            ExcerptFiles::None => 0,
            ExcerptFiles::Everywhere => LOAD_FILES,
            ExcerptFiles::Scattered => SCATTERED,
        };
        self.flags | files
    }

    /// Writes the fields between the words and the number of documents.
    pub(super) fn put(&self, body: &mut Vec<u8>) {
        for text in [&self.before_match, &self.after_match, &self.chunk_separator] {
            body.put_string(text.as_bytes());
        }
        for number in
            [self.limit, self.around, self.limit_passages, self.limit_words, self.start_passage_id]
        {
            body.put_u32(number);
        }
        body.put_string(match self.html_strip {
            HtmlStrip::Index => b"index",
            HtmlStrip::None => b"none",
            HtmlStrip::Strip => b"strip",
            HtmlStrip::Retain => b"retain",
        });
        body.put_string(match self.passage_boundary {
            PassageBoundary::None => b"none",
            PassageBoundary::Sentence => b"sentence",
            PassageBoundary::Paragraph => b"paragraph",
            PassageBoundary::Zone => b"zone",
        });
    }
}

impl ExcerptFlag {
    /// Every switch.
    pub(crate) const ALL: [ExcerptFlag; 9] = [
        ExcerptFlag::RemoveSpaces,
        ExcerptFlag::ExactPhrase,
        ExcerptFlag::SinglePassage,
        ExcerptFlag::UseBoundaries,
        ExcerptFlag::WeightOrder,
        ExcerptFlag::QueryMode,
        ExcerptFlag::ForceAllWords,
        ExcerptFlag::AllowEmpty,
        ExcerptFlag::EmitZones,
    ];

    /// Bit of the switch in a request (core/docs/spec/protocol.md 3.5).
    pub(crate) fn bit(self) -> u32 {
        match self {
            ExcerptFlag::RemoveSpaces => 1,
            ExcerptFlag::ExactPhrase => 2,
            ExcerptFlag::SinglePassage => 4,
            ExcerptFlag::UseBoundaries => 8,
            ExcerptFlag::WeightOrder => 16,
            ExcerptFlag::QueryMode => 32,
            ExcerptFlag::ForceAllWords => 64,
            ExcerptFlag::AllowEmpty => 256,
            ExcerptFlag::EmitZones => 512,
        }
    }
}
