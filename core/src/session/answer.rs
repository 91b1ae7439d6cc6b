//! Answers to statements.

use std::fmt::{self, Write};
use std::ops::Range;

use crate::command::{Mirrored, Written};
use crate::error::AgentFailure;
use crate::search::{Column, Names, SearchResult};
use crate::sphinxql::{Facet, Item, ItemKind, reword};
use crate::wire::search::{Kind, Value, not_finite};

/// The answer to a statement: columns and rows, as a master gives them to a MySQL client.
pub struct Answer {
    /// Columns of every row.
    pub columns: Vec<Column>,
    content: Content,
    /// What became of the agents that were asked for anything but a search.
    told: Told,
}

#[derive(Debug)]
enum Content {
    /// A search, and where each column is found.
    Search(Box<SearchResult>, Vec<Source>),
    Texts(Vec<Vec<Vec<u8>>>),
    Change(Mirrored<Written>),
}

/// What became of agents.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) documents: Option<u64>,
    pub(super) warning: Option<String>,
    pub(super) agents: usize,
    pub(super) agents_answered: usize,
    pub(super) failures: Vec<AgentFailure>,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Id,
    Column(usize),
}

impl fmt::Debug for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Answer")
            .field("rows", &self.len())
            .field("columns", &Names(&self.columns))
            .field("warning", &self.warning())
            .finish_non_exhaustive()
    }
}

impl Answer {
    /// Rows with texts in every column.
    pub(super) fn of_texts<const N: usize>(names: [&str; N], rows: Vec<[String; N]>) -> Self {
        let rows = rows.into_iter().map(|row| row.map(String::into_bytes).into());
        Self::of_bytes(&names, rows)
    }

    /// Rows with texts in any encoding.
    pub(super) fn of_bytes(names: &[&str], rows: impl Iterator<Item = Vec<Vec<u8>>>) -> Self {
        let columns: Vec<(&str, Kind)> = names.iter().map(|name| (*name, Kind::String)).collect();
        Self::of_kinds(&columns, rows)
    }

    /// Rows with texts that stand for values of those kinds.
    pub(crate) fn of_kinds(
        columns: &[(&str, Kind)],
        rows: impl Iterator<Item = Vec<Vec<u8>>>,
    ) -> Self {
        let column =
            |(name, kind): &(&str, Kind)| Column { name: (*name).to_owned(), kind: *kind };
        let columns = columns.iter().map(column).collect();
        Answer { columns, content: Content::Texts(rows.collect()), told: Told::default() }
    }

    /// These rows, with what became of the agents.
    pub(super) fn told(self, told: Told) -> Self {
        Answer { told, ..self }
    }

    /// What a statement has changed: no rows.
    pub(super) fn of_change(written: Mirrored<Written>) -> Self {
        let told = Told {
            documents: Some(written.documents()),
            warning: written.warning(),
            agents: written.agents.len(),
            agents_answered: written.agents.iter().filter(|agent| agent.is_complete()).count(),
            failures: written.failures().cloned().collect(),
        };
        Answer { columns: Vec::new(), content: Content::Change(written), told }
    }

    /// The rows of a search in the shape that the statement gives them.
    pub(super) fn of_search(result: SearchResult, shape: &Shape) -> Self {
        // Helpers of the order and of groups stand behind what was asked for.
        let is_helper = |column: &Column| column.name.starts_with('@');
        let helpers = result.columns().iter().rev().take_while(|column| is_helper(column)).count();
        let count = result.columns().len() - helpers;
        let (mut columns, mut sources) = (Vec::new(), Vec::new());
        for (part, name) in shape.parts(count) {
            match part {
                Place::Id => {
                    columns.push(Column { name: ID.to_owned(), kind: Kind::Uint64 });
                    sources.push(Source::Id);
                }
                Place::Columns(range) => {
                    for place in range {
                        let Some(column) = result.columns().get(place) else { continue };
                        let name = name.unwrap_or(&column.name).to_owned();
                        let is_set = matches!(column.kind, Kind::Multi | Kind::Multi64);
                        let of_key = result.column(KEY).filter(|_| shape.key == Some(place));
                        let place = of_key.filter(|_| is_set).unwrap_or(place);
                        let kind = result.columns()[place].kind;
                        columns.push(Column { name, kind });
                        sources.push(Source::Column(place));
                    }
                }
            }
        }
        let content = Content::Search(Box::new(result), sources);
        Answer { columns, content, told: Told::default() }
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        match &self.content {
            Content::Search(result, _) => result.len(),
            Content::Texts(rows) => rows.len(),
            Content::Change(_) => 0,
        }
    }

