//! The order of merged rows, whatever order agents send them in.

use std::cmp::Reverse;
use std::collections::HashSet;

use hamirror::search::{Search, Sort};
use proptest::prelude::*;

use super::set::{TestSet, ids, merge, ok, set};

/// Id, weight, `gid` and `str`.
type Row = (u64, i32, u32, String);

proptest! {
    #[test]
    fn no_agent_is_believed_to_send_rows_in_order(
        agents in prop::collection::vec(prop::collection::vec(row(), 0..100), 2..4),
        window in (0_u32..10, 0_u32..30),
        are_in_order in any::<[bool; 4]>(),
    ) {
        let (offset, limit) = window;
        check(&agents, &are_in_order, (offset as usize, limit as usize, 100));
    }
}

/// So many rows are sorted otherwise than few are: in no order and in descending order.
#[test]
fn tens_of_thousands_of_rows_are_in_order() {
    let row = |number: u64| {
        let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let [wide, narrow] = [mixed, mixed >> 48];
        let id = if number.is_multiple_of(3) { wide } else { narrow };
        let prefix = if number.is_multiple_of(5) { "" } else { "long and equal: " };
        (id, number as i32 % 7 - 3, narrow as u32 % 1_000, format!("{prefix}{}", narrow % 10))
    };
    let agents = [0, 1].map(|agent| (0..12_000).map(|number| row(2 * number + agent)).collect());
    check(&agents, &[false, false], (0, 30_000, 30_000));
    check(&agents, &[true, true], (0, 30_000, 30_000));
    check(&agents, &[true, true], (10, 20, 30_000));
    let descending = [(0..24_000).rev().map(row).collect(), Vec::new()];
    check(&descending, &[false, false], (0, 30_000, 30_000));
}

/// Compares what is made of these agents' rows with what should be, in every order. Agents send
/// their rows as they are, or in order.
fn check(
    agents: &[Vec<Row>],
    are_in_order: &[bool],
    (offset, limit, max_matches): (usize, usize, usize),
) {
    let search = Search::new("x").offset(offset as u32).limit(limit as u32);
    let search = search.max_matches(max_matches as u32);
    for (sort, compare) in ORDERS {
        let mut agents = agents.to_vec();
        for (rows, _) in agents.iter_mut().zip(are_in_order).filter(|(_, in_order)| **in_order) {
            rows.sort_by_cached_key(|row| (compare(row), row.0));
        }
        // Of a document the last row stays.
        let mut known = HashSet::new();
        let mut kept: Vec<&Row> = agents.iter().flatten().rev().collect();
        kept.retain(|row| known.insert(row.0));
        let search = search.clone().sort(Sort::Extended(sort.to_owned()));
        let outcomes = agents.iter().map(|rows| ok(&search, as_set(rows))).collect();
        let result = merge(&search, outcomes).unwrap();
        kept.sort_by_cached_key(|row| (compare(row), row.0));
        let window = kept.iter().take(max_matches).skip(offset).take(limit);
        let expected: Vec<u64> = window.map(|row| row.0).collect();
        assert_eq!(ids(&result), expected, "{sort}");
        assert_eq!(result.total, kept.len().min(max_matches) as u64);
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
    let text = prop_oneof!["[aAbB]{0,6}", "a long beginning[aAb\0]{0,3}"];
    (id, prop_oneof![0..3, any::<i32>()], gid, text)
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

/// A daemon without a match sends fewer columns, and has no row to sort by them.
#[test]
fn who_has_no_row_need_not_know_what_rows_are_sorted_by() {
    let search = Search::new("x").select("gid").sort(Sort::Descending("size".to_owned()));
    let mut filled = TestSet::new(&[("gid", 1), ("size", 1)]);
    for (id, size) in [(1, "3"), (2, "9"), (3, "5")] {
        filled.rows.push((id, 1, vec!["7".to_owned(), size.to_owned()]));
    }
    let empty = || TestSet::new(&[("gid", 1)]);
    for sets in [[filled.clone(), empty()], [empty(), filled.clone()]] {
        let result = merge(&search, sets.map(|set| ok(&search, set)).into()).unwrap();
        assert_eq!(ids(&result), [2, 3, 1]);
        assert_eq!(result.columns().len(), 1);
    }
    let mut other = empty();
    other.rows.push((4, 1, vec!["7".to_owned()]));
    let error = merge(&search, vec![ok(&search, filled), ok(&search, other)]).unwrap_err();
    assert!(error.to_string().contains("sort-by attribute 'size' can't be merged"), "{error}");
}
