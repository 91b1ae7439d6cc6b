//! Incomplete requests are refused, with a text that says what is missing, and no others.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use hamirror::Error;
use hamirror::internal::search::SearchRequest;
use hamirror::internal::wire::guard::check;
use hamirror::internal::wire::header::{Command, LENGTH};
use hamirror::internal::wire::search::{Filter, FilterTest, MASTER, Query, encode};
use hamirror::internal::wire::{Reader, Writer};
use hamirror::request::Raw;
use hamirror::request::{Access, Layout, Product, Request, Target};
use hamirror::search::{Ranker, Search, Sort};
use proptest::prelude::*;

#[test]
fn captured_requests_pass() {
    let mut passed = 0;
    for (name, command, body) in requests() {
        if WRONG.contains(&name.as_str()) {
            assert!(check(command, &body).is_err(), "{name}");
            continue;
        }
        match check(command, &body) {
            Err(text) if has_outer(&name) => {
                assert!(text.contains("which may be a text"), "{name}: {text}");
            }
            checked => assert_eq!(checked, Ok(()), "{name}"),
        }
        passed += 1;
    }
    assert!(passed >= 200, "{passed} requests");
}

#[test]
fn bodies_cut_or_prolonged_are_refused() {
    for (name, command, body) in requests() {
        if WRONG.contains(&name.as_str()) || has_outer(&name) || answered_unread(&name) {
            continue;
        }
        for length in 0..body.len() {
            assert!(check(command, &body[..length]).is_err(), "{name} cut to {length} bytes");
        }
        let longer = [body.as_slice(), &[0]].concat();
        let text = check(command, &longer).expect_err(&name);
        assert!(text.contains("follow the last field"), "{name}: {text}");
    }
}

#[test]
fn incomplete_searches_are_refused() {
    let changes: &[(&str, Change)] = &[
        ("index list at byte", |query| query.index_list.clear()),
        ("match mode 7 is not in 0..6", |query| query.match_mode = 7),
        ("sort mode 4 needs a clause", |query| query.sort_mode = 4),
        ("sort mode 5 needs a clause", |query| query.sort_mode = 5),
        ("ranker 8 needs an expression", |query| query.ranker = 8),
        ("ranker 9 needs an expression", |query| query.ranker = 9),
        ("group-by attribute needs a group-sort clause", |query| {
            query.group_by = b"gid".to_vec();
            query.group_sort.clear();
        }),
        ("aggregate, which needs a group-sort clause", |query| {
            query.select = b"id, count(*) c".to_vec();
            query.group_sort.clear();
        }),
        ("filter text of a list", |query| {
            let test = FilterTest::Strings(vec![b"'a'".to_vec(), Vec::new()]);
            query.filters.push(filter(test));
        }),
        ("outer order by 'name', which may be a text: order by @id", |query| {
            query.outer.present = true;
            query.outer.order = b"@weight desc, name asc".to_vec();
        }),
        ("max_matches 0 is not in 1..6000000", |query| query.max_matches = 0),
        ("max_matches 6000001 is not in 1..6000000", |query| query.max_matches = 6_000_001),
    ];
    for master in [0, MASTER] {
        for (expected, change) in changes {
            let mut wrong = query();
            change(&mut wrong);
            let mut body = Vec::new();
            encode(master, &[query(), wrong, query()], &mut body);
            let text = check(Command::SEARCH, &body).expect_err(expected);
            assert!(text.contains(expected), "{text}");
            says_what_is_wrong_with_the_request(&text);
            assert!(
                text.starts_with("SEARCH (command 0, version 0x11f): query 2 of 3: "),
                "{text}"
            );
        }
    }
}

