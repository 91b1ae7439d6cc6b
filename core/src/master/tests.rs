//! Connections, by the bytes of clients: in pieces, out of order, and of strangers.

use super::packets::Packets;
use super::search::ListFault;
use super::sql::Statements;
use super::{Connection, Input, Master, Protocol};
use crate::client::Client;
use crate::config::Config;
use crate::limits::{BUFFER_KEPT_MAX, CLIENT_PACKET_SIZE_MAX};
use crate::options::ClientOptions;
use crate::wire::Writer;
use crate::wire::search::{Layout, Query, encode_in};

/// Nobody listens on the port of the agent.
fn master() -> Master {
    let text = "index d\n{\n    type = distributed\n    agent = 127.0.0.1:1:x\n}\n";
    let config = Config::parse(text, "text").expect("a configuration");
    let options = ClientOptions::default().background(false);
    Master::new(&Client::with_options(&config, options).expect("a client"))
}

fn replies(connection: &mut Connection, pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut replies: Vec<Vec<u8>> = std::iter::from_fn(|| connection.next_reply()).collect();
    for piece in pieces {
        connection.receive(piece);
        replies.extend(std::iter::from_fn(|| connection.next_reply()));
    }
    replies
}

fn request(id: u16, version: u16, body: &[u8]) -> Vec<u8> {
    let mut request = Vec::new();
    request.put_u16(id);
    request.put_u16(version);
    request.put_string(body);
    request
}

fn refused(text: &str) -> Vec<u8> {
    let mut body = Vec::new();
    body.put_string(text.as_bytes());
    request(1, 0, &body)
}

const PING: [u8; 12] = [0, 9, 1, 0, 0, 0, 0, 4, b'p', b'i', b'n', b'g'];
const PONG: [u8; 12] = [0, 0, 1, 0, 0, 0, 0, 4, b'p', b'i', b'n', b'g'];
const PERSIST: [u8; 12] = [0, 4, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1];

#[test]
fn a_kept_connection_stays_in_step_whatever_is_refused_however_bytes_come() {
    let stream = [
        vec![0, 0, 0, 1],
        PERSIST.to_vec(),
        PING.to_vec(),
        // A hole in the list of commands: no answer.
        request(6, 0, b"body"),
        request(0, 0x200, b""),
        request(0, 0x121, b""),
        request(0, 0x112, b""),
        request(0, 0x11e, &[0; 4]),
        request(11, 0x100, b""),
        request(1, 0x104, &[0; 7]),
        request(9, 0x100, b""),
        request(10, 0, b""),
        PING.to_vec(),
        request(12, 0x100, b"never read"),
        PING.to_vec(),
    ]
    .concat();
    let expected = vec![
        vec![0, 0, 0, 1],
        PONG.to_vec(),
        refused("major command version mismatch (expected v.1.x, got v.2.0)"),
        refused(
            "client version is higher than daemon version (client is v.1.33, daemon is v.1.32)",
        ),
        refused(
            "client version is too old; upgrade your client (client is v.1.18, min is v.1.19)",
        ),
        refused("bad multi-query count 0 (must be in 1..32 range)"),
        refused("global variables are set by SET GLOBAL of SphinxQL here"),
        refused("invalid or truncated request"),
        request(0, 0x100, &[0; 4]),
        PONG.to_vec(),
        refused("invalid command (code=12, len=10)"),
    ];
    let master = master();
    for size in [1, 3, 7, 64, stream.len()] {
        let mut connection = master.connect(Protocol::Sphinx);
        let pieces: Vec<&[u8]> = stream.chunks(size).collect();
        assert_eq!(replies(&mut connection, &pieces), expected, "pieces of {size}");
        assert!(connection.is_over());
    }
}

#[test]
fn a_connection_ends_after_one_command_unless_it_is_kept() {
    let master = master();
    let hello: &[u8] = &[0, 0, 0, 1];
    for last in [PING.to_vec(), request(6, 0, b""), request(4, 0, &[0; 4]), request(4, 0, b"")] {
        let mut connection = master.connect(Protocol::Sphinx);
        let found = replies(&mut connection, &[hello, &last, &PING]);
        assert!(found.len() <= 2 && connection.is_over(), "{found:?}");
    }
    let mut connection = master.connect(Protocol::Sphinx);
    let long = (CLIENT_PACKET_SIZE_MAX as u32 + 1).to_be_bytes();
    let found = replies(&mut connection, &[hello, &[0, 9, 1, 0], &long]);
    assert_eq!(found[1], refused("invalid command (code=9, len=8388609)"));
    assert!(connection.is_over());
}

