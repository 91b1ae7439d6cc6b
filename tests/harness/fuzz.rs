//! What a fuzzer hands bytes to: `tests/fuzz` runs each of these by libFuzzer, and
//! `tests/fast/corpus.rs` over the inputs that are kept. None may panic, and whatever comes out
//! must hold what its documentation says.

use std::time::{Duration, UNIX_EPOCH};

use hamirror::config::{Agent, Config, ConfigBuilder, Diagnostic, Reading};
use hamirror::internal::master;
use hamirror::internal::search::{self as merging, SearchRequest};
use hamirror::internal::wire::frame::{FrameReader, Unfed};
use hamirror::internal::wire::header::{Command, ReplyHeader};
use hamirror::internal::wire::search::{
    Asked, Layout, MASTER, Reply, ResultSet, Undecoded, Value,
};
use hamirror::internal::wire::{guard, text};
use hamirror::request::{self, Request, Verdict};
use hamirror::search::{Search, SearchResult, Sort};
use hamirror::sphinxql::{self, Parameters};
use hamirror::{Completeness, Error};

/// A target by its name, which is that of its program and of its folder of inputs.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Takes one input.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 8] = [
    Target { name: "reply", run: reply },
    Target { name: "merge", run: merge },
    Target { name: "frames", run: frames },
    Target { name: "config", run: config },
    Target { name: "agent", run: agent },
    Target { name: "request", run: request },
    Target { name: "sphinxql", run: sphinxql },
    Target { name: "client", run: client },
];

/// Decodes a SEARCH reply: a byte of the number of queries and, in its highest bit, whether a
/// master asked; two of the rows asked for; two of the version; the body.
pub fn reply(input: &[u8]) {
    let mut input = Input(input);
    let flags = input.byte();
    let asked = Asked {
        queries: usize::from(flags & 0x7f),
        rows_max: u32::from(input.number()),
        layout: Layout::of_master(if flags & 0x80 != 0 { MASTER } else { 0 }),
    };
    let version = input.number();
    let body = input.0;
    match Reply::decode(body, version, asked) {
        Ok(decoded) => {
            assert_eq!(decoded.sets.len(), asked.queries);
            for set in &decoded.sets {
                assert!(set.rows.len() <= asked.rows_max as usize);
                read_set(set, &decoded, body);
            }
            let longer = [body, &[0]].concat();
            assert!(Reply::decode(&longer, version, asked).is_err(), "a byte belongs to nothing");
            if let Some((_, shorter)) = body.split_last() {
                let shorter = &body[..shorter.len()];
                assert!(Reply::decode(shorter, version, asked).is_err(), "a byte was not needed");
            }
        }
        Err(Undecoded::Wrong(text)) => assert_line(&text),
        Err(Undecoded::OutOfMemory(size)) => panic!("out of memory for {size} bytes"),
    }
}

fn read_set(set: &ResultSet, reply: &Reply, body: &[u8]) {
    assert_line(&set.message.quote(body));
    for name in set.fields.iter().chain(set.columns.iter().map(|column| &column.name)) {
        assert_line(&text::quote_name(name.of(body)));
    }
    for word in &set.words {
        word.word.text(body);
    }
    for row in 0..set.rows.len() {
        assert!(set.rows.get(body, row).is_some());
        for column in 0..set.columns.len() {
            read_value(set.value(body, reply.dialect, row, column).expect("a value"));
        }
    }
    assert!(set.rows.get(body, set.rows.len()).is_none());
    assert!(set.value(body, reply.dialect, set.rows.len(), 0).is_none());
    assert!(set.value(body, reply.dialect, 0, set.columns.len()).is_none());
}

/// Whatever is in it; what it says of its length is so.
fn read_value(value: Value<'_>) {
    match value {
        Value::Json(json) => drop(json.text()),
        Value::Multi(values) => assert_eq!(values.iter().count(), values.len()),
        Value::Multi64(values) => assert_eq!(values.iter().count(), values.len()),
        Value::Floats(values) => assert_eq!(values.iter().count(), values.len()),
        _ => {}
    }
}

