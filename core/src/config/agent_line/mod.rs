//! The value of `agent`, `agent_persistent` and `agent_blackhole`, in the words of both daemons
//! (core/docs/spec/distributed.md 6.1):
//! `host[:port][:index-list] { '|' .. } [ '[' option { ',' option } ']' ]`.

mod line;
mod manticore;
mod mirror;
mod options;
mod scan;
mod sphinx;
mod strict;

use std::ops::Range;

use super::budget::Budget;
use super::diagnostics::Diagnostics;
use super::fault::Fault;
use super::model::{Agent, Mirror};
use super::placed::PlacedText;
use super::reading::Reading;
use crate::limits;
use line::LineText;
use mirror::MirrorText;
use options::AgentOptions;

/// Which key an agent line stands behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AgentKey {
    Plain,
    Persistent,
    Blackhole,
}

impl AgentKey {
    /// In the order in which a master numbers agents: first all `agent` lines, and so on.
    pub(super) const ALL: [Self; 3] = [Self::Plain, Self::Persistent, Self::Blackhole];

    /// The key's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "agent",
            Self::Persistent => "agent_persistent",
            Self::Blackhole => "agent_blackhole",
        }
    }
}

/// A line of an index, and by whose rules it is read.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) key: AgentKey,
    pub(super) value: &'a PlacedText,
    pub(super) index_name: &'a str,
    pub(super) reading: Reading,
    /// Words for what a fault leads to.
    pub(super) after_fault: &'static str,
}

/// Reads one line; `None` if it has a fault.
pub(super) fn read_agent(
    line: Line<'_>,
    budget: &mut Budget,
    diagnostics: &mut Diagnostics,
) -> Option<Agent> {
    let Line { key, value, index_name, reading, .. } = line;
    if budget.is_spent() {
        return None;
    }
    if let Err(fault) = check_line(&value.text, budget) {
        diagnostics.error(value, fault.range, fault.expected);
        return None;
    }
    let options = AgentOptions::default();
    let mut reader = AgentReader { line, diagnostics, options, is_faulty: false };
    let texts = reader.take(match reading {
        Reading::Strict => strict::read(&value.text, key == AgentKey::Blackhole),
        Reading::Sphinx => sphinx::read(&value.text),
        Reading::Manticore => manticore::read(&value.text),
    });
    if reader.is_faulty {
        return None;
    }
    let mirrors = reader.complete(texts, index_name, budget)?;
    reader.warn_of_many_retries(mirrors.len());
    let options = reader.options;
    Some(Agent {
        line: value.text.clone(),
        mirrors,
        persistent: key == AgentKey::Persistent || options.persistent.is_some(),
        blackhole: options.blackhole.unwrap_or(key == AgentKey::Blackhole),
        ha_strategy: options.ha_strategy,
        retry_count: options.retry_count,
    })
}

/// Refuses what is too much to be read.
fn check_line(line: &str, budget: &mut Budget) -> Result<(), Fault> {
    budget.take(size_of::<Agent>() + line.len(), line)?;
    if line.len() > limits::AGENT_LINE_MAX {
        let max = limits::AGENT_LINE_MAX;
        return Err(Fault::whole(line, format!("at most {max} bytes are expected")));
    }
    if line.split('|').count() > limits::MIRRORS_MAX {
        let max = limits::MIRRORS_MAX;
        return Err(Fault::whole(line, format!("at most {max} mirrors are expected")));
    }
    Ok(())
}

struct AgentReader<'a> {
    line: Line<'a>,
    diagnostics: &'a mut Diagnostics,
    options: AgentOptions,
    is_faulty: bool,
}

impl AgentReader<'_> {
    /// Takes over what a reader makes of the line.
    fn take(&mut self, line: LineText) -> Vec<MirrorText> {
        let LineText { mirrors, options, oddities, faults } = line;
        self.options = options;
        let mirror_oddities = mirrors.iter().filter_map(|mirror| mirror.oddity.clone());
        for (range, expected) in mirror_oddities {
            self.warn(range, expected);
        }
        for Fault { range, expected } in oddities {
            self.warn(range, expected);
        }
        for fault in faults {
            self.handle_fault(fault);
        }
        mirrors
    }

    /// Gives each mirror its index list: its own, else that of the next mirror to the right, else
    /// the index's own name.
    fn complete(
        &mut self,
        texts: Vec<MirrorText>,
        index_name: &str,
        budget: &mut Budget,
    ) -> Option<Vec<Mirror>> {
        let line = self.line.value.text.as_str();
        let has_list = texts.iter().any(|text| text.list.is_some());
        let mut list = index_name;
        let mut is_own_name = true;
        let mut mirrors = Vec::with_capacity(texts.len());
        for text in texts.into_iter().rev() {
            if let Some(range) = text.list {
                list = &line[range];
                is_own_name = false;
            } else if text.has_empty_list || (is_own_name && has_list) {
                let used = if is_own_name { "the index's own name" } else { "the next mirror's" };
                let expected = format!("an index list is expected; {used} is used");
                self.warn(text.range, expected);
            }
            if let Err(Fault { range, expected }) =
                budget.take(size_of::<Mirror>() + list.len(), line)
            {
                self.diagnostics.error(self.line.value, range, expected);
                return None;
            }
            mirrors.push(Mirror { host: text.host, index_list: list.to_owned() });
        }
        mirrors.reverse();
        Some(mirrors)
    }

    /// As for `agent_retry_count`, no more rounds are made than any daemon takes.
    fn warn_of_many_retries(&mut self, mirrors: usize) {
        let rounds_max = limits::AGENT_RETRY_COUNT_MAX;
        let mirrors = u32::try_from(mirrors).unwrap_or(u32::MAX);
        let max = (rounds_max + 1).saturating_mul(mirrors) - 1;
        if self.options.retry_count.is_some_and(|count| count > max) {
            let expected =
                format!("a retry_count of at most {max} is expected; {max} retries are made");
            self.warn(0..self.line.value.text.len(), expected);
        }
    }

    fn handle_fault(&mut self, Fault { range, expected }: Fault) {
        self.is_faulty = true;
        let expected = expected + self.line.after_fault;
        if self.line.reading.is_lenient() {
            self.warn(range, expected);
        } else {
            self.diagnostics.error(self.line.value, range, expected);
        }
    }

    fn warn(&mut self, range: Range<usize>, expected: impl Into<String>) {
        self.diagnostics.warning(self.line.value, range, expected);
    }
}
