//! Requests of clients, read: what the encoder writes, and what strangers send.

use super::decode::{CLIENT_VERSION_MAX, CLIENT_VERSION_MIN, decode};
use super::query::{ANY_VALUE, flags};
use super::{Filter, FilterTest, Layout, Outer, Override, OverrideValue, Query, encode_in};
use crate::wire::Writer;

/// A query with something in every field that a client has.
fn full() -> Query {
    let filter = |attribute: &str, test, exclude| Filter {
        attribute: attribute.into(),
        test,
        exclude,
        has_equal: true,
        multi_function: ANY_VALUE,
    };
    Query {
        flags: flags::TFIDF_NORMALIZED | flags::PREDICTED_TIME | flags::PLAIN_IDF,
        limit: 7,
        match_mode: 4,
        ranker: 8,
        ranker_expression: b"bm25".to_vec(),
        sort_mode: 4,
        sort_clause: b"gid desc".to_vec(),
        text: b"hello \xff".to_vec(),
        weights: vec![10, 3],
        index_list: b"a, b".to_vec(),
        id_min: 1 << 40,
        id_max: u64::MAX,
        filters: vec![
            filter("gid", FilterTest::Values(vec![1, -1]), true),
            filter("gid", FilterTest::Range(-5, i64::MAX), false),
            filter("fl", FilterTest::FloatRange(0.5, f32::INFINITY), true),
            filter("s", FilterTest::String(b"it's".to_vec()), false),
            filter("s", FilterTest::Variable(b"@v".to_vec()), false),
        ],
        group_function: 3,
        group_by: b"ts".to_vec(),
        max_matches: 100,
        group_sort: b"@count asc".to_vec(),
        cutoff: 5,
        retry_count: 2,
        retry_delay_ms: 10,
        distinct: b"gid".to_vec(),
        geo_anchor: Some((b"la".to_vec(), b"lo".to_vec(), 0.5, -0.5)),
        index_weights: vec![(b"*".to_vec(), 3)],
        max_query_time_ms: 9,
        field_weights: vec![(b"title".to_vec(), -1)],
        comment: b"why".to_vec(),
        overrides: vec![
            Override {
                attribute: b"g".to_vec(),
                kind: 1,
                values: vec![(7, OverrideValue::Uint(1))],
            },
            Override {
                attribute: b"b".to_vec(),
                kind: 6,
                values: vec![(7, OverrideValue::Bigint(-1))],
            },
        ],
        select: b"gid, weight() w".to_vec(),
        predicted_time_ms: 100,
        outer: Outer {
            present: true,
            order: b"w asc".to_vec(),
            offset: 1,
            limit: 2,
            ..Outer::default()
        },
        token_filter: [b"l".to_vec(), b"n".to_vec(), b"o".to_vec()],
        ..Query::default()
    }
}

fn encoded(version: u16, queries: &[Query]) -> Vec<u8> {
    let mut body = Vec::new();
    encode_in(Layout { version, master: 0 }, queries, &mut body);
    body
}

#[test]
fn what_a_client_writes_is_read_in_every_version_behind_whatever_comes_first() {
    for version in 0x119..=CLIENT_VERSION_MAX {
        let body = encoded(version, &[full(), Query::default(), full()]);
        let queries = decode(version, &body).expect("a request");
        let mut expected = full();
        if version < 0x11b {
            expected.flags = flags::TFIDF_NORMALIZED;
            expected.predicted_time_ms = 0;
        }
        if version < 0x11d {
            expected.outer = Outer::default();
        }
        if version < 0x120 {
            expected.token_filter = Default::default();
        }
        assert_eq!(queries, [expected.clone(), Query::default(), expected], "{version:#x}");
    }
}

#[test]
fn one_version_says_how_words_are_weighed_and_newer_flags_are_passed_over() {
    let sent = |version, flags| {
        let query = Query { flags, ..Query::default() };
        decode(version, &encoded(version, &[query])).expect("a request")[0].flags
    };
    let normalized = flags::TFIDF_NORMALIZED;
    for version in [0x11b, 0x11c, 0x11d, 0x11f, 0x120] {
        assert_eq!(sent(version, 0), normalized, "{version:#x}");
    }
    assert_eq!([sent(0x11e, 0), sent(0x11e, normalized)], [0, normalized]);
    assert_eq!(sent(0x119, flags::REVERSE_SCAN), normalized, "no flags are sent");
    assert_eq!(sent(0x11f, !flags::PREDICTED_TIME), 0xff & !flags::PREDICTED_TIME | normalized);
    let all = !flags::PREDICTED_TIME;
    assert_eq!(sent(0x120, all) & !0xff, flags::LOW_PRIORITY);
}

