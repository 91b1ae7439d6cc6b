//! `tests/PROMISES.md`, and what is told of daemons, names tests that exist.

use std::fs;

use anyhow::{Context, Result, ensure};
use hamirror_tests::workspace;

#[test]
fn every_named_test_exists() -> Result<()> {
    let text = fs::read_to_string(workspace::tests().join("PROMISES.md"))?;
    let named: Vec<&str> = text.split('`').filter(|quoted| is_test(quoted)).collect();
    ensure!(named.len() > 100, "only {} tests are named", named.len());
    let missing: Vec<&str> =
        named.into_iter().filter(|name| !exists(name).unwrap_or(false)).collect();
    ensure!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
    Ok(())
}

/// A row that says what this library does about a fact names the test of it.
#[test]
fn what_daemons_do_is_answered_by_tests_that_exist() -> Result<()> {
    let document = workspace::root().join("core/docs/spec/daemons.md");
    let text = fs::read_to_string(document)?;
    let named: Vec<&str> = text.split('`').filter(|quoted| is_test(quoted)).collect();
    ensure!(named.len() > 60, "only {} tests are named", named.len());
    let missing: Vec<&str> =
        named.into_iter().filter(|name| !exists(name).unwrap_or(false)).collect();
    ensure!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
    for section in ["8", "9", "10", "12"] {
        let rows = text.split(&format!("\n## {section}. ")).nth(1).context("a section")?;
        let rows = rows.split("\n## ").next().context("its rows")?.lines();
        for row in rows.filter(|row| row.starts_with("| ") && !row.starts_with("| #")) {
            let ours = row.trim_end_matches('|').rsplit('|').next().context("a column")?.trim();
            ensure!(ours.is_empty() || ours.starts_with("---") || is_test(ours), "{row}");
        }
    }
    Ok(())
}

#[test]
fn every_promise_names_a_test_or_says_why_not() -> Result<()> {
    let text = fs::read_to_string(workspace::tests().join("PROMISES.md"))?;
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.contains("---"));
    for row in rows.filter(|row| !row.ends_with("| shown by |")) {
        let shown = row.trim_end_matches(" |").rsplit(" | ").next().context("a column")?;
        let is_shown = is_test(shown) || shown == "above" || shown.starts_with("can't");
        ensure!(is_shown, "{row}");
    }
    for number in 1..=56 {
        ensure!(text.contains(&format!("\n| T{number} | ")), "T{number} is missing");
    }
    Ok(())
}

fn is_test(text: &str) -> bool {
    text.contains(".rs::") || text.contains(".py::")
}

fn exists(test: &str) -> Result<bool> {
    let (file, name) = test.split_once("::").context("a file and a test")?;
    let text = fs::read_to_string(workspace::root().join(file))?;
    if file.ends_with(".py") {
        let kind = if name.starts_with("test_") { "def" } else { "class" };
        return Ok(text.contains(&format!("\n{kind} {name}(")));
    }
    let place = text.find(&format!("fn {name}("));
    let before = place.map(|place| &text[..place]);
    // Only attributes and a line's end stand between.
    let before = before.and_then(|before| before.rsplit("\n\n").next());
    Ok(before.is_some_and(|before| before.contains("#[test]")))
}
