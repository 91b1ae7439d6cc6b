//! Values of merged groups, which no agent sent.

use std::collections::TryReserveError;

use crate::wire::search::{Kind, Value};

/// A column's values, one for each group.
#[derive(Debug)]
pub(crate) enum Computed {
    Ints(Vec<i64>),
    Reals(Vec<f64>),
    /// Texts, one behind the other, and where they end.
    Texts {
        bytes: Vec<u8>,
        ends: Vec<usize>,
    },
}

impl Computed {
    /// The value of a group as one of a column of that kind; `None` if there is no such group.
    pub(crate) fn value(&self, group: usize, kind: Kind) -> Option<Value<'_>> {
        Some(match self {
            Computed::Ints(ints) => {
                let int = *ints.get(group)?;
                match kind {
                    Kind::Bool => Value::Bool(int != 0),
                    Kind::Bigint => Value::Bigint(int),
                    Kind::Uint64 => Value::Uint64(int as u64),
                    // Where masters add up in 32 bits, the rest of a sum is lost.
                    _ => Value::Uint(int as u32),
                }
            }
            Computed::Reals(reals) => {
                let real = *reals.get(group)?;
                if kind == Kind::Double { Value::Double(real) } else { Value::Float(real as f32) }
            }
            Computed::Texts { bytes, ends } => {
                let end = *ends.get(group)?;
                let start = group.checked_sub(1).map_or(0, |before| ends[before]);
                Value::String(&bytes[start..end])
            }
        })
    }
}

/// Returns a vector of `count` equal values.
pub(super) fn filled<T: Clone>(value: T, count: usize) -> Result<Vec<T>, TryReserveError> {
    let mut values = Vec::new();
    values.try_reserve_exact(count)?;
    values.resize(count, value);
    Ok(values)
}
