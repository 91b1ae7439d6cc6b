//! What the sets do not have in common, in words: whoever loses a column is told where it stayed.

use std::collections::{HashMap, HashSet, TryReserveError};

use super::schema::{Column, is_helper};
use super::{ID, Remark, Set};
use crate::limits::{TOLD_COLUMNS_MAX, TOLD_SOURCES_MAX};
use crate::wire::search::Kind;
use crate::wire::text;

/// A remark for each column that some sets have and `common` does not; magic ones left out. Those
/// beyond [`TOLD_COLUMNS_MAX`] are counted.
pub(super) fn of_all(sets: &[Set<'_>], common: &[Column]) -> Result<Vec<Remark>, TryReserveError> {
    // The common columns are among those of every set.
    if sets.iter().all(|set| set.result.columns.len() == common.len()) {
        return Ok(Vec::new());
    }
    let kept: HashSet<&[u8]> = common.iter().map(|column| column.name.as_bytes()).collect();
    let mut lost: HashMap<&[u8], usize> = HashMap::new();
    let mut kinds: Vec<(&[u8], Vec<Option<Kind>>)> = Vec::new();
    for (number, set) in sets.iter().enumerate() {
        for column in &set.result.columns {
            let name = column.name.of(set.body);
            let is_helper = str::from_utf8(name).is_ok_and(is_helper);
            if name.starts_with(b"@") || is_helper || name == ID.as_bytes() || kept.contains(name)
            {
                continue;
            }
            let count = lost.len();
            lost.try_reserve(1)?;
            let place = *lost.entry(name).or_insert(count);
            if place == kinds.len() && place < TOLD_COLUMNS_MAX {
                kinds.push((name, vec![None; sets.len()]));
            }
            if let Some((_, kinds)) = kinds.get_mut(place) {
                kinds[number].get_or_insert(column.kind);
            }
        }
    }
    let remark = |(name, kinds): &(&[u8], Vec<Option<Kind>>)| Remark::ColumnLeftOut {
        name: text::quote_name(name),
        kinds: compared(sets, kinds),
    };
    let mut remarks: Vec<Remark> = kinds.iter().map(remark).collect();
    let more = lost.len() - kinds.len();
    if more > 0 {
        remarks.push(Remark::MoreColumnsLeftOut(more));
    }
    Ok(remarks)
}

/// Which types the first of these names has that any set knows, and where; `None` if no set knows
/// one.
pub(super) fn of_one(sets: &[Set<'_>], names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| {
        let kinds: Vec<Option<Kind>> = sets.iter().map(|set| kind_of(set, name)).collect();
        kinds.iter().any(Option::is_some).then(|| compared(sets, &kinds))
    })
}

/// Type of a set's column of that name, in any case of letters.
fn kind_of(set: &Set<'_>, name: &str) -> Option<Kind> {
    let is_named = |bytes: &[u8]| bytes.eq_ignore_ascii_case(name.as_bytes());
    let mut columns = set.result.columns.iter();
    columns.find(|column| is_named(column.name.of(set.body))).map(|column| column.kind)
}

/// Words the kinds of a column, as in `uint on agent box1:9312, float on agent box2:9312`.
fn compared(sets: &[Set<'_>], kinds: &[Option<Kind>]) -> String {
    let mut groups: Vec<(Option<Kind>, Vec<&Set<'_>>)> = Vec::new();
    for (set, kind) in sets.iter().zip(kinds) {
        match groups.iter_mut().find(|(known, _)| known == kind) {
            Some((_, sets)) => sets.push(set),
            None => groups.push((*kind, vec![set])),
        }
    }
    let group = |(kind, sets): &(Option<Kind>, Vec<&Set<'_>>)| match kind {
        Some(kind) => format!("{} on {}", format!("{kind:?}").to_lowercase(), named(sets)),
        None => format!("not on {}", named(sets)),
    };
    groups.iter().map(group).collect::<Vec<_>>().join(", ")
}

/// Names of sets; those beyond [`TOLD_SOURCES_MAX`] are counted.
pub(super) fn named(sets: &[&Set<'_>]) -> String {
    let name = |set: &&Set<'_>| {
        let what = if set.is_local { "local index" } else { "agent" };
        format!("{what} {}", set.name)
    };
    let mut names: Vec<String> = sets.iter().take(TOLD_SOURCES_MAX).map(name).collect();
    if sets.len() > names.len() {
        names.push(format!("{} more", sets.len() - names.len()));
    }
    names.join(" and ")
}
