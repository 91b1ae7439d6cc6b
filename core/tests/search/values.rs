//! Values that have two readings.

use hamirror::request::{Layout, Product, Request, Target};
use hamirror::search::Search;
use hamirror::{Kind, Value};

use crate::set::{MANTICORE, SPHINX, TestSet, judge, merge, ok, request, set, show};

/// JSON null, a field that is not there and an attribute without a document are no value, as
/// daemons print them; an empty document, text or list is one.
#[test]
fn json_null_is_no_value() {
    const NULL: &str = "Null";
    let cases: [(u32, &str, &str); 10] = [
        (1002, "\u{0}", NULL),
        (1002, "\u{d}", NULL),
        (1002, "\u{4}\u{0}", ""),
        (1002, "\u{4}\u{4}null", "null"),
        (1002, "\u{b}", "1"),
        (1002, "\u{9}\u{1}\u{0}", "[]"),
        (12, "", NULL),
        (12, "\u{0}\u{0}\u{0}\u{0}\u{0}", "{}"),
        (12, "\u{0}\u{0}\u{0}\u{0}\u{9}\u{1}\u{0}", "[]"),
        (12, "\u{8}\u{0}\u{0}\u{0}\u{d}\u{1}a\u{0}", r#"{"a":null}"#),
    ];
    let search = Search::new("x");
    for (kind, bytes, expected) in cases {
        let set = || {
            let mut set = TestSet::new(&[("gid", 1), ("js", kind), ("last", 1)]);
            set.rows.push((
                1,
                1,
                ["7", quoted(kind, bytes).as_str(), "9"].map(str::to_owned).to_vec(),
            ));
            set
        };
        let result = merge(&search, vec![ok(&search, set())]).unwrap();
        let row = result.row(0).unwrap();
        assert_eq!(show(&row.value(1)), expected, "type {kind}: {bytes:?}");
        assert_eq!((row.value(0), row.value(2)), (Value::Uint(7), Value::Uint(9)));
    }
}

/// Sphinx writes lengths of texts, lists and documents alone, all of which these bytes have.
fn quoted(kind: u32, bytes: &str) -> String {
    match (kind, bytes.chars().next()) {
        (1002, Some('\u{4}' | '\u{9}')) => {
            let mut chars = bytes.chars();
            let code = chars.next().unwrap_or_default();
            let packed: String = chars.collect();
            let length = char::from(packed.len() as u8);
            format!("{code}\u{0}\u{0}\u{0}{length}{packed}")
        }
        _ => bytes.to_owned(),
    }
}

/// Ids are unsigned in Sphinx and travel signed; Manticore prints them signed. An alias is signed
/// in both.
#[test]
fn ids_of_64_bits() {
    const HIGH: u64 = 1 << 63;
    for id in [1, HIGH - 1, HIGH, HIGH + 5, u64::MAX] {
        let signed = id.cast_signed();
        let reply = |search: &Search, version| {
            let mut set = TestSet::new(&[("id", 6), ("other", 6)]);
            set.rows.push((id, 1, vec![signed.to_string(), signed.to_string()]));
            judge(search, set.body(), version)
        };
        for (list, version, values) in [
            ("id, id other", SPHINX, [Value::Uint64(id), Value::Bigint(signed)]),
            ("ID, other", SPHINX, [Value::Uint64(id), Value::Bigint(signed)]),
            ("other id, other", SPHINX, [Value::Bigint(signed), Value::Bigint(signed)]),
            ("id, id other", MANTICORE, [Value::Bigint(signed), Value::Bigint(signed)]),
        ] {
            let search = Search::new("x").select(list);
            let replies = vec![Ok(reply(&search, version)), Ok(reply(&search, version))];
            let result = merge(&search, replies).unwrap();
            let row = result.row(0).unwrap();
            assert_eq!(row.id(), id);
            assert_eq!([row.value(0), row.value(1)], values, "{list}");
            for (column, value) in result.columns().iter().zip(values) {
                let is_unsigned = matches!(value, Value::Uint64(_));
                assert_eq!(column.kind == Kind::Uint64, is_unsigned, "{list}: {column:?}");
            }
        }
    }
}

#[test]
fn filters_by_ids_of_64_bits() {
    let body = |search: Search| {
        let (product, layout) = (Product::Unknown, Layout::default());
        let target = Target { host: "box", index_list: "i", attempt: 0, product, layout };
        let mut body = Vec::new();
        request(&search).encode(&target, &mut body).unwrap();
        body
    };
    let ids = [7, 1 << 63, u64::MAX];
    let signed = ids.map(u64::cast_signed);
    let search = || Search::new("x");
    assert_eq!(body(search().filter_ids(ids)), body(search().filter_values("id", signed)));
    assert_eq!(body(search().exclude_ids(ids)), body(search().exclude_values("@id", signed)));
    let bytes = body(search().filter_ids(ids));
    let wide = [7_u64.to_be_bytes(), (1_u64 << 63).to_be_bytes(), u64::MAX.to_be_bytes()].concat();
    assert!(bytes.windows(wide.len()).any(|part| part == wide));
}

#[test]
fn rows_come_by_a_loop_from_both_ends_and_values_by_names_of_columns() {
    let search = Search::new("x");
    let set = set(&[(1, 9, 7, "a"), (2, 8, 5, "b")]);
    let result = merge(&search, vec![ok(&search, set)]).unwrap();
    let mut found = Vec::new();
    for row in &result {
        assert_eq!(row.get("nothing"), None);
        let names: Vec<_> = row.values().map(|(column, _)| column.name.as_str()).collect();
        let values: Vec<_> = row.values().map(|(_, value)| Some(value)).collect();
        assert_eq!(names, ["gid", "str"]);
        assert_eq!(values, ["gid", "str"].map(|name| row.get(name)));
        found.push((row.id(), row.get("gid"), row.get("str")));
    }
    let value = |gid, text: &'static [u8]| (Some(Value::Uint(gid)), Some(Value::String(text)));
    let [first, second] = [value(7, b"a"), value(5, b"b")];
    assert_eq!(found, [(1, first.0, first.1), (2, second.0, second.1)]);
    let backwards: Vec<u64> = result.rows().rev().map(|row| row.id()).collect();
    assert_eq!((result.rows().len(), backwards), (2, vec![2, 1]));
}
