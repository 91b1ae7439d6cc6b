//! A `sphinx.conf` or `manticore.conf` in, an immutable validated model out.

mod model;

pub use model::{
    Agent, CallSettings, Config, DistributedIndex, HaStrategy, HostAddress, HostnameLookup,
    Mirror, Searchd,
};

/// One fault or oddity of a configuration, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// File, or the name that the caller gave the text.
    pub file: String,
    /// From 1; 0 where a program set the value.
    pub line: u32,
    /// In characters from 1; 0 where a program set the value.
    pub column: u32,
    /// The offending text.
    pub text: String,
    /// What was expected there.
    pub expected: String,
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file, line, column, text, expected } = self;
        write!(out, "{file}:{line}:{column}: '{text}': {expected}")
    }
}
