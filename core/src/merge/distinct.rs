//! COUNT(DISTINCT) as masters make it of the agents' counts (core/docs/spec/distributed.md 5.6).
//!
//! Each agent's count is tagged with the value that the row of its group happens to have: counts
//! with equal tags are taken for counts of the same values, others for counts of different ones.

use std::collections::TryReserveError;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::computed::{Computed, filled};
use super::groups::{Groups, Member};
use super::keys::{Number, widen};
use super::schema::Column;
use super::{Set, is_manticore};
use crate::wire::search::Value;

/// A count of one agent.
struct Tagged {
    group: u32,
    tag: u64,
    count: i64,
}

/// What a master takes for the numbers of distinct values of the column `tags`.
pub(super) fn as_master(
    sets: &[Set<'_>],
    groups: &Groups,
    counts: &Column,
    tags: Option<&Column>,
) -> Result<Computed, TryReserveError> {
    let is_manticore = is_manticore(sets);
    let mut tagged = Vec::new();
    tagged.try_reserve_exact(groups.members.len())?;
    for (number, member) in groups.members.iter().enumerate() {
        let count = value(sets, member, counts);
        let Number::Int(count) = widen(count, counts.kind) else { continue };
        let mut put = |tag| {
            tagged.try_reserve(1)?;
            tagged.push(Tagged { group: member.group, tag, count: count as i64 });
            Ok::<(), TryReserveError>(())
        };
        let value = tags.map(|column| value(sets, member, column));
        match (value, tags) {
            _ if !member.is_head => {}
            // A master of Manticore takes each value of a set for a tag, and documents for none.
            (Some(Value::Multi(values)), _) if is_manticore => {
                values.iter().try_for_each(|value| put(value.into()))?;
            }
            (Some(Value::Multi64(values)), _) if is_manticore => {
                values.iter().try_for_each(|value| put(value as u64))?;
            }
            (Some(Value::Null | Value::Json(_)), _) if is_manticore => {}
            (Some(Value::String(text)), _) if is_manticore => {
                put(FixedState::with_seed(0).hash_one(text.to_ascii_lowercase()))?;
            }
            (Some(value), Some(column)) => match widen(value, column.kind) {
                Number::Int(int) if column.kind.fixed_size().is_some() => put(int as u64)?,
                Number::Real(real) => put(u64::from((real as f32).to_bits()))?,
                // A master of Sphinx compares the places where it keeps these: nothing that is
                // empty has one.
                Number::Int(_) if is_empty(value) => put(0)?,
                Number::Int(_) => put(number as u64 + 1)?,
            },
            // Never equal to another one.
            _ => put(number as u64)?,
        }
    }
    tagged.sort_unstable_by(|one, other| {
        let tags = (one.group, one.tag).cmp(&(other.group, other.tag));
        tags.then(other.count.cmp(&one.count))
    });
    let mut distinct = filled(0_i64, groups.count)?;
    let same_tag = |one: &Tagged, other: &Tagged| (one.group, one.tag) == (other.group, other.tag);
    for equal in tagged.chunk_by(same_tag) {
        let of_group = &mut distinct[equal[0].group as usize];
        *of_group += match is_manticore {
            true => equal.iter().map(|one| one.count).sum::<i64>() - (equal.len() as i64 - 1),
            false => equal[0].count,
        };
    }
    Ok(Computed::Ints(distinct))
}

fn value<'a>(sets: &[Set<'a>], member: &Member, column: &Column) -> Value<'a> {
    let set = &sets[member.place.set as usize];
    let source = column.sources[member.place.set as usize] as usize;
    let value = set.result.value(set.body, set.dialect, member.place.row as usize, source);
    value.unwrap_or(Value::Null)
}

fn is_empty(value: Value<'_>) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Multi(values) => values.is_empty(),
        Value::Multi64(values) => values.is_empty(),
        other => other == Value::Null,
    }
}
