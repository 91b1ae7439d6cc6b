//! What rows are sorted by, and the values of it that agents sent.

use std::cmp::Ordering;
use std::collections::TryReserveError;

use super::schema::Column;
use super::{RowPlace, Set};
use crate::wire::search::{Kind, Value};

/// A key of the order.
pub(super) struct SortKey<'a> {
    pub(super) source: Source<'a>,
    pub(super) is_descending: bool,
    /// Texts are compared with case.
    pub(super) is_cased: bool,
}

/// Where the values of a key are.
pub(super) enum Source<'a> {
    Weight,
    Id,
    Column(&'a Column),
    /// Bits of the value, which is how sort modes 1 to 3 compare floats.
    Bits(&'a Column),
    /// Age in steps.
    Segment(&'a Column),
}

impl SortKey<'_> {
    /// Whether the low half of [`Self::number`] tells as much as all of it.
    pub(super) fn fits_rank(&self) -> bool {
        match self.source {
            Source::Weight => true,
            Source::Id => false,
            Source::Column(column) => is_narrow(column.kind),
            Source::Bits(column) => {
                is_narrow(column.kind) || matches!(column.kind, Kind::Float | Kind::Double)
            }
            Source::Segment(column) => {
                is_narrow(column.kind) || matches!(column.kind, Kind::Bigint | Kind::Uint64)
            }
        }
    }

    /// True if the key has numbers; ids are compared as they are.
    pub(super) fn has_numbers(&self) -> bool {
        match self.source {
            Source::Weight => true,
            Source::Id => false,
            Source::Column(column) | Source::Bits(column) | Source::Segment(column) => {
                column.kind.fixed_size().is_some()
            }
        }
    }

    /// True if values are compared where they lie: texts of JSON have to be printed first.
    pub(super) fn is_readable(&self) -> bool {
        match self.source {
            Source::Weight | Source::Id => true,
            Source::Column(column) | Source::Bits(column) | Source::Segment(column) => {
                !matches!(column.kind, Kind::Json | Kind::JsonField)
            }
        }
    }

    /// Compares two rows by the key, where they lie.
    pub(super) fn compare(
        &self,
        sets: &[Set<'_>],
        one: RowPlace,
        other: RowPlace,
        now_s: u64,
    ) -> Ordering {
        let set = |place: RowPlace| (place.set as usize, &sets[place.set as usize]);
        if self.has_numbers() {
            let number = |place: RowPlace| {
                let (number, set) = set(place);
                self.number(number, set, place.row as usize, now_s)
            };
            return number(one).cmp(&number(other));
        }
        let (Source::Column(column) | Source::Bits(column) | Source::Segment(column)) =
            self.source
        else {
            let id = |place: RowPlace| set(place).1.id(place.row as usize);
            return id(one).cmp(&id(other));
        };
        let text = |place: RowPlace| {
            let (number, set) = set(place);
            text_of(value(column, number, set, place.row as usize))
        };
        match self.is_cased {
            true => text(one).cmp(text(other)),
            false => compare_texts(text(one), text(other)),
        }
    }

    /// A number that is the higher the higher the value of a row is, where the key has numbers.
    pub(super) fn number(&self, set_number: usize, set: &Set<'_>, row: usize, now_s: u64) -> u64 {
        let (Source::Column(column) | Source::Bits(column) | Source::Segment(column)) =
            self.source
        else {
            return weight_rank(set.head(row).weight).into();
        };
        match (&self.source, widen(value(column, set_number, set, row), column.kind)) {
            (Source::Segment(_), Number::Int(time_s)) => segment(i128::from(now_s) - time_s),
            (Source::Bits(_), Number::Real(real)) => u64::from((real as f32).to_bits()),
            (_, number) => number.rank(column.kind),
        }
    }

    /// The values of all rows of all sets.
    pub(super) fn values<'a>(
        &self,
        sets: &[Set<'a>],
        now_s: u64,
    ) -> Result<Values<'a>, TryReserveError> {
        let column = match self.source {
            Source::Id => return Ok(Values::Ids),
            Source::Weight => None,
            Source::Column(column) | Source::Bits(column) | Source::Segment(column) => {
                Some(column).filter(|column| column.kind.fixed_size().is_none())
            }
        };
        let count = sets.iter().map(|set| set.result.rows.len()).sum();
        let rows = sets.iter().enumerate().flat_map(|(number, set)| {
            (0..set.result.rows.len()).map(move |row| (number, set, row))
        });
        match column {
            None => {
                let mut numbers = Vec::new();
                numbers.try_reserve_exact(count)?;
                let number = |(number, set, row)| self.number(number, set, row, now_s);
                numbers.extend(rows.map(number));
                Ok(Values::Numbers(numbers))
            }
            Some(column) if matches!(column.kind, Kind::Json | Kind::JsonField) => {
                let (mut bytes, mut ends) = (Vec::new(), Vec::new());
                ends.try_reserve_exact(count)?;
                for (number, set, row) in rows {
                    if let Value::Json(json) = value(column, number, set, row) {
                        bytes.try_reserve(json.text_size_max())?;
                        json.put_text(&mut bytes);
                    }
                    ends.push(bytes.len());
                }
                Ok(Values::Printed { bytes, ends, is_cased: self.is_cased })
            }
            Some(column) => {
                let mut texts = Vec::new();
                texts.try_reserve_exact(count)?;
                let text = |(number, set, row)| text_of(value(column, number, set, row));
                texts.extend(rows.map(text));
                Ok(Values::Texts { texts, is_cased: self.is_cased })
            }
        }
    }
}

/// A number that is the higher the higher the weight is.
pub(super) fn weight_rank(weight: i32) -> u32 {
    weight as u32 ^ 1 << 31
}

fn value<'a>(column: &Column, set_number: usize, set: &Set<'a>, row: usize) -> Value<'a> {
    let source = column.sources[set_number] as usize;
    set.result.value(set.body, set.dialect, row, source).unwrap_or(Value::Null)
}

