//! Sections into the model: every key that is used, checked.

use std::time::Duration;

use super::budget::Budget;
use super::diagnostic::Diagnostics;
use super::directive::{AgentKey, read_agent};
use super::directive_options::STRATEGY_EXPECTED;
use super::model::{CallSettings, Config, DistributedIndex, HaStrategy, HostnameLookup, Searchd};
use super::placed::PlacedText;
use super::section::{INDEX_KEYS, ResolvedSection, SEARCHD_KEYS, Sections};
use super::text::is_word_letter;
use super::units::{self, Fault};
use crate::error::Error;
use crate::limits;

/// Builds the model, or lists every fault of the text.
pub(super) fn build_config(
    sections: &Sections,
    mut diagnostics: Diagnostics,
) -> Result<Config, Error> {
    let searchd = sections.searchd.as_ref();
    let searchd =
        searchd.map(|section| read_searchd(section, &mut diagnostics)).unwrap_or_default();
    let mut budget = Budget::new();
    let mut indexes = Vec::new();
    for section in &sections.indexes {
        if budget.is_spent() {
            break;
        }
        indexes.extend(read_index(section, &mut budget, &mut diagnostics));
    }
    let warnings = diagnostics.finish()?;
    Ok(Config { searchd, indexes, warnings })
}

fn read_searchd(section: &ResolvedSection, diagnostics: &mut Diagnostics) -> Searchd {
    for key in &section.keys {
        let lower = key.text.to_ascii_lowercase();
        let is_meant = [SEARCHD_KEYS, INDEX_KEYS].iter().any(|keys| keys.contains(&&*lower));
        let is_used = SEARCHD_KEYS.contains(&key.text.as_str());
        if !is_used && (is_meant || key.is_set_by_program()) {
            diagnostics.warning_whole(key, "a key of section searchd is expected; it is ignored");
        }
    }
    let mut settings = Settings { section, diagnostics };
    Searchd {
        calls: settings.call_settings(),
        ha_strategy: settings.ha_strategy(),
        ha_period_karma: settings.ha_period_karma(),
        ha_ping_interval: settings.time("ha_ping_interval", units::MILLISECONDS),
        persistent_connections_limit: settings
            .read("persistent_connections_limit", units::parse_count),
        max_packet_size: settings.read("max_packet_size", parse_packet_size),
        hostname_lookup: settings.read("hostname_lookup", parse_hostname_lookup),
    }
}

fn read_index(
    section: &ResolvedSection,
    budget: &mut Budget,
    diagnostics: &mut Diagnostics,
) -> Option<DistributedIndex> {
    let mut settings = Settings { section, diagnostics };
    if !settings.is_distributed() {
        return None;
    }
    settings.warn_of_unused_keys();
    let calls = settings.call_settings();
    let ha_strategy = settings.ha_strategy();
    let name = &section.name.text;
    let mut agents = Vec::new();
    let mut locals = Vec::new();
    let mut is_empty = true;
    for key in AgentKey::ALL {
        for value in section.values(key.name()) {
            is_empty = false;
            agents.extend(read_agent(key, value, name, budget, settings.diagnostics));
        }
    }
    for value in section.values("local") {
        is_empty &= value.text.is_empty();
        locals.extend(settings.read_locals(value, budget));
    }
    if is_empty && !budget.is_spent() {
        let expected = "an agent or local index is expected in the distributed index";
        settings.diagnostics.error_whole(&section.name, expected);
    }
    if agents.iter().all(|agent| agent.mirrors.len() < 2)
        && let Some(value) = section.values("ha_strategy").first()
    {
        let expected = "an agent with several mirrors is expected; ha_strategy has no effect";
        settings.diagnostics.warning_whole(value, expected);
    }
    Some(DistributedIndex { name: name.clone(), agents, locals, ha_strategy, calls })
}

