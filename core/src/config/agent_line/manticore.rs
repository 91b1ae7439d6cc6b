//! An agent line as Manticore reads it (core/docs/spec/distributed.md 6.1).

use std::ops::Range;
use std::path::PathBuf;

use super::line::LineText;
use super::mirror::{MirrorText, is_host_letter};
use super::options::{AgentOptions, COMMA_EXPECTED};
use super::scan::{MIRROR_EXPECTED, Scan, trim};
use crate::config::fault::Fault;
use crate::config::model::{HaStrategy, HostAddress, STRATEGY_EXPECTED};
use crate::config::units::{BLANKS, read_c_number};
use crate::limits;

/// Reads a whole line, up to what the daemon refuses its table for.
pub(super) fn read(line: &str) -> LineText {
    let mut read = LineText::default();
    let fault = read_line(line, &mut read).err();
    read.faults.extend(fault);
    read
}

fn read_line(line: &str, read: &mut LineText) -> Result<(), Fault> {
    let (hosts, inside) = split_options(line)?;
    let mut start = hosts.start;
    for part in line[hosts.clone()].split('|') {
        let range = trim(line, start..start + part.len());
        start += part.len() + 1;
        if !range.is_empty() {
            read.mirrors.push(read_mirror(line, range)?);
        } else if !line.is_empty() {
            read.oddities.push(Fault { range, expected: MIRROR_EXPECTED.to_owned() });
        }
    }
    if read.mirrors.is_empty() {
        return Err(Fault::whole(line, "empty agent definition"));
    }
    match inside {
        Some(inside) => read_options(line, inside, read),
        None => Ok(()),
    }
}

/// Mirrors, and the options behind them: brackets merely part the two.
fn split_options(line: &str) -> Result<(Range<usize>, Option<Range<usize>>), Fault> {
    let mut parts = Vec::new();
    let mut start = 0;
    for part in line.split(['[', ']']) {
        let range = trim(line, start..start + part.len());
        start += part.len() + 1;
        if !range.is_empty() {
            parts.push(range);
        }
    }
    if line.starts_with('[') {
        return Err(Fault::whole(line, "one or more hosts/sockets expected before ["));
    }
    if let Some(third) = parts.get(2) {
        let expected = "wrong syntax: expected one or more hosts/sockets, then m.b. []-enclosed \
                        options";
        return Err(Fault { range: third.start..line.len(), expected: expected.to_owned() });
    }
    let mut parts = parts.into_iter();
    Ok((parts.next().unwrap_or(0..0), parts.next()))
}

fn read_mirror(line: &str, part: Range<usize>) -> Result<MirrorText, Fault> {
    let mut scan = Scan::new(line, part.clone());
    let name = scan.take_while(|letter| is_host_letter(letter) || letter == '/');
    if name.is_empty() {
        return Err(scan.fault("host name or path expected"));
    }
    let mut oddity = None;
    let host = if scan.text[part.start..].starts_with('/') {
        if name.len() > limits::UNIX_PATH_MAX {
            let expected = "UNIX socket path is too long".to_owned();
            return Err(Fault { range: name, expected });
        }
        HostAddress::Unix(PathBuf::from(&scan.text[name]))
    } else {
        if name.len() > limits::HOST_NAME_MAX {
            let expected = "host name is too long".to_owned();
            return Err(Fault { range: name, expected });
        }
        let port = read_port(&mut scan)?;
        if port.is_none() {
            let expected = "a port is expected after it; 9312 is used";
            oddity = Some((name.clone(), expected));
        }
        HostAddress::Tcp { name: scan.text[name].to_owned(), port: port.unwrap_or(limits::PORT) }
    };
    let mut list = None;
    let mut has_empty_list = false;
    match scan.peek() {
        None => {}
        Some(':') => {
            let range = trim(scan.text, scan.at + 1..scan.text.len());
            has_empty_list = range.is_empty();
            if !has_empty_list {
                list = Some(range.clone());
                let fault = "no such table".to_owned();
                match check_list(&scan.text[range.clone()]) {
                    List::Plain => {}
                    List::Odd(expected) => oddity = oddity.or(Some((range, expected))),
                    List::Nameless => {
                        has_empty_list = true;
                        list = None;
                    }
                    List::Refused => return Err(Fault { range, expected: fault }),
                }
            }
        }
        Some(_) => return Err(scan.fault("after host/socket expected ':', then table(s)")),
    }
    Ok(MirrorText { host, range: part, list, has_empty_list, oddity })
}

