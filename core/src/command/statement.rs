//! Statements of SphinxQL that change something (core/docs/spec/protocol.md 3.8).

use std::collections::HashSet;
use std::sync::Arc;

use super::mirrored::{Mirrored, Written};
use super::pending::Pending;
use super::status::flush_request;
use super::variable::VariableRequest;
use crate::agent::Agent;
use crate::client::Client;
use crate::error::{Error, UnknownName};
use crate::mirror::index_names;
use crate::options::CallOptions;
use crate::request::{Access, Reply, Request, Target, Verdict};
use crate::sphinxql::{self, Fault, Name, Parameters, Span, Statement};
use crate::wire::header::Command;
use crate::wire::mysql::{self, Outcome};
use crate::wire::{Writer, append, text};

impl Client {
    /// Runs an `INSERT`, `REPLACE`, `UPDATE` or `DELETE` on one agent of the index that it names.
    /// All mirrors of that agent make it, or the one at that position. Nobody but the caller knows
    /// to which agent a new document belongs.
    ///
    /// A mirror that may have got it is not sent it again.
    pub fn execute_on_agent(
        &self,
        agent: usize,
        mirror: Option<usize>,
        statement: &str,
        parameters: &Parameters,
        options: &CallOptions,
    ) -> Result<Mirrored<Written>, Error> {
        self.start_on_agent(agent, mirror, statement, parameters, options)?.finish()
    }

    /// Starts what [`Self::execute_on_agent`] does.
    pub fn start_on_agent(
        &self,
        agent: usize,
        mirror: Option<usize>,
        statement: &str,
        parameters: &Parameters,
        options: &CallOptions,
    ) -> Result<Pending<Mirrored<Written>>, Error> {
        let placed = |fault: Fault| Error::Statement(fault.in_text(statement));
        let mut statements = sphinxql::parse(statement, parameters).map_err(Error::Statement)?;
        let first = (statements.len() == 1).then(|| statements.remove(0));
        let change = first.and_then(Change::of_documents).ok_or_else(|| {
            placed(Fault::new(
                Span { start: 0, end: statement.len() },
                "one INSERT, REPLACE, UPDATE or DELETE is expected: others go to all agents",
            ))
        })?;
        let [index] = change.indexes.as_slice() else {
            let span = change.indexes.last().map_or_else(Span::default, |name| name.span);
            return Err(placed(Fault::new(span, "one index is expected, whose agent is named")));
        };
        let index = self.index(&index.text)?;
        let agent = index.agent(agent)?;
        let count = agent.mirrors.len();
        let mirrors: Vec<usize> = match mirror {
            None => (0..count).collect(),
            Some(mirror) if mirror < count => vec![mirror],
            Some(mirror) => {
                let (number, name) = (agent.number, &index.name);
                let text = format!(
                    "no mirror {mirror} of agent {number} in index '{name}', it has {count}"
                );
                return Err(Error::Unknown(UnknownName::new(text, mirror, 0..count)));
            }
        };
        let targets = mirrors.into_iter().map(|mirror| (agent.clone(), mirror)).collect();
        start_mirrors(self, targets, &change.request, options, written)
    }
}

/// A change that a statement makes, and where.
pub(crate) struct Change {
    /// Indexes of which every mirror makes it; without one, that is every host.
    indexes: Vec<Name>,
    request: Arc<dyn Request>,
    read: fn(&Reply) -> Option<Written>,
}

impl Change {
    /// What a statement changes everywhere; `None` for one that changes nothing, or one agent
    /// alone.
    pub(crate) fn new(statement: Statement) -> Option<Self> {
        match statement {
            Statement::Update(_) | Statement::Delete(_) => Change::of_documents(statement),
            Statement::SetGlobal(variable) => Some(Change {
                request: Arc::new(VariableRequest::new(&variable.name.text, &variable.values)),
                indexes: variable.index.into_iter().collect(),
                read: nothing_written,
            }),
            Statement::FlushAttributes(_) => Some(Change {
                indexes: Vec::new(),
                request: flush_request(),
                read: nothing_written,
            }),
            _ => None,
        }
    }

    /// A change of documents.
    fn of_documents(mut statement: Statement) -> Option<Self> {
        let stand_in = Name { text: STAND_IN.to_owned(), span: Span::default() };
        let (head, indexes) = match &mut statement {
            Statement::Update(update) => {
                ("UPDATE ", std::mem::replace(&mut update.indexes, vec![stand_in]))
            }
            Statement::Delete(delete) => {
                ("DELETE FROM ", std::mem::replace(&mut delete.indexes, vec![stand_in]))
            }
            Statement::Insert(insert) => {
                let head = if insert.replaces { "REPLACE INTO " } else { "INSERT INTO " };
                (head, vec![std::mem::replace(&mut insert.index, stand_in)])
            }
            _ => return None,
        };
        let tail = statement.to_string().split_off(head.len() + STAND_IN.len());
        let request = Arc::new(StatementRequest { head, tail });
        Some(Change { indexes, request, read: written })
    }

    /// Starts the change on every mirror of its indexes, or without one on every host once.
    pub(crate) fn start(
        &self,
        client: &Client,
        options: &CallOptions,
    ) -> Result<Pending<Mirrored<Written>>, Error> {
        if self.indexes.is_empty() {
            return start_mirrors(client, every_host(client), &self.request, options, self.read);
        }
        let names: Vec<&str> = self.indexes.iter().map(|name| name.text.as_str()).collect();
        let indexes = client.indexes_once(&names.join(", "))?;
        super::ask::ask_mirrors(client, indexes, &self.request, options, self.read)
    }
}