/// Reads the values of one section.
struct Settings<'a> {
    section: &'a ResolvedSection,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Settings<'a> {
    /// Only a distributed index is read. An index with agents that is not one is odd.
    fn is_distributed(&mut self) -> bool {
        let kind = self.first("type");
        match kind.map(|kind| kind.text.as_str()) {
            Some("distributed") => return true,
            Some(text) if text.eq_ignore_ascii_case("distributed") => {
                let expected = "'distributed' is expected, in small letters";
                kind.inspect(|kind| self.diagnostics.error_whole(kind, expected));
            }
            _ => {
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

    fn warn_of_unused_keys(&mut self) {
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

    fn call_settings(&mut self) -> CallSettings {
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
        let agent_count = self.read("agent_retry_count", units::parse_count);
        let mirror_count = self.read("mirror_retry_count", units::parse_count);
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
        self.read("ha_period_karma", |text| {
            let period = units::parse_time(text, units::SECONDS)?;
            if period.is_zero() {
                return Err(Fault::whole(text, "a positive time is expected"));
            }
            Ok(period)
        })
    }

    fn ha_strategy(&mut self) -> Option<HaStrategy> {
        self.read("ha_strategy", |text| {
            HaStrategy::parse(text).ok_or_else(|| Fault::whole(text, STRATEGY_EXPECTED))
        })
    }

    fn time(&mut self, key: &str, bare_unit: Duration) -> Option<Duration> {
        self.read(key, |text| units::parse_time(text, bare_unit))
    }

    fn read<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, Fault>) -> Option<T> {
        let value = self.first(key)?;
        match parse(&value.text) {
            Ok(parsed) => Some(parsed),
            Err(fault) => {
                self.diagnostics.error(value, fault.range, fault.expected);
                None
            }
        }
    }

    fn first(&self, key: &str) -> Option<&'a PlacedText> {
        self.section.values(key).first()
    }

    fn warn_of(&mut self, key: &str, expected: &str) {
        if let Some(value) = self.first(key) {
            self.diagnostics.warning_whole(value, expected);
        }
    }

    /// Names of local indexes, by `,` or blanks as in 2.2.11.
    fn read_locals(&mut self, value: &PlacedText, budget: &mut Budget) -> Vec<String> {
        if budget.is_spent() {
            return Vec::new();
        }
        if let Err(fault) = check_locals(&value.text, budget) {
            self.diagnostics.error(value, fault.range, fault.expected);
            return Vec::new();
        }
        let names = value.text.split([',', ' ', '\t']).filter(|name| !name.is_empty());
        let names: Vec<_> = names.map(str::to_owned).collect();
        let expected = if names.is_empty() {
            "a name of a local index is expected; the line is ignored"
        } else {
            "an agent is expected; a local index is not searched by a client"
        };
        self.diagnostics.warning_whole(value, expected);
        names
    }
}

fn check_locals(text: &str, budget: &mut Budget) -> Result<(), Fault> {
    let names = text.split([',', ' ', '\t']).count();
    budget.take(names * size_of::<String>() + text.len(), text)?;
    let is_fit = |letter: char| is_word_letter(letter) || ", \t".contains(letter);
    let Some(start) = text.find(|letter| !is_fit(letter)) else { return Ok(()) };
    let expected = "a name of a local index is expected".to_owned();
    Err(Fault { range: start..text.len(), expected })
}

fn parse_packet_size(text: &str) -> Result<usize, Fault> {
    let size = usize::try_from(units::parse_size(text)?).unwrap_or(usize::MAX);
    if (limits::MAX_PACKET_SIZE_MIN..=limits::MAX_PACKET_SIZE_MAX).contains(&size) {
        return Ok(size);
    }
    let (min, max) = (limits::MAX_PACKET_SIZE_MIN >> 10, limits::MAX_PACKET_SIZE_MAX >> 20);
    Err(Fault::whole(text, format!("a size from {min}K to {max}M is expected")))
}

fn parse_hostname_lookup(text: &str) -> Result<HostnameLookup, Fault> {
    match text {
        "config_load" => Ok(HostnameLookup::ConfigLoad),
        "request" => Ok(HostnameLookup::Request),
        _ => Err(Fault::whole(text, "config_load or request is expected")),
    }
}
