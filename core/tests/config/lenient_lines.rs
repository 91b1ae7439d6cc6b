//! The agent lines that each daemon takes and refuses, row by row of core/docs/spec/distributed.md
//! 6.1.

use hamirror::config::Reading;

use crate::lenient::{outcome, text_with};

/// The canonical text of a line that is taken, with its warnings.
fn taken(line: &str, reading: Reading) -> (String, Vec<String>) {
    let (agents, warnings) = outcome(&text_with(line), reading);
    let agents = agents.unwrap_or_else(|| panic!("{line}: {warnings:?}"));
    assert_eq!(agents.len(), 1, "{line}: {warnings:?}");
    (agents[0].clone(), warnings)
}

/// The first warning of a line that is not taken, less its consequence.
fn refused(line: &str, reading: Reading) -> String {
    let (agents, warnings) = outcome(&text_with(line), reading);
    assert_eq!(agents, None, "{line}: {warnings:?}");
    let consequence = match reading {
        Reading::Manticore => "; the table is not served",
        _ => "; the agent is skipped",
    };
    let mut warnings = warnings.iter().filter_map(|warning| warning.strip_suffix(consequence));
    warnings.next().unwrap_or_else(|| panic!("{line}")).to_owned()
}

#[test]
fn lines_that_sphinx_takes() {
    let list = "an index list is expected; the index's own name is used";
    let unknown = "unknown agent option; it is ignored";
    let pair = "OPTION=VALUE is expected; it is ignored";
    let end = "']' is expected after the options; it is ignored";
    let place = "'|' is expected after it; the next mirror takes its place";
    for (line, canonical, warnings) in [
        ("127.0.0.1:19341:pl", "127.0.0.1:19341:pl", vec![]),
        (" 127.1:19341:pl", "127.1:19341:pl", vec![]),
        ("h_1.x-y:1:pl-x", "h_1.x-y:1:pl-x", vec![]),
        ("h:1: a, b", "h:1:a, b", vec![]),
        (
            "h:1:a b",
            "h:1:a b",
            vec![("5", "a b", "',' is expected between index names; sent as it is")],
        ),
        ("h:1:", "h:1:d", vec![("1", "h:1:", list)]),
        ("h:1:,", "h:1:d", vec![("1", "h:1:,", list)]),
        ("/run/s:t", "/run/s:t", vec![]),
        ("/run/s:", "/run/s:d", vec![("1", "/run/s:", list)]),
        ("a:1|b:2:t", "a:1:t|b:2:t", vec![]),
        ("a:1:s|b:2|c:3:t", "a:1:s|b:2:t|c:3:t", vec![]),
        ("a:1:t|b:2:", "a:1:t|b:2:d", vec![("7", "b:2:", list)]),
        ("a:1|b:2:", "a:1:d|b:2:d", vec![("5", "b:2:", list)]),
        ("a:1:x |b:2:t", "a:1:x|b:2:t", vec![]),
        ("h:1:t[conn=pconn]", "h:1:t[conn=persistent]", vec![]),
        ("[conn=pconn]h:1:t", "h:1:t[conn=persistent]", vec![]),
        ("h:1:t[ connx = pconnx , blackhole = 7 ]", "h:1:t[conn=persistent,blackhole=1]", vec![]),
        ("h:1:t[ha_strategy=nodeads2]", "h:1:t[ha_strategy=nodeads]", vec![]),
        ("h:1:t[blackhole=1,blackhole=no]", "h:1:t", vec![]),
        ("h:1:t[foo=1]", "h:1:t", vec![("7", "foo=1", unknown)]),
        ("h:1:t[CONN=pconn]", "h:1:t", vec![("7", "CONN=pconn", unknown)]),
        ("h:1:t[conn=zzz]", "h:1:t", vec![("7", "conn=zzz", unknown)]),
        ("h:1:t[ha_strategy=node]", "h:1:t", vec![("7", "ha_strategy=node", unknown)]),
        ("h:1:t[retry_count=3]", "h:1:t", vec![("7", "retry_count=3", unknown)]),
        ("h:1:t[foo]", "h:1:t", vec![("7", "foo", pair)]),
        ("h:1:t[conn=pconn;blackhole=1]", "h:1:t[conn=persistent]", vec![]),
        ("h:1:t[blackhole=1,conn=pconn", "h:1:t[blackhole=1]", vec![("19", "conn=pconn", end)]),
        ("h:1:t]x", "h:1:t", vec![("7", "x", end)]),
        (
            "h:1:t[blackhole=1]x",
            "h:1:t[blackhole=1]",
            vec![("19", "x", "a mirror is expected; it is ignored")],
        ),
        ("h:1:t[blackhole=1]g:2:u", "g:2:u[blackhole=1]", vec![("1", "h:1:t", place)]),
        ("a:1[conn=pconn|b:2:t", "a:1:t|b:2:t[conn=persistent]", vec![]),
        (
            "h:4294967297:t",
            "h:1:t",
            vec![("3", "4294967297", "at most 65535 is expected; 32 bits of it are used")],
        ),
    ] {
        let warnings: Vec<_> = warnings
            .iter()
            .map(|(column, text, expected)| format!("4:{column} '{text}': {expected}"))
            .collect();
        assert_eq!(taken(line, Reading::Sphinx), (canonical.to_owned(), warnings), "{line}");
    }
}

