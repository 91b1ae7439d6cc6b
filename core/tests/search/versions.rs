//! Requests for daemons of each version (core/docs/spec/protocol.md 4.1), byte by byte.

use hamirror::request::{Layout, Product, Request, Target};
use hamirror::search::{Condition, Search};

use super::set::request;

/// Fields of a query of text `x` in index `i`, with a filter on the set `m`: the version and the
/// master that have them first, and their bytes.
#[rustfmt::skip]
const FIELDS: &[(u16, u32, &[u8])] = &[
    (0x11b, 0, &[0, 0, 0, 0x40]), // flags
    (0, 0, &[0, 0, 0, 0, 0, 0, 3, 0xe8]), // offset, limit
    (0, 0, &[0, 0, 0, 6, 0, 0, 0, 0]), // match mode, ranker
    (0, 0, &[0, 0, 0, 0, 0, 0, 0, 0]), // sort mode, clause
    (0, 0, &[0, 0, 0, 1, b'x']), // text
    (0, 0, &[0, 0, 0, 0]), // weights
    (0, 0, &[0, 0, 0, 1, b'i']), // index list
    (0, 0, &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]), // ids
    (0, 0, &[0, 0, 0, 1]), // filters
    (0, 0, &[0, 0, 0, 1, b'm', 0, 0, 0, 0]), // attribute, type
    (0, 0, &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5]), // values
    (0, 0, &[0, 0, 0, 0]), // exclude
    (0, 5, &[0, 0, 0, 1]), // ends are inside
    (0, 13, &[0, 0, 0, 1]), // any value
    (0, 0, &[0, 0, 0, 4, 0, 0, 0, 0]), // group function, attribute
    (0, 0, &[0, 0, 3, 0xe8]), // max_matches
    (0, 0, b"\0\0\0\x0b@group desc"), // order of groups
    (0, 0, &[0, 0, 0, 0]), // cutoff
    (0, 0, &[0, 0, 0, 0, 0, 0, 0, 0]), // retries, pause
    (0, 0, &[0, 0, 0, 0, 0, 0, 0, 0]), // distinct, geo anchor
    (0, 0, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), // index weights, time, field weights
    (0, 0, &[0, 0, 0, 0, 0, 0, 0, 0]), // comment, overrides
    (0, 0, &[0, 0, 0, 1, b'*']), // select list
    (0x11d, 0, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), // outer select
    (0, 1, &[0, 0, 0, 0]), // collation
    (0, 2, &[0, 0, 0, 0]), // outer order
    (0, 6, &[0, 0, 0, 1]), // rows of a group
    (0, 14, &[0, 0, 0, 0, 0, 0, 0, 0]), // ranker plugin
];

/// Token filter: of masters of 14, and in version 0x120.
const TOKEN_FILTER: [u8; 12] = [0; 12];

#[test]
fn requests_for_each_version() {
    let search = Search::new("x").filter("m", Condition::any_of([5]));
    let request = request(&search);
    let layouts = [
        (0x119, 1),
        (0x119, 6),
        (0x11a, 6),
        (0x11b, 1),
        (0x11c, 6),
        (0x11d, 6),
        (0x11e, 6),
        (0x11e, 14),
        (0x11f, 14),
        (0x120, 6),
        (0x120, 14),
    ];
    for (version, master) in layouts {
        let layout = Layout { version, master };
        let product = Product::Sphinx;
        let target = Target { host: "box", index_list: "i", attempt: 0, product, layout };
        let mut body = Vec::new();
        request.encode(&target, &mut body).unwrap();
        let mut expected = [master.to_be_bytes(), 1_u32.to_be_bytes()].concat();
        for (since, master_since, bytes) in FIELDS {
            if version >= *since && master >= *master_since {
                expected.extend_from_slice(bytes);
            }
        }
        if master >= 14 || version >= 0x120 {
            expected.extend_from_slice(&TOKEN_FILTER);
        }
        assert_eq!(body, expected, "{version:#x}, master {master}");
        let command = request.command_for(&target);
        assert_eq!((command.id, command.version), (0, version));
    }
}
