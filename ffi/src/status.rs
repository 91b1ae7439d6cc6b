//! What is known of the hosts, agents and indexes of a client at one time.
//!
//!     if (hamirror_status_new(client, &status, &error) == HAMIRROR_OK) {
//!         hamirror_text page = hamirror_status_prometheus(status);
//!         fwrite(page.data, 1, page.len, stdout);
//!         hamirror_status_free(status);
//!     }

use std::ffi::c_char;
use std::sync::OnceLock;

use hamirror_core::Status as CoreStatus;
use hamirror_core::status::{Flavour, IndexStatus, Show};

use crate::agent::Agent;
use crate::arguments;
use crate::client::Client;
use crate::code::HAMIRROR_ERROR_UNKNOWN;
use crate::error::Error;
use crate::failed::Failed;
use crate::handle::{self, Handle, Owned, get, need, view};
use crate::host::Host;
use crate::panic::{fallible, getter};
use crate::rows::{Rows, RowsDetail};
use crate::text::Text;

/// Keys and formats of searchd 2.2.11, its misspelt key included.
pub const HAMIRROR_FLAVOUR_SPHINX: i32 = 0;
/// Keys and formats of Manticore, with the values that its manual promises.
pub const HAMIRROR_FLAVOUR_MANTICORE: i32 = 1;

/// A picture of a client at one time. It has every host, agent and index, the client's own
/// counters, the rows of SHOW AGENT STATUS, and text for Prometheus. It never changes, so any
/// number of threads may read it. End it with hamirror_status_free().
pub struct Status {
    _private: [u8; 0],
}

impl Handle for Status {
    type Rust = StatusDetail;
    type Ownership = Owned;
}

/// What a pointer to [`Status`] points to.
pub(crate) struct StatusDetail {
    status: CoreStatus,
    // Texts are made when they are first asked for: few ask for both.
    rows: OnceLock<Vec<(String, String)>>,
    prometheus: OnceLock<String>,
}

impl StatusDetail {
    fn row(&self, number: usize) -> Option<&(String, String)> {
        self.rows().get(number)
    }

    fn rows(&self) -> &[(String, String)] {
        self.rows.get_or_init(|| self.status.rows())
    }

    fn index(&self, number: usize) -> Option<&IndexStatus> {
        self.status.indexes.get(number)
    }
}

/// The picture of a client as it is now; no call waits for it. HAMIRROR_ERROR_ARGUMENT for NULL,
/// and nothing else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_new(
    client: *const Client,
    out_status: *mut *mut Status,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_status = arguments::out_handle(out_status, "out_status")?;
        let status = need(client, "client")?.status();
        let (rows, prometheus) = (OnceLock::new(), OnceLock::new());
        out_status.write(handle::new(StatusDetail { status, rows, prometheus }));
        Ok(())
    })
}

/// Hosts, in the order in which the configuration names them first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_host_count(status: *const Status) -> usize {
    getter!({ Some(get(status)?.status.hosts.len()) })
}

/// The host of that number from 0; NULL if there is none. It lives until the status is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_host(
    status: *const Status,
    number: usize,
) -> *const Host {
    getter!({ Some(view(get(status)?.status.hosts.get(number)?)) })
}

/// Finds a host by its name in the configuration, NUL-terminated, such as "box1:9312".
/// HAMIRROR_ERROR_UNKNOWN if there is none. It lives until the status is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_find_host(
    status: *const Status,
    name: *const c_char,
    out_host: *mut *const Host,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_host = arguments::out_handle(out_host, "out_host")?;
        let status = need(status, "status")?;
        let name = arguments::text(name, "name")?;
        let host = status.status.host(name).ok_or_else(|| {
            Failed::new(HAMIRROR_ERROR_UNKNOWN, format!("no host '{name}' in the status"))
        })?;
        out_host.write(view(host));
        Ok(())
    })
}

/// Agents of all indexes, blackholes left out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_agent_count(status: *const Status) -> usize {
    getter!({ Some(get(status)?.status.agents.len()) })
}

/// The agent of that number from 0, in the order of the indexes; NULL if there is none. It lives
/// until the status is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_agent(
    status: *const Status,
    number: usize,
) -> *const Agent {
    getter!({ Some(view(get(status)?.status.agents.get(number)?)) })
}

/// Blackholes of all indexes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_blackhole_count(status: *const Status) -> usize {
    getter!({ Some(get(status)?.status.blackholes.len()) })
}