/// A colon and digits; of a colon without digits, the list begins there.
fn read_port(scan: &mut Scan<'_>) -> Result<Option<u16>, Fault> {
    let digits = scan.rest().strip_prefix(':').unwrap_or("");
    if !digits.starts_with(|letter: char| letter.is_ascii_digit()) {
        return Ok(None);
    }
    scan.at += 1;
    let digits = scan.take_while(|letter| letter.is_ascii_digit());
    let port = scan.text[digits].parse::<u16>().ok().filter(|&port| port > 0);
    port.map(Some).ok_or_else(|| scan.fault("invalid port number"))
}

/// What the daemon makes of an index list.
enum List {
    /// Names with `,` between them, or `*`.
    Plain,
    /// Taken as well, though it is something else.
    Odd(&'static str),
    /// Taken, though it names nothing.
    Nameless,
    Refused,
}

/// The daemon counts the items between commas, less empty ones at the end, and the names in all of
/// the list. Other signs part names, too. Where there are names, both counts have to agree.
fn check_list(list: &str) -> List {
    let items = list.trim_end_matches([',', ' ', '\t']).split(',').count();
    let mut names = list.split(|letter| !is_host_letter(letter)).filter(|name| !name.is_empty());
    match names.by_ref().count() {
        0 if list == "*" => List::Plain,
        0 => List::Nameless,
        count if count != items => List::Refused,
        _ if !list.chars().all(|letter| is_host_letter(letter) || ", \t".contains(letter)) => {
            List::Odd("index names with ',' between them are expected; sent as it is")
        }
        _ if list.split(',').any(|item| item.trim_matches(BLANKS).is_empty()) => {
            List::Odd("a name is expected beside each ','; sent as it is")
        }
        _ => List::Plain,
    }
}

fn read_options(line: &str, inside: Range<usize>, read: &mut LineText) -> Result<(), Fault> {
    let mut start = inside.start;
    for pair in line[inside].split(',') {
        let range = trim(line, start..start + pair.len());
        start += pair.len() + 1;
        if range.is_empty() {
            let expected = "an option is expected beside each ','".to_owned();
            read.oddities.push(Fault { range, expected });
            continue;
        }
        let fault = |expected: &str| Fault { range: range.clone(), expected: expected.to_owned() };
        let words = line[range.clone()].split('=').map(|word| word.trim_matches(BLANKS));
        let mut words = words.filter(|word| !word.is_empty());
        let (name, value) = match (words.next(), words.next(), words.next()) {
            (Some(name), Some(value), None) => (name, value),
            (_, _, third) => {
                let pair = "option and value must be =-separated pair";
                let comma = third.map(|_| format!("; {COMMA_EXPECTED}")).unwrap_or_default();
                return Err(fault(&format!("{pair}{comma}")));
            }
        };
        take_option(name, value, &mut read.options)
            .map_err(|expected| fault(&format!("unknown agent option; {expected}")))?;
    }
    Ok(())
}

fn take_option(name: &str, value: &str, options: &mut AgentOptions) -> Result<(), &'static str> {
    match name.to_ascii_lowercase().as_str() {
        "conn" => {
            if !["pconn", "persistent"].iter().any(|word| word.eq_ignore_ascii_case(value)) {
                return Err("pconn or persistent is expected");
            }
            options.persistent = Some(());
        }
        "ha_strategy" => {
            options.ha_strategy = Some(HaStrategy::parse(value).ok_or(STRATEGY_EXPECTED)?);
        }
        "blackhole" => options.blackhole = Some(read_c_number(value).0 != 0),
        "retry_count" => {
            options.retry_count = Some(u32::try_from(read_c_number(value).0).unwrap_or(0));
        }
        _ => return Err("ha_strategy, conn, blackhole or retry_count is expected"),
    }
    Ok(())
}