#[test]
fn what_only_masters_write_is_checked() {
    let changes: &[(&str, Change)] = &[
        ("outer order by 'name', which may be a text: order by @id", |query| {
            query.outer.present = true;
            query.outer.master_order = b"name desc".to_vec();
        }),
        ("groups with 2 rows each: count in a query of its own", |query| {
            (query.group_by, query.distinct) = (b"gid".to_vec(), b"name".to_vec());
            query.rows_per_group = 2;
        }),
        ("groups with 9 rows each: count in a query of its own", |query| {
            query.group_by = b"gid".to_vec();
            query.select = b"gid, count(distinct name) n".to_vec();
            query.rows_per_group = 9;
        }),
    ];
    for (expected, change) in changes {
        let mut wrong = query();
        change(&mut wrong);
        let mut body = Vec::new();
        encode(MASTER, &[wrong], &mut body);
        let text = check(Command::SEARCH, &body).expect_err(expected);
        assert!(text.contains(expected), "{text}");
        says_what_is_wrong_with_the_request(&text);
    }
}

#[test]
fn complete_searches_pass() {
    let changes: &[Change] = &[
        |query| query.text.clear(),
        |query| query.index_list = b",".to_vec(),
        |query| query.sort_mode = 1,
        |query| query.sort_mode = 99,
        |query| (query.sort_mode, query.sort_clause) = (4, b" ".to_vec()),
        |query| (query.ranker, query.ranker_expression) = (9, b" ".to_vec()),
        |query| query.ranker = 12,
        |query| query.group_sort.clear(),
        |query| (query.group_sort, query.select) = (Vec::new(), b"max(gid,2) m".to_vec()),
        |query| (query.group_by, query.group_sort) = (b"gid".to_vec(), b" ".to_vec()),
        |query| query.group_function = 99,
        |query| query.filters.push(filter(FilterTest::Values(Vec::new()))),
        |query| query.filters.push(filter(FilterTest::String(Vec::new()))),
        |query| query.filters.push(filter(FilterTest::Strings(Vec::new()))),
        |query| query.filters.push(filter(FilterTest::Variable(Vec::new()))),
        |query| query.max_matches = 6_000_000,
        |query| (query.offset, query.limit) = (-1, -1),
        |query| query.select.clear(),
        |query| query.outer.present = true,
        |query| {
            query.outer.present = true;
            query.outer.order = b"@weight desc, @id asc".to_vec();
            query.outer.master_order = query.outer.order.clone();
        },
        |query| (query.rows_per_group, query.group_by) = (2, b"gid".to_vec()),
        |query| query.geo_anchor = Some((Vec::new(), Vec::new(), 0.0, f32::NAN)),
        |query| query.index_weights = vec![(Vec::new(), -1)],
        |query| query.rows_per_group = i32::MIN,
    ];
    for master in [0, MASTER] {
        for (number, change) in changes.iter().enumerate() {
            let mut query = query();
            change(&mut query);
            let mut body = Vec::new();
            encode(master, &[query], &mut body);
            assert_eq!(check(Command::SEARCH, &body), Ok(()), "change {number}");
        }
    }
}

/// What the library builds itself is not checked again, so it has to be right.
#[test]
fn built_searches_pass() {
    let sorts =
        [Sort::Relevance, Sort::Extended("gid asc".into()), Sort::Expression("gid".into())];
    for sort in sorts {
        let search = Search::new("")
            .select("gid, weight() w")
            .filter_string("name", "")
            .filter_values("gid", [1])
            .ranker(Ranker::Expression("1".into()))
            .index_weight("index", 2)
            .sort(sort);
        let request = SearchRequest::new("index", &search, SystemTime::UNIX_EPOCH);
        let target = a_target();
        let mut body = Vec::new();
        request.and_then(|request| request.encode(&target, &mut body)).expect("a search");
        assert_eq!(check(Command::SEARCH, &body), Ok(()));
    }
}

