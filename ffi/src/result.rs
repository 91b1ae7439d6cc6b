//! The merged answer to a search.
//!
//!     for (size_t row = 0; row < hamirror_result_row_count(result); row++)
//!         printf("%" PRIu64 " %" PRId32 "\n", hamirror_result_id(result, row),
//!                hamirror_result_weight(result, row));
//!     hamirror_result_free(result);

use std::ffi::c_char;

use hamirror_core::search::{Column, Word};
use hamirror_core::{AgentFailure, SearchResult as CoreResult};

use crate::arguments;
use crate::code::HAMIRROR_ERROR_UNKNOWN;
use crate::error::Error;
use crate::failed::Failed;
use crate::failed::Told;
use crate::failure::Failure;
use crate::handle::{self, Handle, Owned, get, need, view};
use crate::outcome::Outcome;
use crate::panic::{fallible, getter};
use crate::text::Text;

/// Unsigned 32 bits.
pub const HAMIRROR_KIND_UINT: i32 = 1;
/// Seconds since 1970.
pub const HAMIRROR_KIND_TIMESTAMP: i32 = 2;
/// True or false.
pub const HAMIRROR_KIND_BOOL: i32 = 4;
/// 32 bits.
pub const HAMIRROR_KIND_FLOAT: i32 = 5;
/// Signed 64 bits.
pub const HAMIRROR_KIND_BIGINT: i32 = 6;
/// Bytes.
pub const HAMIRROR_KIND_STRING: i32 = 7;
/// Bytes that a daemon computed.
pub const HAMIRROR_KIND_COMPUTED_STRING: i32 = 10;
/// Length of a field in tokens.
pub const HAMIRROR_KIND_TOKEN_COUNT: i32 = 11;
/// A JSON document.
pub const HAMIRROR_KIND_JSON: i32 = 12;
/// 64 bits, Manticore.
pub const HAMIRROR_KIND_DOUBLE: i32 = 13;
/// Unsigned 64 bits, Manticore.
pub const HAMIRROR_KIND_UINT64: i32 = 14;
/// Floats, Manticore.
pub const HAMIRROR_KIND_FLOAT_VECTOR: i32 = 15;
/// Ranking factors, a binary blob.
pub const HAMIRROR_KIND_FACTORS: i32 = 1001;
/// A value inside a JSON document.
pub const HAMIRROR_KIND_JSON_FIELD: i32 = 1002;
/// Ranking factors that were asked for as JSON: a binary blob, too.
pub const HAMIRROR_KIND_FACTORS_JSON: i32 = 1003;
/// A set of unsigned 32 bits each.
pub const HAMIRROR_KIND_MULTI: i32 = 0x4000_0001;
/// A set of signed 64 bits each.
pub const HAMIRROR_KIND_MULTI64: i32 = 0x4000_0002;

/// A merged search result. It never changes, so any number of threads may read it. End it with
/// hamirror_result_free(). Numbers of rows and columns start at 0.
pub struct SearchResult {
    _private: [u8; 0],
}

impl Handle for SearchResult {
    type Rust = ResultDetail;
    type Ownership = Owned;
}

/// What a pointer to [`SearchResult`] points to.
pub(crate) struct ResultDetail {
    pub(crate) result: CoreResult,
    failures: Vec<Told<AgentFailure>>,
}

impl From<CoreResult> for ResultDetail {
    fn from(result: CoreResult) -> ResultDetail {
        let failures = result.failures.iter().cloned().map(Told::from).collect();
        ResultDetail { result, failures }
    }
}

impl ResultDetail {
    fn column(&self, number: usize) -> Option<&Column> {
        self.result.columns().get(number)
    }

    fn word(&self, number: usize) -> Option<&Word> {
        self.result.words.get(number)
    }
}

/// Rows that offset and limit chose from: at most max_matches.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_total(result: *const SearchResult) -> u64 {
    getter!({ Some(get(result)?.result.total) })
}

/// Matching documents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_total_found(result: *const SearchResult) -> u64 {
    getter!({ Some(get(result)?.result.total_found) })
}

/// Sum of the times that the agents took, in milliseconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_time_ms(result: *const SearchResult) -> u64 {
    getter!({ Some(get(result)?.result.time_ms) })
}

/// Agents that were asked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_agents(result: *const SearchResult) -> usize {
    getter!({ Some(get(result)?.result.agents) })
}

/// Agents that answered in full. If they are not all, the result is not complete, and
/// hamirror_result_failure() says why. An agent that is a master itself and warns of agents that
/// it could not get is not one of them, though its rows are here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_agents_answered(result: *const SearchResult) -> usize {
    getter!({ Some(get(result)?.result.agents_answered) })
}

/// Everything that went wrong without ending the search, as a master words it, and what the result
/// lacks. That is columns that not all agents have, rows beyond max_matches or a cutoff. Empty if
/// there is nothing. It lives until the result is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_warning(result: *const SearchResult) -> Text {
    getter!({ Some(Text::from(get(result)?.result.warning.as_deref()?)) })
}

/// Agents that failed or answered in part, each with a hamirror_failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_failure_count(result: *const SearchResult) -> usize {
    getter!({ Some(get(result)?.failures.len()) })
}

/// The failure of that number from 0; NULL if there is none. It lives until the result is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_failure(
    result: *const SearchResult,
    number: usize,
) -> *const Failure {
    getter!({ Some(view(get(result)?.failures.get(number)?)) })
}

/// Agents that answered, while agents of their own did not: hamirror_outcome_is_partial().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_agents_partial(result: *const SearchResult) -> usize {
    getter!({ Some(get(result)?.result.coverage().partial) })
}

