//! Strings of JSON as daemons print them, or so that their values are kept.

use super::value::Dialect;
use crate::manticore_29;

/// By whose rules a value is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As JSON that keeps the value, with all digits of numbers.
    Exact,
    Sphinx,
    Manticore,
}

impl Style {
    pub(super) fn of_daemon(dialect: Dialect) -> Style {
        match dialect {
            Dialect::Sphinx => Style::Sphinx,
            Dialect::Manticore => Style::Manticore,
        }
    }
}

/// A quoted string with the escapes that daemons write.
pub(super) fn quote(text: &[u8], style: Style, out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        if style != Style::Sphinx && manticore_29::put_json_byte(byte, out) {
            continue;
        }
        let escaped = match byte {
            b'"' | b'\\' | b'/' => byte,
            0x08 => b'b',
            0x0c => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            _ => {
                out.push(byte);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', escaped]);
    }
    out.push(b'"');
}
