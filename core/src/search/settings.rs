//! Settings by which daemons run a search: flags, weights, plugins, retries.

use std::time::Duration;

use super::{Collation, Idf, Overrides, Search, SortMethod};
use crate::config::CallSettings;
use crate::limits::{AGENT_RETRY_COUNT_MAX, AGENT_RETRY_DELAY};
use crate::options::CallOptions;
use crate::wire::search::flags;

impl Search {
    /// Weights of full-text fields by their number, the first ones first; weights by
    /// [name](Self::field_weight) go before them.
    pub fn weights(mut self, weights: impl IntoIterator<Item = u32>) -> Self {
        self.query.weights = weights.into_iter().collect();
        self
    }

    /// Other values of an attribute for some documents, by their ids, in this search alone.
    ///
    /// Manticore knows none: an agent that runs it answers with an error.
    pub fn override_attribute(mut self, attribute: impl Into<Vec<u8>>, values: Overrides) -> Self {
        self.query.overrides.push(values.into_override(attribute.into()));
        self
    }

    /// Sets the way in which strings compare in filters, orders and groups; `libc_ci` unless set.
    pub fn collation(mut self, collation: Collation) -> Self {
        self.query.collation = collation as u32;
        self
    }

    /// Begins a full scan at the last document.
    ///
    /// Manticore knows no such order: an agent that runs it is an error.
    pub fn reverse_scan(self, reverse: bool) -> Self {
        self.flag(flags::REVERSE_SCAN, reverse)
    }

    /// Sets the way in which an agent keeps its best rows; the rows are the same, the time is not.
    pub fn sort_method(self, method: SortMethod) -> Self {
        self.flag(flags::KEEP_BUFFER, method == SortMethod::KeepBuffer)
    }

    /// Milliseconds, by the daemon's own reckoning of work, after which an agent stops looking;
    /// 0 is no end. Unlike [`Self::max_query_time_ms`] it stops at the same document each time.
    ///
    /// Manticore knows none: an agent that runs it is an error.
    pub fn max_predicted_time_ms(mut self, time_ms: u32) -> Self {
        self.query.predicted_time_ms = i32::try_from(time_ms).unwrap_or(i32::MAX);
        self.flag(flags::PREDICTED_TIME, time_ms > 0)
    }

    /// Simplifies boolean expressions of the query text before they run.
    pub fn boolean_simplify(self, simplify: bool) -> Self {
        self.flag(flags::BOOLEAN_SIMPLIFY, simplify)
    }

    /// Sets the way in which the weight of a word follows from its number of documents.
    pub fn idf(self, idf: Idf) -> Self {
        self.flag(flags::PLAIN_IDF, idf == Idf::Plain)
    }

    /// Divides the weights of words by their number in the query (`tfidf_normalized`), as daemons
    /// do unless told not to (`tfidf_unnormalized`).
    pub fn tfidf_normalized(self, normalized: bool) -> Self {
        self.flag(flags::TFIDF_NORMALIZED, normalized)
    }

    /// Takes the numbers of documents from the file of `global_idf` that an agent has.
    pub fn global_idf(self, global: bool) -> Self {
        self.flag(flags::GLOBAL_IDF, global)
    }

    /// Searches with a lower priority of the thread.
    ///
    /// Sphinx 2.2 knows none: an agent that runs it is an error.
    pub fn low_priority(self, low: bool) -> Self {
        self.flag(flags::LOW_PRIORITY, low)
    }

    /// Splits the query text by the plugin of that name in this library of the agents, with these
    /// options.
    pub fn token_filter(
        mut self,
        library: impl Into<Vec<u8>>,
        name: impl Into<Vec<u8>>,
        options: impl Into<Vec<u8>>,
    ) -> Self {
        self.query.token_filter = [library.into(), name.into(), options.into()];
        self
    }

    /// Sets the rounds over the mirrors of an agent after the first one, 8 at most, and the pause
    /// before each. The pause is a second at most; both take the place of the configuration's. An
    /// agent that is a master does likewise with its own agents. What [`CallOptions`] say goes
    /// before it.
    pub fn retries(mut self, count: u32, delay: Duration) -> Self {
        self.retries = Some((count, delay));
        self
    }

    /// Returns the options of a call that carries these searches, with their retries where the
    /// options say nothing. Of several the most count, and the longest pause; a search that says
    /// nothing has those of the agent's settings.
    pub(crate) fn call_options(
        searches: &[Search],
        options: &CallOptions,
        settings: &CallSettings,
    ) -> CallOptions {
        if searches.iter().all(|search| search.retries.is_none()) {
            return *options;
        }
        let configured = (
            settings.agent_retry_count.unwrap_or(0),
            settings.agent_retry_delay.unwrap_or(AGENT_RETRY_DELAY),
        );
        let retries = || searches.iter().map(|search| search.retries.unwrap_or(configured));
        let count = retries().map(|(count, _)| count.min(AGENT_RETRY_COUNT_MAX)).max();
        let waiting = retries().filter(|(count, _)| *count > 0);
        let delay = waiting.map(|(_, delay)| delay).max();
        CallOptions {
            retry_count: options.retry_count.or(count),
            retry_delay: options.retry_delay.or(delay),
            ..*options
        }
    }

    fn flag(mut self, flag: u32, is_set: bool) -> Self {
        if is_set {
            self.query.flags |= flag;
        } else {
            self.query.flags &= !flag;
        }
        self
    }
}