#[test]
fn lines_that_sphinx_skips() {
    let long = format!("/{}:t", "p".repeat(107));
    let quoted = format!("/{}", "p".repeat(79));
    for (line, place, text, reason) in [
        ("127.0.0.1:pl", 11, "pl", "port number expected"),
        ("127.0.0.1", 1, "127.0.0.1", "invalid host name 'empty'"),
        ("/path", 1, "/path", "invalid host name 'empty'"),
        ("h:1", 4, "", "colon expected"),
        ("a:1|b:2", 8, "", "colon expected"),
        (":19341:pl", 1, ":19341:pl", "host name or path expected"),
        ("h::pl", 3, ":pl", "port number expected"),
        ("h:+5:pl", 3, "+5:pl", "port number expected"),
        ("h:-5:pl", 3, "-5:pl", "port number expected"),
        ("h:0:pl", 4, ":pl", "invalid port number"),
        ("h:65536:pl", 8, ":pl", "invalid port number"),
        ("h:99999999999:pl", 14, ":pl", "invalid port number"),
        ("h:19341pl", 8, "pl", "colon expected"),
        ("h:1:pl;rt", 7, ";rt", "index list expected"),
        ("h:1:pl:rt", 7, ":rt", "index list expected"),
        ("h:1:pl.x", 7, ".x", "index list expected"),
        ("h:1:*", 5, "*", "index list expected"),
        ("h :1:pl", 2, " :1:pl", "colon expected"),
        ("h/x:1:pl", 1, "h/x", "failed to lookup host name"),
        (long.as_str(), 1, &format!("{quoted}..."), "UNIX socket path is too long"),
        ("/a|/b:t", 3, "|/b:t", "colon expected"),
        ("a:1||b:2:pl", 5, "|b:2:pl", "host name or path expected"),
        ("a:1|:pl", 5, ":pl", "host name or path expected"),
        ("a:1| b:2:pl", 5, " b:2:pl", "host name or path expected"),
        ("a:1|b:2:pl|", 1, "a:1|b:2:pl|", "invalid host name 'empty'"),
        ("[::1]:1:t", 6, ":1:t", "host name or path expected"),
        ("h:1:t[conn=pconn][blackhole=1]", 18, "[blackhole=1]", "host name or path expected"),
    ] {
        let expected = format!("4:{place} '{text}': {reason}");
        assert_eq!(refused(line, Reading::Sphinx), expected, "{line}");
    }
}

#[test]
fn lines_that_manticore_takes() {
    let port = "a port is expected after it; 9312 is used";
    let list = "an index list is expected; the index's own name is used";
    let mirror = "a mirror is expected beside each '|'; it is ignored";
    let names = "index names with ',' between them are expected; sent as it is";
    for (line, canonical, warnings) in [
        ("h:1:t", "h:1:t", vec![]),
        (" h:1:t", "h:1:t", vec![]),
        ("h", "h:9312:d", vec![("1", "h", port)]),
        ("h:t", "h:9312:t", vec![("1", "h", port)]),
        ("h::t", "h:9312::t", vec![("1", "h", port)]),
        ("h:1", "h:1:d", vec![]),
        ("h:1:", "h:1:d", vec![("1", "h:1:", list)]),
        ("/run/s", "/run/s:d", vec![]),
        ("/run/s|h:1:t", "/run/s:t|h:1:t", vec![]),
        ("h:1:t.x-y", "h:1:t.x-y", vec![]),
        ("h:1:*", "h:1:*", vec![]),
        ("h:1:s,t, u", "h:1:s,t, u", vec![]),
        (
            "h:1:t,",
            "h:1:t,",
            vec![("5", "t,", "a name is expected beside each ','; sent as it is")],
        ),
        ("h:1:t;", "h:1:t;", vec![("5", "t;", names)]),
        ("h:1:\"t\"", "h:1:\"t\"", vec![("5", "\"t\"", names)]),
        ("h:1:@t", "h:1:@t", vec![("5", "@t", names)]),
        ("h:1:/t", "h:1:/t", vec![("5", "/t", names)]),
        ("/run/s:1:", "/run/s:1:", vec![("8", "1:", names)]),
        ("h:x:*", "h:9312:x:*", vec![("1", "h", port)]),
        ("h:1:,", "h:1:d", vec![("1", "h:1:,", list)]),
        ("h:1:**", "h:1:d", vec![("1", "h:1:**", list)]),
        ("h:1:t[conn==pconn]", "h:1:t[conn=persistent]", vec![]),
        ("a:1 | b:2:t", "a:1:t|b:2:t", vec![]),
        ("h1:1:t|h2:2", "h1:1:t|h2:2:d", vec![("8", "h2:2", list)]),
        ("a:1||b:2:t", "a:1:t|b:2:t", vec![("5", "", mirror)]),
        ("a:1:t|", "a:1:t", vec![("7", "", mirror)]),
        ("h:1:t[ CONN = Persistent , Blackhole=1 ]", "h:1:t[conn=persistent,blackhole=1]", vec![]),
        ("h:1:t[retry_count=3]", "h:1:t[retry_count=3]", vec![]),
        ("h:1:t[retry_count=many]", "h:1:t[retry_count=0]", vec![]),
        ("a:1|b:2:t[ha_strategy=nodeads]", "a:1:t|b:2:t[ha_strategy=nodeads]", vec![]),
        (
            "h:1:t[conn=pconn,]",
            "h:1:t[conn=persistent]",
            vec![("18", "", "an option is expected beside each ','")],
        ),
        ("h:1:t[conn=pconn", "h:1:t[conn=persistent]", vec![]),
        ("h:1:t[conn=pconn]]", "h:1:t[conn=persistent]", vec![]),
        ("h:1:t]", "h:1:t", vec![]),
        ("h:1:t[]", "h:1:t", vec![]),
        ("nosuchhost.invalid:1:t", "nosuchhost.invalid:1:t", vec![]),
    ] {
        let warnings: Vec<_> = warnings
            .iter()
            .map(|(column, text, expected)| format!("4:{column} '{text}': {expected}"))
            .collect();
        assert_eq!(taken(line, Reading::Manticore), (canonical.to_owned(), warnings), "{line}");
    }
}

