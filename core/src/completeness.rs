//! The agents that must answer before a result counts.

use crate::error::Error;

/// Share of an index's agents that must answer. A search counts local indexes, too: those that the
/// program searched and, unless best effort will do, those that nobody did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Completeness {
    /// One is enough; what is missing is told in the warning. A master's way.
    #[default]
    BestEffort,
    /// A share of the agents, and one at least.
    AtLeast {
        /// Share in percent, 1 to 100; a search with any other is refused.
        percent: u8,
    },
    /// Every one.
    All,
}

impl Completeness {
    /// Demands this share of the agents; an [`Error::Request`] if that is not 1 to 100 percent.
    pub fn at_least(percent: i64) -> Result<Completeness, Error> {
        match u8::try_from(percent) {
            Ok(percent @ 1..=100) => Ok(Completeness::AtLeast { percent }),
            _ => Err(Error::Request(format!(
                "completeness {percent} is not 1 to 100 percent: give the share of agents that \
                 must answer, or best effort"
            ))),
        }
    }

    pub(crate) fn check(self) -> Result<(), Error> {
        match self {
            Completeness::AtLeast { percent } => Self::at_least(i64::from(percent)).map(|_| ()),
            Completeness::BestEffort | Completeness::All => Ok(()),
        }
    }

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
    fn shares_that_are_none_are_refused() {
        for percent in [i64::MIN, -1, 0, 101, 256 + 50, i64::MAX] {
            let error = Completeness::at_least(percent).unwrap_err().to_string();
            assert!(error.contains(&format!("completeness {percent} ")), "{error}");
        }
        for percent in [0, 101, u8::MAX] {
            assert!(Completeness::AtLeast { percent }.check().is_err(), "{percent}");
        }
        for percent in 1..=100 {
            let completeness = Completeness::AtLeast { percent };
            assert_eq!(Completeness::at_least(i64::from(percent)).unwrap(), completeness);
            assert!(completeness.check().is_ok());
        }
        assert!(Completeness::BestEffort.check().is_ok() && Completeness::All.check().is_ok());
    }

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
