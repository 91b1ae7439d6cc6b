//! The body of a SEARCH reply (protocol.md 4.4): walked and checked once, values read on demand.
//!
//! A decoded reply holds no bytes of the body, only where things are in it; whoever keeps the one
//! keeps the other.

use super::value::{Broken, Dialect, Kind, Value};
use crate::wire::{Reader, Truncated};

/// A decoded reply: one result set for each query, in order.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Which daemon wrote it.
    pub dialect: Dialect,
    /// One for each query.
    pub sets: Vec<ResultSet>,
}

impl Reply {
    /// Decodes the body of a reply to `queries` queries of version 0x11F.
    ///
    /// `version` is that of the reply header, `is_master` whether the request came from a master.
    /// The error is one line with the place of the fault: every byte of the body must belong to
    /// something, and what the reply says of itself must agree.
    pub fn decode(
        body: &[u8],
        queries: usize,
        version: u16,
        is_master: bool,
    ) -> Result<Reply, String> {
        // Offsets are kept in 32 bits; no daemon sends more than 128 MB.
        if u32::try_from(body.len()).is_err() {
            return Err(format!("reply of {} bytes is too long", body.len()));
        }
        let dialect = Dialect::of_version(version);
        let mut walk = Walk { body, reader: Reader::new(body), dialect, is_master };
        let mut sets = Vec::new();
        for _ in 0..queries {
            sets.push(walk.set()?);
        }
        // Masters of both products pass over such bytes, but no daemon sends any in this version:
        // a reply that goes on was damaged, and another mirror's is better than a guess.
        match walk.reader.remaining() {
            0 => Ok(Reply { dialect, sets }),
            rest => Err(format!("reply goes on for {rest} bytes after its end")),
        }
    }
}

/// How one query of a reply went.
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
    /// Unknown to masters, which use the rows and pass over the message.
    Other(u32),
}

/// The result of one query, as places in the reply's body.
#[derive(Clone, Debug)]
pub struct ResultSet {
    /// How it went.
    pub status: Status,
    /// Text of the error or warning; empty where there is none.
    pub message: Span,
    /// Names of the full-text fields.
    pub fields: Vec<Span>,
    /// Columns of each row.
    pub columns: Vec<Column>,
    /// The rows in the daemon's order.
    pub rows: Vec<Row>,
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
    /// Statistics of the query's words.
    pub words: Vec<WordSpan>,
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
        let row = self.rows.get(row)?;
        let wanted = self.columns.get(column)?;
        let mut reader = Reader::new(body.get(row.offset as usize..)?);
        if let Some(offset) = wanted.offset {
            reader.bytes(offset as usize).ok()?;
            return wanted.kind.read(dialect, &mut reader).ok();
        }
        for before in &self.columns[..column] {
            before.kind.read(dialect, &mut reader).ok()?;
        }
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

    /// The bytes as text.
    pub fn text(self, body: &[u8]) -> String {
        String::from_utf8_lossy(self.of(body)).into_owned()
    }
}

/// A column of a result set.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: Span,
    /// Type of its values.
    pub kind: Kind,
    /// Where its value is after the start of a row's values, if that is the same in all rows.
    offset: Option<u32>,
}

/// A row of a result set.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Document id.
    pub id: u64,
    /// Weight of the match.
    pub weight: i32,
    offset: u32,
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
    /// The word as the daemon looked it up.
    pub word: Span,
    /// Documents that have it.
    pub docs: u32,
    /// How often they have it.
    pub hits: u32,
}

struct Walk<'a> {
    body: &'a [u8],
    reader: Reader<'a>,
    dialect: Dialect,
    is_master: bool,
}