/// Versions before 0x102 have no sort clause, those before 0x107 no group-sort clause.
#[test]
fn searches_of_old_versions() {
    let old = |sort_mode: u32| {
        let mut body = Vec::new();
        for field in [0, 20, 6, sort_mode] {
            body.put_u32(field);
        }
        body.put_string(b"text");
        body.put_u32(0);
        body.put_string(b"index");
        body.put_u64(0);
        body
    };
    let command = |version| Command { id: 0, version };
    assert_eq!(check(command(0x101), &old(0)), Ok(()));
    let text = check(command(0x101), &old(4)).expect_err("no clause");
    assert!(text.contains("sort mode 4 needs a clause"), "{text}");
    assert!(check(command(0x101), &old(0)[..20]).is_err());
    // Neither product has these versions.
    for version in [0, 0xff, 0x129, 0x200, 0xffff] {
        assert_eq!(check(command(version), &[]), Ok(()));
    }
    // No daemon of this version takes so high a master; those that take the master don't read on.
    for (version, master) in [(0x118, 15), (0x11f, 36), (0x128, u32::MAX)] {
        let mut body = Vec::new();
        body.put_u32(master);
        assert_eq!(check(command(version), &body), Ok(()));
    }
}

#[test]
fn statements() {
    let with_length = |length: i32, text: &[u8]| {
        let mut body = Vec::new();
        body.put_i32(length);
        body.extend_from_slice(text);
        body
    };
    for incomplete in [
        with_length(0, b""),
        Vec::new(),
        vec![0, 0],
        with_length(10, b"abc"),
        with_length(9, b"show metaxx"),
    ] {
        let text = check(Command::SPHINXQL, &incomplete).expect_err("no whole statement");
        says_what_is_wrong_with_the_request(&text);
        assert!(text.starts_with("SPHINXQL (command 8, version 0x100): "), "{text}");
    }
    for fine in [&b" "[..], b"\0", b";", b"show meta"] {
        let body = with_length(fine.len() as i32, fine);
        assert_eq!(check(Command::SPHINXQL, &body), Ok(()));
        let flagged = Command { version: 0x101, ..Command::SPHINXQL };
        assert!(check(flagged, &body).is_err(), "without flags");
        assert_eq!(check(flagged, &[body.as_slice(), &[0; 4]].concat()), Ok(()));
    }
}

#[test]
fn excerpts() {
    let excerpt = |words: &str, limit_words: i32, count: i32, documents: &[&str]| {
        let mut body = Vec::new();
        body.put_u64(1);
        for text in ["", words, "", "", ""] {
            body.put_string(text.as_bytes());
        }
        for number in [-1, -1, -1, limit_words, -1] {
            body.put_i32(number);
        }
        body.put_string(b"");
        body.put_string(b"");
        body.put_i32(count);
        documents.iter().for_each(|text| body.put_string(text.as_bytes()));
        check(Command::EXCERPT, &body)
    };
    assert_eq!(excerpt("word", 0, 2, &["text", " "]), Ok(()));
    for (incomplete, expected) in [
        (excerpt("", 0, 1, &["text"]), "words at byte"),
        (excerpt("word", -1, 1, &["text"]), "limit_words -1 is negative"),
        (excerpt("word", 0, 2, &["text", ""]), "document at byte"),
    ] {
        let text = incomplete.expect_err(expected);
        assert!(text.contains(expected), "{text}");
        says_what_is_wrong_with_the_request(&text);
    }
    for count in [0, 1_025] {
        let text = excerpt("word", 0, count, &[]).expect_err("refused");
        assert!(text.contains(&format!("document count {count}")), "{text}");
    }
    assert!(excerpt("word", 0, 2, &["text"]).is_err(), "truncated");
    assert_eq!(excerpt("word", 0, 1_024, &["text"; 1_024]), Ok(()));
}