fn text_of(value: Value<'_>) -> &[u8] {
    match value {
        Value::String(text) => text,
        _ => b"",
    }
}

/// The values of a key in all rows.
pub(super) enum Values<'a> {
    /// As fast read from the rows themselves.
    Ids,
    /// In the order of their ranks.
    Numbers(Vec<u64>),
    Texts {
        texts: Vec<&'a [u8]>,
        is_cased: bool,
    },
    /// Texts of JSON, one behind the other, and where they end.
    Printed {
        bytes: Vec<u8>,
        ends: Vec<usize>,
        is_cased: bool,
    },
}

impl Values<'_> {
    /// The beginning of a row's value as a number that is the higher the higher the value is.
    pub(super) fn rank(&self, row: usize, id: u64) -> u32 {
        match self {
            Values::Ids => (id >> 32) as u32,
            Values::Numbers(numbers) => (numbers[row] >> 32) as u32,
            Values::Texts { is_cased, .. } | Values::Printed { is_cased, .. } => {
                let mut start = [0; 4];
                for (to, from) in start.iter_mut().zip(self.text(row)) {
                    *to = if *is_cased { *from } else { from.to_ascii_lowercase() };
                }
                u32::from_be_bytes(start)
            }
        }
    }

    pub(super) fn compare(&self, one: usize, other: usize) -> Ordering {
        match self {
            Values::Ids => Ordering::Equal,
            Values::Numbers(numbers) => numbers[one].cmp(&numbers[other]),
            Values::Texts { is_cased: true, .. } | Values::Printed { is_cased: true, .. } => {
                self.text(one).cmp(self.text(other))
            }
            Values::Texts { .. } | Values::Printed { .. } => {
                compare_texts(self.text(one), self.text(other))
            }
        }
    }

    fn text(&self, row: usize) -> &[u8] {
        match self {
            Values::Texts { texts, .. } => texts[row],
            Values::Printed { bytes, ends, .. } => {
                let start = row.checked_sub(1).map_or(0, |before| ends[before]);
                &bytes[start..ends[row]]
            }
            Values::Ids | Values::Numbers(_) => b"",
        }
    }
}

/// Kinds whose values fit into 32 bits without a sign.
fn is_narrow(kind: Kind) -> bool {
    matches!(kind, Kind::Uint | Kind::Timestamp | Kind::Bool | Kind::TokenCount)
}

/// A number of a column.
#[derive(Clone, Copy)]
pub(super) enum Number {
    Int(i128),
    Real(f64),
}

pub(super) fn widen(value: Value<'_>, kind: Kind) -> Number {
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
    /// The low 64 bits of an integer; a real without its fraction.
    pub(super) fn int(self) -> i64 {
        match self {
            Number::Int(int) => int as i64,
            Number::Real(real) => real as i64,
        }
    }

    pub(super) fn real(self) -> f64 {
        match self {
            Number::Int(int) => int as f64,
            Number::Real(real) => real,
        }
    }

    /// A number that is the higher the higher this is in a column of that kind.
    fn rank(self, kind: Kind) -> u64 {
        match self {
            Number::Int(int) if kind == Kind::Uint64 => int as u64,
            Number::Int(int) => (int as u64).wrapping_add(SIGN),
            Number::Real(real) => real_rank(real),
        }
    }
}

/// A number that is the higher the higher that one is.
pub(super) fn real_rank(real: f64) -> u64 {
    // Adding zero makes -0 and +0 one; the total order has a place for what is no number.
    match (real + 0.0).to_bits() {
        bits if bits & SIGN == 0 => bits | SIGN,
        bits => !bits,
    }
}

const SIGN: u64 = 1 << 63;

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

/// Hour, day, week, month, three months.
const SEGMENTS_S: [i128; 5] = [3_600, 86_400, 604_800, 2_592_000, 7_776_000];

#[cfg(test)]
mod tests {
    use super::*;

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
