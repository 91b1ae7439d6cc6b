//! The configuration: a file or a text in, distributed indexes out.
//!
//!     hamirror_config *config;
//!     if (hamirror_config_read("sphinx.conf", &config, &error) == HAMIRROR_OK) {
//!         printf("%zu distributed indexes\n", hamirror_config_index_count(config));
//!         hamirror_config_free(config);
//!     }

use std::ffi::c_char;

use hamirror_core::Config as CoreConfig;
use hamirror_core::config::{Agent, Diagnostic as CoreDiagnostic, Mirror, Reading};

use crate::arguments;
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::failed::Failed;
use crate::failed::Told;
use crate::handle::{self, Handle, Owned, get, view};
use crate::panic::{fallible, getter};
use crate::text::Text;

/// Rules of this library: what either daemon takes as it is written is taken, anything else is an
/// error or a warning.
pub const HAMIRROR_READING_STRICT: i32 = 0;
/// Rules of searchd 2.2.11. An agent line, a setting or an index that it skips is skipped with a
/// warning, and a file that it does not start with is an error.
pub const HAMIRROR_READING_SPHINX: i32 = 1;
/// Rules of Manticore: as for 2.2.11, but one bad agent line takes its whole table with it.
pub const HAMIRROR_READING_MANTICORE: i32 = 2;

/// A validated configuration: the searchd section and every distributed index of a sphinx.conf or
/// manticore.conf, or what a hamirror_config_builder was told. It never changes, so any number of
/// threads may use it. A client copies what it needs. End it with hamirror_config_free().
pub struct Config {
    _private: [u8; 0],
}

impl Handle for Config {
    type Rust = ConfigDetail;
    type Ownership = Owned;
}

/// What a pointer to [`Config`] points to.
pub(crate) struct ConfigDetail {
    pub(crate) config: CoreConfig,
    warnings: Vec<Told<CoreDiagnostic>>,
    /// Names of hosts by index, agent and mirror.
    hosts: Vec<Vec<Vec<String>>>,
}

impl ConfigDetail {
    fn mirror(&self, number: usize, agent: usize, mirror: usize) -> Option<&Mirror> {
        self.config.indexes.get(number)?.awaited_agents().nth(agent)?.mirrors.get(mirror)
    }
}

/// Names of the hosts of an agent's mirrors.
fn hosts(agent: &Agent) -> Vec<String> {
    agent.mirrors.iter().map(|mirror| mirror.host.to_string()).collect()
}

impl From<CoreConfig> for ConfigDetail {
    fn from(config: CoreConfig) -> ConfigDetail {
        let warnings = config.warnings.iter().cloned().map(Told::from).collect();
        let indexes = config.indexes.iter();
        let hosts = indexes.map(|index| index.awaited_agents().map(hosts).collect()).collect();
        ConfigDetail { config, warnings, hosts }
    }
}

/// Reads a configuration file by HAMIRROR_READING_STRICT.
///
/// `path` is NUL-terminated, in the file system's encoding. HAMIRROR_ERROR_SYSTEM if the file
/// can't be read, HAMIRROR_ERROR_CONFIG with every fault of it if it can't be used.
///
/// Distributed tables of Manticore's RT mode are read, too: those of the `manticore.json` in the
/// folder that `data_dir` of section `searchd` names.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_read(
    path: *const c_char,
    out_config: *mut *mut Config,
    out_error: *mut *mut Error,
) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { hamirror_config_read_as(path, HAMIRROR_READING_STRICT, out_config, out_error) }
}

/// Reads a configuration file as hamirror_config_read() does, by the rules of `reading`, one of
/// HAMIRROR_READING_*; HAMIRROR_ERROR_ARGUMENT if it is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_read_as(
    path: *const c_char,
    reading: i32,
    out_config: *mut *mut Config,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_config = arguments::out_handle(out_config, "out_config")?;
        let path = arguments::path(path, "path")?;
        let config = CoreConfig::read_as(path, reading_of(reading)?)?;
        out_config.write(handle::new(config.into()));
        Ok(())
    })
}

