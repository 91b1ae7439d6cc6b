//! Options of excerpts: marks, sizes, switches.
//!
//!     code = hamirror_excerpt_options_new(&excerpt_options, &error);
//!     if (code == HAMIRROR_OK)
//!         code = hamirror_excerpt_options_limit(excerpt_options, 60, &error);
//!     if (code == HAMIRROR_OK)
//!         code = hamirror_excerpt_options_flag(excerpt_options, HAMIRROR_EXCERPT_QUERY_MODE, 1,
//!                                              &error);

use std::ffi::c_char;

use hamirror_core::command::{
    ExcerptFiles, ExcerptFlag, ExcerptOptions as CoreOptions, HtmlStrip, PassageBoundary,
};

use crate::arguments;
use crate::error::Error;
use crate::failed::Failed;
use crate::handle::{self, Exclusive, Handle, Owned, need};
use crate::panic::{fallible, getter};

/// Runs of blanks become one; on unless it is turned off.
pub const HAMIRROR_EXCERPT_REMOVE_SPACES: i32 = 1;
/// The words are one phrase; Manticore refuses it.
pub const HAMIRROR_EXCERPT_EXACT_PHRASE: i32 = 2;
/// The best passage alone.
pub const HAMIRROR_EXCERPT_SINGLE_PASSAGE: i32 = 3;
/// Passages end at phrase_boundary.
pub const HAMIRROR_EXCERPT_USE_BOUNDARIES: i32 = 4;
/// The best passages come first.
pub const HAMIRROR_EXCERPT_WEIGHT_ORDER: i32 = 5;
/// The words are a query with operators.
pub const HAMIRROR_EXCERPT_QUERY_MODE: i32 = 6;
/// Limits are exceeded rather than words left out.
pub const HAMIRROR_EXCERPT_FORCE_ALL_WORDS: i32 = 7;
/// A document without the words gives an empty excerpt, not its beginning.
pub const HAMIRROR_EXCERPT_ALLOW_EMPTY: i32 = 8;
/// Passages begin with their zones.
pub const HAMIRROR_EXCERPT_EMIT_ZONES: i32 = 9;

/// Markup is handled as the index says, the default.
pub const HAMIRROR_HTML_STRIP_INDEX: i32 = 0;
/// Markup is text like any other.
pub const HAMIRROR_HTML_STRIP_NONE: i32 = 1;
/// Markup is stripped.
pub const HAMIRROR_HTML_STRIP_STRIP: i32 = 2;
/// Markup stays, and whole documents are returned: only with a limit of 0.
pub const HAMIRROR_HTML_STRIP_RETAIN: i32 = 3;

/// Passages go beyond anything, the default.
pub const HAMIRROR_PASSAGE_BOUNDARY_NONE: i32 = 0;
/// No passage goes beyond a sentence.
pub const HAMIRROR_PASSAGE_BOUNDARY_SENTENCE: i32 = 1;
/// No passage goes beyond a paragraph.
pub const HAMIRROR_PASSAGE_BOUNDARY_PARAGRAPH: i32 = 2;
/// No passage goes beyond a zone.
pub const HAMIRROR_PASSAGE_BOUNDARY_ZONE: i32 = 3;

/// Documents are texts, and sent, the default.
pub const HAMIRROR_EXCERPT_FILES_NONE: i32 = 0;
/// Documents are names of files that every agent has.
pub const HAMIRROR_EXCERPT_FILES_EVERYWHERE: i32 = 1;
/// Documents are names of files that some agent has: all are asked. A file that no agent has gives
/// an empty excerpt.
pub const HAMIRROR_EXCERPT_FILES_SCATTERED: i32 = 2;

/// Marks, sizes and switches of excerpts. One thread at a time may change them; unchanged, any
/// number of threads may use them. End them with hamirror_excerpt_options_free().
pub struct ExcerptOptions {
    _private: [u8; 0],
}

