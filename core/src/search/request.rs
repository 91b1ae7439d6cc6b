//! Searches as a master sends them to its agents (core/docs/spec/distributed.md 5.1). All queries
//! of the same agents are one request, so that a daemon reads shared parts once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Search;
use super::check::{check, check_count};
use super::needs::{Need, has_dialect};
use super::part::missing_of;
use super::query::{agent_query, agent_weight, with_literals};
use crate::config::Searchd;
use crate::error::Error;
use crate::limits::QUERIES_MAX;
use crate::merge::Plan;
use crate::request::{Access, Product, Reply, Request, Target, Verdict};
use crate::wire::Writer;
use crate::wire::header::Command;
use crate::wire::search::{self, Asked, Dialect, Layout, Refused, ResultSet, Status, Undecoded};

/// Checked searches, ready for every agent of one distributed index.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// One text for all indexes of a list: it may be long, and they many.
    index: Arc<str>,
    /// The distributed index whose agents are asked: that, or one of the list.
    own_index: String,
    /// Queries that it sends, shared by all indexes of one weight.
    asked: Arc<Queries>,
}

/// What is asked for, but for the name of the index.
#[derive(Debug)]
struct Queries {
    /// One or more.
    queries: Vec<Planned>,
    /// What the merge asks for beside them; these come last.
    helpers: Vec<Encoded>,
}

/// A query and what is made of its answers.
#[derive(Clone, Debug)]
struct Planned {
    query: Encoded,
    plan: Plan,
    /// Number of the helper, among all queries, that tells the values which are counted.
    values: Option<usize>,
}

/// One query, but for the index list of the mirror that gets it.
#[derive(Clone, Debug)]
struct Encoded {
    head: Vec<u8>,
    tail: Vec<u8>,
    /// Where Manticore reads it otherwise.
    of_manticore: Option<Box<OfManticore>>,
    /// In the words of Sphinx, for layouts of which these bytes are not. Queries are large, and
    /// moved often: small stacks have no room for several.
    query: Box<search::Query>,
    rows_max: u32,
    needs: Vec<Need>,
}

/// A query in the words of Manticore.
#[derive(Clone, Debug)]
struct OfManticore {
    tail: Vec<u8>,
    query: search::Query,
}

