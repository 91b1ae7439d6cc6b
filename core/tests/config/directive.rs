//! The agent directive, row by row of core/docs/spec/distributed.md 6.1.

use hamirror::Error;
use hamirror::config::{Config, HaStrategy, HostAddress};

use crate::{agent, errors, index_with, parse};

/// The canonical text of a line that is taken without a word.
fn taken(line: &str) -> String {
    let (agent, warnings) = agent(line);
    assert_eq!(warnings, [""; 0], "{line}");
    agent.to_string()
}

/// The canonical text and the only warning of a line.
fn warned(line: &str) -> (String, String) {
    let (agent, mut warnings) = agent(line);
    assert_eq!(warnings.len(), 1, "{line}: {warnings:?}");
    (agent.to_string(), warnings.remove(0))
}

/// The only error of a line.
fn refused(line: &str) -> String {
    let mut errors = errors(&index_with("agent", line));
    assert_eq!(errors.len(), 1, "{line}: {errors:?}");
    errors.remove(0)
}

#[test]
fn lines_that_both_daemons_take() {
    for (line, canonical) in [
        ("127.0.0.1:19341:pl", "127.0.0.1:19341:pl"),
        ("  127.0.0.1:19341:pl", "127.0.0.1:19341:pl"),
        ("127.1:19341:pl", "127.1:19341:pl"),
        ("box-1.example.com:9312:pl", "box-1.example.com:9312:pl"),
        ("box_1:9312:pl_x", "box_1:9312:pl_x"),
        ("h:1:pl, rt", "h:1:pl, rt"),
        ("h:1:  pl,rt", "h:1:pl,rt"),
        ("h:1:pl-x", "h:1:pl-x"),
        ("h:65535:t", "h:65535:t"),
        ("/run/searchd.sock:t", "/run/searchd.sock:t"),
        ("/run/a-b_c/s.sock:t", "/run/a-b_c/s.sock:t"),
        ("a:1|b:2:t", "a:1:t|b:2:t"),
        ("a:1:s|b:2:t", "a:1:s|b:2:t"),
        ("a:1|b:2:s|c:3|d:4:t", "a:1:s|b:2:s|c:3:t|d:4:t"),
        ("/run/s:x|b:2:t", "/run/s:x|b:2:t"),
        ("h:1:t[conn=pconn]", "h:1:t[conn=persistent]"),
        ("h:1:t[blackhole=0]", "h:1:t"),
        ("a:1|b:2:t[ha_strategy=nodeads]", "a:1:t|b:2:t[ha_strategy=nodeads]"),
    ] {
        assert_eq!(taken(line), canonical, "{line}");
    }
}

#[test]
fn lines_that_one_daemon_takes() {
    for (line, canonical) in [
        ("h:1", "h:1:d"),
        ("/run/s", "/run/s:d"),
        ("a:1|b:2", "a:1:d|b:2:d"),
        ("/run/s|b:2:t", "/run/s:t|b:2:t"),
        ("a:1 | b:2:t", "a:1:t|b:2:t"),
        ("a:1:s\t|\tb:2:t", "a:1:s|b:2:t"),
        ("h:1:t.x", "h:1:t.x"),
        ("h:1:*", "h:1:*"),
        ("[::1]:9312:t", "[::1]:9312:t"),
        ("[0:0::1]:9312:t", "[::1]:9312:t"),
        ("[fe80::1]:1|[fe80::2]:2:t[conn=pconn]", "[fe80::1]:1:t|[fe80::2]:2:t[conn=persistent]"),
        ("h:1:t [conn=pconn]", "h:1:t[conn=persistent]"),
        ("h:1[retry_count=3]", "h:1:d[retry_count=3]"),
        ("h:1:t[ CONN = Persistent , Blackhole=1 ]", "h:1:t[conn=persistent,blackhole=1]"),
    ] {
        assert_eq!(taken(line), canonical, "{line}");
    }
}

