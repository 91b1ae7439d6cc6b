//! The one deadline of a call and the times within it. The query goes before agent, index,
//! `searchd` section and default; "unset" is not "set to the default".

use std::time::Duration;

use crate::config::CallSettings;
use crate::limits;
use crate::options::CallOptions;

/// The times and counts that one call keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallLimits {
    /// Whole call.
    pub deadline: Duration,
    /// The caller gave it: signs of life from a mirror don't put it off.
    pub is_deadline_fixed: bool,
    /// Reaching one mirror.
    pub connect_timeout: Duration,
    /// One mirror's answer.
    pub query_timeout: Duration,
    /// Time that the configuration gives a mirror to answer: a caller with less patience proves
    /// nothing against it.
    pub query_patience: Duration,
    /// Time that the configuration gives a mirror to be reached.
    pub connect_patience: Duration,
    /// Rounds over all mirrors after the first.
    pub retry_count: u32,
    /// Somebody set that: daemons without capacity are not asked more often either.
    pub is_retry_count_given: bool,
    /// Pause before each of them.
    pub retry_delay: Duration,
}

impl CallLimits {
    /// Joins the levels: the call before the agent's settings before the defaults.
    pub(crate) fn new(options: &CallOptions, settings: &CallSettings) -> Self {
        let pick =
            |first: Option<_>, second: Option<_>, default| first.or(second).unwrap_or(default);
        let connect_timeout = pick(
            options.connect_timeout,
            settings.agent_connect_timeout,
            limits::AGENT_CONNECT_TIMEOUT,
        );
        let query_timeout =
            pick(options.query_timeout, settings.agent_query_timeout, limits::AGENT_QUERY_TIMEOUT);
        let retry_delay =
            pick(options.retry_delay, settings.agent_retry_delay, limits::AGENT_RETRY_DELAY);
        let given = options.retry_count.or(settings.agent_retry_count);
        let retry_count = given.unwrap_or(0).min(limits::AGENT_RETRY_COUNT_MAX);
        let round = connect_timeout.saturating_add(query_timeout);
        let rounds = round
            .saturating_mul(retry_count + 1)
            .saturating_add(retry_delay.saturating_mul(retry_count));
        let deadline = options.deadline.unwrap_or(rounds).min(limits::DEADLINE_MAX);
        Self {
            deadline,
            is_deadline_fixed: options.deadline.is_some(),
            connect_timeout: connect_timeout.min(limits::DEADLINE_MAX),
            query_timeout: query_timeout.min(limits::DEADLINE_MAX),
            query_patience: settings.agent_query_timeout.unwrap_or(limits::AGENT_QUERY_TIMEOUT),
            connect_patience: settings
                .agent_connect_timeout
                .unwrap_or(limits::AGENT_CONNECT_TIMEOUT),
            retry_count,
            is_retry_count_given: given.is_some(),
            retry_delay: retry_delay.min(limits::DEADLINE_MAX),
        }
    }
}

/// Fills what `settings` leaves unset from the next outer level.
pub(crate) fn join(settings: CallSettings, outer: CallSettings) -> CallSettings {
    CallSettings {
        agent_connect_timeout: settings.agent_connect_timeout.or(outer.agent_connect_timeout),
        agent_query_timeout: settings.agent_query_timeout.or(outer.agent_query_timeout),
        agent_retry_count: settings.agent_retry_count.or(outer.agent_retry_count),
        agent_retry_delay: settings.agent_retry_delay.or(outer.agent_retry_delay),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inner_level_wins_and_unset_asks_the_next() {
        let second = |seconds| Some(Duration::from_secs(seconds));
        let index = CallSettings { agent_query_timeout: second(5), ..CallSettings::default() };
        let searchd = CallSettings {
            agent_query_timeout: second(7),
            agent_connect_timeout: second(2),
            ..CallSettings::default()
        };
        let settings = join(index, searchd);
        let options = CallOptions { connect_timeout: second(1), ..CallOptions::default() };
        let limits = CallLimits::new(&options, &settings);
        assert_eq!(limits.query_timeout, Duration::from_secs(5));
        assert_eq!(limits.connect_timeout, Duration::from_secs(1));
        assert_eq!(limits.retry_delay, limits::AGENT_RETRY_DELAY);
        assert_eq!(limits.deadline, Duration::from_secs(6));
    }

    #[test]
    fn rounds_lengthen_the_deadline_unless_it_is_given() {
        let options = CallOptions { retry_count: Some(2), ..CallOptions::default() };
        let limits = CallLimits::new(&options, &CallSettings::default());
        assert_eq!(limits.deadline, Duration::from_millis(3 * 4_000 + 2 * 500));
        let deadline = Some(Duration::from_millis(80));
        let options = CallOptions { deadline, ..options };
        let limits = CallLimits::new(&options, &CallSettings::default());
        assert_eq!(limits.deadline, Duration::from_millis(80));
    }

    #[test]
    fn no_sum_overflows() {
        let endless = Some(Duration::MAX);
        let options = CallOptions {
            connect_timeout: endless,
            query_timeout: endless,
            retry_count: Some(u32::MAX),
            retry_delay: endless,
            ..CallOptions::default()
        };
        let limits = CallLimits::new(&options, &CallSettings::default());
        assert_eq!(limits.deadline, limits::DEADLINE_MAX);
        assert!(limits.connect_timeout <= limits::DEADLINE_MAX);
        assert_eq!(limits.retry_count, limits::AGENT_RETRY_COUNT_MAX);
    }
}