impl Walk<'_> {
    fn set(&mut self) -> Result<ResultSet, String> {
        let status = match self.u32()? {
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
        let count = self.count(4)?;
        let mut fields = Vec::with_capacity(count);
        for _ in 0..count {
            fields.push(self.span()?);
        }
        let columns = self.columns()?;
        let rows = self.rows(&columns)?;
        let mut set = ResultSet { status, message, fields, columns, rows, ..ResultSet::empty() };
        self.statistics(&mut set)?;
        Ok(set)
    }

    fn columns(&mut self) -> Result<Vec<Column>, String> {
        let count = self.count(8)?;
        let mut columns = Vec::with_capacity(count);
        let mut offset = Some(0_u32);
        for _ in 0..count {
            let name = self.span()?;
            let code = self.u32()?;
            let Some(kind) = Kind::of_code(code) else {
                let name = name.text(self.body);
                return Err(format!("column '{name}' has the unknown attribute type {code}"));
            };
            columns.push(Column { name, kind, offset });
            offset = offset.zip(kind.fixed_size()).map(|(offset, size)| offset + size as u32);
        }
        Ok(columns)
    }

    fn rows(&mut self, columns: &[Column]) -> Result<Vec<Row>, String> {
        let start = self.reader.offset();
        let count = self.u32()?;
        if count > i32::MAX as u32 {
            return Err(format!("invalid match count received (count={})", count as i32));
        }
        let has_wide_ids = self.u32()? != 0;
        if !has_wide_ids && self.dialect == Dialect::Manticore {
            return Err("agent has 32-bit docids; no longer supported".to_owned());
        }
        let count = count as usize;
        let row_size_min = if has_wide_ids { 12 } else { 8 };
        if count.checked_mul(row_size_min).is_none_or(|size| size > self.reader.remaining()) {
            return Err(Truncated { offset: start }.to_string());
        }
        let steps = steps(columns);
        let mut rows = Vec::with_capacity(count);
        for _ in 0..count {
            let id = if has_wide_ids { self.u64()? } else { u64::from(self.u32()?) };
            let weight = self.u32()? as i32;
            rows.push(Row { id, weight, offset: self.reader.offset() as u32 });
            for step in &steps {
                self.reader.bytes(step.fixed_size).map_err(text)?;
                if let Some(column) = step.then {
                    self.value(&columns[column])?;
                }
            }
        }
        Ok(rows)
    }

    fn value(&mut self, column: &Column) -> Result<(), String> {
        let offset = self.reader.offset();
        column.kind.skip(self.dialect, &mut self.reader).map_err(|broken| {
            let name = || column.name.text(self.body);
            match broken {
                Broken::Truncated(truncated) => text(truncated),
                Broken::Json => format!("column '{}' has broken JSON at byte {offset}", name()),
                Broken::HalfValue => {
                    format!("column '{}' has half a 64-bit value at byte {offset}", name())
                }
            }
        })
    }

    fn statistics(&mut self, set: &mut ResultSet) -> Result<(), String> {
        set.total = self.u32()?;
        set.total_found = self.u32()?;
        set.time_ms = self.u32()?;
        if self.is_master {
            let (expected, got) = (set.total, set.rows.len());
            if expected as usize != got {
                return Err(format!("expected {expected} retrieved documents, got {got}"));
            }
            self.costs(set)?;
        }
        let word_size_min = if self.is_master { 13 } else { 12 };
        let count = self.count(word_size_min)?;
        set.words.reserve_exact(count);
        for _ in 0..count {
            let word = self.span()?;
            let (docs, hits) = (self.u32()?, self.u32()?);
            set.words.push(WordSpan { word, docs, hits });
            if self.is_master {
                self.reader.u8().map_err(text)?;
            }
        }
        Ok(())
    }

    fn costs(&mut self, set: &mut ResultSet) -> Result<(), String> {
        let mask = self.reader.u8().map_err(text)?;
        if mask & !MASK_KNOWN != 0 {
            return Err(format!("reply has the unknown statistics mask {mask}"));
        }
        if mask & 1 != 0 {
            set.io = Some(IoStats {
                read_time_us: self.u64()?,
                read_ops: self.u32()?,
                read_bytes: self.u64()?,
                write_time_us: self.u64()?,
                write_ops: self.u32()?,
                write_bytes: self.u64()?,
            });
        }
        if mask & 2 != 0 {
            set.cpu_us = Some(self.u64()?);
        }
        if mask & 4 != 0 {
            set.predicted_ms = Some(self.u64()?);
        }
        set.fetched = [self.u32()?, self.u32()?, self.u32()?];
        Ok(())
    }

    fn span(&mut self) -> Result<Span, String> {
        let length = self.reader.string().map_err(text)?.len();
        Ok(Span { start: (self.reader.offset() - length) as u32, length: length as u32 })
    }

    fn count(&mut self, item_min: usize) -> Result<usize, String> {
        self.reader.count(item_min).map_err(text)
    }

    fn u32(&mut self) -> Result<u32, String> {
        self.reader.u32().map_err(text)
    }

    fn u64(&mut self) -> Result<u64, String> {
        self.reader.u64().map_err(text)
    }
}

impl ResultSet {
    fn empty() -> ResultSet {
        ResultSet {
            status: Status::Ok,
            message: Span::default(),
            fields: Vec::new(),
            columns: Vec::new(),
            rows: Vec::new(),
            total: 0,
            total_found: 0,
            time_ms: 0,
            io: None,
            cpu_us: None,
            predicted_ms: None,
            fetched: [0; 3],
            words: Vec::new(),
        }
    }

    fn refused(message: Span) -> ResultSet {
        ResultSet { status: Status::Error, message, ..ResultSet::empty() }
    }
}

/// Values of fixed size, then perhaps one that must be looked at.
struct Step {
    fixed_size: usize,
    then: Option<usize>,
}

fn steps(columns: &[Column]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut fixed_size = 0;
    for (number, column) in columns.iter().enumerate() {
        match column.kind.fixed_size() {
            Some(size) => fixed_size += size,
            None => {
                steps.push(Step { fixed_size, then: Some(number) });
                fixed_size = 0;
            }
        }
    }
    steps.push(Step { fixed_size, then: None });
    steps
}

fn text(truncated: Truncated) -> String {
    truncated.to_string()
}

const MASK_KNOWN: u8 = 7;
