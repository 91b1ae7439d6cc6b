//! Additions to a batch: requests to agents, and searches.

use std::sync::Arc;

use super::{Batch, CallId, Calls, SearchId};
use crate::agent::{Agent, Index};
use crate::call::Scope;
use crate::error::{Error, UnknownName};
use crate::net::clock;
use crate::options::CallOptions;
use crate::request::{Access, Request};
use crate::search::{Local, Search, SearchRequest};

impl Batch {
    /// Starts a request to every agent of an index: a read to one mirror of each, a write to all
    /// mirrors of each. Blackholes get it too, and are not waited for.
    pub fn add_index(&mut self, index: &str, request: &Arc<dyn Request>) -> Result<Calls, Error> {
        self.add_index_with(index, request, &CallOptions::default())
    }

    /// Starts a request as [`Self::add_index`] does, by those options.
    pub fn add_index_with(
        &mut self,
        index: &str,
        request: &Arc<dyn Request>,
        options: &CallOptions,
    ) -> Result<Calls, Error> {
        self.check_process()?;
        options.check()?;
        let index = self.shared.index(index)?;
        self.start_indexes(&[index], request, options)
    }

    /// Starts a request to one agent of an index, by its number from 0.
    pub fn add_agent(
        &mut self,
        index: &str,
        agent: usize,
        request: &Arc<dyn Request>,
    ) -> Result<CallId, Error> {
        self.add_agent_with(index, agent, request, &CallOptions::default())
    }

    /// Starts a request as [`Self::add_agent`] does, by those options.
    pub fn add_agent_with(
        &mut self,
        index: &str,
        agent: usize,
        request: &Arc<dyn Request>,
        options: &CallOptions,
    ) -> Result<CallId, Error> {
        self.check_process()?;
        options.check()?;
        let index = self.shared.index(index)?;
        let agent = index.agent(agent)?;
        if request.access() == Access::Write && agent.mirrors.len() > 1 {
            let text = "a write goes to every mirror of an agent: add it with the whole index";
            return Err(Error::Misuse(text.to_owned()));
        }
        self.driver().engine().check(agent, request.as_ref())?;
        self.shared.handle_query();
        let call = self.next_call();
        self.start(agent, request, options);
        Ok(call)
    }

    /// Starts a request to every agent of these indexes, as [`Self::add_index`] does of one. All
    /// are checked before anything is sent.
    pub(crate) fn add_indexes(
        &mut self,
        indexes: &[Arc<Index>],
        request: &Arc<dyn Request>,
        options: &CallOptions,
    ) -> Result<Calls, Error> {
        self.check_process()?;
        options.check()?;
        self.start_indexes(indexes, request, options)
    }

    /// Counts a command whose requests are added one by one.
    pub(crate) fn begin_command(&self) {
        self.shared.handle_query();
    }

    /// Starts a read of an agent, which is not counted as a command.
    pub(crate) fn add_to_agent(
        &mut self,
        agent: &Arc<Agent>,
        request: &Arc<dyn Request>,
        options: &CallOptions,
    ) -> Result<CallId, Error> {
        self.check_process()?;
        self.driver().engine().check(agent, request.as_ref())?;
        let call = self.next_call();
        self.start(agent, request, options);
        Ok(call)
    }

    /// Starts a write to these mirrors alone, each by its agent and its position there.
    pub(crate) fn add_mirrors(
        &mut self,
        mirrors: &[(Arc<Agent>, usize)],
        request: &Arc<dyn Request>,
        options: &CallOptions,
    ) -> Result<Calls, Error> {
        self.check_process()?;
        for (agent, _) in mirrors {
            self.driver().engine().check(agent, request.as_ref())?;
        }
        self.shared.handle_query();
        let (first, before, now) = (self.next_call(), self.pending(), clock::now());
        for (agent, mirror) in mirrors {
            let scope = Scope::Mirror(*mirror);
            self.driver().engine().start(agent, request, options, scope, now);
        }
        self.driver().perform(now);
        self.has_news |= self.pending() < before + mirrors.len();
        Ok(self.calls_since(first))
    }

    /// Starts a search of every agent of an index, or of several (`"shop, archive"`), which are
    /// merged as one. An agent that two of them name is asked for each; an index that is named
    /// again is asked once.
    pub fn add_search(&mut self, index: &str, search: &Search) -> Result<SearchId, Error> {
        self.add_search_with(index, search, &CallOptions::default())
    }

    /// Starts a search as [`Self::add_search`] does, by those options.
    pub fn add_search_with(
        &mut self,
        index: &str,
        search: &Search,
        options: &CallOptions,
    ) -> Result<SearchId, Error> {
        self.add_searches_with(index, std::slice::from_ref(search), options)
    }

    /// Starts several searches of the same agents, 32 at most, in one request to each: a daemon
    /// does once what they have in common. [`Self::take_searches`] has their results.
    ///
    /// Retries are those of the search that has the most, with the longest pause; one that sets
    /// none has those of the configuration.
    pub fn add_searches(&mut self, index: &str, searches: &[Search]) -> Result<SearchId, Error> {
        self.add_searches_with(index, searches, &CallOptions::default())
    }

