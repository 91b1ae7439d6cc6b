//! The order of merged rows (distributed.md 5.4): the master sorts again what agents sent sorted.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::schema::Column;
use super::select::fold;
use super::{RowPlace, Set, Unmerged, differences};
use crate::wire::search::{Kind, Value};

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

    /// Sorts rows of these sets; `columns` are those that the sets have in common.
    pub(super) fn sort(
        &self,
        sets: &[Set<'_>],
        columns: &[Column],
        now_s: u64,
        rows: &mut Vec<RowPlace>,
    ) -> Result<(), Unmerged> {
        let sources = self.keys.iter().map(|key| key.locate(sets, columns));
        let sources = sources.collect::<Result<Vec<Located>, String>>()?;
        // Ids and weights are read as fast from the rows themselves.
        let stored = sources.iter().filter(|source| source.is_stored());
        let width = stored.clone().count();
        let mut values = Vec::new();
        values.try_reserve_exact(rows.len() * width)?;
        for row in rows.iter() {
            for source in stored.clone() {
                values.push(source.value(sets, columns, now_s, *row));
            }
        }
        let compare = |one: usize, other: usize| {
            let (one_head, other_head) = (rows[one].head(sets), rows[other].head(sets));
            let mut place = 0;
            for (source, key) in sources.iter().zip(&self.keys) {
                let order = match source {
                    Located::Id => one_head.0.cmp(&other_head.0),
                    Located::Weight => one_head.1.cmp(&other_head.1),
                    _ => {
                        place += 1;
                        let of = |row: usize| &values[row * width + place - 1];
                        of(one).compare(of(other))
                    }
                };
                if order != Ordering::Equal {
                    return if key.is_descending { order.reverse() } else { order };
                }
            }
            one_head.0.cmp(&other_head.0)
        };
        let mut places = Vec::new();
        places.try_reserve_exact(rows.len())?;
        places.extend(0..rows.len());
        // No two rows have one id.
        places.sort_unstable_by(|&one, &other| compare(one, other));
        let mut sorted = Vec::new();
        sorted.try_reserve_exact(rows.len())?;
        sorted.extend(places.into_iter().map(|place| rows[place]));
        *rows = sorted;
        Ok(())
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
    fn locate(&self, sets: &[Set<'_>], columns: &[Column]) -> Result<Located, String> {
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
        Ok(match self.source {
            Source::Segment(_) => Located::Segment(place),
            // Agents order these by where they lie in memory, and so choose what to send.
            Source::Bits(_) if !is_plain(columns[place].kind) => {
                return Err(format!(
                    "sort-by attribute '{name}' has no order of its own: use an extended sort"
                ));
            }
            Source::Bits(_) => Located::Bits(place),
            _ => Located::Column(place),
        })
    }
}

/// Kinds that sort modes 1 to 3 can compare.
fn is_plain(kind: Kind) -> bool {
    kind.fixed_size().is_some() || kind == Kind::String
}

enum Located {
    Weight,
    Id,
    Column(usize),
    /// Bits of the value, which is how sort modes 1 to 3 compare floats.
    Bits(usize),
    Segment(usize),
}

impl Located {
    /// Whether it is a value of the row, and not of its head.
    fn is_stored(&self) -> bool {
        !matches!(self, Located::Weight | Located::Id)
    }

    fn value<'a>(
        &self,
        sets: &[Set<'a>],
        columns: &[Column],
        now_s: u64,
        place: RowPlace,
    ) -> Sortable<'a> {
        let (id, weight) = place.head(sets);
        let column = match *self {
            Located::Weight => return Sortable::Int(i128::from(weight)),
            Located::Id => return Sortable::Int(i128::from(id)),
            Located::Column(column) | Located::Bits(column) | Located::Segment(column) => {
                &columns[column]
            }
        };
        let set = &sets[place.set as usize];
        let source = column.sources[place.set as usize] as usize;
        let value = set.result.value(set.body, set.dialect, place.row as usize, source);
        let value = Sortable::of(value.unwrap_or(Value::Null), column.kind);
        match (self, value) {
            (Located::Segment(_), Sortable::Int(time_s)) => segment(i128::from(now_s) - time_s),
            (Located::Bits(_), Sortable::Real(real)) => {
                Sortable::Int(i128::from((real as f32).to_bits()))
            }
            (_, value) => value,
        }
    }
}

/// A sort value that can be compared with any other of its key.
enum Sortable<'a> {
    Int(i128),
    Real(f64),
    Text(Cow<'a, [u8]>),
}

impl<'a> Sortable<'a> {
    fn of(value: Value<'a>, kind: Kind) -> Self {
        match value {
            Value::Bool(value) if kind == Kind::Float => {
                Sortable::Real(f64::from(u8::from(value)))
            }
            Value::Bool(value) => Sortable::Int(i128::from(value)),
            Value::Uint(value) => Sortable::Int(i128::from(value)),
            Value::Bigint(value) => Sortable::Int(i128::from(value)),
            Value::Uint64(value) => Sortable::Int(i128::from(value)),
            Value::Float(value) => Sortable::Real(f64::from(value)),
            Value::Double(value) => Sortable::Real(value),
            Value::String(text) => Sortable::Text(Cow::Borrowed(text)),
            Value::Json(json) => Sortable::Text(Cow::Owned(json.text())),
            _ => Sortable::Text(Cow::Borrowed(b"")),
        }
    }

    fn compare(&self, other: &Sortable<'_>) -> Ordering {
        match (self, other) {
            (Sortable::Int(one), Sortable::Int(other)) => one.cmp(other),
            // Adding zero makes -0 and +0 one; the total order has a place for what is no number.
            (Sortable::Real(one), Sortable::Real(other)) => (one + 0.0).total_cmp(&(other + 0.0)),
            (Sortable::Text(one), Sortable::Text(other)) => compare_texts(one, other),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Sortable::Int(_) => 0,
            Sortable::Real(_) => 1,
            Sortable::Text(_) => 2,
        }
    }
}

/// Collation `libc_ci`, which masters use unless configured otherwise.
fn compare_texts(one: &[u8], other: &[u8]) -> Ordering {
    let one = one.iter().map(u8::to_ascii_lowercase);
    one.cmp(other.iter().map(u8::to_ascii_lowercase))
}

/// Which step of age, from the newest to the oldest.
fn segment(age_s: i128) -> Sortable<'static> {
    let step = SEGMENTS_S.iter().position(|limit_s| age_s <= *limit_s);
    Sortable::Int(step.unwrap_or(SEGMENTS_S.len()) as i128)
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

/// Hour, day, week, month, three months.
const SEGMENTS_S: [i128; 5] = [3_600, 86_400, 604_800, 2_592_000, 7_776_000];

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

    #[test]
    fn comparisons() {
        let text = |text: &'static str| Sortable::Text(Cow::Borrowed(text.as_bytes()));
        assert_eq!(text("ALPHA").compare(&text("alpha")), Ordering::Equal);
        assert_eq!(text("B").compare(&text("a")), Ordering::Greater);
        assert_eq!(text("_").compare(&text("A")), Ordering::Less);
        assert_eq!(text("a").compare(&text("ab")), Ordering::Less);
        let real = Sortable::Real;
        assert_eq!(real(-0.0).compare(&real(0.0)), Ordering::Equal);
        assert_eq!(real(-1.0).compare(&real(0.5)), Ordering::Less);
        assert_eq!(real(f64::NAN).compare(&real(f64::NAN)), Ordering::Equal);
    }
}
