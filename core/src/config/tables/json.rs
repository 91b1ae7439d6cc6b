//! `manticore.json`, in which a daemon in RT mode keeps what it knows of its tables:
//! `{"indexes": {"docs": {"type": "distributed", "agents": [...], "locals": [...]}}}`.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::super::diagnostics::Diagnostics;
use super::super::placed::PlacedText;
use super::super::section::{Entry, Section};
use super::cursor::Cursor;
use super::{is_used, kind_of, new_table};
use crate::limits;

/// Reads all tables; those that are not distributed have their type alone, as local ones do.
pub(super) fn read_tables(
    text: &str,
    source: &Arc<str>,
    diagnostics: &mut Diagnostics,
) -> Vec<Section> {
    let mut reader = Reader { text, at: Cursor::new(text, source), diagnostics };
    if text.len() > limits::CONFIG_SIZE_MAX {
        let mut place = PlacedText::new(source, 0, 0);
        place.text = "its size".to_owned();
        let expected = format!("at most {} bytes are expected", limits::CONFIG_SIZE_MAX);
        reader.diagnostics.error_whole(&place, expected);
        return Vec::new();
    }
    match serde_json::from_str::<Members<'_>>(text) {
        Ok(Members(members)) => reader.read_file(members),
        Err(error) => {
            let [line, column] = [error.line(), error.column().max(1)]
                .map(|number| u32::try_from(number).unwrap_or(u32::MAX));
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            let place = PlacedText::new(source, line.max(1), column);
            let expected = format!("an object of JSON with tables is expected: {message}");
            reader.diagnostics.error_whole(&place, expected);
            Vec::new()
        }
    }
}

struct Reader<'a, 'd> {
    text: &'a str,
    at: Cursor<'a>,
    diagnostics: &'d mut Diagnostics,
}

/// A member of an object: its name, and its value as it is written.
type Member<'a> = (String, &'a RawValue);