#[test]
fn updates() {
    let update = |version, list: &str, kind: u32, rows: i32, value: &[u32]| {
        let mut body = Vec::new();
        body.put_string(list.as_bytes());
        body.put_u64(1 << 32);
        body.put_string(b"gid");
        body.put_u32(kind);
        body.put_i32(rows);
        body.put_u64(1);
        value.iter().for_each(|value| body.put_u32(*value));
        check(Command { id: 2, version }, &body)
    };
    assert_eq!(update(0x103, "rt", 0, 1, &[7]), Ok(()));
    assert_eq!(update(0x103, ",", 0, 1, &[7]), Ok(()));
    assert_eq!(update(0x103, "rt", 1, 1, &[2, 7, 8]), Ok(()));
    assert!(update(0x103, "", 0, 1, &[7]).expect_err("no index").contains("index list"));
    assert!(update(0x103, "rt", 0, 2, &[7]).is_err(), "one row of two");
    assert!(update(0x103, "rt", 1, 1, &[3, 7, 8]).is_err(), "two values of three");
    // One product reads numbers, the other bytes.
    assert_eq!(update(0x103, "rt", 2, 1, &[4, 7]), Ok(()));
    assert_eq!(update(0x103, "rt", 2, 1, &[1, 7]), Ok(()));
    assert_eq!(update(0x104, "rt", 2, 1, &[4, 7]), Ok(()));
    assert!(update(0x104, "rt", 2, 1, &[1, 7]).is_err());
}

#[test]
fn variables() {
    let variable = |count: i32, length: i32, values: &[u8]| {
        let mut body = Vec::new();
        body.put_string(b"@name");
        body.put_i32(count);
        body.put_i32(length);
        body.extend_from_slice(values);
        check(Command { id: 11, version: 0x100 }, &body)
    };
    assert_eq!(variable(0, 0, &[]), Ok(()));
    assert_eq!(variable(4, 5, &[1, 1, 1, 0xa9, 2]), Ok(()));
    for (count, length, values) in
        [(2, 1, &[1][..]), (1, 0, &[]), (1, 2, &[1]), (1, 3, &[0x81, 0x81, 0x81])]
    {
        assert!(variable(count, length, values).is_err(), "{count} {length}");
    }
}

#[test]
fn commands_without_a_layout() {
    for id in [12, 13, 14, 18, 20, 22, 99, u16::MAX] {
        assert_eq!(check(Command { id, version: 0x100 }, &[1, 2, 3]), Ok(()), "command {id}");
    }
    for id in [6, 10] {
        let text = check(Command { id, version: 0x100 }, &[]).expect_err("no reply");
        assert!(text.contains(&format!("command {id} has no reply")), "{text}");
    }
    let text = check(Command::PERSIST, &[0, 0, 0, 1]).expect_err("refused");
    assert!(text.contains("PERSIST"), "{text}");
    for length in [0, 3, 5] {
        for id in [5, 9] {
            assert!(check(Command { id, version: 0x100 }, &vec![0; length]).is_err());
        }
    }
    assert!(check(Command::FLUSHATTRS, &[0]).is_err());
    let mut json = Vec::new();
    (0..4).for_each(|_| json.put_string(b"text"));
    assert_eq!(check(Command { id: 16, version: 0x102 }, &json), Ok(()));
    for version in [0, 0x100, 0x101] {
        let text = check(Command { id: 16, version }, &json).expect_err("too old");
        assert!(text.contains("0x102"), "{text}");
        says_what_is_wrong_with_the_request(&text);
    }
}