/// Share of the documents that were searched, from 0 to 1. -1 if it is not known: agents that do
/// not answer, or that a warning says were cut short, do not say how many they hold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_documents_share(result: *const SearchResult) -> f64 {
    getter!({
        let share = get(result).and_then(|detail| detail.result.coverage().documents);
        Some(share.unwrap_or(UNKNOWN_SHARE))
    })
}

/// Number of outcomes: of each agent and local index, the local ones first, then the agents in
/// order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_outcome_count(result: *const SearchResult) -> usize {
    getter!({ Some(get(result)?.result.outcomes.len()) })
}

/// The outcome of that number from 0; NULL if there is none. It lives until the result is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_outcome(
    result: *const SearchResult,
    number: usize,
) -> *const Outcome {
    getter!({ Some(view(get(result)?.result.outcomes.get(number)?)) })
}

/// Words of the query with their statistics.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_word_count(result: *const SearchResult) -> usize {
    getter!({ Some(get(result)?.result.words.len()) })
}

/// The word of that number from 0, as the daemons looked it up; empty if there is none. It lives
/// until the result is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_word(result: *const SearchResult, number: usize) -> Text {
    getter!({ Some(Text::from(get(result)?.word(number)?.word.as_str())) })
}

/// Documents that have the word of that number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_word_docs(
    result: *const SearchResult,
    number: usize,
) -> u64 {
    getter!({ Some(get(result)?.word(number)?.docs) })
}

/// Number of times that the documents have the word of that number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_word_hits(
    result: *const SearchResult,
    number: usize,
) -> u64 {
    getter!({ Some(get(result)?.word(number)?.hits) })
}

/// Full-text fields.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_field_count(result: *const SearchResult) -> usize {
    getter!({ Some(get(result)?.result.fields.len()) })
}

/// The full-text field of that number from 0; empty if there is none. It lives until the result
/// is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_field(
    result: *const SearchResult,
    number: usize,
) -> Text {
    getter!({ Some(Text::from(get(result)?.result.fields.get(number)?.as_str())) })
}

/// Columns of every row: what the select list asks for, in its order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_column_count(result: *const SearchResult) -> usize {
    getter!({ Some(get(result)?.result.columns().len()) })
}

/// Name of a column, its alias or expression; empty if there is none. It lives until the result
/// is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_column_name(
    result: *const SearchResult,
    column: usize,
) -> Text {
    getter!({ Some(Text::from(get(result)?.column(column)?.name.as_str())) })
}

/// Type of a column, HAMIRROR_KIND_*; 0 if there is none. A value may be null nevertheless.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_column_kind(
    result: *const SearchResult,
    column: usize,
) -> i32 {
    getter!({ i32::try_from(get(result)?.column(column)?.kind.code()).ok() })
}

/// Finds the first column of a name, which is NUL-terminated UTF-8. HAMIRROR_ERROR_UNKNOWN if
/// there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_find_column(
    result: *const SearchResult,
    name: *const c_char,
    out_column: *mut usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_column = arguments::out(out_column, "out_column")?;
        let result = need(result, "result")?;
        let name = arguments::text(name, "name")?;
        let column = result.result.column(name).ok_or_else(|| {
            Failed::new(HAMIRROR_ERROR_UNKNOWN, format!("no column '{name}' in the result"))
        })?;
        out_column.write(column);
        Ok(())
    })
}

/// Rows of the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_row_count(result: *const SearchResult) -> usize {
    getter!({ Some(get(result)?.result.len()) })
}

/// Document id of a row; 0 if there is no such row.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_id(result: *const SearchResult, row: usize) -> u64 {
    getter!({ Some(get(result)?.result.row(row)?.id()) })
}

/// Weight of a row; 0 if there is no such row.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_weight(result: *const SearchResult, row: usize) -> i32 {
    getter!({ Some(get(result)?.result.row(row)?.weight()) })
}

/// Ends a result and everything that was borrowed from it. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_free(result: *mut SearchResult) {
    getter!({
        handle::free(result);
        None
    })
}

/// What C gets for a share of the documents that is not known.
pub(crate) const UNKNOWN_SHARE: f64 = -1.0;

#[cfg(test)]
mod tests {
    use super::*;
    use hamirror_core::Kind;

    #[test]
    fn kinds_are_numbered_as_on_the_wire() {
        let kinds = [
            (HAMIRROR_KIND_UINT, Kind::Uint),
            (HAMIRROR_KIND_TIMESTAMP, Kind::Timestamp),
            (HAMIRROR_KIND_BOOL, Kind::Bool),
            (HAMIRROR_KIND_FLOAT, Kind::Float),
            (HAMIRROR_KIND_BIGINT, Kind::Bigint),
            (HAMIRROR_KIND_STRING, Kind::String),
            (HAMIRROR_KIND_COMPUTED_STRING, Kind::ComputedString),
            (HAMIRROR_KIND_TOKEN_COUNT, Kind::TokenCount),
            (HAMIRROR_KIND_JSON, Kind::Json),
            (HAMIRROR_KIND_DOUBLE, Kind::Double),
            (HAMIRROR_KIND_UINT64, Kind::Uint64),
            (HAMIRROR_KIND_FLOAT_VECTOR, Kind::FloatVector),
            (HAMIRROR_KIND_FACTORS, Kind::Factors),
            (HAMIRROR_KIND_JSON_FIELD, Kind::JsonField),
            (HAMIRROR_KIND_FACTORS_JSON, Kind::FactorsJson),
            (HAMIRROR_KIND_MULTI, Kind::Multi),
            (HAMIRROR_KIND_MULTI64, Kind::Multi64),
        ];
        for (number, kind) in kinds {
            assert_eq!(i64::from(number), i64::from(kind.code()), "{kind:?}");
        }
    }
}