impl<'a> Reader<'a, '_> {
    fn read_file(&mut self, members: Vec<Member<'a>>) -> Vec<Section> {
        let mut tables = Vec::new();
        for (_, value) in
            members.into_iter().filter(|(name, _)| NAMES_OF_TABLES.contains(&&**name))
        {
            let Some(members) = self.object(value, "an object of tables is expected") else {
                continue;
            };
            for (name, value) in members {
                tables.extend(self.read_table(name, value));
            }
        }
        tables
    }

    fn read_table(&mut self, name: String, value: &'a RawValue) -> Option<Section> {
        let name = self.name(name, value);
        let members = self.object(value, "an object with the table's properties is expected")?;
        let (mut entries, mut is_whole) = (Vec::new(), true);
        for (key, value) in members {
            let key = self.name(key, value);
            is_whole &= self.read_property(&key, value, &mut entries).is_some();
        }
        // A fault was told: nothing is to be said of what follows from it.
        if !is_whole {
            return None;
        }
        // Of other tables nothing counts but that they are there.
        if kind_of(&entries).is_none_or(|kind| kind.text != "distributed") {
            entries.retain(|entry| entry.key.text == "type");
            return new_table(name, entries, self.diagnostics);
        }
        entries.retain(|entry| entry.key.text != "path");
        entries.retain(|entry| is_used(&entry.key, self.diagnostics));
        let broken = entries.iter().find(|entry| entry.value.text.contains(char::is_control));
        if let Some(Entry { value, .. }) = broken {
            let expected = "a text without control characters is expected";
            self.diagnostics.error_whole(value, expected);
            return None;
        }
        new_table(name, entries, self.diagnostics)
    }

    /// Adds what the configuration of an index would say of a property; `None` after a fault.
    fn read_property(
        &mut self,
        key: &PlacedText,
        value: &'a RawValue,
        entries: &mut Vec<Entry>,
    ) -> Option<()> {
        let mut named = key.clone();
        if let Some((_, name)) = PLURALS.iter().find(|(plural, _)| *plural == key.text) {
            named.text = (*name).to_owned();
        }
        if !value.get().starts_with('[') {
            entries.push(Entry { key: named, value: self.scalar(value) });
            return Some(());
        }
        // The text was read as JSON before.
        for item in serde_json::from_str::<Vec<&RawValue>>(value.get()).ok()? {
            let is_agent = named.text == "agent" && item.get().starts_with('{');
            entries.push(match is_agent {
                true => self.read_agent(&named, item)?,
                false => Entry { key: named.clone(), value: self.scalar(item) },
            });
        }
        Some(())
    }

    /// An agent's line in an object, with flags beside it.
    fn read_agent(&mut self, key: &PlacedText, value: &'a RawValue) -> Option<Entry> {
        let place = self.place(value);
        let members = self.object(value, "an agent is expected")?;
        let mut entry = Entry { key: key.clone(), value: place.clone() };
        let mut lines = 0;
        for (name, value) in members {
            let (name, is_text) = (self.name(name, value), value.get().starts_with('"'));
            let flag = FLAGS.iter().find(|(flag, _)| *flag == name.text);
            if is_text {
                lines += 1;
                entry.value = self.scalar(value);
            } else if let Some((_, key)) = flag {
                if ["true", "1"].contains(&value.get()) {
                    entry.key.text = (*key).to_owned();
                }
            } else {
                let expected = "a flag of an agent is expected; it is not read";
                self.diagnostics.warning_whole(&name, expected);
            }
        }
        if lines == 1 {
            return Some(entry);
        }
        let expected = "an object with one text, the agent's line, is expected";
        self.diagnostics.error_whole(&place, expected);
        None
    }

    fn object(&mut self, value: &'a RawValue, expected: &str) -> Option<Vec<Member<'a>>> {
        match serde_json::from_str::<Members<'_>>(value.get()) {
            Ok(Members(members)) => Some(members),
            Err(_) => {
                let place = self.place(value);
                self.diagnostics.error_whole(&place, expected);
                None
            }
        }
    }

    /// A text, a number or a truth value as a configuration writes it; anything else as it is.
    fn scalar(&mut self, value: &'a RawValue) -> PlacedText {
        let mut placed = self.place(value);
        let written = value.get();
        if let Ok(text) = serde_json::from_str::<String>(written) {
            // The place is behind the quote.
            let (line, column) = placed.place(0);
            placed = PlacedText::new(&placed.source, line, column.saturating_add(1));
            placed.text = text.trim().to_owned();
        } else if let Some((_, text)) = WORDS.iter().find(|(word, _)| *word == written) {
            placed.text = (*text).to_owned();
        }
        placed
    }

    /// The name of a member, placed where it is written if that is without escapes.
    fn name(&mut self, name: String, value: &RawValue) -> PlacedText {
        let offset = self.offset(value);
        let before = self.text[..offset].trim_ascii_end();
        let before = before.strip_suffix(':').map_or("", str::trim_ascii_end);
        let quoted = before.strip_suffix('"').filter(|before| before.ends_with(&name));
        self.at.go_to(quoted.map_or(offset, |before| before.len() - name.len()));
        let mut placed = self.at.placed();
        placed.text = name;
        placed
    }

    /// A value as it is written, with its place.
    fn place(&mut self, value: &RawValue) -> PlacedText {
        self.at.go_to(self.offset(value));
        let mut placed = self.at.placed();
        let written = value.get();
        let end = written.floor_char_boundary(limits::DIAGNOSTIC_TEXT_MAX + 1);
        placed.text.push_str(&written[..end]);
        placed
    }

    /// Bytes of the text before a value of it.
    fn offset(&self, value: &RawValue) -> usize {
        let offset = (value.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        offset.min(self.text.len())
    }
}

/// Members of an object in the order of the text, those of one name too.
struct Members<'a>(Vec<Member<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Vec<Member<'de>>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        input.deserialize_map(Object).map(Members)
    }
}

/// Members of the file that hold tables.
const NAMES_OF_TABLES: [&str; 2] = ["indexes", "tables"];

/// Properties that hold several values, and the keys of a configuration for one of them.
const PLURALS: [(&str, &str); 2] = [("agents", "agent"), ("locals", "local")];

/// Flags of an agent, and the keys of a configuration for agents with them.
const FLAGS: [(&str, &str); 2] =
    [("persistent", "agent_persistent"), ("blackhole", "agent_blackhole")];

/// Words of JSON, and what a configuration writes in their place.
const WORDS: [(&str, &str); 3] = [("true", "1"), ("false", "0"), ("null", "")];
