//! What else keeps searchd 2.2.11 from starting, found by asking one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::diagnostics::Diagnostics;
use super::model::Config;
use super::placed::PlacedText;
use super::section::{ResolvedSection, Sections};
use super::units;
use crate::limits;

/// Refuses a byte order mark, and lines that are too long.
pub(super) fn check_lines(
    has_mark: bool,
    text: &str,
    source: &Arc<str>,
    diagnostics: &mut Diagnostics,
) {
    if has_mark {
        let place = PlacedText::new(source, 1, 1);
        diagnostics.error_whole(&place, "no byte order mark is expected before it");
    }
    let lines = (1..).zip(text.split('\n'));
    for (number, line) in lines.filter(|(_, line)| line.len() > limits::SPHINX_LINE_MAX) {
        let mut place = PlacedText::new(source, number, 1);
        place.text.extend(line.chars().take(limits::DIAGNOSTIC_TEXT_MAX + 1));
        let max = limits::SPHINX_LINE_MAX;
        diagnostics.error_whole(&place, format!("a line of at most {max} bytes is expected"));
    }
}

/// Refuses sections that lack something or don't fit together.
pub(super) fn check_sections(
    sections: &Sections,
    config: &Config,
    source: &Arc<str>,
    diagnostics: &mut Diagnostics,
) {
    let mut file = PlacedText::new(source, 0, 0);
    let is_served =
        |index: &ResolvedSection| index.is_stored() || index.kind() == Some("template");
    if config.indexes.is_empty() && !sections.indexes.iter().any(is_served) {
        file.text = "its indexes".to_owned();
        diagnostics.error_by_warnings(&file, "one that is served is expected");
    }
    match &sections.searchd {
        Some(searchd) => check_searchd(searchd, diagnostics),
        None => {
            file.text = "searchd".to_owned();
            diagnostics.error_whole(&file, "a section of that name is expected");
        }
    }
    let mut paths = BTreeMap::new();
    for section in &sections.indexes {
        let name = section.name.text.as_str();
        let path = section.storage.path.as_deref();
        // Nothing can be stored at a longer one.
        let path = path.filter(|path| path.len() <= limits::FILE_PATH_MAX);
        if let Some(path) = path
            && let Some(first) = paths.insert(path, name)
        {
            let expected = format!("a path of its own is expected; index '{first}' has the same");
            diagnostics.error_whole(&section.name, expected);
        }
    }
}

fn check_searchd(searchd: &ResolvedSection, diagnostics: &mut Diagnostics) {
    match searchd.values("pid_file").first() {
        Some(value) if value.text.is_empty() => {
            diagnostics.error_whole(value, "a path is expected");
        }
        Some(_) => {}
        None => diagnostics.error_whole(&searchd.name, "key 'pid_file' is expected in it"),
    }
    if let Some(value) = searchd.values("workers").first()
        && !WORKERS.contains(&value.text.as_str())
    {
        diagnostics.error_whole(value, format!("{} is expected", WORKERS.join(", ")));
    }
    if let Some(value) = searchd.values("binlog_flush").first()
        && !(0..=2).contains(&units::read_c_number(&value.text).0)
    {
        diagnostics.error_whole(value, "0, 1 or 2 is expected");
    }
}

/// Values of `workers`.
const WORKERS: &[&str] = &["none", "fork", "prefork", "threads"];
