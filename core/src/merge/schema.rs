//! The columns that all sets have in common (core/docs/spec/distributed.md 5.5).

use std::collections::HashMap;
use std::iter;

use super::select::{self, Item};
use super::{Set, helpers};
use crate::wire::search::{self, Kind};

/// A column of the merged result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Number of the column in each set.
    pub(crate) sources: Vec<u32>,
    /// Number among the columns that were computed for whole groups.
    pub(crate) computed: Option<usize>,
}

/// The first set's columns as far as every other set has them with a type that fits.
pub(super) fn merge(sets: &[Set<'_>], items: &[Item]) -> Vec<Column> {
    let Some((first, others)) = sets.split_first() else {
        return Vec::new();
    };
    let mut columns = columns_of(first, 1, sets.len());
    for set in others {
        let mut lookup = Lookup::new(set);
        let mut place = 0;
        columns.retain_mut(|column| {
            let found = lookup.find(place, &column.name, items);
            place += 1;
            let Some((number, kind)) = found else {
                return false;
            };
            let Some(kind) = common(column.kind, kind) else {
                return false;
            };
            column.kind = kind;
            column.sources.push(number);
            true
        });
    }
    columns
}

/// What a master shows where no agent has a row: the last set's columns, whatever was selected.
pub(super) fn of_nothing(sets: &[Set<'_>]) -> Vec<Column> {
    let Some((last, before)) = sets.split_last() else {
        return Vec::new();
    };
    let mut columns = columns_of(last, before.len() + 1, sets.len());
    columns.retain(|column| !is_helper(&column.name));
    columns
}

/// Columns that agents add for a master's sorting, and those that the merge asked for.
pub(super) fn is_helper(name: &str) -> bool {
    name.starts_with("@int_") || helpers::is_helper(name)
}

/// The columns of a set, each found at its place in so many sets.
fn columns_of(set: &Set<'_>, found: usize, set_count: usize) -> Vec<Column> {
    let column = |(column, number): (&search::Column, u32)| {
        let mut sources = Vec::with_capacity(set_count);
        sources.resize(found, number);
        let name = column.name.text(set.body);
        Column { name, kind: column.kind, sources, computed: None }
    };
    set.result.columns.iter().zip(0..).map(column).collect()
}

/// The type that holds the values of both.
fn common(one: Kind, other: Kind) -> Option<Kind> {
    use Kind::{Bigint, Bool, ComputedString, Float, String, Uint};
    let width = |kind| match kind {
        Bool => Some(1),
        Uint => Some(2),
        Bigint => Some(3),
        _ => None,
    };
    match (one, other) {
        _ if one == other => Some(one),
        (Bool, Float) | (Float, Bool) => Some(Float),
        // Manticore sends as strings what Sphinx sends as computed strings.
        (String, ComputedString) | (ComputedString, String) => Some(String),
        _ => {
            let (one_width, other_width) = (width(one)?, width(other)?);
            Some(if one_width >= other_width { one } else { other })
        }
    }
}

/// Finds a set's columns by name: at the same place first, as agents mostly agree.
struct Lookup<'a> {
    set: &'a Set<'a>,
    places: Option<HashMap<&'a [u8], u32>>,
}

impl<'a> Lookup<'a> {
    fn new(set: &'a Set<'a>) -> Self {
        Lookup { set, places: None }
    }

    fn find(&mut self, place: usize, name: &str, items: &[Item]) -> Option<(u32, Kind)> {
        let columns = &self.set.result.columns;
        if let Some(column) = columns.get(place)
            && column.name.of(self.set.body) == name.as_bytes()
        {
            return Some((place as u32, column.kind));
        }
        let body = self.set.body;
        let places = self.places.get_or_insert_with(|| {
            let mut places = HashMap::with_capacity(columns.len());
            for (column, number) in columns.iter().zip(0..) {
                places.entry(column.name.of(body)).or_insert(number);
            }
            places
        });
        // Sphinx sends aliased strings, sets and documents under their own names, Manticore under
        // the alias.
        let names = iter::once(name).chain(select::other_names(items, name));
        let number = names.filter_map(|name| places.get(name.as_bytes())).next().copied()?;
        Some((number, columns[number as usize].kind))
    }
}
