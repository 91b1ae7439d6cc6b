//! An agent line as searchd 2.2.11 reads it, found by asking one (core/docs/spec/distributed.md
//! 6.1).
//!
//! Two of its ways are not followed, for they end in wrong results: it adds the mirrors of a
//! skipped line to the next one, and it sends empty index lists, which no request goes without.

use std::ops::Range;
use std::path::PathBuf;

use super::line::LineText;
use super::mirror::{MirrorText, Oddity, is_host_letter};
use super::options::AgentOptions;
use super::scan::{Scan, trim};
use crate::config::fault::Fault;
use crate::config::model::{HaStrategy, HostAddress};
use crate::config::units::{BLANKS, read_c_number};
use crate::limits;

/// Reads a whole line, as far as the daemon does.
pub(super) fn read(line: &str) -> LineText {
    let scan = Scan::new(line, 0..line.len());
    let mut reader =
        SphinxReader { scan, current: CurrentMirror::default(), line: LineText::default() };
    let fault = reader.read_line(line).err();
    reader.line.faults.extend(fault);
    reader.line
}

struct SphinxReader<'a> {
    scan: Scan<'a>,
    current: CurrentMirror,
    line: LineText,
}

/// What is known of the mirror that is being read: without a `|`, the next one takes its place.
#[derive(Default)]
struct CurrentMirror {
    host: Option<HostAddress>,
    range: Range<usize>,
    list: Option<Range<usize>>,
    oddity: Option<Oddity>,
}

