//! A section of `type = distributed` into the model.

use std::collections::BTreeMap;

use super::agent_line::{AgentKey, Line, read_agent};
use super::budget::Budget;
use super::diagnostics::Diagnostics;
use super::fault::Fault;
use super::model::{Agent, DistributedIndex, Searchd};
use super::placed::PlacedText;
use super::reading::Reading;
use super::section::{ResolvedSection, Sections};
use super::settings::Settings;
use super::text::is_word_letter;
use crate::diagnostic::cut;

/// What an index depends on beside its own section.
pub(super) struct Surroundings<'a> {
    reading: Reading,
    keeps_connections: bool,
    /// Indexes that may be local ones of a distributed index, and their positions in the text.
    locals: BTreeMap<&'a str, usize>,
}

impl<'a> Surroundings<'a> {
    pub(super) fn new(sections: &'a Sections, searchd: &Searchd, reading: Reading) -> Self {
        let positions = sections.indexes.iter().zip(0..);
        let locals = positions.filter(|(section, _)| is_local(section, reading));
        Self {
            reading,
            keeps_connections: searchd.persistent_connections_limit.is_some_and(|limit| limit > 0),
            locals: locals.map(|(section, at)| (section.name.text.as_str(), at)).collect(),
        }
    }
}

/// Sphinx knows only what it serves, as far as the text says it.
fn is_local(section: &ResolvedSection, reading: Reading) -> bool {
    match reading {
        Reading::Sphinx => section.is_stored(),
        Reading::Strict | Reading::Manticore => section.kind() != Some("distributed"),
    }
}

/// Reads the section, if it is one of a distributed index that is to be served.
pub(super) fn read_index(
    section: &ResolvedSection,
    position: usize,
    surroundings: &Surroundings<'_>,
    budget: &mut Budget,
    diagnostics: &mut Diagnostics,
) -> Option<DistributedIndex> {
    let reading = surroundings.reading;
    let mut settings = Settings { section, reading, diagnostics };
    if !settings.is_distributed() {
        return None;
    }
    settings.warn_of_unused_keys();
    let calls = settings.call_settings();
    let ha_strategy = settings.ha_strategy();
    let mut reader =
        IndexReader { section, position, surroundings, budget, diagnostics, is_refused: false };
    let agents = reader.read_agents();
    let locals = reader.read_locals();
    if reader.is_refused || reader.is_empty(&agents, &locals) {
        return None;
    }
    if agents.iter().all(|agent| agent.mirrors.len() < 2)
        && let Some(value) = section.values("ha_strategy").first()
    {
        let expected = "an agent with several mirrors is expected; ha_strategy has no effect";
        diagnostics.warning_whole(value, expected);
    }
    Some(DistributedIndex { name: section.name.text.clone(), agents, locals, ha_strategy, calls })
}

struct IndexReader<'a> {
    section: &'a ResolvedSection,
    /// Among all index sections of the text.
    position: usize,
    surroundings: &'a Surroundings<'a>,
    budget: &'a mut Budget,
    diagnostics: &'a mut Diagnostics,
    /// The daemon does not serve it.
    is_refused: bool,
}

impl IndexReader<'_> {
    fn read_agents(&mut self) -> Vec<Agent> {
        let reading = self.surroundings.reading;
        let name = &self.section.name.text;
        let mut agents = Vec::new();
        let section = self.section;
        let lines = AgentKey::ALL
            .into_iter()
            .flat_map(|key| section.values(key.name()).iter().map(move |value| (key, value)));
        let mut lines = lines.peekable();
        while let Some((key, value)) = lines.next() {
            let after_fault = reading.after_agent_fault(lines.peek().is_some());
            let line = Line { key, value, index_name: name, reading, after_fault };
            let Some(mut agent) = read_agent(line, self.budget, self.diagnostics) else {
                self.is_refused |= reading == Reading::Manticore;
                continue;
            };
            if agent.persistent && reading.is_lenient() && !self.surroundings.keeps_connections {
                let expected = "persistent_connections_limit is expected in section searchd; \
                                the agent's connections are not kept";
                self.diagnostics.warning_whole(value, expected);
                agent.persistent = false;
            }
            agents.push(agent);
        }
        agents
    }

    fn read_locals(&mut self) -> Vec<String> {
        let mut locals = Vec::new();
        for value in self.section.values("local") {
            if self.budget.is_spent() {
                break;
            }
            match check_locals(&value.text, self.surroundings.reading, self.budget) {
                Ok(()) => locals.extend(self.split_locals(value)),
                Err(Fault { range, expected }) => self.diagnostics.error(value, range, expected),
            }
        }
        locals
    }

    /// Names of local indexes, by `,` or blanks as in 2.2.11.
    fn split_locals(&mut self, value: &PlacedText) -> Vec<String> {
        let names = value.text.split([',', ' ', '\t']).filter(|name| !name.is_empty());
        let names: Vec<_> = names.map(str::to_owned).collect();
        if names.is_empty() {
            let expected = "a name of a local index is expected; the line is ignored";
            self.diagnostics.warning_whole(value, expected);
            return names;
        }
        let (known, missing): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| self.is_known(value, name));
        if !missing.is_empty() {
            let names = cut(&missing.join(", "));
            let expected = match self.surroundings.reading {
                Reading::Manticore => {
                    format!("no such local index: {names}; the table is not served")
                }
                Reading::Strict | Reading::Sphinx => {
                    format!(
                        "no such local index is served and stands above: {names}; it is skipped"
                    )
                }
            };
            self.diagnostics.warning_whole(value, expected);
            self.is_refused |= self.surroundings.reading == Reading::Manticore;
        }
        known
    }

    /// A program sets distributed indexes only, so its local ones are known elsewhere.
    fn is_known(&self, value: &PlacedText, name: &str) -> bool {
        let position = self.surroundings.locals.get(name);
        match self.surroundings.reading {
            _ if value.is_set_by_program() => true,
            Reading::Strict => true,
            Reading::Sphinx => position.is_some_and(|&position| position < self.position),
            Reading::Manticore => position.is_some(),
        }
    }

    /// Nothing is left to serve. Strictly, an index is empty only if its section is.
    fn is_empty(&mut self, agents: &[Agent], locals: &[String]) -> bool {
        let section = self.section;
        if self.surroundings.reading.is_lenient() {
            if !agents.is_empty() || !locals.is_empty() {
                return false;
            }
            let expected = "a valid agent or local index is expected; the index is not served";
            self.diagnostics.warning_whole(&section.name, expected);
            return true;
        }
        let has_agent = AgentKey::ALL.iter().any(|key| !section.values(key.name()).is_empty());
        let has_local = section.values("local").iter().any(|value| !value.text.is_empty());
        if !has_agent && !has_local && !self.budget.is_spent() {
            let expected = "an agent or local index is expected in the distributed index";
            self.diagnostics.error_whole(&section.name, expected);
        }
        false
    }
}

fn check_locals(text: &str, reading: Reading, budget: &mut Budget) -> Result<(), Fault> {
    let names = text.split([',', ' ', '\t']).count();
    budget.take(names * size_of::<String>() + text.len(), text)?;
    let is_fit = |letter: char| is_word_letter(letter) || ", \t".contains(letter);
    match text.find(|letter| !is_fit(letter)) {
        Some(start) if !reading.is_lenient() => {
            let expected = "a name of a local index is expected".to_owned();
            Err(Fault { range: start..text.len(), expected })
        }
        _ => Ok(()),
    }
}
