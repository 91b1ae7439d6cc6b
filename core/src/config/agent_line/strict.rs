//! An agent line as this library reads it: what either daemon takes as it is written.

use std::ops::Range;

use super::line::LineText;
use super::mirror::{MirrorText, read_mirror};
use super::options::{self, COMMA_EXPECTED};
use super::scan::{HOST_EXPECTED, MIRROR_EXPECTED, Scan, trim};
use crate::config::fault::Fault;
use crate::config::units::BLANKS;

/// Reads a whole line, with all of its faults.
pub(super) fn read(line: &str, is_blackhole_key: bool) -> LineText {
    let mut reader = StrictReader { line: LineText::default(), is_blackhole_key };
    reader.read_mirrors(line);
    reader.line
}

struct StrictReader {
    line: LineText,
    is_blackhole_key: bool,
}

impl StrictReader {
    /// Reads what stands between the `|`s, going on behind a faulty mirror.
    fn read_mirrors(&mut self, line: &str) {
        if line.is_empty() {
            self.line.faults.push(Fault::whole(line, "HOST:PORT:INDEX-LIST is expected"));
            return;
        }
        if let Some(range) = bar_between_options(line) {
            self.line.faults.push(Fault { range, expected: COMMA_EXPECTED.to_owned() });
            return;
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
                Ok(mirror) => self.line.mirrors.push(mirror),
                Err(fault) => self.line.faults.push(fault),
            }
        }
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
        let mut mirror = read_mirror(&mut scan)?;
        if let Some((range, expected)) = mirror.oddity.take() {
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
        let options = &mut self.line.options;
        let read = options::read(scan.text, inside, self.is_blackhole_key, options);
        self.line.faults.extend(read.faults);
        self.line.oddities.extend(read.oddity);
        Ok(())
    }

    fn warn(&mut self, range: Range<usize>, expected: &str) {
        self.line.oddities.push(Fault { range, expected: expected.to_owned() });
    }
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
