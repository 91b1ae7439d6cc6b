//! The documented list of what hamirror answers otherwise than a 2.2.11 master.

use super::difference::Difference;
use super::question::{Aggregate, Traits};
use super::told::Told;

/// A reason why an answer is not a master's.
#[derive(Debug)]
pub struct Deviation {
    /// Its name in the table.
    pub name: &'static str,
    /// Where it is documented: a page of core/docs, and words that stand there.
    pub page: &'static str,
    /// Words of that page.
    pub words: &'static str,
    /// By `merge_mode` of a master it is not there.
    pub is_of_mode: bool,
    explains: fn(&Met<'_>, &Difference) -> bool,
}

/// Two answers to one query.
#[derive(Debug)]
pub struct Met<'a> {
    /// What of the query matters.
    pub traits: &'a Traits,
    /// Hamirror's, if it gave one.
    pub found: Option<&'a Told>,
    /// The master's, if it gave one.
    pub expected: Option<&'a Told>,
    /// The master refuses another query of the request.
    pub is_beside_refused: bool,
}

/// The reason for that difference; `None` if it is on no list.
pub fn reason(met: &Met<'_>, difference: &Difference) -> Option<&'static Deviation> {
    LIST.iter().find(|deviation| (deviation.explains)(met, difference))
}

/// Every documented reason.
pub static LIST: [Deviation; 12] = [
    Deviation {
        name: "sums do not wrap",
        page: "core/docs/behaviour.md",
        words: "Sums of whole numbers are bigints, and do not wrap around at 2^32",
        is_of_mode: true,
        explains: is_wide_sum,
    },
    Deviation {
        name: "sums and averages of floats",
        page: "core/docs/behaviour.md",
        words: "are rounded once, at the end",
        is_of_mode: true,
        explains: is_rounded,
    },
    Deviation {
        name: "averages are doubles",
        page: "core/docs/behaviour.md",
        words: "An average is the sum of all by their number",
        is_of_mode: true,
        explains: is_average,
    },
    Deviation {
        name: "distinct values",
        page: "core/docs/behaviour.md",
        words: "COUNT(DISTINCT) counts the values of all agents together",
        is_of_mode: true,
        explains: is_distinct,
    },
    Deviation {
        name: "beside a refused query",
        page: "core/docs/behaviour.md",
        words: "A query that is refused leaves the others of its request alone",
        is_of_mode: false,
        explains: |met, difference| {
            let is_empty = met.expected.is_some_and(|told| told.rows.is_empty());
            let is_lost = matches!(
                difference,
                Difference::Refused(Some(_), None)
                    | Difference::Columns(..)
                    | Difference::Count(_, 0)
                    | Difference::Total(..)
                    | Difference::TotalFound(..)
            );
            met.is_beside_refused && is_empty && is_lost
        },
    },
    Deviation {
        name: "total of several rows a group",
        page: "core/docs/behaviour.md",
        words: "Where groups have several rows, a total is max_matches at most",
        is_of_mode: false,
        explains: |met, difference| match difference {
            Difference::Total(found, expected) => {
                let is_beyond = (found + 1..found + 3).contains(expected);
                met.traits.has_rows_of_groups && *found == MAX_MATCHES && is_beyond
            }
            _ => false,
        },
    },
    Deviation {
        name: "groups go by such numbers",
        page: "core/docs/behaviour.md",
        words: "Groups that are ordered or chosen by such a number",
        is_of_mode: true,
        explains: goes_by_number,
    },
    Deviation {
        name: "enclosed rows",
        page: "core/docs/behaviour.md",
        words: "The inner LIMIT of a select within a select applies to the rows of all agents",
        is_of_mode: false,
        explains: |met, difference| {
            let is_of_rows = matches!(
                difference,
                Difference::Row(..)
                    | Difference::Cell(..)
                    | Difference::Count(..)
                    | Difference::Total(..)
                    | Difference::TotalFound(..)
            );
            met.traits.is_enclosed && is_of_rows
        },
    },
    Deviation {
        name: "key of an alias",
        page: "core/docs/behaviour.md",
        words: "GROUPBY() of groups by an alias of a text is the text",
        is_of_mode: false,
        explains: is_key_of_alias,
    },
    Deviation {
        name: "columns of nothing",
        page: "core/docs/behaviour.md",
        words: "An answer without rows has its columns",
        is_of_mode: false,
        explains: is_column_of_nothing,
    },
    Deviation {
        name: "a result says more",
        page: "core/docs/behaviour.md",
        words: "A result warns where a master is silent",
        is_of_mode: false,
        explains: |_, difference| match difference {
            Difference::Added(text) => ADDED.iter().any(|part| text.contains(part)),
            _ => false,
        },
    },
    Deviation {
        name: "pointers to texts",
        page: "core/docs/behaviour.md",
        words: "Pointers by which agents sort texts",
        is_of_mode: false,
        explains: |_, difference| *difference == Difference::Pointers,
    },
];

fn is_wide_sum(met: &Met<'_>, difference: &Difference) -> bool {
    match difference {
        Difference::Type(column, found, expected) => {
            is(met, column, Aggregate::Sum) && BIGINTS.contains(found) && UINTS.contains(expected)
        }
        Difference::Cell(_, column, found, expected) if is(met, column, Aggregate::Sum) => {
            let int = |text: &Option<String>| text.as_ref()?.parse::<i64>().ok();
            let (Some(found), Some(expected)) = (int(found), int(expected)) else { return false };
            expected >= 0 && found.rem_euclid(1 << 32) == expected
        }
        _ => false,
    }
}

fn is_rounded(met: &Met<'_>, difference: &Difference) -> bool {
    match difference {
        Difference::Cell(_, column, found, expected) => {
            let is_real = is(met, column, Aggregate::Sum) || is(met, column, Aggregate::Average);
            is_real
                && met.kind(column).is_some_and(|kind| FLOATS.contains(&kind))
                && is_near(found.as_deref(), expected.as_deref())
        }
        _ => false,
    }
}

fn is_average(met: &Met<'_>, difference: &Difference) -> bool {
    match difference {
        Difference::Type(column, found, expected) => {
            let is_double = DOUBLES.contains(found) && FLOATS.contains(expected);
            is(met, column, Aggregate::Average) && is_double
        }
        Difference::Cell(_, column, found, expected) => {
            is(met, column, Aggregate::Average) && is_near(found.as_deref(), expected.as_deref())
        }
        _ => false,
    }
}

/// What one index answers decides whether it is right.
fn is_distinct(met: &Met<'_>, difference: &Difference) -> bool {
    matches!(difference, Difference::Cell(_, column, ..) if is(met, column, Aggregate::Distinct))
}

fn goes_by_number(met: &Met<'_>, difference: &Difference) -> bool {
    let is_of_rows =
        matches!(difference, Difference::Row(..) | Difference::Count(..) | Difference::Total(..));
    is_of_rows && met.traits.goes_by_aggregate()
}

fn is_column_of_nothing(met: &Met<'_>, difference: &Difference) -> bool {
    let is_empty = met.expected.is_some_and(|told| told.rows.is_empty())
        && met.found.is_some_and(|told| told.rows.is_empty());
    is_empty && matches!(difference, Difference::Columns(..) | Difference::Type(..))
}

fn is_key_of_alias(met: &Met<'_>, difference: &Difference) -> bool {
    match difference {
        Difference::Type(column, found, expected) => {
            let is_text = STRINGS.contains(found) && BIGINTS.contains(expected);
            is(met, column, Aggregate::KeyOfAlias) && is_text
        }
        Difference::Cell(_, column, _, expected) => {
            let is_hash = expected.as_ref().is_some_and(|text| text.parse::<i64>().is_ok());
            is(met, column, Aggregate::KeyOfAlias) && is_hash
        }
        _ => false,
    }
}

fn is(met: &Met<'_>, column: &str, aggregate: Aggregate) -> bool {
    met.traits.aggregate(column) == Some(aggregate)
}

impl Met<'_> {
    /// The type that a master gives a column.
    fn kind(&self, column: &str) -> Option<u32> {
        let mut columns = self.expected?.columns.iter();
        columns.find(|(name, _)| name == column).map(|(_, kind)| *kind)
    }
}

