//! The order of merged rows (core/docs/spec/distributed.md 5.4): the master sorts again what
//! agents sent sorted.

use super::keys::{SortKey, Source as Located};
use super::schema::Column;
use super::select::fold;
use super::{Set, differences};
use crate::wire::search::Kind;

/// By what rows are sorted; the document id, ascending, decides the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    keys: Vec<Key>,
}

impl Order {
    /// Reads the order of that sort mode.
    pub(super) fn parse(mode: u32, clause: &[u8]) -> Order {
        let clause = String::from_utf8_lossy(clause);
        let name = || fold(clause.trim());
        let weight = Key { source: Source::Weight, is_descending: true };
        let bits = |is_descending| Key { source: Source::Bits(name()), is_descending };
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
        Order { keys }
    }

    /// Finds the keys among the columns that the sets have in common.
    pub(super) fn locate<'a>(
        &self,
        sets: &[Set<'_>],
        columns: &'a [Column],
    ) -> Result<Vec<SortKey<'a>>, String> {
        let locate = |key: &Key| {
            let source = key.locate(sets, columns)?;
            Ok(SortKey { source, is_descending: key.is_descending })
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
    fn locate<'a>(&self, sets: &[Set<'_>], columns: &'a [Column]) -> Result<Located<'a>, String> {
        let name = match &self.source {
            Source::Weight => return Ok(Located::Weight),
            Source::Id => return Ok(Located::Id),
            Source::Column(name) | Source::Bits(name) | Source::Segment(name) => name,
        };
        let find = |name: &str| columns.iter().position(|column| column.name == name);
        let own = find(name);
        // Agents send the text of JSON keys beside the documents. What Sphinx sends so for string
        // attributes is a pointer of no use here, but no string either.
        let helper = HELPER_PREFIXES.iter().find_map(|prefix| {
            let place = find(&format!("{prefix}{name}"))?;
            let is_text = matches!(columns[place].kind, Kind::String | Kind::ComputedString);
            is_text.then_some(place)
        });
        let is_json =
            own.is_none_or(|place| matches!(columns[place].kind, Kind::Json | Kind::JsonField));
        let place = if is_json { helper.or(own) } else { own };
        let Some(place) = place else {
            return Err(match differences::of_one(sets, &[name]) {
                Some(text) => format!("sort-by attribute '{name}' can't be merged: {text}"),
                None => format!(
                    "sort-by attribute '{name}' not found in the agents' results: \
                     select it or use an extended sort"
                ),
            });
        };
        let column = &columns[place];
        Ok(match self.source {
            Source::Segment(_) => Located::Segment(column),
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

/// Kinds that sort modes 1 to 3 can compare.
fn is_plain(kind: Kind) -> bool {
    kind.fixed_size().is_some() || kind == Kind::String
}

/// Reads `name asc, name desc`; commas count as blanks, as daemons have it.
fn extended(clause: &str) -> Vec<Key> {
    let mut words = clause.split(|letter: char| letter == ',' || letter.is_ascii_whitespace());
    let mut keys = Vec::new();
    while let Some(name) = words.by_ref().find(|word| !word.is_empty()) {
        let name = fold(name);
        let source = match name.as_str() {
            // Random weights stand for a random order.
            "@random" => {
                return vec![Key { source: Source::Weight, is_descending: true }];
            }
            "@weight" | "@rank" | "@relevance" | "weight()" => Source::Weight,
            "@id" | "id" => Source::Id,
            _ => Source::Column(name),
        };
        let direction = words.by_ref().find(|word| !word.is_empty()).unwrap_or_default();
        keys.push(Key { source, is_descending: direction.eq_ignore_ascii_case("desc") });
    }
    keys
}

/// Names under which agents send texts to sort by: Sphinx, Manticore.
const HELPER_PREFIXES: [&str; 2] = ["@int_str2ptr_", "@int_attr_"];

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
