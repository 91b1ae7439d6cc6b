//! A configuration put together by a program.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::build::build_config;
use super::diagnostics::Diagnostics;
use super::model::Config;
use super::placed::PlacedText;
use super::reading::Reading;
use super::section::{Entry, MULTI_VALUE_KEYS, Section, SectionKind, Sections};
use super::text::is_word_letter;
use crate::error::Error;

/// Collects `key = value` settings, then checks them all at once as if a file held them.
///
/// ```
/// use hamirror::config::ConfigBuilder;
///
/// let mut builder = ConfigBuilder::new();
/// builder.set("searchd", "agent_query_timeout", "5s");
/// builder.set("docs", "agent", "box1:9312|box2:9312:docs1");
/// builder.set("docs", "agent", "box3:9312|box4:9312:docs2");
/// let config = builder.build()?;
/// assert_eq!(config.index("docs").map(|index| index.agents.len()), Some(2));
/// # Ok::<(), hamirror::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConfigBuilder {
    sections: Vec<Section>,
    numbers: BTreeMap<String, usize>,
}

impl ConfigBuilder {
    /// No section yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key of a section: `searchd`, or the name of a distributed index, which may have
    /// `index ` or `table ` before it. `agent`, `agent_persistent`, `agent_blackhole` and `local`
    /// add up; any other key set again is replaced. Whatever is wrong with it, [`Self::build`]
    /// says.
    pub fn set(&mut self, section: &str, key: &str, value: &str) -> &mut Self {
        let name = section_name(section);
        let number = *self.numbers.entry(name.to_owned()).or_insert_with(|| {
            self.sections.push(new_section(name));
            self.sections.len() - 1
        });
        let entries = &mut self.sections[number].entries;
        let source = Arc::from(format!("set(\"{name}\", \"{key}\")"));
        let entry =
            Entry { key: PlacedText::set(&source, key), value: PlacedText::set(&source, value) };
        let is_same = |other: &Entry| other.key.text == entry.key.text;
        let is_single = !MULTI_VALUE_KEYS.contains(&entry.key.text.as_str());
        match if is_single { entries.iter().position(is_same) } else { None } {
            Some(number) => entries[number] = entry,
            None => entries.push(entry),
        }
        self
    }

    /// Checks all settings. Every error is listed in [`Error::Config`]; the builder stays as it
    /// is, and may be changed and built again.
    pub fn build(&self) -> Result<Config, Error> {
        self.build_as(Reading::Strict)
    }

    /// Checks all settings as [`Self::build`] does, by the rules of that reading.
    pub fn build_as(&self, reading: Reading) -> Result<Config, Error> {
        let mut diagnostics = Diagnostics::default();
        for section in &self.sections {
            check(section, &mut diagnostics);
        }
        let sections = self.sections.iter().cloned().map(as_distributed).collect();
        let sections = Sections::resolve(sections, reading, &mut diagnostics);
        let mut config = build_config(&sections, reading, &mut diagnostics);
        config.warnings = diagnostics.finish(&[])?;
        Ok(config)
    }
}

fn section_name(section: &str) -> &str {
    let section = section.trim();
    let name = ["index", "table"].iter().find_map(|word| {
        section.strip_prefix(word).filter(|rest| rest.starts_with(char::is_whitespace))
    });
    name.map_or(section, str::trim)
}

fn new_section(name: &str) -> Section {
    let kind = if name == "searchd" { SectionKind::Searchd } else { SectionKind::Index };
    let source = Arc::from(format!("set(\"{name}\")"));
    Section { kind, name: PlacedText::set(&source, name), parent: None, entries: Vec::new() }
}

fn check(section: &Section, diagnostics: &mut Diagnostics) {
    let name = &section.name;
    if name.text.is_empty() || !name.text.chars().all(is_word_letter) {
        let expected = "'searchd' or the name of a distributed index is expected";
        diagnostics.error_whole(name, expected);
    }
    if let (SectionKind::Index, Some(kind)) = (section.kind, type_of(section))
        && kind.text != "distributed"
    {
        diagnostics.error_whole(kind, "'distributed' is expected");
    }
}

fn type_of(section: &Section) -> Option<&PlacedText> {
    let entry = section.entries.iter().find(|entry| entry.key.text == "type");
    entry.map(|entry| &entry.value)
}

/// A program names distributed indexes only, so it need not say so.
fn as_distributed(mut section: Section) -> Section {
    if section.kind == SectionKind::Index && type_of(&section).is_none() {
        let source = &section.name.source;
        let key = PlacedText::set(source, "type");
        let value = PlacedText::set(source, "distributed");
        section.entries.push(Entry { key, value });
    }
    section
}