impl Handle for ExcerptOptions {
    type Rust = Exclusive<CoreOptions>;
    type Ownership = Owned;
}

/// The options, the defaults for NULL.
///
/// # Safety
///
/// `options` is NULL or live.
pub(crate) unsafe fn read(options: *const ExcerptOptions) -> Result<CoreOptions, Failed> {
    // SAFETY: the caller's promise.
    match unsafe { handle::get(options) } {
        Some(options) => Ok(options.read("excerpt_options")?.clone()),
        None => Ok(CoreOptions::new()),
    }
}

/// # Safety
///
/// `options` is NULL or live.
unsafe fn change(
    options: *mut ExcerptOptions,
    set: impl FnOnce(CoreOptions) -> CoreOptions,
) -> Result<(), Failed> {
    // SAFETY: the caller's promise.
    let options = unsafe { need(options.cast_const(), "options") }?;
    let mut options = options.write("options")?;
    *options = set(std::mem::take(&mut *options));
    Ok(())
}

/// Options as the clients of searchd send them: marks in bold, 256 characters, 5 words around each
/// that was found. HAMIRROR_ERROR_ARGUMENT for NULL, and nothing else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpt_options_new(
    out_options: *mut *mut ExcerptOptions,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_options = arguments::out_handle(out_options, "out_options")?;
        out_options.write(handle::new(Exclusive::new(CoreOptions::new())));
        Ok(())
    })
}

/// Sets what stands before a word that was found; "<b>" unless set. UTF-8.
/// HAMIRROR_ERROR_ARGUMENT for NULL and for a text that is not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpt_options_before_match(
    options: *mut ExcerptOptions,
    mark: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let mark = arguments::text(mark, "mark")?;
        change(options, |options| options.before_match(mark))
    })
}

/// Sets what stands behind a word that was found; "</b>" unless set. UTF-8. The errors are those
/// of hamirror_excerpt_options_before_match().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpt_options_after_match(
    options: *mut ExcerptOptions,
    mark: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let mark = arguments::text(mark, "mark")?;
        change(options, |options| options.after_match(mark))
    })
}

/// Sets what stands between two passages; " ... " unless set. UTF-8. The errors are those of
/// hamirror_excerpt_options_before_match().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpt_options_chunk_separator(
    options: *mut ExcerptOptions,
    separator: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let separator = arguments::text(separator, "separator")?;
        change(options, |options| options.chunk_separator(separator))
    })
}

/// Sets the size of an excerpt in characters; 256 unless set, 0 is no limit.
/// HAMIRROR_ERROR_ARGUMENT for NULL, and nothing else: numbers that no daemon takes are refused
/// by hamirror_client_excerpts().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpt_options_limit(
    options: *mut ExcerptOptions,
    characters: u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { change(options, |options| options.limit(characters)) })
}

/// Sets the number of words on each side of one that was found; 5 unless set. The errors are those
/// of hamirror_excerpt_options_limit().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpt_options_around(
    options: *mut ExcerptOptions,
    words: u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { change(options, |options| options.around(words)) })
}

/// Sets the number of passages; 0, no limit, unless set. The errors are those of
/// hamirror_excerpt_options_limit().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpt_options_limit_passages(
    options: *mut ExcerptOptions,
    passages: u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { change(options, |options| options.limit_passages(passages)) })
}

/// Sets the number of words of an excerpt; 0, no limit, unless set. The errors are those of
/// hamirror_excerpt_options_limit().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpt_options_limit_words(
    options: *mut ExcerptOptions,
    words: u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { change(options, |options| options.limit_words(words)) })
}

/// Sets the number that %PASSAGE_ID% of the marks begins with; 1 unless set. The errors are those
/// of hamirror_excerpt_options_limit().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpt_options_start_passage_id(
    options: *mut ExcerptOptions,
    number: u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { change(options, |options| options.start_passage_id(number)) })
}

