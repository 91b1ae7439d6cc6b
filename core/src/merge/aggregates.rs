//! Aggregates of whole groups, from those of each part (core/docs/spec/distributed.md 5.6).

use std::collections::TryReserveError;

use super::Set;
use super::computed::{Computed, filled};
use super::groups::Groups;
use super::keys::{Number, widen};
use super::schema::Column;
use crate::wire::search::{Kind, Value};

/// An aggregate of the select list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Count,
    Distinct,
    Sum,
    Min,
    Max,
    Avg,
    Concat { separator: String },
}

/// The aggregate that an expression of the select list is, and its argument.
///
/// Daemons take aggregates only as whole items.
pub(super) fn function_of(expression: &str) -> Option<(Function, &str)> {
    let (name, call) = expression.split_once('(')?;
    let argument = call.strip_suffix(')')?.trim();
    let function = match name.trim_end() {
        "count" if argument == "*" => Function::Count,
        "count" => {
            let (word, attribute) = argument.split_once(|letter: char| letter.is_whitespace())?;
            return (word == "distinct").then_some((Function::Distinct, attribute.trim()));
        }
        "sum" => Function::Sum,
        "avg" => Function::Avg,
        "min" if is_single(argument) => Function::Min,
        "max" if is_single(argument) => Function::Max,
        "group_concat" => Function::Concat { separator: separator_of(argument).to_owned() },
        _ => return None,
    };
    is_balanced(argument).then_some((function, argument))
}

/// The texts are joined with a comma unless the argument names something else.
fn separator_of(argument: &str) -> &str {
    let quoted = argument.rsplit_once("separator").map(|(_, quoted)| quoted.trim());
    let inner = quoted.and_then(|quoted| quoted.strip_prefix('\'')?.strip_suffix('\''));
    inner.unwrap_or(",")
}

/// `min` and `max` of two arguments are plain functions.
fn is_single(argument: &str) -> bool {
    let mut depth = 0_usize;
    argument.chars().all(|letter| {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter != ',' || depth > 0
    })
}

/// True if the parentheses of an argument close inside of it.
fn is_balanced(argument: &str) -> bool {
    let mut depth = 0_i64;
    let ends_early = argument.chars().any(|letter| {
        depth += i64::from(letter == '(') - i64::from(letter == ')');
        depth < 0
    });
    !ends_early && depth == 0
}

