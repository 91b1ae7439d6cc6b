//! Requests byte by byte as real clients and masters sent them, but for their versions, and the
//! replies of real daemons; the captures are those of `core/tests/captures.rs`.

use std::fs;
use std::path::Path;

use super::excerpt_options::{ExcerptFlag, ExcerptOptions};
use super::excerpts::ExcerptRequest;
use super::keywords::KeywordsRequest;
use super::parts::PartNumber;
use super::percolate::{self, MatchedQuery, PercolateRequest};
use super::status::{StatusRequest, flush_number, flush_request, rows};
use super::suggest::{self, SuggestOptions, SuggestRequest};
use super::update::{NewValue, Update, UpdateRequest, written};
use super::variable::VariableRequest;
use super::{excerpts, keywords};
use crate::limits::{REMOTE_TEXT_MAX, WORD_SIZE_MAX};
use crate::request::{Layout, Product, Reply, Request, Target, Verdict};
use crate::wire::Writer;
use crate::wire::header::{LENGTH, ReplyHeader, Status};

fn capture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The reply as the engine hands it on, once it is judged.
fn reply(name: &str, request: &dyn Request) -> (Reply, Verdict) {
    let bytes = capture(&format!("{name}.rep.bin"));
    let (header, body) = bytes.split_first_chunk::<LENGTH>().expect("a header");
    let header = ReplyHeader::decode(*header);
    let mut reply = Reply::new(header.version, body.to_vec());
    reply.status = header.status;
    if header.status == Status::Warning {
        reply.split_warning().expect("a text");
    }
    let verdict = request.judge(&mut reply);
    // Every shorter one, and a longer one, is no answer.
    for length in 0..reply.body.len() {
        let mut cut = reply.clone();
        cut.body.truncate(length);
        assert!(
            matches!(request.judge(&mut cut), Verdict::Malformed(_)),
            "{name} cut to {length}"
        );
    }
    let mut longer = reply.clone();
    longer.body.push(0);
    assert!(matches!(request.judge(&mut longer), Verdict::Malformed(_)), "{name} and a byte");
    (reply, verdict)
}

/// The request for the index list, header included.
fn request(request: &dyn Request, index_list: &str) -> Vec<u8> {
    let (product, layout) = (Product::Unknown, Layout::default());
    let target = Target { host: "a:1", index_list, attempt: 0, product, layout };
    let mut body = Vec::new();
    request.encode(&target, &mut body).expect("it can be encoded");
    crate::wire::guard::check(request.command(), &body).expect("it is complete");
    let command = request.command();
    let mut bytes = [command.id.to_be_bytes(), command.version.to_be_bytes()].concat();
    bytes.extend_from_slice(&(body.len() as u32).to_be_bytes());
    [bytes, body].concat()
}

/// A recorded request, as one of that version of its command.
fn capture_of(name: &str, version: u16) -> Vec<u8> {
    let mut bytes = capture(&format!("{name}.req.bin"));
    bytes[2..4].copy_from_slice(&version.to_be_bytes());
    bytes
}

/// A recorded UPDATE of that index list without its flags, which stand behind a count.
fn capture_without_flags(name: &str, list: &str) -> Vec<u8> {
    let mut bytes = capture_of(name, 0x102);
    let flags = LENGTH + 4 + list.len() + 4;
    assert_eq!(bytes.drain(flags..flags + 4).collect::<Vec<u8>>(), [0; 4], "{name}");
    let length = u32::try_from(bytes.len() - LENGTH).expect("a length");
    bytes[4..LENGTH].copy_from_slice(&length.to_be_bytes());
    bytes
}

