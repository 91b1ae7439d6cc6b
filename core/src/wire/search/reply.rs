//! The body of a SEARCH reply (core/docs/spec/protocol.md 4.4): walked and checked once, values
//! read on demand.
//!
//! A decoded reply holds no bytes of the body, only where things are in it; whoever keeps the one
//! keeps the other.

use std::collections::TryReserveError;

use super::Layout;
use super::rows::{Layout as RowLayout, Rows};
use super::value::{Broken, Dialect, Kind, Value};
use crate::limits::{COLUMNS_MAX, NAMES_SIZE_MAX, VALUES_BETWEEN_MARKS, WORD_SIZE_MAX, WORDS_MAX};
use crate::manticore_29::MASTER_APPROXIMATE;
use crate::wire::{Reader, Truncated, text};

/// A decoded reply: one result set for each query, in order.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Which daemon wrote it.
    pub dialect: Dialect,
    /// One for each query.
    pub sets: Vec<ResultSet>,
}

/// What a reply answers.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Queries in the request.
    pub queries: usize,
    /// Rows that each of them asked for at most.
    pub rows_max: u32,
    /// Layout of the request, and so of the reply.
    pub layout: Layout,
}

/// Why the body of a reply could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undecoded {
    /// A reply that breaks the protocol, or the limits of an answer to this request, with one line
    /// on what is wrong.
    Wrong(String),
    /// There is no memory for what is in a body of so many bytes.
    OutOfMemory(usize),
}

impl Reply {
    /// Decodes the body of a reply; `version` is that of its header.
    ///
    /// Every byte of the body must belong to something, and what the reply says of itself must
    /// agree. Time and memory follow the bytes of the body.
    pub fn decode(body: &[u8], version: u16, asked: Asked) -> Result<Reply, Undecoded> {
        Walk::decode(body, version, asked).map_err(|fault| match fault {
            Fault::Wrong(text) => Undecoded::Wrong(text),
            Fault::OutOfMemory => Undecoded::OutOfMemory(body.len()),
        })
    }
}

/// Outcome of one query of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Fine.
    Ok,
    /// Refused; there is only a message.
    Error,
    /// No capacity; a master calls it an error and uses the rows nevertheless.
    Retry,
    /// Rows and a message.
    Warning,
    /// Unknown; masters use the rows and pass over the message.
    Other(u32),
}

/// The result of one query, as places in the reply's body.
#[derive(Clone, Debug)]
pub struct ResultSet {
    /// Outcome of the query.
    pub status: Status,
    /// Text of the error or warning; empty where there is none.
    pub message: Span,
    /// Names of the full-text fields.
    pub fields: Vec<Span>,
    /// Columns of each row.
    pub columns: Vec<Column>,
    /// The rows in the daemon's order.
    pub rows: Rows,
    /// Numbers of the columns whose values vary in size.
    varying: Vec<u32>,
    /// Rows that the daemon kept.
    pub total: u32,
    /// Rows that match.
    pub total_found: u32,
    /// Time that the daemon took in milliseconds.
    pub time_ms: u32,
    /// Present if the daemon runs with `--iostats`.
    pub io: Option<IoStats>,
    /// Present if the daemon runs with `--cpustats`, microseconds.
    pub cpu_us: Option<u64>,
    /// Present if a predicted time was asked for, milliseconds.
    pub predicted_ms: Option<u64>,
    /// Documents, hits and skips read.
    pub fetched: [u32; 3],
    /// Statistics of the query's words, of the first [`WORDS_MAX`].
    pub words: Vec<WordSpan>,
    /// Words beyond these.
    pub words_left_out: usize,
}

impl ResultSet {
    /// A value; `None` if there is no such row or column.
    pub fn value<'a>(
        &self,
        body: &'a [u8],
        dialect: Dialect,
        row: usize,
        column: usize,
    ) -> Option<Value<'a>> {
        let wanted = self.columns.get(column)?;
        let before = wanted.varying_before as usize;
        let mark = before / VALUES_BETWEEN_MARKS;
        let mut reader = Reader::at(body, self.rows.mark(row, mark)?);
        for number in &self.varying[mark * VALUES_BETWEEN_MARKS..before] {
            let column = &self.columns[*number as usize];
            reader.bytes(column.gap as usize).ok()?;
            column.kind.pass(dialect, &mut reader).ok()?;
        }
        reader.bytes(wanted.gap as usize).ok()?;
        wanted.kind.read(dialect, &mut reader).ok()
    }
}

