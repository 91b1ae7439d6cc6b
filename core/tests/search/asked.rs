//! What agents are sent for each setting (core/docs/spec/protocol.md 4.1 to 4.3), and what is said
//! of a daemon that passes over one.

use std::time::Duration;

use hamirror::internal::wire::search::{
    ALL_VALUES, ANY_VALUE, Filter, FilterTest, Layout, MASTER, Override, OverrideValue, Query,
    encode,
};
use hamirror::request::{Product, Reply, Request, Target, Verdict};
use hamirror::search::{
    Collation, Condition, Grouping, Idf, MergeMode, Overrides, Ranker, Search, SortMethod,
};
use hamirror::{CallOptions, Client, Config, Error};

use super::set::{MANTICORE, SPHINX, request, set};

/// The query of a search that says nothing, for the agents of an index list `i`.
fn plain() -> Query {
    Query {
        select: b"*".to_vec(),
        limit: 1_000,
        index_list: b"i".to_vec(),
        id_max: u64::MAX,
        group_function: 4,
        ..Query::default()
    }
}

pub(crate) fn expected(query: Query) -> Vec<u8> {
    let base = plain();
    let (index_list, select) = (base.index_list, base.select);
    let query = Query {
        index_list,
        select,
        limit: base.limit,
        id_max: base.id_max,
        group_function: base.group_function,
        ..query
    };
    let mut body = Vec::new();
    encode(MASTER, &[query], &mut body);
    body
}

pub(crate) fn filter(attribute: Vec<u8>, test: FilterTest, exclude: bool) -> Filter {
    Filter { attribute, test, exclude, has_equal: true, multi_function: ANY_VALUE }
}

pub(crate) fn body(search: &Search, product: Product) -> Vec<u8> {
    let layout = Layout::default();
    let target = Target { host: "box", index_list: "i", attempt: 0, product, layout };
    let mut body = Vec::new();
    request(search).encode(&target, &mut body).unwrap();
    body
}

#[test]
fn settings() {
    let search = || Search::new("");
    let query = Query::default;
    let retries = Query { retry_count: 3, retry_delay_ms: 250, ..query() };
    let plugin = ["ranker", "a=1"].map(|text| text.as_bytes().to_vec());
    let token_filter = ["lib.so", "split", "b"].map(|text| text.as_bytes().to_vec());
    let cases = [
        (search(), query()),
        (search().reverse_scan(true), Query { flags: 0x41, ..query() }),
        (search().reverse_scan(true).reverse_scan(false), query()),
        (search().sort_method(SortMethod::KeepBuffer), Query { flags: 0x42, ..query() }),
        (search().sort_method(SortMethod::PriorityQueue), query()),
        (
            search().max_predicted_time_ms(70),
            Query { flags: 0x44, predicted_time_ms: 70, ..query() },
        ),
        (search().max_predicted_time_ms(0), query()),
        (search().boolean_simplify(true), Query { flags: 0x48, ..query() }),
        (search().idf(Idf::Plain), Query { flags: 0x50, ..query() }),
        (search().idf(Idf::Normalized), query()),
        (search().global_idf(true), Query { flags: 0x60, ..query() }),
        (search().tfidf_normalized(false), Query { flags: 0, ..query() }),
        (search().low_priority(true), Query { flags: 0x140, ..query() }),
        (search().collation(Collation::Binary), Query { collation: 3, ..query() }),
        (search().collation(Collation::Utf8GeneralCi), Query { collation: 2, ..query() }),
        (search().collation(Collation::LibcCs), Query { collation: 1, ..query() }),
        (search().weights([5, 1]), Query { weights: vec![5, 1], ..query() }),
        (search().retries(3, Duration::from_millis(250)), retries),
        (
            search().ranker(Ranker::Plugin { name: "ranker".into(), options: "a=1".into() }),
            Query { ranker: 10, ranker_plugin: plugin, ..query() },
        ),
        (search().token_filter("lib.so", "split", "b"), Query { token_filter, ..query() }),
    ];
    for (search, query) in cases {
        assert_eq!(body(&search, Product::Unknown), expected(query), "{search:?}");
    }
}

/// Not every agent sorts enclosed rows by a text, or counts distinct values of groups with several
/// rows.
#[test]
fn agents_are_asked_for_enclosed_rows_and_for_counts_alone() {
    let config = "index d {\n type = distributed\n agent = 127.0.0.1:1:i\n}\n";
    let client = Client::new(&Config::parse(config, "c.conf").unwrap()).unwrap();
    let two = || Grouping::by("gid").rows_per_group(2);
    for mode in [MergeMode::Exact, MergeMode::Unique, MergeMode::Master] {
        let search = || Search::new("").merge_mode(mode);
        let enclosed = search().limit(9).outer("name desc", 0, 5);
        assert_eq!(body(&enclosed, Product::Unknown), body(&search().limit(9), Product::Unknown));
        for counting in [
            search().group(two().count_distinct("x")),
            search().select("gid, Count( distinct x ) d").group(two()),
        ] {
            let error = client.search("d", &counting).unwrap_err();
            assert!(matches!(error, Error::Request(_)), "{error:?}");
            assert!(error.to_string().contains("in a search of its own"), "{error}");
        }
        let error = client.search("d", &search().group(two())).unwrap_err();
        assert!(matches!(error, Error::Unanswered { .. }), "{error:?}");
    }
}