#[test]
fn excerpts_are_asked_for_as_clients_do() {
    let documents: [&[u8]; 2] = [b"hello world this is a test", b"another hello"];
    let asked = ExcerptRequest::new("hello", &ExcerptOptions::new(), &documents);
    assert_eq!(request(&asked, "pl, rt"), capture_of("excerpt", 0x103));
    let (reply, verdict) = reply("excerpt", &asked);
    assert_eq!(verdict, Verdict::Accept);
    let expected: [&[u8]; 2] = [b"<b>hello</b> world this is a test", b"another <b>hello</b>"];
    assert_eq!(excerpts::read(&reply.body, 2).expect("two excerpts"), expected);

    let options = ExcerptOptions::new().flag(ExcerptFlag::AllowEmpty, true);
    let asked = ExcerptRequest::new("hello", &options, &[b"nomatch here"]);
    assert_eq!(request(&asked, "pl"), capture_of("excerpt_empty", 0x103));
    let (reply, _) = self::reply("excerpt_empty", &asked);
    assert_eq!(excerpts::read(&reply.body, 1).expect("an excerpt"), [b""]);
}

#[test]
fn keywords_are_asked_for_as_clients_do() {
    for (name, with_statistics) in [("keywords_stats", true), ("keywords_nostats", false)] {
        let asked = KeywordsRequest::new("hello worlds", SECOND, with_statistics);
        assert_eq!(request(&asked, "rt, pl"), capture(&format!("{name}.req.bin")));
        let (reply, verdict) = reply(name, &asked);
        assert_eq!(verdict, Verdict::Accept);
        let told = keywords::read(&reply.body, with_statistics).expect("keywords");
        let counts: Vec<_> = told.iter().map(|told| (told.documents, told.hits)).collect();
        let expected = if with_statistics { (3, 3) } else { (0, 0) };
        assert_eq!(counts, [expected, (0, 0)]);
        assert_eq!((told[0].tokenized, told[1].normalized), (&b"hello"[..], &b"worlds"[..]));
    }
}

/// The second name of lists of two.
const SECOND: PartNumber = PartNumber { part: 1, parts: 2 };

#[test]
fn suggestions_are_asked_for_as_clients_and_masters_do() {
    let (text, suggest) = ("helo".to_owned(), SuggestOptions::new());
    let asked = SuggestRequest { text, suggest, part: SECOND };
    assert_eq!(request(&asked, "x, t"), capture("m_suggest.req.bin"));
    for agent in ["A", "B"] {
        let stream = capture(&format!("m_master_suggest.{agent}.c2s.bin"));
        assert_eq!(request(&asked, "x, t"), stream[4..], "behind the handshake");
    }
    let (reply, verdict) = reply("m_suggest", &asked);
    assert_eq!(verdict, Verdict::Accept);
    let told = suggest::read(&reply.body).expect("words");
    let words: Vec<_> = told.words.iter().map(|told| (told.word, told.distance)).collect();
    assert_eq!(words, [(&b"hello"[..], 1), (&b"there"[..], 3)]);
    assert_eq!(told.words[0].documents, 4);
}