/// True if two numbers are the same but for what floats of 32 bits lose in some additions.
fn is_near(one: Option<&str>, other: Option<&str>) -> bool {
    let number = |text: Option<&str>| text?.parse::<f64>().ok();
    let (Some(one), Some(other)) = (number(one), number(other)) else { return false };
    (one - other).abs() <= one.abs().max(1.0) * LOST
}

/// Share that a thousand additions of floats may lose.
const LOST: f64 = 1e-4;

/// Types of the API, and of MySQL.
const UINTS: [u32; 2] = [1, 3];
const FLOATS: [u32; 2] = [5, 4];
const BIGINTS: [u32; 2] = [6, 8];
const DOUBLES: [u32; 2] = [13, 5];
const STRINGS: [u32; 2] = [7, 254];

/// Rows that a daemon keeps unless it is told otherwise.
const MAX_MATCHES: u64 = 1_000;

/// What a result says though a master is silent.
const ADDED: [&str; 7] = [
    "can be had: offset",
    "is a lower bound",
    "' is left out: ",
    "cut the groups of",
    "are lower bounds",
    "counts of distinct ones a guess",
    "is at least",
];

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::workspace;

    #[test]
    fn every_reason_is_documented() {
        for Deviation { name, page, words, .. } in &LIST {
            let text = fs::read_to_string(workspace::root().join(page)).expect("a page");
            let text: Vec<&str> = text.split_whitespace().collect();
            let text = text.join(" ").replace('`', "");
            assert!(text.contains(words), "{name}: {page} does not say: {words}");
        }
    }

    #[test]
    fn a_number_is_no_reason_for_another_one() {
        let traits = Traits {
            aggregates: vec![
                ("s".to_owned(), Aggregate::Sum),
                ("a".to_owned(), Aggregate::Average),
            ],
            order: "c desc".to_owned(),
            is_grouped: true,
            ..Traits::default()
        };
        let met = Met { traits: &traits, found: None, expected: None, is_beside_refused: true };
        let cell = |column: &str, one: &str, other: &str| {
            let [one, other] = [one, other].map(|text| Some(text.to_owned()));
            Difference::Cell(0, column.to_owned(), one, other)
        };
        let named = |difference: &Difference| reason(&met, difference).map(|found| found.name);
        let wrapped = cell("s", "4294967301", "5");
        assert_eq!(named(&wrapped), Some("sums do not wrap"));
        assert_eq!(named(&cell("s", "4294967301", "6")), None);
        assert_eq!(named(&cell("a", "0.33333333", "0.333333")), Some("averages are doubles"));
        assert_eq!(named(&cell("a", "0.4", "0.333333")), None);
        assert_eq!(named(&cell("c", "1", "2")), None);
        for difference in [
            Difference::Row(0, String::new(), String::new()),
            Difference::Count(1, 2),
            Difference::TotalFound(1, 2),
            Difference::Added("index d: hm".to_owned()),
            Difference::Unsaid("index d: hm".to_owned()),
            Difference::Refused(None, Some("no".to_owned())),
        ] {
            assert_eq!(named(&difference), None, "{difference:?}");
        }
    }
}
