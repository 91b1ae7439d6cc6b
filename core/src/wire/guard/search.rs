//! SEARCH (core/docs/spec/protocol.md 4.1 to 4.3): the rows of 2.2.11; those of Manticore are in
//! `manticore`.

use super::manticore;
use super::select::{aggregate, distinct};
use super::walk::{Step, Stop, Walk, fault};
use crate::limits::MATCHES_MAX;
use crate::manticore_29::{CLIENT_VERSION_MIN, MASTER_MAX};
use crate::wire::search::flags;
use crate::wire::text;

/// What decides which fields a query has.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    /// Version of the command.
    pub(super) version: u16,
    /// Number of the master; 0 is a client.
    pub(super) master: u32,
}

/// Checks every query of a batch.
pub(super) fn check(walk: &mut Walk<'_>, version: u16) -> Step<()> {
    let master = if version >= 0x118 { walk.u32("master number")? } else { 0 };
    // The daemon that takes the version answers other masters with an ERROR.
    let is_new = master > SPHINX_MASTER_MAX;
    if master > MASTER_MAX || is_new && version < CLIENT_VERSION_MIN {
        return Err(Stop::Unknown);
    }
    let count = if version >= 0x10d { walk.u32("query count")? } else { 1 };
    // Both products answer an ERROR.
    if count == 0 {
        return Err(Stop::Unknown);
    }
    let layout = Layout { version, master };
    for number in 1..=count {
        check_query(walk, layout).map_err(|stop| match stop {
            Stop::Fault(text) => Stop::Fault(format!("query {number} of {count}: {text}")),
            Stop::Unknown => Stop::Unknown,
        })?;
    }
    Ok(())
}

fn check_query(walk: &mut Walk<'_>, layout: Layout) -> Step<()> {
    let version = layout.version;
    let flags = if version >= 0x11b { walk.u32("flags")? } else { 0 };
    walk.u32("offset")?;
    walk.u32("limit")?;
    check_matching(walk, version)?;
    walk.string("query text")?;
    walk.array("field weights", 4)?;
    walk.filled_string("index list")?;
    check_id_range(walk, version)?;
    if version >= 0x102 {
        walk.list("filters", 4 + 4, |walk| check_filter(walk, layout))?;
    }
    let grouping = check_grouping(walk, version)?;
    let mut is_counting = check_options(walk, version)?;
    if version >= 0x115 {
        walk.list("overrides", 12, check_override)?;
    }
    let select = if version >= 0x116 { walk.string("select list")? } else { b"" };
    if grouping == Grouping::Unsorted && aggregate(select).is_some() {
        return fault(format!(
            "the select list has an aggregate, which needs a group-sort clause: {GROUP_SORT}"
        ));
    }
    is_counting |= distinct(select).is_some();
    if flags & flags::PREDICTED_TIME != 0 {
        walk.u32("predicted time")?;
    }
    let has_outer = version >= 0x11d && check_outer(walk)?;
    if version >= 0x124 {
        walk.u32("expansion limit")?;
    }
    let rows_per_group = check_master_rows(walk, layout, has_outer)?;
    if rows_per_group > 1 && is_counting {
        return fault(format!(
            "count-distinct attribute of groups with {rows_per_group} rows each: count in a query \
             of its own, with one row a group"
        ));
    }
    manticore::check(walk, layout)
}

/// Rows 4 to 7.
fn check_matching(walk: &mut Walk<'_>, version: u16) -> Step<()> {
    let match_mode = walk.i32("match mode")?;
    if !(0..=MATCH_MODE_MAX).contains(&match_mode) {
        return fault(format!("match mode {match_mode} is not in 0..{MATCH_MODE_MAX}: send 6"));
    }
    if version >= 0x110 {
        let ranker = walk.u32("ranker")?;
        if matches!(ranker, 8 | 9) && walk.string("ranker expression")?.is_empty() {
            return fault(format!(
                "ranker {ranker} needs an expression: send one, or another ranker"
            ));
        }
    }
    let sort_mode = walk.u32("sort mode")?;
    let clause = if version >= 0x102 { walk.string("sort clause")? } else { b"" };
    if matches!(sort_mode, 4 | 5) && clause.is_empty() {
        return fault(format!("sort mode {sort_mode} needs a clause: send one, or mode 0"));
    }
    Ok(())
}

fn check_id_range(walk: &mut Walk<'_>, version: u16) -> Step<()> {
    let is_wide = version >= 0x108 && walk.u32("id64 marker")? != 0;
    walk.skip("document id range", if is_wide { 16 } else { 8 })?;
    Ok(())
}

fn check_filter(walk: &mut Walk<'_>, layout: Layout) -> Step<()> {
    let Layout { version, master } = layout;
    walk.string("filter attribute")?;
    if version < 0x10e {
        let count = walk.count("filter values", 4)?;
        walk.skip("filter values", if count == 0 { 8 } else { 4 * count })?;
    } else {
        check_filter_test(walk, version)?;
    }
    if version >= 0x106 {
        walk.u32("filter exclusion")?;
    }
    let words = match master {
        0..5 => 0,
        5..13 => 1,
        13..15 => 2,
        _ => 5,
    };
    walk.skip("end of a filter", 4 * words)?;
    Ok(())
}