    /// Starts searches as [`Self::add_searches`] does, by those options.
    pub fn add_searches_with(
        &mut self,
        index: &str,
        searches: &[Search],
        options: &CallOptions,
    ) -> Result<SearchId, Error> {
        self.check_process()?;
        options.check()?;
        let indexes = self.shared.indexes(index)?;
        let requests = self.shared.search_requests(index, &indexes, searches)?;
        let plain = |request: &Arc<SearchRequest>| -> Arc<dyn Request> { request.clone() };
        let plain: Vec<Arc<dyn Request>> = requests.iter().map(plain).collect();
        if indexes.iter().all(|index| is_local_only(index)) {
            let indexes: Vec<&Index> = indexes.iter().map(Arc::as_ref).collect();
            return Err(nobody_to_ask(&indexes));
        }
        let mut checked = Vec::new();
        for (index, request) in indexes.iter().zip(&plain) {
            checked.push(self.check_requests(index, request)?);
        }
        let first = self.next_call();
        for ((index, request), lengths) in indexes.iter().zip(&plain).zip(checked) {
            let options_of =
                |agent: &Agent| Search::call_options(searches, options, &agent.settings);
            self.start_checked(index, request, &lengths, options_of);
        }
        let calls = self.calls_since(first);
        self.has_news |= calls.count == 0;
        let mut locals = Vec::new();
        for (index, request) in indexes.iter().zip(&requests) {
            Local::add_all(&mut locals, &index.locals, request, &self.shared.local_version);
        }
        self.end_softly(&calls, options, locals.len());
        let request = requests.into_iter().next();
        let request = request.expect("a list of indexes names one at least");
        Ok(self.searches.add(request, calls, locals, *options))
    }

    fn start_indexes(
        &mut self,
        indexes: &[Arc<Index>],
        request: &Arc<dyn Request>,
        options: &CallOptions,
    ) -> Result<Calls, Error> {
        let mut checked = Vec::with_capacity(indexes.len());
        for index in indexes {
            checked.push(self.check_index(index, request)?);
        }
        let first = self.next_call();
        for (index, lengths) in indexes.iter().zip(checked) {
            self.start_checked(index, request, &lengths, |_| *options);
        }
        let calls = self.calls_since(first);
        if request.access() == Access::Read {
            self.end_softly(&calls, options, 0);
        }
        Ok(calls)
    }

    /// Returns the calls that were started from `first` on.
    fn calls_since(&self, first: CallId) -> Calls {
        Calls { first, count: self.next_call().0.wrapping_sub(first.0) }
    }

    /// Hurries the rest of these calls once enough of them are answered in full, if the options
    /// say so.
    fn end_softly(&mut self, calls: &Calls, options: &CallOptions, locals: usize) {
        let Some(soft) = options.soft_timeout else { return };
        let needed = soft.needed(options.completeness, calls.count as usize, locals);
        let Some(needed) = u32::try_from(needed).ok().filter(|needed| *needed < calls.count)
        else {
            return;
        };
        let (calls, now) = ((calls.first, calls.count), clock::now());
        self.driver().engine().end_softly(calls, needed, soft.share, now);
    }

    /// Refuses a request that some agent of the index could not be sent; the lengths of those to
    /// blackholes.
    fn check_index(
        &mut self,
        index: &Index,
        request: &Arc<dyn Request>,
    ) -> Result<Vec<usize>, Error> {
        if is_local_only(index) {
            return Err(nobody_to_ask(&[index]));
        }
        self.check_requests(index, request)
    }

    fn check_requests(
        &mut self,
        index: &Index,
        request: &Arc<dyn Request>,
    ) -> Result<Vec<usize>, Error> {
        for agent in &index.agents {
            self.driver().engine().check(agent, request.as_ref())?;
        }
        let check =
            |blackhole: &Arc<Agent>| self.driver().engine().check(blackhole, request.as_ref());
        index.blackholes.iter().map(check).collect()
    }

    fn start_checked(
        &mut self,
        index: &Index,
        request: &Arc<dyn Request>,
        lengths: &[usize],
        options_of: impl Fn(&Agent) -> CallOptions,
    ) {
        self.shared.handle_query();
        for agent in &index.agents {
            self.start(agent, request, &options_of(agent));
        }
        for (blackhole, length) in index.blackholes.iter().zip(lengths) {
            self.shared.background.send_to_blackhole(blackhole, request, *length);
        }
    }

    fn start(&mut self, agent: &Arc<Agent>, request: &Arc<dyn Request>, options: &CallOptions) {
        let options = options.failover(self.shared.fails_over(options));
        let now = clock::now();
        let mut calls = 1;
        let before = self.pending();
        let driver = self.driver();
        if request.access() == Access::Write {
            calls = agent.mirrors.len();
            for mirror in 0..calls {
                driver.engine().start(agent, request, &options, Scope::Mirror(mirror), now);
            }
        } else {
            driver.engine().start(agent, request, &options, Scope::Agent, now);
        }
        driver.perform(now);
        self.has_news |= self.pending() < before + calls;
    }
}

fn is_local_only(index: &Index) -> bool {
    index.agents.is_empty() && index.blackholes.is_empty()
}

fn nobody_to_ask(indexes: &[&Index]) -> Error {
    let names: Vec<&str> = indexes.iter().map(|index| index.name.as_str()).collect();
    let (names, verb) = (names.join(", "), if names.len() == 1 { "has" } else { "have" });
    let text = format!("index '{names}' {verb} local indexes only; no agent can be asked");
    Error::Unknown(UnknownName::new(text, names, [""; 0]))
}
