//! A `sphinx.conf` or `manticore.conf` in, an immutable validated model out.
//!
//! One reader serves both daemons. It is strict: what either takes as it is written is taken,
//! anything else is an error or a warning with its place. By another [`Reading`] it takes, skips
//! and refuses what one of them does.

mod agent_line;
mod budget;
mod build;
mod builder;
mod diagnostics;
mod fault;
mod index;
mod known_keys;
mod model;
mod placed;
mod reading;
mod section;
mod settings;
mod sphinx_file;
mod tables;
mod text;
mod units;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

pub use builder::ConfigBuilder;
pub use model::{
    Agent, CallSettings, Config, DistributedIndex, HaStrategy, HostAddress, HostnameLookup,
    Mirror, Searchd,
};
pub use reading::Reading;

pub use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::error::{Error, SystemError};
use crate::limits;
use diagnostics::Diagnostics;
use placed::PlacedText;
use section::Sections;

impl Config {
    /// Reads a configuration file. Bytes that are no UTF-8 are let pass in comments and in what
    /// is skipped. A file that can't be read is an [`Error::System`].
    ///
    /// Where section `searchd` has a `data_dir`, which is Manticore's RT mode, the distributed
    /// tables of the `manticore.json` in that folder are read, too.
    pub fn read(path: impl AsRef<Path>) -> Result<Config, Error> {
        Config::read_as(path, Reading::Strict)
    }

    /// Reads a configuration file as [`Self::read`] does, by the rules of that reading.
    pub fn read_as(path: impl AsRef<Path>, reading: Reading) -> Result<Config, Error> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let bytes = read_bytes(path).map_err(|error| {
            let error = SystemError::new(format_args!("configuration '{name}'"), error);
            Error::System(SystemError { path: Some(path.to_owned()), ..error })
        })?;
        parse(&String::from_utf8_lossy(&bytes), &name, reading, Some(&read_bytes))
    }

    /// Reads the text of a configuration; errors and warnings call it `name`. All errors of the
    /// text are listed in [`Error::Config`].
    ///
    /// The text may be what SHOW CREATE TABLE prints of distributed tables, with `;` between them:
    ///
    /// ```
    /// use hamirror::Config;
    ///
    /// let text = "CREATE TABLE docs type='distributed' agent='box1:9312|box2:9312:shard1'";
    /// let config = Config::parse(text, "docs")?;
    /// assert_eq!(config.index("docs").map(|index| index.agents[0].mirrors.len()), Some(2));
    /// # Ok::<(), hamirror::Error>(())
    /// ```
    pub fn parse(text: &str, name: &str) -> Result<Config, Error> {
        Config::parse_as(text, name, Reading::Strict)
    }

    /// Reads a text as [`Self::parse`] does, by the rules of that reading.
    ///
    /// ```
    /// use hamirror::config::{Config, Reading};
    ///
    /// let agents = " agent = box2:9312:docs\n agent = box1:docs\n";
    /// let index = format!("index docs {{\n type = distributed\n{agents}}}\n");
    /// let text = index + "searchd {\n pid_file = /run/searchd.pid\n}\n";
    /// let config = Config::parse_as(&text, "sphinx.conf", Reading::Sphinx)?;
    /// assert_eq!(config.indexes[0].agents.len(), 1);
    /// assert_eq!(
    ///     config.warnings[0].to_string(),
    ///     "sphinx.conf:4:15: 'docs': port number expected; the agent is skipped"
    /// );
    /// # Ok::<(), hamirror::Error>(())
    /// ```
    pub fn parse_as(text: &str, name: &str, reading: Reading) -> Result<Config, Error> {
        parse(text, name, reading, None)
    }
}

/// Reads a text, and with `read` the file that it refers to.
fn parse(
    text: &str,
    name: &str,
    reading: Reading,
    read: Option<tables::ReadFile<'_>>,
) -> Result<Config, Error> {
    let source: Arc<str> = Arc::from(name);
    let rest = text.strip_prefix(BYTE_ORDER_MARK);
    let has_mark = rest.is_some();
    let text = rest.unwrap_or(text);
    refuse_strange_text(text, &source)?;
    let mut diagnostics = Diagnostics::default();
    let has_statements = tables::is_statement(text);
    let is_sphinx = reading == Reading::Sphinx && !has_statements;
    if is_sphinx {
        sphinx_file::check_lines(has_mark, text, &source, &mut diagnostics);
    }
    let mut other = None;
    let sections = if has_statements {
        tables::read_statements(text, &source, &mut diagnostics)
    } else {
        let mut sections = text::read_sections(text, &source, reading, &mut diagnostics);
        if !is_sphinx {
            other = tables::read_data_dir(&mut sections, read, &mut diagnostics);
        }
        sections
    };
    let sections = Sections::resolve(sections, reading, &mut diagnostics);
    let mut config = build::build_config(&sections, reading, &mut diagnostics);
    if is_sphinx {
        sphinx_file::check_sections(&sections, &config, &source, &mut diagnostics);
    }
    let other = other.as_ref().map(|other| (&*other.source, other.text.as_str()));
    let texts: Vec<(&str, &str)> = other.into_iter().chain([(name, text)]).collect();
    config.warnings = diagnostics.finish(&texts)?;
    Ok(config)
}

/// Editors of Windows begin a text with it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Never more than one byte above what is taken, so that a device without end does no harm.
fn read_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let size_max = u64::try_from(limits::CONFIG_SIZE_MAX).unwrap_or(u64::MAX);
    File::open(path)?.take(size_max.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What is no configuration at all gets one error, not one for each of its lines.
fn refuse_strange_text(text: &str, source: &Arc<str>) -> Result<(), Error> {
    let mut place = PlacedText::new(source, 0, 0);
    let expected = if text.len() > limits::CONFIG_SIZE_MAX {
        place.text = "its size".to_owned();
        format!("at most {} bytes are expected", limits::CONFIG_SIZE_MAX)
    } else if text.starts_with("#!") {
        place = PlacedText::new(source, 1, 1);
        place.text.extend(text.lines().next());
        "a configuration is expected; run the script and hand in what it prints".to_owned()
    } else if let Some(before) = text.split_once('\0').map(|(before, _)| before) {
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        let [line, column] = [line, column].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
        place = PlacedText::new(source, line, column);
        place.text.push('\0');
        "text is expected; a NUL byte stands here".to_owned()
    } else {
        return Ok(());
    };
    let mut diagnostics = Diagnostics::default();
    diagnostics.error_whole(&place, expected);
    diagnostics.finish(&[(source, text)]).map(drop)
}