/// Bytes of a reply's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    start: u32,
    length: u32,
}

impl Span {
    /// The bytes; empty if `body` is not the one that was decoded.
    pub fn of(self, body: &[u8]) -> &[u8] {
        let start = self.start as usize;
        body.get(start..start + self.length as usize).unwrap_or_default()
    }

    /// Returns the first bytes, `length_max` at most.
    fn cut(self, length_max: usize) -> Span {
        Span { length: self.length.min(length_max as u32), ..self }
    }

    /// The bytes as text.
    pub fn text(self, body: &[u8]) -> String {
        String::from_utf8_lossy(self.of(body)).into_owned()
    }

    /// The bytes as a part of a line, as [`text::quote`] makes it.
    pub fn quote(self, body: &[u8]) -> String {
        text::quote(self.of(body))
    }
}

/// A column of a result set.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name of the column.
    pub name: Span,
    /// Type of its values.
    pub kind: Kind,
    /// Columns before it whose values vary in size.
    varying_before: u32,
    /// Bytes between the last of those, or the start of the row, and its own value.
    gap: u32,
}

/// What a daemon read and wrote for a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IoStats {
    /// Time spent reading, microseconds.
    pub read_time_us: u64,
    /// Reads.
    pub read_ops: u32,
    /// Bytes read.
    pub read_bytes: u64,
    /// Time spent writing, microseconds.
    pub write_time_us: u64,
    /// Writes.
    pub write_ops: u32,
    /// Bytes written.
    pub write_bytes: u64,
}

/// Statistics of a query word.
#[derive(Clone, Copy, Debug)]
pub struct WordSpan {
    /// The word as the daemon looked it up, or as much as is kept of it.
    pub word: Span,
    /// Documents that have it.
    pub docs: u32,
    /// Number of times that the documents have the word.
    pub hits: u32,
}

struct Walk<'a> {
    body: &'a [u8],
    reader: Reader<'a>,
    dialect: Dialect,
    asked: Asked,
    /// Bytes of names so far in the result set.
    names_size: usize,
}

enum Fault {
    Wrong(String),
    OutOfMemory,
}

