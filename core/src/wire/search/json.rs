//! Packed JSON (core/docs/spec/protocol.md 4.5): checked once when a reply is decoded, printed on
//! demand just as a daemon prints it for plain clients.

use std::fmt;
use std::io::Write;

use super::json_text::{Style, quote};
use super::number::{DOUBLE_SIZE_MAX, put_double, put_exact, put_int};
use super::value::Dialect;
use crate::limits::JSON_DEPTH_MAX;

/// A JSON document or a part of one. Its bytes were checked when the reply was decoded.
#[derive(Clone, Copy)]
pub struct Json<'a> {
    code: u8,
    bytes: &'a [u8],
    document: bool,
    /// Whose daemon sent it, and so how it prints it.
    dialect: Dialect,
}

impl<'a> Json<'a> {
    /// A whole document, type 12; no bytes are no document.
    pub(crate) fn document(dialect: Dialect, bytes: &'a [u8]) -> Self {
        Json { code: ROOT, bytes, document: true, dialect }
    }

    /// A field of a document, type 1002.
    pub(crate) fn field(dialect: Dialect, code: u8, bytes: &'a [u8]) -> Self {
        Json { code, bytes, document: false, dialect }
    }

    /// The value as one that a daemon of Sphinx sent, so that texts of both products compare.
    pub(crate) fn of_sphinx(self) -> Self {
        Json { dialect: Dialect::Sphinx, ..self }
    }

    /// Appends the text that the value's own daemon prints. A string field is its bytes without
    /// quotes, and true and false are 1 and 0. Null has no text.
    pub fn put_text(&self, out: &mut Vec<u8>) {
        let mut input = self.input(Style::of_daemon(self.dialect));
        let printed = match self.code {
            _ if self.is_null() => Some(()),
            STRING => input.packed_bytes().map(|text| out.extend_from_slice(text)),
            TRUE => out.write_all(b"1").ok(),
            FALSE => out.write_all(b"0").ok(),
            code => input.print(code, 0, out),
        };
        debug_assert!(printed.is_some(), "the bytes were checked by the decoder");
    }

    fn input(&self, style: Style) -> Input<'a> {
        Input { bytes: self.bytes, style }
    }

    /// Bytes that the text has at most: `false,` or `\\u0001` of one byte grows the most.
    pub(crate) fn text_size_max(&self) -> usize {
        self.bytes.len().saturating_mul("false,".len()).saturating_add(DOUBLE_SIZE_MAX)
    }

    /// The text as [`Json::put_text`] makes it.
    pub fn text(&self) -> Vec<u8> {
        // As long as most are, and as one of large doubles is.
        let mut out = Vec::with_capacity(self.bytes.len() / 2 * 3 + DOUBLE_SIZE_MAX);
        self.put_text(&mut out);
        out
    }

    /// The value as JSON: a string has its quotes, true and false are words, and no value is
    /// `null`.
    ///
    /// Numbers have all their digits, unlike in [`Json::text`], and one that is not finite is
    /// `null`. Control characters of strings are escaped, which Sphinx leaves out.
    pub fn json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() / 2 * 3 + DOUBLE_SIZE_MAX);
        let printed = match self.is_null() {
            true => out.write_all(b"null").ok(),
            false => self.input(Style::Exact).print(self.code, 0, &mut out),
        };
        debug_assert!(printed.is_some(), "the bytes were checked by the decoder");
        out
    }

    /// There is no value: the field is null, or the attribute has no document. An empty document
    /// is one.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.code, NULL | END) || self.document && self.bytes.is_empty()
    }

    /// Whether every byte makes sense.
    pub(crate) fn is_valid(&self) -> bool {
        let mut input = self.input(Style::Exact);
        if self.document && self.bytes.is_empty() {
            return true;
        }
        input.skip(self.code, 0).is_some()
    }
}

/// Values are equal whosever daemons sent them.
impl PartialEq for Json<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.code, self.bytes, self.document) == (other.code, other.bytes, other.document)
    }
}

impl fmt::Display for Json<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&String::from_utf8_lossy(&self.text()))
    }
}

