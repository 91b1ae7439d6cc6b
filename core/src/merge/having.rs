//! Conditions on merged groups, which agents are not sent.

use super::Set;
use super::computed::Computed;
use super::keys::{Number, widen};
use super::row_order::Pick;
use super::schema::Column;
use crate::wire::search::{Filter, FilterTest, Kind, Value};

/// A condition on one column of the merged groups.
pub(super) struct Having<'a> {
    pub(super) filter: &'a Filter,
    pub(super) column: &'a Column,
    pub(super) computed: &'a [Computed],
}

impl Having<'_> {
    /// Whether a group passes, by its row `row` of set `set`.
    pub(super) fn passes(&self, sets: &[Set<'_>], place: super::RowPlace, pick: Pick) -> bool {
        let (set, row) = (place.set as usize, place.row as usize);
        let kind = self.column.kind;
        let value = match self.column.computed {
            Some(number) => self.computed[number].value(pick.group as usize, kind),
            None => {
                let source = self.column.sources[set] as usize;
                sets[set].result.value(sets[set].body, sets[set].dialect, row, source)
            }
        };
        passes(self.filter, value.unwrap_or(Value::Null), kind)
    }
}

/// Whether the value passes (core/docs/spec/protocol.md 4.3).
fn passes(filter: &Filter, value: Value<'_>, kind: Kind) -> bool {
    let has_equal = filter.has_equal;
    let is_inside = match &filter.test {
        FilterTest::Null(is_null) => (value == Value::Null) == *is_null,
        FilterTest::String(text) => text_of(value).eq_ignore_ascii_case(text) == has_equal,
        FilterTest::Strings(texts) => {
            let own = text_of(value);
            texts.iter().any(|text| own.eq_ignore_ascii_case(text))
        }
        FilterTest::Values(values) => match widen(value, kind) {
            Number::Int(int) => values.iter().any(|value| i128::from(*value) == int),
            Number::Real(real) => values.iter().any(|value| *value as f64 == real),
        },
        FilterTest::Range(from, to) => match widen(value, kind) {
            Number::Int(int) => {
                let (from, to) = (i128::from(*from), i128::from(*to));
                if has_equal { (from..=to).contains(&int) } else { from < int && int < to }
            }
            Number::Real(real) => is_between(real, *from as f64, *to as f64, has_equal),
        },
        FilterTest::FloatRange(from, to) => {
            let real = match widen(value, kind) {
                Number::Int(int) => int as f64,
                Number::Real(real) => real,
            };
            is_between(real, f64::from(*from), f64::from(*to), has_equal)
        }
        // A variable is known to the daemons alone; the request refuses it.
        FilterTest::Variable(_) => false,
    };
    is_inside != filter.exclude
}

fn is_between(real: f64, from: f64, to: f64, has_equal: bool) -> bool {
    if has_equal { (from..=to).contains(&real) } else { from < real && real < to }
}

fn text_of(value: Value<'_>) -> std::borrow::Cow<'_, [u8]> {
    match value {
        Value::String(text) => text.into(),
        Value::Json(json) => json.text().into(),
        _ => b"".into(),
    }
}