impl Walk<'_> {
    fn decode(body: &[u8], version: u16, asked: Asked) -> Result<Reply, Fault> {
        // Offsets are kept in 32 bits; no daemon sends more than 128 MB.
        if u32::try_from(body.len()).is_err() {
            return Err(Fault::Wrong(format!("reply of {} bytes is too long", body.len())));
        }
        let dialect = Dialect::of_version(version);
        let mut walk = Walk { body, reader: Reader::new(body), dialect, asked, names_size: 0 };
        let mut sets = Vec::new();
        for _ in 0..asked.queries {
            sets.push(walk.set()?);
        }
        // Masters of both products pass over such bytes, but no daemon sends any in this version:
        // a reply that goes on was damaged, and another mirror's is better than a guess.
        match walk.reader.remaining() {
            0 => Ok(Reply { dialect, sets }),
            rest => Err(Fault::Wrong(format!("reply goes on for {rest} bytes after its end"))),
        }
    }

    fn set(&mut self) -> Result<ResultSet, Fault> {
        let status = match self.reader.u32()? {
            0 => Status::Ok,
            1 => Status::Error,
            2 => Status::Retry,
            3 => Status::Warning,
            other => Status::Other(other),
        };
        let message = if status == Status::Ok { Span::default() } else { self.span()? };
        if status == Status::Error {
            return Ok(ResultSet::refused(message));
        }
        self.names_size = 0;
        let mut set = ResultSet { status, message, ..ResultSet::empty() };
        let count = self.few("fields", 4)?;
        set.fields.try_reserve_exact(count)?;
        for _ in 0..count {
            set.fields.push(self.name()?);
        }
        self.columns(&mut set)?;
        self.rows(&mut set)?;
        self.statistics(&mut set)?;
        self.words(&mut set)?;
        Ok(set)
    }

    fn columns(&mut self, set: &mut ResultSet) -> Result<(), Fault> {
        let count = self.few("columns", 8)?;
        set.columns.try_reserve_exact(count)?;
        let mut gap = 0;
        for number in 0..count as u32 {
            let name = self.name()?;
            let code = self.reader.u32()?;
            let Some(kind) = Kind::of_code(code) else {
                let name = name.quote(self.body);
                let text = format!("column '{name}' has the unknown attribute type {code}");
                return Err(Fault::Wrong(text));
            };
            let varying_before = set.varying.len() as u32;
            set.columns.push(Column { name, kind, varying_before, gap });
            match kind.fixed_size() {
                Some(size) => gap += size as u32,
                None => {
                    gap = 0;
                    set.varying.try_reserve(1)?;
                    set.varying.push(number);
                }
            }
        }
        Ok(())
    }

    fn rows(&mut self, set: &mut ResultSet) -> Result<(), Fault> {
        let count = self.reader.u32()?;
        if count > i32::MAX as u32 {
            let text = format!("invalid match count received (count={})", count as i32);
            return Err(Fault::Wrong(text));
        }
        let asked = self.asked.rows_max;
        if count > asked {
            let text = format!("reply has {count} rows, more than the {asked} asked for");
            return Err(Fault::Wrong(text));
        }
        let has_wide_ids = self.reader.u32()? != 0;
        if !has_wide_ids && self.dialect == Dialect::Manticore {
            let text = "agent has 32-bit docids; no longer supported";
            return Err(Fault::Wrong(text.to_owned()));
        }
        let last = set.columns.last();
        let behind = last
            .map_or(0, |last| last.kind.fixed_size().map_or(0, |size| last.gap as usize + size));
        let gaps = set.varying.iter().map(|number| set.columns[*number as usize].gap as usize);
        let fixed_size = gaps.sum::<usize>() + behind;
        let layout = RowLayout { has_wide_ids, fixed_size, varying: set.varying.len() };
        let (start, count) = (self.reader.offset(), count as usize);
        let size_min = count.checked_mul(layout.row_size_min());
        if size_min.is_none_or(|size| size > self.reader.remaining()) {
            return Err(Truncated { offset: start }.into());
        }
        let mut rows = Rows::new(layout, count, start)?;
        if layout.varying == 0 {
            self.reader.bytes(count * layout.row_size_min())?;
        } else {
            for _ in 0..count {
                self.reader.bytes(layout.head_size())?;
                rows.push_mark(self.reader.offset());
                self.row(set, &mut rows)?;
                self.reader.bytes(behind)?;
            }
        }
        set.rows = rows;
        Ok(())
    }

    fn row(&mut self, set: &ResultSet, rows: &mut Rows) -> Result<(), Fault> {
        for (column, number) in set.varying.iter().zip(1..) {
            let column = &set.columns[*column as usize];
            self.reader.bytes(column.gap as usize)?;
            self.value(column)?;
            if number % VALUES_BETWEEN_MARKS == 0 {
                rows.push_mark(self.reader.offset());
            }
        }
        Ok(())
    }

    fn value(&mut self, column: &Column) -> Result<(), Fault> {
        let offset = self.reader.offset();
        column.kind.skip(self.dialect, &mut self.reader).map_err(|broken| {
            let what = match broken {
                Broken::Truncated(truncated) => return truncated.into(),
                Broken::Json => "broken JSON",
                Broken::HalfValue => "half a 64-bit value",
            };
            let name = column.name.quote(self.body);
            Fault::Wrong(format!("column '{name}' has {what} at byte {offset}"))
        })
    }

    fn statistics(&mut self, set: &mut ResultSet) -> Result<(), Fault> {
        set.total = self.reader.u32()?;
        set.total_found = self.reader.u32()?;
        if self.dialect == Dialect::Manticore && self.asked.layout.master >= MASTER_APPROXIMATE {
            self.reader.u32()?;
        }
        set.time_ms = self.reader.u32()?;
        if self.asked.layout.master > 0 {
            let (expected, got) = (set.total, set.rows.len());
            if expected as usize != got {
                let text = format!("expected {expected} retrieved documents, got {got}");
                return Err(Fault::Wrong(text));
            }
            self.costs(set)?;
        }
        Ok(())
    }

    fn words(&mut self, set: &mut ResultSet) -> Result<(), Fault> {
        let has_mark = self.asked.layout.master > 0;
        let word_size_min = if has_mark { 13 } else { 12 };
        let count = self.reader.count(word_size_min)?;
        let kept = count.min(WORDS_MAX);
        set.words_left_out = count - kept;
        set.words.try_reserve_exact(kept)?;
        for number in 0..count {
            let word = self.span()?.cut(WORD_SIZE_MAX);
            let (docs, hits) = (self.reader.u32()?, self.reader.u32()?);
            if number < kept {
                set.words.push(WordSpan { word, docs, hits });
            }
            if has_mark {
                self.reader.u8()?;
            }
        }
        Ok(())
    }

    fn costs(&mut self, set: &mut ResultSet) -> Result<(), Fault> {
        let layout = self.asked.layout;
        let mask = if layout.has_costs() { self.reader.u8()? } else { 0 };
        if mask & !MASK_KNOWN != 0 {
            return Err(Fault::Wrong(format!("reply has the unknown statistics mask {mask}")));
        }
        if mask & 1 != 0 {
            set.io = Some(IoStats {
                read_time_us: self.reader.u64()?,
                read_ops: self.reader.u32()?,
                read_bytes: self.reader.u64()?,
                write_time_us: self.reader.u64()?,
                write_ops: self.reader.u32()?,
                write_bytes: self.reader.u64()?,
            });
        }
        if mask & 2 != 0 {
            set.cpu_us = Some(self.reader.u64()?);
        }
        if mask & 4 != 0 {
            set.predicted_ms = Some(self.reader.u64()?);
        }
        for (number, since) in set.fetched.iter_mut().zip(MASTERS_OF_FETCHED) {
            if layout.master >= since {
                *number = self.reader.u32()?;
            }
        }
        Ok(())
    }

    fn span(&mut self) -> Result<Span, Truncated> {
        let length = self.reader.string()?.len();
        Ok(Span { start: (self.reader.offset() - length) as u32, length: length as u32 })
    }

    /// The name of a column or field.
    fn name(&mut self) -> Result<Span, Fault> {
        let name = self.span()?;
        self.names_size += name.length as usize;
        if self.names_size > NAMES_SIZE_MAX {
            let text =
                format!("names of columns and fields take more than {NAMES_SIZE_MAX} bytes");
            return Err(Fault::Wrong(text));
        }
        Ok(name)
    }

    /// Reads the number of columns or fields that follow.
    fn few(&mut self, what: &str, item_size_min: usize) -> Result<usize, Fault> {
        match self.reader.count(item_size_min)? {
            count if count > COLUMNS_MAX => {
                let text = format!("reply has {count} {what}, more than {COLUMNS_MAX}");
                Err(Fault::Wrong(text))
            }
            count => Ok(count),
        }
    }
}

impl From<Truncated> for Fault {
    fn from(truncated: Truncated) -> Self {
        Fault::Wrong(truncated.to_string())
    }
}

impl From<TryReserveError> for Fault {
    fn from(_: TryReserveError) -> Self {
        Fault::OutOfMemory
    }
}

impl ResultSet {
    fn empty() -> ResultSet {
        ResultSet {
            status: Status::Ok,
            message: Span::default(),
            fields: Vec::new(),
            columns: Vec::new(),
            rows: Rows::default(),
            varying: Vec::new(),
            total: 0,
            total_found: 0,
            time_ms: 0,
            io: None,
            cpu_us: None,
            predicted_ms: None,
            fetched: [0; 3],
            words: Vec::new(),
            words_left_out: 0,
        }
    }

    fn refused(message: Span) -> ResultSet {
        ResultSet { status: Status::Error, message, ..ResultSet::empty() }
    }
}

const MASK_KNOWN: u8 = 7;

/// Since these masters a reply tells the documents, hits and skips read.
const MASTERS_OF_FETCHED: [u32; 3] = [7, 7, 8];
