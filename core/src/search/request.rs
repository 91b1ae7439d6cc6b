//! A search as a master sends it to its agents (distributed.md 5.1).

use std::time::{SystemTime, UNIX_EPOCH};

use super::Search;
use super::check::check;
use super::query::agent_query;
use crate::config::Searchd;
use crate::error::Error;
use crate::merge::Plan;
use crate::request::{Access, Reply, Request, Target, Verdict};
use crate::wire::Writer;
use crate::wire::header::Command;
use crate::wire::search::{self, Asked, MASTER, Status, Undecoded};

/// A checked search, ready for every agent of one distributed index.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    index: String,
    head: Vec<u8>,
    tail: Vec<u8>,
    rows_max: u32,
    plan: Plan,
}

impl SearchRequest {
    /// Checks and encodes `search` for the distributed index of that name.
    ///
    /// `now` decides the age of rows under [`Sort::TimeSegments`](super::Sort::TimeSegments).
    /// [`Error::Request`] names what
    /// is incomplete or out of range, or what a daemon would silently read otherwise than it is
    /// written.
    pub fn new(index: &str, search: &Search, now: SystemTime) -> Result<Self, Error> {
        Self::new_with(index, search, &Searchd::default(), now)
    }

    /// Makes one as [`Self::new`] does, within `max_filters` and `max_filter_values` of a
    /// configuration.
    pub fn new_with(
        index: &str,
        search: &Search,
        searchd: &Searchd,
        now: SystemTime,
    ) -> Result<Self, Error> {
        check(search, searchd).map_err(Error::Request)?;
        let query = agent_query(index, search);
        let mut head = Vec::with_capacity(USUAL_SIZE);
        head.put_u32(MASTER);
        head.put_u32(1);
        query.put_head(&mut head);
        let mut tail = Vec::with_capacity(USUAL_SIZE);
        query.put_tail(MASTER, &mut tail);
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let plan = Plan::new(&query, search.wish(now)).map_err(Error::Request)?;
        let rows_max = search.max_matches;
        Ok(SearchRequest { index: index.to_owned(), head, tail, rows_max, plan })
    }

    /// The distributed index that is searched.
    pub fn index(&self) -> &str {
        &self.index
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }
}

impl Request for SearchRequest {
    fn command(&self) -> Command {
        Command::SEARCH
    }

    fn access(&self) -> Access {
        Access::Read
    }

    fn encode(&self, target: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        let list = target.index_list;
        // A request without an index asks nothing.
        if !list.bytes().any(|byte| byte == b'*' || byte.is_ascii_alphanumeric() || byte == b'_') {
            let text = format!("index list '{list}' of agent {} names no index", target.host);
            return Err(Error::Request(text));
        }
        body.reserve(self.head.len() + 4 + list.len() + self.tail.len());
        body.extend_from_slice(&self.head);
        body.put_string(list.as_bytes());
        body.extend_from_slice(&self.tail);
        Ok(())
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        let asked = Asked { queries: 1, rows_max: self.rows_max, is_master: true };
        let decoded = match search::Reply::decode(&reply.body, reply.version, asked) {
            Ok(decoded) => decoded,
            Err(Undecoded::Wrong(text)) => return Verdict::Malformed(text),
            Err(Undecoded::OutOfMemory(size)) => {
                let text = format!("out of memory for the result in a reply of {size} bytes");
                return Verdict::OutOfMemory(text);
            }
        };
        let verdict = match decoded.sets.first() {
            Some(set) => match set.status {
                Status::Ok => Verdict::Accept,
                Status::Warning if set.message.of(&reply.body) == SHUTDOWN => {
                    return Verdict::Unfinished(set.message.quote(&reply.body));
                }
                Status::Warning | Status::Retry | Status::Other(_) => Verdict::AcceptWarned,
                Status::Error => return Verdict::Refused(set.message.quote(&reply.body)),
            },
            None => return Verdict::Malformed("reply without a result".to_owned()),
        };
        reply.search = Some(Box::new(decoded));
        verdict
    }
}

/// Bytes of either half of most requests: they are written without growing.
const USUAL_SIZE: usize = 256;

/// With this warning a daemon that is being ended sends the rows that it has found until then,
/// often none.
const SHUTDOWN: &[u8] = b"Server shutdown in progress";