#[test]
fn overrides() {
    use OverrideValue::{Bigint, Float, Uint};
    let cases = [
        (Overrides::Uint(vec![(1, 5), (2, 6)]), 1, vec![(1, Uint(5)), (2, Uint(6))]),
        (Overrides::Timestamp(vec![(1, 5)]), 2, vec![(1, Uint(5))]),
        (Overrides::Bool(vec![(1, true)]), 4, vec![(1, Uint(1))]),
        (Overrides::Float(vec![(1, 0.5)]), 5, vec![(1, Float(0.5))]),
        (Overrides::Bigint(vec![(u64::MAX, -7)]), 6, vec![(u64::MAX, Bigint(-7))]),
    ];
    for (values, kind, on_wire) in cases {
        let search = Search::new("").override_attribute("a", values);
        let entry = Override { attribute: b"a".to_vec(), kind, values: on_wire };
        let query = Query { overrides: vec![entry], ..Query::default() };
        assert_eq!(body(&search, Product::Unknown), expected(query), "{search:?}");
    }
}

#[test]
fn conditions() {
    use FilterTest::{FloatRange, Null, Range, String, Strings, Values, Variable};
    const INFINITY: f32 = f32::INFINITY;
    let texts = || Strings(vec![b"'red'".to_vec(), b"'o\\'ne \\\\'".to_vec()]);
    let on = |test| filter(b"a".to_vec(), test, false);
    let off = |test| filter(b"a".to_vec(), test, true);
    let open = |test| Filter { has_equal: false, ..on(test) };
    let all = |test| Filter { multi_function: ALL_VALUES, ..on(test) };
    let cases = [
        (Condition::any_of([3, 1]), on(Values(vec![3, 1]))),
        (Condition::any_of([3]).negated(), off(Values(vec![3]))),
        (Condition::any_of([3]).negated().negated(), on(Values(vec![3]))),
        (Condition::any_of([3]).of_all_values(), all(Values(vec![3]))),
        (Condition::range(3, 9), on(Range(3, 9))),
        (Condition::range(0.5, 1.5), on(FloatRange(0.5, 1.5))),
        (Condition::at_least(3), on(Range(3, i64::MAX))),
        (Condition::above(3), open(Range(3, i64::MAX))),
        // No float of 32 bits is the number itself.
        (Condition::above(16_777_217), on(Range(16_777_218, i64::MAX))),
        (Condition::below(16_777_217), on(Range(i64::MIN, 16_777_216))),
        (Condition::above(i64::MAX), on(Range(1, 0))),
        (Condition::at_most(3), on(Range(i64::MIN, 3))),
        (Condition::below(3), open(Range(i64::MIN, 3))),
        (Condition::below(i64::MIN), on(Range(1, 0))),
        (Condition::at_least(0.5), on(FloatRange(0.5, INFINITY))),
        (Condition::above(0.5), open(FloatRange(0.5, INFINITY))),
        (Condition::at_most(0.5), on(FloatRange(-INFINITY, 0.5))),
        (Condition::below(0.5), open(FloatRange(-INFINITY, 0.5))),
        (Condition::text("x"), on(String(b"x".to_vec()))),
        (Condition::any_text(["red", "o'ne \\"]), on(texts())),
        (Condition::any_text(["red", "o'ne \\"]).negated(), off(texts())),
        (Condition::null(), on(Null(true))),
        (Condition::null().negated(), open(Null(false))),
        (Condition::null().negated().negated(), on(Null(true))),
        (Condition::in_variable("@ids"), on(Variable(b"@ids".to_vec()))),
    ];
    for (condition, filter) in cases {
        let search = Search::new("").filter("a", condition);
        let query = Query { filters: vec![filter], ..Query::default() };
        assert_eq!(body(&search, Product::Unknown), expected(query), "{search:?}");
        assert_eq!(body(&search, Product::Sphinx), body(&search, Product::Unknown));
    }
}

