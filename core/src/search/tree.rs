//! Agents that are masters themselves: they answer with what they got, and warn of what they did
//! not get (core/docs/spec/distributed.md 5.3).

use super::warnings;
use crate::limits::WARNING_READ_MAX;

/// The part of a warning that tells of agents without an answer, further down; `None` if all of
/// them gave one.
///
/// A master joins a line for each: `index NAME: agent HOST: TEXT`, or `table` for `index`. It
/// quotes what agents warned of themselves behind [`QUOTES`]. An agent may warn as long as it
/// likes: what is behind [`WARNING_READ_MAX`] is not looked through, and so taken for such a part.
pub(super) fn missing_below(warning: &[u8]) -> Option<&[u8]> {
    let (mut rest, unread) = warning.split_at(warning.len().min(WARNING_READ_MAX));
    while !rest.is_empty() {
        let (line, after) = split_once(rest, &LINE_ENDS).unwrap_or((rest, b""));
        if is_missing(line) {
            return Some(line);
        }
        rest = after;
    }
    Some(unread).filter(|unread| !unread.is_empty())
}

fn is_missing(mut line: &[u8]) -> bool {
    loop {
        let is_of_master = line.starts_with(b"index ") || line.starts_with(b"table ");
        let Some((_, fault)) = is_of_master.then(|| split_once(line, &[b": "])).flatten() else {
            return false;
        };
        if let Some(fault) = fault.strip_prefix(b"local index ") {
            let fault = fault.strip_suffix(warnings::NOT_SEARCHED.as_bytes());
            return fault.is_some_and(|fault| fault.ends_with(b" "));
        }
        let Some((_, text)) = fault
            .strip_prefix(b"agent ")
            .and_then(|fault| split_once(fault, &[b": "]))
            .filter(|(_, text)| !REMARKS.iter().any(|remark| text.starts_with(remark.as_bytes())))
        else {
            return false;
        };
        match QUOTES.iter().find_map(|quote| text.strip_prefix(quote.as_bytes())) {
            Some(quoted) => line = quoted,
            None => return true,
        }
    }
}

/// What is before the first of these separators, which begin alike, and what is behind it.
fn split_once<'a>(text: &'a [u8], separators: &[&[u8]]) -> Option<(&'a [u8], &'a [u8])> {
    let begin = *separators.first()?.first()?;
    let mut next = 0;
    loop {
        let place = next + text[next..].iter().position(|byte| *byte == begin)?;
        let (before, rest) = text.split_at(place);
        let after = separators.iter().find_map(|separator| rest.strip_prefix(*separator));
        if let Some(after) = after {
            return Some((before, after));
        }
        next = place + 1;
    }
}

/// What ends a line: as a master writes it, and as it is in a text that was made one line.
const LINE_ENDS: [&[u8]; 2] = [b";\n", b";\\n"];

/// What stands between an agent and its own warning.
const QUOTES: [&str; 2] = [warnings::QUERY_WARNING, warnings::WARNING];

/// What this library says of agents that answered.
const REMARKS: [&str; 3] = [warnings::COLUMN, warnings::STORED_FIELDS, warnings::QUERY_STATUS];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::text;

    #[test]
    fn what_is_not_looked_through_may_tell_of_missing_agents() {
        let warning = b"index d: query word(s) mismatch: b;\n".repeat(WARNING_READ_MAX / 30);
        assert_eq!(missing_below(&warning[..WARNING_READ_MAX]), None);
        assert_eq!(missing_below(&warning), Some(&warning[WARNING_READ_MAX..]));
    }

    #[test]
    fn warnings_of_masters() {
        let missing = [
            "index half: agent 127.0.0.1:9312: connect() timed out",
            "index a,b: agent /run/searchd.sock: query timed out",
            "table half: agent box:9312: receiving failure (errno=111, msg=Connection refused)",
            "index d: agent box:9312: remote query error: unknown local index 'x'",
            "index d: agent box:1: remote query warning: index e: agent box:2: query timed out",
            "index d: agent box:1: remote query warning: index e: agent box:2: remote query \
             warning: table f: agent box:3: connect() timed out",
            "index d: query word(s) mismatch: b;\nindex d: agent box:1: query timed out",
            "index d: local index part not searched",
        ];
        for warning in missing {
            assert!(missing_below(warning.as_bytes()).is_some(), "{warning}");
        }
        let whole = [
            "",
            "look out",
            "agent box:1: query timed out",
            "index d: query word(s) mismatch: b",
            "index d: agent box:1: remote query warning: quorum threshold too high",
            "index d: agent box:1: remote query warning: index e: query time exceeded",
            "index d: agent box:1: column 'title' is a stored field, whose text is not sent",
            "index d: agent box:1: stored fields: 4 more columns",
            "index d: agent box:1: remote query status 9: hm",
            "index d: cutoff 5 reached on agent box:1: total_found 5 is a lower bound",
            "index d: column 'b' is left out: not on agent box:1",
            "index d: local index part: warning",
        ];
        for warning in whole {
            assert_eq!(missing_below(warning.as_bytes()), None, "{warning}");
        }
        let second =
            "index d: agent box:1: remote query warning: hm;\ntable d: agent box:2: closed";
        for warning in [second.to_owned(), text::escape(second.to_owned())] {
            let missing = missing_below(warning.as_bytes());
            assert_eq!(missing, Some(&b"table d: agent box:2: closed"[..]), "{warning}");
        }
    }
}
