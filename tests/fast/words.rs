//! First sentences of documentation stand alone: they name their subject, and are short.
//!
//! Lists of functions show nothing else. `.github/CONTRIBUTING.md` has the whole rule.

use std::fs;

use anyhow::Result;
use hamirror_tests::workspace;

use crate::tidy;

/// Beginnings that lean on something else, before the end of a word.
const LEANING: [&str; 11] =
    ["Does it", "How", "It", "Its", "So", "Such", "That", "The same", "Them", "They", "Those"];

/// "This process" and "this library" are whole subjects; "this one" is none.
const THIS: [&str; 2] = ["This process", "This library"];

const WORDS: usize = 25;

#[test]
fn first_sentences_stand_alone() -> Result<()> {
    let mut faults = Vec::new();
    let mut count = 0;
    for file in tidy::sources() {
        let name = file.strip_prefix(workspace::root())?.display().to_string();
        let folders = ["core/src/", "ffi/src/", "bindings/python/"];
        let is_wanted = folders.iter().any(|folder| name.starts_with(folder));
        // Readers of tests have their code before them.
        if !is_wanted || name.contains("/simulation/") || name.ends_with("tests.rs") {
            continue;
        }
        let paragraphs = match file.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => rust_paragraphs(&fs::read_to_string(&file)?),
            Some("py" | "pyi") => python_paragraphs(&fs::read_to_string(&file)?),
            _ => continue,
        };
        for (line, paragraph) in paragraphs {
            count += 1;
            faults.extend(fault(&paragraph).map(|fault| format!("{name}:{line}: {fault}")));
        }
    }
    assert!(count > 2_000, "only {count} were found");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    Ok(())
}

/// First paragraph of each block of `///` or `//!`, with the number of its line.
fn rust_paragraphs(text: &str) -> Vec<(usize, String)> {
    let mut paragraphs: Vec<(usize, String)> = Vec::new();
    let mut before = None;
    let mut is_open = false;
    for (number, line) in text.lines().enumerate() {
        let code = line.trim_start();
        let kind = ["///", "//!"].into_iter().find(|kind| code.starts_with(kind));
        let rest = kind.map(|kind| code[kind.len()..].trim());
        match (rest, paragraphs.last_mut()) {
            (Some(rest), _) if kind != before => {
                paragraphs.push((number + 1, rest.to_owned()));
                is_open = true;
            }
            (Some(rest), Some((_, paragraph))) if is_open && !rest.is_empty() => {
                *paragraph = format!("{paragraph} {rest}");
            }
            _ => is_open = false,
        }
        before = kind;
    }
    paragraphs
}

/// First paragraph of each docstring that begins a line, with the number of that.
fn python_paragraphs(text: &str) -> Vec<(usize, String)> {
    let mut paragraphs = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(start) = line.trim_start().strip_prefix("\"\"\"") else { continue };
        let mut paragraph = start.to_owned();
        let mut is_open = true;
        let mut last = start;
        while !last.contains("\"\"\"") {
            let Some((_, line)) = lines.next() else { break };
            last = line;
            is_open &= !line.trim().is_empty();
            if is_open {
                paragraph = format!("{paragraph} {}", line.trim());
            }
        }
        paragraphs.push((number + 1, paragraph.replace("\"\"\"", "")));
    }
    paragraphs
}

fn fault(paragraph: &str) -> Option<String> {
    let sentence = first_sentence(paragraph);
    let begins = |start: &&str| {
        let rest = sentence.strip_prefix(*start);
        rest.is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_alphanumeric()))
    };
    let is_this = begins(&"This") && !THIS.iter().any(begins);
    if is_this || LEANING.iter().any(begins) {
        return Some(format!("leans on something else: {sentence}"));
    }
    let count = words(sentence);
    (count > WORDS).then(|| format!("{count} words: {sentence}"))
}

fn first_sentence(paragraph: &str) -> &str {
    let is_end = |(place, sign): &(usize, &str)| {
        let rest = &paragraph[place + sign.len()..];
        rest.is_empty() || rest.starts_with(char::is_whitespace)
    };
    let ends = [".", "?", "!"].iter().flat_map(|sign| paragraph.match_indices(sign));
    let end = ends.filter(is_end).map(|(place, _)| place + 1).min();
    &paragraph[..end.unwrap_or(paragraph.len())]
}

/// Number of words; code in backticks is one.
fn words(sentence: &str) -> usize {
    let parts = sentence.split('`').enumerate();
    let plain = parts.map(|(number, part)| if number % 2 == 0 { part } else { "x" });
    let text = plain.collect::<String>();
    let words = text.split_whitespace();
    words.filter(|word| word.contains(char::is_alphanumeric)).count()
}

#[test]
fn faults_are_seen() {
    for sentence in [
        "How many there are.",
        "It is full.",
        "Its name.",
        "The same, faster.",
        "This one: a write.",
        "That is so.",
        "Those of `a`.",
    ] {
        assert!(fault(sentence).is_some(), "{sentence}");
    }
    for sentence in ["Items that wait.", "This process had none.", "Software: a b.", "However."] {
        assert_eq!(fault(sentence), None, "{sentence}");
    }
    let long = format!("A{}.", " b".repeat(WORDS));
    assert!(fault(&long).is_some());
    assert_eq!(fault(&format!("A b. {long}")), None);
    assert_eq!(words("Sorts `a, b and c` by [`d`](e f) - now"), 6);
    let rust = "//! A\n//! b.\n//!\n//! C.\n/// D.\nfn f() {}\n    /// E\n    /// f.\n";
    let expected = [(1, "A b."), (5, "D."), (7, "E f.")];
    let expected = expected.map(|(line, text)| (line, text.to_owned()));
    assert_eq!(rust_paragraphs(rust), expected);
    let python = "def f():\n    \"\"\"A\n    b.\n\n    C.\"\"\"\nx = 1\n\"\"\"D.\"\"\"\n";
    let expected = [(2, "A b."), (7, "D.")];
    let expected = expected.map(|(line, text)| (line, text.to_owned()));
    assert_eq!(python_paragraphs(python), expected);
}
