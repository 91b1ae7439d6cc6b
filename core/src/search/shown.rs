//! Results as people read them: short, whatever they hold.

use std::fmt;

use super::{Column, Row, SearchResult};

impl fmt::Debug for SearchResult {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SearchResult")
            .field("rows", &self.len())
            .field("total_found", &self.total_found)
            .field("columns", &Names(self.columns()))
            .field("agents_answered", &self.agents_answered)
            .field("agents", &self.agents)
            .field("warning", &self.warning)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Row {{ id: {}, weight: {}", self.id(), self.weight())?;
        for (column, value) in self.values() {
            write!(out, ", {}: {value:?}", column.name)?;
        }
        out.write_str(" }")
    }
}

/// Names of columns.
pub(crate) struct Names<'a>(pub(crate) &'a [Column]);

impl fmt::Debug for Names<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.0.iter().map(|column| &column.name)).finish()
    }
}
