//! The value of `agent`, `agent_persistent` and `agent_blackhole`, in the words of both daemons
//! (distributed.md 6.1): `host[:port][:index-list] { '|' .. } [ '[' option { ',' option } ']' ]`.

use std::ops::Range;

use super::budget::Budget;
use super::diagnostics::Diagnostics;
use super::directive_options::{self, AgentOptions, COMMA_EXPECTED};
use super::mirror::{MirrorText, read_mirror};
use super::model::{Agent, Mirror};
use super::placed::PlacedText;
use super::reading::Reading;
use super::units::Fault;
use super::{directive_manticore, directive_sphinx};
use crate::limits;

/// Which key an agent line stands behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AgentKey {
    Plain,
    Persistent,
    Blackhole,
}

impl AgentKey {
    /// In the order in which a master numbers agents: first all `agent` lines, and so on.
    pub(super) const ALL: [Self; 3] = [Self::Plain, Self::Persistent, Self::Blackhole];

    /// The key's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "agent",
            Self::Persistent => "agent_persistent",
            Self::Blackhole => "agent_blackhole",
        }
    }
}

/// What a daemon makes of a line.
#[derive(Debug, Default)]
pub(super) struct LenientLine {
    pub(super) mirrors: Vec<MirrorText>,
    pub(super) options: AgentOptions,
    /// What is odd in the line, and what is done about it.
    pub(super) oddities: Vec<Fault>,
    /// Why the daemon does not take the line.
    pub(super) fault: Option<Fault>,
}

/// A line of an index, and by whose rules it is read.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) key: AgentKey,
    pub(super) value: &'a PlacedText,
    pub(super) index_name: &'a str,
    pub(super) reading: Reading,
    /// What a fault leads to, in words.
    pub(super) after_fault: &'static str,
}

/// Reads one line; `None` if it has a fault.
pub(super) fn read_agent(
    line: Line<'_>,
    budget: &mut Budget,
    diagnostics: &mut Diagnostics,
) -> Option<Agent> {
    let Line { key, value, index_name, reading, .. } = line;
    if budget.is_spent() {
        return None;
    }
    if let Err(fault) = check_line(&value.text, budget) {
        diagnostics.error(value, fault.range, fault.expected);
        return None;
    }
    let options = AgentOptions::default();
    let mut reader = AgentReader { line, diagnostics, options, is_faulty: false };
    let texts = match reading {
        Reading::Strict => reader.read_mirrors(),
        Reading::Sphinx => reader.take(directive_sphinx::read(&value.text)),
        Reading::Manticore => reader.take(directive_manticore::read(&value.text)),
    };
    if reader.is_faulty {
        return None;
    }
    let mirrors = reader.complete(texts, index_name, budget)?;
    reader.warn_of_many_retries(mirrors.len());
    let options = reader.options;
    Some(Agent {
        line: value.text.clone(),
        mirrors,
        persistent: key == AgentKey::Persistent || options.persistent.is_some(),
        blackhole: options.blackhole.unwrap_or(key == AgentKey::Blackhole),
        ha_strategy: options.ha_strategy,
        retry_count: options.retry_count,
    })
}

/// Refuses what is too much to be read.
fn check_line(line: &str, budget: &mut Budget) -> Result<(), Fault> {
    budget.take(size_of::<Agent>() + line.len(), line)?;
    if line.len() > limits::AGENT_LINE_MAX {
        let max = limits::AGENT_LINE_MAX;
        return Err(Fault::whole(line, format!("at most {max} bytes are expected")));
    }
    if line.split('|').count() > limits::MIRRORS_MAX {
        let max = limits::MIRRORS_MAX;
        return Err(Fault::whole(line, format!("at most {max} mirrors are expected")));
    }
    Ok(())
}

struct AgentReader<'a> {
    line: Line<'a>,
    diagnostics: &'a mut Diagnostics,
    options: AgentOptions,
    is_faulty: bool,
}

