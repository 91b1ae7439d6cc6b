//! Where two answers differ.

use super::question::Traits;
use super::told::{Meta, Told};

/// Something that is not the same in two answers to one query: first what hamirror says, then what
/// the other says.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// One of them refuses the query: texts of the errors.
    Refused(Option<String>, Option<String>),
    /// Other columns, or another order of them.
    Columns(Vec<String>, Vec<String>),
    /// Another type of the column.
    Type(String, u32, u32),
    /// Another value in a column, in a row that is alike otherwise.
    Cell(usize, String, Option<String>, Option<String>),
    /// Another row at that place.
    Row(usize, String, String),
    /// Another number of rows.
    Count(usize, usize),
    /// Rows to choose from.
    Total(u64, u64),
    /// Matching documents or groups.
    TotalFound(u64, u64),
    /// Statistics of words.
    Words(String, String),
    /// The other warns, and hamirror does not.
    Unsaid(String),
    /// Hamirror warns, and the other does not.
    Added(String),
    /// The other shows columns by which agents sorted.
    Pointers,
}

/// All differences between what hamirror found and what is expected of it. `traits` tell which
/// columns rows are not known by.
pub fn differences(traits: &Traits, found: &Told, expected: &Told) -> Vec<Difference> {
    let mut differences = Vec::new();
    if found.has_pointers != expected.has_pointers {
        differences.push(Difference::Pointers);
    }
    let names = |told: &Told| -> Vec<String> {
        told.columns.iter().map(|column| column.0.clone()).collect()
    };
    let (own, other) = (names(found), names(expected));
    if own == other {
        for (one, other) in found.columns.iter().zip(&expected.columns) {
            if one.1 != other.1 {
                differences.push(Difference::Type(one.0.clone(), one.1, other.1));
            }
        }
        let sorted = |told: &Told| {
            let mut rows = told.rows.clone();
            rows.sort();
            Told { rows, ..told.clone() }
        };
        match traits.has_ties {
            true => rows(traits, &sorted(found), &sorted(expected), &mut differences),
            false => rows(traits, found, expected, &mut differences),
        }
    } else {
        differences.push(Difference::Columns(own, other));
    }
    if found.rows.len() != expected.rows.len() {
        differences.push(Difference::Count(found.rows.len(), expected.rows.len()));
    }
    if let (Some(found), Some(expected)) = (&found.meta, &expected.meta) {
        meta(found, expected, &mut differences);
    }
    differences
}

fn rows(traits: &Traits, found: &Told, expected: &Told, differences: &mut Vec<Difference>) {
    for (number, (one, other)) in found.rows.iter().zip(&expected.rows).enumerate() {
        let differing = (0..one.len()).filter(|column| one[*column] != other[*column]);
        let differing: Vec<usize> = differing.collect();
        let is_computed = |column: &usize| traits.aggregate(&found.columns[*column].0).is_some();
        if differing.iter().all(is_computed) {
            differences.extend(differing.iter().map(|&column| {
                let name = found.columns[column].0.clone();
                Difference::Cell(number, name, one[column].clone(), other[column].clone())
            }));
        } else {
            // What comes behind it tells nothing more.
            return differences.push(Difference::Row(number, shown(one), shown(other)));
        }
    }
}

fn shown(row: &[Option<String>]) -> String {
    let texts: Vec<&str> = row.iter().map(|text| text.as_deref().unwrap_or("NULL")).collect();
    texts.join(" | ")
}

fn meta(found: &Meta, expected: &Meta, differences: &mut Vec<Difference>) {
    if found.total != expected.total {
        differences.push(Difference::Total(found.total, expected.total));
    }
    if found.total_found != expected.total_found {
        differences.push(Difference::TotalFound(found.total_found, expected.total_found));
    }
    if found.words != expected.words {
        let (own, other) = (format!("{:?}", found.words), format!("{:?}", expected.words));
        differences.push(Difference::Words(own, other));
    }
    let added = found.warnings.iter().filter(|line| !expected.warnings.contains(line));
    differences.extend(added.cloned().map(Difference::Added));
    let unsaid = expected.warnings.iter().filter(|line| !found.warnings.contains(line));
    differences.extend(unsaid.cloned().map(Difference::Unsaid));
}

#[cfg(test)]
mod tests {
    use super::super::question::Aggregate;
    use super::*;

    fn told(names: [&str; 2], rows: &[[&str; 2]]) -> Told {
        Told {
            columns: names.map(|name| (name.to_owned(), 1)).to_vec(),
            rows: rows.iter().map(|row| row.map(|text| Some(text.to_owned())).to_vec()).collect(),
            has_pointers: false,
            meta: Some(Meta::default()),
        }
    }

    #[test]
    fn each_difference_is_told_once() {
        let traits = Traits {
            aggregates: vec![("s".to_owned(), Aggregate::Sum)],
            is_grouped: true,
            ..Traits::default()
        };
        let one = told(["a", "s"], &[["1", "2"], ["3", "4"]]);
        assert_eq!(differences(&traits, &one, &one), []);
        let cell = told(["a", "s"], &[["1", "9"], ["3", "4"]]);
        let text = |text: &str| Some(text.to_owned());
        let expected = Difference::Cell(0, "s".to_owned(), text("2"), text("9"));
        assert_eq!(differences(&traits, &one, &cell), [expected]);
        let row = told(["a", "s"], &[["9", "2"], ["9", "4"], ["9", "4"]]);
        let of_row = Difference::Row(0, "1 | 2".to_owned(), "9 | 2".to_owned());
        assert_eq!(differences(&traits, &one, &row), [of_row, Difference::Count(2, 3)]);
        let mut other = told(["a", "s"], &[["1", "2"], ["3", "4"]]);
        other.columns[1].1 = 6;
        let meta = other.meta.as_mut().expect("there");
        (meta.total, meta.total_found) = (1, 2);
        meta.warnings.push("w".to_owned());
        let expected = [
            Difference::Type("s".to_owned(), 1, 6),
            Difference::Total(0, 1),
            Difference::TotalFound(0, 2),
            Difference::Unsaid("w".to_owned()),
        ];
        assert_eq!(differences(&traits, &one, &other), expected);
        let columns = differences(&traits, &one, &told(["a", "b"], &[["1", "2"], ["3", "4"]]));
        assert!(matches!(columns[..], [Difference::Columns(..)]), "{columns:?}");
    }
}
