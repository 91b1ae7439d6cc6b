//! What a statement comes down to.

use super::call::Procedure;
use super::select::Planned;
use crate::command::Change;
use crate::sphinxql::{Fault, ShowTarget, Span, Statement};

/// What is to be done for a statement.
pub(super) enum Plan {
    /// Agents are asked.
    Search(Planned),
    /// Every mirror makes a change.
    Change(Change),
    /// Agents answer a procedure.
    Call(Procedure),
    /// The library tells of itself.
    Tell(Statement),
}

impl Plan {
    /// Refuses what can't be done here.
    pub(super) fn new(statement: Statement) -> Result<Plan, Fault> {
        let refuse = |span: Span, what: &str| Err(Fault::new(span, what));
        match statement {
            Statement::Select(select) => Ok(Plan::Search(Planned::new(*select)?)),
            Statement::Describe(..) => Ok(Plan::Tell(statement)),
            Statement::Show(ref show) if show.target == ShowTarget::Variables => {
                refuse(show.span, "SHOW VARIABLES is of one daemon: send it to an agent")
            }
            Statement::Show(_) => Ok(Plan::Tell(statement)),
            Statement::Insert(insert) => {
                let verb = if insert.replaces { "REPLACE" } else { "INSERT" };
                let expected = format!(
                    "{verb} can't be run here: an agent has to be named that gets the documents"
                );
                Err(Fault::new(insert.span, expected))
            }
            Statement::Call(call) => Ok(Plan::Call(Procedure::new(&call)?)),
            Statement::Update(_)
            | Statement::Delete(_)
            | Statement::SetGlobal(_)
            | Statement::FlushAttributes(_) => {
                let change = Change::new(statement);
                change.map(Plan::Change).ok_or_else(|| {
                    Fault::new(Span::default(), "a statement that changes something is expected")
                })
            }
        }
    }
}
