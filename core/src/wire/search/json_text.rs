//! Numbers and strings of JSON as daemons print them, or so that their values are kept.

use std::io::Write;

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

/// A number with the digits that tell it from its neighbours; JSON has no infinite ones.
pub(super) fn put_exact(value: f64, out: &mut Vec<u8>) -> Option<()> {
    if !value.is_finite() {
        return out.write_all(b"null").ok();
    }
    write!(out, "{value:?}").ok()
}

/// A number with six digits after the point. One whose text would have more than 32 characters has
/// six digits in all, as Manticore has it. Sphinx writes out hundreds of them.
pub(super) fn put_double(value: f64, out: &mut Vec<u8>) -> Option<()> {
    if !value.is_finite() || (-1e24..1e25).contains(&value) {
        return write!(out, "{value:.6}").ok();
    }
    let mut text = [0; DOUBLE_SIZE_MAX];
    let mut rest = text.as_mut_slice();
    write!(rest, "{value:.5e}").ok()?;
    let size = DOUBLE_SIZE_MAX - rest.len();
    let (digits, exponent) = text.split_at(text.iter().position(|byte| *byte == b'e')?);
    let zeros = digits.iter().rev().take_while(|byte| **byte == b'0').count();
    let digits = &digits[..digits.len() - zeros];
    out.extend_from_slice(digits.strip_suffix(b".").unwrap_or(digits));
    out.extend_from_slice(b"e+");
    out.extend_from_slice(&exponent[1..exponent.len() - (DOUBLE_SIZE_MAX - size)]);
    Some(())
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

/// Characters that a double takes at most.
pub(super) const DOUBLE_SIZE_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_take_no_more_than_32_characters() {
        let cases = [
            (0.5, "0.500000"),
            (-0.0, "-0.000000"),
            (1e24, "999999999999999983222784.000000"),
            (-1e24, "-999999999999999983222784.000000"),
            (-1.1e24, "-1.1e+24"),
            (9.9e24, "9900000000000000746586112.000000"),
            (1e25, "1e+25"),
            (1.234_567_8e300, "1.23457e+300"),
            (-f64::MAX, "-1.79769e+308"),
            (f64::MIN_POSITIVE, "0.000000"),
            (f64::INFINITY, "inf"),
        ];
        for (value, expected) in cases {
            let mut text = Vec::new();
            put_double(value, &mut text).expect("a text");
            assert_eq!(String::from_utf8(text).expect("ASCII"), expected);
        }
    }
}
