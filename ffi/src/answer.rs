//! What statements are answered.

use std::ffi::c_char;

use hamirror_core::{AgentFailure, Answer as CoreAnswer, Value};

use crate::arguments::{copy_out, out};
use crate::code::HAMIRROR_ERROR_TYPE;
use crate::error::Error;
use crate::failed::{Failed, Told};
use crate::failure::Failure;
use crate::handle::{self, Borrowed, Handle, Owned, get, need, view};
use crate::outcome::Outcome;
use crate::panic::{fallible, getter};
use crate::result::UNKNOWN_SHARE;
use crate::text::Text;
use crate::value::{check_place, int64, real, type_of, uint64};

/// Answers of one or several statements, each a hamirror_answer. They never change, so any number
/// of threads may read them. End them with hamirror_answers_free().
pub struct Answers {
    _private: [u8; 0],
}

impl Handle for Answers {
    type Rust = Vec<AnswerDetail>;
    type Ownership = Owned;
}

/// The answer to a statement: columns and rows. It lives until its hamirror_answers are freed.
/// Numbers of rows and columns start at 0.
pub struct Answer {
    _private: [u8; 0],
}

impl Handle for Answer {
    type Rust = AnswerDetail;
    type Ownership = Borrowed;
}

/// What a pointer to [`Answer`] points to.
pub(crate) struct AnswerDetail {
    answer: CoreAnswer,
    failures: Vec<Told<AgentFailure>>,
}

impl AnswerDetail {
    pub(crate) fn of_all(answers: Vec<CoreAnswer>) -> Vec<AnswerDetail> {
        let detail = |answer: CoreAnswer| AnswerDetail {
            failures: answer.failures().iter().cloned().map(Told::from).collect(),
            answer,
        };
        answers.into_iter().map(detail).collect()
    }
}

/// Number of answers: one a statement, and one for each FACET behind that of its SELECT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answers_count(answers: *const Answers) -> usize {
    getter!({ Some(get(answers)?.len()) })
}

/// The answer of that number from 0; NULL if there is none. It lives until the answers are freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answers_get(
    answers: *const Answers,
    number: usize,
) -> *const Answer {
    getter!({ Some(view(get(answers)?.get(number)?)) })
}

/// Ends answers and what was borrowed from them. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answers_free(answers: *mut Answers) {
    getter!({
        handle::free(answers);
        None
    })
}

/// Number of rows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_row_count(answer: *const Answer) -> usize {
    getter!({ Some(get(answer)?.answer.len()) })
}

/// Number of columns of every row.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_column_count(answer: *const Answer) -> usize {
    getter!({ Some(get(answer)?.answer.columns.len()) })
}

/// Name of a column, as a master gives it; empty if there is none. It lives until the answers are
/// freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_column_name(
    answer: *const Answer,
    column: usize,
) -> Text {
    getter!({ Some(Text::from(get(answer)?.answer.columns.get(column)?.name.as_str())) })
}

/// Type of a column, HAMIRROR_KIND_*; 0 if there is none. What the library tells of itself is
/// HAMIRROR_KIND_STRING.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_column_kind(answer: *const Answer, column: usize) -> i32 {
    getter!({
        let kind = get(answer)?.answer.columns.get(column)?.kind;
        Some(i32::try_from(kind.code()).unwrap_or(0))
    })
}

/// Rows of a search that offset and limit chose from; 0 for what the library tells of itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_total(answer: *const Answer) -> u64 {
    getter!({ Some(get(answer)?.answer.result()?.total) })
}

/// Matching documents of a search, or documents that a statement changed, of each agent once; 0
/// for what the library tells of itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_total_found(answer: *const Answer) -> u64 {
    getter!({ get(answer)?.answer.total_found() })
}

/// Everything that went wrong without ending the statement, for a change a line for each mirror
/// that may lack it; empty if there is nothing. It lives until the answers are freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_warning(answer: *const Answer) -> Text {
    getter!({ Some(Text::from(get(answer)?.answer.warning()?)) })
}

/// Agents that were asked; 0 for what the library tells of itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_agents(answer: *const Answer) -> usize {
    getter!({ Some(get(answer)?.answer.agents()) })
}

/// Agents that answered in full; for a change with each of their mirrors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_agents_answered(answer: *const Answer) -> usize {
    getter!({ Some(get(answer)?.answer.agents_answered()) })
}

