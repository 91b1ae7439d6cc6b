//! Agents that mean harm: what their replies cost in time and memory, and what is told of them.

mod cases;
mod measure;

use std::time::Duration;

use cases::CASES;
use hamirror::internal::limits::{COLUMNS_MAX, REMOTE_TEXT_MAX, TOLD_COLUMNS_MAX, WORDS_MAX};
use measure::{Cost, Outcome, cost, with_budget};

#[test]
fn time_follows_the_bytes_that_came() {
    for case in CASES {
        let (one, two) = ((case.make)(case.size), (case.make)(2 * case.size));
        let (mut half, mut whole) = (Duration::MAX, Duration::MAX);
        // The least of all runs is what it takes; on a busy machine it takes more runs to see it.
        // Below the shortest time a page fault more or less decides.
        let is_linear = (1..=RUNS_MAX).any(|run| {
            half = half.min(cost(1, || one.search()).cpu);
            whole = whole.min(cost(1, || two.search()).cpu);
            run >= RUNS_MIN && whole < 3 * half.max(Duration::from_micros(200))
        });
        assert!(is_linear, "{}: {half:?} for half of it, {whole:?} for all", case.name);
    }
}

#[test]
fn memory_follows_the_bytes_that_came() {
    for case in CASES {
        for size in [case.size, 2 * case.size] {
            let exchange = (case.make)(size);
            let Cost { peak, .. } = cost(1, || exchange.search());
            let limit = 3 * exchange.size() + CONSTANT;
            assert!(peak <= limit, "{}: {peak} bytes for {}", case.name, exchange.size());
        }
    }
}

#[test]
fn what_is_told_fits_into_lines() {
    for case in CASES {
        for text in (case.make)(2 * case.size).search().texts {
            let is_line = |line: &str| {
                line.len() < 2 * REMOTE_TEXT_MAX && !line.chars().any(char::is_control)
            };
            assert!(text.split(";\n").all(is_line), "{}: {} bytes", case.name, text.len());
        }
    }
}

/// What is bounded is bounded by a limit with a name, and no more than that.
#[test]
fn what_is_in_bounds_is_taken() {
    let answer = |name: &str, size: usize| -> Outcome {
        let case = CASES.iter().find(|case| case.name == name).expect("a case");
        (case.make)(size).search()
    };
    let taken = |name: &str, size: usize| {
        let Outcome { rows, values, texts, .. } = answer(name, size);
        assert_eq!(texts, [""; 0], "{name}");
        (rows, values)
    };
    let refused = |name: &str, size: usize, expected: &str| {
        let Outcome { rows, texts, .. } = answer(name, size);
        assert!(!texts.is_empty() && texts.iter().all(|text| text == expected), "{texts:?}");
        assert_eq!(rows, 0, "{name}");
    };
    assert_eq!(taken("columns named @", COLUMNS_MAX), (2, 2 * COLUMNS_MAX));
    let text = "reply has 4097 columns, more than 4096";
    refused("columns named @", COLUMNS_MAX + 1, text);
    taken("fields", COLUMNS_MAX);
    refused("fields", COLUMNS_MAX + 1, "reply has 4097 fields, more than 4096");
    let text = "names of columns and fields take more than 1048576 bytes";
    refused("the same, longer", 2 << 20, text);
    assert_eq!(taken("string columns", COLUMNS_MAX), (20, 20 * COLUMNS_MAX));
    assert_eq!(taken("columns behind a string", 100), (20, 20 * 101));
    assert_eq!(taken("rows asked for", 2_000), (4_000, 0));
    refused("rows not asked for", 1_001, "reply has 1001 rows, more than the 1000 asked for");
    assert_eq!(taken("rows not asked for", 1_000), (1_000, 0));
    let stored = answer("stored fields of Manticore", TOLD_COLUMNS_MAX + 4).texts.concat();
    assert_eq!(stored.matches("is a stored field").count(), TOLD_COLUMNS_MAX);
    assert!(stored.contains("stored fields: 4 more columns"), "{stored}");
    let warned = answer("text of status 9", 3);
    let text = r"index d: agent box0:9312: remote query status 9: \0\0\0";
    assert_eq!((warned.warned, warned.texts), (1, vec![text.to_owned()]));
    let lacking = answer("columns that the other lacks", TOLD_COLUMNS_MAX).texts.concat();
    assert_eq!(lacking.matches("' is left out: ").count(), TOLD_COLUMNS_MAX);
    assert!(lacking.contains("32 more columns are left out"), "{lacking}");
    let conditioned = answer("a condition on JSON", 9);
    assert_eq!((conditioned.rows, conditioned.texts), (0, Vec::new()));
    let missing = answer("warning of a master", 2).texts;
    let text = "incomplete answer: index d: agent box:1\u{fffd}\u{fffd}: closed";
    assert_eq!(missing.last().map(String::as_str), Some(text));
    assert_eq!(answer("words", WORDS_MAX).words, WORDS_MAX);
    let cut = answer("words", WORDS_MAX + 7);
    let text = "index d: statistics of 7 more query words are left out";
    let is_told = cut.texts.iter().any(|warning| warning.ends_with(text));
    assert!(cut.words == WORDS_MAX && is_told, "{} words, {:?}", cut.words, cut.texts);
}

/// With more and more memory each search ends with an error that says so, or well; none aborts.
#[test]
fn a_want_of_memory_is_an_error() {
    let cases = [
        ("rows asked for", 25_000),
        ("rows by a number", 25_000),
        ("rows by a string", 25_000),
        ("rows by equal strings", 20_000),
        ("groups", 25_000),
        ("counts of distinct values", 4_000),
        ("sets of distinct values", 100_000),
    ];
    for (name, size) in cases {
        let case = CASES.iter().find(|case| case.name == name).expect("a case");
        let exchange = (case.make)(size);
        let plenty = cost(1, || exchange.search()).peak;
        let mut wants = 0;
        for part in 0..=10 {
            // The bodies themselves are there, and the little that is always given.
            let least = exchange.size() + (256 << 10);
            let budget = least + plenty.saturating_sub(least) * part / 10;
            let outcome = with_budget(budget, || exchange.search());
            let is_told = outcome.texts.iter().any(|text| text.contains("out of memory"));
            assert_eq!(outcome.out_of_memory, is_told, "{name}: {:?}", outcome.texts);
            wants += usize::from(is_told);
        }
        assert!(wants > 0, "{name} never lacked memory");
        assert!(!with_budget(2 * plenty, || exchange.search()).out_of_memory, "{name}");
    }
}

/// What results hold beside the bytes that came, at most.
const CONSTANT: usize = 3 << 20;

const RUNS_MIN: usize = 3;

const RUNS_MAX: usize = 60;