impl SearchRequest {
    /// Checks and encodes `search` for the distributed index of that name.
    ///
    /// `now` decides the age of rows under [`Sort::TimeSegments`](super::Sort::TimeSegments).
    /// [`Error::Request`] names what is incomplete or out of range, or what a daemon would
    /// silently read otherwise than it is written.
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
        let asked = Queries::new(index, std::slice::from_ref(search), searchd, now)?;
        Ok(SearchRequest { index: index.into(), own_index: index.to_owned(), asked: asked.into() })
    }

    /// Makes one of several searches, each with a result of its own
    /// ([`merge_all`](super::result::merge_all)).
    pub fn batch(index: &str, searches: &[Search], now: SystemTime) -> Result<Self, Error> {
        let asked = Queries::new(index, searches, &Searchd::default(), now)?;
        Ok(SearchRequest { index: index.into(), own_index: index.to_owned(), asked: asked.into() })
    }

    /// Makes one for the agents of each of these indexes, which are searched under the name of a
    /// list. A query is encoded once for all indexes that it gives the same weight.
    pub(crate) fn of_list<'a>(
        list: &str,
        indexes: impl Iterator<Item = &'a str>,
        searches: &[Search],
        searchd: &Searchd,
        now: SystemTime,
    ) -> Result<Vec<Self>, Error> {
        let list: Arc<str> = list.into();
        let mut encoded: HashMap<Vec<Option<i32>>, Arc<Queries>> = HashMap::new();
        let mut requests = Vec::new();
        for index in indexes {
            let weight = |search: &Search| agent_weight(index, &search.query.index_weights);
            let asked = match encoded.entry(searches.iter().map(weight).collect()) {
                Entry::Occupied(entry) => entry.get().clone(),
                Entry::Vacant(entry) => {
                    let asked = Queries::new(index, searches, searchd, now)?;
                    entry.insert(asked.into()).clone()
                }
            };
            requests.push(SearchRequest {
                index: list.clone(),
                own_index: index.to_owned(),
                asked,
            });
        }
        Ok(requests)
    }

    /// The distributed index that is searched, or the list of them.
    pub fn index(&self) -> &str {
        &self.index
    }

    /// The distributed index whose agents are asked.
    pub(crate) fn own_index(&self) -> &str {
        &self.own_index
    }

    /// Number of queries, each with a result of its own.
    pub fn queries(&self) -> usize {
        self.asked.queries.len()
    }

    /// A request of one query that is merged by that plan, and never sent.
    #[cfg(test)]
    pub(super) fn of_plan(index: &str, plan: Plan) -> Self {
        let query = Encoded {
            head: Vec::new(),
            tail: Vec::new(),
            of_manticore: None,
            query: Box::default(),
            rows_max: u32::MAX,
            needs: Vec::new(),
        };
        let queries = vec![Planned { query, plan, values: None }];
        let asked = Arc::new(Queries { queries, helpers: Vec::new() });
        SearchRequest { index: index.into(), own_index: index.to_owned(), asked }
    }

    /// Every query that agents get.
    fn sent(&self) -> impl Iterator<Item = &Encoded> {
        self.asked.queries.iter().map(|planned| &planned.query).chain(&self.asked.helpers)
    }

    /// Number of the query with the values that this one counts.
    pub(super) fn values(&self, query: usize) -> Option<usize> {
        self.asked.queries[query].values
    }

    pub(super) fn plan(&self, query: usize) -> &Plan {
        &self.asked.queries[query].plan
    }

    /// Why a daemon can't have answered that query, which it has read otherwise.
    pub(super) fn unmet(&self, query: usize, reply: &Reply) -> Option<String> {
        let needs = self.asked.queries.get(query)?.query.needs.iter();
        needs.copied().find_map(|need| need.unmet(reply.version, reply.layout))
    }

    /// True if nobody knew whose daemon it was, or it is another one now, and it was asked in
    /// words that it reads otherwise.
    fn is_misread(&self, reply: &Reply) -> bool {
        let is_manticore = Dialect::of_version(reply.version) == Dialect::Manticore;
        is_manticore != (reply.asked == Product::Manticore)
            && self.sent().any(|query| query.of_manticore.is_some())
    }
}

impl Queries {
    /// Checks and encodes searches for the agents of that index.
    fn new(
        index: &str,
        searches: &[Search],
        searchd: &Searchd,
        now: SystemTime,
    ) -> Result<Self, Error> {
        check_count(searches.len()).map_err(Error::Request)?;
        let encode = |(number, search): (usize, &Search)| {
            let encoded = Planned::new(index, search, searchd, now);
            encoded.map_err(|text| match searches.len() {
                1 => Error::Request(text),
                count => Error::Request(format!("query {} of {count}: {text}", number + 1)),
            })
        };
        let planned: Vec<(Planned, Option<Encoded>)> =
            searches.iter().enumerate().map(encode).collect::<Result<_, _>>()?;
        let (mut queries, mut helpers) = (Vec::with_capacity(searches.len()), Vec::new());
        for (query, helper) in planned {
            // A request may have no more: the merge says what it lacks then.
            let place = searches.len() + helpers.len();
            let helper = helper.filter(|_| place < QUERIES_MAX);
            queries.push(Planned { values: helper.as_ref().map(|_| place), ..query });
            helpers.extend(helper);
        }
        Ok(Queries { queries, helpers })
    }
}

impl Planned {
    /// The query, and what helps to merge its answers.
    fn new(
        index: &str,
        search: &Search,
        searchd: &Searchd,
        now: SystemTime,
    ) -> Result<(Self, Option<Encoded>), String> {
        check(search, searchd)?;
        let mut query = agent_query(index, search);
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let plan = Plan::new(&query, search.wish(now))?;
        let helper = plan.values_query(&query).map(|helper| Encoded::new(&helper));
        plan.complete(&mut query);
        Ok((Planned { query: Encoded::new(&query), plan, values: None }, helper))
    }
}

