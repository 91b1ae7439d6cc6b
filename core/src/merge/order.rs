//! The order of merged rows (core/docs/spec/distributed.md 5.4): the master sorts again what
//! agents sent sorted.

use super::keys::{SortKey, Source as Located};
use super::schema::Column;
use super::select::{self, Item, fold};
use super::{Set, differences, has_manticore};
use crate::manticore_29::{self, SORTS_FLOATS_BY_VALUE};
use crate::wire::search::Kind;

/// By what rows are sorted; the document id, ascending, decides the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    keys: Vec<Key>,
    is_cased: bool,
}

impl Order {
    /// Reads the order of that sort mode, with texts in that collation.
    pub(super) fn parse(mode: u32, clause: &[u8], collation: u32) -> Order {
        let clause = String::from_utf8_lossy(clause);
        let name = || fold(clause.trim());
        let weight = Key { source: Source::Weight, is_descending: true };
        let bits = |is_descending| {
            let source = magic(&name()).unwrap_or_else(|| Source::Bits(name()));
            Key { source, is_descending }
        };
        let keys = match mode {
            1 => vec![bits(true), weight],
            2 => vec![bits(false), weight],
            3 => vec![
                Key { source: Source::Segment(name()), is_descending: false },
                weight,
                bits(true),
            ],
            4 => extended(&clause),
            5 => vec![Key { source: Source::Column("@expr".to_owned()), is_descending: true }],
            _ => vec![weight],
        };
        Order { keys, is_cased: CASED_COLLATIONS.contains(&collation) }
    }

    /// Whether texts are compared with case.
    pub(super) fn is_cased(&self) -> bool {
        self.is_cased
    }

    /// Finds the keys among the columns that the sets have in common.
    pub(super) fn locate<'a>(
        &self,
        sets: &[Set<'_>],
        columns: &'a [Column],
        items: &[Item],
    ) -> Result<Vec<SortKey<'a>>, String> {
        let is_cased = self.is_cased;
        let locate = |key: &Key| {
            let source = key.locate(sets, columns, items)?;
            Ok(SortKey { source, is_descending: key.is_descending, is_cased })
        };
        self.keys.iter().map(locate).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    source: Source,
    is_descending: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Weight,
    Id,
    Column(String),
    /// As integers, floats too.
    Bits(String),
    /// Age in steps.
    Segment(String),
}

impl Key {
    fn locate<'a>(
        &self,
        sets: &[Set<'_>],
        columns: &'a [Column],
        items: &[Item],
    ) -> Result<Located<'a>, String> {
        let name = match &self.source {
            Source::Weight => return Ok(Located::Weight),
            Source::Id => return Ok(Located::Id),
            Source::Column(name) | Source::Bits(name) | Source::Segment(name) => name,
        };
        let own = select::find_column(items, columns, name);
        let is_json = own.is_none_or(|column| matches!(column.kind, Kind::Json | Kind::JsonField));
        let column = if is_json { helper(columns, name, own.is_some()).or(own) } else { own };
        let Some(column) = column else {
            return Err(match differences::of_one(sets, &[name]) {
                Some(text) => format!("sort-by attribute '{name}' can't be merged: {text}"),
                None => format!(
                    "sort-by attribute '{name}' not found in the agents' results: \
                     select it or use an extended sort"
                ),
            });
        };
        Ok(match self.source {
            Source::Segment(_) => Located::Segment(column),
            // Beside agents of Sphinx, too, whose order is none of values.
            Source::Bits(_) if has_manticore(sets) && SORTS_FLOATS_BY_VALUE => {
                Located::Column(column)
            }
            // Agents order these by where they lie in memory, and so choose what to send.
            Source::Bits(_) if !is_plain(column.kind) => {
                return Err(format!(
                    "sort-by attribute '{name}' has no order of its own: use an extended sort"
                ));
            }
            Source::Bits(_) => Located::Bits(column),
            _ => Located::Column(column),
        })
    }
}

/// The column that agents add for a master's sorting: texts of JSON keys beside the documents, and
/// values of expressions.
fn helper<'a>(columns: &'a [Column], name: &str, is_known: bool) -> Option<&'a Column> {
    let column = HELPER_PREFIXES.iter().find_map(|prefix| {
        let name = format!("{prefix}{name}");
        columns.iter().find(|column| column.name == name)
    })?;
    let is_text = matches!(column.kind, Kind::String | Kind::ComputedString);
    // What Sphinx sends so for strings is a pointer of no use here.
    let may_be_pointer = column.name.starts_with(SPHINX_HELPER)
        && column.kind == Kind::Bigint
        && !name.contains(OPERATORS);
    (is_text || !is_known && !may_be_pointer).then_some(column)
}

/// Kinds that sort modes 1 to 3 can compare.
fn is_plain(kind: Kind) -> bool {
    kind.fixed_size().is_some() || kind == Kind::String
}

/// Where values are that no agent sends as a column.
fn magic(name: &str) -> Option<Source> {
    match name {
        "@weight" | "@rank" | "@relevance" | "weight()" => Some(Source::Weight),
        "@id" | "id" => Some(Source::Id),
        _ => None,
    }
}

/// Reads `name asc, name desc`; commas count as blanks, as daemons have it.
fn extended(clause: &str) -> Vec<Key> {
    let mut depth = 0_usize;
    let mut words = clause.split(|letter: char| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && (letter == ',' || letter.is_ascii_whitespace())
    });
    let mut keys = Vec::new();
    while let Some(name) = words.by_ref().find(|word| !word.is_empty()) {
        let name = fold(name);
        // Random weights stand for a random order.
        if name == "@random" {
            return vec![Key { source: Source::Weight, is_descending: true }];
        }
        let source = magic(&name).unwrap_or(Source::Column(name));
        let direction = words.by_ref().find(|word| !word.is_empty()).unwrap_or_default();
        keys.push(Key { source, is_descending: direction.eq_ignore_ascii_case("desc") });
    }
    keys
}

/// What names begin with of columns that agents add for a master's sorting: Sphinx, Manticore.
pub(super) const HELPER_PREFIXES: [&str; 2] = [SPHINX_HELPER, manticore_29::SORT_HELPER];

const SPHINX_HELPER: &str = "@int_str2ptr_";

/// What tells an expression from an attribute.
const OPERATORS: [char; 11] = ['+', '-', '*', '/', '%', '<', '>', '=', '&', '|', '('];

/// Collations that tell cases apart: libc_cs and binary.
const CASED_COLLATIONS: [u32; 2] = [1, 3];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses() {
        let shown = |clause: &str| -> Vec<String> {
            let show = |key: &Key| {
                let direction = if key.is_descending { "desc" } else { "asc" };
                match &key.source {
                    Source::Column(name) => format!("{name} {direction}"),
                    other => format!("{other:?} {direction}"),
                }
            };
            extended(clause).iter().map(show).collect()
        };
        assert_eq!(shown("gid asc, Flag DESC"), ["gid asc", "flag desc"]);
        assert_eq!(shown("gid asc flag desc,"), ["gid asc", "flag desc"]);
        assert_eq!(shown("@id desc,weight() asc"), ["Id desc", "Weight asc"]);
        assert_eq!(shown("js.Key asc"), ["js.Key asc"]);
        assert_eq!(shown("@random"), ["Weight desc"]);
        assert_eq!(shown(" , "), [""; 0]);
    }
}
