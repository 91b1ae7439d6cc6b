//! Stored queries that documents match, by Manticore's percolate tables
//! (core/docs/spec/protocol.md 3.9).

use std::sync::Arc;

use super::ask::verdict;
use super::parts::{Answers, PartNumber, ask_parts};
use super::pending::Pending;
use crate::client::Client;
use crate::error::{AgentFailure, Error};
use crate::limits::{ANSWER_ROWS_MAX, PERCOLATE_DOCUMENTS_MAX};
use crate::options::CallOptions;
use crate::request::{Access, Reply, Request, Target, Verdict};
use crate::wire::header::Command;
use crate::wire::{Reader, Truncated, Writer, append, text};

/// Stored queries of all agents that documents match.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Percolated {
    /// Queries, by their ids; the same id on two agents stands twice.
    pub queries: Vec<MatchedQuery>,
    /// What agents warned of, a line each.
    pub warnings: Vec<String>,
    /// Number of agents that answered; an agent of several tables with all of them.
    pub agents_answered: usize,
    /// Number of agents that were asked.
    pub agents: usize,
    /// Why the others did not answer; local tables, which nobody asked, are among them.
    pub failures: Vec<AgentFailure>,
}

/// A stored query that documents match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MatchedQuery {
    /// Id of the query.
    pub id: u64,
    /// Numbers of the documents, from 1, in the order in which they were handed in.
    pub documents: Vec<u64>,
    /// Text of the query.
    pub query: String,
    /// Tags of the query, with `,` between them.
    pub tags: String,
    /// Filters of the query, as SphinxQL.
    pub filters: String,
}

impl Client {
    /// Asks which stored queries of all agents the documents match. Each document is a plain text.
    ///
    /// Every agent is asked for all documents, since each has queries of its own.
    pub fn percolate(
        &self,
        index: &str,
        documents: &[impl AsRef<[u8]>],
        options: &CallOptions,
    ) -> Result<Percolated, Error> {
        self.start_percolate(index, documents, options)?.finish()
    }

    /// Starts what [`Self::percolate`] does.
    pub fn start_percolate(
        &self,
        index: &str,
        documents: &[impl AsRef<[u8]>],
        options: &CallOptions,
    ) -> Result<Pending<Percolated>, Error> {
        if documents.is_empty() || documents.len() > PERCOLATE_DOCUMENTS_MAX {
            let (count, max) = (documents.len(), PERCOLATE_DOCUMENTS_MAX);
            let text = format!("{count} documents: from 1 to {max} are expected");
            return Err(Error::Request(text));
        }
        let mut packed = Vec::new();
        packed.put_u32(documents.len() as u32);
        documents.iter().for_each(|document| packed.put_string(document.as_ref()));
        let packed: Arc<[u8]> = Arc::from(packed);
        let request = |part| -> Arc<dyn Request> {
            Arc::new(PercolateRequest { documents: packed.clone(), part })
        };
        ask_parts(self, index, options, request, joined)
    }
}

/// Joins the answers of all agents.
fn joined(answers: Answers) -> Percolated {
    let (mut queries, mut warnings) = (Vec::new(), Vec::new());
    for reply in &answers.replies {
        let Ok(told) = read(&reply.body) else { continue };
        queries.extend(told.queries);
        warnings.extend((!told.warning.is_empty()).then(|| text::quote(told.warning)));
    }
    queries.sort_by_key(|query: &MatchedQuery| query.id);
    let Answers { agents_answered, agents, failures, .. } = answers;
    Percolated { queries, warnings, agents_answered, agents, failures }
}

/// A CALLPQ request for one name of each mirror's index list.
pub(super) struct PercolateRequest {
    /// Their number, and each with its length.
    pub(super) documents: Arc<[u8]>,
    pub(super) part: PartNumber,
}

impl Request for PercolateRequest {
    fn command(&self) -> Command {
        Command::CALLPQ
    }

    fn access(&self) -> Access {
        Access::Read
    }

    fn encode(&self, target: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        body.put_u32(DOCUMENTS | QUERY);
        // No attribute holds the ids of documents.
        body.put_string(b"");
        body.put_string(self.part.name(target)?.as_bytes());
        body.put_u32(0);
        append(body, &self.documents)
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        verdict(read(&reply.body))
    }
}

