//! Requests that are incomplete, or whose numbers do not fit their body, are refused before they
//! are sent (core/docs/spec/protocol.md 0 and 1.8).
//!
//! What a daemon answers with an ERROR passes: the daemon words it better.

mod excerpt;
mod manticore;
mod search;
mod select;
mod update;
mod walk;

pub(crate) use self::select::{aggregate, distinct};
use self::walk::{Step, Stop, Walk, fault};
use super::header::Command;
use crate::manticore_29;

/// Refuses a body that is incomplete, goes on after its end, or holds a number out of range.
///
/// The error names the command, the fault with its place, and what to do. Versions that no known
/// daemon takes pass, since they are answered with an ERROR before the body is read. Where a
/// layout is known in part, only that part is checked.
pub fn check(command: Command, body: &[u8]) -> Result<(), String> {
    let Command { id, version } = command;
    let Some((name, newest)) = known(id) else {
        return match id {
            6 | 10 => Err(format!("command {id} has no reply to wait for: do not send it")),
            _ => Ok(()),
        };
    };
    let takes_version = id == Command::PERSIST.id || (0x100..=newest).contains(&version);
    if !takes_version && id != JSON {
        return Ok(());
    }
    match check_body(command, body) {
        Ok(()) | Err(Stop::Unknown) => Ok(()),
        Err(Stop::Fault(text)) => {
            Err(format!("{name} (command {id}, version {version:#x}): {text}"))
        }
    }
}

fn check_body(command: Command, body: &[u8]) -> Step<()> {
    let mut walk = Walk::new(body);
    let version = command.version;
    match command.id {
        0 => search::check(&mut walk, version)?,
        1 => excerpt::check(&mut walk, version)?,
        2 => update::check(&mut walk, version)?,
        3 => check_keywords(&mut walk, version)?,
        4 => return fault("it has no reply and is sent by the library itself".to_owned()),
        5 => {
            walk.u32("global flag")?;
        }
        8 => {
            walk.filled_string("statement")?;
            if version >= 0x101 {
                walk.u32("flags")?;
            }
        }
        9 => {
            walk.u32("cookie")?;
        }
        11 => check_uvar(&mut walk)?,
        15 => {
            walk.strings("index or word", 2)?;
            walk.skip("limits and flags", 6 * 4)?;
        }
        JSON => check_json(&mut walk, version)?,
        17 => {
            walk.u32("flags")?;
            walk.strings("id alias or index", 2)?;
            walk.u32("first document number")?;
            walk.list("documents", 4, |walk| walk.strings("document", 1))?;
        }
        19 => {
            walk.string("index list")?;
            walk.list("fields", 4, |walk| walk.strings("field", 1))?;
            walk.array("documents", 8)?;
        }
        21 => check_optimize(&mut walk, version)?,
        _ => {}
    }
    walk.end()
}

/// Name and newest version of a command whose body is known (core/docs/spec/protocol.md 1.7).
fn known(id: u16) -> Option<(&'static str, u16)> {
    Some(match id {
        0 => ("SEARCH", manticore_29::SEARCH_VERSION),
        1 => ("EXCERPT", 0x104),
        2 => ("UPDATE", 0x104),
        3 => ("KEYWORDS", 0x102),
        4 => ("PERSIST", 0),
        5 => ("STATUS", 0x101),
        7 => ("FLUSHATTRS", 0x100),
        8 => ("SPHINXQL", 0x101),
        9 => ("PING", 0x100),
        11 => ("UVAR", 0x100),
        15 => ("SUGGEST", 0x102),
        JSON => ("JSON", 0x103),
        17 => ("CALLPQ", 0x100),
        19 => ("GETFIELD", 0x100),
        21 => ("OPTIMIZE", 0x101),
        _ => return None,
    })
}

fn check_keywords(walk: &mut Walk<'_>, version: u16) -> Step<()> {
    walk.string("query text")?;
    walk.string("index")?;
    walk.u32("statistics flag")?;
    if version >= 0x101 {
        walk.skip("folding flags and expansion limit", 4 * 4)?;
    }
    if version >= 0x102 {
        walk.u32("jieba mode")?;
    }
    Ok(())
}

/// Both numbers must fit the values.
fn check_uvar(walk: &mut Walk<'_>) -> Step<()> {
    walk.string("name")?;
    let count = walk.u32("number of values")? as usize;
    let length = walk.u32("length of the values")? as usize;
    let values = walk.skip("values", length)?;
    let ends = values.iter().filter(|&&byte| byte & 0x80 == 0).count();
    if ends != count || values.last().is_some_and(|byte| byte & 0x80 != 0) {
        return fault(format!(
            "the {length} bytes of values hold {ends} whole values, not {count}: send as many as \
             announced"
        ));
    }
    Ok(())
}

fn check_json(walk: &mut Walk<'_>, version: u16) -> Step<()> {
    if version < 0x102 {
        return fault("the version is too old to name an endpoint: send version 0x102".to_owned());
    }
    if version > 0x103 {
        return Err(Stop::Unknown);
    }
    walk.strings("endpoint, body, query or URL", 4)?;
    if version >= 0x103 {
        walk.u32("flags")?;
    }
    Ok(())
}

/// Version 0x100 is refused by the daemon.
fn check_optimize(walk: &mut Walk<'_>, version: u16) -> Step<()> {
    if version < 0x101 {
        return Err(Stop::Unknown);
    }
    walk.u32("heartbeat")?;
    walk.string("index list")?;
    walk.u32("cutoff")?;
    Ok(())
}

const JSON: u16 = 16;
