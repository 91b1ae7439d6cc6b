//! What to search for.
//!
//!     code = hamirror_search_new("library", &search, &error);
//!     if (code == HAMIRROR_OK)
//!         code = hamirror_search_sort(search, HAMIRROR_SORT_DESCENDING, "size", &error);
//!     if (code == HAMIRROR_OK)
//!         code = hamirror_search_window(search, 0, 50, &error);

use std::ffi::c_char;
use std::mem;

use hamirror_core::Search as CoreSearch;
use hamirror_core::search::{Grouping, MatchMode, Ranker, Sort};

use crate::arguments;
use crate::code::HAMIRROR_ERROR_MISUSE;
use crate::error::Error;
use crate::failed::Failed;
use crate::handle::{self, Exclusive, Handle, Owned, need};
use crate::panic::{fallible, getter};

/// By weight, best first.
pub const HAMIRROR_SORT_RELEVANCE: i32 = 0;
/// By the attribute, highest first.
pub const HAMIRROR_SORT_DESCENDING: i32 = 1;
/// By the attribute, lowest first.
pub const HAMIRROR_SORT_ASCENDING: i32 = 2;
/// By age in steps (hour, day, week, month, three months, older) of the timestamp attribute.
pub const HAMIRROR_SORT_TIME_SEGMENTS: i32 = 3;
/// By up to five keys, such as "price asc, @weight desc".
pub const HAMIRROR_SORT_EXTENDED: i32 = 4;
/// By the value of the expression, highest first.
pub const HAMIRROR_SORT_EXPRESSION: i32 = 5;

/// Phrase proximity and BM25.
pub const HAMIRROR_RANKER_PROXIMITY_BM25: i32 = 0;
/// BM25 only.
pub const HAMIRROR_RANKER_BM25: i32 = 1;
/// Every match weighs 1.
pub const HAMIRROR_RANKER_NONE: i32 = 2;
/// Number of hits.
pub const HAMIRROR_RANKER_WORDCOUNT: i32 = 3;
/// Phrase proximity only.
pub const HAMIRROR_RANKER_PROXIMITY: i32 = 4;
/// As match mode "any" weighs.
pub const HAMIRROR_RANKER_MATCHANY: i32 = 5;
/// A bit for each field that matched.
pub const HAMIRROR_RANKER_FIELDMASK: i32 = 6;
/// Proximity and BM25 with more for exact and leading hits.
pub const HAMIRROR_RANKER_SPH04: i32 = 7;
/// By the expression.
pub const HAMIRROR_RANKER_EXPRESSION: i32 = 8;
/// By the expression; the factors are kept for the select list.
pub const HAMIRROR_RANKER_EXPORT: i32 = 9;

/// All words.
pub const HAMIRROR_MATCH_ALL: i32 = 0;
/// Any word.
pub const HAMIRROR_MATCH_ANY: i32 = 1;
/// A phrase.
pub const HAMIRROR_MATCH_PHRASE: i32 = 2;
/// Words with `&`, `|`, `-` and brackets.
pub const HAMIRROR_MATCH_BOOLEAN: i32 = 3;
/// The extended language, old engine.
pub const HAMIRROR_MATCH_EXTENDED: i32 = 4;
/// The text is passed over.
pub const HAMIRROR_MATCH_FULLSCAN: i32 = 5;
/// The extended language, the default.
pub const HAMIRROR_MATCH_EXTENDED2: i32 = 6;

/// A search: full-text query, select list, filters, order, window. One thread at a time may change
/// it; unchanged, any number of threads may search with it. Calls that are under way have their
/// own copy. End it with hamirror_search_free().
///
/// What a daemon would refuse is told when the search is asked, not when it is set.
pub struct Search {
    _private: [u8; 0],
}

impl Handle for Search {
    type Rust = Exclusive<SearchSlot>;
    type Ownership = Owned;
}

/// The search, which is not there while one of its by-value builders runs.
pub(crate) struct SearchSlot(Option<CoreSearch>);