/// What an agent tells.
#[derive(Debug)]
pub(super) struct Told<'a> {
    pub(super) queries: Vec<MatchedQuery>,
    warning: &'a [u8],
}

pub(super) fn read(body: &[u8]) -> Result<Told<'_>, Truncated> {
    let mut reader = Reader::new(body);
    let flags = reader.u32()?;
    let count = reader.count(size_min(flags))?;
    if count > ANSWER_ROWS_MAX {
        return Err(Truncated { offset: 0 });
    }
    let mut queries = Vec::with_capacity(count);
    for _ in 0..count {
        queries.push(read_query(&mut reader, flags)?);
    }
    // Microseconds of all and of the preparation, and numbers of queries and documents.
    reader.bytes(2 * 8 + 6 * 4)?;
    let times = reader.count(4)?;
    reader.bytes(times * 4)?;
    let warning = reader.string()?;
    reader.end()?;
    Ok(Told { queries, warning })
}

fn read_query(reader: &mut Reader<'_>, flags: u32) -> Result<MatchedQuery, Truncated> {
    let mut query = MatchedQuery { id: reader.u64()?, ..MatchedQuery::default() };
    if flags & DOCUMENTS != 0 {
        let has_ids = flags & HAS_IDS != 0;
        let count = reader.count(if has_ids { 8 } else { 4 })?;
        query.documents.reserve_exact(count);
        for _ in 0..count {
            query.documents.push(match has_ids {
                true => reader.u64()?,
                false => u64::from(reader.u32()?),
            });
        }
    }
    if flags & QUERY != 0 {
        let parts = reader.u32()?;
        let mut told = |part| -> Result<String, Truncated> {
            let text = if parts & part == 0 { &b""[..] } else { reader.string()? };
            Ok(String::from_utf8_lossy(text).into_owned())
        };
        (query.query, query.tags, query.filters) = (told(1)?, told(2)?, told(4)?);
    }
    Ok(query)
}

/// Bytes of a query at least.
fn size_min(flags: u32) -> usize {
    let parts = [DOCUMENTS, QUERY].iter().filter(|part| flags & **part != 0);
    8 + 4 * parts.count()
}

/// Numbers of the documents are asked for, or told.
const DOCUMENTS: u32 = 1;

/// Texts of the queries are asked for, or told.
const QUERY: u32 = 2;

/// Documents are told by ids of theirs.
const HAS_IDS: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(flags: u32, queries: &[(u64, &[u32])], warning: &str) -> Reply {
        let mut body = Vec::new();
        body.put_u32(flags);
        body.put_u32(queries.len() as u32);
        for (id, documents) in queries {
            body.put_u64(*id);
            body.put_u32(documents.len() as u32);
            documents.iter().for_each(|document| body.put_u32(*document));
            body.put_u32(1 | 4);
            body.put_string(b"hello");
            body.put_string(b"gid>5");
        }
        body.extend_from_slice(&[0; 16 + 24 + 4]);
        body.put_string(warning.as_bytes());
        Reply::new(0x100, body)
    }

    #[test]
    fn queries_of_all_agents_are_joined_in_the_order_of_their_ids() {
        let replies =
            vec![reply(3, &[(7, &[1, 2]), (2, &[2])], ""), reply(3, &[(2, &[1])], "odd\none")];
        let answers = Answers { replies, agents_answered: 2, agents: 2, failures: Vec::new() };
        let Percolated { queries, warnings, .. } = joined(answers);
        let told: Vec<_> = queries.iter().map(|told| (told.id, told.documents.clone())).collect();
        assert_eq!(told, [(2, vec![2]), (2, vec![1]), (7, vec![1, 2])]);
        assert_eq!((&*queries[0].query, &*queries[0].filters), ("hello", "gid>5"));
        assert_eq!(queries[0].tags, "");
        assert_eq!(warnings, ["odd\\none"]);
    }

    #[test]
    fn counts_beyond_the_bytes_are_refused() {
        let body = reply(3, &[(7, &[1])], "").body;
        for place in [7, 19] {
            let mut broken = body.clone();
            broken[place] = 0xff;
            assert!(read(&broken).is_err(), "{place}");
        }
        for length in 0..body.len() {
            assert!(read(&body[..length]).is_err(), "{length}");
        }
    }
}
