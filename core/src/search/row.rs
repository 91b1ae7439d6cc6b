//! Rows of a result, and their values.

use std::ops::Range;

use super::SearchResult;
use crate::merge::RowPlace;
use crate::wire::search::{self, Kind, Value};

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Alias or expression of the column.
    pub name: String,
    /// Type of its values; a value may be null nevertheless. The document id of Sphinx is
    /// [`Kind::Uint64`] as the column `id`, and signed under an alias, as masters print it.
    pub kind: Kind,
}

impl Column {
    /// Makes a column; strings that an agent computed are plain ones here, as only masters tell
    /// them apart.
    pub(super) fn new(name: String, kind: Kind) -> Self {
        let kind = if kind == Kind::ComputedString { Kind::String } else { kind };
        Column { name, kind }
    }
}

/// A row of a result.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    result: &'a SearchResult,
    number: usize,
    place: RowPlace,
}

/// Where the values of a column are.
#[derive(Debug)]
pub(super) enum Source {
    /// Number of the column in each reply.
    Sent(Vec<u32>),
    /// Number among what was computed for groups.
    Computed(usize),
}

impl<'a> Row<'a> {
    pub(super) fn new(result: &'a SearchResult, number: usize) -> Option<Self> {
        Some(Row { result, number, place: *result.rows.get(number)? })
    }

    /// Document id.
    pub fn id(self) -> u64 {
        self.raw().map_or(0, |row| row.id)
    }

    /// Weight of the match.
    pub fn weight(self) -> i32 {
        self.raw().map_or(0, |row| row.weight)
    }

    /// Number of the agent, among those that answered, whose row it is; local indexes come first.
    pub fn source(self) -> usize {
        self.place.set as usize
    }

    /// Value in the column of that number; null if there is no such column.
    pub fn value(self, column: usize) -> Value<'a> {
        self.read(column).unwrap_or(Value::Null)
    }

    /// Value in the first column of that name; `None` if there is no such column.
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        self.result.column(name).map(|column| self.value(column))
    }

    /// Column and value of each column in order.
    pub fn values(self) -> impl ExactSizeIterator<Item = (&'a Column, Value<'a>)> {
        let columns = self.result.columns.iter().enumerate();
        columns.map(move |(number, column)| (column, self.value(number)))
    }

    fn read(self, column: usize) -> Option<Value<'a>> {
        let kind = self.result.columns.get(column)?.kind;
        let sources = match self.result.sources.get(column)? {
            Source::Sent(sources) => sources,
            Source::Computed(number) => {
                let group = *self.result.groups.get(self.number)? as usize;
                return self.result.computed.get(*number)?.value(group, kind);
            }
        };
        let reply = self.result.replies.get(self.place.set as usize)?;
        let search = reply.search.as_ref()?;
        let source = *sources.get(self.place.set as usize)?;
        let (row, source) = (self.place.row as usize, source as usize);
        let value =
            search.sets.get(self.result.query)?.value(&reply.body, search.dialect, row, source)?;
        Some(value.widened(kind))
    }

    fn raw(self) -> Option<search::Row> {
        let reply = self.result.replies.get(self.place.set as usize)?;
        let set = reply.search.as_ref()?.sets.get(self.result.query)?;
        set.rows.get(&reply.body, self.place.row as usize)
    }
}

/// Rows of a result in order.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    result: &'a SearchResult,
    numbers: Range<usize>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(result: &'a SearchResult) -> Self {
        Rows { result, numbers: 0..result.rows.len() }
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        Row::new(self.result, self.numbers.next()?)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.numbers.size_hint()
    }
}

impl DoubleEndedIterator for Rows<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        Row::new(self.result, self.numbers.next_back()?)
    }
}

impl ExactSizeIterator for Rows<'_> {}
