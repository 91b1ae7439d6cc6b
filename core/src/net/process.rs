//! Which process this is: a forked child finds by it that it is one.
#![expect(clippy::disallowed_methods, reason = "this module asks for the process")]

/// Number of a process.
pub type Id = u32;

/// Returns the number of this process.
pub fn id() -> Id {
    std::process::id()
}