/// Reads the text of a configuration by HAMIRROR_READING_STRICT; diagnostics call it `name`.
///
/// Both are NUL-terminated UTF-8. HAMIRROR_ERROR_CONFIG with every fault if it can't be used.
/// The text may be what SHOW CREATE TABLE prints of distributed tables, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_parse(
    text: *const c_char,
    name: *const c_char,
    out_config: *mut *mut Config,
    out_error: *mut *mut Error,
) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { hamirror_config_parse_as(text, name, HAMIRROR_READING_STRICT, out_config, out_error) }
}

/// Reads a text as hamirror_config_parse() does, by the rules of `reading`, one of
/// HAMIRROR_READING_*; HAMIRROR_ERROR_ARGUMENT if it is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_parse_as(
    text: *const c_char,
    name: *const c_char,
    reading: i32,
    out_config: *mut *mut Config,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_config = arguments::out_handle(out_config, "out_config")?;
        let (text, name) = (arguments::text(text, "text")?, arguments::text(name, "name")?);
        let config = CoreConfig::parse_as(text, name, reading_of(reading)?)?;
        out_config.write(handle::new(config.into()));
        Ok(())
    })
}

/// Distributed indexes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_index_count(config: *const Config) -> usize {
    getter!({ Some(get(config)?.config.indexes.len()) })
}

/// Name of the distributed index of that number from 0, in the order of the text; empty if there
/// is none. It lives until the configuration is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_index_name(config: *const Config, number: usize) -> Text {
    getter!({ Some(Text::from(get(config)?.config.indexes.get(number)?.name.as_str())) })
}

/// Agents of the distributed index of that number from 0 that answers are awaited from, so no
/// blackholes; 0 if there is no such index. They are numbered from 0 in the order that a master
/// uses: lines of `agent`, `agent_persistent`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_agent_count(
    config: *const Config,
    number: usize,
) -> usize {
    getter!({
        let index = get(config)?.config.indexes.get(number)?;
        Some(index.awaited_agents().count())
    })
}

/// Mirrors of an agent; 0 if there is none. `number` is that of the distributed index from 0, and
/// `agent` that of the agent from 0, as hamirror_config_agent_count() counts them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_mirror_count(
    config: *const Config,
    number: usize,
    agent: usize,
) -> usize {
    getter!({ Some(get(config)?.hosts.get(number)?.get(agent)?.len()) })
}

/// Host of the mirror of that number from 0, as status and errors name it: `box1:9312`, or the
/// path of a socket. Empty if there is none. It lives until the configuration is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_mirror_host(
    config: *const Config,
    number: usize,
    agent: usize,
    mirror: usize,
) -> Text {
    getter!({
        Some(Text::from(get(config)?.hosts.get(number)?.get(agent)?.get(mirror)?.as_str()))
    })
}

/// Index list that the mirror of that number from 0 is asked for, as it is written; empty if there
/// is none. It lives until the configuration is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_mirror_index_list(
    config: *const Config,
    number: usize,
    agent: usize,
    mirror: usize,
) -> Text {
    getter!({ Some(Text::from(get(config)?.mirror(number, agent, mirror)?.index_list.as_str())) })
}

/// Oddities that do not stop anything.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_warning_count(config: *const Config) -> usize {
    getter!({ Some(get(config)?.warnings.len()) })
}

/// The warning of that number from 0; NULL if there is none. It lives until the configuration is
/// freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_warning(
    config: *const Config,
    number: usize,
) -> *const Diagnostic {
    getter!({ Some(view(get(config)?.warnings.get(number)?)) })
}

/// Ends a configuration and everything that was borrowed from it; clients made of it live on.
/// NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_free(config: *mut Config) {
    getter!({
        handle::free(config);
        None
    })
}

/// The reading of that number.
pub(crate) fn reading_of(number: i32) -> Result<Reading, Failed> {
    match number {
        HAMIRROR_READING_STRICT => Ok(Reading::Strict),
        HAMIRROR_READING_SPHINX => Ok(Reading::Sphinx),
        HAMIRROR_READING_MANTICORE => Ok(Reading::Manticore),
        other => Err(Failed::number("reading", other)),
    }
}
