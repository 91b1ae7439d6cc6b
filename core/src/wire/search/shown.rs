//! Values as people read them.

use std::fmt;

use super::json::Json;
use super::value::{Floats, Multi, Multi64, Value};

impl<'a> Value<'a> {
    /// Returns the text of a string; `None` for other types, and for bytes that are not UTF-8.
    pub fn as_str(self) -> Option<&'a str> {
        match self {
            Value::String(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

/// Texts and JSON as they are, sets with commas, NULL for no value; bytes that are not UTF-8 are
/// replaced.
impl fmt::Display for Value<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => out.write_str("NULL"),
            Value::Uint(value) => value.fmt(out),
            Value::Bool(value) => u8::from(*value).fmt(out),
            Value::Float(value) => value.fmt(out),
            Value::Bigint(value) => value.fmt(out),
            Value::Uint64(value) => value.fmt(out),
            Value::Double(value) => value.fmt(out),
            Value::String(bytes) => String::from_utf8_lossy(bytes).fmt(out),
            Value::Json(json) => String::from_utf8_lossy(&json.text()).fmt(out),
            Value::Multi(set) => with_commas(set.iter(), out),
            Value::Multi64(set) => with_commas(set.iter(), out),
            Value::Floats(vector) => with_commas(vector.iter(), out),
            Value::Factors(bytes) => write!(out, "{} bytes of factors", bytes.len()),
        }
    }
}

fn with_commas<T: fmt::Display>(
    values: impl Iterator<Item = T>,
    out: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    for (number, value) in values.enumerate() {
        let comma = if number > 0 { "," } else { "" };
        write!(out, "{comma}{value}")?;
    }
    Ok(())
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => out.write_str("Null"),
            Value::Uint(value) => write!(out, "Uint({value})"),
            Value::Bool(value) => write!(out, "Bool({value})"),
            Value::Float(value) => write!(out, "Float({value:?})"),
            Value::Bigint(value) => write!(out, "Bigint({value})"),
            Value::Uint64(value) => write!(out, "Uint64({value})"),
            Value::Double(value) => write!(out, "Double({value:?})"),
            Value::String(bytes) => write!(out, "String({:?})", String::from_utf8_lossy(bytes)),
            Value::Json(json) => json.fmt(out),
            Value::Multi(set) => set.fmt(out),
            Value::Multi64(set) => set.fmt(out),
            Value::Floats(vector) => vector.fmt(out),
            Value::Factors(bytes) => write!(out, "Factors({} bytes)", bytes.len()),
        }
    }
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Json({})", String::from_utf8_lossy(&self.text()))
    }
}

macro_rules! shows_as_list {
    ($($name:ident),*) => {
        $(impl fmt::Debug for $name<'_> {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(stringify!($name))?;
                out.debug_list().entries(self.iter()).finish()
            }
        })*
    };
}

shows_as_list!(Multi, Multi64, Floats);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_people_read_them() {
        let red = Value::String(b"red");
        assert_eq!((red.as_str(), red.to_string()), (Some("red"), "red".to_owned()));
        assert_eq!(format!("{red:?}"), r#"String("red")"#);
        assert_eq!(Value::String(b"\xff").as_str(), None);
        assert_eq!(format!("{} {:?}", Value::Null, Value::Null), "NULL Null");
        let json = Value::Json(Json::document(
            crate::wire::search::Dialect::Sphinx,
            b"\0\0\0\0\x06\x01\x05\0\0\0",
        ));
        assert_eq!(format!("{json} {json:?}"), "[5] Json([5])");
    }
}