#[test]
fn odd_lines_are_taken_with_a_warning() {
    let end = "options are expected at the end of the line; they count for all of it";
    let blank = "',' is expected between index names; sent as it is";
    let comma = "a name is expected beside each ','; sent as it is";
    let mirror = "a mirror is expected beside each '|'; it is ignored";
    for (line, canonical, warning) in [
        ("h", "h:9312:d", "4:1 'h': a port is expected after it; 9312 is used".to_owned()),
        ("h:", "h:9312:d", "4:1 'h': a port is expected after it; 9312 is used".to_owned()),
        ("h:pl", "h:9312:pl", "4:1 'h': a port is expected after it; 9312 is used".to_owned()),
        (
            "a:1:s|[::1]:t",
            "a:1:s|[::1]:9312:t",
            "4:7 '[::1]': a port is expected after it; 9312 is used".to_owned(),
        ),
        (
            "h:1:",
            "h:1:d",
            "4:1 'h:1:': an index list is expected; the index's own name is used".to_owned(),
        ),
        (
            "a:1: |b:2:t",
            "a:1:t|b:2:t",
            "4:1 'a:1:': an index list is expected; the next mirror's is used".to_owned(),
        ),
        (
            "h1:1:t|h2:2",
            "h1:1:t|h2:2:d",
            "4:8 'h2:2': an index list is expected; the index's own name is used".to_owned(),
        ),
        ("a:1||b:2:t", "a:1:t|b:2:t", format!("4:5 '': {mirror}")),
        ("a:1:t|", "a:1:t", format!("4:7 '': {mirror}")),
        ("|a:1:t", "a:1:t", format!("4:1 '': {mirror}")),
        ("a:1 | | b:2:t", "a:1:t|b:2:t", format!("4:7 '': {mirror}")),
        ("h:1:t t2", "h:1:t t2", format!("4:5 't t2': {blank}")),
        ("h:1:s, t t2", "h:1:s, t t2", format!("4:8 't t2': {blank}")),
        ("h:1:t,", "h:1:t,", format!("4:5 't,': {comma}")),
        ("h:1:t,,u", "h:1:t,,u", format!("4:5 't,,u': {comma}")),
        ("[conn=pconn]h:1:t", "h:1:t[conn=persistent]", format!("4:1 '[conn=pconn]': {end}")),
        (
            "a:1:t[conn=pconn]|b:2:t",
            "a:1:t|b:2:t[conn=persistent]",
            format!("4:6 '[conn=pconn]': {end}"),
        ),
        (
            "h:1:t[retry_count=9]",
            "h:1:t[retry_count=9]",
            "4:1 'h:1:t[retry_count=9]': a retry_count of at most 8 is expected; 8 retries are \
             made"
                .to_owned(),
        ),
        (
            "a:1|b:2:t[retry_count=18]",
            "a:1:t|b:2:t[retry_count=18]",
            "4:1 'a:1|b:2:t[retry_count=18]': a retry_count of at most 17 is expected; 17 \
             retries are made"
                .to_owned(),
        ),
        ("h:1:t[]", "h:1:t", "4:7 '': an option is expected before ']'".to_owned()),
        (
            "h:1:t[conn=pconn,]",
            "h:1:t[conn=persistent]",
            "4:7 'conn=pconn,': an option is expected before ']'".to_owned(),
        ),
    ] {
        assert_eq!(warned(line), (canonical.to_owned(), warning), "{line}");
    }
}

#[test]
fn refused_mirrors_name_the_offending_part() {
    let host = "a host name, an address or a socket path is expected";
    let port = "a port from 1 to 65535 is expected";
    let right_after = "a port from 1 to 65535 is expected right after ':' (an IPv6 address stands \
                       in brackets, as in [::1]:9312)";
    let after = "':', '|', '[' or the end of the line is expected";
    let names = "index names with ',' between them are expected";
    let bracket = "an IPv6 address in brackets is expected, as in [::1]:9312";
    for (line, error) in [
        (":19341:pl", format!("4:1 ':19341:pl': {host}")),
        ("h::pl", format!("4:3 ':pl': {right_after}")),
        ("h:+5:pl", format!("4:3 '+5:pl': {right_after}")),
        ("h:-5:pl", format!("4:3 '-5:pl': {right_after}")),
        ("h: 22112:t", format!("4:3 ' 22112:t': {right_after}")),
        ("::1:9312:t", format!("4:1 '::1:9312:t': {host}")),
        ("fe80::1:9312:t", format!("4:6 ':1:9312:t': {right_after}")),
        ("h:0:pl", format!("4:3 '0': {port}")),
        ("h:65536:pl", format!("4:3 '65536': {port}")),
        ("h:99999999999:pl", format!("4:3 '99999999999': {port}")),
        ("h:19341pl", format!("4:8 'pl': {after}")),
        ("h:19341/pl", format!("4:8 '/pl': {after}")),
        ("h:1:pl;rt", format!("4:7 ';rt': {names}")),
        ("h:1:pl:rt", format!("4:7 ':rt': {names}")),
        ("h:1:pl{", format!("4:7 '{{': {names}")),
        ("h:1:été", format!("4:5 'été': {names}")),
        ("h:1:*x", format!("4:5 '*x': {names}")),
        ("h:1:,", format!("4:5 ',': {names}")),
        ("h:1: , ,", format!("4:6 ', ,': {names}")),
        ("h :19341:pl", "4:3 ':19341:pl': no blank is expected before ':'".to_owned()),
        ("h:1 :t", "4:5 ':t': no blank is expected before ':'".to_owned()),
        ("h:1 t", format!("4:5 't': {after}")),
        ("http://h:1:t", format!("4:6 '//h:1:t': {names}")),
        ("h/x:1:t", format!("4:2 '/x:1:t': {after}")),
        ("/run/my sock:t", format!("4:9 'sock:t': {after}")),
        ("a:1|:pl", format!("4:5 ':pl': {host}")),
        ("[::g]:1:t", format!("4:1 '[::g]': {bracket}")),
        ("[::1:1:t", format!("4:1 '[::1:1:t': {bracket}")),
    ] {
        assert_eq!(refused(line), error, "{line}");
    }
}