#[test]
fn a_bad_query_of_a_batch_fails_alone_and_status_tells_of_the_last() {
    let master = master();
    let query = |index: &str, sort_mode, text: &str| Query {
        index_list: index.as_bytes().to_vec(),
        sort_mode,
        text: text.as_bytes().to_vec(),
        ..Query::default()
    };
    let queries = [
        query("nope", 0, "x"),
        // Without a clause.
        query("d", 4, "x"),
        query(" d ,d;d", 0, "x"),
        query(", ", 0, "x"),
        query("d, gone", 0, "x"),
    ];
    let mut body = Vec::new();
    encode_in(Layout { version: 0x11d, master: 0 }, &queries, &mut body);
    let reply = String::from_utf8_lossy(&master.answer_to(0, 0x11d, &body)).into_owned();
    for part in [
        "unknown local index 'nope' in search request",
        "it needs a clause",
        "index d: agent 127.0.0.1:1: ",
        "no enabled local indexes to search",
        "unknown local index 'gone' in search request",
    ] {
        assert!(reply.contains(part), "{part}: {reply:?}");
    }
    let status = String::from_utf8_lossy(&master.answer_to(5, 0x101, &[0; 4])).into_owned();
    assert!(status.contains("unknown local index 'gone'"), "{status:?}");
    let counters =
        String::from_utf8_lossy(&master.answer_to(5, 0x100, &[0, 0, 0, 1])).into_owned();
    assert!(counters.contains("agent_connect"), "{counters:?}");
}

#[test]
fn no_command_believes_what_a_stranger_announces() {
    let master = master();
    for id in [0, 1, 2, 3, 5, 8, 9, 11] {
        for version in [0x100, 0x101, 0x102, 0x103, 0x104, 0x113, 0x11e, 0x120] {
            for byte in [0, 1, 0x7f, 0xff] {
                for length in [0, 1, 4, 9, 64, 200] {
                    let reply = master.answer_to(id, version, &vec![byte; length]);
                    assert!(reply.len() >= 8, "{id} {version:#x} {byte} {length}");
                }
            }
        }
    }
}

fn packet(sequence: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_le_bytes();
    [&length[..3], &[sequence], payload].concat()
}

fn ok(sequence: u8) -> Vec<u8> {
    packet(sequence, &[0; 7])
}

#[test]
fn mysql_clients_are_greeted_and_answered_however_bytes_come() {
    let stream = [
        packet(1, b"any log-in"),
        packet(0, b"\x03SET NAMES utf8"),
        packet(0, b"\x02somewhere"),
        packet(0, b"\x0e"),
        packet(0, b"\x16SELECT 1"),
        packet(7, b"\x03SHOW TABLES LIKE 'd'"),
        packet(0, b"\x03\xff"),
        packet(0, b"\x01"),
        packet(0, b"\x0e"),
    ]
    .concat();
    let master = master();
    let mut alike: Option<Vec<Vec<u8>>> = None;
    for size in [1, 2, 5, stream.len()] {
        let mut connection = master.connect(Protocol::Mysql41);
        let pieces: Vec<&[u8]> = stream.chunks(size).collect();
        let found = replies(&mut connection, &pieces);
        assert!(connection.is_over() && found.len() == 8, "{found:?}");
        assert!(found[0].starts_with(&[found[0].len() as u8 - 4, 0, 0, 0, 10]));
        assert_eq!(found[1..5], [ok(2), ok(1), ok(1), ok(1)]);
        let told = found[5..].iter().map(|reply| String::from_utf8_lossy(reply).into_owned());
        let told: Vec<String> = told.collect();
        assert!(told[0].contains("#08S01unknown command (code=22)"), "{told:?}");
        assert!(told[1].contains("distributed") && found[6][3] == 8, "{told:?}");
        assert!(told[2].contains("#42000the statement is no UTF-8"), "{told:?}");
        assert_eq!(*alike.get_or_insert_with(|| found.clone()), found);
    }
    let mut connection = master.connect(Protocol::Mysql41);
    assert_eq!(replies(&mut connection, &[&[0xff, 0xff, 0xff, 1]]).len(), 1);
    assert!(connection.is_over(), "a longer packet than any daemon takes");
}

