//! Agents that are masters themselves: they answer with what they got, and warn of what they did
//! not get (distributed.md 5.3).

/// The part of a warning that tells of agents without an answer, further down; `None` if all of
/// them gave one.
///
/// A master joins a line for each: `index NAME: agent HOST: TEXT`, or `table` for `index`. It
/// quotes what agents warned of themselves behind [`QUOTES`].
pub(super) fn missing_below(warning: &str) -> Option<&str> {
    let mut rest = warning;
    loop {
        let (line, after) = rest.split_once(";\n").unwrap_or((rest, ""));
        if is_missing(line) {
            return Some(line);
        }
        if after.is_empty() {
            return None;
        }
        rest = after;
    }
}

fn is_missing(mut line: &str) -> bool {
    loop {
        let is_of_master = line.starts_with("index ") || line.starts_with("table ");
        let Some((_, fault)) = line.split_once(": ").filter(|_| is_of_master) else {
            return false;
        };
        if let Some(fault) = fault.strip_prefix("local index ") {
            return fault.ends_with(" not searched");
        }
        let Some((_, text)) = fault
            .strip_prefix("agent ")
            .and_then(|fault| fault.split_once(": "))
            .filter(|(_, text)| !REMARKS.iter().any(|remark| text.starts_with(remark)))
        else {
            return false;
        };
        match QUOTES.iter().find_map(|quote| text.strip_prefix(quote)) {
            Some(quoted) => line = quoted,
            None => return true,
        }
    }
}

/// What stands between an agent and its own warning.
const QUOTES: [&str; 2] = ["remote query warning: ", "remote warning: "];

/// What this library says of agents that answered.
const REMARKS: [&str; 1] = ["column '"];

#[cfg(test)]
mod tests {
    use super::*;

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
            assert!(missing_below(warning).is_some(), "{warning}");
        }
        let whole = [
            "",
            "look out",
            "agent box:1: query timed out",
            "index d: query word(s) mismatch: b",
            "index d: agent box:1: remote query warning: quorum threshold too high",
            "index d: agent box:1: remote query warning: index e: query time exceeded",
            "index d: agent box:1: column 'title' is a stored field, whose text is not sent",
            "index d: cutoff 5 reached on agent box:1: total_found 5 is a lower bound",
            "index d: column 'b' is left out: not on agent box:1",
            "index d: local index part: warning",
        ];
        for warning in whole {
            assert_eq!(missing_below(warning), None, "{warning}");
        }
        let second =
            "index d: agent box:1: remote query warning: hm;\ntable d: agent box:2: closed";
        assert_eq!(missing_below(second), Some("table d: agent box:2: closed"));
    }
}
