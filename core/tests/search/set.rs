//! Replies made by hand, and what becomes of them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hamirror::Value;
use hamirror::internal::search::{self as merging, SearchRequest};
use hamirror::internal::wire::Writer;
use hamirror::request::{Reply, Request, Verdict};
use hamirror::search::{Search, SearchResult};
use hamirror::{AgentFailure, AttemptFailure, FailureKind, Phase};
use hamirror::{Completeness, Error};

/// A result set in words, rows as texts.
#[derive(Clone)]
pub(crate) struct TestSet {
    pub(crate) status: (u32, &'static str),
    pub(crate) columns: Vec<(&'static str, u32)>,
    pub(crate) rows: Vec<(u64, i32, Vec<String>)>,
    pub(crate) total: Option<u32>,
    pub(crate) total_found: Option<u32>,
    pub(crate) words: Vec<(&'static str, u32, u32)>,
}

impl TestSet {
    pub(crate) fn new(columns: &[(&'static str, u32)]) -> Self {
        let columns = columns.to_vec();
        TestSet {
            status: (0, ""),
            columns,
            rows: Vec::new(),
            total: None,
            total_found: None,
            words: Vec::new(),
        }
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        body.put_u32(self.status.0);
        if self.status.0 != 0 {
            body.put_string(self.status.1.as_bytes());
        }
        // Nothing follows an error.
        if self.status.0 == 1 {
            return body;
        }
        body.put_u32(1);
        body.put_string(b"title");
        body.put_u32(self.columns.len() as u32);
        for (name, code) in &self.columns {
            body.put_string(name.as_bytes());
            body.put_u32(*code);
        }
        let count = self.rows.len() as u32;
        body.put_u32(count);
        body.put_u32(1);
        for (id, weight, values) in &self.rows {
            body.put_u64(*id);
            body.put_i32(*weight);
            for ((_, code), value) in self.columns.iter().zip(values) {
                match code {
                    5 => body.put_f32(value.parse().unwrap()),
                    6 => body.put_u64(value.parse::<i64>().unwrap() as u64),
                    7 | 10 => body.put_string(value.as_bytes()),
                    // One character a byte.
                    12 => {
                        body.put_string(&value.chars().map(|byte| byte as u8).collect::<Vec<_>>())
                    }
                    1002 => value.chars().for_each(|byte| body.put_u8(byte as u8)),
                    _ => body.put_u32(value.parse().unwrap()),
                }
            }
        }
        body.put_u32(self.total.unwrap_or(count));
        body.put_u32(self.total_found.unwrap_or(count));
        body.put_u32(0);
        body.put_u8(0);
        body.extend_from_slice(&[0; 12]);
        body.put_u32(self.words.len() as u32);
        for (word, docs, hits) in &self.words {
            body.put_string(word.as_bytes());
            body.put_u32(*docs);
            body.put_u32(*hits);
            body.put_u8(0);
        }
        body
    }
}

pub(crate) fn set(rows: &[(u64, i32, u32, &str)]) -> TestSet {
    let mut set = TestSet::new(&[("gid", 1), ("str", 7)]);
    for (id, weight, gid, text) in rows {
        set.rows.push((*id, *weight, vec![gid.to_string(), (*text).to_owned()]));
    }
    set
}

pub(crate) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::from(NOW_S))
}

pub(crate) fn request(search: &Search) -> SearchRequest {
    SearchRequest::new("d", search, now()).unwrap()
}

pub(crate) fn reply_of(body: Vec<u8>, version: u16) -> Reply {
    Reply::new(version, body)
}

pub(crate) fn judge(search: &Search, body: Vec<u8>, version: u16) -> Reply {
    let mut reply = reply_of(body, version);
    let verdict = request(search).judge(&mut reply);
    assert!(matches!(verdict, Verdict::Accept | Verdict::AcceptWarned), "{verdict:?}");
    reply
}

pub(crate) fn ok(search: &Search, set: TestSet) -> Result<Reply, AgentFailure> {
    Ok(judge(search, set.body(), SPHINX))
}

pub(crate) fn failure(text: &str) -> AgentFailure {
    let attempt = AttemptFailure {
        host: "box2:9312".to_owned(),
        kind: FailureKind::ConnectTimeout,
        phase: Phase::Connect,
        text: text.to_owned(),
        code: None,
        began: Duration::ZERO,
        elapsed: Duration::ZERO,
    };
    AgentFailure { index: "d".to_owned(), attempts: vec![attempt], ..AgentFailure::default() }
}

pub(crate) fn merge(
    search: &Search,
    outcomes: Vec<Result<Reply, AgentFailure>>,
) -> Result<SearchResult, Error> {
    let hosts = ["box0:9312", "box1:9312", "box2:9312"];
    let outcomes = hosts.into_iter().zip(outcomes).collect();
    merging::merge(&request(search), outcomes, Completeness::BestEffort)
}

pub(crate) fn show(value: &Value<'_>) -> String {
    match value {
        Value::Json(json) => json.to_string(),
        other => format!("{other:?}"),
    }
}

pub(crate) fn ids(result: &SearchResult) -> Vec<u64> {
    result.rows().map(|row| row.id()).collect()
}

pub(crate) const NOW_S: u32 = 1_700_000_000;
pub(crate) const SPHINX: u16 = 0x11f;
pub(crate) const MANTICORE: u16 = 0x128;
