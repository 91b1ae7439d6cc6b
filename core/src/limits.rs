//! Limits on what comes from others and on what is kept, and values of unset settings.
//!
//! Here stands what a stranger's bytes, a configuration or a program may ask of this library, and
//! how much it keeps of memory, connections and threads; each with its reason. What a single file
//! goes by stands at that file's end: pauses, thresholds and factors of one algorithm, sizes of a
//! format, and rules of a daemon that a guard repeats.

use std::time::Duration;

/// `agent_connect_timeout` where nobody sets it (manual: 1 second).
pub(crate) const AGENT_CONNECT_TIMEOUT: Duration = Duration::from_millis(1_000);

/// `agent_query_timeout` where nobody sets it (manual: 3 seconds).
pub(crate) const AGENT_QUERY_TIMEOUT: Duration = Duration::from_millis(3_000);

/// `agent_retry_delay` where nobody sets it (manual: half a second).
pub(crate) const AGENT_RETRY_DELAY: Duration = Duration::from_millis(500);

/// Retry rounds above this are refused by every daemon (`retry count out of bounds`).
pub(crate) const AGENT_RETRY_COUNT_MAX: u32 = 8;

/// `ha_period_karma` where nobody sets it (manual: 60 seconds).
pub(crate) const HA_PERIOD_KARMA: Duration = Duration::from_secs(60);

/// `ha_ping_interval` where nobody sets it (manual: 1 second).
pub(crate) const HA_PING_INTERVAL: Duration = Duration::from_millis(1_000);

/// Intervals between two pings of a host that is well and that nobody asks, at most: thousands of
/// them are not to cost a core.
pub(crate) const PING_STRETCH_MAX: u32 = 16;

/// Karma blocks kept a host; status shows windows of 1, 5 and 15 (core/docs/spec/distributed.md
/// 7.1).
pub(crate) const KARMA_BLOCKS: usize = 15;

/// Largest `max_packet_size` that any daemon accepts in its configuration.
pub const MAX_PACKET_SIZE_MAX: usize = 128 << 20;

/// Smallest `max_packet_size` that any daemon accepts in its configuration.
pub(crate) const MAX_PACKET_SIZE_MIN: usize = 128 << 10;

/// Request bodies of clients up to this are taken, as a daemon does where `max_packet_size` is not
/// set: 2.2.11 and its clients know no more.
pub(crate) const CLIENT_PACKET_SIZE_MAX: usize = 8 << 20;

/// Bytes of a reply to a client, at most. No daemon takes more from another one, and each client
/// that reads slowly keeps so much in memory.
pub(crate) const CLIENT_REPLY_SIZE_MAX: usize = MAX_PACKET_SIZE_MAX;

/// Reply bodies up to this are taken where `max_packet_size` is not set. Sphinx's default is 8M,
/// Manticore's 128M, and a reply that the agent could send must not be lost here.
pub(crate) const MAX_PACKET_SIZE: usize = MAX_PACKET_SIZE_MAX;

/// Bytes reserved ahead of the data: a body of any announced size costs at most this much memory
/// more than what its sender really sent.
pub(crate) const RECEIVE_CHUNK: usize = 64 << 10;

/// Reply and request buffers above this are given back after use, not kept for the next call.
pub(crate) const BUFFER_KEPT_MAX: usize = 1 << 20;

/// Buffers kept per driver: a few calls with some agents each; a large batch makes its own.
pub(crate) const BUFFERS_KEPT_MAX: usize = 64;

/// Drivers kept for the next batch: as many as threads use one client at the same time.
pub(crate) const DRIVERS_KEPT_MAX: usize = 256;

/// Kept connections a host where `persistent_connections_limit` is not set.
pub(crate) const PERSISTENT_CONNECTIONS_LIMIT: u32 = 32;

/// A kept connection idle for longer is closed by us: a daemon's `client_timeout` is 300 s.
pub(crate) const KEPT_IDLE_MAX: Duration = Duration::from_secs(240);

/// An idle kept connection is probed by the kernel after so long without a byte. Most NATs and
/// firewalls forget it later (RFC 5382 asks for two hours, many give a minute).
pub(crate) const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);

/// Pause between further probes.
pub(crate) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// After so many probes without an answer a kept connection is closed.
pub(crate) const KEEPALIVE_PROBES: u32 = 3;

/// A kept connection whose bytes nobody acknowledges for so long is broken (`TCP_USER_TIMEOUT`).
pub(crate) const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(20);

/// Mirrors of one agent: a line with more is a mistake, and masks of mirrors stay small.
pub(crate) const MIRRORS_MAX: usize = 4_096;