#[test]
fn refused_options_name_the_offending_part() {
    let host = "a host name, an address or a socket path is expected";
    let names = "index names with ',' between them are expected";
    let after_options = "'|' or the end of the line is expected after ']'";
    let option = "an option is expected: ha_strategy, conn, blackhole, retry_count";
    for (line, error) in [
        ("h:1:t[conn=pconn", "4:6 '[conn=pconn': ']' is expected after the options".to_owned()),
        ("h:1:t]", format!("4:6 ']': {names}")),
        ("h:1:t[conn=pconn]]", format!("4:18 ']': {after_options}")),
        ("h:1:t[conn=pconn] g:2:t", format!("4:19 'g:2:t': {after_options}")),
        ("h:1:t[conn=pconn][blackhole=1]", format!("4:18 '[blackhole=1]': {after_options}")),
        ("a:1|[conn=pconn]b:2:t", format!("4:5 '[conn=pconn]b:2:t': {host}")),
        ("h:1:t[foo=1]", format!("4:7 'foo': {option}")),
        ("h:1:t[foo]", "4:7 'foo': OPTION=VALUE is expected".to_owned()),
        ("[foo]h:1:t", "4:2 'foo': OPTION=VALUE is expected".to_owned()),
        ("h:1:t[conn=zzz]", "4:12 'zzz': pconn or persistent is expected".to_owned()),
        ("h:1:t[conn=pconn;blackhole=1]", "4:17 ';': ',' is expected between options".to_owned()),
        ("h:1:t[conn=pconn blackhole=1]", "4:17 ' ': ',' is expected between options".to_owned()),
        (
            "h:1:t[ha_strategy = nodeads retry_count = 2]",
            "4:28 ' ': ',' is expected between options".to_owned(),
        ),
        ("h:1:t[conn=pconn|blackhole=1]", "4:17 '|': ',' is expected between options".to_owned()),
        (
            "a:1|b:2:t[conn=pconn | blackhole=1 | retry_count=2]",
            "4:22 '|': ',' is expected between options".to_owned(),
        ),
        ("h:1:t[conn==pconn]", "4:12 '=pconn': pconn or persistent is expected".to_owned()),
        ("h:1:t[conn=pconn,,blackhole=1]", "4:18 '': OPTION=VALUE is expected".to_owned()),
        ("h:1:t[blackhole=2]", "4:17 '2': 0 or 1 is expected".to_owned()),
        ("h:1:t[retry_count=x]", "4:19 'x': a count is expected: digits".to_owned()),
        ("h:1:t[retry_count=-1]", "4:19 '-1': a count is expected: digits".to_owned()),
        (
            "h:1:t[ha_strategy=node]",
            "4:19 'node': random, roundrobin, nodeads or noerrors is expected".to_owned(),
        ),
        (
            "h:1:t[conn=pconn,conn=persistent]",
            "4:18 'conn=persistent': each option is expected once".to_owned(),
        ),
    ] {
        assert_eq!(refused(line), error, "{line}");
    }
}

#[test]
fn lengths_are_limited() {
    let path = format!("/{}", "p".repeat(106));
    assert_eq!(taken(&format!("{path}:t")), format!("{path}:t"));
    let error = refused(&format!("{path}p:t"));
    assert!(error.ends_with("': a socket path of at most 107 bytes is expected"), "{error}");
    let error = refused(&format!("{}:1:t", "h".repeat(254)));
    assert!(error.ends_with("': a host name of at most 253 letters is expected"), "{error}");
    let mirrors = ["h:1"; 4_096].join("|");
    assert_eq!(agent(&mirrors).0.mirrors.len(), 4_096);
    let error = refused(&format!("{mirrors}|h:1"));
    assert!(error.ends_with("': at most 4096 mirrors are expected"), "{error}");
    let error = refused(&format!("h:1:{}", "t".repeat(300_000)));
    assert!(error.ends_with("...': at most 262144 bytes are expected"), "{error}");
}

#[test]
fn an_empty_line_is_refused() {
    let error = errors("index d {\ntype = distributed\n agent = # none\n}\n");
    assert_eq!(error, ["3:10 '': HOST:PORT:INDEX-LIST is expected"]);
}