/// An open end is the highest or the lowest id, which one signed number is not for both products.
/// No id is negative.
#[test]
fn ends_of_ranges_of_ids() {
    let cases = [
        (Condition::at_least(5), Search::new("").id_range(5, u64::MAX)),
        (Condition::above(-7), Search::new("").id_range(0, u64::MAX)),
        (Condition::at_most(5), Search::new("").id_range(0, 5)),
        (Condition::below(0), Search::new("").id_range(1, 0)),
        (Condition::above(4).negated(), Search::new("").exclude_id_range(5, u64::MAX)),
        (Condition::range(5, 9), Search::new("").id_range(5, 9)),
        (Condition::range(-5, 9), Search::new("").id_range(0, 9)),
        (Condition::range(-5, -1), Search::new("").id_range(1, 0)),
        (Condition::range(-5, 9).negated(), Search::new("").exclude_id_range(0, 9)),
        (Condition::range(5, i64::MAX), Search::new("").id_range(5, i64::MAX as u64)),
    ];
    for (condition, plain) in cases {
        for name in ["id", "@id", "ID"] {
            let search = Search::new("").filter(name, condition.clone());
            assert_eq!(
                body(&search, Product::Unknown),
                body(&plain, Product::Unknown),
                "{search:?}"
            );
        }
    }
}

#[test]
fn lists_of_texts_are_written_in_the_words_of_the_product() {
    let search = Search::new("x").filter("s", Condition::any_text(["o'ne"]));
    let texts = |text: &str| FilterTest::Strings(vec![text.as_bytes().to_vec()]);
    let written = |text| {
        let filters = vec![filter(b"s".to_vec(), texts(text), false)];
        expected(Query { text: b"x".to_vec(), filters, ..Query::default() })
    };
    assert_eq!(body(&search, Product::Unknown), written("'o\\'ne'"));
    assert_eq!(body(&search, Product::Sphinx), written("'o\\'ne'"));
    assert_eq!(body(&search, Product::Manticore), written("o'ne"));
    // An answer to the words of the other product is none: it found nothing.
    let judged = |asked, version| {
        let mut reply = Reply::new(version, set(&[]).body());
        reply.asked = asked;
        request(&search).judge(&mut reply)
    };
    let is_again = |verdict| matches!(verdict, Verdict::AskAgain(_));
    assert_eq!(judged(Product::Unknown, SPHINX), Verdict::Accept);
    assert_eq!(judged(Product::Sphinx, SPHINX), Verdict::Accept);
    assert!(is_again(judged(Product::Unknown, MANTICORE)));
    assert!(is_again(judged(Product::Sphinx, MANTICORE)));
    assert!(is_again(judged(Product::Manticore, SPHINX)));
    // Other searches are written alike for both.
    let mut reply = Reply::new(MANTICORE, set(&[]).body());
    assert_eq!(request(&Search::new("x")).judge(&mut reply), Verdict::Accept);
}

#[test]
fn daemons_that_pass_over_something_have_not_answered() {
    const SPHINX_2_3: u16 = 0x120;
    let search = || Search::new("x");
    let all = search().filter("m", Condition::any_of([1]).of_all_values());
    let cases = [
        (all, [false, true, true], "ALL() in a filter"),
        (search().low_priority(true), [false, true, true], "a low priority"),
        (search().reverse_scan(true), [true, true, false], "a reverse scan"),
        (search().max_predicted_time_ms(5), [true, true, false], "a longest predicted time"),
        (search().boolean_simplify(true), [true, true, true], ""),
    ];
    for (search, known, what) in cases {
        for (version, is_known) in [SPHINX, SPHINX_2_3, MANTICORE].into_iter().zip(known) {
            let mut reply = Reply::new(version, set(&[(1, 1, 1, "")]).body());
            match request(&search).judge(&mut reply) {
                Verdict::Accept => assert!(is_known, "{what} {version:#x}"),
                Verdict::Refused(text) => {
                    assert!(!is_known, "{text}");
                    assert!(text.contains(what) && text.contains("leave it out"), "{text}");
                    assert!(text.contains(&format!("{version:#x}")), "{text}");
                }
                other => panic!("{what} {version:#x}: {other:?}"),
            }
        }
    }
}

/// What the options of a call say goes before what the search says.
#[test]
fn retries_of_a_search_are_made() {
    let config = "index d {\ntype = distributed\nagent = 127.0.0.1:1:x\n}\n";
    let config = Config::parse(config, "c.conf").unwrap();
    let attempts = |search: &Search, options: &CallOptions| {
        // One that knows nothing of the mirror; nobody listens there.
        let client = Client::new(&config).unwrap();
        let error = client.search_with("d", search, options).unwrap_err();
        error.failures()[0].attempts.len()
    };
    let plain = CallOptions::default();
    let retried = Search::new("x").retries(2, Duration::from_millis(1));
    assert_eq!(attempts(&Search::new("x"), &plain), 1);
    assert_eq!(attempts(&retried, &plain), 3);
    assert_eq!(attempts(&retried, &plain.retry_count(1)), 2);
}
