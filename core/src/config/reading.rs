//! By whose rules a configuration is read.

/// By whose rules a configuration is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reading {
    /// Rules of this library: what either daemon takes as it is written is taken. Anything else is
    /// an error, or a warning where its meaning is plain.
    #[default]
    Strict,
    /// Rules of searchd 2.2.11. An agent line, a setting or an index that it skips is skipped with
    /// a warning, and a file that it does not start with is an error. In one thing it is not
    /// followed: it adds the mirrors of a skipped line to the next agent.
    Sphinx,
    /// Rules of Manticore: as for 2.2.11, but one bad agent line takes its whole table with it.
    Manticore,
}

impl Reading {
    /// Whether what a daemon skips is a warning.
    pub(super) fn is_lenient(self) -> bool {
        self != Self::Strict
    }

    /// What a fault of an agent line leads to, behind the words of the fault. 2.2.11 adds the
    /// mirrors and options of a skipped line to the next one, which would ask hosts for the wrong
    /// shard.
    pub(super) fn after_agent_fault(self, is_followed: bool) -> &'static str {
        match self {
            Self::Strict => "",
            Self::Sphinx if is_followed => {
                "; the agent is skipped, where searchd would add its mirrors and options to the \
                 next one"
            }
            Self::Sphinx => "; the agent is skipped",
            Self::Manticore => "; the table is not served",
        }
    }
}