impl AgentReader<'_> {
    /// Reads what stands between the `|`s, going on behind a faulty mirror.
    fn read_mirrors(&mut self) -> Vec<MirrorText> {
        let line = self.line.value.text.as_str();
        let mut mirrors = Vec::new();
        if line.is_empty() {
            self.handle_fault(Fault::whole(line, "HOST:PORT:INDEX-LIST is expected"));
            return mirrors;
        }
        if let Some(range) = bar_between_options(line) {
            self.handle_fault(Fault { range, expected: COMMA_EXPECTED.to_owned() });
            return mirrors;
        }
        let is_blank = |part: &str| part.trim_matches(BLANKS).is_empty();
        let has_mirror = !line.split('|').all(is_blank);
        let mut start = 0;
        for part in line.split('|') {
            let range = start..start + part.len();
            start = range.end + 1;
            if has_mirror && is_blank(part) {
                self.warn(trim(line, range), MIRROR_EXPECTED);
                continue;
            }
            match self.read_part(line, range) {
                Ok(mirror) => mirrors.push(mirror),
                Err(fault) => self.handle_fault(fault),
            }
        }
        mirrors
    }

    /// Takes over what a daemon makes of the line.
    fn take(&mut self, line: LenientLine) -> Vec<MirrorText> {
        let LenientLine { mirrors, options, oddities, fault } = line;
        self.options = options;
        let mirror_oddities = mirrors.iter().filter_map(|mirror| mirror.oddity.clone());
        for (range, expected) in mirror_oddities {
            self.warn(range, expected);
        }
        for Fault { range, expected } in oddities {
            self.warn(range, expected);
        }
        if let Some(fault) = fault {
            self.handle_fault(fault);
        }
        mirrors
    }

    fn read_part(&mut self, line: &str, part: Range<usize>) -> Result<MirrorText, Fault> {
        let mut scan = Scan::new(line, part.clone());
        if scan.peek() == Some('[') && !starts_with_ipv6(scan.rest()) {
            if part.start > 0 {
                return Err(scan.fault(HOST_EXPECTED));
            }
            self.read_options(
                &mut scan,
                "options are expected at the end of the line; \
                they count for all of it",
            )?;
        }
        let mirror = read_mirror(&mut scan)?;
        if let Some((range, expected)) = mirror.oddity.clone() {
            self.warn(range, expected);
        }
        if scan.peek() == Some('[') {
            let is_last = part.end == line.len();
            let oddity = "options are expected at the end of the line; they count for all of it";
            self.read_options(&mut scan, if is_last { "" } else { oddity })?;
            if scan.peek().is_some() {
                return Err(scan.fault("'|' or the end of the line is expected after ']'"));
            }
        }
        match scan.peek() {
            Some(':') => Err(scan.fault("no blank is expected before ':'")),
            Some(_) => Err(scan.fault("':', '|', '[' or the end of the line is expected")),
            None => Ok(mirror),
        }
    }

    /// Reads `[..]`; `oddity` is what is odd about its place, empty if nothing is.
    fn read_options(&mut self, scan: &mut Scan<'_>, oddity: &str) -> Result<(), Fault> {
        let start = scan.at;
        let Some(length) = scan.rest().find(']') else {
            return Err(scan.fault("']' is expected after the options"));
        };
        let inside = start + 1..start + length;
        scan.at = inside.end + 1;
        scan.skip_blanks();
        if !oddity.is_empty() {
            self.warn(start..inside.end + 1, oddity);
        }
        let is_blackhole_key = self.line.key == AgentKey::Blackhole;
        let read = directive_options::read(scan.text, inside, is_blackhole_key, &mut self.options);
        for fault in read.faults {
            self.handle_fault(fault);
        }
        if let Some(Fault { range, expected }) = read.oddity {
            self.warn(range, expected);
        }
        Ok(())
    }

    /// Gives each mirror its index list: its own, else that of the next mirror to the right, else
    /// the index's own name.
    fn complete(
        &mut self,
        texts: Vec<MirrorText>,
        index_name: &str,
        budget: &mut Budget,
    ) -> Option<Vec<Mirror>> {
        let line = self.line.value.text.as_str();
        let has_list = texts.iter().any(|text| text.list.is_some());
        let mut list = index_name;
        let mut is_own_name = true;
        let mut mirrors = Vec::with_capacity(texts.len());
        for text in texts.into_iter().rev() {
            if let Some(range) = text.list {
                list = &line[range];
                is_own_name = false;
            } else if text.has_empty_list || (is_own_name && has_list) {
                let used = if is_own_name { "the index's own name" } else { "the next mirror's" };
                let expected = format!("an index list is expected; {used} is used");
                self.warn(text.range, expected);
            }
            if let Err(Fault { range, expected }) =
                budget.take(size_of::<Mirror>() + list.len(), line)
            {
                self.diagnostics.error(self.line.value, range, expected);
                return None;
            }
            mirrors.push(Mirror { host: text.host, index_list: list.to_owned() });
        }
        mirrors.reverse();
        Some(mirrors)
    }

    /// As for `agent_retry_count`, no more rounds are made than any daemon takes.
    fn warn_of_many_retries(&mut self, mirrors: usize) {
        let rounds_max = limits::AGENT_RETRY_COUNT_MAX;
        let mirrors = u32::try_from(mirrors).unwrap_or(u32::MAX);
        let max = (rounds_max + 1).saturating_mul(mirrors) - 1;
        if self.options.retry_count.is_some_and(|count| count > max) {
            let expected =
                format!("a retry_count of at most {max} is expected; {max} retries are made");
            self.warn(0..self.line.value.text.len(), expected);
        }
    }

    fn handle_fault(&mut self, Fault { range, expected }: Fault) {
        self.is_faulty = true;
        let expected = expected + self.line.after_fault;
        if self.line.reading.is_lenient() {
            self.warn(range, expected);
        } else {
            self.diagnostics.error(self.line.value, range, expected);
        }
    }

    fn warn(&mut self, range: Range<usize>, expected: impl Into<String>) {
        self.diagnostics.warning(self.line.value, range, expected);
    }
}