/// Bytes of a remote error text that are kept: a stranger's word is quoted, not stored whole.
pub const REMOTE_TEXT_MAX: usize = 1_024;

/// Bytes of a warning in which lines of missing agents are looked for. A master of a thousand
/// agents writes less, and a longer one is taken for one with such a line.
pub(crate) const WARNING_READ_MAX: usize = 256 << 10;

/// Columns that warnings name, one by one, as left out or as stored fields of an agent: nobody
/// reads more.
pub const TOLD_COLUMNS_MAX: usize = 32;

/// Agents that a text about a column or a count names.
pub(crate) const TOLD_SOURCES_MAX: usize = 8;

/// Columns of a result set, and full-text fields: daemons take 256 fields, and tables of a few
/// hundred columns are rare. Each costs the merge more memory than it takes in the reply.
pub const COLUMNS_MAX: usize = 4_096;

/// Bytes of the names of all columns and fields of a result set. An expression without an alias is
/// a name, and its program wrote it.
pub(crate) const NAMES_SIZE_MAX: usize = 1 << 20;

/// Values or documents that each agent is asked for where different ones are counted: it keeps
/// four times as many rows at once, some megabytes.
pub(crate) const DISTINCT_VALUES_MAX: u32 = 50_000;

/// Documents of one request for excerpts: both products refuse more.
pub(crate) const EXCERPT_DOCUMENTS_MAX: usize = 1_024;

/// Documents of one request for stored queries: each may match every query, and so be told again.
pub(crate) const PERCOLATE_DOCUMENTS_MAX: usize = 1_024;

/// Numbers that daemons keep in 32 bits with a sign.
pub(crate) const NUMBER_MAX: u32 = 2_147_483_647;

/// Query words whose statistics a result holds; `a*` may stand for any number of words, of which
/// nobody reads all.
pub const WORDS_MAX: usize = 4_096;

/// Keywords, or rows of counters, in the answer of a daemon: nobody asks for more, and each costs
/// some hundred bytes here.
pub(crate) const ANSWER_ROWS_MAX: usize = 65_536;

/// Bytes of such a word, or of a keyword, that are kept; daemons cut words at 42 characters.
pub(crate) const WORD_SIZE_MAX: usize = 256;

/// Bytes of a text with a suggested word, for each byte of the text that was asked. A letter is
/// folded to one of four bytes at most, and a blank may follow.
pub(crate) const FOLDED_SIZE_MAX: usize = 5;

/// Bytes that a text takes once for each of the suggestions that hold it. Callers that ask for
/// more have mistaken a document for what somebody typed.
pub(crate) const SENTENCES_SIZE_MAX: u64 = 16 << 20;

/// Values inside values of a JSON attribute: deeper is refused, so that a reply can't exhaust the
/// stack.
pub(crate) const JSON_DEPTH_MAX: usize = 200;

/// Bytes of a reply that is read only to judge its mirror by: a larger one is not worth reading
/// for nobody.
pub(crate) const LEFT_BEHIND_SIZE_MAX: usize = 256 << 10;

/// Values of varying size between two places of a row that are noted when a reply is decoded. To
/// read a value, so many are passed over at most.
pub(crate) const VALUES_BETWEEN_MARKS: usize = 16;

/// Port of an agent without one (IANA).
pub(crate) const PORT: u16 = 9_312;

/// Longest path of a unix socket (`sun_path` less its terminator).
pub(crate) const UNIX_PATH_MAX: usize = 107;

/// Filters a query where `max_filters` is not set: what daemons take then.
pub(crate) const FILTERS_MAX: u32 = 256;

/// Largest `max_filters` that 2.2.11 starts with.
pub(crate) const FILTERS_SETTING_MAX: u32 = 10_240;

/// Values a filter where `max_filter_values` is not set: what daemons take then.
pub(crate) const FILTER_VALUES_MAX: u32 = 4_096;

/// Largest `max_filter_values` that 2.2.11 starts with.
pub(crate) const FILTER_VALUES_SETTING_MAX: u32 = 10_485_760;

/// Longest deadline of a call: sums of time must not overflow, and nobody waits a week.
pub(crate) const DEADLINE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// Longest that heartbeats put off the end of a call whose deadline the caller did not fix. The
/// longest commands that send any (OPTIMIZE) take minutes, and an agent must not hold a caller for
/// as long as it likes.
pub(crate) const HEARTBEATS_MAX: Duration = Duration::from_secs(3_600);

/// A local search begins after so long at the latest, though an agent is not reached yet.
pub const LOCAL_SEARCH_DELAY_MAX: Duration = Duration::from_millis(20);

/// `max_matches` of a search: a row takes some 20 bytes of an agent's packet at least, and that
/// has 128 MB at most.
pub(crate) const MATCHES_MAX: u32 = 6_000_000;

