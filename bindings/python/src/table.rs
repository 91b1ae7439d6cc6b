//! A result as a short table, for prompts and notebooks.

use pyo3::prelude::*;

use crate::kept::Kept;

/// The first rows, a line each below a line of names; nothing for no row.
pub(crate) fn text(py: Python<'_>, kept: &Kept) -> PyResult<String> {
    let lines = lines(py, kept)?;
    let [names, rest @ ..] = &lines[..] else { return Ok(String::new()) };
    if rest.is_empty() {
        return Ok(String::new());
    }
    let width = |column: usize| {
        lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..names.len()).map(width).collect();
    let mut out = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        out += "\n";
        out += cells.collect::<Vec<_>>().join("  ").trim_end();
    }
    Ok(out + &more(kept, "\n"))
}

/// The first rows as an HTML table with a caption.
pub(crate) fn html(py: Python<'_>, kept: &Kept, caption: &str) -> PyResult<String> {
    let mut out = format!("<table><caption>{}</caption>", escaped(caption));
    for (number, line) in lines(py, kept)?.iter().enumerate() {
        let tag = if number == 0 { "th" } else { "td" };
        let cells = line.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell)));
        out += &format!("<tr>{}</tr>", cells.collect::<String>());
    }
    Ok(out + "</table>" + &more(kept, ""))
}

/// Cells of the names, then of each row that is shown.
fn lines(py: Python<'_>, kept: &Kept) -> PyResult<Vec<Vec<String>>> {
    let shown = 0..kept.width().min(COLUMNS_SHOWN);
    let rest = (kept.width() > COLUMNS_SHOWN).then(|| "...".to_owned());
    let mut names = vec!["id".to_owned(), "weight".to_owned()];
    for name in &kept.names(py)[shown.clone()] {
        names.push(cut(&name.bind(py).to_string_lossy()));
    }
    names.extend(rest.clone());
    let mut lines = vec![names];
    for row in 0..kept.len().min(ROWS_SHOWN) {
        let mut cells = vec![kept.id(row).to_string(), kept.weight(row).to_string()];
        for column in shown.clone() {
            let value = kept.value(py, row, column)?.str()?;
            cells.push(cut(&value.to_string_lossy()));
        }
        cells.extend(rest.clone());
        lines.push(cells);
    }
    Ok(lines)
}

/// One line of a text, no longer than a cell.
fn cut(text: &str) -> String {
    let mut letters = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let cell: String = letters.by_ref().take(CELL_LENGTH).collect();
    if letters.next().is_some() { cell + "..." } else { cell }
}

fn more(kept: &Kept, before: &str) -> String {
    match kept.len().saturating_sub(ROWS_SHOWN) {
        0 => String::new(),
        rows => format!("{before}... and {rows} more rows"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Rows that a screen has room for, beside what else is on it.
const ROWS_SHOWN: usize = 10;
/// Columns that a line has room for.
const COLUMNS_SHOWN: usize = 8;
/// Letters of a cell, so that a line stays one.
const CELL_LENGTH: usize = 30;