/// A part of a line, read from left to right.
pub(super) struct Scan<'a> {
    /// The line up to the end of the part, without blanks there.
    pub(super) text: &'a str,
    /// Byte of the line that is read next.
    pub(super) at: usize,
}

impl<'a> Scan<'a> {
    /// The part of a line, less the blanks around it.
    pub(super) fn new(line: &'a str, part: Range<usize>) -> Self {
        let part = trim(line, part);
        Self { text: &line[..part.end], at: part.start }
    }

    /// What is not read yet.
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Takes letters as long as they fit.
    pub(super) fn take_while(&mut self, fits: impl Fn(char) -> bool) -> Range<usize> {
        let rest = self.rest();
        let length = rest.find(|letter| !fits(letter)).unwrap_or(rest.len());
        let start = self.at;
        self.at += length;
        start..self.at
    }

    pub(super) fn skip_blanks(&mut self) {
        self.take_while(|letter| BLANKS.contains(&letter));
    }

    /// A fault in what is not read yet.
    pub(super) fn fault(&self, expected: impl Into<String>) -> Fault {
        Fault { range: self.at..self.text.len(), expected: expected.into() }
    }
}

/// The range without blanks at its ends.
pub(super) fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let inner = &text[range.clone()];
    let start = range.start + (inner.len() - inner.trim_start_matches(BLANKS).len());
    start..start + inner.trim_matches(BLANKS).len()
}

/// The `|` of `[conn=pconn|blackhole=1]`, which parts mirrors, not options.
fn bar_between_options(line: &str) -> Option<Range<usize>> {
    let end = line.find(']')?;
    let start = line[..end].rfind('[')?;
    let (before, after) = line[start..end].split_once('|')?;
    let at = start + before.len();
    (before.contains('=') && after.contains('=')).then_some(at..at + 1)
}

/// `[::1]` is a host, `[conn=pconn]` are options.
fn starts_with_ipv6(text: &str) -> bool {
    let inside = text.split(']').next().unwrap_or(text);
    inside.contains(':') && !inside.contains('=')
}

/// White space inside a line.
pub(super) const BLANKS: [char; 2] = [' ', '\t'];

/// What stands beside a `|` that parts nothing.
pub(super) const MIRROR_EXPECTED: &str = "a mirror is expected beside each '|'; it is ignored";

/// Where a mirror has to begin.
pub(super) const HOST_EXPECTED: &str = "a host name, an address or a socket path is expected";
