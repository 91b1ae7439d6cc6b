//! Attribute types and their values (core/docs/spec/protocol.md 4.5).

use super::json::{Json, fixed_size};
use crate::manticore_29;
use crate::wire::{Reader, Truncated};

/// Which daemon wrote a reply: a few values are laid out differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Sphinx 2.x.
    #[default]
    Sphinx,
    /// Manticore.
    Manticore,
}

impl Dialect {
    /// Tells the daemon by the version word of its reply header: Sphinx 2.3.3 ends at 0x120.
    pub fn of_version(version: u16) -> Dialect {
        match version {
            manticore_29::SEARCH_VERSION_MIN.. => Dialect::Manticore,
            _ => Dialect::Sphinx,
        }
    }
}

/// Type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Unsigned 32 bits.
    Uint,
    /// Seconds since 1970.
    Timestamp,
    /// True or false.
    Bool,
    /// 32 bits.
    Float,
    /// Signed 64 bits.
    Bigint,
    /// Bytes.
    String,
    /// Bytes that a daemon computed; masters only.
    ComputedString,
    /// Length of a field in tokens.
    TokenCount,
    /// A JSON document.
    Json,
    /// 64 bits, Manticore.
    Double,
    /// Unsigned 64 bits, Manticore.
    Uint64,
    /// Floats, Manticore.
    FloatVector,
    /// A set of unsigned 32 bits each.
    Multi,
    /// A set of signed 64 bits each.
    Multi64,
    /// Ranking factors, a binary blob.
    Factors,
    /// Ranking factors asked for as JSON: a binary blob, too.
    FactorsJson,
    /// A value inside a JSON document; masters only.
    JsonField,
}

impl Kind {
    /// The kind with that number on the wire.
    pub fn of_code(code: u32) -> Option<Kind> {
        KINDS.iter().find(|(known, _)| *known == code).map(|(_, kind)| *kind)
    }

    /// The number on the wire.
    pub fn code(self) -> u32 {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or(0, |(code, _)| *code)
    }

    /// Bytes of a value, where all values of the kind have the same.
    pub(crate) fn fixed_size(self) -> Option<usize> {
        match self {
            Kind::Uint | Kind::Timestamp | Kind::Bool | Kind::Float | Kind::TokenCount => Some(4),
            Kind::Bigint | Kind::Double | Kind::Uint64 => Some(8),
            _ => None,
        }
    }

    /// Reads over a value and checks it.
    pub(crate) fn skip(self, dialect: Dialect, reader: &mut Reader<'_>) -> Result<(), Broken> {
        match self {
            Kind::Json => {
                if Json::document(dialect, reader.string()?).is_valid() {
                    return Ok(());
                }
                Err(Broken::Json)
            }
            Kind::JsonField => match json_field(dialect, reader)? {
                Some(field) if !field.is_valid() => Err(Broken::Json),
                _ => Ok(()),
            },
            Kind::Multi64 => {
                let count = reader.count(4)?;
                reader.bytes(count * 4)?;
                if count % 2 == 0 { Ok(()) } else { Err(Broken::HalfValue) }
            }
            _ => Ok(self.pass(dialect, reader)?),
        }
    }

    /// Reads over a value that was checked, or needs no check.
    pub(crate) fn pass(self, dialect: Dialect, reader: &mut Reader<'_>) -> Result<(), Truncated> {
        match self {
            Kind::String | Kind::ComputedString | Kind::Json => reader.string().map(drop),
            _ => self.read(dialect, reader).map(drop),
        }
    }

    /// Reads a value.
    pub(crate) fn read<'a>(
        self,
        dialect: Dialect,
        reader: &mut Reader<'a>,
    ) -> Result<Value<'a>, Truncated> {
        Ok(match self {
            Kind::Uint | Kind::TokenCount | Kind::Timestamp => Value::Uint(reader.u32()?),
            Kind::Bool => Value::Bool(reader.u32()? != 0),
            Kind::Float => Value::Float(reader.f32()?),
            Kind::Bigint => Value::Bigint(reader.u64()? as i64),
            Kind::Uint64 => Value::Uint64(reader.u64()?),
            Kind::Double => Value::Double(f64::from_bits(reader.u64()?)),
            Kind::String | Kind::ComputedString => Value::String(reader.string()?),
            Kind::Json => Json::document(dialect, reader.string()?).into(),
            Kind::JsonField => json_field(dialect, reader)?.map_or(Value::Null, Value::from),
            Kind::Multi => {
                let count = reader.count(4)?;
                Value::Multi(Multi { bytes: reader.bytes(count * 4)? })
            }
            Kind::Multi64 => {
                let count = reader.count(4)?;
                Value::Multi64(Multi64 { bytes: reader.bytes(count * 4)? })
            }
            Kind::FloatVector => {
                let count = reader.count(4)?;
                Value::Floats(Floats { bytes: reader.bytes(count * 4)? })
            }
            Kind::Factors | Kind::FactorsJson => factors(dialect, reader)?,
        })
    }
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    Truncated(Truncated),
    Json,
    HalfValue,
}

impl From<Truncated> for Broken {
    fn from(truncated: Truncated) -> Self {
        Broken::Truncated(truncated)
    }
}

