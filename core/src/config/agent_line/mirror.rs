//! One mirror of an agent line: where it listens and what to ask it for.

use std::net::Ipv6Addr;
use std::ops::Range;
use std::path::PathBuf;

use super::scan::{HOST_EXPECTED, Scan, trim};
use crate::config::fault::Fault;
use crate::config::model::HostAddress;
use crate::config::units::BLANKS;
use crate::limits;

/// A mirror as it is written.
#[derive(Debug)]
pub(super) struct MirrorText {
    pub(super) host: HostAddress,
    /// Where in the line it stands, its options left out.
    pub(super) range: Range<usize>,
    /// Where in the line its index list stands.
    pub(super) list: Option<Range<usize>>,
    /// A `:` for a list, and no list.
    pub(super) has_empty_list: bool,
    /// Something odd in that place, and what is done about it.
    pub(super) oddity: Option<Oddity>,
}

/// A place in the line, and what was expected there.
pub(super) type Oddity = (Range<usize>, &'static str);

/// Reads up to the mirror's end or its options.
pub(super) fn read_mirror(scan: &mut Scan<'_>) -> Result<MirrorText, Fault> {
    let start = scan.at;
    let mut oddity = None;
    let host = match scan.peek() {
        Some('/') => read_path(scan)?,
        _ => {
            let name = read_name(scan)?;
            let name_range = start..scan.at;
            let port = match read_port(scan)? {
                Some(port) => port,
                None => {
                    oddity = Some((name_range, "a port is expected after it; 9312 is used"));
                    limits::PORT
                }
            };
            HostAddress::Tcp { name, port }
        }
    };
    let mut list = None;
    let mut has_empty_list = false;
    if scan.peek() == Some(':') {
        scan.at += 1;
        let range = scan.take_while(|letter| letter != '[');
        let range = trim(scan.text, range);
        has_empty_list = range.is_empty();
        if !has_empty_list {
            let list_oddity = check_list(scan.text, range.clone())?;
            oddity = oddity.or(list_oddity);
            list = Some(range);
        }
    }
    let range = trim(scan.text, start..scan.at);
    scan.skip_blanks();
    Ok(MirrorText { host, range, list, has_empty_list, oddity })
}

fn read_path(scan: &mut Scan<'_>) -> Result<HostAddress, Fault> {
    let range = scan.take_while(|letter| is_host_letter(letter) || letter == '/');
    let path = &scan.text[range.clone()];
    if path.len() > limits::UNIX_PATH_MAX {
        let expected =
            format!("a socket path of at most {} bytes is expected", limits::UNIX_PATH_MAX);
        return Err(Fault { range, expected });
    }
    Ok(HostAddress::Unix(PathBuf::from(path)))
}

/// A host name, or an address without its brackets.
fn read_name(scan: &mut Scan<'_>) -> Result<String, Fault> {
    if scan.peek() == Some('[') {
        let expected = "an IPv6 address in brackets is expected, as in [::1]:9312";
        let length = scan.rest().find(']').ok_or_else(|| scan.fault(expected))?;
        let range = scan.at..scan.at + length + 1;
        let address = scan.text[range.start + 1..range.end - 1].parse::<Ipv6Addr>();
        scan.at = range.end;
        let address = address.map_err(|_| Fault { range, expected: expected.to_owned() })?;
        return Ok(address.to_string());
    }
    let range = scan.take_while(is_host_letter);
    if range.is_empty() {
        return Err(scan.fault(HOST_EXPECTED));
    }
    if range.len() > limits::HOST_NAME_MAX {
        let expected =
            format!("a host name of at most {} letters is expected", limits::HOST_NAME_MAX);
        return Err(Fault { range, expected });
    }
    Ok(scan.text[range].to_owned())
}

/// A colon and a port; the colon alone is taken only if no index list follows it. `None` if there
/// is no port.
fn read_port(scan: &mut Scan<'_>) -> Result<Option<u16>, Fault> {
    let Some(after) = scan.rest().strip_prefix(':') else {
        return Ok(None);
    };
    match after.chars().next() {
        None | Some('[') => {
            scan.at += 1;
            Ok(None)
        }
        Some('0'..='9') => {
            scan.at += 1;
            read_digits(scan).map(Some)
        }
        Some(':' | '+' | '-' | ' ' | '\t') => {
            scan.at += 1;
            Err(scan.fault(
                "a port from 1 to 65535 is expected right after ':' (an IPv6 address stands in \
                 brackets, as in [::1]:9312)",
            ))
        }
        Some(_) => Ok(None),
    }
}

fn read_digits(scan: &mut Scan<'_>) -> Result<u16, Fault> {
    let range = scan.take_while(|letter| letter.is_ascii_digit());
    let port = scan.text[range.clone()].parse::<u16>().ok().filter(|&port| port > 0);
    let expected = "a port from 1 to 65535 is expected";
    let port = port.ok_or_else(|| Fault { range, expected: expected.to_owned() })?;
    match scan.peek() {
        None | Some(':' | '[' | ' ' | '\t') => Ok(port),
        Some(_) => Err(scan.fault("':', '|', '[' or the end of the line is expected")),
    }
}

/// Refuses what no daemon reads as names; returns what only some read.
fn check_list(text: &str, range: Range<usize>) -> Result<Option<Oddity>, Fault> {
    const EXPECTED: &str = "index names with ',' between them are expected";
    let fault = |range| Err(Fault { range, expected: EXPECTED.to_owned() });
    let list = &text[range.clone()];
    let is_fit = |letter| is_name_letter(letter) || letter == ',' || BLANKS.contains(&letter);
    if let Some(length) = list.find(|letter| !is_fit(letter)) {
        return fault(range.start + length..range.end);
    }
    let mut oddity = None;
    let mut has_name = false;
    let mut start = range.start;
    for item in list.split(',') {
        let name = trim(text, start..start + item.len());
        start += item.len() + 1;
        let item = &text[name.clone()];
        if item.contains('*') && item != "*" {
            return fault(name);
        }
        has_name |= !item.is_empty();
        if item.contains(BLANKS) {
            oddity = Some((name, "',' is expected between index names; sent as it is"));
        } else if item.is_empty() {
            oddity = Some((range.clone(), "a name is expected beside each ','; sent as it is"));
        }
    }
    if has_name { Ok(oddity) } else { fault(range) }
}

/// Letters of host names, and of paths beside `/`.
pub(super) fn is_host_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.')
}

/// `*` stands alone for all indexes (Manticore).
fn is_name_letter(letter: char) -> bool {
    is_host_letter(letter) || letter == '*'
}
