//! The client: a configuration at work.
//!
//!     code = hamirror_client_new(config, NULL, &client, &error);
//!     if (code == HAMIRROR_OK)
//!         code = hamirror_client_search(client, "packages", search, NULL, &result, &error);
//!     hamirror_client_free(client); // at the end of the program

use std::ffi::c_char;

use hamirror_core::Client as CoreClient;

use crate::arguments;
use crate::config::Config;
use crate::error::Error;
use crate::handle::{self, Handle, Owned, get, need};
use crate::options::{self, CallOptions, ClientOptions};
use crate::panic::{fallible, getter};
use crate::reply::Reply;
use crate::request::Request;
use crate::result::SearchResult;
use crate::search::Search;

/// Asks distributed indexes. Every function takes it as const: any number of threads may share
/// one client, and should, for its connections and its record of the hosts.
///
/// It has a thread of its own for pings and blackholes, started when first needed, and sixteen at
/// most while names are looked up. They are joined when the last handle and the last batch of the
/// client are freed, unless the look-up of a name or the dynamic loader's lock holds one up: that
/// one ends by itself. After a fork, the child works with the client as the parent does, on
/// connections of its own.
pub struct Client {
    _private: [u8; 0],
}

impl Handle for Client {
    type Rust = CoreClient;
    type Ownership = Owned;
}

/// A client of all distributed indexes of a configuration. Nothing is connected or looked up
/// before the first call.
///
/// `options` may be NULL for the defaults. HAMIRROR_ERROR_ARGUMENT if an option has none of its
/// values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_new(
    config: *const Config,
    options: *const ClientOptions,
    out_client: *mut *mut Client,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_client = arguments::out_handle(out_client, "out_client")?;
        let config = need(config, "config")?;
        let client = CoreClient::with_options(&config.config, options::client(options)?)?;
        out_client.write(handle::new(client));
        Ok(())
    })
}

/// Another handle of the same client, to be freed on its own; NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_clone(client: *const Client) -> *mut Client {
    getter!({ Some(handle::new(get(client)?.clone())) })
}

/// Takes over a new configuration, for all handles of the client and while searches go on. Calls
/// under way end as they began; hosts that stay keep their record and connections (their record
/// only with the same ha_period_karma).
///
/// HAMIRROR_ERROR_ARGUMENT for NULL, and nothing else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_reload(
    client: *const Client,
    config: *const Config,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let client = need(client, "client")?;
        client.reload(&need(config, "config")?.config);
        Ok(())
    })
}

/// Searches all agents of an index, waits for them, and merges their answers as a master does.
///
/// `index` is NUL-terminated; `options` may be NULL for the defaults. End the result with
/// hamirror_result_free(). HAMIRROR_ERROR_UNKNOWN if there is no such index,
/// HAMIRROR_ERROR_REQUEST if the search can't be asked, HAMIRROR_ERROR_UNANSWERED if too few
/// agents answered, HAMIRROR_ERROR_MERGE if their answers do not fit together,
/// HAMIRROR_ERROR_SYSTEM as of hamirror_batch_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_search(
    client: *const Client,
    index: *const c_char,
    search: *const Search,
    options: *const CallOptions,
    out_result: *mut *mut SearchResult,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_result = arguments::out_handle(out_result, "out_result")?;
        let client = need(client, "client")?;
        let index = arguments::text(index, "index")?;
        let options = options::call(options)?;
        // Its own copy, for the handle may be changed or freed while this waits.
        let search = need(search, "search")?.read("search")?.get()?.clone();
        let result = client.search_with(index, &search, &options)?;
        out_result.write(handle::new(result.into()));
        Ok(())
    })
}

/// Asks one agent of an index, by its number from 0, and waits for its answer.
///
/// `index` is NUL-terminated; `options` may be NULL for the defaults. End the reply with
/// hamirror_reply_free(). HAMIRROR_ERROR_UNKNOWN if there is no such index or agent,
/// HAMIRROR_ERROR_REQUEST if the request can't be sent or is incomplete,
/// HAMIRROR_ERROR_UNANSWERED with one failure if no mirror answered, HAMIRROR_ERROR_CALLBACK if a
/// callback of the request ended it, HAMIRROR_ERROR_MISUSE for a write to an agent with several
/// mirrors, as that goes to all of them: see hamirror_batch_add_index(), HAMIRROR_ERROR_SYSTEM as
/// of hamirror_batch_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_call(
    client: *const Client,
    index: *const c_char,
    agent: usize,
    request: *const Request,
    options: *const CallOptions,
    out_reply: *mut *mut Reply,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_reply = arguments::out_handle(out_reply, "out_reply")?;
        let client = need(client, "client")?;
        let index = arguments::text(index, "index")?;
        // A reference of its own, for a callback may free the handle.
        let request = need(request, "request")?.clone();
        let reply = client.call_with(index, agent, &request, &options::call(options)?)?;
        out_reply.write(handle::new(reply));
        Ok(())
    })
}

/// Looks all host names up again, as FLUSH HOSTNAMES of a daemon does, in the background.
/// Connections to addresses that a name has left are not used again; while a look-up fails, the
/// last good addresses serve.
///
/// HAMIRROR_ERROR_ARGUMENT for NULL, and nothing else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_flush_hostnames(
    client: *const Client,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        need(client, "client")?.flush_hostnames();
        Ok(())
    })
}

/// Looks all names up again as hamirror_client_flush_hostnames() does, and says for how many
/// hosts. `out_count` may be NULL.
///
/// HAMIRROR_ERROR_ARGUMENT for a client that is NULL, and nothing else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_refresh_hostnames(
    client: *const Client,
    out_count: *mut usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let count = need(client, "client")?.flush_hostnames();
        arguments::write_if_wanted(out_count, count);
        Ok(())
    })
}

/// Says where a host listens, in place of what look-ups say: for programs that know better, from a
/// service registry for instance. It holds until the next call of this, for as long as the
/// configuration names the host.
///
/// `host` is its name in the configuration with its port, such as "box1:9312". `addresses` are
/// `addresses_len` NUL-terminated texts, "10.0.0.1:9312" or "[::1]:9312", which are tried in this
/// order; one without a port has the host's own. With none of them
/// look-ups count again.
///
/// HAMIRROR_ERROR_UNKNOWN if there is no such host, HAMIRROR_ERROR_REQUEST if a text is no
/// address, HAMIRROR_ERROR_MISUSE for a unix socket; then all stays as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_set_addresses(
    client: *const Client,
    host: *const c_char,
    addresses: *const *const c_char,
    addresses_len: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let client = need(client, "client")?;
        let host = arguments::text(host, "host")?;
        let texts = arguments::texts(addresses, addresses_len, "addresses", "addresses[]")?;
        Ok(client.set_address_texts(host, &texts)?)
    })
}

/// Ends a handle of a client. With the last handle and the last batch the connections are closed,
/// the thread ends, and lines that a hamirror_log_callback takes at that time are waited for: none
/// comes later. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_free(client: *mut Client) {
    getter!({
        handle::free(client);
        None
    })
}