#[test]
fn stored_queries_are_asked_for_as_masters_do() {
    let asked = |documents: &[&[u8]]| {
        let mut packed = (documents.len() as u32).to_be_bytes().to_vec();
        for document in documents {
            packed.extend_from_slice(&(document.len() as u32).to_be_bytes());
            packed.extend_from_slice(document);
        }
        PercolateRequest { documents: packed.into(), part: SECOND }
    };
    // The client asked for more of each query, and said that its documents were JSON.
    let texts: [&[u8]; 2] = [br#"{"title":"hello world","gid":9}"#, br#"{"title":"world"}"#];
    let mut expected = capture("m_callpq.req.bin");
    assert_eq!(std::mem::replace(&mut expected[11], 3), 0xf);
    assert_eq!(request(&asked(&texts), "x, pq"), expected);
    let (none, verdict) = reply("m_callpq", &asked(&texts));
    assert_eq!(verdict, Verdict::Accept);
    assert_eq!(percolate::read(&none.body).expect("an answer").queries, []);

    // Two agents told a master of their queries.
    let told = ["A", "B"].map(|agent| {
        let stream = capture(&format!("m_master_callpq.{agent}.s2c.bin"));
        let told = percolate::read(&stream[4 + LENGTH..]).expect("an answer");
        let query = |query: MatchedQuery| {
            (query.id, query.documents, query.query, query.tags, query.filters)
        };
        told.queries.into_iter().map(query).collect::<Vec<_>>()
    });
    let query = |id, document, texts: [&str; 3]| {
        let [query, tags, filters] = texts.map(str::to_owned);
        (id, vec![document], query, tags, filters)
    };
    let world = ["world", "", ""];
    let of_a = vec![query(1, 1, ["hello", "tag1", "gid>5"]), query(2, 1, world)];
    assert_eq!(told, [of_a, vec![query(2, 2, world)]]);
}

#[test]
fn updates_are_sent_as_clients_do() {
    let number = |value: u32| [NewValue::Uint(value)];
    let update = Update::new(["gid"]).document(1, number(11)).document(99, number(1));
    let both = [NewValue::Uint(20), NewValue::Multi(vec![4])];
    let cases = [
        ("update", "pl", update, 1),
        ("update_int_mva", "pl", Update::new(["gid", "mv"]).document(2, both), 1),
        ("update_warning", "pl,rt", Update::new(["ts"]).document(1, number(1_400_000_000)), 1),
    ];
    for (name, list, update, documents) in cases {
        let asked = UpdateRequest::new(&update);
        assert_eq!(request(&asked, list), capture_without_flags(name, list), "{name}");
        let mut flagged = capture(&format!("{name}.req.bin"));
        flagged[LENGTH + 4 + list.len() + 4 + 3] = 1;
        let ignoring = UpdateRequest::new(&update.ignore_missing(true));
        assert_eq!(request(&ignoring, list), flagged, "{name}");
        let (reply, verdict) = reply(name, &asked);
        assert_eq!(verdict, Verdict::Accept, "{name}");
        let written = written(&reply).expect("a number");
        let warning = (name == "update_warning").then_some("index rt: attribute 'ts' not found");
        assert_eq!((written.documents, written.warning.as_deref()), (documents, warning));
    }
}

#[test]
fn daemons_are_asked_for_counters_and_flushes_as_clients_do() {
    assert_eq!(request(&StatusRequest, "pl"), capture_of("status_global", 0x100));
    let (reply, verdict) = reply("status_global", &StatusRequest);
    assert_eq!(verdict, Verdict::Accept);
    let rows = rows(&reply.body).expect("rows");
    assert!(rows.len() > 20 && rows[0].0 == "uptime", "{rows:?}");
    let asked = flush_request();
    assert_eq!(request(asked.as_ref(), "pl"), capture("flushattrs.req.bin"));
    let (reply, _) = self::reply("flushattrs", asked.as_ref());
    assert_eq!(flush_number(&reply), Some(0));
}

/// However long a daemon makes them.
#[test]
fn words_and_counters_are_cut_where_they_come_in() {
    let long = [0xff; 1 << 20];
    let mut told = Vec::new();
    told.put_u32(1);
    [&long[..], &long].iter().for_each(|word| told.put_string(word));
    let words = keywords::read(&told, false).expect("a keyword");
    assert_eq!([words[0].tokenized, words[0].normalized], [&long[..WORD_SIZE_MAX]; 2]);
    let mut told = Vec::new();
    [1, 2].iter().for_each(|count| told.put_u32(*count));
    [&long[..], &long].iter().for_each(|text| told.put_string(text));
    let rows = rows(&told).expect("a row");
    let expected = "\u{fffd}".repeat(REMOTE_TEXT_MAX);
    assert_eq!(rows, [(expected.clone(), expected)]);
}

#[test]
fn variables_are_sent_as_masters_do() {
    let asked = VariableRequest::new("@uv", &[8, 1, 3]);
    assert_eq!(request(&asked, "pl"), capture("uvar.req.bin"));
    assert_eq!(reply("uvar", &asked).1, Verdict::Accept);
    let asked = VariableRequest::new("@mu", &[3, 1, 300, 2]);
    let stream = capture("master_uvar.A.c2s.bin");
    assert_eq!(request(&asked, "pl"), stream[4..], "behind the handshake");
}