/// Merges two replies. A byte each of the order, offset, limit and `max_matches`; the select list
/// and the order's clause, each behind a byte of its length; then both replies, a version and,
/// for the first, two bytes of its length before the body.
pub fn merge(input: &[u8]) {
    let mut input = Input(input);
    let (flags, offset, limit, max_matches) =
        (input.byte(), input.byte(), input.byte(), u32::from(input.byte()));
    let (length, clause_length) = (input.byte(), input.byte());
    let select = input.bytes(usize::from(length));
    let clause = String::from_utf8_lossy(input.bytes(usize::from(clause_length))).into_owned();
    let sort = match flags % 6 {
        0 => Sort::Relevance,
        1 => Sort::Descending(clause),
        2 => Sort::Ascending(clause),
        3 => Sort::TimeSegments(clause),
        4 => Sort::Extended(clause),
        _ => Sort::Expression(clause),
    };
    let search = Search::new("x").select(select).sort(sort).max_matches(max_matches);
    let search = search.offset(offset.into()).limit(limit.into()).cutoff(u32::from(flags >> 6));
    let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let request = match SearchRequest::new("d", &search, now) {
        Ok(request) => request,
        Err(error) => return assert_line(&error.to_string()),
    };
    let (first_version, first_length) = (input.number(), input.number());
    let first = judged(&request, first_version, input.bytes(first_length.into()));
    let second_version = input.number();
    let second = judged(&request, second_version, input.0);
    let outcomes = first.into_iter().chain(second).zip(["box0:9312", "box1:9312"]);
    let mut outcomes: Vec<_> = outcomes.map(|(reply, host)| (host, Ok(reply))).collect();
    let mut locals = Vec::new();
    if flags & 0x20 != 0 && !outcomes.is_empty() {
        locals.push(("l".to_owned(), outcomes.remove(0).1));
    }
    match merging::merge_with_locals(&request, locals, outcomes, Completeness::BestEffort) {
        Ok(result) => read_result(&result, usize::from(limit), u64::from(max_matches)),
        Err(Error::Merge(text)) => assert_line(&text),
        Err(error) => assert!(matches!(error, Error::Unanswered { agents: 0, .. }), "{error}"),
    }
}

fn judged(request: &SearchRequest, version: u16, body: &[u8]) -> Option<request::Reply> {
    let mut reply = request::Reply::new(version, body.to_vec());
    match request.judge(&mut reply) {
        Verdict::Accept | Verdict::AcceptWarned => Some(reply),
        Verdict::Malformed(text) | Verdict::Refused(text) | Verdict::Unfinished(text) => {
            assert_line(&text);
            None
        }
        Verdict::AskAgain(text) => {
            assert_line(&text);
            None
        }
        Verdict::QueriesRefused(texts) => {
            texts.iter().flatten().for_each(|text| assert_line(text));
            None
        }
        Verdict::Failed(error) => panic!("{error}"),
        Verdict::OutOfMemory(text) => panic!("{text}"),
    }
}

fn read_result(result: &SearchResult, limit: usize, max_matches: u64) {
    assert!(result.len() <= limit && result.len() as u64 <= result.total);
    assert!(result.total <= max_matches);
    result.warning.iter().flat_map(|warning| warning.lines()).for_each(assert_line);
    for row in result.rows() {
        assert!(row.source() < result.agents);
        for column in 0..result.columns().len() {
            read_value(row.value(column));
        }
    }
    let names = result.columns().iter().map(|column| &column.name);
    assert!(names.into_iter().all(|name| result.column(name).is_some()));
}

