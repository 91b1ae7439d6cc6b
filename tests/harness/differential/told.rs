//! Answers in one form, whoever gave them.

use hamirror::search::Row;
use hamirror::{Kind, SearchResult, Value};

use crate::oracle;
use crate::oracle::Table;

/// What somebody answered to one query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Names and types of the columns: types of the API, or of MySQL. Over the API id and weight
    /// come first, and are of no type.
    pub columns: Vec<(String, u32)>,
    /// Texts by row; none for null.
    pub rows: Vec<Vec<Option<String>>>,
    /// Columns by which agents sorted texts, and that nobody asked for: these are left out.
    pub has_pointers: bool,
    /// What is said beside the rows; `None` where it can't be asked for.
    pub meta: Option<Meta>,
}

/// What is said beside rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// Rows to choose from.
    pub total: u64,
    /// Matching documents, or groups.
    pub total_found: u64,
    /// One line each, sorted.
    pub warnings: Vec<String>,
    /// Word, documents, hits; sorted.
    pub words: Vec<(String, u64, u64)>,
}

impl Told {
    /// An answer over the API.
    pub fn of_api(answer: &oracle::Answer) -> Told {
        let is_shown: Vec<bool> =
            answer.columns.iter().map(|column| !column.0.starts_with(POINTER)).collect();
        let shown = |number: &usize| is_shown[*number];
        let columns =
            (0..is_shown.len()).filter(shown).map(|number| answer.columns[number].clone());
        let row = |row: &oracle::Row| {
            let head = [row.id.to_string(), row.weight.to_string()];
            let values =
                (0..is_shown.len()).filter(shown).map(|number| row.values[number].clone());
            head.into_iter().chain(values).map(Some).collect()
        };
        Told {
            columns: heads().into_iter().chain(columns).collect(),
            rows: answer.rows.iter().map(row).collect(),
            has_pointers: is_shown.contains(&false),
            meta: Some(Meta::new(
                (answer.total, answer.total_found),
                answer.warning.as_deref(),
                answer.words.clone(),
            )),
        }
    }

    /// A result of the library, as an API client reads it from a master.
    pub fn of_search(result: &SearchResult) -> Told {
        let columns =
            result.columns().iter().map(|column| (column.name.clone(), api_type(column.kind)));
        let row = |row: Row<'_>| {
            let head = [row.id().to_string(), row.weight().to_string()];
            let values = (0..result.columns().len())
                .map(|number| api_text(result.columns()[number].kind, row.value(number)));
            head.into_iter().chain(values).map(Some).collect()
        };
        Told {
            columns: heads().into_iter().chain(columns).collect(),
            rows: result.rows().map(row).collect(),
            has_pointers: false,
            meta: Some(Meta::of_result(result)),
        }
    }

    /// The same without the key, the count and other columns that an order adds.
    pub fn without_magic(&self) -> Told {
        let is_kept = |number: &usize| !self.columns[*number].0.starts_with('@');
        let kept: Vec<usize> = (0..self.columns.len()).filter(is_kept).collect();
        let row = |row: &Vec<Option<String>>| kept.iter().map(|at| row[*at].clone()).collect();
        Told {
            columns: kept.iter().map(|number| self.columns[*number].clone()).collect(),
            rows: self.rows.iter().map(row).collect(),
            has_pointers: false,
            meta: self.meta.clone(),
        }
    }

    /// A table of a MySQL client, and what SHOW META says of it.
    pub fn of_table(table: Table, meta: Option<&Table>) -> Told {
        let columns = table.columns.into_iter().map(|(name, kind)| (name, kind.into())).collect();
        Told { columns, rows: table.rows, has_pointers: false, meta: meta.map(Meta::of_table) }
    }
}

impl Meta {
    fn new(
        (total, total_found): (u64, u64),
        warning: Option<&str>,
        mut words: Vec<(String, u64, u64)>,
    ) -> Meta {
        words.sort();
        let mut warnings: Vec<String> =
            warning.unwrap_or_default().split(";\n").map(str::to_owned).collect();
        warnings.retain(|line| !line.is_empty());
        warnings.sort();
        Meta { total, total_found, warnings, words }
    }

    fn of_result(result: &SearchResult) -> Meta {
        let words = result.words.iter();
        let words = words.map(|word| (word.word.clone(), word.docs, word.hits)).collect();
        Meta::new((result.total, result.total_found), result.warning.as_deref(), words)
    }

    /// Reads the rows of SHOW META.
    fn of_table(table: &Table) -> Meta {
        let texts = table.rows.iter().filter_map(|row| match row.as_slice() {
            [Some(key), Some(value)] => Some((key.as_str(), value.as_str())),
            _ => None,
        });
        let texts: Vec<(&str, &str)> = texts.collect();
        let find =
            |key: &str| texts.iter().find(|(known, _)| *known == key).map(|(_, text)| *text);
        let number = |key: &str| find(key).and_then(|text| text.parse().ok()).unwrap_or(0);
        let words = (0..).map_while(|place| {
            let word = find(&format!("keyword[{place}]"))?.to_owned();
            Some((word, number(&format!("docs[{place}]")), number(&format!("hits[{place}]"))))
        });
        let totals = (number("total"), number("total_found"));
        Meta::new(totals, find("warning"), words.collect())
    }
}

/// An answer of the library as the table that a MySQL client reads.
pub fn sql_table(answer: &hamirror::Answer) -> Table {
    let columns = answer.columns.iter().map(|column| (column.name.clone(), sql_type(column.kind)));
    let text = |text: Vec<u8>| String::from_utf8_lossy(&text).into_owned();
    let row = |row: usize| {
        (0..answer.columns.len()).map(|column| answer.text(row, column).map(text)).collect()
    };
    Table { columns: columns.collect(), rows: (0..answer.len()).map(row).collect() }
}

fn heads() -> [(String, u32); 2] {
    ["(id)", "(weight)"].map(|name| (name.to_owned(), 0))
}

/// The type that masters tell a plain client of.
fn api_type(kind: Kind) -> u32 {
    match kind {
        Kind::Uint64 => Kind::Bigint.code(),
        Kind::ComputedString | Kind::Json | Kind::JsonField => Kind::String.code(),
        kind => kind.code(),
    }
}

fn api_text(kind: Kind, value: Value<'_>) -> String {
    match value {
        // Plain clients are told so of no document.
        Value::Null if kind == Kind::Json => "{}".to_owned(),
        Value::Null => String::new(),
        Value::Bool(value) => u32::from(value).to_string(),
        // Plain clients are sent ids as bigints.
        Value::Uint64(value) => value.cast_signed().to_string(),
        Value::String(value) => String::from_utf8_lossy(value).into_owned(),
        Value::Multi(values) => format!("{:?}", values.iter().collect::<Vec<_>>()),
        Value::Multi64(values) => format!("{:?}", values.iter().collect::<Vec<_>>()),
        value => value.to_string(),
    }
}

fn sql_type(kind: Kind) -> u8 {
    match kind {
        Kind::Uint | Kind::Bool | Kind::Timestamp | Kind::TokenCount => LONG,
        Kind::Bigint | Kind::Uint64 => LONG_LONG,
        Kind::Float => FLOAT,
        Kind::Double => DOUBLE,
        _ => STRING,
    }
}

/// What the names of columns begin with by which agents sort texts.
const POINTER: &str = "@int_str2ptr_";

/// Types as MySQL numbers them.
const LONG: u8 = 3;
const FLOAT: u8 = 4;
const DOUBLE: u8 = 5;
const LONG_LONG: u8 = 8;
const STRING: u8 = 254;
