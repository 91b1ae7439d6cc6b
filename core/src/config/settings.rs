//! Keys of a section into the model: every one that is used, checked.

use std::time::Duration;

use super::agent_line::AgentKey;
use super::diagnostics::Diagnostics;
use super::fault::Fault;
use super::model::{CallSettings, HaStrategy, HostnameLookup, STRATEGY_EXPECTED, Searchd};
use super::placed::PlacedText;
use super::reading::Reading;
use super::section::{INDEX_KEYS, ResolvedSection, SEARCHD_KEYS};
use super::units;
use crate::limits;

/// Reads the `searchd` section.
pub(super) fn read_searchd(
    section: &ResolvedSection,
    reading: Reading,
    diagnostics: &mut Diagnostics,
) -> Searchd {
    for key in &section.keys {
        let lower = key.text.to_ascii_lowercase();
        let is_meant = [SEARCHD_KEYS, INDEX_KEYS].iter().any(|keys| keys.contains(&&*lower));
        let is_used = SEARCHD_KEYS.contains(&key.text.as_str());
        if !is_used && (is_meant || key.is_set_by_program()) {
            diagnostics.warning_whole(key, "a key of section searchd is expected; it is ignored");
        }
    }
    if let Some(value) = section.values("query_log").first()
        && value.text.is_empty()
    {
        diagnostics.error_whole(value, "a path is expected");
    }
    let mut settings = Settings { section, reading, diagnostics };
    Searchd {
        calls: settings.call_settings(),
        ha_strategy: settings.ha_strategy(),
        ha_period_karma: settings.ha_period_karma(),
        ha_ping_interval: settings.time("ha_ping_interval", units::MILLISECONDS),
        persistent_connections_limit: settings.count("persistent_connections_limit"),
        max_packet_size: settings.max_packet_size(),
        hostname_lookup: settings.read("hostname_lookup", parse_hostname_lookup),
        max_filters: settings.bounded("max_filters", limits::FILTERS_SETTING_MAX),
        max_filter_values: settings
            .bounded("max_filter_values", limits::FILTER_VALUES_SETTING_MAX),
    }
}

/// Reads the values of one section.
pub(super) struct Settings<'a> {
    pub(super) section: &'a ResolvedSection,
    pub(super) reading: Reading,
    pub(super) diagnostics: &'a mut Diagnostics,
}

impl<'a> Settings<'a> {
    /// Only a distributed index is read. An index with agents that is not one is odd.
    pub(super) fn is_distributed(&mut self) -> bool {
        let kind = self.first("type");
        match kind.map(|kind| kind.text.as_str()) {
            Some("distributed") => return true,
            Some(text) if text.eq_ignore_ascii_case("distributed") => {
                let expected = "'distributed' is expected, in small letters";
                kind.inspect(|kind| self.fault(kind, Fault::whole(text, expected), "index"));
            }
            _ => {
                self.warn_of_letters();
                let is_agent_key =
                    |key: &&PlacedText| AgentKey::ALL.iter().any(|agent| agent.name() == key.text);
                if let Some(key) = self.section.keys.iter().find(is_agent_key) {
                    let expected = "'type = distributed' is expected in an index with agents; \
                                    the index is ignored";
                    self.diagnostics.warning_whole(key, expected);
                }
            }
        }
        false
    }

    /// Daemons know such keys, and use them for nothing.
    fn warn_of_letters(&mut self) {
        for key in &self.section.keys {
            let lower = key.text.to_ascii_lowercase();
            if lower != key.text && INDEX_KEYS.contains(&&*lower) {
                let expected = format!("'{lower}' is expected, in small letters; it is ignored");
                self.diagnostics.warning_whole(key, expected);
            }
        }
    }

    pub(super) fn warn_of_unused_keys(&mut self) {
        for key in &self.section.keys {
            if !INDEX_KEYS.contains(&key.text.as_str()) {
                let expected = "a key of a distributed index is expected; it is ignored";
                self.diagnostics.warning_whole(key, expected);
            }
        }
        if let Some(value) = self.first("divide_remote_ranges")
            && value.text != "0"
        {
            let expected = "0 is expected; ranges are not divided";
            self.diagnostics.warning_whole(value, expected);
        }
    }

    pub(super) fn call_settings(&mut self) -> CallSettings {
        CallSettings {
            agent_connect_timeout: self.timeout("agent_connect_timeout"),
            agent_query_timeout: self.timeout("agent_query_timeout"),
            agent_retry_count: self.retry_count(),
            agent_retry_delay: self.retry_delay(),
        }
    }

    /// Both daemons ignore a timeout of zero, with a warning.
    fn timeout(&mut self, key: &str) -> Option<Duration> {
        let timeout = self.time(key, units::MILLISECONDS)?;
        if timeout.is_zero() {
            self.warn_of(key, "a positive time is expected; the setting is ignored");
            return None;
        }
        Some(timeout)
    }

    fn retry_count(&mut self) -> Option<u32> {
        let agent_count = self.count("agent_retry_count");
        let mirror_count = self.count("mirror_retry_count");
        if agent_count.is_some() && mirror_count.is_some() {
            let expected = "agent_retry_count is expected to be left out beside \
                            mirror_retry_count, which counts";
            self.warn_of("agent_retry_count", expected);
        }
        let count = mirror_count.or(agent_count)?;
        if count > limits::AGENT_RETRY_COUNT_MAX {
            let key =
                if mirror_count.is_some() { "mirror_retry_count" } else { "agent_retry_count" };
            let max = limits::AGENT_RETRY_COUNT_MAX;
            self.warn_of(key, &format!("at most {max} is expected; {max} rounds are made"));
        }
        Some(count)
    }