/// Times that an attempt asks its mirror in other words: for its version, and then for the masters
/// that it knows.
pub(crate) const REWORDINGS_MAX: u32 = 2;

/// Field or index weights a query (both products' limit for weights by position).
pub(crate) const WEIGHTS_MAX: usize = 256;

/// Queries a request: what daemons take where `max_batch_queries` is not set.
pub(crate) const QUERIES_MAX: usize = 32;

/// Longest time that a setting may hold: daemons keep milliseconds in 32 bits with a sign.
pub(crate) const SETTING_TIME_MAX: Duration = Duration::from_millis(i32::MAX as u64);

/// Largest configuration in bytes: a thousand agents take a hundredth of it, and it is read whole.
pub(crate) const CONFIG_SIZE_MAX: usize = 8 << 20;

/// Bytes of all agents of a configuration, about as they lie in memory, inherited ones counted
/// each time: a few lines can't grow into gigabytes.
pub(crate) const AGENTS_SIZE_MAX: usize = 8 * CONFIG_SIZE_MAX;

/// Longest agent line in bytes: the largest number of mirrors with 64 bytes for each.
pub(crate) const AGENT_LINE_MAX: usize = 64 * MIRRORS_MAX;

/// Longest host name in characters (RFC 1035, in its written form).
pub(crate) const HOST_NAME_MAX: usize = 253;

/// Errors, and warnings, of a configuration that are listed: nobody reads more of a broken one.
pub(crate) const DIAGNOSTICS_MAX: usize = 1_000;

/// Characters of an offending text that an error quotes.
pub const DIAGNOSTIC_TEXT_MAX: usize = 80;

/// Characters of the line that an error shows around its place: a window of a terminal takes it.
pub(crate) const DIAGNOSTIC_LINE_MAX: usize = 80;

/// Longest path of a file in bytes (`PATH_MAX` of Linux).
pub(crate) const FILE_PATH_MAX: usize = 4_096;

/// Bytes of a line of a configuration that 2.2.11 reads; a longer one keeps it from starting.
pub(crate) const SPHINX_LINE_MAX: usize = 8_190;

/// Bytes of a name or key that 2.2.11 reads; a longer one keeps it from starting.
pub(crate) const SPHINX_WORD_MAX: usize = 63;

/// A longer `agent_retry_delay` is warned of, as 2.2.11 does.
pub(crate) const AGENT_RETRY_DELAY_MAX: Duration = Duration::from_millis(1_000);

/// Requests that wait for one blackhole: more are dropped, and counted.
pub(crate) const BLACKHOLE_BACKLOG_MAX: usize = 1_024;

/// Bytes of their bodies; one that is larger still goes out, alone.
pub(crate) const BLACKHOLE_BACKLOG_BYTES_MAX: usize = 16 << 20;

/// Requests to one blackhole under way at once, each with a socket: one that hangs must not use up
/// the descriptors of the process.
pub(crate) const BLACKHOLE_SENDS_MAX: usize = 8;

/// Names looked up at once, each on a thread: so many that hang do not hold up another one. A
/// silent name server keeps a thread for half a minute at worst.
pub(crate) const LOOKUPS_AT_ONCE_MAX: usize = 16;

/// Bytes of stack of a thread: what threads usually get here, for name look-ups run modules
/// of the system on one.
pub(crate) const STACK_SIZE: usize = 2 << 20;

/// Bytes of the text of a statement: what daemons take in one packet unless they are told to take
/// more.
pub(crate) const STATEMENT_SIZE_MAX: usize = 8 << 20;

/// Statements of one text, and queries of one SELECT with its facets: daemons run so many at once
/// (`max_batch_queries`) unless they are told otherwise.
pub(crate) const STATEMENTS_MAX: usize = 32;

/// Brackets in brackets of a statement: programs write a few, and daemons have a stack to lose.
pub(crate) const STATEMENT_DEPTH_MAX: usize = 64;

/// Values of one list, or of all rows of an INSERT, whether in the text or beside it.
pub(crate) const STATEMENT_VALUES_MAX: usize = 1_048_576;

/// Entries of one list of a statement that are no values. More columns than a result may have are
/// a mistake, and so are more indexes.
pub(crate) const STATEMENT_ITEMS_MAX: usize = 4_096;

/// Conditions of a statement: no daemon takes more filters.
pub(crate) const STATEMENT_CONDITIONS_MAX: usize = 10_240;

/// Largest number of rows in a statement: daemons keep it in 32 bits with a sign, and wrap a
/// larger one around.
pub(crate) const STATEMENT_LIMIT_MAX: u64 = 2_147_483_647;
