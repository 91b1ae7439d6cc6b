//! UPDATE (core/docs/spec/protocol.md 3.6).

use super::walk::{Step, Stop, Walk};
use crate::manticore_29;

/// Every number is checked against the body.
pub(super) fn check(walk: &mut Walk<'_>, version: u16) -> Step<()> {
    walk.filled_string("index list")?;
    let has_kind = version >= 0x102;
    let flags_size = if version >= 0x103 { 4 } else { 0 };
    let count = walk.u32("number of attributes")?;
    walk.skip("flags", flags_size)?;
    let mut kinds = Vec::new();
    for _ in 0..count {
        walk.string("attribute")?;
        kinds.push(if has_kind { walk.u32("kind of an attribute")? } else { 0 });
    }
    let id_size = if version >= 0x101 { 8 } else { 4 };
    walk.list("rows", id_size, |walk| {
        walk.skip("document id", id_size)?;
        kinds.iter().try_for_each(|&kind| check_value(walk, version, kind))
    })
}

fn check_value(walk: &mut Walk<'_>, version: u16, kind: u32) -> Step<()> {
    match kind {
        1 => walk.array("values of an attribute", 4),
        // 2.2.11 reads numbers, Manticore bytes.
        2.. if version < manticore_29::UPDATE_VERSION_OF_TEXTS => Err(Stop::Unknown),
        2 | 3 => walk.strings("text of an attribute", 1),
        _ => walk.skip("value of an attribute", 4).map(|_| ()),
    }
}
