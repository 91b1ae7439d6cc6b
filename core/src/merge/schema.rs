//! The columns that all sets have in common (core/docs/spec/distributed.md 5.5).

use std::collections::{HashMap, HashSet, TryReserveError};
use std::iter;

use super::order::HELPER_PREFIXES;
use super::select::{self, Item, KEY_TEXT, OtherNames};
use super::{Set, helpers};
use crate::wire::search::{self, Dialect, Kind};

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
pub(super) fn merge(sets: &[Set<'_>], items: &[Item]) -> Result<Vec<Column>, TryReserveError> {
    let Some((first, others)) = sets.split_first() else {
        return Ok(Vec::new());
    };
    let mut columns = columns_of(first, 1, sets.len())?;
    let other_names = OtherNames::new(items);
    for set in others {
        let mut lookup = Lookup::new(set, first.dialect);
        let mut place = 0;
        columns.retain_mut(|column| {
            let found = lookup.find(place, &column.name, &other_names);
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
    Ok(columns)
}

/// What a master shows where no agent has a row: the last set's columns, whatever was selected.
pub(super) fn of_nothing(sets: &[Set<'_>]) -> Result<Vec<Column>, TryReserveError> {
    let Some((last, before)) = sets.split_last() else {
        return Ok(Vec::new());
    };
    let mut columns = columns_of(last, before.len() + 1, sets.len())?;
    columns.retain(|column| !is_helper(&column.name));
    Ok(columns)
}

/// The common columns, and those that only sets without rows lack: rows may be sorted by these,
/// though nobody sees them.
pub(super) fn sortable(
    sets: &[Set<'_>],
    items: &[Item],
    common: &[Column],
) -> Result<Vec<Column>, TryReserveError> {
    let mut columns = common.to_vec();
    let has_rows = |number: &usize| !sets[*number].result.rows.is_empty();
    let filled: Vec<usize> = (0..sets.len()).filter(has_rows).collect();
    if filled.len() == sets.len() {
        return Ok(columns);
    }
    let known: HashSet<&str> = common.iter().map(|column| column.name.as_str()).collect();
    let of_filled: Vec<Set<'_>> = filled.iter().map(|number| sets[*number]).collect();
    for column in merge(&of_filled, items)? {
        if !known.contains(column.name.as_str()) {
            let mut sources = vec![0; sets.len()];
            for (number, source) in filled.iter().zip(&column.sources) {
                sources[*number] = *source;
            }
            columns.push(Column { sources, ..column });
        }
    }
    Ok(columns)
}

/// Columns that agents add for a master's sorting, and those that the merge asked for.
pub(super) fn is_helper(name: &str) -> bool {
    name.starts_with("@int_") || helpers::is_helper(name)
}

/// Gives aliases of bools and timestamps, which agents send as plain integers, the type of their
/// attribute, where an agent sends that beside them.
pub(super) fn name_types_of_aliases(items: &[Item], sets: &[Set<'_>], columns: &mut [Column]) {
    let expressions = select::expressions(items);
    let attribute_of = |column: &Column| {
        let attribute = *expressions.get(column.name.as_str())?;
        let is_alias = column.kind == Kind::Uint && attribute != column.name;
        is_alias.then(|| attribute.to_ascii_lowercase().into_bytes())
    };
    let wanted: HashSet<Vec<u8>> = columns.iter().filter_map(attribute_of).collect();
    if wanted.is_empty() {
        return;
    }
    let kinds = kinds_in_common(sets, &wanted);
    for column in columns {
        let kind = attribute_of(column).and_then(|attribute| *kinds.get(&attribute)?);
        if let Some(kind @ (Kind::Bool | Kind::Timestamp)) = kind {
            column.kind = kind;
        }
    }
}

/// The types of columns of these names, in lower case, where the sets that have them agree.
fn kinds_in_common(sets: &[Set<'_>], wanted: &HashSet<Vec<u8>>) -> HashMap<Vec<u8>, Option<Kind>> {
    let mut common: HashMap<Vec<u8>, Option<Kind>> = HashMap::with_capacity(wanted.len());
    for set in sets {
        let mut own: HashMap<Vec<u8>, Kind> = HashMap::new();
        for column in &set.result.columns {
            let name = column.name.of(set.body).to_ascii_lowercase();
            if wanted.contains(&name) {
                own.entry(name).or_insert(column.kind);
            }
        }
        for (name, kind) in own {
            let known = common.entry(name).or_insert(Some(kind));
            *known = known.filter(|known| *known == kind);
        }
    }
    common
}

/// The columns of a set, each found at its place in so many sets.
fn columns_of(
    set: &Set<'_>,
    found: usize,
    set_count: usize,
) -> Result<Vec<Column>, TryReserveError> {
    let column = |(column, number): (&search::Column, u32)| {
        let mut sources = Vec::with_capacity(set_count);
        sources.resize(found, number);
        let name = column.name.text(set.body);
        Column { name, kind: column.kind, sources, computed: None }
    };
    let mut columns = Vec::new();
    columns.try_reserve_exact(set.result.columns.len())?;
    columns.extend(set.result.columns.iter().zip(0..).map(column));
    Ok(columns)
}

/// The type that holds the values of both.
fn common(one: Kind, other: Kind) -> Option<Kind> {
    use Kind::{Bigint, Bool, ComputedString, Double, Float, Json, JsonField, String, Uint};
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
        (Float, Double) | (Double, Float) => Some(Double),
        // An alias of a document is a field in Manticore, and the document in Sphinx.
        (Json, JsonField) | (JsonField, Json) => Some(Json),
        _ => {
            let (one_width, other_width) = (width(one)?, width(other)?);
            Some(if one_width >= other_width { one } else { other })
        }
    }
}

/// Finds a set's columns by name: at the same place first, as agents mostly agree.
struct Lookup<'a> {
    set: &'a Set<'a>,
    /// The names are those of the other product.
    is_mixed: bool,
    places: Option<HashMap<&'a [u8], u32>>,
    /// Names that were not found at their place.
    sought: HashSet<String>,
}

impl<'a> Lookup<'a> {
    fn new(set: &'a Set<'a>, dialect: Dialect) -> Self {
        let is_mixed = set.dialect != dialect;
        Lookup { set, is_mixed, places: None, sought: HashSet::new() }
    }

    fn find(
        &mut self,
        place: usize,
        name: &str,
        other_names: &OtherNames<'_>,
    ) -> Option<(u32, Kind)> {
        let columns = &self.set.result.columns;
        if let Some(column) = columns.get(place)
            && column.name.of(self.set.body) == name.as_bytes()
            && !self.is_mixed
        {
            return Some((place as u32, column.kind));
        }
        // Thousands of columns of one name are not to stand for a single large one.
        if !self.sought.insert(name.to_owned()) {
            return None;
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
        let names = iter::once(name).chain(other_names.of(name).iter().copied());
        let mut found = names.filter_map(|name| places.get(name.as_bytes())).copied();
        let mut number = found.next();
        if self.is_mixed {
            // Beside an aliased document Sphinx sends a field, which is no value for an empty one.
            let kind = |number: &u32| columns[*number as usize].kind;
            let is_field = number.as_ref().is_some_and(|number| kind(number) == Kind::JsonField);
            let document = found.find(|number| is_field && kind(number) == Kind::Json);
            number = document.or(number).or_else(|| self.find_added(name));
        }
        let number = number?;
        Some((number, columns[number as usize].kind))
    }

    /// Finds what agents add for masters, which the two products name differently.
    fn find_added(&self, name: &str) -> Option<u32> {
        let places = self.places.as_ref()?;
        let what = HELPER_PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix));
        if let Some(what) = what {
            let names = HELPER_PREFIXES.iter().map(|prefix| format!("{prefix}{what}"));
            return names.filter_map(|name| places.get(name.as_bytes())).next().copied();
        }
        if !name.starts_with(KEY_TEXT) {
            return None;
        }
        let is_key = |column: &search::Column| {
            column.name.of(self.set.body).starts_with(KEY_TEXT.as_bytes())
        };
        let place = self.set.result.columns.iter().position(is_key)?;
        u32::try_from(place).ok()
    }
}
