//! Requests and replies captured from real daemons: 2.2.11 and, where the name starts with `m_`,
//! Manticore. `NAME.req.bin` and `NAME.rep.bin` are a header and its body, `NAME.c2s.bin` and
//! `NAME.s2c.bin` whole streams with their handshakes.

use std::fs;
use std::path::{Path, PathBuf};

use hamirror::internal::wire::Reader;
use hamirror::internal::wire::header::{LENGTH, ReplyHeader};
use hamirror::internal::wire::search::{
    Asked, Filter, FilterTest, Kind, Layout, MASTER, Outer, Override, OverrideValue, Query, Reply,
    ResultSet, Row, Status, Value, encode,
};

#[test]
fn requests_are_encoded_byte_by_byte() {
    let mut checked = 0;
    for (name, body) in search_requests() {
        let (master, queries) = read_request(&body);
        let mut encoded = Vec::new();
        encode(master, &queries, &mut encoded);
        assert_eq!(encoded, body, "{name}");
        checked += 1;
    }
    assert!(checked >= 55, "{checked} requests");
}

#[test]
fn replies_are_decoded_to_the_last_byte() {
    let mut checked = 0;
    for (name, body, header, request) in search_exchanges() {
        let (master, queries) = read_request(&request);
        let reply = Reply::decode(&body, header.version, asked(master, &queries));
        let reply = reply.unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
        assert_eq!(reply.sets.len(), queries.len(), "{name}");
        for set in &reply.sets {
            for row in 0..set.rows.len() {
                for column in 0..set.columns.len() {
                    assert!(set.value(&body, reply.dialect, row, column).is_some(), "{name}");
                }
            }
        }
        checked += 1;
    }
    assert!(checked >= 50, "{checked} replies");
}

#[test]
fn damaged_replies_are_refused_or_read_without_harm() {
    for (name, body, header, request) in search_exchanges() {
        let (master, queries) = read_request(&request);
        let asked = asked(master, &queries);
        let decode = |body: &[u8]| Reply::decode(body, header.version, asked);
        for length in 0..body.len() {
            assert!(decode(&body[..length]).is_err(), "{name} cut to {length} bytes");
        }
        let longer = [body.as_slice(), &[0]].concat();
        assert!(decode(&longer).is_err(), "{name} and one byte more");
        for place in 0..body.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff, body[place] ^ 1, body[place].wrapping_add(1)] {
                let mut damaged = body.clone();
                damaged[place] = value;
                if let Ok(reply) = decode(&damaged) {
                    read_everything(&reply, &damaged);
                }
            }
        }
    }
}

#[test]
fn attributes_of_every_type() {
    let (reply, body) = reply("search_allattrs_master14_11F", 1);
    let set = &reply.sets[0];
    assert_eq!(set.status, Status::Ok);
    let fields: Vec<_> = set.fields.iter().map(|field| field.text(&body)).collect();
    assert_eq!(fields, ["title", "body"]);
    let columns: Vec<_> =
        set.columns.iter().map(|column| (column.name.text(&body), column.kind)).collect();
    let expected = [
        ("gid", Kind::Uint),
        ("ts", Kind::Timestamp),
        ("flag", Kind::Bool),
        ("fl", Kind::Float),
        ("big", Kind::Bigint),
        ("mv", Kind::Multi),
        ("mv64", Kind::Multi64),
        ("str", Kind::String),
        ("js", Kind::Json),
        ("title_len", Kind::TokenCount),
        ("body_len", Kind::TokenCount),
    ];
    assert_eq!(columns, expected.map(|(name, kind)| (name.to_owned(), kind)));
    assert_eq!(set.rows.get(&body, 0), Some(Row { id: 1, weight: 1319 }));
    assert_eq!((set.total, set.total_found), (3, 3));
    let row: Vec<_> = (0..columns.len()).map(|column| shown(&reply, &body, 0, column)).collect();
    let expected = [
        "10",
        "1400000000",
        "true",
        "1.5",
        "9000000000",
        "(1,2,3)",
        "(-5,10000000000)",
        "alpha",
        r#"{"a":1,"b":"x","c":[1,2]}"#,
        "2",
        "3",
    ];
    assert_eq!(row, expected);
    assert_eq!(set.value(&body, reply.dialect, 2, 8), Some(Value::Null), "fed with no document");
    assert_eq!(shown(&reply, &body, 2, 5), "()");
    let word = &set.words[0];
    assert_eq!((word.word.text(&body), word.docs, word.hits), ("hello".to_owned(), 3, 3));
}