fn check_filter_test(walk: &mut Walk<'_>, version: u16) -> Step<()> {
    let value_size = if version < 0x114 { 4 } else { 8 };
    match walk.u32("filter type")? {
        0 => walk.array("filter values", value_size)?,
        1 => walk.skip("filter range", 2 * value_size).map(|_| ())?,
        2 => walk.skip("filter range", 8).map(|_| ())?,
        3 | 5 => {
            walk.string("filter text")?;
            if version >= 0x126 {
                walk.u8("filter comparison")?;
            }
        }
        4 => walk.u8("filter null test").map(|_| ())?,
        6 => walk.list("filter texts", 4, |walk| {
            walk.filled_string("filter text of a list").map(|_| ())
        })?,
        7 => {}
        // Both products answer an ERROR.
        _ => return Err(Stop::Unknown),
    }
    Ok(())
}

/// Rows 15 to 18.
fn check_grouping(walk: &mut Walk<'_>, version: u16) -> Step<Grouping> {
    let mut is_grouped = false;
    if version >= 0x103 {
        walk.u32("group function")?;
        is_grouped = !walk.string("group-by attribute")?.is_empty();
    }
    if version >= 0x104 {
        let max_matches = walk.i32("max_matches")?;
        if !u32::try_from(max_matches).is_ok_and(|count| (1..=MATCHES_MAX).contains(&count)) {
            return fault(format!(
                "max_matches {max_matches} is not in 1..{MATCHES_MAX}: send 1000"
            ));
        }
    }
    if matches!(version, 0x105 | 0x106) {
        walk.u32("group-sort mode")?;
    }
    let is_sorted = version < 0x107 || !walk.string("group-sort clause")?.is_empty();
    match (is_sorted, is_grouped) {
        (true, _) => Ok(Grouping::Sorted),
        (false, true) => {
            fault(format!("a group-by attribute needs a group-sort clause: {GROUP_SORT}"))
        }
        (false, false) => Ok(Grouping::Unsorted),
    }
}

/// Rows 19 to 26; true if distinct values are counted.
fn check_options(walk: &mut Walk<'_>, version: u16) -> Step<bool> {
    let mut is_counting = false;
    if version >= 0x109 {
        walk.u32("cutoff")?;
    }
    if version >= 0x10a {
        walk.skip("retry count and delay", 8)?;
    }
    if version >= 0x10b {
        is_counting = !walk.string("count-distinct attribute")?.is_empty();
    }
    if version >= 0x10e && walk.u32("geo anchor flag")? != 0 {
        walk.strings("geo anchor attribute", 2)?;
        walk.skip("geo anchor", 8)?;
    }
    if version >= 0x10f {
        walk.list("index weights", 8, check_weight)?;
    }
    if version >= 0x111 {
        walk.u32("max query time")?;
    }
    if version >= 0x112 {
        walk.list("field weights by name", 8, check_weight)?;
    }
    if version >= 0x113 {
        walk.string("comment")?;
    }
    Ok(is_counting)
}

fn check_weight(walk: &mut Walk<'_>) -> Step<()> {
    walk.string("name of a weight")?;
    walk.u32("weight")?;
    Ok(())
}

fn check_override(walk: &mut Walk<'_>) -> Step<()> {
    walk.string("override attribute")?;
    let kind = walk.u32("override type")?;
    walk.array("override values", if kind == BIGINT { 16 } else { 12 })
}

/// Row 30; true if there is an enclosing select.
fn check_outer(walk: &mut Walk<'_>) -> Step<bool> {
    let order = walk.string("outer order")?;
    walk.skip("outer offset and limit", 8)?;
    let has_outer = walk.u32("outer flag")? != 0;
    if has_outer {
        check_outer_order(order)?;
    }
    Ok(has_outer)
}

/// Whether an attribute holds texts is known to the daemon alone.
fn check_outer_order(order: &[u8]) -> Step<()> {
    let words = order.split(|byte| *byte == b',' || byte.is_ascii_whitespace());
    let is_number = |word: &&[u8]| {
        NUMBERS_AND_DIRECTIONS.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
    };
    match words.filter(|word| !word.is_empty()).find(|word| !is_number(word)) {
        Some(word) => fault(format!(
            "outer order by '{}', which may be a text: order by @id or @weight, or sort the rows \
             of the reply",
            text::quote_name(word)
        )),
        None => Ok(()),
    }
}

/// Rows 31 to 36; returns the number of rows of a group.
fn check_master_rows(walk: &mut Walk<'_>, layout: Layout, has_outer: bool) -> Step<i32> {
    let mut rows_per_group = 1;
    let Layout { version, master } = layout;
    if master >= 1 {
        walk.u32("collation")?;
    }
    if master >= 2 {
        let order = walk.string("outer order for masters")?;
        if has_outer {
            check_outer_order(order)?;
            walk.u32("outer limit for masters")?;
        }
    }
    if master >= 6 {
        rows_per_group = walk.i32("rows per group")?;
    }
    if master >= 14 {
        walk.strings("ranker plugin", 2)?;
    }
    if master >= 14 || version >= 0x120 {
        walk.strings("token filter", 3)?;
    }
    Ok(rows_per_group)
}

/// Whether groups, if there are any, have an order.
#[derive(PartialEq, Eq)]
enum Grouping {
    Sorted,
    Unsorted,
}

/// Newest master that 2.2.11 takes.
const SPHINX_MASTER_MAX: u32 = 14;

/// The extended language, which is the newest.
const MATCH_MODE_MAX: i32 = 6;

/// Attribute type of 64 bits.
const BIGINT: u32 = 6;

/// What an order has of names that are no attributes.
const NUMBERS_AND_DIRECTIONS: [&str; 7] =
    ["@id", "id", "@weight", "weight()", "@count", "asc", "desc"];

const GROUP_SORT: &str = "send '@group desc'";