    fn retry_delay(&mut self) -> Option<Duration> {
        let delay = self.time("agent_retry_delay", units::MILLISECONDS)?;
        if delay > limits::AGENT_RETRY_DELAY_MAX {
            let max_ms = limits::AGENT_RETRY_DELAY_MAX.as_millis();
            self.warn_of("agent_retry_delay", &format!("at most {max_ms} ms is recommended"));
        }
        Some(delay)
    }

    fn ha_period_karma(&mut self) -> Option<Duration> {
        let period = self.time("ha_period_karma", units::SECONDS)?;
        if period.is_zero() {
            let value = self.first("ha_period_karma")?;
            self.fault(value, Fault::whole(&value.text, "a positive time is expected"), "setting");
            return None;
        }
        Some(period)
    }

    /// Daemons take an unknown strategy for `random`.
    pub(super) fn ha_strategy(&mut self) -> Option<HaStrategy> {
        let value = self.first("ha_strategy")?;
        let strategy = match self.reading {
            Reading::Sphinx => HaStrategy::parse_start(&value.text),
            Reading::Strict | Reading::Manticore => HaStrategy::parse(&value.text),
        };
        if strategy.is_none() && self.reading.is_lenient() {
            let expected = format!("{STRATEGY_EXPECTED}; random is used");
            self.diagnostics.warning_whole(value, expected);
            return Some(HaStrategy::Random);
        }
        if strategy.is_none() {
            self.diagnostics.error_whole(value, STRATEGY_EXPECTED);
        }
        strategy
    }

    /// Sphinx 2.2.11 takes what does not fit 128K to 128M for a reason not to start, and what is
    /// no size for none.
    fn max_packet_size(&mut self) -> Option<usize> {
        let value = self.first("max_packet_size")?;
        let parsed = match self.reading {
            Reading::Sphinx => units::parse_c_size(&value.text),
            Reading::Strict | Reading::Manticore => units::parse_size(&value.text),
        };
        let size = match parsed {
            Ok(size) => usize::try_from(size).unwrap_or(usize::MAX),
            Err(fault) => {
                self.fault(value, fault, "setting");
                return None;
            }
        };
        if !(limits::MAX_PACKET_SIZE_MIN..=limits::MAX_PACKET_SIZE_MAX).contains(&size) {
            let (min, max) =
                (limits::MAX_PACKET_SIZE_MIN >> 10, limits::MAX_PACKET_SIZE_MAX >> 20);
            let expected = format!("a size from {min}K to {max}M is expected");
            self.diagnostics.error_whole(value, expected);
            return None;
        }
        Some(size)
    }

    fn time(&mut self, key: &str, bare_unit: Duration) -> Option<Duration> {
        if self.reading != Reading::Sphinx {
            return self.read(key, |text| units::parse_time(text, bare_unit));
        }
        let count = self.c_count(key)?;
        let unit = if bare_unit == units::SECONDS { "s" } else { "ms" };
        self.read(key, |_| units::parse_time(&format!("{count}{unit}"), bare_unit))
    }

    fn count(&mut self, key: &str) -> Option<u32> {
        match self.reading {
            Reading::Sphinx => self.c_count(key),
            Reading::Strict | Reading::Manticore => self.read(key, units::parse_count),
        }
    }

    /// A count from 1 to `max`; 2.2.11 does not start with any other.
    fn bounded(&mut self, key: &str, max: u32) -> Option<u32> {
        let value = self.first(key)?;
        let expected = format!("a count from 1 to {max} is expected");
        let number = match self.reading {
            Reading::Sphinx => u32::try_from(units::read_c_number(&value.text).0).ok(),
            Reading::Strict | Reading::Manticore => units::parse_count(&value.text).ok(),
        };
        if number.is_some_and(|number| (1..=max).contains(&number)) {
            return self.count(key);
        }
        if self.reading == Reading::Sphinx {
            self.diagnostics.error_whole(value, expected);
        } else {
            self.fault(value, Fault::whole(&value.text, expected), "setting");
        }
        None
    }

    /// A number as 2.2.11 reads it: whatever stands behind its digits does not count.
    fn c_count(&mut self, key: &str) -> Option<u32> {
        let value = self.first(key)?;
        let (number, _) = units::read_c_number(&value.text);
        let Ok(count) = u32::try_from(number) else {
            let fault =
                Fault::whole(&value.text, format!("it is {number}, 0 or more is expected"));
            self.fault(value, fault, "setting");
            return None;
        };
        if !units::parse_count(&value.text).is_ok_and(|parsed| parsed == count) {
            let expected = format!("digits alone are expected; read as {count}");
            self.diagnostics.warning_whole(value, expected);
        }
        Some(count)
    }

    fn read<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, Fault>) -> Option<T> {
        let value = self.first(key)?;
        parse(&value.text).map_err(|fault| self.fault(value, fault, "setting")).ok()
    }

    /// An error, or where daemons go on without it, a warning that says so.
    fn fault(&mut self, value: &PlacedText, Fault { range, expected }: Fault, what: &str) {
        if self.reading.is_lenient() {
            let expected = format!("{expected}; the {what} is ignored");
            self.diagnostics.warning(value, range, expected);
        } else {
            self.diagnostics.error(value, range, expected);
        }
    }

    pub(super) fn first(&self, key: &str) -> Option<&'a PlacedText> {
        self.section.values(key).first()
    }

    fn warn_of(&mut self, key: &str, expected: &str) {
        if let Some(value) = self.first(key) {
            self.diagnostics.warning_whole(value, expected);
        }
    }
}

fn parse_hostname_lookup(text: &str) -> Result<HostnameLookup, Fault> {
    match text {
        "config_load" => Ok(HostnameLookup::ConfigLoad),
        "request" => Ok(HostnameLookup::Request),
        _ => Err(Fault::whole(text, "config_load or request is expected")),
    }
}