/// Number of failures: one for each agent that did not answer, or not in full, and for a change
/// one for each mirror.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_failure_count(answer: *const Answer) -> usize {
    getter!({ Some(get(answer)?.failures.len()) })
}

/// The failure of that number from 0; NULL if there is none. It lives until the answers are freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_failure(
    answer: *const Answer,
    number: usize,
) -> *const Failure {
    getter!({ Some(view(get(answer)?.failures.get(number)?)) })
}

/// Agents of a search that answered, while agents of their own did not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_agents_partial(answer: *const Answer) -> usize {
    getter!({ Some(get(answer)?.answer.result()?.coverage().partial) })
}

/// Share of the documents that were searched, as hamirror_result_documents_share() says; -1 for
/// what is no search.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_documents_share(answer: *const Answer) -> f64 {
    getter!({
        let result = get(answer).and_then(|detail| detail.answer.result());
        let share = result.and_then(|result| result.coverage().documents);
        Some(share.unwrap_or(UNKNOWN_SHARE))
    })
}

/// Number of outcomes of a search, as hamirror_result_outcome_count() says; 0 for what is no
/// search.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_outcome_count(answer: *const Answer) -> usize {
    getter!({ Some(get(answer)?.answer.result()?.outcomes.len()) })
}

/// The outcome of that number from 0; NULL if there is none. It lives until the answers are freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_outcome(
    answer: *const Answer,
    number: usize,
) -> *const Outcome {
    getter!({ Some(view(get(answer)?.answer.result()?.outcomes.get(number)?)) })
}

/// Type of a value, HAMIRROR_TYPE_*. HAMIRROR_TYPE_NULL also if there is no such row or column; -1
/// for a type that this header does not know.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_value_type(
    answer: *const Answer,
    row: usize,
    column: usize,
) -> i32 {
    getter!({ Some(type_of(&get(answer)?.answer.value(row, column))) })
}

/// A value of type UINT, BOOL or BIGINT, or one of type UINT64 that fits.
///
/// HAMIRROR_ERROR_UNKNOWN if there is no such row or column, HAMIRROR_ERROR_TYPE for any other
/// type; so do all getters of values of an answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_int64(
    answer: *const Answer,
    row: usize,
    column: usize,
    out_value: *mut i64,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_value = out(out_value, "out_value")?;
        out_value.write(int64(value(answer, row, column)?)?);
        Ok(())
    })
}

/// A value of type UINT, BOOL or UINT64. The errors are those of hamirror_answer_int64().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_uint64(
    answer: *const Answer,
    row: usize,
    column: usize,
    out_value: *mut u64,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_value = out(out_value, "out_value")?;
        out_value.write(uint64(value(answer, row, column)?)?);
        Ok(())
    })
}

/// A value of type FLOAT or DOUBLE. The errors are those of hamirror_answer_int64().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_double(
    answer: *const Answer,
    row: usize,
    column: usize,
    out_value: *mut f64,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_value = out(out_value, "out_value")?;
        out_value.write(real(value(answer, row, column)?)?);
        Ok(())
    })
}

/// A value of any type but NULL as a master writes it to a MySQL client: digits, floats with six
/// decimals, sets with commas, JSON.
///
/// Writes at most `capacity` bytes into `buffer`, without a NUL, and the whole length into
/// `out_len`: if that is more, call again with more room. `buffer` may be NULL if `capacity` is 0.
/// The errors are those of hamirror_answer_int64().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_answer_text(
    answer: *const Answer,
    row: usize,
    column: usize,
    buffer: *mut c_char,
    capacity: usize,
    out_len: *mut usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        value(answer, row, column)?;
        let text = need(answer, "answer")?.answer.text(row, column).ok_or_else(|| {
            Failed::new(HAMIRROR_ERROR_TYPE, "no value is no text: ask for its type".to_owned())
        })?;
        copy_out(text.into_iter(), buffer.cast::<u8>(), capacity, out_len)
    })
}

/// # Safety
///
/// `answer` is NULL, or live for as long as the value is used.
unsafe fn value<'a>(
    answer: *const Answer,
    row: usize,
    column: usize,
) -> Result<Value<'a>, Failed> {
    // SAFETY: the caller's promise.
    let answer = &unsafe { need(answer, "answer") }?.answer;
    check_place("answer", [row, column], [answer.len(), answer.columns.len()])?;
    Ok(answer.value(row, column))
}
