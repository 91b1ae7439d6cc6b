//! Distributed tables of Manticore's RT mode, where no section of a configuration holds them: the
//! daemon's own `manticore.json`, and the statement that makes one.

mod cursor;
mod json;
mod statement;

use std::path::Path;
use std::sync::Arc;

use super::diagnostics::Diagnostics;
use super::placed::PlacedText;
use super::section::{Entry, INDEX_KEYS, Section, SectionKind};
use super::text::is_word_letter;

pub(super) use statement::{is_statement, read_statements};

/// Reads the file of that name into its text.
pub(super) type ReadFile<'a> = &'a dyn Fn(&Path) -> std::io::Result<Vec<u8>>;

/// A text beside the configuration, under the name that diagnostics call it.
pub(super) struct OtherText {
    pub(super) source: Arc<str>,
    pub(super) text: String,
}

/// Adds the tables in the folder that `data_dir` names, if any section does. Returns the text that
/// they were read from.
pub(super) fn read_data_dir(
    sections: &mut Vec<Section>,
    read: Option<ReadFile<'_>>,
    diagnostics: &mut Diagnostics,
) -> Option<OtherText> {
    let is_searchd = |section: &&Section| section.kind == SectionKind::Searchd;
    let mut entries = sections.iter().filter(is_searchd).flat_map(|section| &section.entries);
    let folder = entries.find(|entry| entry.key.text == "data_dir")?.value.clone();
    let Some(read) = read else {
        let expected = format!(
            "distributed tables in its {FILE} are not read with a text: read the configuration \
             from its file, or parse what SHOW CREATE TABLE says of them"
        );
        diagnostics.warning_whole(&folder, expected);
        return None;
    };
    let path = Path::new(&folder.text).join(FILE);
    if !path.is_absolute() {
        let expected = format!("an absolute path is expected; tables in its {FILE} are not read");
        diagnostics.warning_whole(&folder, expected);
        return None;
    }
    let bytes = match read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let expected = format!("a folder with a {FILE} is expected; there are no tables");
            diagnostics.warning_whole(&folder, expected);
            return None;
        }
        Err(error) => {
            let expected = format!(
                "its {FILE} can't be read ({error}): let this program read it, or parse what SHOW \
                 CREATE TABLE says of its distributed tables"
            );
            diagnostics.error_whole(&folder, expected);
            return None;
        }
    };
    let source: Arc<str> = Arc::from(path.display().to_string());
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let place = PlacedText::new(&source, u32::try_from(line).unwrap_or(u32::MAX), 1);
            diagnostics.error_whole(&place, "UTF-8 is expected");
            return None;
        }
    };
    sections.extend(json::read_tables(&text, &source, diagnostics));
    Some(OtherText { source, text })
}

/// A table as its properties make it; `None` if its name is none.
fn new_table(
    name: PlacedText,
    entries: Vec<Entry>,
    diagnostics: &mut Diagnostics,
) -> Option<Section> {
    if name.text.is_empty() || !name.text.chars().all(is_word_letter) {
        diagnostics.error_whole(&name, "the name of a table is expected");
        return None;
    }
    Some(Section { kind: SectionKind::Index, name, parent: None, entries })
}

/// True if the property has the name of a key that is used; a warning says of others that they are
/// not.
fn is_used(key: &PlacedText, diagnostics: &mut Diagnostics) -> bool {
    if INDEX_KEYS.contains(&key.text.as_str()) {
        return true;
    }
    diagnostics
        .warning_whole(key, "a property of a distributed table is expected; it is not read");
    false
}

fn kind_of(entries: &[Entry]) -> Option<&PlacedText> {
    entries.iter().find(|entry| entry.key.text == "type").map(|entry| &entry.value)
}

/// Where a daemon in RT mode keeps what it knows of its tables.
const FILE: &str = "manticore.json";