    /// True if there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the value of that row in that column; null if there is no such row or column.
    pub fn value(&self, row: usize, column: usize) -> Value<'_> {
        let value = match &self.content {
            Content::Search(result, sources) => {
                result.row(row).zip(sources.get(column)).map(|(row, source)| match source {
                    Source::Id => Value::Uint64(row.id()),
                    Source::Column(place) => row.value(*place),
                })
            }
            Content::Texts(rows) => {
                rows.get(row).and_then(|row| row.get(column)).map(|text| Value::String(text))
            }
            Content::Change(_) => None,
        };
        value.unwrap_or(Value::Null)
    }

    /// Returns a value as a master writes it to a MySQL client: numbers as digits, floats with six
    /// decimals, sets with commas; `None` for null.
    pub fn text(&self, row: usize, column: usize) -> Option<Vec<u8>> {
        text(self.value(row, column))
    }

    /// Returns the result of a search with its totals, warnings and agents; `None` for what the
    /// library tells of itself.
    pub fn result(&self) -> Option<&SearchResult> {
        match &self.content {
            Content::Search(result, _) => Some(result),
            Content::Texts(_) | Content::Change(_) => None,
        }
    }

    /// Returns the matching documents of a search, or those that a statement changed, of each
    /// agent once. `None` is for what the library tells of itself.
    pub fn total_found(&self) -> Option<u64> {
        self.result().map(|result| result.total_found).or(self.told.documents)
    }

    /// Returns everything that went wrong without ending the statement.
    pub fn warning(&self) -> Option<&str> {
        match self.result() {
            Some(result) => result.warning.as_deref(),
            None => self.told.warning.as_deref(),
        }
    }

    /// Returns the number of agents that were asked.
    pub fn agents(&self) -> usize {
        self.result().map_or(self.told.agents, |result| result.agents)
    }

    /// Returns the number of agents that answered in full: for a change, with all of their
    /// mirrors.
    pub fn agents_answered(&self) -> usize {
        self.result().map_or(self.told.agents_answered, |result| result.agents_answered)
    }

    /// Returns why others did not answer, or not in full: one failure an agent, and for a change
    /// one a mirror.
    pub fn failures(&self) -> &[AgentFailure] {
        self.result().map_or(&self.told.failures, |result| &result.failures)
    }

    /// Returns what every mirror made of a statement that changes something; `None` for any other
    /// statement.
    pub fn written(&self) -> Option<&Mirrored<Written>> {
        match &self.content {
            Content::Change(written) => Some(written),
            Content::Search(..) | Content::Texts(_) => None,
        }
    }
}

/// Rule by which the columns of a search become those of a statement.
pub(super) struct Shape {
    parts: Vec<Part>,
    /// `*` begins with the document id, unless the list has that, too.
    star_has_id: bool,
    /// Number of the column that a facet groups by: of a set it shows the item of the group.
    key: Option<usize>,
}

enum Part {
    Star,
    /// One column, and its name where agents know it by another one.
    One(Option<String>),
}

enum Place {
    Id,
    Columns(Range<usize>),
}