#[test]
fn every_faulty_mirror_and_option_is_named() {
    let text = index_with("agent", "a:0:t|b:1:t;|c:2:t|[::x]:3:t[foo=1,conn=x,blackhole=1]");
    assert_eq!(
        errors(&text),
        [
            "4:3 '0': a port from 1 to 65535 is expected",
            "4:12 ';': index names with ',' between them are expected",
            "4:20 '[::x]': an IPv6 address in brackets is expected, as in [::1]:9312",
        ]
    );
    let host = "a host name, an address or a socket path is expected";
    let text = index_with("agent", "|");
    assert_eq!(errors(&text), [format!("4:1 '': {host}"), format!("4:2 '': {host}")]);
    let text = index_with("agent", "a:1:t[foo=1,conn=x,blackhole=1]");
    assert_eq!(
        errors(&text),
        [
            "4:7 'foo': an option is expected: ha_strategy, conn, blackhole, retry_count",
            "4:18 'x': pconn or persistent is expected",
        ]
    );
}

#[test]
fn a_column_points_into_a_continued_line() {
    let text = "index d {\n type = distributed\n agent = a:1 \\\n   | b:2:t \\\n  | é:3 # c\n}\n";
    let error = "5:5 'é:3': a host name, an address or a socket path is expected";
    assert_eq!(errors(text), [error]);
    let text = "index d {\n\ttype = distributed\n\tagent\t=\t\\\r\n\t\th:1:t\\#u\r\n}\n";
    assert_eq!(errors(text), ["4:9 '#u': index names with ',' between them are expected"]);
}

#[test]
fn keys_and_options_mean_the_same() {
    let text = "index d {\n type = distributed\n agent_blackhole = a:1:t\n \
                agent_persistent = b:2:t\n agent = c:3:t[conn=pconn,blackhole=1,retry_count=4]\n \
                agent = d:4|e:5:t[ha_strategy=NoErrors]\n agent_persistent = f:6:t\n}\n";
    let config = parse(text);
    let agents = &config.indexes[0].agents;
    let seen: Vec<_> = agents
        .iter()
        .map(|agent| (agent.line.as_str(), agent.persistent, agent.blackhole))
        .collect();
    assert_eq!(
        seen,
        [
            ("c:3:t[conn=pconn,blackhole=1,retry_count=4]", true, true),
            ("d:4|e:5:t[ha_strategy=NoErrors]", false, false),
            ("b:2:t", true, false),
            ("f:6:t", true, false),
            ("a:1:t", false, true),
        ]
    );
    assert_eq!(agents[0].retry_count, Some(4));
    assert_eq!(agents[1].retry_count, None);
    assert_eq!(agents[1].ha_strategy, Some(HaStrategy::NoErrors));
    assert_eq!(agents[0].ha_strategy, None);
    let error = errors(&index_with("agent_blackhole", "h:1:t[blackhole=0]"));
    assert_eq!(error, ["4:17 '0': 1 is expected behind agent_blackhole"]);
}

#[test]
fn hosts_are_named_as_written() {
    let (agent, _) = agent("/run/s:t|localhost:1:t|[::1]:2:t");
    let hosts: Vec<_> = agent.mirrors.iter().map(|mirror| mirror.host.clone()).collect();
    assert_eq!(
        hosts,
        [
            HostAddress::Unix("/run/s".into()),
            HostAddress::Tcp { name: "localhost".to_owned(), port: 1 },
            HostAddress::Tcp { name: "::1".to_owned(), port: 2 },
        ]
    );
    assert_eq!(agent.mirrors[2].to_string(), "[::1]:2:t");
}

#[test]
fn a_diagnostic_reads_as_one_line() {
    let error = Config::parse(&index_with("agent", "h:1:\u{7}"), "dir/c.conf").unwrap_err();
    let Error::Config(diagnostics) = error else { panic!("{error}") };
    let expected = "dir/c.conf:4:5: '\\u{7}': index names with ',' between them are expected";
    assert_eq!(diagnostics[0].to_string(), expected);
}

#[test]
fn a_fault_of_an_inherited_line_is_told_once() {
    let text = "index a {\n type = distributed\n agent = h:0:t\n}\nindex b : a {\n}\n\
                index c : b {\n}\n";
    assert_eq!(errors(text), ["3:12 '0': a port from 1 to 65535 is expected"]);
}

#[test]
fn an_index_list_is_never_empty() {
    for line in ["h:1:", "h:", "a:1:|b:2:", "a:1: |b:2", "a|b", "h:1:[conn=pconn]", "/s:"] {
        let (agent, warnings) = agent(line);
        assert!(agent.mirrors.iter().all(|mirror| mirror.index_list == "d"), "{line}");
        assert_ne!(warnings, [""; 0], "{line}");
    }
}
