//! Groups of a search: what documents are grouped by, and which groups come back.
//!
//!     const char *const kind = "kind";
//!     code = hamirror_search_group_by(search, HAMIRROR_GROUP_ATTRIBUTE, &kind, 1, &error);
//!     if (code == HAMIRROR_OK)
//!         code = hamirror_search_group_order(search, "@count desc", &error);

use std::ffi::c_char;

use hamirror_core::search::{GroupBy, Grouping, MergeMode};

use crate::arguments;
use crate::error::Error;
use crate::failed::Failed;
use crate::panic::fallible;
use crate::search::{Search, change, change_group};

/// Groups by the day of a timestamp: 20261128.
pub const HAMIRROR_GROUP_DAY: i32 = 0;
/// Groups by the week of a timestamp, by the day of the year that it begins with: 2026326.
pub const HAMIRROR_GROUP_WEEK: i32 = 1;
/// Groups by the month of a timestamp: 202611.
pub const HAMIRROR_GROUP_MONTH: i32 = 2;
/// Groups by the year of a timestamp: 2026.
pub const HAMIRROR_GROUP_YEAR: i32 = 3;
/// Groups by the values of one or more attributes, aliases or JSON keys; each value of a
/// multi-value attribute is a group.
pub const HAMIRROR_GROUP_ATTRIBUTE: i32 = 4;
/// Groups by the pair of an attribute and the next one. Daemons answer that they no longer group
/// so, and want a bigint attribute instead.
pub const HAMIRROR_GROUP_ATTRIBUTE_PAIR: i32 = 5;

/// Merges to what one index with all documents would answer, the default.
pub const HAMIRROR_MERGE_EXACT: i32 = 0;
/// Merges to what a master answers, to the number, so that results can be compared.
pub const HAMIRROR_MERGE_MASTER: i32 = 1;
/// Merges as EXACT does, and a document that several agents hold counts once in groups, too. Each
/// agent sends a row for every document that matches, up to 50,000; where there are more, the
/// result warns, and documents count for each agent.
pub const HAMIRROR_MERGE_UNIQUE: i32 = 2;

/// Groups documents: one row a group, by `attributes_len` attributes in UTF-8. `function` is
/// HAMIRROR_GROUP_*; all but ATTRIBUTE take one attribute. An earlier grouping of the search goes,
/// with all that was set of it.
///
/// Aggregates are entries of the select list, such as "count(*) c, avg(price) a". Each row also
/// has the columns "@groupby" and "@count". The errors are those of hamirror_search_select().
///
///     const char *attribute = "published";
///     hamirror_search_select(search, "count(*) c", &error);
///     hamirror_search_group_by(search, HAMIRROR_GROUP_YEAR, &attribute, 1, &error);
///     hamirror_search_group_order(search, "@count desc", &error);
///     hamirror_search_filter_bound(search, HAMIRROR_FILTER_KEEP_GROUPS, "c",
///                                  HAMIRROR_BOUND_ABOVE, 9, &error);
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_group_by(
    search: *mut Search,
    function: i32,
    attributes: *const *const c_char,
    attributes_len: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let (name, item) = ("attributes", "an attribute of attributes");
        let names = arguments::texts(attributes, attributes_len, name, item)?;
        let by = group_by(function, names.into_iter().map(str::to_owned).collect())?;
        change(search, |search| search.group(Grouping::new(by)))
    })
}

/// Sets the order of groups, such as "@count desc, price asc"; "@group desc" unless set. UTF-8.
/// HAMIRROR_ERROR_MISUSE if the search is not grouped; otherwise the errors are those of
/// hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_group_order(
    search: *mut Search,
    clause: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let clause = arguments::text(clause, "clause")?;
        change_group(search, |group| group.order(clause))
    })
}

/// Sets the order of documents within a group, whose first is its row; that of
/// hamirror_search_sort() unless set. UTF-8. The errors are those of
/// hamirror_search_group_order().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_group_within(
    search: *mut Search,
    clause: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let clause = arguments::text(clause, "clause")?;
        change_group(search, |group| group.within(clause))
    })
}

/// Counts the different values of an attribute as "@distinct", as "count(distinct attribute)" in
/// the select list does, too. UTF-8. The errors are those of hamirror_search_group_order().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_group_distinct(
    search: *mut Search,
    attribute: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let attribute = arguments::text(attribute, "attribute")?;
        change_group(search, |group| group.count_distinct(attribute))
    })
}

/// Sets the rows of a group: its first so many documents, 1 unless set. The errors are those of
/// hamirror_search_group_order().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_group_rows(
    search: *mut Search,
    rows: u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { change_group(search, |group| group.rows_per_group(rows)) })
}

/// Encloses the search in another. Of its rows or groups, `limit` are returned from `offset` on,
/// in the order of an extended sort clause in UTF-8. The errors are those of
/// hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_outer(
    search: *mut Search,
    order: *const c_char,
    offset: u32,
    limit: u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let order = arguments::text(order, "order")?;
        change(search, |search| search.outer(order, offset, limit))
    })
}

/// Sets whose answer the merge gives where masters are not right: HAMIRROR_MERGE_*. The errors
/// are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_merge_mode(
    search: *mut Search,
    merge_mode: i32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let mode = match merge_mode {
            HAMIRROR_MERGE_EXACT => MergeMode::Exact,
            HAMIRROR_MERGE_MASTER => MergeMode::Master,
            HAMIRROR_MERGE_UNIQUE => MergeMode::Unique,
            other => return Err(Failed::number("merge_mode", other)),
        };
        change(search, |search| search.merge_mode(mode))
    })
}

fn group_by(function: i32, names: Vec<String>) -> Result<GroupBy, Failed> {
    let group_by_one: fn(String) -> GroupBy = match function {
        HAMIRROR_GROUP_ATTRIBUTE => return Ok(GroupBy::Attributes(names)),
        HAMIRROR_GROUP_DAY => GroupBy::Day,
        HAMIRROR_GROUP_WEEK => GroupBy::Week,
        HAMIRROR_GROUP_MONTH => GroupBy::Month,
        HAMIRROR_GROUP_YEAR => GroupBy::Year,
        HAMIRROR_GROUP_ATTRIBUTE_PAIR => GroupBy::AttributePair,
        other => return Err(Failed::number("function", other)),
    };
    let [name] = <[String; 1]>::try_from(names).map_err(|names| {
        let count = names.len();
        Failed::argument(format!("attributes_len {count}: function {function} takes 1"))
    })?;
    Ok(group_by_one(name))
}
