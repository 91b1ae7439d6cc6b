//! Which documents a search keeps.

use super::{Condition, Search};
use crate::wire::search::FilterTest;

impl Search {
    /// Keeps documents of whose attribute `condition` holds; `id` is the document id.
    pub fn filter(mut self, attribute: impl Into<Vec<u8>>, condition: Condition) -> Self {
        let mut attribute = attribute.into();
        if is_id(&attribute) {
            if let Some(((from, to), is_excluded)) = condition.ids() {
                return match is_excluded {
                    true => self.exclude_id_range(from, to),
                    false => self.id_range(from, to),
                };
            }
            // 2.2.11 knows the document id in filters by its magic name only.
            attribute = ID.to_vec();
        }
        self.query.filters.push(condition.into_filter(attribute));
        self
    }

    /// Keeps documents whose attribute is one of these; `id` is the document id.
    pub fn filter_values(
        self,
        attribute: impl Into<Vec<u8>>,
        values: impl IntoIterator<Item = i64>,
    ) -> Self {
        self.condition(attribute, FilterTest::Values(values.into_iter().collect()), false)
    }

    /// Keeps documents whose attribute is none of these.
    pub fn exclude_values(
        self,
        attribute: impl Into<Vec<u8>>,
        values: impl IntoIterator<Item = i64>,
    ) -> Self {
        self.condition(attribute, FilterTest::Values(values.into_iter().collect()), true)
    }

    /// Keeps documents with one of these ids. [`Self::filter_values`] does, too, with an id from
    /// 2^63 on as the signed number of the same bits.
    pub fn filter_ids(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.filter_values(ID, ids.into_iter().map(u64::cast_signed))
    }

    /// Keeps documents with none of these ids.
    pub fn exclude_ids(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.exclude_values(ID, ids.into_iter().map(u64::cast_signed))
    }

    /// Keeps documents whose attribute is from `from` to `to`, both included. No id is negative:
    /// for those from 2^63 on there is [`Self::id_range`].
    pub fn filter_range(self, attribute: impl Into<Vec<u8>>, from: i64, to: i64) -> Self {
        self.condition(attribute, FilterTest::Range(from, to), false)
    }

    /// Keeps documents whose attribute is below `from` or above `to`.
    pub fn exclude_range(self, attribute: impl Into<Vec<u8>>, from: i64, to: i64) -> Self {
        self.condition(attribute, FilterTest::Range(from, to), true)
    }

    /// Keeps documents whose float attribute is from `from` to `to`, both included.
    pub fn filter_float_range(self, attribute: impl Into<Vec<u8>>, from: f32, to: f32) -> Self {
        self.condition(attribute, FilterTest::FloatRange(from, to), false)
    }

    /// Keeps documents whose float attribute is below `from` or above `to`.
    pub fn exclude_float_range(self, attribute: impl Into<Vec<u8>>, from: f32, to: f32) -> Self {
        self.condition(attribute, FilterTest::FloatRange(from, to), true)
    }

    /// Keeps documents whose string attribute equals `text` by the daemon's collation.
    pub fn filter_string(self, attribute: impl Into<Vec<u8>>, text: impl Into<Vec<u8>>) -> Self {
        self.condition(attribute, FilterTest::String(text.into()), false)
    }

    /// Keeps documents whose string attribute differs from `text`.
    pub fn exclude_string(self, attribute: impl Into<Vec<u8>>, text: impl Into<Vec<u8>>) -> Self {
        self.condition(attribute, FilterTest::String(text.into()), true)
    }

    /// Keeps documents where that field of a JSON attribute is null or not there.
    pub fn filter_null(self, attribute: impl Into<Vec<u8>>) -> Self {
        self.condition(attribute, FilterTest::Null(true), false)
    }

    /// Keeps documents where that field of a JSON attribute is something.
    pub fn exclude_null(self, attribute: impl Into<Vec<u8>>) -> Self {
        self.condition(attribute, FilterTest::Null(true), true)
    }

    /// Keeps documents with an id from `from` to `to`, both included; `u64::MAX` is no end.
    pub fn id_range(self, from: u64, to: u64) -> Self {
        if from > to {
            return self.ids((1, 0), false);
        }
        // Ids are signed in Manticore: a range over the middle would be empty there, so what lies
        // outside of it is left out instead.
        if from < HIGH && to >= HIGH {
            let from_start = if from > 0 { self.ids((0, from - 1), true) } else { self };
            return match to.checked_add(1) {
                Some(above) => from_start.ids((above, u64::MAX), true),
                None => from_start,
            };
        }
        self.ids((from, to), false)
    }

    /// Keeps documents with an id below `from` or above `to`.
    pub fn exclude_id_range(self, from: u64, to: u64) -> Self {
        if from > to {
            return self;
        }
        // In two parts, for the same reason.
        let parts = match from < HIGH && to >= HIGH {
            true => vec![(from, HIGH - 1), (HIGH, to)],
            false => vec![(from, to)],
        };
        parts.into_iter().fold(self, |search, part| search.ids(part, true))
    }

    /// Adds a range of ids as daemons take it: in signed numbers, which must not pass from the
    /// highest to the lowest.
    fn ids(mut self, (from, to): (u64, u64), is_excluded: bool) -> Self {
        let range = Condition::new(FilterTest::Range(from as i64, to as i64));
        let range = if is_excluded { range.negated() } else { range };
        self.query.filters.push(range.into_filter(ID.to_vec()));
        self
    }

    fn condition(self, attribute: impl Into<Vec<u8>>, test: FilterTest, exclude: bool) -> Self {
        let condition = Condition::new(test);
        self.filter(attribute, if exclude { condition.negated() } else { condition })
    }
}

/// Whether a filter on that attribute is one on the document id.
pub fn is_id(attribute: &[u8]) -> bool {
    attribute.eq_ignore_ascii_case(b"id") || attribute.eq_ignore_ascii_case(ID)
}

/// The first id that has another sign where ids are signed.
const HIGH: u64 = 1 << 63;

/// The document id in filters and sort clauses.
const ID: &[u8] = b"@id";