/// What masters get packed is printed as the same daemon prints it for clients.
#[test]
fn json_is_printed_as_daemons_print_it() {
    for (master, client) in [
        ("search_exprs_master14_11F", "search_exprs_11E"),
        ("m_search_exprs_master14_11F", "m_search_exprs_11E"),
        ("search_allattrs_master14_11F", "search_allattrs_11E"),
    ] {
        let (packed, packed_body) = reply(master, 1);
        let (printed, printed_body) = reply(client, 1);
        let mut compared = 0;
        for (number, column) in packed.sets[0].columns.iter().enumerate() {
            if !matches!(column.kind, Kind::Json | Kind::JsonField) {
                continue;
            }
            let name = column.name.of(&packed_body);
            let same = |column: &&hamirror::internal::wire::search::Column| {
                column.name.of(&printed_body) == name
            };
            let columns = &printed.sets[0].columns;
            let Some(other) = columns.iter().position(|column| same(&column)) else {
                continue;
            };
            let id =
                |set: &ResultSet, body: &[u8], row| set.rows.get(body, row).expect("a row").id;
            let (packed_set, printed_set) = (&packed.sets[0], &printed.sets[0]);
            for row in 0..packed_set.rows.len() {
                let wanted = id(packed_set, &packed_body, row);
                let other_row = (0..printed_set.rows.len())
                    .find(|row| id(printed_set, &printed_body, *row) == wanted);
                let other_row = other_row.expect("both have the document");
                let ours = match shown(&packed, &packed_body, row, number) {
                    // Plain clients are told so of no document.
                    none if none.is_empty() && column.kind == Kind::Json => "{}".to_owned(),
                    ours => ours,
                };
                let theirs = shown(&printed, &printed_body, other_row, other);
                assert_eq!(ours, theirs, "{master} row {row} column {number}");
                compared += 1;
            }
        }
        assert!(compared >= 3, "{master}: {compared} values");
    }
}

#[test]
fn errors_and_warnings_of_single_queries() {
    let (batch, body) = reply("search_batch3_err", 3);
    let states: Vec<_> = batch.sets.iter().map(|set| set.status).collect();
    assert_eq!(states, [Status::Ok, Status::Error, Status::Ok]);
    assert_eq!(batch.sets[1].message.text(&body), "unknown local index 'nope' in search request");
    let (warned, body) = reply("search_warning_11E", 1);
    assert_eq!(warned.sets[0].status, Status::Warning);
    let text = "index rt: parse error: unknown column: ts";
    assert_eq!(warned.sets[0].message.text(&body), text);
    assert!(!warned.sets[0].rows.is_empty());
}

#[test]
fn costs_of_a_query() {
    let (reply, _) = reply("search_master14_iocpu_predicted", 1);
    let set = &reply.sets[0];
    assert!(set.io.is_some() && set.cpu_us.is_some() && set.predicted_ms.is_some());
}

fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures")
}