/// Bytes of a value whose size follows from its type alone.
pub(crate) fn fixed_size(code: u8) -> Option<usize> {
    match code {
        INT32 => Some(4),
        INT64 | DOUBLE => Some(8),
        TRUE | FALSE | NULL => Some(0),
        _ => None,
    }
}

/// Little-endian bytes still to be read.
struct Input<'a> {
    bytes: &'a [u8],
    style: Style,
}

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// A packed int: one byte, or a marker and two to four.
    fn packed(&mut self) -> Option<usize> {
        let first = self.byte()?;
        Some(match first {
            0..=251 => usize::from(first),
            252 => usize::from(u16::from_le_bytes(self.array()?)),
            253 => {
                let [a, b, c] = self.array()?;
                u32::from_le_bytes([a, b, c, 0]) as usize
            }
            254 => u32::from_le_bytes(self.array()?) as usize,
            255 => return None,
        })
    }

    fn packed_bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.packed()?;
        self.take(length)
    }

    /// The bytes of an object or a vector of strings or of mixed values, its size taken off.
    fn nested(&mut self) -> Option<Input<'a>> {
        Some(Input { bytes: self.packed_bytes()?, style: self.style })
    }

    fn skip(&mut self, code: u8, depth: usize) -> Option<()> {
        if depth > JSON_DEPTH_MAX {
            return None;
        }
        match code {
            STRING => self.packed_bytes().map(drop),
            INT32_VECTOR => self.skip_items(4),
            INT64_VECTOR | DOUBLE_VECTOR => self.skip_items(8),
            STRING_VECTOR => {
                let mut inner = self.nested()?;
                for _ in 0..inner.packed()? {
                    inner.packed_bytes()?;
                }
                Some(())
            }
            MIXED_VECTOR => {
                let mut inner = self.nested()?;
                for _ in 0..inner.packed()? {
                    let code = inner.byte()?;
                    inner.skip(code, depth + 1)?;
                }
                Some(())
            }
            OBJECT => {
                let mut inner = self.nested()?;
                inner.take(MASK_SIZE)?;
                inner.skip_nodes(depth)
            }
            ROOT => {
                if self.array::<MASK_SIZE>()? != [0; MASK_SIZE] {
                    return self.skip_nodes(depth);
                }
                match self.byte()? {
                    END => Some(()),
                    code => self.skip(code, depth + 1),
                }
            }
            code => self.take(fixed_size(code)?).map(drop),
        }
    }

    fn skip_items(&mut self, size: usize) -> Option<()> {
        let count = self.packed()?;
        self.take(count.checked_mul(size)?).map(drop)
    }

    fn skip_nodes(&mut self, depth: usize) -> Option<()> {
        loop {
            match self.byte()? {
                END => return Some(()),
                code => {
                    self.packed_bytes()?;
                    self.skip(code, depth + 1)?;
                }
            }
        }
    }

    fn print(&mut self, code: u8, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        if depth > JSON_DEPTH_MAX {
            return None;
        }
        match code {
            INT32 => put_int(i32::from_le_bytes(self.array()?), out),
            INT64 => put_int(i64::from_le_bytes(self.array()?), out),
            DOUBLE => {
                let value = f64::from_le_bytes(self.array()?);
                match self.style {
                    Style::Exact => put_exact(value, out),
                    Style::Sphinx | Style::Manticore => put_double(value, out),
                }?;
            }
            STRING => quote(self.packed_bytes()?, self.style, out),
            TRUE => out.extend_from_slice(b"true"),
            FALSE => out.extend_from_slice(b"false"),
            NULL => out.extend_from_slice(b"null"),
            INT32_VECTOR => self.print_items(INT32, depth, out)?,
            INT64_VECTOR => self.print_items(INT64, depth, out)?,
            DOUBLE_VECTOR => self.print_items(DOUBLE, depth, out)?,
            STRING_VECTOR => self.nested()?.print_items(STRING, depth, out)?,
            MIXED_VECTOR => self.nested()?.print_mixed(depth, out)?,
            OBJECT => {
                let mut inner = self.nested()?;
                inner.take(MASK_SIZE)?;
                inner.print_nodes(depth, out)?;
            }
            ROOT => {
                if self.array::<MASK_SIZE>()? != [0; MASK_SIZE] {
                    return self.print_nodes(depth, out);
                }
                match self.byte()? {
                    END => out.extend_from_slice(b"{}"),
                    code => self.print(code, depth + 1, out)?,
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn print_items(&mut self, code: u8, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        out.push(b'[');
        for number in 0..self.packed()? {
            if number > 0 {
                out.push(b',');
            }
            self.print(code, depth + 1, out)?;
        }
        out.push(b']');
        Some(())
    }

    fn print_mixed(&mut self, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        out.push(b'[');
        for number in 0..self.packed()? {
            if number > 0 {
                out.push(b',');
            }
            let code = self.byte()?;
            self.print(code, depth + 1, out)?;
        }
        out.push(b']');
        Some(())
    }

    fn print_nodes(&mut self, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        out.push(b'{');
        let mut first = true;
        loop {
            let code = self.byte()?;
            if code == END {
                break;
            }
            if !first {
                out.push(b',');
            }
            first = false;
            quote(self.packed_bytes()?, self.style, out);
            out.push(b':');
            self.print(code, depth + 1, out)?;
        }
        out.push(b'}');
        Some(())
    }
}

const END: u8 = 0;
const INT32: u8 = 1;
const INT64: u8 = 2;
const DOUBLE: u8 = 3;
const STRING: u8 = 4;
const STRING_VECTOR: u8 = 5;
const INT32_VECTOR: u8 = 6;
const INT64_VECTOR: u8 = 7;
const DOUBLE_VECTOR: u8 = 8;
const MIXED_VECTOR: u8 = 9;
const OBJECT: u8 = 10;
const TRUE: u8 = 11;
const FALSE: u8 = 12;
const NULL: u8 = 13;
const ROOT: u8 = 14;

/// The bloom filter of an object's keys.
const MASK_SIZE: usize = 4;

#[cfg(test)]
mod tests {
    use super::super::value::Dialect::{Manticore, Sphinx};
    use super::*;

    #[test]
    fn a_field_as_json_is_told_from_another() {
        let double = |value: f64| value.to_le_bytes();
        let [small, large, endless] = [1e-7, 1.2345678e30, f64::INFINITY].map(double);
        let cases: [(Json<'_>, &str); 10] = [
            (Json::field(Sphinx, DOUBLE, &small), "1e-7"),
            (Json::field(Sphinx, DOUBLE, &large), "1.2345678e30"),
            (Json::field(Sphinx, DOUBLE, &endless), "null"),
            (Json::field(Sphinx, STRING, b"\x021\""), r#""1\"""#),
            (Json::field(Sphinx, INT32, b"\x01\0\0\0"), "1"),
            (Json::field(Sphinx, TRUE, b""), "true"),
            (Json::field(Sphinx, FALSE, b""), "false"),
            (Json::field(Sphinx, NULL, b""), "null"),
            (Json::document(Sphinx, b""), "null"),
            (Json::document(Sphinx, b"\0\0\0\0\x06\x01\x05\0\0\0"), "[5]"),
        ];
        for (json, expected) in cases {
            assert_eq!(String::from_utf8(json.json()).expect("UTF-8"), expected, "{json:?}");
        }
    }

    #[test]
    fn documents_and_fields() {
        let nested = [
            b"\x08\x80\x04\xc0\x04\x01a\x02s1\x06\x01c\x03\x01\0\0\0\x02\0\0\0\xfd\xff\xff\xff"
                .as_slice(),
            b"\x0a\x01n)\0\x80\x80 \x01\x01z\0\0\0\0\x09\x01k\x19\x05\x03\0\0\0\0\0\0\xf8?",
            b"\x04\x01t\x0d\x0b\x0a\x08\x80@\0\0\x0c\x01q\0\0\0\0",
        ]
        .concat();
        let text =
            r#"{"a":"s1","c":[1,2,-3],"n":{"z":0,"k":[1.500000,"t",null,true,{"q":false}]}}"#;
        let cases: [(Json<'_>, &str); 13] = [
            (Json::document(Sphinx, &nested), text),
            (Json::document(Sphinx, b""), ""),
            (Json::document(Sphinx, b"\0\0\0\0\0"), "{}"),
            (Json::document(Sphinx, b"\0\0\0\0\x06\x01\x05\0\0\0"), "[5]"),
            (Json::field(Sphinx, INT64, b"\x02\xe8vH\x17\0\0\0"), "100000000002"),
            (Json::field(Sphinx, DOUBLE, b"\x9a\x99\x99\x99\x99\x99\x12@"), "4.650000"),
            (Json::field(Sphinx, STRING, b"\x03x\"/"), "x\"/"),
            (Json::field(Sphinx, STRING_VECTOR, b"\x06\x02\x01p\x02\"/"), r#"["p","\"\/"]"#),
            (Json::field(Sphinx, TRUE, b""), "1"),
            (Json::field(Sphinx, FALSE, b""), "0"),
            (Json::field(Sphinx, NULL, b""), ""),
            (Json::field(Sphinx, MIXED_VECTOR, b"\x01\0"), "[]"),
            (Json::field(Sphinx, OBJECT, b"\x05\0\0\0\0\0"), "{}"),
        ];
        for (json, expected) in cases {
            assert!(json.is_valid(), "{json:?}");
            assert_eq!(json.to_string(), expected);
        }
    }

    #[test]
    fn strings_are_escaped_as_the_daemon_does() {
        let object = b"\x10\0\0\0\0\x04\x02k/\x06a/\x01\n\"\x7f\0".as_slice();
        let shown = |json: Json<'_>| String::from_utf8(json.text()).expect("UTF-8");
        let of_sphinx = "{\"k\\/\":\"a\\/\x01\\n\\\"\x7f\"}";
        let of_manticore = "{\"k/\":\"a/\\u0001\\n\\\"\x7f\"}";
        assert_eq!(shown(Json::field(Sphinx, OBJECT, object)), of_sphinx);
        let json = Json::field(Manticore, OBJECT, object);
        assert_eq!(shown(json), of_manticore);
        assert_eq!(shown(json.of_sphinx()), of_sphinx);
        // A string that is the whole field has no quotes, and so no escapes.
        assert_eq!(shown(Json::field(Manticore, STRING, b"\x02/\x01")), "/\x01");
        for dialect in [Sphinx, Manticore] {
            let exact = Json::field(dialect, OBJECT, object).json();
            assert_eq!(String::from_utf8(exact).expect("UTF-8"), of_manticore);
        }
        let control = [b"\x11\0\0\0\0\x04\0\x09".as_slice(), &[1; 9], b"\0"].concat();
        let json = Json::field(Manticore, OBJECT, &control);
        assert!(json.text().len() <= json.text_size_max());
    }

    #[test]
    fn broken_bytes() {
        let broken = [
            Json::document(Sphinx, b"\x01"),
            Json::document(Sphinx, b"\x08\0\0@\x01\x01a\x05\0\0\0"),
            Json::field(Sphinx, 77, b""),
            Json::field(Sphinx, INT32, b"\0"),
            Json::field(Sphinx, STRING, b"\xff"),
            Json::field(Sphinx, INT32_VECTOR, b"\xfe\xff\xff\xff\xff"),
            Json::field(Sphinx, STRING_VECTOR, b"\x01\x05"),
        ];
        for json in broken {
            assert!(!json.is_valid(), "{json:?}");
        }
        let nested = |levels: usize| {
            let level = [0, 0, 0, 0, ROOT];
            [level.repeat(levels).as_slice(), &[0, 0, 0, 0, INT32, 7, 0, 0, 0]].concat()
        };
        assert!(Json::document(Sphinx, &nested(JSON_DEPTH_MAX - 1)).is_valid());
        assert_eq!(Json::document(Sphinx, &nested(JSON_DEPTH_MAX - 1)).to_string(), "7");
        assert!(!Json::document(Sphinx, &nested(JSON_DEPTH_MAX)).is_valid());
    }
}