/// A mirror of each host that the configuration names; blackholes are left out.
fn every_host(client: &Client) -> Vec<(Arc<Agent>, usize)> {
    let (mut seen, mut mirrors) = (HashSet::new(), Vec::new());
    for index in client.all_indexes() {
        for agent in &index.agents {
            for (number, mirror) in agent.mirrors.iter().enumerate() {
                if seen.insert(mirror.host.number) {
                    mirrors.push((agent.clone(), number));
                }
            }
        }
    }
    mirrors
}

fn start_mirrors(
    client: &Client,
    mirrors: Vec<(Arc<Agent>, usize)>,
    request: &Arc<dyn Request>,
    options: &CallOptions,
    read: fn(&Reply) -> Option<Written>,
) -> Result<Pending<Mirrored<Written>>, Error> {
    options.check()?;
    let mut batch = client.batch()?;
    let calls = batch.add_mirrors(&mirrors, request, options)?;
    let completeness = options.completeness;
    Ok(Pending::of_batch(batch, move |batch| {
        Mirrored::of_calls(batch, calls.clone(), read).demand(completeness)
    }))
}

/// A statement that every mirror gets with the names of its own indexes.
struct StatementRequest {
    /// What precedes the indexes.
    head: &'static str,
    /// What follows them.
    tail: String,
}

impl Request for StatementRequest {
    fn command(&self) -> Command {
        Command::SPHINXQL
    }

    fn access(&self) -> Access {
        Access::Write
    }

    fn encode(&self, target: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        let list = target.index_list;
        let is_name = |name: &str| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        };
        let known: Vec<&str> = index_names(list).collect();
        if known.is_empty() || !known.iter().all(|name| is_name(name)) {
            let host = target.host;
            return Err(Error::Request(format!(
                "index list '{list}' of mirror {host} names no indexes that a statement could \
                 change: name them in the configuration"
            )));
        }
        let quoted = known.into_iter().map(|name| {
            let name = Name { text: name.to_owned(), span: Span::default() };
            name.to_string()
        });
        let statement = quoted.collect::<Vec<_>>().join(", ");
        let length = self.head.len() + statement.len() + self.tail.len();
        body.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
        append(body, self.head.as_bytes())?;
        append(body, statement.as_bytes())?;
        append(body, self.tail.as_bytes())
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        match mysql::outcome(&reply.body) {
            Ok(Outcome::Done { warnings: 0, .. }) => Verdict::Accept,
            Ok(Outcome::Done { .. }) => Verdict::AcceptWarned,
            Ok(Outcome::Refused(error)) => Verdict::Refused(text::quote(error)),
            Err(truncated) => Verdict::Malformed(truncated.to_string()),
        }
    }
}

fn written(reply: &Reply) -> Option<Written> {
    let Ok(Outcome::Done { affected, warnings }) = mysql::outcome(&reply.body) else {
        return None;
    };
    let warning = (warnings > 0).then(|| format!("the daemon has {warnings} warnings"));
    Some(Written { documents: affected, warning })
}

fn nothing_written(_: &Reply) -> Option<Written> {
    Some(Written::default())
}

/// A name in the place of those that each mirror has.
const STAND_IN: &str = "i";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Layout, Product};

    fn sent(statement: &str, index_list: &str) -> Result<String, Error> {
        let mut statements = sphinxql::parse(statement, &Parameters::none()).expect("a statement");
        let change = Change::of_documents(statements.remove(0)).expect("a change");
        let (product, layout) = (Product::Unknown, Layout::default());
        let target = Target { host: "a:1", index_list, attempt: 0, product, layout };
        let mut body = Vec::new();
        change.request.encode(&target, &mut body)?;
        let (length, text) = body.split_at(4);
        assert_eq!(length, (text.len() as u32).to_be_bytes());
        Ok(String::from_utf8(text.to_vec()).expect("UTF-8"))
    }

    #[test]
    fn statements_name_the_indexes_of_their_mirror() {
        for (statement, list, expected) in [
            (
                "update d set gid=10, mv=(1,2), js.a=-5 where match('it\\'s') and id in (1,2)",
                "pl",
                "UPDATE pl SET gid = 10, mv = (1, 2), js.a = -5 WHERE MATCH('it\\'s') AND id IN \
                 (1, 2)",
            ),
            ("delete from d, e where id=5", "pl, rt", "DELETE FROM pl, rt WHERE id = 5"),
            ("update d set a=1 where id=1", "facet", "UPDATE `facet` SET a = 1 WHERE id = 1"),
            (
                "insert into d (id, title) values (1, 'x'), (2, '')",
                "rt",
                "INSERT INTO rt (id, title) VALUES (1, 'x'), (2, '')",
            ),
            ("replace into d values (1)", " rt ", "REPLACE INTO rt VALUES (1)"),
        ] {
            assert_eq!(sent(statement, list).expect("it can be sent"), expected);
        }
    }

    #[test]
    fn a_mirror_without_names_is_sent_no_statement() {
        for list in ["*", " ", "a;b", "a, *"] {
            let error = sent("delete from d where id=5", list).expect_err(list);
            assert!(matches!(error, Error::Request(_)) && error.to_string().contains("a:1"));
        }
    }
}