/// Sets what is done with markup: HAMIRROR_HTML_STRIP_*. HAMIRROR_ERROR_ARGUMENT for NULL and for
/// a number that is none of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpt_options_html_strip(
    options: *mut ExcerptOptions,
    html_strip: i32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let mode = match html_strip {
            HAMIRROR_HTML_STRIP_INDEX => HtmlStrip::Index,
            HAMIRROR_HTML_STRIP_NONE => HtmlStrip::None,
            HAMIRROR_HTML_STRIP_STRIP => HtmlStrip::Strip,
            HAMIRROR_HTML_STRIP_RETAIN => HtmlStrip::Retain,
            other => return Err(Failed::number("html_strip", other)),
        };
        change(options, |options| options.html_strip(mode))
    })
}

/// Sets what no passage goes beyond: HAMIRROR_PASSAGE_BOUNDARY_*. The errors are those of
/// hamirror_excerpt_options_html_strip().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpt_options_passage_boundary(
    options: *mut ExcerptOptions,
    passage_boundary: i32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let boundary = match passage_boundary {
            HAMIRROR_PASSAGE_BOUNDARY_NONE => PassageBoundary::None,
            HAMIRROR_PASSAGE_BOUNDARY_SENTENCE => PassageBoundary::Sentence,
            HAMIRROR_PASSAGE_BOUNDARY_PARAGRAPH => PassageBoundary::Paragraph,
            HAMIRROR_PASSAGE_BOUNDARY_ZONE => PassageBoundary::Zone,
            other => return Err(Failed::number("passage_boundary", other)),
        };
        change(options, |options| options.passage_boundary(boundary))
    })
}

/// Sets where documents are: HAMIRROR_EXCERPT_FILES_*. The errors are those of
/// hamirror_excerpt_options_html_strip().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpt_options_load_files(
    options: *mut ExcerptOptions,
    files: i32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let files = match files {
            HAMIRROR_EXCERPT_FILES_NONE => ExcerptFiles::None,
            HAMIRROR_EXCERPT_FILES_EVERYWHERE => ExcerptFiles::Everywhere,
            HAMIRROR_EXCERPT_FILES_SCATTERED => ExcerptFiles::Scattered,
            other => return Err(Failed::number("files", other)),
        };
        change(options, |options| options.load_files(files))
    })
}

/// Turns a switch on, HAMIRROR_EXCERPT_REMOVE_SPACES to HAMIRROR_EXCERPT_EMIT_ZONES, if `on` is
/// not 0, or off. The errors are those of hamirror_excerpt_options_html_strip().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpt_options_flag(
    options: *mut ExcerptOptions,
    flag: i32,
    on: i32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let flag = match flag {
            HAMIRROR_EXCERPT_REMOVE_SPACES => ExcerptFlag::RemoveSpaces,
            HAMIRROR_EXCERPT_EXACT_PHRASE => ExcerptFlag::ExactPhrase,
            HAMIRROR_EXCERPT_SINGLE_PASSAGE => ExcerptFlag::SinglePassage,
            HAMIRROR_EXCERPT_USE_BOUNDARIES => ExcerptFlag::UseBoundaries,
            HAMIRROR_EXCERPT_WEIGHT_ORDER => ExcerptFlag::WeightOrder,
            HAMIRROR_EXCERPT_QUERY_MODE => ExcerptFlag::QueryMode,
            HAMIRROR_EXCERPT_FORCE_ALL_WORDS => ExcerptFlag::ForceAllWords,
            HAMIRROR_EXCERPT_ALLOW_EMPTY => ExcerptFlag::AllowEmpty,
            HAMIRROR_EXCERPT_EMIT_ZONES => ExcerptFlag::EmitZones,
            other => return Err(Failed::number("flag", other)),
        };
        change(options, |options| options.flag(flag, on != 0))
    })
}

/// Ends options; excerpts under way have their own copy. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpt_options_free(options: *mut ExcerptOptions) {
    getter!({
        handle::free(options);
        None
    })
}
