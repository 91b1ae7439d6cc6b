//! Recorded cases, read from their files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value as Json;

use crate::merge::{MergeMode, OuterSelect, Window, Wish};
use crate::wire::header::{LENGTH, ReplyHeader};
use crate::wire::search::{self, Asked, Filter, FilterTest, Layout, Outer, Query};

pub(super) struct Case {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) json: Json,
}

impl Case {
    pub(super) fn is_manticore(&self) -> bool {
        self.name.starts_with('m')
    }

    pub(super) fn hosts(&self) -> [&'static str; 2] {
        match self.is_manticore() {
            true => ["127.0.0.1:25012", "127.0.0.1:25022"],
            false => ["127.0.0.1:25212", "127.0.0.1:25222"],
        }
    }

    /// Statements that became queries; `None` where the master was asked over the API.
    pub(super) fn statements(&self) -> Option<Vec<Statement>> {
        let sql = self.json.get("sql")?.as_array()?.iter().map(|sql| sql.as_str().unwrap());
        let selects = sql.filter(|sql| sql.starts_with("SELECT"));
        let parts = selects.flat_map(|sql| match sql.contains(" SHOW META") {
            true => sql.split("; ").collect::<Vec<_>>(),
            false => vec![sql],
        });
        let parts = parts.filter(|sql| sql.starts_with("SELECT"));
        Some(
            parts.flat_map(|sql| sql.split(" FACET ")).enumerate().map(Statement::parse).collect(),
        )
    }
}

/// What of a statement agents are not sent.
pub(super) struct Statement {
    window: (usize, usize),
    having: Option<Filter>,
    outer: Option<(String, usize, usize)>,
    /// Select list of a facet, of which agents are not sent all.
    pub(super) facet: Option<String>,
}

impl Statement {
    fn parse((_, sql): (usize, &str)) -> Statement {
        if let Some(nested) = sql.strip_prefix("SELECT * FROM (") {
            let (inner, outer) = nested.split_once(") ORDER BY ").expect("an outer order");
            let (order, _) = outer.split_once(" LIMIT ").expect("an outer limit");
            let (offset, limit) = window(outer);
            let inner = Statement::parse((0, inner));
            return Statement { outer: Some((order.to_owned(), offset, limit)), ..inner };
        }
        let having = sql
            .split_once(" HAVING ")
            .map(|(_, rest)| having(rest.split_once(" ORDER").expect("an order").0));
        let facet = (!sql.starts_with("SELECT")).then(|| facet(sql));
        Statement { window: window(sql), having, outer: None, facet }
    }

    pub(super) fn wish(&self, max_matches: usize) -> Wish {
        let (offset, limit) = self.window;
        let outer = self.outer.as_ref().map(|(order, offset, limit)| OuterSelect {
            order: order.clone(),
            offset: *offset,
            limit: *limit,
        });
        Wish {
            window: Window { offset, limit, max_matches },
            having: self.having.clone(),
            outer,
            mode: MergeMode::Master,
            now: NOW,
        }
    }
}

/// The select list of a facet.
fn facet(sql: &str) -> String {
    let end = [" ORDER ", " LIMIT ", " BY "].iter().filter_map(|word| sql.find(word)).min();
    let list = &sql[..end.unwrap_or(sql.len())];
    match list.split_once(" DISTINCT ") {
        Some((list, attribute)) => format!("{list}, count(distinct {attribute}), count(*)"),
        None => format!("{list}, count(*)"),
    }
}

/// Offset and limit of a statement.
fn window(sql: &str) -> (usize, usize) {
    // GROUP_CONCAT has limits of its own.
    let tail = sql.rsplit(')').next().expect("a part");
    let Some((_, limit)) = tail.rsplit_once(" LIMIT ") else {
        return (0, 20);
    };
    let limit = limit.split(' ').next().expect("a limit");
    let (offset, limit) = limit.split_once(',').unwrap_or(("0", limit));
    (offset.parse().expect("an offset"), limit.parse().expect("a limit"))
}