impl Encoded {
    fn new(query: &search::Query) -> Self {
        let needs = Need::of(query);
        let rows_max = u32::try_from(query.max_matches).unwrap_or(0);
        let mut head = Vec::with_capacity(USUAL_SIZE);
        query.put_head(Layout::default(), &mut head);
        let tail_of = |query: &search::Query| {
            let mut tail = Vec::with_capacity(USUAL_SIZE);
            query.put_tail(Layout::default(), &mut tail);
            tail
        };
        let of_manticore = has_dialect(query)
            .then(|| Box::new(OfManticore { tail: tail_of(query), query: query.clone() }));
        let query = Box::new(match of_manticore {
            Some(_) => with_literals(query),
            None => query.clone(),
        });
        let tail = tail_of(&query);
        Encoded { head, tail, of_manticore, query, rows_max, needs }
    }

    fn put(&self, target: &Target<'_>, body: &mut Vec<u8>) {
        let list = target.index_list;
        if !target.layout.is_usual() {
            return self.put_for_older(target, body);
        }
        let tail = self.words_for(target).map_or(&self.tail, |other| &other.tail);
        body.reserve(self.head.len() + 4 + list.len() + tail.len());
        body.extend_from_slice(&self.head);
        body.put_string(list.as_bytes());
        body.extend_from_slice(tail);
    }

    /// Writes it for a daemon that knows fewer fields; what it needs of these is judged later.
    fn put_for_older(&self, target: &Target<'_>, body: &mut Vec<u8>) {
        let query = self.words_for(target).map_or(&*self.query, |other| &other.query);
        query.put_head(target.layout, body);
        body.put_string(target.index_list.as_bytes());
        query.put_tail(target.layout, body);
    }

    /// The words of Manticore, if the daemon is one and they are others.
    fn words_for(&self, target: &Target<'_>) -> Option<&OfManticore> {
        self.of_manticore.as_deref().filter(|_| target.product == Product::Manticore)
    }

    /// Judges the answer to it alone.
    fn judge(&self, set: &ResultSet, body: &[u8]) -> Verdict {
        let (rows, rows_max) = (set.rows.len(), self.rows_max);
        if rows > rows_max as usize {
            return Verdict::Malformed(format!("{rows} rows, where {rows_max} were asked for"));
        }
        match set.status {
            Status::Ok => Verdict::Accept,
            Status::Warning if set.message.of(body) == SHUTDOWN => {
                Verdict::Unfinished(set.message.quote(body))
            }
            Status::Warning | Status::Retry | Status::Other(_) => Verdict::AcceptWarned,
            Status::Error => Verdict::Refused(set.message.quote(body)),
        }
    }
}

impl Request for SearchRequest {
    fn command(&self) -> Command {
        Command::SEARCH
    }

    fn command_for(&self, target: &Target<'_>) -> Command {
        Command { version: target.layout.version, ..Command::SEARCH }
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
        body.put_u32(target.layout.master);
        body.put_u32((self.asked.queries.len() + self.asked.helpers.len()) as u32);
        self.sent().for_each(|query| query.put(target, body));
        Ok(())
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        let rows_max = self.sent().map(|query| query.rows_max).max().unwrap_or(0);
        let queries = self.asked.queries.len() + self.asked.helpers.len();
        let asked = Asked { queries, rows_max, layout: reply.layout };
        let decoded = match search::Reply::decode(&reply.body, reply.version, asked) {
            Ok(decoded) => decoded,
            Err(Undecoded::Wrong(text)) => return Verdict::Malformed(text),
            Err(Undecoded::OutOfMemory(size)) => {
                let text = format!("out of memory for the result in a reply of {size} bytes");
                return Verdict::OutOfMemory(text);
            }
        };
        if decoded.sets.is_empty() {
            return Verdict::Malformed("reply without a result".to_owned());
        }
        let sets = self.sent().zip(&decoded.sets);
        let mut verdicts: Vec<Verdict> =
            sets.map(|(query, set)| query.judge(set, &reply.body)).collect();
        // The merge says what a helper lacks.
        let helpers = verdicts.split_off(self.asked.queries.len()).into_iter();
        for (query, verdict) in verdicts.iter_mut().enumerate() {
            let unmet = matches!(verdict, Verdict::Accept | Verdict::AcceptWarned)
                .then(|| self.unmet(query, reply))
                .flatten();
            *verdict = unmet.map_or_else(|| verdict.clone(), Verdict::Refused);
        }
        verdicts.extend(
            helpers.filter(|verdict| {
                matches!(verdict, Verdict::Malformed(_) | Verdict::Unfinished(_))
            }),
        );
        let verdict = join(verdicts);
        let is_read = !matches!(verdict, Verdict::Malformed(_) | Verdict::Unfinished(_));
        if is_read && self.is_misread(reply) {
            let text = "the daemon is of the other product, and was asked in words of the first";
            return Verdict::AskAgain(text.to_owned());
        }
        reply.search = Some(Box::new(decoded));
        verdict
    }