#[test]
fn settings_of_a_session_are_told_and_others_refused() {
    let master = master();
    let mut connection = master.connect(Protocol::Mysql41);
    replies(&mut connection, &[&packet(1, b"log-in")]);
    let mut ask = |text: &str| {
        let query = packet(0, &[b"\x03", text.as_bytes()].concat());
        let found = replies(&mut connection, &[&query]).concat();
        String::from_utf8_lossy(&found).into_owned()
    };
    for text in [
        "set names 'utf8'",
        "SET autocommit=0",
        "SET @@session.sql_mode = 'ANSI, b'",
        "SET collation_connection = libc_ci",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "begin",
    ] {
        assert_eq!(ask(text).as_bytes(), ok(1), "{text}");
    }
    assert!(ask("SHOW VARIABLES LIKE 'auto%'").contains("autocommit\u{1}0"));
    assert!(ask("SELECT @@autocommit, @@nope LIMIT 1").contains("\u{1}0\0"));
    assert!(ask("select @@version_comment limit 1").contains("hamirror "));
    assert!(ask("SELECT 17").contains("\u{2}17"));
    assert!(ask("SHOW DATABASES").contains("Databases"));
    for (text, part) in [
        ("SET foo=1", "Unknown session variable 'foo' in SET statement"),
        ("SET collation_connection = binary", "collation binary can't be set here"),
        ("SET NAMES utf8 COLLATE x", "#42000"),
        ("SELECT @@a @@b", "#42000"),
        ("SHOW VARIABLES LIKE auto", "#42000"),
        ("SET a = 'b", "#42000"),
        ("", "#42000"),
        ("'", "#42000"),
        ("(", "#42000"),
        ("USE somewhere", "#42000"),
    ] {
        let told = ask(text);
        assert!(told.contains(part), "{text}: {told:?}");
    }
}

#[test]
fn names_of_a_list_are_those_of_the_configuration_each_once() {
    let index = |name| format!("index {name}\n{{\ntype = distributed\nagent = h:1:x\n}}\n");
    let text = [index("d"), index("e"), index("a-b")].concat();
    let config = Config::parse(&text, "text").expect("a configuration");
    let options = ClientOptions::default().background(false);
    let master = Master::new(&Client::with_options(&config, options).expect("a client"));
    let list = |text: &str| master.index_list(text.as_bytes());
    assert_eq!(list("e;d, e d").as_deref(), Ok("e, d"));
    assert_eq!(list("d-e.d é a-b").as_deref(), Ok("d, e, a-b"));
    assert_eq!(list(&"d ".repeat(100_000)).as_deref(), Ok("d"));
    assert_eq!(list("d a-c"), Err(ListFault::Unknown("a".to_owned())));
    assert_eq!(list(" ,-"), Err(ListFault::Empty));
}

#[test]
fn lists_of_updates_are_read_as_those_of_searches() {
    let update = |list: &str| {
        let mut body = Vec::new();
        body.put_string(list.as_bytes());
        body.put_u32(1);
        body.put_string(b"price");
        body.put_u32(1);
        body.put_u32(7);
        body.put_u32(9);
        let reply = master().answer_to(2, 0x100, &body);
        String::from_utf8_lossy(&reply).into_owned()
    };
    for list in ["d", "d;d", "*d.d"] {
        assert!(!update(list).contains("in update request"), "{list}");
    }
    assert!(update("d;nope").contains("unknown index 'nope' in update request"));
    assert!(update("*").contains("no valid indexes in update request"));
}

#[test]
fn answers_before_a_statement_that_fails_come_before_its_error() {
    let mut packets = Packets::from(1);
    let text = b"SHOW TABLES; SHOW TABLES; SELECT id FROM d; SHOW TABLES";
    Statements::new(&master()).answer(text, &mut packets);
    let found = packets.into_bytes();
    let told = String::from_utf8_lossy(&found).into_owned();
    // Both say that more is to come.
    let more = |part: &[u8]| part == [0xfe, 0, 0, 8, 0];
    assert_eq!(found.windows(5).filter(|part| more(part)).count(), 4, "{told:?}");
    assert_eq!(told.matches("distributed").count(), 2, "{told:?}");
    let error = told.find("#42000").expect("an error");
    assert!(told[error..].contains("agent 127.0.0.1:1: "), "{told:?}");
}

#[test]
fn the_room_of_a_large_request_is_given_back() {
    let mut input = Input::default();
    input.receive(&vec![1; 4 * BUFFER_KEPT_MAX]);
    assert_eq!(input.peek(), Some([1; 4]));
    assert!(input.take(4 * BUFFER_KEPT_MAX).is_some() && input.peek::<1>().is_none());
    assert!(input.bytes.capacity() <= BUFFER_KEPT_MAX);
    input.receive(&vec![2; 4 * BUFFER_KEPT_MAX]);
    assert!(input.take(4 * BUFFER_KEPT_MAX - 3).is_some());
    input.receive(&[3]);
    assert_eq!(input.take(4), Some([2, 2, 2, 3].as_slice()));
    assert!(input.bytes.capacity() <= BUFFER_KEPT_MAX);
}
