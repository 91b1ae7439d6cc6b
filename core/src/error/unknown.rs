//! A name or number that does not exist here.

use std::fmt;

/// Name or number that the caller gave, and that does not exist here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownName {
    /// What was asked for, and where.
    pub text: String,
    /// Name or number as it was given.
    pub name: String,
    /// Names or numbers that are known in its place, in order; empty where none would do.
    pub known: Vec<String>,
}

impl UnknownName {
    pub(crate) fn new<K: ToString>(
        text: String,
        name: impl ToString,
        known: impl IntoIterator<Item = K>,
    ) -> Self {
        let known = known.into_iter().map(|known| known.to_string()).collect();
        Self { text, name: name.to_string(), known }
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}
