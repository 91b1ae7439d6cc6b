//! The order of merged rows, whatever order agents send them in.

use std::cmp::Reverse;

use hamirror::search::{Search, Sort};
use proptest::prelude::*;

use super::set::{TestSet, ids, merge, ok, set};

/// Id, weight, `gid` and `str`.
type Row = (u64, i32, u32, String);

proptest! {
    #[test]
    fn no_agent_is_believed_to_send_rows_in_order(
        agents in prop::collection::vec(prop::collection::vec(row(), 0..40), 2..4),
        window in (0_u32..10, 0_u32..30),
    ) {
        let (offset, limit) = window;
        for (sort, compare) in ORDERS {
            let search = Search::new("x").offset(offset).limit(limit).max_matches(100);
            let search = search.sort(Sort::Extended(sort.to_owned()));
            let outcomes = agents.iter().map(|rows| ok(&search, as_set(rows))).collect();
            let result = merge(&search, outcomes).unwrap();
            // Of a document the last row stays.
            let mut kept: Vec<&Row> = Vec::new();
            for row in agents.iter().flatten().rev() {
                if kept.iter().all(|other| other.0 != row.0) {
                    kept.push(row);
                }
            }
            kept.sort_by_key(|row| (compare(row), row.0));
            let total = kept.len().min(100);
            let kept = kept.into_iter().take(100).skip(offset as usize).take(limit as usize);
            let expected: Vec<u64> = kept.map(|row| row.0).collect();
            prop_assert_eq!(ids(&result), expected, "{}", sort);
            prop_assert_eq!(result.total, total as u64);
        }
    }
}

/// A clause, and what a row's place follows from.
type Order = (&'static str, fn(&Row) -> (Vec<u8>, Reverse<Vec<u8>>));

const ORDERS: [Order; 5] = [
    ("@weight desc", |row| (vec![], Reverse(weight(row)))),
    ("gid asc, @weight desc", |row| (row.2.to_be_bytes().to_vec(), Reverse(weight(row)))),
    ("str asc, gid desc", |row| (folded(row), Reverse(row.2.to_be_bytes().to_vec()))),
    ("@id desc", |row| (vec![], Reverse(row.0.to_be_bytes().to_vec()))),
    ("@weight asc, str desc", |row| (weight(row), Reverse(folded(row)))),
];

fn row() -> impl Strategy<Value = Row> {
    let id = prop_oneof![1_u64..30, any::<u64>()];
    let gid = prop_oneof![0_u32..3, any::<u32>()];
    (id, prop_oneof![0..3, any::<i32>()], gid, "[aAbB]{0,6}")
}

fn as_set(rows: &[Row]) -> TestSet {
    let rows = rows.iter().map(|(id, weight, gid, text)| (*id, *weight, *gid, text.as_str()));
    set(&rows.collect::<Vec<_>>())
}

/// As bytes in the same order.
fn weight(row: &Row) -> Vec<u8> {
    (i64::from(row.1) + (1 << 40)).to_be_bytes().to_vec()
}

fn folded(row: &Row) -> Vec<u8> {
    row.3.to_ascii_lowercase().into_bytes()
}
