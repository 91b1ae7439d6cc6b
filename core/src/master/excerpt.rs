//! EXCERPT (core/docs/spec/protocol.md 3.5).

use super::commands::utf8;
use super::{Master, told};
use crate::command::{ExcerptFiles, ExcerptFlag, ExcerptOptions, HtmlStrip, PassageBoundary};
use crate::error::Error;
use crate::limits::EXCERPT_DOCUMENTS_MAX;
use crate::options::CallOptions;
use crate::wire::{Reader, Truncated, Writer};

impl Master {
    /// One text for each document.
    pub(super) fn excerpt(&self, version: u16, body: &[u8]) -> Result<Vec<u8>, String> {
        let asked = Asked::read(version, body).map_err(Truncated::refusal)?;
        let count = asked.documents.len();
        if asked.count != count as i64 || !(1..=EXCERPT_DOCUMENTS_MAX).contains(&count) {
            return Err(format!("invalid entries count {}", asked.count));
        }
        let options = asked.options()?;
        let (index, words) = (utf8("index", asked.index)?, utf8("query", asked.words)?);
        let excerpts = self.client().excerpts(
            index,
            &asked.documents,
            words,
            &options,
            &CallOptions::default(),
        );
        let excerpts = excerpts.map_err(|error| match error {
            Error::Unknown(_) => format!("unknown local index '{index}' in search request"),
            error => told(&error),
        })?;
        let mut out = Vec::new();
        excerpts.iter().for_each(|text| out.put_string(text));
        Ok(out)
    }
}

/// A request for excerpts.
struct Asked<'a> {
    flags: u32,
    index: &'a [u8],
    words: &'a [u8],
    /// Marks before and after a match, and what parts passages.
    marks: [&'a [u8]; 3],
    /// Size, words around a match, passages, words, and the number of the first passage.
    numbers: [u32; 5],
    html_strip: &'a [u8],
    boundary: &'a [u8],
    count: i64,
    documents: Vec<&'a [u8]>,
}

impl<'a> Asked<'a> {
    fn read(version: u16, body: &'a [u8]) -> Result<Self, Truncated> {
        let mut reader = Reader::new(body);
        reader.u32()?;
        let flags = reader.u32()?;
        let [index, words] = [reader.string()?, reader.string()?];
        let marks = [reader.string()?, reader.string()?, reader.string()?];
        let mut numbers = [reader.u32()?, reader.u32()?, 0, 0, 1];
        let (mut html_strip, mut boundary): (&[u8], &[u8]) = (b"index", b"none");
        if version >= 0x102 {
            for number in &mut numbers[2..] {
                *number = reader.u32()?;
            }
            html_strip = reader.string()?;
        }
        if version >= 0x103 {
            boundary = reader.string()?;
        }
        let count = i64::from(reader.i32()?);
        let mut documents = Vec::new();
        if (0..=EXCERPT_DOCUMENTS_MAX as i64).contains(&count) {
            for _ in 0..count {
                documents.push(reader.string()?);
            }
        }
        Ok(Asked { flags, index, words, marks, numbers, html_strip, boundary, count, documents })
    }

    fn options(&self) -> Result<ExcerptOptions, String> {
        let [before, after, separator] = self.marks;
        let [limit, around, passages, words, start] = self.numbers;
        let strip = match self.html_strip {
            b"none" => HtmlStrip::None,
            b"index" | b"" => HtmlStrip::Index,
            b"strip" => HtmlStrip::Strip,
            b"retain" => HtmlStrip::Retain,
            other => {
                let other = String::from_utf8_lossy(other);
                return Err(format!("unknown html_strip_mode={other}"));
            }
        };
        let boundary = match self.boundary {
            b"sentence" => PassageBoundary::Sentence,
            b"paragraph" => PassageBoundary::Paragraph,
            b"zone" => PassageBoundary::Zone,
            _ => PassageBoundary::None,
        };
        let files = match (self.flags & LOAD_FILES != 0, self.flags & SCATTERED != 0) {
            (_, true) => ExcerptFiles::Scattered,
            (true, false) => ExcerptFiles::Everywhere,
            (false, false) => ExcerptFiles::None,
        };
        let options = ExcerptOptions::new()
            .before_match(utf8("before_match", before)?)
            .after_match(utf8("after_match", after)?)
            .chunk_separator(utf8("chunk_separator", separator)?)
            .limit(limit)
            .around(around)
            .limit_passages(passages)
            .limit_words(words)
            .start_passage_id(start)
            .html_strip(strip)
            .passage_boundary(boundary)
            .load_files(files);
        let is_on = |flag: &ExcerptFlag| self.flags & flag.bit() != 0;
        let flags = ExcerptFlag::ALL.iter();
        Ok(flags.fold(options, |options, flag| options.flag(*flag, is_on(flag))))
    }
}

const LOAD_FILES: u32 = 128;
const SCATTERED: u32 = 1_024;
