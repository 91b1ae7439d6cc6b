//! SEARCH (protocol.md 4): the request as a master sends it, and the reply of either product.

mod json;
mod query;
mod reply;
mod rows;
mod value;

pub use json::Json;
pub(super) use query::FLAG_PREDICTED_TIME;
pub use query::{Filter, FilterTest, MASTER, Outer, Override, OverrideValue, Query, encode};
pub use reply::{Asked, Column, IoStats, Reply, ResultSet, Span, Status, Undecoded, WordSpan};
pub use rows::{Row, Rows};
pub use value::{Dialect, Floats, Kind, Multi, Multi64, Value};
