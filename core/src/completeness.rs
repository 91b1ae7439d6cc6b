//! How many agents must answer before a result counts.

/// How many of an index's agents must answer. A search counts local indexes, too: those that the
/// program searched and, unless best effort will do, those that nobody did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Completeness {
    /// One is enough; what is missing is told in the warning. A master's way.
    #[default]
    BestEffort,
    /// This share of them, and one at least.
    AtLeast {
        /// Share in percent; above 100 is like 100.
        percent: u8,
    },
    /// Every one.
    All,
}

impl Completeness {
    /// Whether `answered` of `agents` will do; no answer at all never does.
    pub fn is_met(self, answered: usize, agents: usize) -> bool {
        let needed_percent = match self {
            Completeness::BestEffort => 0,
            Completeness::AtLeast { percent } => usize::from(percent.min(100)),
            Completeness::All => 100,
        };
        answered > 0 && answered * 100 >= agents * needed_percent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares() {
        let cases = [
            (Completeness::BestEffort, 1, 9, true),
            (Completeness::BestEffort, 0, 9, false),
            (Completeness::BestEffort, 0, 0, false),
            (Completeness::AtLeast { percent: 50 }, 1, 2, true),
            (Completeness::AtLeast { percent: 51 }, 1, 2, false),
            (Completeness::AtLeast { percent: 34 }, 1, 3, false),
            (Completeness::AtLeast { percent: 33 }, 1, 3, true),
            (Completeness::AtLeast { percent: 0 }, 0, 3, false),
            (Completeness::AtLeast { percent: 255 }, 3, 3, true),
            (Completeness::All, 2, 3, false),
            (Completeness::All, 3, 3, true),
        ];
        for (completeness, answered, agents, expected) in cases {
            let met = completeness.is_met(answered, agents);
            assert_eq!(met, expected, "{completeness:?} {answered} of {agents}");
        }
    }
}