#[test]
fn raw_requests_are_checked_before_a_byte_is_written() {
    let target = a_target();
    let raw =
        |body: &[u8]| Raw { command: Command::PING, access: Access::Read, body: body.to_vec() };
    let mut out = vec![9];
    assert!(matches!(raw(&[1, 2, 3]).encode(&target, &mut out), Err(Error::Request(_))));
    assert_eq!(out, [9]);
    raw(&[1, 2, 3, 4]).encode(&target, &mut out).expect("a ping");
    assert_eq!(out, [9, 1, 2, 3, 4]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(
        id in 0_u16..24,
        version in prop_oneof![0x100_u16..0x12a, any::<u16>()],
        body in prop::collection::vec(
            prop_oneof![4 => Just(0_u8), 1 => 1_u8..36, 1 => any::<u8>()],
            0..400,
        ),
    ) {
        let _ = check(Command { id, version }, &body);
    }

    /// One byte differs, so that the rows at the end are reached with wrong numbers too.
    #[test]
    fn damaged_requests_are_read_without_harm(
        number in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        value in prop_oneof![Just(0_u8), Just(0x7f), Just(0x80), Just(0xff), any::<u8>()],
        version in prop_oneof![3 => Just(None), 1 => (0x100_u16..0x12a).prop_map(Some)],
    ) {
        let requests = requests();
        let (_, command, mut body) = requests[number.index(requests.len())].clone();
        if !body.is_empty() {
            let place = place.index(body.len());
            body[place] = value;
        }
        let version = version.unwrap_or(command.version);
        let _ = check(Command { version, ..command }, &body);
    }

    #[test]
    fn lists_of_select_items_are_read_without_harm(select in "[a-z(),'\\\\ *]{0,40}") {
        let mut body = Vec::new();
        let query = Query { select: select.into_bytes(), group_sort: Vec::new(), ..query() };
        encode(0, &[query], &mut body);
        let _ = check(Command::SEARCH, &body);
    }
}

/// What becomes of a daemon that gets it is not for an error to say.
fn says_what_is_wrong_with_the_request(text: &str) {
    for word in ["searchd", "Sphinx", "Manticore", "daemon", "crash", "hang", "survive"] {
        assert!(!text.contains(word), "{text}");
    }
}

type Change = fn(&mut Query);

/// Name, command and body of every captured request, PERSIST left out: only the library sends it.
fn requests() -> Vec<(String, Command, Vec<u8>)> {
    let mut requests = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    for entry in fs::read_dir(folder).expect("captures") {
        let path = entry.expect("entry").path();
        let name = path.file_name().expect("name").to_str().expect("text").to_owned();
        let handshake = match (name.ends_with(".req.bin"), name.ends_with(".c2s.bin")) {
            (true, _) => 0,
            (_, true) => 4,
            _ => continue,
        };
        let bytes = fs::read(&path).expect("a capture");
        let mut reader = Reader::new(&bytes[handshake..]);
        while reader.remaining() >= LENGTH {
            let (id, version) = (reader.u16().expect("id"), reader.u16().expect("version"));
            let body = reader.string().expect("a body");
            if id != Command::PERSIST.id {
                requests.push((name.clone(), Command { id, version }, body.to_vec()));
            }
        }
        assert_eq!(reader.remaining(), 0, "{name}");
    }
    requests
}

/// Requests that daemons answer with an ERROR before they read the body.
fn answered_unread(name: &str) -> bool {
    let errors = ["_major_", "_minor_", "m_err_master_", "m_err_search_"];
    errors.iter().any(|part| name.contains(part))
}

fn query() -> Query {
    Query { text: b"text".to_vec(), index_list: b"index".to_vec(), ..Query::default() }
}

fn filter(test: FilterTest) -> Filter {
    let attribute = b"name".to_vec();
    Filter { attribute, test, exclude: false, has_equal: true, multi_function: 0 }
}

/// Wrong on purpose. The last one has the rows of master 14 for master 15, which 2.2.11 answers
/// with an ERROR, but Manticore knows and would read on into the next request.
const WRONG: &[&str] =
    &["err_truncated.req.bin", "m_err_truncated.req.bin", "err_master_version.req.bin"];

/// Of an enclosing select the order is by attributes, of which a client does not know whether they
/// are texts.
fn has_outer(name: &str) -> bool {
    name.contains("_outer")
}

fn a_target() -> Target<'static> {
    let (product, layout) = (Product::Unknown, Layout::default());
    Target { host: "host", index_list: "index", attempt: 0, product, layout }
}
