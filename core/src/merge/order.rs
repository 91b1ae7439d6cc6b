//! The order of merged rows (distributed.md 5.4): the master sorts again what agents sent sorted.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::TryReserveError;

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

    /// Keeps the first `count` rows of these sets in their order; `columns` are those that the
    /// sets have in common.
    pub(super) fn sort(
        &self,
        sets: &[Set<'_>],
        columns: &[Column],
        now_s: u64,
        count: usize,
        rows: &mut Vec<RowPlace>,
    ) -> Result<(), Unmerged> {
        let sources = self.keys.iter().map(|key| key.locate(sets, columns));
        let sources = sources.collect::<Result<Vec<Located>, String>>()?;
        let mut values = Vec::with_capacity(sources.len());
        for source in &sources {
            values.push(source.values(sets, columns, now_s, rows)?);
        }
        let compare = |one: usize, other: usize| {
            let (one_head, other_head) = (rows[one].head(sets), rows[other].head(sets));
            for (values, key) in values.iter().zip(&self.keys) {
                let order = match values {
                    Values::Ids => one_head.0.cmp(&other_head.0),
                    Values::Weights => one_head.1.cmp(&other_head.1),
                    Values::Numbers(numbers) => numbers[one].cmp(&numbers[other]),
                    Values::Texts(texts) => compare_texts(&texts[one], &texts[other]),
                };
                if order != Ordering::Equal {
                    return if key.is_descending { order.reverse() } else { order };
                }
            }
            one_head.0.cmp(&other_head.0)
        };
        let mut places = Vec::new();
        places.try_reserve_exact(rows.len())?;
        places.extend(0..rows.len() as u32);
        // What the sort takes for itself, and would abort without.
        Vec::<u32>::new().try_reserve_exact(places.len())?;
        // Quick with runs that are in order, as agents send them.
        places.sort_by(|one, other| compare(*one as usize, *other as usize));
        places.truncate(count);
        let mut sorted = Vec::new();
        sorted.try_reserve_exact(places.len())?;
        sorted.extend(places.into_iter().map(|place| rows[place as usize]));
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
    fn values<'a>(
        &self,
        sets: &[Set<'a>],
        columns: &[Column],
        now_s: u64,
        rows: &[RowPlace],
    ) -> Result<Values<'a>, TryReserveError> {
        let column = match *self {
            Located::Weight => return Ok(Values::Weights),
            Located::Id => return Ok(Values::Ids),
            Located::Column(column) | Located::Bits(column) | Located::Segment(column) => {
                &columns[column]
            }
        };
        let value = |place: &RowPlace| {
            let set = &sets[place.set as usize];
            let source = column.sources[place.set as usize] as usize;
            let value = set.result.value(set.body, set.dialect, place.row as usize, source);
            value.unwrap_or(Value::Null)
        };
        if column.kind.fixed_size().is_none() {
            let mut texts = Vec::new();
            texts.try_reserve_exact(rows.len())?;
            texts.extend(rows.iter().map(|row| text_of(value(row))));
            return Ok(Values::Texts(texts));
        }
        let mut numbers = Vec::new();
        numbers.try_reserve_exact(rows.len())?;
        numbers.extend(rows.iter().map(|row| match (self, widen(value(row), column.kind)) {
            (Located::Segment(_), Number::Int(time_s)) => segment(i128::from(now_s) - time_s),
            (Located::Bits(_), Number::Real(real)) => u64::from((real as f32).to_bits()),
            (_, number) => number.rank(column.kind),
        }));
        Ok(Values::Numbers(numbers))
    }
}

/// The values of a key in all rows.
enum Values<'a> {
    /// Read as fast from the rows themselves.
    Ids,
    /// So are these.
    Weights,
    /// In the order of their ranks.
    Numbers(Vec<u64>),
    Texts(Vec<Cow<'a, [u8]>>),
}

fn text_of(value: Value<'_>) -> Cow<'_, [u8]> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Json(json) => Cow::Owned(json.text()),
        _ => Cow::Borrowed(b""),
    }
}

/// A number of a column.
#[derive(Clone, Copy)]
enum Number {
    Int(i128),
    Real(f64),
}

fn widen(value: Value<'_>, kind: Kind) -> Number {
    match value {
        Value::Bool(value) if kind == Kind::Float => Number::Real(f64::from(u8::from(value))),
        Value::Bool(value) => Number::Int(i128::from(value)),
        Value::Uint(value) => Number::Int(i128::from(value)),
        Value::Bigint(value) => Number::Int(i128::from(value)),
        Value::Uint64(value) => Number::Int(i128::from(value)),
        Value::Float(value) => Number::Real(f64::from(value)),
        Value::Double(value) => Number::Real(value),
        _ => Number::Int(0),
    }
}

impl Number {
    /// A number that is the higher the higher this is in a column of that kind.
    fn rank(self, kind: Kind) -> u64 {
        const SIGN: u64 = 1 << 63;
        match self {
            Number::Int(int) if kind == Kind::Uint64 => int as u64,
            Number::Int(int) => (int as u64).wrapping_add(SIGN),
            // Adding zero makes -0 and +0 one; the total order has a place for what is no number.
            Number::Real(real) => match (real + 0.0).to_bits() {
                bits if bits & SIGN == 0 => bits | SIGN,
                bits => !bits,
            },
        }
    }
}

/// Collation `libc_ci`, which masters use unless configured otherwise.
fn compare_texts(one: &[u8], other: &[u8]) -> Ordering {
    let one = one.iter().map(u8::to_ascii_lowercase);
    one.cmp(other.iter().map(u8::to_ascii_lowercase))
}

/// Which step of age, from the newest to the oldest.
fn segment(age_s: i128) -> u64 {
    let step = SEGMENTS_S.iter().position(|limit_s| age_s <= *limit_s);
    step.unwrap_or(SEGMENTS_S.len()) as u64
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
        let compare = |one: &str, other: &str| compare_texts(one.as_bytes(), other.as_bytes());
        assert_eq!(compare("ALPHA", "alpha"), Ordering::Equal);
        assert_eq!(compare("B", "a"), Ordering::Greater);
        assert_eq!(compare("_", "A"), Ordering::Less);
        assert_eq!(compare("a", "ab"), Ordering::Less);
        let rank = |value, kind| widen(value, kind).rank(kind);
        let real = |value| rank(Value::Double(value), Kind::Double);
        assert_eq!(real(-0.0), real(0.0));
        assert_eq!(real(f64::NAN), real(f64::NAN));
        let reals = [f64::NEG_INFINITY, -2.0, -1.0, 0.0, 1e-300, 0.5, f64::INFINITY, f64::NAN];
        assert!(reals.is_sorted_by_key(|value| real(*value)));
        let ints = [i64::MIN, -2, -1, 0, 1, i64::MAX];
        assert!(ints.is_sorted_by_key(|value| rank(Value::Bigint(*value), Kind::Bigint)));
        let wide = [0, 1, 1 << 63, u64::MAX];
        assert!(wide.is_sorted_by_key(|value| rank(Value::Uint64(*value), Kind::Uint64)));
        assert_eq!(rank(Value::Uint(7), Kind::Bigint), rank(Value::Bigint(7), Kind::Bigint));
        assert_eq!(rank(Value::Bool(true), Kind::Float), real(1.0));
    }
}