#[test]
fn lines_that_cost_manticore_the_table() {
    let after = "after host/socket expected ':', then table(s)";
    let hosts = "one or more hosts/sockets expected before [";
    let syntax = "wrong syntax: expected one or more hosts/sockets, then m.b. []-enclosed options";
    let pair = "option and value must be =-separated pair";
    let comma = format!("{pair}; ',' is expected between options");
    let long = format!("/{}:t", "p".repeat(107));
    let quoted = format!("/{}...", "p".repeat(79));
    for (line, place, text, reason) in [
        (":22112:t", 1, ":22112:t", "host name or path expected"),
        ("h:22112|:t", 9, ":t", "host name or path expected"),
        ("h:0:t", 4, ":t", "invalid port number"),
        ("h:65536:t", 8, ":t", "invalid port number"),
        ("h:99999999999:t", 14, ":t", "invalid port number"),
        ("h:22112t", 8, "t", after),
        ("h :22112:t", 2, " :22112:t", after),
        ("h:22112 :t", 8, " :t", after),
        ("h:1:t;t2", 5, "t;t2", "no such table"),
        ("h:1:t:t2", 5, "t:t2", "no such table"),
        ("h:1:t t2", 5, "t t2", "no such table"),
        ("h:+5:t", 3, "+5:t", "no such table"),
        ("h: 22112:t", 4, "22112:t", "no such table"),
        (long.as_str(), 1, &quoted, "UNIX socket path is too long"),
        ("[conn=pconn]h:1:t", 1, "[conn=pconn]h:1:t", hosts),
        ("[::1]:1:t", 1, "[::1]:1:t", hosts),
        ("h:1:t[conn=pconn]|g:2:t", 18, "|g:2:t", syntax),
        ("h:1:t[conn=pconn]x", 18, "x", syntax),
        ("h:1:t[foo]", 7, "foo", pair),
        ("h:1:t[conn=pconn;blackhole=1]", 7, "conn=pconn;blackhole=1", &comma),
        ("h:1:t[conn=pconn blackhole=1]", 7, "conn=pconn blackhole=1", &comma),
        ("h:1:t[conn=pconn|blackhole=1]", 7, "conn=pconn|blackhole=1", &comma),
        ("h:1:t[retry_count=]", 7, "retry_count=", pair),
        ("h:1:,t", 5, ",t", "no such table"),
        ("h:1:*,t", 5, "*,t", "no such table"),
        ("h:1:t1,*,t2", 5, "t1,*,t2", "no such table"),
        ("h:1:t,,u", 5, "t,,u", "no such table"),
        (
            "h:1:t[foo=1]",
            7,
            "foo=1",
            "unknown agent option; ha_strategy, conn, blackhole or retry_count is expected",
        ),
        (
            "h:1:t[conn=zzz]",
            7,
            "conn=zzz",
            "unknown agent option; pconn or persistent is expected",
        ),
        ("|", 1, "|", "empty agent definition"),
    ] {
        let expected = format!("4:{place} '{text}': {reason}");
        assert_eq!(refused(line, Reading::Manticore), expected, "{line}");
    }
}