impl SearchSlot {
    pub(crate) fn get(&self) -> Result<&CoreSearch, Failed> {
        self.0.as_ref().ok_or_else(|| Failed::panicked("the search is gone"))
    }
}

/// # Safety
///
/// `search` is NULL or live.
pub(crate) unsafe fn change(
    search: *mut Search,
    change: impl FnOnce(CoreSearch) -> CoreSearch,
) -> Result<(), Failed> {
    // SAFETY: the caller's promise.
    let mut slot = unsafe { need(search.cast_const(), "search") }?.write("search")?;
    slot.get()?;
    let changed = mem::take(&mut slot.0).map(change);
    slot.0 = changed;
    Ok(())
}

/// Changes what was set of the groups.
///
/// # Safety
///
/// `search` is NULL or live.
pub(crate) unsafe fn change_group(
    search: *mut Search,
    change: impl FnOnce(Grouping) -> Grouping,
) -> Result<(), Failed> {
    // SAFETY: the caller's promise.
    let mut slot = unsafe { need(search.cast_const(), "search") }?.write("search")?;
    let Some(group) = slot.get()?.grouping().cloned() else {
        let text = "the search is not grouped: call hamirror_search_group_by() first";
        return Err(Failed::new(HAMIRROR_ERROR_MISUSE, text));
    };
    let changed = mem::take(&mut slot.0).map(|search| search.group(change(group)));
    slot.0 = changed;
    Ok(())
}

/// A search for a full-text query; an empty one matches every document.
///
/// `text` is NUL-terminated, in the encoding of the index. The defaults: select list `*`, no
/// filter, by relevance, rows 0 to 19, 1000 max_matches, ranker PROXIMITY_BM25, match mode
/// EXTENDED2. HAMIRROR_ERROR_ARGUMENT for NULL, and nothing else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_new(
    text: *const c_char,
    out_search: *mut *mut Search,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_search = arguments::out_handle(out_search, "out_search")?;
        let search = CoreSearch::new(arguments::bytes(text, "text")?);
        out_search.write(handle::new(Exclusive::new(SearchSlot(Some(search)))));
        Ok(())
    })
}

/// A copy of a search. HAMIRROR_ERROR_REENTRANT while it is being changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_clone(
    search: *const Search,
    out_search: *mut *mut Search,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_search = arguments::out_handle(out_search, "out_search")?;
        let search = need(search, "search")?.read("search")?.get()?.clone();
        out_search.write(handle::new(Exclusive::new(SearchSlot(Some(search)))));
        Ok(())
    })
}

/// Sets the columns, such as "gid, price*2 AS double_price"; NUL-terminated.
/// HAMIRROR_ERROR_ARGUMENT, and HAMIRROR_ERROR_REENTRANT while another thread changes or asks the
/// search: so do all functions that change it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_select(
    search: *mut Search,
    list: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let list = arguments::bytes(list, "list")?;
        change(search, |search| search.select(list))
    })
}

/// Sets the order: HAMIRROR_SORT_* and its attribute, keys or expression in UTF-8, which may be
/// NULL for HAMIRROR_SORT_RELEVANCE. Ties go to the lower document id.
///
/// The errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_sort(
    search: *mut Search,
    sort: i32,
    clause: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let clause = || arguments::text(clause, "clause").map(str::to_owned);
        let sort = match sort {
            HAMIRROR_SORT_RELEVANCE => Sort::Relevance,
            HAMIRROR_SORT_DESCENDING => Sort::Descending(clause()?),
            HAMIRROR_SORT_ASCENDING => Sort::Ascending(clause()?),
            HAMIRROR_SORT_TIME_SEGMENTS => Sort::TimeSegments(clause()?),
            HAMIRROR_SORT_EXTENDED => Sort::Extended(clause()?),
            HAMIRROR_SORT_EXPRESSION => Sort::Expression(clause()?),
            other => return Err(Failed::number("sort", other)),
        };
        change(search, |search| search.sort(sort))
    })
}

