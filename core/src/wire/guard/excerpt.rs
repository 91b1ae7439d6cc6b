//! EXCERPT (core/docs/spec/protocol.md 3.5).

use super::walk::{Step, Walk, fault};
use crate::limits::EXCERPT_DOCUMENTS_MAX;

/// Words and documents must be there; other fields may be empty.
pub(super) fn check(walk: &mut Walk<'_>, version: u16) -> Step<()> {
    walk.u32("mode")?;
    walk.u32("flags")?;
    walk.string("index")?;
    walk.filled_string("words")?;
    walk.strings("before_match, after_match or chunk_separator", 3)?;
    walk.u32("limit")?;
    walk.u32("around")?;
    if version >= 0x102 {
        walk.u32("limit_passages")?;
        let limit_words = walk.i32("limit_words")?;
        if limit_words < 0 {
            return fault(format!("limit_words {limit_words} is negative: 0 is no limit"));
        }
        walk.u32("start_passage_id")?;
        walk.string("html_strip_mode")?;
    }
    if version >= 0x103 {
        walk.string("passage_boundary")?;
    }
    let count = walk.i32("document count")?;
    if !(1..=DOCUMENTS_MAX).contains(&count) {
        return fault(format!(
            "document count {count} is not in 1..{DOCUMENTS_MAX}: send so many a request"
        ));
    }
    for _ in 0..count {
        walk.filled_string("document")?;
    }
    Ok(())
}

const DOCUMENTS_MAX: i32 = EXCERPT_DOCUMENTS_MAX as i32;
