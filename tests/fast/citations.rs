//! What comments and documents cite is there: the file, and the section and row of it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use hamirror_tests::workspace;

use crate::tidy;

#[test]
fn every_cited_file_section_and_row_exists() -> Result<()> {
    let mut faults = Vec::new();
    let (mut files, mut sections) = (0, 0);
    for file in tidy::sources() {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let name = file.strip_prefix(workspace::root())?.display().to_string();
        // Its inputs are samples, some of them wrong on purpose.
        if name.ends_with("fast/citations.rs") || name.contains("fuzz/corpus/") {
            continue;
        }
        for citation in citations(&text) {
            files += 1;
            sections += citation.sections.len();
            faults.extend(fault(&citation, &file).map(|fault| format!("{name}: {fault}")));
        }
    }
    ensure!(files > 100 && sections > 70, "only {files} files and {sections} sections are cited");
    ensure!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    Ok(())
}

/// Documents name many sources, which move.
#[test]
fn every_source_that_a_document_names_exists() -> Result<()> {
    let mut faults = Vec::new();
    let mut count = 0;
    for file in tidy::sources() {
        let name = file.strip_prefix(workspace::root())?.display().to_string();
        let is_document = name.starts_with("core/docs/") || name.starts_with(".github/");
        if !(name.ends_with(".md") && (is_document || name == "README.md")) {
            continue;
        }
        let text = fs::read_to_string(&file).context(name.clone())?;
        for path in text.split('`').skip(1).step_by(2).filter(|quoted| is_source(quoted)) {
            count += 1;
            let places = ["", "core/src", "examples"];
            if !places.iter().any(|place| workspace::root().join(place).join(path).exists()) {
                faults.push(format!("{name}: no file {path}"));
            }
        }
    }
    ensure!(count > 30, "only {count} sources are named");
    ensure!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    Ok(())
}

fn is_source(text: &str) -> bool {
    let endings = [".rs", ".c", ".h", ".hpp", ".cpp", ".py", ".pyi", ".sh", ".toml", ".supp"];
    text.contains('/')
        && endings.iter().any(|ending| text.ends_with(ending))
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_./-".contains(letter))
}

/// A document that is named, and what of it.
#[derive(Debug, PartialEq)]
struct Citation<'a> {
    path: &'a str,
    sections: Vec<&'a str>,
    /// In the last of these sections.
    rows: Vec<&'a str>,
}

/// Reads each `path.md`, with the numbers after it: `a.md 1, 2.3`, `a.md 4.1 to 4.3`, `a.md 4.1,
/// rows 3 to 7`.
fn citations(text: &str) -> Vec<Citation<'_>> {
    let is_of_path = |letter: char| letter.is_ascii_alphanumeric() || "_./-".contains(letter);
    let mut citations = Vec::new();
    for (place, ending) in text.match_indices(".md") {
        let (before, after) = text.split_at(place + ending.len());
        let path = before.trim_end_matches(is_of_path);
        let path = &before[path.len()..];
        let is_name = after.starts_with(|letter: char| letter.is_ascii_alphanumeric());
        // Other endings, patterns, and addresses elsewhere.
        if is_name || path == ending || path.contains("//") {
            continue;
        }
        // As in `[a.md](a.md) 1` and `[a.md][a] 1`.
        let named = after.strip_prefix("][").and_then(|rest| rest.split_once(']'));
        let after = named.map_or(after, |(_, rest)| rest);
        let (sections, rows) = numbers(after.trim_start_matches(')'));
        citations.push(Citation { path, sections, rows });
    }
    citations
}

/// The sections, and rows, that a text begins with.
fn numbers(text: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut sections, mut rows) = (Vec::new(), Vec::new());
    let mut in_rows = false;
    // A citation may go on in the next line of a comment.
    let words = text.split_whitespace().filter(|word| !["//", "///", "//!", "*"].contains(word));
    for word in words {
        let number = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        match number {
            "row" | "rows" => in_rows = true,
            "and" | "to" => {}
            number if !is_number(number) => break,
            number if in_rows => rows.push(number),
            number => sections.push(number),
        }
        let goes_on = &word[number.len()..];
        if !goes_on.is_empty() && goes_on != "," {
            break;
        }
    }
    (sections, rows)
}

