//! One of the results that are merged.

use crate::wire::search::{Dialect, ResultSet, Row, Status};

/// The result of one agent, or of a local index; these come first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Set<'a> {
    pub(crate) is_local: bool,
    /// The host that was asked, or the local index.
    pub(crate) name: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) dialect: Dialect,
    pub(crate) result: &'a ResultSet,
    /// The answer to [`Plan::values_query`](super::Plan::values_query).
    pub(crate) values: Option<&'a ResultSet>,
}

impl<'a> Set<'a> {
    /// The set of the second query; `None` if it was refused or not asked.
    pub(super) fn of_values(&self) -> Option<Set<'a>> {
        let result = self.values.filter(|values| values.status != Status::Error)?;
        Some(Set { result, values: None, ..*self })
    }

    /// Document id of a row.
    pub(super) fn id(&self, row: usize) -> u64 {
        self.head(row).id
    }

    pub(super) fn head(&self, row: usize) -> Row {
        self.result.rows.get(self.body, row).unwrap_or(Row { id: 0, weight: 0 })
    }
}