    fn judge_error(&self, reply: &Reply) -> Verdict {
        let text = reply.text();
        let is_new = match Refused::read(&text) {
            Some(Refused::Version(version)) => version < reply.layout.version,
            Some(Refused::Master) => reply.layout.lower_master().is_some(),
            None => false,
        };
        if is_new { Verdict::AskAgain(text) } else { Verdict::Refused(text) }
    }

    fn is_whole(&self, reply: &Reply) -> bool {
        let Some(search) = &reply.search else { return false };
        let mut sets = search.sets.iter().take(self.asked.queries.len()).enumerate();
        sets.all(|(query, set)| {
            set.status != Status::Error
                && self.unmet(query, reply).is_none()
                && missing_of(reply, set).is_none()
        })
    }
}

/// What the answers to several queries in one reply come to.
fn join(mut verdicts: Vec<Verdict>) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Accept => 0,
        Verdict::AcceptWarned => 1,
        Verdict::Refused(_) | Verdict::QueriesRefused(_) => 2,
        Verdict::Unfinished(_) | Verdict::AskAgain(_) => 3,
        Verdict::Malformed(_) | Verdict::Failed(_) | Verdict::OutOfMemory(_) => 4,
    };
    // Of several as bad the first one.
    let worst = (0..verdicts.len()).rev().max_by_key(|place| rank(&verdicts[*place]));
    let Some(worst) = worst.map(|place| verdicts[place].clone()) else { return Verdict::Accept };
    if !matches!(worst, Verdict::Refused(_)) || verdicts.len() == 1 {
        return worst;
    }
    let text = |verdict| match verdict {
        Verdict::Refused(text) => Some(text),
        _ => None,
    };
    Verdict::QueriesRefused(verdicts.drain(..).map(text).collect())
}

/// Bytes of either half of most requests: they are written without growing.
const USUAL_SIZE: usize = 256;

/// With this warning a daemon that is being ended sends the rows that it has found until then,
/// often none.
const SHUTDOWN: &[u8] = b"Server shutdown in progress";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_encoded_once_for_all_indexes_of_one_weight() {
        let requests = |search: Search| {
            let (indexes, searchd) = (["a", "b", "c"].into_iter(), Searchd::default());
            let requests =
                SearchRequest::of_list("a, b, c", indexes, &[search], &searchd, UNIX_EPOCH);
            requests.expect("a search that can be asked")
        };
        let is_shared = |requests: &[SearchRequest], one: usize, other: usize| {
            Arc::ptr_eq(&requests[one].asked, &requests[other].asked)
        };
        let plain = requests(Search::new("x"));
        assert!(is_shared(&plain, 0, 1) && is_shared(&plain, 0, 2));
        let names: Vec<&str> = plain.iter().map(SearchRequest::own_index).collect();
        assert_eq!((names, plain[2].index()), (vec!["a", "b", "c"], "a, b, c"));
        let weighted = requests(Search::new("x").index_weight("b", 20));
        assert!(is_shared(&weighted, 0, 2) && !is_shared(&weighted, 0, 1));
        let weights = &weighted[1].asked.queries[0].query.query.index_weights;
        assert_eq!(*weights, [(b"*".to_vec(), 20)]);
    }
}