fn read(name: &str) -> Vec<u8> {
    let path = captures().join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The reply of that name to so many queries; masters are told by the name.
fn reply(name: &str, queries: usize) -> (Reply, Vec<u8>) {
    let (header, body) = split_reply(&read(&format!("{name}.rep.bin")));
    let master = if name.contains("master14") { MASTER } else { 0 };
    let asked = Asked { queries, rows_max: 1_000, layout: Layout::of_master(master) };
    let reply = Reply::decode(&body, header.version, asked).expect(name);
    (reply, body)
}

/// What a request asked for; no daemon sent more.
fn asked(master: u32, queries: &[Query]) -> Asked {
    let rows_max = queries.iter().map(|query| query.max_matches as u32).max().unwrap_or(0);
    Asked { queries: queries.len(), rows_max, layout: Layout::of_master(master) }
}

fn split_reply(bytes: &[u8]) -> (ReplyHeader, Vec<u8>) {
    let header = ReplyHeader::decode(bytes[..LENGTH].try_into().expect("eight bytes"));
    (header, bytes[LENGTH..].to_vec())
}

/// Every SEARCH request of a version that we speak, with the name of its reply's file and the
/// place of the reply in it.
fn search_requests() -> Vec<(String, Vec<u8>)> {
    frames().into_iter().map(|(name, _, body)| (name, body)).collect()
}

/// Every such request with its reply where that is none of the errors at header level.
fn search_exchanges() -> Vec<(String, Vec<u8>, ReplyHeader, Vec<u8>)> {
    let mut exchanges = Vec::new();
    for (name, number, request) in frames() {
        let stream = match name.strip_suffix(".c2s.bin") {
            Some(stem) => read(&format!("{stem}.s2c.bin"))[4..].to_vec(),
            None => read(&name.replace(".req.", ".rep.")),
        };
        let mut rest = stream.as_slice();
        for _ in 0..number {
            rest = &rest[LENGTH + split_reply(rest).0.length as usize..];
        }
        let (header, mut body) = split_reply(rest);
        body.truncate(header.length as usize);
        if header.version > 0 {
            exchanges.push((name, body, header, request));
        }
    }
    exchanges
}

/// Name, number among the replies of its stream, and body of each request.
fn frames() -> Vec<(String, usize, Vec<u8>)> {
    let mut frames = Vec::new();
    for entry in fs::read_dir(captures()).expect("captures") {
        let name = entry.expect("entry").file_name().into_string().expect("name");
        let is_stream = name.ends_with(".c2s.bin");
        if !is_stream && !name.ends_with(".req.bin") {
            continue;
        }
        let bytes = read(&name);
        let mut reader = Reader::new(&bytes[if is_stream { 4 } else { 0 }..]);
        let mut number = 0;
        while reader.remaining() >= LENGTH {
            let (command, version) = (reader.u16().expect("id"), reader.u16().expect("version"));
            let Ok(body) = reader.string() else { break };
            let master = body.get(..4).unwrap_or_default();
            if command == 0 && (0x11d..=0x11f).contains(&version) && master <= &[0, 0, 0, 14] {
                let is_whole = !name.contains("truncated");
                if is_whole {
                    frames.push((name.clone(), number, body.to_vec()));
                }
            }
            // PERSIST has no reply.
            number += usize::from(command != 4);
        }
    }
    frames
}

fn read_everything(reply: &Reply, body: &[u8]) {
    for set in &reply.sets {
        set.message.text(body);
        for row in 0..set.rows.len() {
            for column in 0..set.columns.len() {
                set.value(body, reply.dialect, row, column).map(|value| show(&value));
            }
        }
    }
}

fn shown(reply: &Reply, body: &[u8], row: usize, column: usize) -> String {
    show(&reply.sets[0].value(body, reply.dialect, row, column).expect("a value"))
}

fn show(value: &Value<'_>) -> String {
    let join = |items: Vec<String>| format!("({})", items.join(","));
    match value {
        Value::Null => String::new(),
        Value::Uint(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Bigint(value) => value.to_string(),
        Value::String(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Json(json) => json.to_string(),
        Value::Multi(values) => join(values.iter().map(|value| value.to_string()).collect()),
        Value::Multi64(values) => join(values.iter().map(|value| value.to_string()).collect()),
        Value::Floats(values) => join(values.iter().map(|value| value.to_string()).collect()),
        other => format!("{other:?}"),
    }
}

/// Reads a request back into what it was encoded from (core/docs/spec/protocol.md 4.1).
fn read_request(body: &[u8]) -> (u32, Vec<Query>) {
    let mut request = Request { reader: Reader::new(body), master: 0 };
    request.master = request.u32();
    let count = request.u32();
    let queries = (0..count).map(|_| request.query()).collect();
    (request.master, queries)
}

struct Request<'a> {
    reader: Reader<'a>,
    master: u32,
}

impl Request<'_> {
    fn u32(&mut self) -> u32 {
        self.reader.u32().expect("a dword")
    }

    fn i32(&mut self) -> i32 {
        self.u32() as i32
    }

    fn u64(&mut self) -> u64 {
        self.reader.u64().expect("a qword")
    }

    fn f32(&mut self) -> f32 {
        self.reader.f32().expect("a float")
    }

    fn string(&mut self) -> Vec<u8> {
        self.reader.string().expect("a string").to_vec()
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.u32();
        (0..count).map(|_| item(self)).collect()
    }

    fn query(&mut self) -> Query {
        let mut query = Query {
            flags: self.u32(),
            offset: self.i32(),
            limit: self.i32(),
            match_mode: self.u32(),
            ranker: self.u32(),
            ..Query::default()
        };
        if matches!(query.ranker, 8 | 9) {
            query.ranker_expression = self.string();
        }
        query.sort_mode = self.u32();
        query.sort_clause = self.string();
        query.text = self.string();
        query.weights = self.list(Self::u32);
        query.index_list = self.string();
        assert_eq!(self.u32(), 1, "64-bit ids");
        query.id_min = self.u64();
        query.id_max = self.u64();
        query.filters = self.list(Self::filter);
        query.group_function = self.u32();
        query.group_by = self.string();
        query.max_matches = self.i32();
        query.group_sort = self.string();
        query.cutoff = self.i32();
        query.retry_count = self.i32();
        query.retry_delay_ms = self.i32();
        query.distinct = self.string();
        if self.u32() != 0 {
            let attributes = (self.string(), self.string());
            query.geo_anchor = Some((attributes.0, attributes.1, self.f32(), self.f32()));
        }
        query.index_weights = self.list(|request| (request.string(), request.i32()));
        query.max_query_time_ms = self.u32();
        query.field_weights = self.list(|request| (request.string(), request.i32()));
        query.comment = self.string();
        query.overrides = self.list(Self::attribute_override);
        query.select = self.string();
        if query.flags & 4 != 0 {
            query.predicted_time_ms = self.i32();
        }
        self.outer_and_master(&mut query);
        query
    }

    fn outer_and_master(&mut self, query: &mut Query) {
        query.outer = Outer {
            order: self.string(),
            offset: self.u32(),
            limit: self.u32(),
            present: self.u32() != 0,
            ..Outer::default()
        };
        if self.master == 0 {
            return;
        }
        query.collation = self.u32();
        query.outer.master_order = self.string();
        if query.outer.present {
            query.outer.master_limit = self.i32();
        }
        query.rows_per_group = self.i32();
        query.ranker_plugin = [self.string(), self.string()];
        query.token_filter = [self.string(), self.string(), self.string()];
    }

    fn filter(&mut self) -> Filter {
        let attribute = self.string();
        let test = match self.u32() {
            0 => FilterTest::Values(self.list(|request| request.u64() as i64)),
            1 => FilterTest::Range(self.u64() as i64, self.u64() as i64),
            2 => FilterTest::FloatRange(self.f32(), self.f32()),
            3 => FilterTest::String(self.string()),
            4 => FilterTest::Null(self.reader.u8().expect("a byte") != 0),
            5 => FilterTest::Variable(self.string()),
            6 => FilterTest::Strings(self.list(Self::string)),
            other => panic!("filter type {other}"),
        };
        let exclude = self.u32() != 0;
        let mut filter = Filter { attribute, test, exclude, has_equal: true, multi_function: 0 };
        if self.master > 0 {
            filter.has_equal = self.u32() != 0;
            filter.multi_function = self.u32();
        }
        filter
    }

    fn attribute_override(&mut self) -> Override {
        let (attribute, kind) = (self.string(), self.u32());
        let values = self.list(|request| {
            let document = request.u64();
            let value = match kind {
                5 => OverrideValue::Float(request.f32()),
                6 => OverrideValue::Bigint(request.u64() as i64),
                _ => OverrideValue::Uint(request.u32()),
            };
            (document, value)
        });
        Override { attribute, kind, values }
    }
}
