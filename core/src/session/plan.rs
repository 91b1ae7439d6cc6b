//! What a statement comes down to.

use super::select::Planned;
use crate::sphinxql::{Fault, ShowTarget, Span, Statement};

/// What is to be done for a statement.
pub(super) enum Plan {
    /// Agents are asked.
    Search(Planned),
    /// The library tells of itself.
    Tell(Statement),
}

impl Plan {
    /// Refuses what can't be done here.
    pub(super) fn new(statement: Statement) -> Result<Plan, Fault> {
        let refuse = |span: Span, what: &str| {
            Err(Fault::new(span, format!("{what} can't be run here: send it to an agent")))
        };
        match statement {
            Statement::Select(select) => Ok(Plan::Search(Planned::new(&select)?)),
            Statement::Describe(..) => Ok(Plan::Tell(statement)),
            Statement::Show(ref show) if show.target == ShowTarget::Variables => {
                let expected = "SHOW VARIABLES is of one daemon: send it to an agent";
                Err(Fault::new(show.span, expected))
            }
            Statement::Show(_) => Ok(Plan::Tell(statement)),
            Statement::Update(update) => refuse(update.span, "UPDATE"),
            Statement::Delete(delete) => refuse(delete.span, "DELETE"),
            Statement::Insert(insert) => {
                refuse(insert.span, if insert.replaces { "REPLACE" } else { "INSERT" })
            }
            Statement::SetGlobal(variable) => refuse(variable.span, "SET GLOBAL"),
            Statement::FlushAttributes(span) => refuse(span, "FLUSH ATTRIBUTES"),
            Statement::Call(call) => refuse(call.span, "CALL"),
        }
    }
}
