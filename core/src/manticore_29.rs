//! Rules of Manticore 29 that differ from those of Sphinx 2.2.11. They stand together so that they
//! can be checked against a daemon in an hour.
//!
//! They were seen on a snapshot after 29.0.2 (commit e790cb571). The table of
//! core/docs/spec/daemons.md 12 says how each was seen. Numbers, names and texts stand
//! below. What is a layout or an algorithm stays with its like of Sphinx, and has a test
//! by which it is known:
//!
//! - Fields of a query for masters above 14: `wire/guard/manticore.rs`; `core/tests/guard.rs`.
//! - A JSON field has a length whatever its type; factors do not count theirs:
//!   `wire/search/value.rs`; `core/tests/captures.rs`.
//! - Ids of 32 bits are refused: `wire/search/reply.rs`; `ids_of_32_bits`.
//! - Texts of a list are plain, no literals: `search/query.rs`;
//!   `lists_of_texts_are_written_in_the_words_of_the_product`.
//! - Ids are signed in filters: `search/filters.rs`; `ranges_of_ids`.
//! - A reverse scan and a predicted time are passed over: `search/needs.rs`;
//!   `daemons_that_pass_over_something_have_not_answered`.
//! - `*` stands for all columns wherever it stands: `merge/select.rs`; `columns_of_manticore`.
//! - Words that agents differ in are no fault: `merge/words.rs`; `words_of_manticore_may_differ`.
//! - Groups: types of sums, order of joined texts: `merge/aggregates.rs`, `merge/grouped.rs`;
//!   `every_answer_of_a_master_is_what_the_merge_makes_of_its_agents_replies`.
//! - Agent lines and index lists: `config/agent_line/manticore.rs`; `lines_that_manticore_takes`,
//!   `lines_that_cost_manticore_the_table`.
//! - Tables of RT mode: `config/tables`; `core/tests/config/tables.rs`.
//! - The greeting comes with the first reply; a PING closes the connection: `engine`,
//!   `net/pinger.rs`; `a_kept_connection_serves_many_calls_on_any_daemon`.
//! - SUGGEST and CALLPQ: `command/suggest.rs`, `command/percolate.rs`; `tests/fast/manticore.rs`.
//! - Rows and names of SHOW AGENT STATUS: `status/rows.rs`;
//!   `a_host_has_the_keys_of_manticore_and_of_its_manual`.

/// Oldest version of SEARCH that a daemon of Manticore has; all of Sphinx are lower.
pub(crate) const SEARCH_VERSION_MIN: u16 = 0x121;

/// Newest version of SEARCH.
pub(crate) const SEARCH_VERSION: u16 = 0x128;

/// Oldest version of SEARCH that a client may speak.
pub(crate) const CLIENT_VERSION_MIN: u16 = 0x119;

/// Newest number of a master.
pub(crate) const MASTER_MAX: u32 = 35;

/// From this master on a reply says whether total_found is approximate.
pub(crate) const MASTER_APPROXIMATE: u32 = 19;

/// Version of UPDATE from which values may be texts.
pub(crate) const UPDATE_VERSION_OF_TEXTS: u16 = 0x104;

/// Beginning of the name of a column that a master gets to sort by. It holds the text of a string
/// or of a JSON key, or the number of an expression.
pub(crate) const SORT_HELPER: &str = "@int_attr_";

/// True if sort modes 1 and 2 compare floats by value. Sphinx compares their bits.
pub(crate) const SORTS_FLOATS_BY_VALUE: bool = true;

/// True if texts of stored fields are empty for masters.
pub(crate) const HIDES_STORED_FIELDS: bool = true;

/// Appends a byte of a JSON string if the two products write it otherwise, as Manticore does.
/// Returns false for a byte that both write alike.
pub(crate) fn put_json_byte(byte: u8, out: &mut Vec<u8>) -> bool {
    match byte {
        b'/' => out.push(byte),
        0x08 | 0x09 | 0x0a | 0x0c | 0x0d => return false,
        0..0x20 => {
            let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
        }
        _ => return false,
    }
    true
}

/// What to say behind an error text that a daemon words so that nobody can know what it means.
///
/// An agent with `auth = 1` deciphers each request, and finds none in one that is plain.
pub(crate) fn meaning_of_error(text: &str) -> Option<&'static str> {
    text.contains(DECIPHERED_NOTHING).then_some(
        "an agent with 'auth = 1' says so to whoever does not log in, which hamirror can't: let \
         these agents listen without it on a network of their own",
    )
}

/// Part of the refusal of a plain request by a daemon with `auth = 1`.
const DECIPHERED_NOTHING: &str = "read overflows buffer by ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_json_strings() {
        let shown = |byte| {
            let mut out = Vec::new();
            put_json_byte(byte, &mut out).then(|| String::from_utf8(out).expect("ASCII"))
        };
        assert_eq!(shown(b'/').as_deref(), Some("/"));
        assert_eq!(shown(1).as_deref(), Some("\\u0001"));
        assert_eq!(shown(0x1f).as_deref(), Some("\\u001f"));
        assert!([b'\n', b'"', b'a', 0x7f, 0xff].into_iter().all(|byte| shown(byte).is_none()));
    }
}