/// True for numbers of sections and rows, such as `4.1` and `30a`.
fn is_number(word: &str) -> bool {
    word.starts_with(|letter: char| letter.is_ascii_digit())
        && word.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '.')
}

fn fault(citation: &Citation<'_>, from: &Path) -> Option<String> {
    let Citation { path, sections, rows } = citation;
    let beside = from.parent().map(|folder| folder.join(path));
    let places = [Some(workspace::root().join(path)), beside, Some(workspace::tests().join(path))];
    let Some(file) = places.into_iter().flatten().find(|place| place.exists()) else {
        return Some(format!("no file {path}"));
    };
    if sections.is_empty() && rows.is_empty() {
        return None;
    }
    let text = fs::read_to_string(file).unwrap_or_default();
    for section in sections {
        if section_of(&text, section).is_none() {
            return Some(format!("{path} has no section {section}"));
        }
    }
    let last = sections.last().unwrap_or(&"");
    let section = section_of(&text, last).unwrap_or_default();
    let row = rows.iter().find(|row| !section.contains(&format!("\n| {row} | ")))?;
    Some(format!("{path} {last} has no row {row}"))
}

/// The text under the heading with that number, up to the next heading.
fn section_of<'a>(text: &'a str, number: &str) -> Option<&'a str> {
    let is_it = |heading: &str| {
        let name = heading.trim_start_matches('#');
        let first = name.split_whitespace().next().unwrap_or_default();
        name != heading && first.trim_end_matches('.') == number
    };
    let (start, _) = text.match_indices("\n#").find(|(place, _)| {
        let heading = text[place + 1..].lines().next().unwrap_or_default();
        is_it(heading)
    })?;
    let section = &text[start + 1..];
    Some(section.split("\n#").next().unwrap_or(section))
}

#[test]
fn citations_are_read_as_people_write_them() {
    let read = |text| {
        let found = citations(text);
        assert_eq!(found.len(), 1, "{text}");
        let Citation { path, sections, rows } = &found[0];
        format!("{path} [{}] [{}]", sections.join(" "), rows.join(" "))
    };
    for (text, expected) in [
        ("//! PING (docs/a.md 3.1).", "docs/a.md [3.1] []"),
        ("(docs/a.md 7.1, 7.2, 7.4): 9", "docs/a.md [7.1 7.2 7.4] []"),
        ("(docs/a.md 0 and 1.8). 3 things", "docs/a.md [0 1.8] []"),
        ("(docs/a.md\n    /// 4.1 to 4.3, for 7", "docs/a.md [4.1 4.3] []"),
        ("(docs/a.md 4.1, rows 37 to 47).", "docs/a.md [4.1] [37 47]"),
        ("(docs/a.md 4.1, row 5a)", "docs/a.md [4.1] [5a]"),
        ("as docs/a.md says, 3 times", "docs/a.md [] []"),
        ("the rules of `a.md`: 1", "a.md [] []"),
        ("([a.md][a] 12).", "a.md [12] []"),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
    assert_eq!(citations("[a](a.md) 12.").len(), 1);
    assert_eq!(citations("https://x.org/a.md and x.mdx and *.md").len(), 0);
}

#[test]
fn what_is_not_there_is_seen() {
    fn told(text: &str) -> Option<String> {
        let from = workspace::root().join("README.md");
        citations(text).iter().find_map(|citation| fault(citation, &from))
    }
    let spec = "core/docs/spec/protocol.md";
    assert_eq!(told(&format!("{spec} 4.1, rows 5a to 47")), None);
    assert_eq!(told("core/docs/none.md 1").as_deref(), Some("no file core/docs/none.md"));
    let fault = format!("{spec} has no section 1.9");
    assert_eq!(told(&format!("{spec} 1.2, 1.9")), Some(fault));
    let fault = format!("{spec} 4.1 has no row 99");
    assert_eq!(told(&format!("{spec} 4.1, rows 3 to 99")), Some(fault));
}
