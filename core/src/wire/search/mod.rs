//! SEARCH (core/docs/spec/protocol.md 4): the request as a master sends it, and the reply of
//! either product.

mod decode;
#[cfg(test)]
mod decode_tests;
mod json;
mod json_text;
mod layout;
mod number;
mod query;
mod reply;
mod rows;
mod shown;
mod value;

pub(crate) use decode::{CLIENT_VERSION_MAX, CLIENT_VERSION_MIN, decode};
pub use json::Json;
pub use layout::Layout;
pub(crate) use layout::Refused;
pub(crate) use number::not_finite;
pub use query::{
    ALL_VALUES, ANY_VALUE, Filter, FilterTest, MASTER, Outer, Override, OverrideValue, Query,
    encode, encode_in,
};
pub(crate) use query::{flags, inside};
pub use reply::{Asked, Column, Reply, ResultSet, Status, Undecoded};
pub use rows::Row;
pub(crate) use value::Dialect;
pub use value::{Floats, Kind, Multi, Multi64, Value};