/// The blackhole of that number from 0, in the order of the indexes; NULL if there is none. It
/// lives until the status is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_blackhole(
    status: *const Status,
    number: usize,
) -> *const Agent {
    getter!({ Some(view(get(status)?.status.blackholes.get(number)?)) })
}

/// Distributed indexes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_index_count(status: *const Status) -> usize {
    getter!({ Some(get(status)?.status.indexes.len()) })
}

/// Name of the index of that number from 0, sorted by name; empty if there is none. It lives until
/// the status is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_index_name(status: *const Status, index: usize) -> Text {
    getter!({ Some(Text::from(get(status)?.index(index)?.name.as_str())) })
}

/// Local indexes of the index of that number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_local_count(
    status: *const Status,
    index: usize,
) -> usize {
    getter!({ Some(get(status)?.index(index)?.locals.len()) })
}

/// Name of a local index, by the number of its index and its own, from 0; empty if there is none.
/// It lives until the status is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_local_name(
    status: *const Status,
    index: usize,
    number: usize,
) -> Text {
    getter!({ Some(Text::from(get(status)?.index(index)?.locals.get(number)?.as_str())) })
}

/// Seconds of ha_period_karma.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_period_s(status: *const Status) -> u64 {
    getter!({ Some(get(status)?.status.period.as_secs()) })
}

/// Requests to blackholes that were not sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_blackhole_drops(status: *const Status) -> u64 {
    getter!({ Some(get(status)?.status.blackhole_drops) })
}

/// Connections to agents that were begun, pings included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_agent_connects(status: *const Status) -> u64 {
    getter!({ Some(get(status)?.status.traffic.agent_connects) })
}

/// Attempts of calls beyond the first of each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_agent_retries(status: *const Status) -> u64 {
    getter!({ Some(get(status)?.status.traffic.agent_retries) })
}

/// Requests to the agents of an index.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_dist_queries(status: *const Status) -> u64 {
    getter!({ Some(get(status)?.status.traffic.dist_queries) })
}

/// Answers a statement, NUL-terminated: `SHOW AGENT STATUS`, `SHOW AGENT dist STATUS`,
/// ``SHOW AGENT 'box1:9312' STATUS`` or `SHOW STATUS`, each with or without ``LIKE 'pattern'``.
/// `flavour` is HAMIRROR_FLAVOUR_*. A name that is neither an index nor a host gives the row
/// `status_error`, as it does in a daemon. End the rows with hamirror_rows_free().
///
/// HAMIRROR_ERROR_REQUEST for any other statement.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_show(
    status: *const Status,
    statement: *const c_char,
    flavour: i32,
    out_rows: *mut *mut Rows,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_rows = arguments::out_handle(out_rows, "out_rows")?;
        let status = need(status, "status")?;
        let flavour = match flavour {
            HAMIRROR_FLAVOUR_SPHINX => Flavour::Sphinx2211,
            HAMIRROR_FLAVOUR_MANTICORE => Flavour::Manticore,
            other => return Err(Failed::number("flavour", other)),
        };
        let show = Show::parse(arguments::text(statement, "statement")?)?.flavour(flavour);
        out_rows.write(handle::new(RowsDetail {
            columns: show.columns(),
            rows: status.status.show(&show),
        }));
        Ok(())
    })
}

/// The picture in the text format of Prometheus, version 0.0.4. It lives until the status is
/// freed. It is of this client in this process alone: each process of a prefork server has its
/// own, to be scraped or labelled one by one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_prometheus(status: *const Status) -> Text {
    getter!({
        let status = get(status)?;
        let text = status.prometheus.get_or_init(|| status.status.prometheus());
        Some(Text::from(text.as_str()))
    })
}

/// Rows of SHOW AGENT STATUS as searchd 2.2.11 prints them: its keys, order, formats and units.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_row_count(status: *const Status) -> usize {
    getter!({ Some(get(status)?.rows().len()) })
}

/// Key of the row of that number from 0; empty if there is none. It lives until the status is
/// freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_key(status: *const Status, row: usize) -> Text {
    getter!({ Some(Text::from(get(status)?.row(row)?.0.as_str())) })
}

/// Value of the row of that number from 0; empty if there is none. It lives until the status is
/// freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_value(status: *const Status, row: usize) -> Text {
    getter!({ Some(Text::from(get(status)?.row(row)?.1.as_str())) })
}

/// Ends a status and what was borrowed from it. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_free(status: *mut Status) {
    getter!({
        handle::free(status);
        None
    })
}
