//! The table of numbers in `core/docs/architecture.md` is complete, and says what the code says.

use std::collections::HashSet;
use std::fs;

use anyhow::{Context, Result, ensure};
use hamirror_tests::workspace;

const TABLE: &str = "core/docs/architecture.md";

/// The file of which every number is in the table.
const LIMITS: &str = "core/src/limits.rs";

/// Rooms that decide by time: each of their durations is in the table, too.
const TIMED: [&str; 6] = ["call", "engine", "host", "karma", "net", "strategy"];

#[test]
fn the_table_says_what_the_code_says() -> Result<()> {
    let table = fs::read_to_string(workspace::root().join(TABLE))?;
    let rows: Vec<[&str; 3]> = table.lines().filter_map(row).collect();
    ensure!(rows.len() > 80, "only {} rows were found", rows.len());
    let mut faults = Vec::new();
    for [name, file, value] in &rows {
        let text = fs::read_to_string(workspace::root().join(file)).context(file.to_string())?;
        let found = constants(&text).find(|(found, _)| found == name);
        match found.map(|(_, expression)| shown(&expression)) {
            Some(shown) if shown == *value => {}
            Some(shown) => faults.push(format!("{name} is {shown} in {file}, not {value}")),
            None => faults.push(format!("{file} has no {name}")),
        }
    }
    let told: HashSet<(&str, &str)> = rows.iter().map(|[name, file, _]| (*name, *file)).collect();
    for (file, text) in files()? {
        for (name, expression) in constants(&text) {
            let is_wanted = file == LIMITS || expression.starts_with("Duration::");
            if is_wanted && !told.contains(&(name, &file)) {
                faults.push(format!("{name} of {file} is missing: {}", shown(&expression)));
            }
        }
    }
    ensure!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    Ok(())
}

/// Name, file and value of a row: `` | `NAME` | `file` | value | reason | ``.
fn row(line: &str) -> Option<[&str; 3]> {
    let mut cells = line.strip_prefix("| `")?.split(" | ");
    let name = cells.next()?.strip_suffix('`')?;
    let file = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
    Some([name, file, cells.next()?]).filter(|_| file.ends_with(".rs"))
}

/// Names of the constants of a file, with the code of their values; those inside of anything, as
/// tests are, left out.
fn constants(text: &str) -> impl Iterator<Item = (&str, String)> {
    text.split("\n")
        .scan(0, |place, line| {
            let rest = &text[*place..];
            *place += line.len() + 1;
            Some(rest)
        })
        .filter_map(|rest| {
            let (before, rest) = rest.split_once("const ")?;
            let is_plain =
                before.is_empty() || before.starts_with("pub") && !before.contains('\n');
            let (name, rest) = rest.split_once(": ")?;
            let (kind, rest) = rest.split_once('=')?;
            let (value, _) = rest.split_once(';')?;
            let is_name = name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            (is_plain && is_name && !kind.contains('\n')).then_some((name, value))
        })
}

/// A value as the table has it: `250 ms`, `64 KiB`, `32`, or the code in backticks.
fn shown(code: &str) -> String {
    let units = [
        ("Duration::from_millis(", ")", " ms"),
        ("Duration::from_secs(", ")", " s"),
        ("", " << 10", " KiB"),
        ("", " << 20", " MiB"),
        ("", "", ""),
    ];
    let number = |(start, end, unit): &(&str, &str, &str)| {
        let digits = code.strip_prefix(start)?.strip_suffix(end)?.replace('_', "");
        let is_number = digits.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
        is_number.then(|| format!("{digits}{unit}"))
    };
    units.iter().find_map(number).unwrap_or_else(|| format!("`{code}`"))
}

fn files() -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for room in TIMED {
        let folder = workspace::root().join("core/src").join(room);
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name().into_string().ok().context("a name in UTF-8")?;
            if name.ends_with(".rs") && !name.ends_with("tests.rs") {
                files.push(format!("core/src/{room}/{name}"));
            }
        }
    }
    files.push(LIMITS.to_owned());
    let read = |file: String| {
        let text = fs::read_to_string(workspace::root().join(&file))?;
        Ok((file, text))
    };
    files.into_iter().map(read).collect()
}

#[test]
fn values_are_shown_as_people_write_them() {
    for (code, expected) in [
        ("Duration::from_millis(1_000)", "1000 ms"),
        ("Duration::from_secs(30)", "30 s"),
        ("64 << 10", "64 KiB"),
        ("8 << 20", "8 MiB"),
        ("4_096", "4096"),
        ("8.0", "8.0"),
        ("8 * CONFIG_SIZE_MAX", "`8 * CONFIG_SIZE_MAX`"),
    ] {
        assert_eq!(shown(code), expected);
    }
    let text = concat!(
        "/// A const.\npub(super) const A_B: usize =\n    4;\nconst fn f() {}\n",
        "mod tests {\n    const C: u8 = 1;\n}\nconst D: u8 = 2;\n",
    );
    let expected = [("A_B", "4".to_owned()), ("D", "2".to_owned())];
    assert_eq!(constants(text).collect::<Vec<_>>(), expected);
    let row = row("| `A` | `core/src/a.rs` | 4 | because |");
    assert_eq!(row, Some(["A", "core/src/a.rs", "4"]));
}
