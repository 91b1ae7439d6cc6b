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
        answered > 0 && answered * 100 >= agents * self.needed_percent()
    }

    fn needed_percent(self) -> usize {
        match self {
            Completeness::BestEffort => 0,
            Completeness::AtLeast { percent } => usize::from(percent.min(100)),
            Completeness::All => 100,
        }
    }
}

/// Rule by which a search ends before its deadline though agents are silent. Once a share of the
/// agents has answered in full, the others get a share of the time that is left.
///
/// Where a [`Completeness`] demands more, so many have to answer before; local indexes count there
/// as if nobody searched them. Agents whose own agents are missing have not answered in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoftTimeout {
    /// Share of the agents in percent, 1 to 100; a call with any other is refused.
    pub percent: u8,
    /// Share of the time left until the deadline in percent, 0 to 100, which the others get.
    pub share: u8,
}

impl SoftTimeout {
    /// Makes a rule of two percentages; an [`Error::Request`] if one of them is out of range.
    pub fn new(percent: i64, share: i64) -> Result<SoftTimeout, Error> {
        let refused = |text| Err(Error::Request(format!("soft time-out {text}")));
        let Ok(percent @ 1..=100) = u8::try_from(percent) else {
            return refused(format!("after {percent} percent of the agents: give 1 to 100"));
        };
        let Ok(share @ 0..=100) = u8::try_from(share) else {
            return refused(format!("with {share} percent of the time left: give 0 to 100"));
        };
        Ok(SoftTimeout { percent, share })
    }

    pub(crate) fn check(self) -> Result<(), Error> {
        Self::new(self.percent.into(), self.share.into()).map(|_| ())
    }

    /// Returns the number of agents that have to answer before the others are hurried. It may be
    /// more than there are: then none ever is.
    pub(crate) fn needed(self, completeness: Completeness, agents: usize, locals: usize) -> usize {
        let of_agents = (agents * usize::from(self.percent)).div_ceil(100);
        let demanded = ((agents + locals) * completeness.needed_percent()).div_ceil(100);
        of_agents.max(demanded).max(1)
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
    fn a_soft_time_out_waits_for_its_share_and_what_completeness_demands() {
        let half = Completeness::AtLeast { percent: 50 };
        let cases = [
            (1, Completeness::BestEffort, 4, 0, 1),
            (50, Completeness::BestEffort, 4, 0, 2),
            (51, Completeness::BestEffort, 4, 3, 3),
            (100, Completeness::BestEffort, 3, 0, 3),
            (1, half, 4, 0, 2),
            (1, half, 4, 2, 3),
            (90, half, 4, 0, 4),
            (1, Completeness::All, 4, 0, 4),
            (1, Completeness::All, 4, 1, 5),
        ];
        for (percent, completeness, agents, locals, expected) in cases {
            let needed = SoftTimeout { percent, share: 0 }.needed(completeness, agents, locals);
            assert_eq!(needed, expected, "{percent} {completeness:?} {agents} {locals}");
            // Without a local index searched, so many are enough.
            assert!(needed > agents || completeness.is_met(needed, agents + locals));
        }
    }

    #[test]
    fn soft_time_outs_out_of_range_are_refused() {
        for (percent, share, is_right) in
            [(0, 50, false), (101, 50, false), (50, 101, false), (1, 0, true), (100, 100, true)]
        {
            let checked = SoftTimeout { percent, share }.check();
            assert_eq!(checked.is_ok(), is_right, "{percent} {share}: {checked:?}");
        }
        for (percent, share) in [(-1, 0), (256 + 50, 0), (50, -1), (50, i64::MAX)] {
            assert!(SoftTimeout::new(percent, share).is_err(), "{percent} {share}");
        }
        assert_eq!(SoftTimeout::new(75, 0).unwrap(), SoftTimeout { percent: 75, share: 0 });
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
