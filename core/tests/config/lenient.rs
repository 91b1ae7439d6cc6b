//! What each daemon makes of sections and settings (core/docs/spec/distributed.md 6.1 to 6.3).

use std::time::Duration;

use hamirror::Error;
use hamirror::config::{CallSettings, Config, ConfigBuilder, HaStrategy, HostnameLookup, Reading};

use crate::{index_with, lines};

fn parse_as(text: &str, reading: Reading) -> Config {
    Config::parse_as(&complete(text), "c.conf", reading)
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The text with what searchd does not start without.
fn complete(text: &str) -> String {
    const PID_FILE: &str = "pid_file = /x";
    const INDEX: &str = "index stored {\npath = /stored\n}\n";
    match text.strip_suffix("\n}\n") {
        Some(body) if body.contains("earchd {") => format!("{body}\n{PID_FILE}\n}}\n{INDEX}"),
        _ => format!("{text}searchd {{\n{PID_FILE}\n}}\n{INDEX}"),
    }
}

pub(crate) fn errors_as(text: &str, reading: Reading) -> Vec<String> {
    match Config::parse_as(&complete(text), "c.conf", reading) {
        Err(Error::Config(diagnostics)) => lines(&diagnostics),
        other => panic!("{other:?}\n{text}"),
    }
}

/// Agents of index `d`, or `None` if it is not served, and all warnings.
pub(crate) fn outcome(text: &str, reading: Reading) -> (Option<Vec<String>>, Vec<String>) {
    let config = parse_as(text, reading);
    let agents = config.index("d").map(|index| index.agents.iter().map(ToString::to_string));
    (agents.map(Iterator::collect), lines(&config.warnings))
}

/// A text with the line from column 1 of line 4, and kept connections.
pub(crate) fn text_with(line: &str) -> String {
    index_with("agent", line) + "searchd {\npersistent_connections_limit = 5\n}\n"
}

#[test]
fn an_empty_line_is_skipped_or_costs_the_table() {
    let text = "index d {\ntype = distributed\nagent = h:1:t\nagent = # none\n}\n";
    let (agents, warnings) = outcome(text, Reading::Sphinx);
    assert_eq!(agents, Some(vec!["h:1:t".to_owned()]));
    assert_eq!(warnings, ["4:9 '': invalid host name 'empty'; the agent is skipped"]);
    let (agents, warnings) = outcome(text, Reading::Manticore);
    assert_eq!(agents, None);
    assert_eq!(warnings, ["4:9 '': empty agent definition; the table is not served"]);
}

#[test]
fn one_bad_line_leaves_the_others_or_takes_the_table() {
    let text = "index d {\ntype = distributed\nagent = a:1:t\nagent = a:0:t\n\
                agent_blackhole = b:2:t\n}\nindex e {\ntype = distributed\nagent = c:3:t\n}\n";
    let (agents, warnings) = outcome(text, Reading::Sphinx);
    assert_eq!(agents, Some(vec!["a:1:t".to_owned(), "b:2:t[blackhole=1]".to_owned()]));
    let skipped = "the agent is skipped, where searchd would add its mirrors and options to the \
                   next one";
    assert_eq!(warnings, [format!("4:12 ':t': invalid port number; {skipped}")]);
    let config = parse_as(text, Reading::Manticore);
    assert_eq!(config.indexes.len(), 1);
    assert_eq!(config.indexes[0].name, "e");
    let expected = ["4:12 ':t': invalid port number; the table is not served"];
    assert_eq!(lines(&config.warnings), expected);
    let children = text.replace("index e {", "index e : d {");
    assert_eq!(outcome(&children, Reading::Manticore).0, None);
}

#[test]
fn an_index_without_agents_is_not_served() {
    let expected = "a valid agent or local index is expected; the index is not served";
    for reading in [Reading::Sphinx, Reading::Manticore] {
        let (agents, warnings) = outcome("index d {\ntype = distributed\n}\n", reading);
        assert_eq!(agents, None);
        assert_eq!(warnings, [format!("1:7 'd': {expected}")]);
    }
    let (agents, warnings) = outcome(&text_with("h:1"), Reading::Sphinx);
    assert_eq!(agents, None);
    assert_eq!(
        warnings,
        [
            format!("1:7 'd': {expected}"),
            "4:4 '': colon expected; the agent is skipped".to_owned()
        ]
    );
    for reading in [Reading::Sphinx, Reading::Manticore] {
        let text = text_with("h:1:t").replace("distributed", "Distributed");
        let (agents, warnings) = outcome(&text, reading);
        assert_eq!(agents, None);
        let expected = "2:8 'Distributed': 'distributed' is expected, in small letters; the index \
                        is ignored";
        assert_eq!(warnings, [expected]);
    }
}

#[test]
fn local_indexes_must_be_there() {
    let text = "index p {\npath = /x\n}\nindex d {\ntype = distributed\nlocal = p, q d\n\
                agent = h:1:t\n}\n";
    let config = parse_as(text, Reading::Sphinx);
    assert_eq!(config.indexes[0].locals, ["p"]);
    let missing = "6:9 'p, q d': no such local index is served and stands above: q, d; it is \
                   skipped";
    assert_eq!(lines(&config.warnings), [missing]);
    let config = parse_as(text, Reading::Manticore);
    assert_eq!(config.indexes, []);
    let missing = "6:9 'p, q d': no such local index: q, d; the table is not served";
    assert_eq!(lines(&config.warnings), [missing]);
    for reading in [Reading::Sphinx, Reading::Manticore] {
        let config = parse_as(&text.replace("p, q d", "p"), reading);
        assert_eq!(config.indexes[0].locals, ["p"]);
        let mut builder = ConfigBuilder::new();
        let config = builder.set("d", "local", "x").build_as(reading).expect("a configuration");
        assert_eq!(config.indexes[0].locals, ["x"], "a program knows its local indexes");
    }
}

/// Without a limit nothing is kept, as Manticore has it, whether a key or an option asks for it.
#[test]
fn connections_are_kept_where_a_limit_says_so() {
    let text = "index d {\ntype = distributed\nagent_persistent = a:1:t\n\
                agent = b:2:t[conn=pconn]\n}\nsearchd {\npersistent_connections_limit = 1\n}\n";
    for reading in [Reading::Sphinx, Reading::Manticore] {
        let kept = ["b:2:t[conn=persistent]", "a:1:t[conn=persistent]"].map(str::to_owned);
        assert_eq!(outcome(text, reading), (Some(kept.to_vec()), vec![]));
        for limit in ["persistent_connections_limit = 0", ""] {
            let text = text.replace("persistent_connections_limit = 1", limit);
            let (agents, warnings) = outcome(&text, reading);
            assert_eq!(agents, Some(["b:2:t", "a:1:t"].map(str::to_owned).to_vec()));
            let expected = "persistent_connections_limit is expected in section searchd; the \
                            agent's connections are not kept";
            assert_eq!(
                warnings,
                [
                    format!("3:20 'a:1:t': {expected}"),
                    format!("4:9 'b:2:t[conn=pconn]': {expected}")
                ]
            );
        }
    }
}

#[test]
fn an_option_undoes_the_key_of_a_blackhole() {
    for reading in [Reading::Sphinx, Reading::Manticore] {
        let text = index_with("agent_blackhole", "h:1:t[blackhole=0]");
        assert_eq!(outcome(&text, reading), (Some(vec!["h:1:t".to_owned()]), vec![]));
    }
}

#[test]
fn an_unknown_strategy_is_random() {
    let text = |name: &str| {
        format!("index d {{\ntype=distributed\nagent=a:1|b:2:t\nha_strategy={name}\n}}\n")
    };
    let expected = "random, roundrobin, nodeads or noerrors is expected; random is used";
    for (reading, name, strategy, is_known) in [
        (Reading::Sphinx, "noerrors", HaStrategy::NoErrors, true),
        (Reading::Sphinx, "nodeads2", HaStrategy::NoDeads, true),
        (Reading::Sphinx, "NODEADS", HaStrategy::Random, false),
        (Reading::Sphinx, "", HaStrategy::Random, false),
        (Reading::Manticore, "NoDeads", HaStrategy::NoDeads, true),
        (Reading::Manticore, "nodeads2", HaStrategy::Random, false),
    ] {
        let config = parse_as(&text(name), reading);
        assert_eq!(config.indexes[0].ha_strategy, Some(strategy), "{name}");
        let warnings: &[String] =
            if is_known { &[] } else { &[format!("4:13 '{name}': {expected}")] };
        assert_eq!(lines(&config.warnings), warnings, "{name}");
    }
}

fn searchd_text(line: &str) -> String {
    format!("searchd {{\n{line}\n}}\n")
}

/// Digits count up to the first other sign, in the key's own unit.
#[test]
fn numbers_of_sphinx() {
    let positive = "a positive time is expected; the setting is ignored";
    let alone = |number| format!("digits alone are expected; read as {number}");
    for (value, time_ms, warnings) in [
        ("200", Some(200), vec![]),
        ("5s", Some(5), vec![alone("5")]),
        ("7 8", Some(7), vec![alone("7")]),
        ("4294967396", Some(100), vec![alone("100")]),
        ("0", None, vec![positive.to_owned()]),
        ("soon", None, vec![positive.to_owned(), alone("0")]),
        ("-1", None, vec!["it is -1, 0 or more is expected; the setting is ignored".to_owned()]),
    ] {
        let config =
            parse_as(&searchd_text(&format!("agent_query_timeout={value}")), Reading::Sphinx);
        let expected = time_ms.map(Duration::from_millis);
        assert_eq!(config.searchd.calls.agent_query_timeout, expected, "{value}");
        let expected: Vec<_> =
            warnings.iter().map(|warning| format!("2:21 '{value}': {warning}")).collect();
        assert_eq!(lines(&config.warnings), expected, "{value}");
    }
    let karma = |value: &str| {
        let text = searchd_text(&format!("ha_period_karma = {value}"));
        parse_as(&text, Reading::Sphinx).searchd.ha_period_karma
    };
    assert_eq!(karma("5m"), Some(Duration::from_secs(5)));
    assert_eq!(karma("0"), None, "the daemon divides by it");
    assert_eq!(karma("-3"), None);
    assert_eq!(karma("99999999999"), None);
    let searchd = |line: &str| parse_as(&searchd_text(line), Reading::Sphinx).searchd;
    assert_eq!(searchd("persistent_connections_limit=3x").persistent_connections_limit, Some(3));
    assert_eq!(searchd("agent_retry_count=8x").calls.agent_retry_count, Some(8));
    assert_eq!(searchd("agent_retry_count=-1").calls, CallSettings::default());
    assert_eq!(
        searchd("ha_ping_interval=5\nha_ping_interval=6").ha_ping_interval,
        Some(Duration::from_millis(5))
    );
}

#[test]
fn packet_sizes() {
    let size = |value: &str, reading| {
        let text = searchd_text(&format!("max_packet_size = {value}"));
        let config = Config::parse_as(&complete(&text), "c.conf", reading);
        config.ok().map(|config| config.searchd.max_packet_size)
    };
    for (value, bytes) in [
        ("128k", Some(128 << 10)),
        ("8M", Some(8 << 20)),
        ("1G", None),
        ("8Mx", None),
        ("x", None),
    ] {
        assert_eq!(size(value, Reading::Sphinx), Some(bytes), "{value}");
    }
    for value in ["127K", "M", "0", "-1", "1000000000", "99999999999999999999"] {
        assert!(size(value, Reading::Sphinx).is_none(), "{value}");
    }
    assert_eq!(size("8Mx", Reading::Manticore), Some(None));
    assert!(size("1G", Reading::Manticore).is_none());
}

#[test]
fn settings_that_manticore_ignores() {
    for (line, warning) in [
        (
            "agent_query_timeout = 5x",
            "2:24 'x': a unit of time is expected: us, ms, s, m, h, d, w, or none; the setting is \
             ignored",
        ),
        ("ha_period_karma = 0", "2:19 '0': a positive time is expected; the setting is ignored"),
        (
            "agent_retry_count = -1",
            "2:21 '-1': a count is expected: digits; the setting is ignored",
        ),
        (
            "hostname_lookup = never",
            "2:19 'never': config_load or request is expected; the setting is ignored",
        ),
    ] {
        let config = parse_as(&searchd_text(line), Reading::Manticore);
        assert_eq!(lines(&config.warnings), [warning]);
        assert_eq!(config.searchd, hamirror::config::Searchd::default());
    }
    let text = searchd_text("hostname_lookup = request\nagent_query_timeout = 2s");
    let searchd = parse_as(&text, Reading::Manticore).searchd;
    assert_eq!(searchd.hostname_lookup, Some(HostnameLookup::Request));
    assert_eq!(searchd.calls.agent_query_timeout, Some(Duration::from_secs(2)));
}

#[test]
fn files_that_a_daemon_does_not_start_with() {
    let index = |line: &str| format!("index d {{\ntype=distributed\nagent=h:1:t\n{line}\n}}\n");
    let name = "unknown key name";
    for (reading, text, error) in [
        (Reading::Sphinx, index("nosuch = 1"), format!("4:1 'nosuch': {name}")),
        (
            Reading::Sphinx,
            index("agent_retry_count=1"),
            format!("4:1 'agent_retry_count': {name}"),
        ),
        (
            Reading::Sphinx,
            index("agent_retry_delay=1"),
            format!("4:1 'agent_retry_delay': {name}"),
        ),
        (Reading::Sphinx, searchd_text("ha_strategy=x"), format!("2:1 'ha_strategy': {name}")),
        (Reading::Sphinx, searchd_text("agent=h:1:t"), format!("2:1 'agent': {name}")),
        (
            Reading::Sphinx,
            searchd_text("hostname_lookup=request"),
            format!("2:1 'hostname_lookup': {name}"),
        ),
        (
            Reading::Sphinx,
            "table d {\n}\n".to_owned(),
            "1:1 'table': a section is expected: source, index, indexer, searchd, common"
                .to_owned(),
        ),
        (
            Reading::Sphinx,
            "index a.b {\n}\n".to_owned(),
            "1:7 'a.b': a name without '.' is expected".to_owned(),
        ),
        (Reading::Manticore, index("no_such_key=1"), format!("4:1 'no_such_key': {name}")),
    ] {
        assert_eq!(errors_as(&text, reading), [error], "{text}");
    }
    for (reading, text) in [
        (Reading::Sphinx, index("AGENT = h:2:t\npath = /x")),
        (Reading::Manticore, index("mirror_retry_count = 1\nagent_retry_delay = 1\nPath = /x")),
        (Reading::Manticore, index("").replace("index", "table")),
        (Reading::Manticore, searchd_text("nosuch = 1")),
    ] {
        parse_as(&text, reading);
    }
}

#[test]
fn manticore_compares_words_of_sections_without_case() {
    for word in ["Index", "INDEX", "Table"] {
        let text = text_with("h:1:t").replace("index", word).replace("searchd", "Searchd");
        let kept = text.replace("agent =", "agent_persistent =");
        let (agents, warnings) = outcome(&kept, Reading::Manticore);
        assert_eq!(agents, Some(vec!["h:1:t[conn=persistent]".to_owned()]), "{word}");
        assert_eq!(warnings, [""; 0]);
        let error = if word == "Table" { "a section is expected" } else { "'index' is expected" };
        let errors = errors_as(&text, Reading::Sphinx);
        assert!(errors.iter().any(|told| told.contains(error)), "{errors:?}");
    }
}

#[test]
fn the_strict_reading_is_the_default() {
    assert_eq!(Reading::default(), Reading::Strict);
    let text = text_with("h:1:t[foo=1]");
    let strict = errors_as(&text, Reading::Strict);
    assert_eq!(strict, crate::errors(&text));
    let mut builder = ConfigBuilder::new();
    builder.set("d", "agent", "h:1:t[foo=1]");
    assert!(builder.build().is_err() && builder.build_as(Reading::Strict).is_err());
    let config = builder.build_as(Reading::Sphinx).expect("a configuration");
    assert_eq!(config.indexes[0].agents.len(), 1);
}