/// Cuts a stream into replies: a byte of the number of pieces, a byte of the length of each, the
/// stream. However it is cut, the replies are the same.
pub fn frames(input: &[u8]) {
    let mut input = Input(input);
    let count = input.byte();
    let lengths = input.bytes(usize::from(count));
    let stream = input.0;
    let mut pieces = Vec::new();
    let mut rest = stream;
    for length in lengths {
        let (piece, after) = rest.split_at(rest.len().min(usize::from(*length)));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    let whole = cut(&[stream]);
    assert_eq!(cut(&pieces), whole);
    assert_eq!(cut(&stream.chunks(1).collect::<Vec<_>>()), whole);
    whole.1.inspect(|text| assert_line(text));
}

type Replies = Vec<(ReplyHeader, Vec<u8>)>;

/// The replies of a stream, and why it ended early.
fn cut(pieces: &[&[u8]]) -> (Replies, Option<String>) {
    const PACKET_MAX: usize = 4_096;
    let mut reader = FrameReader::new(PACKET_MAX, Vec::new());
    let mut replies = Vec::new();
    for piece in pieces {
        let mut rest = *piece;
        loop {
            let fed = match reader.feed(rest) {
                Ok(fed) => fed,
                Err(Unfed::Wrong(text)) => return (replies, Some(text)),
                Err(Unfed::OutOfMemory(size)) => panic!("out of memory for {size} bytes"),
            };
            rest = &rest[fed.taken..];
            let Some(header) = fed.reply else { break };
            let body = reader.take_body(Vec::new());
            assert_eq!(body.len(), header.length as usize);
            replies.push((header, body));
        }
        assert!(rest.is_empty(), "bytes are left without a reply");
        assert!(reader.body_length() <= PACKET_MAX);
    }
    (replies, None)
}

/// Reads a configuration in every way.
pub fn config(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for reading in READINGS {
        match Config::parse_as(&text, "c", reading) {
            Ok(config) => {
                read_config(&config);
                config.warnings.iter().for_each(|warning| assert_placed(warning, &text));
            }
            Err(Error::Config(faults)) => {
                assert!(!faults.is_empty());
                faults.iter().for_each(|fault| assert_placed(fault, &text));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Reads an agent line in every way; where it holds nothing that means more in a file, a file
/// gives the same agents.
pub fn agent(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let is_plain = !text.contains(['\n', '\r', '\\', '#', '\0', '{', '}']);
    for reading in READINGS {
        let mut builder = ConfigBuilder::new();
        let built = agents(builder.set("d", "agent", &text).build_as(reading));
        if is_plain && !text.trim().is_empty() {
            let file = format!("index d {{\n type = distributed\n agent = {text}\n}}\n");
            let file = format!("{file}searchd {{\n pid_file = /p\n listen = 9312\n}}\n");
            assert_eq!(agents(Config::parse_as(&file, "c", reading)), built, "{reading:?}");
        }
    }
}

fn agents(config: Result<Config, Error>) -> Vec<Agent> {
    match config {
        Ok(config) => {
            read_config(&config);
            config.indexes.into_iter().flat_map(|index| index.agents).collect()
        }
        Err(Error::Config(faults)) => {
            assert!(!faults.is_empty());
            faults.iter().for_each(|fault| assert_line(&fault.to_string()));
            Vec::new()
        }
        Err(error) => panic!("{error}"),
    }
}

fn read_config(config: &Config) {
    for index in &config.indexes {
        assert!(config.index(&index.name).is_some());
        for agent in &index.agents {
            assert!(!agent.mirrors.is_empty(), "{agent:?}");
            assert!(agent.mirrors.iter().all(|mirror| !mirror.index_list.is_empty()), "{agent:?}");
        }
    }
}

fn assert_placed(diagnostic: &Diagnostic, text: &str) {
    assert_line(&diagnostic.to_string());
    let rendered = diagnostic.rendered();
    assert!(rendered.lines().count() <= 3, "{rendered}");
    let lines = text.matches('\n').count() + 1;
    assert!(diagnostic.line as usize <= lines, "{diagnostic}");
}

/// Checks a request: its header without the length, then the body.
pub fn request(input: &[u8]) {
    let mut input = Input(input);
    let command = Command { id: input.number(), version: input.number() };
    if let Err(text) = guard::check(command, input.0) {
        assert_line(&text);
        assert_eq!(guard::check(command, input.0), Err(text));
    }
}

/// Reads a client's SEARCH: two bytes of the version, then the body. What it asks for becomes a
/// request to agents, or is refused in a line.
pub fn client(input: &[u8]) {
    let mut input = Input(input);
    let version = input.number();
    let Ok(searches) = master::searches(version, input.0) else { return };
    assert!((1..=32).contains(&searches.len()));
    for search in searches.into_iter().flatten() {
        let request = match SearchRequest::new("d", &search, UNIX_EPOCH) {
            Ok(request) => request,
            Err(error) => {
                assert_line(&error.to_string());
                continue;
            }
        };
        for product in [request::Product::Sphinx, request::Product::Manticore] {
            let layout = Layout::default();
            let (host, index_list) = ("box:9312", "i");
            let target = request::Target { host, index_list, attempt: 0, product, layout };
            let mut body = Vec::new();
            request.encode(&target, &mut body).expect("a body");
            if let Err(text) = guard::check(request.command_for(&target), &body) {
                assert_line(&text);
            }
        }
    }
}

/// Reads statements, with and without values for their free places. What is taken prints as its
/// equal.
pub fn sphinxql(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let in_turn = [1.into(), "it's".into(), (-2.5).into(), vec![u64::MAX, 7].into()];
    let named = [("a", "\\'".into()), ("b", vec![1, -1].into()), ("c", 0.into())];
    let given = [Parameters::none(), Parameters::positional(in_turn), Parameters::named(named)];
    for parameters in &given {
        match sphinxql::parse(&text, parameters) {
            Ok(statements) => {
                let printed: Vec<String> = statements.iter().map(ToString::to_string).collect();
                let again = sphinxql::parse(&printed.join("; "), &Parameters::none());
                assert_eq!(again.as_ref(), Ok(&statements), "{printed:?}");
            }
            Err(fault) => assert_placed(&fault, &text),
        }
    }
}

/// One line that no stranger made much longer.
fn assert_line(text: &str) {
    assert!(text.len() <= LINE_MAX, "{} bytes: {text}", text.len());
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

/// More than any single text here: a warning has many, each of them cut.
const LINE_MAX: usize = 64 << 10;

const READINGS: [Reading; 3] = [Reading::Strict, Reading::Sphinx, Reading::Manticore];

/// What is left of an input; behind its end are zeros.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    fn number(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    fn bytes(&mut self, length: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(self.0.len().min(length));
        self.0 = rest;
        bytes
    }
}