impl Shape {
    /// A select shows its columns as they come, but for those that have a name here.
    pub(super) fn of_select(items: &[Item], names: Vec<Option<String>>) -> Shape {
        let is_id = |item: &Item| {
            let alias = item.alias.as_ref();
            item.text.eq_ignore_ascii_case(ID)
                && alias.is_none_or(|alias| alias.text.eq_ignore_ascii_case(ID))
        };
        let part = |(item, name): (&Item, Option<String>)| match item.kind {
            ItemKind::Everything => Part::Star,
            _ => Part::One(name),
        };
        let parts = items.iter().zip(names).map(part).collect();
        Shape { parts, star_has_id: !items.iter().any(is_id), key: None }
    }

    /// A facet shows its columns by their aliases, and counts.
    pub(super) fn of_facet(facet: &Facet) -> Shape {
        let name = |item: &Item| {
            let written = (reword(&item.text, |_| None) != item.text).then_some(&item.text);
            let name = item.alias.as_ref().map(|alias| &alias.text).or(written);
            name.map(|name| name.to_ascii_lowercase())
        };
        let mut parts: Vec<Part> = facet.items.iter().map(|item| Part::One(name(item))).collect();
        let counts = 1 + usize::from(facet.distinct.is_some());
        parts.extend((0..counts).map(|_| Part::One(None)));
        let key = match (facet.by.as_slice(), facet.items.as_slice()) {
            ([], [_]) => Some(0),
            ([by], items) => items.iter().position(|item| item.text == by.text),
            _ => None,
        };
        Shape { parts, star_has_id: false, key }
    }

    /// Where the columns stand among so many of a search, and their other names.
    fn parts(&self, count: usize) -> Vec<(Place, Option<&str>)> {
        let is_star = |part: &&Part| matches!(part, Part::Star);
        let named = self.parts.len() - self.parts.iter().filter(is_star).count();
        let star_width = count.saturating_sub(named);
        let (mut next, mut star) = (0, None);
        let mut places = Vec::new();
        for part in &self.parts {
            match part {
                Part::Star => {
                    // The merge has the columns of a further one once.
                    let range: Range<usize> = star.clone().unwrap_or_else(|| {
                        next += star_width;
                        next - star_width..next
                    });
                    if self.star_has_id {
                        places.push((Place::Id, None));
                    }
                    places.push((Place::Columns(range.clone()), None));
                    star = Some(range);
                }
                Part::One(name) => {
                    places.push((Place::Columns(next..next + 1), name.as_deref()));
                    next += 1;
                }
            }
        }
        places
    }
}

/// A value as a master writes it to a MySQL client; `None` for null.
pub(crate) fn text(value: Value<'_>) -> Option<Vec<u8>> {
    Some(match value {
        Value::Null => return None,
        Value::Uint(value) => value.to_string().into_bytes(),
        Value::Bool(value) => u8::from(value).to_string().into_bytes(),
        Value::Bigint(value) => value.to_string().into_bytes(),
        Value::Uint64(value) => value.to_string().into_bytes(),
        Value::Float(value) => decimals(f64::from(value)).into_bytes(),
        Value::Double(value) => decimals(value).into_bytes(),
        Value::String(text) | Value::Factors(text) => text.to_vec(),
        Value::Json(json) => json.text(),
        Value::Multi(values) => joined(values.iter()),
        Value::Multi64(values) => joined(values.iter()),
        Value::Floats(values) => joined(values.iter().map(|value| decimals(f64::from(value)))),
    })
}

/// As C prints `%f`.
fn decimals(value: f64) -> String {
    not_finite(value).map_or_else(|| format!("{value:.6}"), str::to_owned)
}

fn joined<T: std::fmt::Display>(values: impl Iterator<Item = T>) -> Vec<u8> {
    let mut text = String::new();
    for (number, value) in values.enumerate() {
        let comma = if number > 0 { "," } else { "" };
        // A string takes whatever is written.
        let _ = write!(text, "{comma}{value}");
    }
    text.into_bytes()
}

const ID: &str = "id";

/// The key of a group.
const KEY: &str = "@groupby";
