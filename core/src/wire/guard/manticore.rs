//! The rows of a query that only Manticore knows (core/docs/spec/protocol.md 4.1, rows 37 to 47).

use super::search::Layout;
use super::walk::{Step, Stop, Walk};

pub(super) fn check(walk: &mut Walk<'_>, layout: Layout) -> Step<()> {
    let master = layout.master;
    if layout.version >= 0x121 {
        walk.array("filter tree", 16)?;
    }
    if master >= 15 {
        walk.list("select items", 12, |walk| check_select_item(walk, master))?;
        walk.list("referenced items", 12, |walk| check_select_item(walk, master))?;
    }
    if master >= 16 {
        walk.u32("expand_keywords option")?;
    }
    if master >= 20 {
        walk.list("index hints", 12, |walk| {
            walk.string("index hint")?;
            walk.skip("index hint", 8).map(|_| ())
        })?;
    }
    if master >= 21 {
        check_join(walk, master)?;
    }
    match master {
        0..22 => {}
        22..29 => check_nearest(walk, master)?,
        29.. => {
            walk.list("nearest-neighbour searches", 37, check_nearest_item)?;
            check_hybrid(walk)?;
        }
    }
    if master >= 23 {
        walk.u32("jieba mode")?;
    }
    if master >= 24 {
        check_scroll(walk)?;
    }
    if master >= 27 {
        walk.string("expand_blended option")?;
    }
    if master >= 30 {
        check_facet(walk, master)?;
    }
    Ok(())
}

/// Row 38.
fn check_select_item(walk: &mut Walk<'_>, master: u32) -> Step<()> {
    walk.strings("select item", 2)?;
    let aggregate = walk.u32("aggregate of a select item")?;
    if master >= 34 && aggregate == GROUP_CONCAT {
        walk.string("separator of a select item")?;
    }
    Ok(())
}

/// Row 41.
fn check_join(walk: &mut Walk<'_>, master: u32) -> Step<()> {
    walk.u32("join type")?;
    walk.strings("join index or query", 2)?;
    walk.list("join conditions", 16, |walk| {
        walk.strings("join condition", 4)?;
        walk.skip("join condition", if master >= 22 { 8 } else { 0 }).map(|_| ())
    })
}

/// Row 42.
fn check_nearest(walk: &mut Walk<'_>, master: u32) -> Step<()> {
    if walk.string("nearest-neighbour attribute")?.is_empty() {
        return Ok(());
    }
    let words = match master {
        0..25 => 2,
        25..28 => 4,
        28.. => 6,
    };
    walk.skip("nearest-neighbour search", 4 * words)?;
    walk.array("nearest-neighbour vector", 4)?;
    // How the text that follows is left out is not known.
    if master >= 26 { Err(Stop::Unknown) } else { Ok(()) }
}

/// Row 42b.
fn check_nearest_item(walk: &mut Walk<'_>) -> Step<()> {
    walk.string("nearest-neighbour attribute")?;
    walk.skip("nearest-neighbour search", 6 * 4)?;
    walk.array("nearest-neighbour vector", 4)?;
    if walk.u8("nearest-neighbour text flag")? != 0 {
        walk.string("nearest-neighbour text")?;
    }
    walk.string("nearest-neighbour alias")?;
    Ok(())
}

/// Row 43.
fn check_hybrid(walk: &mut Walk<'_>) -> Step<()> {
    if walk.u32("hybrid flag")? == 0 {
        return Ok(());
    }
    walk.skip("hybrid search", 8)?;
    walk.string("hybrid alias")?;
    walk.list("hybrid weights", 8, |walk| {
        walk.string("name of a hybrid weight")?;
        walk.u32("hybrid weight").map(|_| ())
    })
}

/// Row 45.
fn check_scroll(walk: &mut Walk<'_>) -> Step<()> {
    walk.string("scroll order")?;
    walk.u32("scroll request")?;
    walk.list("scroll attributes", 28, |walk| {
        walk.string("scroll attribute")?;
        walk.skip("scroll value", 4 + 4 + 8 + 4)?;
        walk.string("scroll text").map(|_| ())
    })
}

/// Row 47.
fn check_facet(walk: &mut Walk<'_>, master: u32) -> Step<()> {
    walk.u8("role")?;
    if walk.u8("facet mode flag")? != 0 {
        walk.u8("facet mode")?;
    }
    walk.u8("facet clause")?;
    walk.list("facet texts", 4, |walk| walk.strings("facet text", 1))?;
    if master >= 31 {
        walk.u8("facet zeroes")?;
    }
    walk.list("texts at the end", 4, |walk| walk.strings("text at the end", 1))
}

const GROUP_CONCAT: u32 = 5;