/// What averages are made of.
#[derive(Clone, Copy)]
pub(super) enum Averages<'a> {
    /// Averages of parts, in single precision as a master of Sphinx does it.
    Single(&'a [i64]),
    /// Averages of parts, cut to single precision and added up in double precision as a master of
    /// Manticore does it.
    Cut(&'a [i64]),
    /// Averages of parts, in double precision.
    Double(&'a [i64]),
}

/// The parts of all groups in one column.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) sets: &'a [Set<'a>],
    pub(super) groups: &'a Groups,
    pub(super) column: &'a Column,
}

impl<'a> Parts<'a> {
    /// Group and value of each part in the order of arrival.
    fn values(self) -> impl Iterator<Item = (usize, Value<'a>)> {
        let heads = self.groups.members.iter().filter(|member| member.is_head);
        heads.map(move |member| {
            let set = &self.sets[member.place.set as usize];
            let source = self.column.sources[member.place.set as usize] as usize;
            let row = member.place.row as usize;
            let value = set.result.value(set.body, set.dialect, row, source);
            (member.group as usize, value.unwrap_or(Value::Null))
        })
    }

    fn numbers(self) -> impl Iterator<Item = (usize, Number)> {
        let kind = self.column.kind;
        self.values().map(move |(group, value)| (group, widen(value, kind)))
    }

    fn is_real(self) -> bool {
        matches!(self.column.kind, Kind::Float | Kind::Double)
    }

    /// Sums of integers wrap around, as they do at the agents.
    pub(super) fn sums(self) -> Result<Computed, TryReserveError> {
        if !self.is_real() {
            let mut sums = filled(0_i64, self.groups.count)?;
            for (group, number) in self.numbers() {
                sums[group] = sums[group].wrapping_add(number.int());
            }
            return Ok(Computed::Ints(sums));
        }
        let mut sums = filled(0_f64, self.groups.count)?;
        let is_single = self.column.kind == Kind::Float;
        for (group, number) in self.numbers() {
            let sum = sums[group] + number.real();
            sums[group] = if is_single { f64::from(sum as f32) } else { sum };
        }
        Ok(Computed::Reals(sums))
    }

    /// Sums in double precision, whatever the type.
    pub(super) fn wide_sums(self) -> Result<Vec<f64>, TryReserveError> {
        let mut sums = filled(0_f64, self.groups.count)?;
        for (group, number) in self.numbers() {
            sums[group] += number.real();
        }
        Ok(sums)
    }

    /// The lowest or the highest of each group.
    pub(super) fn extremes(self, is_max: bool) -> Result<Computed, TryReserveError> {
        if self.is_real() {
            let start = if is_max { f64::NEG_INFINITY } else { f64::INFINITY };
            let mut extremes = filled(start, self.groups.count)?;
            for (group, number) in self.numbers() {
                let (known, real) = (extremes[group], number.real());
                extremes[group] = if is_max { known.max(real) } else { known.min(real) };
            }
            return Ok(Computed::Reals(extremes));
        }
        let is_unsigned = self.column.kind == Kind::Uint64;
        let key = |int: i64| if is_unsigned { i128::from(int as u64) } else { i128::from(int) };
        let mut extremes: Vec<Option<i64>> = filled(None, self.groups.count)?;
        for (group, number) in self.numbers() {
            let int = number.int();
            let is_better = |known: i64| match is_max {
                true => key(int) > key(known),
                false => key(int) < key(known),
            };
            if extremes[group].is_none_or(is_better) {
                extremes[group] = Some(int);
            }
        }
        let mut ints = Vec::new();
        ints.try_reserve_exact(extremes.len())?;
        ints.extend(extremes.into_iter().map(Option::unwrap_or_default));
        Ok(Computed::Ints(ints))
    }

    /// Averages of the groups, which have so many documents, from those of the parts, which have
    /// as many as `averages` says.
    pub(super) fn averages(
        self,
        averages: Averages<'_>,
        counts: &[i64],
    ) -> Result<Computed, TryReserveError> {
        let mut sums = filled(0_f64, self.groups.count)?;
        let (Averages::Single(weights) | Averages::Cut(weights) | Averages::Double(weights)) =
            averages;
        for ((group, number), weight) in self.numbers().zip(weights) {
            let average = number.real();
            let sum = &mut sums[group];
            match averages {
                Averages::Single(_) => {
                    *sum = f64::from(*sum as f32 + average as f32 * *weight as f32);
                }
                Averages::Cut(_) => *sum += f64::from(average as f32) * *weight as f64,
                Averages::Double(_) => *sum += average * *weight as f64,
            }
        }
        for (sum, count) in sums.iter_mut().zip(counts).filter(|(_, count)| **count != 0) {
            *sum = match averages {
                Averages::Single(_) => f64::from(*sum as f32 / *count as f32),
                Averages::Cut(_) | Averages::Double(_) => *sum / *count as f64,
            };
        }
        Ok(Computed::Reals(sums))
    }

    /// The numbers of the parts, in the order of arrival.
    pub(super) fn weights(self) -> Result<Vec<i64>, TryReserveError> {
        let mut weights = Vec::new();
        weights.try_reserve_exact(self.groups.members.len())?;
        weights.extend(self.numbers().map(|(_, number)| number.int()));
        Ok(weights)
    }

    /// The texts of each group, joined in the order of arrival.
    pub(super) fn texts(self, separator: &str) -> Result<Computed, TryReserveError> {
        let text = |value| match value {
            Value::String(text) => text,
            _ => &b""[..],
        };
        let mut sizes = filled(0_usize, self.groups.count)?;
        for (group, value) in self.values() {
            let size = text(value).len();
            let joint = if sizes[group] > 0 && size > 0 { separator.len() } else { 0 };
            sizes[group] = sizes[group].saturating_add(size).saturating_add(joint);
        }
        let mut ends = filled(0_usize, self.groups.count)?;
        let mut size = 0_usize;
        for (end, of_group) in ends.iter_mut().zip(&sizes) {
            // Filled from here on, until it is the end.
            *end = size;
            size = size.saturating_add(*of_group);
        }
        let mut bytes = filled(0_u8, size)?;
        let mut is_begun = filled(false, self.groups.count)?;
        for (group, value) in self.values() {
            let text = text(value);
            if text.is_empty() {
                continue;
            }
            let joint = if is_begun[group] { separator.as_bytes() } else { b"" };
            for part in [joint, text] {
                let start = ends[group];
                bytes[start..start + part.len()].copy_from_slice(part);
                ends[group] = start + part.len();
            }
            is_begun[group] = true;
        }
        Ok(Computed::Texts { bytes, ends })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregates_and_their_arguments() {
        let concat = |separator: &str| Function::Concat { separator: separator.to_owned() };
        let cases = [
            ("count(*)", Some((Function::Count, "*"))),
            ("count( * )", Some((Function::Count, "*"))),
            ("count(distinct gid)", Some((Function::Distinct, "gid"))),
            ("sum(gid)", Some((Function::Sum, "gid"))),
            ("avg (if(gid>1,2,3))", Some((Function::Avg, "if(gid>1,2,3)"))),
            ("min(least(a,b))", Some((Function::Min, "least(a,b)"))),
            ("max(a,b)", None),
            ("sum(a)+(b)", None),
            ("count(a)", None),
            ("abs(gid)", None),
            ("gid", None),
            ("group_concat(id)", Some((concat(","), "id"))),
            ("group_concat(id separator ';')", Some((concat(";"), "id separator ';'"))),
        ];
        for (expression, expected) in cases {
            assert_eq!(function_of(expression), expected, "{expression}");
        }
    }
}
