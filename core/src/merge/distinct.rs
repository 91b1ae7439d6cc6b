//! COUNT(DISTINCT) as masters make it of the agents' counts (core/docs/spec/distributed.md 5.6).
//!
//! Each agent's count is tagged with the value that the row of its group happens to have: counts
//! with equal tags are taken for counts of the same values, others for counts of different ones.

use std::cmp::Reverse;
use std::collections::TryReserveError;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::computed::{Computed, filled};
use super::groups::{Groups, Member};
use super::keys::{Number, widen};
use super::schema::Column;
use super::{Set, is_manticore};
use crate::wire::search::Value;

/// What a master takes for the numbers of distinct values of the column `tags`.
pub(super) fn as_master(
    sets: &[Set<'_>],
    groups: &Groups,
    counts: &Column,
    tags: Option<&Column>,
) -> Result<Computed, TryReserveError> {
    let is_manticore = is_manticore(sets);
    let mut heads = Vec::new();
    heads.try_reserve_exact(groups.members.len())?;
    let members = (0_u32..).zip(&groups.members);
    heads.extend(members.filter(|(_, member)| member.is_head).map(|(number, _)| number));
    let group = |head: &u32| groups.members[*head as usize].group;
    heads.sort_unstable_by_key(|head| (group(head), *head));
    let mut distinct = filled(0_i64, groups.count)?;
    // Tags of one group; with counts for a master of Sphinx.
    let mut tags_alone: Vec<u64> = Vec::new();
    let mut tagged: Vec<(u64, i64)> = Vec::new();
    for of_group in heads.chunk_by(|one, other| group(one) == group(other)) {
        let sum = &mut distinct[group(&of_group[0]) as usize];
        tags_alone.clear();
        tagged.clear();
        for head in of_group {
            let member = &groups.members[*head as usize];
            let Number::Int(count) = widen(value(sets, member, counts), counts.kind) else {
                continue;
            };
            let (count, tag) =
                (count as i64, tags.map(|column| (value(sets, member, column), column)));
            if is_manticore {
                let before = tags_alone.len();
                put_tags(tag, *head, &mut tags_alone)?;
                let put = (tags_alone.len() - before) as i64;
                *sum = sum.wrapping_add(count.wrapping_mul(put));
            } else {
                tagged.try_reserve(1)?;
                tagged.push((tag_of(tag, *head), count));
            }
        }
        // Each tag that others have, too, is one less.
        let all = tags_alone.len();
        tags_alone.sort_unstable();
        tags_alone.dedup();
        *sum = sum.wrapping_sub((all - tags_alone.len()) as i64);
        tagged.sort_unstable_by_key(|(tag, count)| (*tag, Reverse(*count)));
        tagged.dedup_by_key(|(tag, _)| *tag);
        *sum = tagged.iter().fold(*sum, |sum, (_, count)| sum.wrapping_add(*count));
    }
    Ok(Computed::Ints(distinct))
}

/// Returns the tag that a master of Sphinx gives the count of a row with that value.
fn tag_of(value: Option<(Value<'_>, &Column)>, head: u32) -> u64 {
    let never_equal = u64::from(head);
    let Some((value, column)) = value else { return never_equal };
    match widen(value, column.kind) {
        Number::Int(int) if column.kind.fixed_size().is_some() => int as u64,
        Number::Real(real) => u64::from((real as f32).to_bits()),
        // A master of Sphinx compares the places where it keeps these: nothing that is empty has
        // one.
        Number::Int(_) if is_empty(value) => 0,
        Number::Int(_) => never_equal + 1,
    }
}

/// Adds the tags that a master of Manticore gives the count of a row with that value. Each value
/// of a set is one, and documents have none.
fn put_tags(
    value: Option<(Value<'_>, &Column)>,
    head: u32,
    tags: &mut Vec<u64>,
) -> Result<(), TryReserveError> {
    match value {
        Some((Value::Multi(values), _)) => {
            tags.try_reserve(values.len())?;
            tags.extend(values.iter().map(u64::from));
        }
        Some((Value::Multi64(values), _)) => {
            tags.try_reserve(values.len())?;
            tags.extend(values.iter().map(|value| value as u64));
        }
        Some((Value::Null | Value::Json(_), _)) => {}
        Some((Value::String(text), _)) => {
            tags.try_reserve(1)?;
            tags.push(FixedState::with_seed(0).hash_one(text.to_ascii_lowercase()));
        }
        _ => {
            tags.try_reserve(1)?;
            tags.push(tag_of(value, head));
        }
    }
    Ok(())
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