fn having(text: &str) -> Filter {
    let place = text.rfind(['<', '>', '=']).expect("an operator");
    let name = text[..place].trim_end_matches(['<', '>']);
    let (operator, number) = (&text[name.len()..=place], &text[place + 1..]);
    let test = match (operator, number.parse::<i64>()) {
        (">", Ok(int)) => FilterTest::Range(int + 1, i64::MAX),
        (">=", Ok(int)) => FilterTest::Range(int, i64::MAX),
        ("<", Ok(int)) => FilterTest::Range(i64::MIN, int - 1),
        (">", Err(_)) => FilterTest::FloatRange(number.parse().expect("a number"), f32::MAX),
        other => panic!("{other:?}"),
    };
    let has_equal = !matches!(test, FilterTest::FloatRange(..));
    let attribute = name.as_bytes().to_vec();
    Filter { attribute, test, exclude: false, has_equal, multi_function: 0 }
}

/// A recorded reply.
pub(super) struct Agent {
    pub(super) header: ReplyHeader,
    pub(super) body: Vec<u8>,
    pub(super) reply: search::Reply,
}

impl Agent {
    pub(super) fn read(case: &Case, letter: &str) -> Agent {
        let path = case.path.with_extension(format!("{letter}.s2c.bin"));
        let stream = fs::read(&path).expect("a stream");
        let (header, body) = frames(&stream).into_iter().next().expect("a reply");
        let asked = case.json["asked"].as_array().expect("queries");
        let rows_max = asked.iter().map(|query| query["limit"].as_u64().unwrap() as u32).max();
        let asked = Asked {
            queries: asked.len(),
            rows_max: rows_max.unwrap_or(0),
            layout: Layout::of_master(case.json["master"].as_u64().expect("a version") as u32),
        };
        let reply = search::Reply::decode(&body, header.version, asked);
        let reply = reply.unwrap_or_else(|fault| panic!("{}: {fault:?}", path.display()));
        Agent { header, body, reply }
    }
}

/// The rows of the request that the merge goes by.
pub(super) fn query(json: &Json) -> Query {
    let text = |name: &str| json[name].as_str().unwrap_or_default().as_bytes().to_vec();
    let number = |name: &str| json[name].as_i64().unwrap_or_default();
    Query {
        limit: number("limit") as i32,
        max_matches: number("maxm") as i32,
        sort_mode: number("sort") as u32,
        sort_clause: text("sortby"),
        text: text("query"),
        group_function: number("gfunc") as u32,
        group_by: text("groupby"),
        group_sort: text("gsort"),
        rows_per_group: number("glimit") as i32,
        distinct: text("distinct"),
        select: text("select"),
        collation: number("collation") as u32,
        outer: Outer {
            present: number("hasouter") != 0,
            master_order: text("m_oorder"),
            master_limit: number("m_olim") as i32,
            ..Outer::default()
        },
        ..Query::default()
    }
}

pub(super) fn cases() -> Vec<Case> {
    let case = |path: PathBuf| {
        let json: Json =
            serde_json::from_slice(&fs::read(&path).expect("a case")).expect("a case");
        let name = json["case"].as_str().expect("a name").to_owned();
        Case { name, path, json }
    };
    files("json").map(case).filter(|case| case.json.get("asked").is_some()).collect()
}

pub(super) fn files(extension: &str) -> impl Iterator<Item = PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/merged");
    let entries = fs::read_dir(folder).expect("captures");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    paths.sort();
    paths.into_iter()
}

/// The replies of a stream, behind its handshake.
pub(super) fn frames(stream: &[u8]) -> Vec<(ReplyHeader, Vec<u8>)> {
    let mut rest = &stream[4..];
    let mut frames = Vec::new();
    while rest.len() >= LENGTH {
        let (header, body) = frame(rest);
        rest = &rest[LENGTH + body.len()..];
        frames.push((header, body));
    }
    frames
}

pub(super) fn frame(bytes: &[u8]) -> (ReplyHeader, Vec<u8>) {
    let header = ReplyHeader::decode(bytes[..LENGTH].try_into().expect("eight bytes"));
    let body = bytes[LENGTH..][..header.length as usize].to_vec();
    (header, body)
}

/// 2026-11-27, when the cases were recorded.
pub(super) const NOW: Duration = Duration::from_secs(1_795_780_800);