impl SphinxReader<'_> {
    fn read_line(&mut self, line: &str) -> Result<(), Fault> {
        if self.scan.peek() == Some('[') {
            self.read_options();
        }
        while !self.scan.rest().is_empty() {
            self.read_mirror()?;
        }
        self.end_mirror(line)
    }

    /// `HOST:PORT[:LIST]` or `/PATH:LIST`, and the sign that ends it.
    fn read_mirror(&mut self) -> Result<(), Fault> {
        let start = self.scan.at;
        let host = self.scan.take_while(|letter| is_host_letter(letter) || letter == '/');
        if host.is_empty() {
            return Err(self.scan.fault("host name or path expected"));
        }
        if self.scan.rest().is_empty() {
            self.warn(host, "a mirror is expected; it is ignored");
            return Ok(());
        }
        if self.scan.peek() != Some(':') {
            return Err(self.scan.fault("colon expected"));
        }
        self.scan.at += 1;
        let is_path = self.scan.text[start..].starts_with('/');
        let (address, oddity) =
            if is_path { (self.path(host)?, None) } else { self.name_and_port(host)? };
        if self.current.host.is_some() {
            let lost = self.current.range.clone();
            self.warn(lost, "'|' is expected after it; the next mirror takes its place");
        }
        self.current.host = Some(address);
        self.current.oddity = oddity;
        self.current.range = start..self.scan.at;
        if is_path {
            return self.read_list();
        }
        match self.scan.peek() {
            Some(':') => {
                self.scan.at += 1;
                self.read_list()
            }
            Some('|') => {
                self.scan.at += 1;
                self.end_mirror("")
            }
            Some('[' | ']') => {
                self.end_mirror("")?;
                self.read_options();
                Ok(())
            }
            _ => Err(self.scan.fault("colon expected")),
        }
    }

    fn path(&self, range: Range<usize>) -> Result<HostAddress, Fault> {
        if range.len() > limits::UNIX_PATH_MAX {
            return Err(Fault { range, expected: "UNIX socket path is too long".to_owned() });
        }
        Ok(HostAddress::Unix(PathBuf::from(&self.scan.text[range])))
    }

    fn name_and_port(
        &mut self,
        name: Range<usize>,
    ) -> Result<(HostAddress, Option<Oddity>), Fault> {
        let digits = self.scan.take_while(|letter| letter.is_ascii_digit());
        if digits.is_empty() {
            return Err(self.scan.fault("port number expected"));
        }
        let (number, _) = read_c_number(&self.scan.text[digits.clone()]);
        let port = u16::try_from(number).ok().filter(|&port| port > 0);
        let port = port.ok_or_else(|| self.scan.fault("invalid port number"))?;
        let is_cut = digits.len() > 9;
        let oddity =
            is_cut.then_some((digits, "at most 65535 is expected; 32 bits of it are used"));
        if self.scan.text[name.clone()].contains('/') || name.len() > limits::HOST_NAME_MAX {
            return Err(Fault { range: name, expected: "failed to lookup host name".to_owned() });
        }
        Ok((HostAddress::Tcp { name: self.scan.text[name].to_owned(), port }, oddity))
    }

    /// What stands behind a mirror's last colon.
    fn read_list(&mut self) -> Result<(), Fault> {
        let range = self.scan.take_while(is_list_letter);
        self.current.range.end = range.end;
        let range = trim(self.scan.text, range);
        let mut names = self.scan.text[range.clone()].split(',');
        if self.current.oddity.is_none() && names.any(|name| name.trim().contains(BLANKS)) {
            let oddity = "',' is expected between index names; sent as it is";
            self.current.oddity = Some((range.clone(), oddity));
        }
        self.current.list = Some(range);
        match self.scan.peek() {
            None => Ok(()),
            Some('|') => {
                self.scan.at += 1;
                self.end_mirror("")
            }
            Some('[' | ']') => {
                self.read_options();
                Ok(())
            }
            Some(_) => Err(self.scan.fault("index list expected")),
        }
    }

    /// Keeps the mirror; `line` is what lacks it if there is none.
    fn end_mirror(&mut self, line: &str) -> Result<(), Fault> {
        let CurrentMirror { host, range, list, oddity } = std::mem::take(&mut self.current);
        let host = host.ok_or_else(|| Fault::whole(line, "invalid host name 'empty'"))?;
        let has_list = |list: &Range<usize>| {
            self.scan.text[list.clone()].contains(|letter: char| is_name_letter(letter))
        };
        let has_empty_list = list.as_ref().is_some_and(|list| !has_list(list));
        let list = list.filter(has_list);
        let range = trim(self.scan.text, range);
        self.line.mirrors.push(MirrorText { host, range, list, has_empty_list, oddity });
        Ok(())
    }

    /// Reads options from the `[` or `]` that stands here up to the next `[`, `]` or `|`; without
    /// one, the last option is lost.
    fn read_options(&mut self) {
        self.scan.at += 1;
        let inside = self.scan.take_while(|letter| !matches!(letter, '[' | ']' | '|'));
        let is_closed = self.scan.peek().is_some();
        self.scan.at = (self.scan.at + 1).min(self.scan.text.len());
        let mut start = inside.start;
        for pair in self.scan.text[inside.clone()].split(',') {
            let range = start..start + pair.len();
            start = range.end + 1;
            if is_closed || range.end < inside.end {
                self.read_option(range);
            } else {
                self.warn(range, "']' is expected after the options; it is ignored");
            }
        }
    }

    /// Words count by their beginnings, and what is no word before them does not.
    fn read_option(&mut self, range: Range<usize>) {
        let mut range = trim(self.scan.text, range);
        let pair = &self.scan.text[range.clone()];
        let value = pair.split_once('=').map_or("", |(_, value)| skip_to_word(value));
        let option = skip_to_word(pair);
        if value.is_empty() || option.len() < 2 {
            self.warn(range, "OPTION=VALUE is expected; it is ignored");
        } else if !take_option(option, value, &mut self.line.options) {
            range.start = range.end - option.len();
            self.warn(range, "unknown agent option; it is ignored");
        }
    }

    fn warn(&mut self, range: Range<usize>, expected: &str) {
        self.line.oddities.push(Fault { range, expected: expected.to_owned() });
    }
}

/// `false` if the daemon doesn't know the option.
fn take_option(option: &str, value: &str, options: &mut AgentOptions) -> bool {
    if option.starts_with("conn")
        && ["pconn", "persistent"].iter().any(|word| value.starts_with(word))
    {
        options.persistent = Some(());
    } else if option.starts_with("ha_strategy")
        && let Some(strategy) = HaStrategy::parse_start(value)
    {
        options.ha_strategy = Some(strategy);
    } else if option.starts_with("blackhole") {
        options.blackhole = Some(read_c_number(value).0 != 0);
    } else {
        return false;
    }
    true
}

fn skip_to_word(text: &str) -> &str {
    text.trim_start_matches(|letter: char| !is_name_letter(letter) && letter != '-')
}

fn is_name_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn is_list_letter(letter: char) -> bool {
    is_name_letter(letter) || matches!(letter, '-' | ',' | ' ' | '\t')
}