#[test]
fn strings_of_a_list_are_literals_and_null_has_no_exclusion() {
    let read = |test, exclude| {
        let filter = Filter {
            attribute: b"s".to_vec(),
            test,
            exclude,
            has_equal: true,
            multi_function: ANY_VALUE,
        };
        let query = Query { filters: vec![filter], ..Query::default() };
        let mut queries = decode(0x11e, &encoded(0x11e, &[query])).expect("a request");
        queries.remove(0).filters.remove(0)
    };
    let texts = [&b"'alpha'"[..], b"'it\\'s'", b"bare", b"'", b""];
    let test = FilterTest::Strings(texts.map(<[u8]>::to_vec).into());
    let found = read(test, true);
    let expected = [&b"alpha"[..], b"it's", b"ar", b"", b""].map(<[u8]>::to_vec).into();
    assert_eq!((found.test, found.exclude), (FilterTest::Strings(expected), true));
    for (is_null, exclude, expected) in
        [(true, false, true), (true, true, false), (false, false, false), (false, true, true)]
    {
        let found = read(FilterTest::Null(is_null), exclude);
        assert_eq!(found.test, FilterTest::Null(expected));
        assert_eq!((found.exclude, found.has_equal), (false, expected));
    }
}

#[test]
fn the_oldest_versions_have_numbers_of_32_bits() {
    let mut body = Vec::new();
    for number in [1, 0, 20, 0, 0, 0] {
        body.put_u32(number);
    }
    for text in ["", "hello"] {
        body.put_string(text.as_bytes());
    }
    body.put_u32(0);
    body.put_string(b"pl");
    // No ids of 64 bits: from 2 to 9; a filter of one value, and one of a range.
    for number in [0, 2, 9, 2] {
        body.put_u32(number);
    }
    for (kind, numbers) in [(0, &[1, u32::MAX, 0][..]), (1, &[3, 4, 1])] {
        body.put_string(b"gid");
        body.put_u32(kind);
        numbers.iter().for_each(|number| body.put_u32(*number));
    }
    for part in [&[4_u32][..], &[0], &[1_000], &[0], &[0, 0, 0], &[0], &[0, 0, 0, 0], &[0]] {
        part.iter().for_each(|number| body.put_u32(*number));
    }
    let queries = decode(CLIENT_VERSION_MIN, &body).expect("a request");
    let [query] = queries.as_slice() else { panic!("{} queries", queries.len()) };
    assert_eq!((query.id_min, query.id_max), (2, 9));
    assert_eq!(query.filters[0].test, FilterTest::Values(vec![i64::from(u32::MAX)]));
    assert_eq!(query.filters[1].test, FilterTest::Range(3, 4));
    assert_eq!([query.filters[0].exclude, query.filters[1].exclude], [false, true]);
    assert!(query.select.is_empty() && query.max_matches == 1_000);
}

#[test]
fn what_is_cut_short_or_announces_too_much_is_refused() {
    for version in 0x119..=CLIENT_VERSION_MAX {
        let body = encoded(version, &[full(), full()]);
        for length in 0..body.len() {
            let error = decode(version, &body[..length]).expect_err("a part");
            let expected = match length {
                ..8 => "bad multi-query count 0 (must be in 1..32 range)",
                _ => "invalid or truncated request",
            };
            assert_eq!(error, expected, "{version:#x} {length}");
        }
        // Whatever a number is made of, there is an answer.
        for place in 0..body.len() {
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let mut broken = body.clone();
                broken[place] = byte;
                let _ = decode(version, &broken);
            }
        }
    }
}

#[test]
fn what_a_daemon_refuses_is_refused_in_its_words() {
    type Change = fn(&mut Query);
    let refused = |change: Change| {
        let mut query = full();
        change(&mut query);
        decode(0x11e, &encoded(0x11e, &[query])).expect_err("a refusal")
    };
    let cases: [(Change, &str); 10] = [
        (|query| query.limit = -1, "limit out of bounds (limit=-1)"),
        (|query| query.offset = -1, "offset out of bounds (offset=-1, max_matches=100)"),
        (|query| query.offset = 100, "offset out of bounds (offset=100, max_matches=100)"),
        (|query| query.max_matches = 0, "max_matches can not be less than one"),
        (|query| query.match_mode = 9, "invalid match mode 9"),
        (|query| query.match_mode = u32::MAX, "invalid match mode -1"),
        (|query| query.ranker = 12, "invalid ranking mode 12"),
        (|query| query.retry_count = 9, "retry count out of bounds (count=9)"),
        (|query| query.retry_delay_ms = 1_001, "retry delay out of bounds (delay=1001)"),
        (|query| query.offset = 1, "inner offset must be 0 when using outer order by (offset=1)"),
    ];
    for (change, expected) in cases {
        assert_eq!(refused(change), expected);
    }
    let count = |count: u32| {
        let body = [&[0; 4][..], &count.to_be_bytes()].concat();
        decode(0x11e, &body).expect_err("a refusal")
    };
    assert_eq!(count(0), "bad multi-query count 0 (must be in 1..32 range)");
    assert_eq!(count(33), "bad multi-query count 33 (must be in 1..32 range)");
    assert_eq!(count(u32::MAX), "bad multi-query count -1 (must be in 1..32 range)");
    let master = decode(0x11e, &[0, 0, 0, 14]).expect_err("a refusal");
    assert!(master.starts_with("master-agent version mismatch"), "{master}");
}
