//! The block of one query in the reply to a SEARCH, in the layout of the client's version
//! (core/docs/spec/protocol.md 4.4 and 4.5).

use crate::search::{Column, SearchResult};
use crate::session::value_text;
use crate::wire::Writer;
use crate::wire::search::{Kind, Value};

/// Writes the block of a query that has a result.
pub(super) fn put_result(result: &SearchResult, version: u16, out: &mut Vec<u8>) {
    match &result.warning {
        Some(warning) => {
            out.put_u32(WARNING);
            out.put_string(warning.as_bytes());
        }
        None => out.put_u32(OK),
    }
    put_schema(result, out);
    out.put_u32(clamped(result.len() as u64));
    out.put_u32(1);
    for row in result {
        out.put_u64(row.id());
        out.put_i32(row.weight());
        for (column, value) in row.values() {
            put_value(column, value, version, out);
        }
    }
    out.put_u32(clamped(result.total));
    out.put_u32(clamped(result.total_found));
    out.put_u32(clamped(result.time_ms));
    out.put_u32(clamped(result.words.len() as u64));
    for word in &result.words {
        out.put_string(word.word.as_bytes());
        out.put_u32(clamped(word.docs));
        out.put_u32(clamped(word.hits));
    }
}

/// Writes the block of a query that failed.
pub(super) fn put_error(text: &str, out: &mut Vec<u8>) {
    out.put_u32(ERROR);
    out.put_string(text.as_bytes());
}

/// Writes a block, or an error in its place if the reply would be longer than that with it.
pub(super) fn put_within(size_max: usize, out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    let before = out.len();
    put(out);
    if out.len() > size_max {
        out.truncate(before);
        put_error(&too_long(size_max), out);
    }
}

/// Why a client does not get what it asked for.
pub(super) fn too_long(size_max: usize) -> String {
    format!("the reply would have more than {size_max} bytes: ask for less")
}

/// Counts of a reply have 32 bits.
pub(super) fn clamped(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn put_schema(result: &SearchResult, out: &mut Vec<u8>) {
    out.put_u32(clamped(result.fields.len() as u64));
    result.fields.iter().for_each(|field| out.put_string(field.as_bytes()));
    out.put_u32(clamped(result.columns().len() as u64));
    for Column { name, kind } in result.columns() {
        out.put_string(name.as_bytes());
        out.put_u32(client_kind(*kind).code());
    }
}

/// Returns the type that a client is told. It gets texts where masters see what they are made of,
/// and the nearest that Sphinx has for types of Manticore.
fn client_kind(kind: Kind) -> Kind {
    match kind {
        Kind::ComputedString | Kind::Json | Kind::JsonField | Kind::FloatVector => Kind::String,
        Kind::Uint64 => Kind::Bigint,
        Kind::Double => Kind::Float,
        other => other,
    }
}

fn put_value(column: &Column, value: Value<'_>, version: u16, out: &mut Vec<u8>) {
    match client_kind(column.kind) {
        Kind::Float => out.put_f32(match value {
            Value::Float(number) => number,
            Value::Double(number) => number as f32,
            _ => 0.0,
        }),
        Kind::Bigint if version < WIDE_VALUES => out.put_u32(bits(value) as u32),
        Kind::Bigint => out.put_u64(bits(value)),
        Kind::String if version < STRINGS => out.put_u32(0),
        Kind::String => match value_text(value) {
            Some(text) => out.put_string(&text),
            None if column.kind == Kind::Json => out.put_string(b"{}"),
            None => out.put_u32(0),
        },
        Kind::Factors | Kind::FactorsJson => match value {
            // Their length counts itself.
            Value::Factors(blob) if version >= FACTORS && !blob.is_empty() => {
                out.put_u32(clamped(blob.len() as u64 + 4));
                out.extend_from_slice(blob);
            }
            _ => out.put_u32(0),
        },
        Kind::Multi | Kind::Multi64 => put_set(value, out),
        _ => out.put_u32(bits(value) as u32),
    }
}

/// A set's length is in dwords, of which a value takes one or two.
fn put_set(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Multi(values) => {
            out.put_u32(clamped(values.iter().count() as u64));
            values.iter().for_each(|value| out.put_u32(value));
        }
        Value::Multi64(values) => {
            out.put_u32(clamped(2 * values.iter().count() as u64));
            values.iter().for_each(|value| out.put_u64(value.cast_unsigned()));
        }
        _ => out.put_u32(0),
    }
}

/// The bits of a whole number; null is 0.
fn bits(value: Value<'_>) -> u64 {
    match value {
        Value::Uint(number) => u64::from(number),
        Value::Bool(is_true) => u64::from(is_true),
        Value::Bigint(number) => number.cast_unsigned(),
        Value::Uint64(number) => number,
        _ => 0,
    }
}

const OK: u32 = 0;
const ERROR: u32 = 1;
const WARNING: u32 = 3;

/// Versions that brought values of 64 bits, strings, and factors.
const WIDE_VALUES: u16 = 0x114;
const STRINGS: u16 = 0x117;
const FACTORS: u16 = 0x11c;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_is_too_long_fails_alone() {
        let mut blocks = Vec::new();
        put_within(100, &mut blocks, |out| out.extend([1; 100]));
        put_within(100, &mut blocks, |out| out.push(2));
        let mut expected = vec![1; 100];
        put_error(&too_long(100), &mut expected);
        assert_eq!(blocks, expected);
    }
}