/// One value of a row; texts and sets borrow from the reply.
#[derive(Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// No value: a JSON field that is null or not there, or an attribute without a document.
    Null,
    /// Unsigned 32 bits, timestamps and token counts too.
    Uint(u32),
    /// True or false.
    Bool(bool),
    /// 32 bits.
    Float(f32),
    /// Signed 64 bits.
    Bigint(i64),
    /// Unsigned 64 bits.
    Uint64(u64),
    /// 64 bits.
    Double(f64),
    /// Bytes; daemons keep whatever encoding they were fed.
    String(&'a [u8]),
    /// A JSON document or a part of one.
    Json(Json<'a>),
    /// A set of unsigned 32 bits each, ascending.
    Multi(Multi<'a>),
    /// A set of signed 64 bits each, ascending.
    Multi64(Multi64<'a>),
    /// Floats.
    Floats(Floats<'a>),
    /// Ranking factors, a binary blob in the daemon's own layout.
    Factors(&'a [u8]),
}

impl Value<'_> {
    /// The value in a column of that type: agents may differ in its width.
    pub(crate) fn widened(self, kind: Kind) -> Self {
        match (self, kind) {
            (Value::Bool(value), Kind::Float) => Value::Float(f32::from(u8::from(value))),
            (Value::Float(value), Kind::Double) => Value::Double(f64::from(value)),
            (Value::Bool(value), Kind::Uint) => Value::Uint(u32::from(value)),
            (Value::Uint(value), Kind::Bool) => Value::Bool(value != 0),
            (Value::Bool(value), Kind::Bigint) => Value::Bigint(i64::from(value)),
            (Value::Bigint(value), Kind::Uint64) => Value::Uint64(value as u64),
            (Value::Uint(value), Kind::Uint64) => Value::Uint64(u64::from(value)),
            (Value::Uint(value), Kind::Bigint) => Value::Bigint(i64::from(value)),
            (value, _) => value,
        }
    }
}

/// JSON null is no value, as daemons print it.
impl<'a> From<Json<'a>> for Value<'a> {
    fn from(json: Json<'a>) -> Self {
        if json.is_null() { Value::Null } else { Value::Json(json) }
    }
}

macro_rules! sequence {
    ($(#[$doc:meta])* $name:ident, $item:ty, $size:literal, $read:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq)]
        pub struct $name<'a> {
            bytes: &'a [u8],
        }

        impl<'a> $name<'a> {
            /// Returns the number of values.
            pub fn len(self) -> usize {
                self.bytes.len() / $size
            }

            /// None at all.
            pub fn is_empty(self) -> bool {
                self.len() == 0
            }

            /// Each of them in order.
            pub fn iter(self) -> impl ExactSizeIterator<Item = $item> + 'a {
                let read: fn([u8; $size]) -> $item = $read;
                self.bytes.as_chunks::<$size>().0.iter().map(move |bytes| read(*bytes))
            }
        }
    };
}

sequence!(
    /// Unsigned integers of a multi-value attribute.
    Multi, u32, 4, u32::from_be_bytes
);
sequence!(
    /// Signed integers of a 64-bit multi-value attribute.
    Multi64, i64, 8, i64::from_be_bytes
);
sequence!(
    /// Floats of a vector.
    Floats, f32, 4, f32::from_be_bytes
);

/// A JSON field: Sphinx leaves the length out where the type fixes it, Manticore never does.
fn json_field<'a>(
    dialect: Dialect,
    reader: &mut Reader<'a>,
) -> Result<Option<Json<'a>>, Truncated> {
    let code = reader.u8()?;
    if code == 0 {
        return Ok(None);
    }
    let bytes = match (dialect, fixed_size(code)) {
        (Dialect::Sphinx, Some(size)) => reader.bytes(size)?,
        _ => reader.string()?,
    };
    Ok(Some(Json::field(dialect, code, bytes)))
}

/// A factors blob: Sphinx counts the length's own four bytes, Manticore does not.
fn factors<'a>(dialect: Dialect, reader: &mut Reader<'a>) -> Result<Value<'a>, Truncated> {
    let offset = reader.offset();
    let length = reader.u32()? as usize;
    let own = if dialect == Dialect::Sphinx { 4 } else { 0 };
    if length == 0 {
        return Ok(Value::Factors(&[]));
    }
    let length = length.checked_sub(own).ok_or(Truncated { offset })?;
    Ok(Value::Factors(reader.bytes(length)?))
}

const KINDS: [(u32, Kind); 18] = [
    (1, Kind::Uint),
    (2, Kind::Timestamp),
    (4, Kind::Bool),
    (5, Kind::Float),
    (6, Kind::Bigint),
    (7, Kind::String),
    (10, Kind::ComputedString),
    (11, Kind::TokenCount),
    (12, Kind::Json),
    (13, Kind::Double),
    (14, Kind::Uint64),
    (15, Kind::FloatVector),
    (0x4000_0001, Kind::Multi),
    (0x4000_0002, Kind::Multi64),
    (1001, Kind::Factors),
    (1002, Kind::JsonField),
    (1003, Kind::FactorsJson),
    // Stored fields, whose texts masters are not sent; older versions call them strings.
    (1008, Kind::String),
];