/// Sets which rows of the merged result to return: `limit` of them after the first `offset`. The
/// errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_window(
    search: *mut Search,
    offset: u32,
    limit: u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { change(search, |search| search.offset(offset).limit(limit)) })
}

/// Sets how many best rows each agent sends and the merge keeps. The errors are those of
/// hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_max_matches(
    search: *mut Search,
    max_matches: u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { change(search, |search| search.max_matches(max_matches)) })
}

/// Sets after how many matches an agent stops looking; 0 is no end. The errors are those of
/// hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_cutoff(
    search: *mut Search,
    cutoff: u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { change(search, |search| search.cutoff(cutoff)) })
}

/// Sets after how many milliseconds an agent stops looking and answers with what it has; 0 is no
/// end.
///
/// The errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_max_query_time(
    search: *mut Search,
    time_ms: u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { change(search, |search| search.max_query_time_ms(time_ms)) })
}

/// Sets how matches are weighed: HAMIRROR_RANKER_* and for EXPRESSION and EXPORT the expression
/// in UTF-8, NULL otherwise.
///
/// The errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_ranker(
    search: *mut Search,
    ranker: i32,
    expression: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let expression = || arguments::text(expression, "expression").map(str::to_owned);
        let ranker = match ranker {
            HAMIRROR_RANKER_PROXIMITY_BM25 => Ranker::ProximityBm25,
            HAMIRROR_RANKER_BM25 => Ranker::Bm25,
            HAMIRROR_RANKER_NONE => Ranker::None,
            HAMIRROR_RANKER_WORDCOUNT => Ranker::WordCount,
            HAMIRROR_RANKER_PROXIMITY => Ranker::Proximity,
            HAMIRROR_RANKER_MATCHANY => Ranker::MatchAny,
            HAMIRROR_RANKER_FIELDMASK => Ranker::FieldMask,
            HAMIRROR_RANKER_SPH04 => Ranker::Sph04,
            HAMIRROR_RANKER_EXPRESSION => Ranker::Expression(expression()?),
            HAMIRROR_RANKER_EXPORT => Ranker::Export(expression()?),
            other => return Err(Failed::number("ranker", other)),
        };
        change(search, |search| search.ranker(ranker))
    })
}

/// Sets how the query text is read: HAMIRROR_MATCH_*. The errors are those of
/// hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_match_mode(
    search: *mut Search,
    match_mode: i32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let match_mode = match match_mode {
            HAMIRROR_MATCH_ALL => MatchMode::All,
            HAMIRROR_MATCH_ANY => MatchMode::Any,
            HAMIRROR_MATCH_PHRASE => MatchMode::Phrase,
            HAMIRROR_MATCH_BOOLEAN => MatchMode::Boolean,
            HAMIRROR_MATCH_EXTENDED => MatchMode::Extended,
            HAMIRROR_MATCH_FULLSCAN => MatchMode::FullScan,
            HAMIRROR_MATCH_EXTENDED2 => MatchMode::Extended2,
            other => return Err(Failed::number("match_mode", other)),
        };
        change(search, |search| search.match_mode(match_mode))
    })
}

/// Sets the weight of a full-text field, which is 1 otherwise. The errors are those of
/// hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_field_weight(
    search: *mut Search,
    field: *const c_char,
    weight: i32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let field = arguments::bytes(field, "field")?;
        change(search, |search| search.field_weight(field, weight))
    })
}

/// Sets the weight of an index: the distributed one, or one on the agents; "*" is every index. The
/// errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_index_weight(
    search: *mut Search,
    index: *const c_char,
    weight: i32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let index = arguments::bytes(index, "index")?;
        change(search, |search| search.index_weight(index, weight))
    })
}

/// Sets a text for the agents' query logs. The errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_comment(
    search: *mut Search,
    comment: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let comment = arguments::bytes(comment, "comment")?;
        change(search, |search| search.comment(comment))
    })
}

/// Ends a search; calls that were started with it go on. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_free(search: *mut Search) {
    getter!({
        handle::free(search);
        None
    })
}
