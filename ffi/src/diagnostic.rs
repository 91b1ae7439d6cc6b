//! Faults and oddities of a configuration.

use hamirror_core::config::{Diagnostic as CoreDiagnostic, DiagnosticKind};

use crate::failed::Told;
use crate::handle::{Borrowed, Handle, get};
use crate::panic::getter;
use crate::text::Text;

/// A fault, for which the configuration or the statement is refused.
pub const HAMIRROR_DIAGNOSTIC_FAULT: i32 = 1;
/// An oddity that stops nothing by itself. An error lists it beside its faults where they may
/// follow from it.
pub const HAMIRROR_DIAGNOSTIC_WARNING: i32 = 2;

/// One fault or oddity of a configuration, with its place. Part of a hamirror_error (a fault) or
/// a hamirror_config (a warning), and lives until that is freed; it never changes.
pub struct Diagnostic {
    _private: [u8; 0],
}

impl Handle for Diagnostic {
    type Rust = Told<CoreDiagnostic>;
    type Ownership = Borrowed;
}

/// All of it in one line: `FILE:LINE:COLUMN: 'TEXT': EXPECTED`. It lives as long as the
/// diagnostic.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_diagnostic_message(diagnostic: *const Diagnostic) -> Text {
    getter!({ Some(Text::from(get(diagnostic)?.message.as_str())) })
}

/// The file, the name that the caller gave the text, or the builder's call. It lives as long as
/// the diagnostic.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_diagnostic_file(diagnostic: *const Diagnostic) -> Text {
    getter!({ Some(Text::from(get(diagnostic)?.value.file.as_str())) })
}

/// Line from 1; 0 where a program set the value, or where the whole file is meant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_diagnostic_line(diagnostic: *const Diagnostic) -> u32 {
    getter!({ Some(get(diagnostic)?.value.line) })
}

/// Column in characters from 1; 0 where the whole file is meant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_diagnostic_column(diagnostic: *const Diagnostic) -> u32 {
    getter!({ Some(get(diagnostic)?.value.column) })
}

/// The offending text. It lives as long as the diagnostic.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_diagnostic_text(diagnostic: *const Diagnostic) -> Text {
    getter!({ Some(Text::from(get(diagnostic)?.value.text.as_str())) })
}

/// What was expected there; of a warning, what is done instead. It lives as long as the
/// diagnostic.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_diagnostic_expected(diagnostic: *const Diagnostic) -> Text {
    getter!({ Some(Text::from(get(diagnostic)?.value.expected.as_str())) })
}

/// Kind of a diagnostic, HAMIRROR_DIAGNOSTIC_*; 0 for NULL, and for a kind that this header does
/// not know.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_diagnostic_kind(diagnostic: *const Diagnostic) -> i32 {
    getter!({
        Some(match get(diagnostic)?.value.kind {
            DiagnosticKind::Fault => HAMIRROR_DIAGNOSTIC_FAULT,
            DiagnosticKind::Warning => HAMIRROR_DIAGNOSTIC_WARNING,
            _ => 0,
        })
    })
}
