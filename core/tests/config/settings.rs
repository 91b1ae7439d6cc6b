//! Every key of the searchd section and of a distributed index, with its units and limits.

use std::time::Duration;

use hamirror::config::{CallSettings, DistributedIndex, HaStrategy, HostnameLookup, Searchd};

use crate::{errors, parse, warnings};

fn searchd_text(lines: &str) -> String {
    format!("searchd {{\n{lines}\n}}\n")
}

fn searchd(lines: &str) -> Searchd {
    parse(&searchd_text(lines)).searchd
}

fn index_text(lines: &str) -> String {
    format!("index d {{ type=distributed\n{lines}\n agent=a:1|b:2:t\n}}\n")
}

fn index(lines: &str) -> DistributedIndex {
    parse(&index_text(lines)).indexes.remove(0)
}

fn ms(number: u64) -> Option<Duration> {
    Some(Duration::from_millis(number))
}

#[test]
fn unset_is_not_the_default() {
    assert_eq!(searchd("listen = 9312"), Searchd::default());
    let index = index("");
    assert_eq!(index.calls, CallSettings::default());
    assert_eq!(index.ha_strategy, None);
}

#[test]
fn searchd_keys() {
    let text = "agent_connect_timeout = 100\nagent_query_timeout = 2s\nagent_retry_count = 3\n\
                agent_retry_delay = 0\nha_period_karma = 120\nha_ping_interval = 0\n\
                ha_strategy = noerrors\nhostname_lookup = request\nmax_packet_size = 32M\n\
                persistent_connections_limit = 29\nmax_filters = 1000\n\
                max_filter_values = 200000";
    assert_eq!(
        searchd(text),
        Searchd {
            calls: CallSettings {
                agent_connect_timeout: ms(100),
                agent_query_timeout: ms(2_000),
                agent_retry_count: Some(3),
                agent_retry_delay: ms(0),
            },
            ha_strategy: Some(HaStrategy::NoErrors),
            ha_period_karma: ms(120_000),
            ha_ping_interval: ms(0),
            persistent_connections_limit: Some(29),
            max_packet_size: Some(32 << 20),
            hostname_lookup: Some(HostnameLookup::Request),
            max_filters: Some(1_000),
            max_filter_values: Some(200_000),
        }
    );
    assert_eq!(searchd("ha_ping_interval = 3000 ms").ha_ping_interval, ms(3_000));
    assert_eq!(searchd("ha_period_karma = 2m").ha_period_karma, ms(120_000));
    assert_eq!(searchd("ha_ping_interval = 1s").ha_ping_interval, ms(1_000));
    assert_eq!(
        searchd("hostname_lookup = config_load").hostname_lookup,
        Some(HostnameLookup::ConfigLoad)
    );
    assert_eq!(warnings(&searchd_text(text)), [""; 0]);
}

#[test]
fn index_keys() {
    let text = "agent_connect_timeout = 1\nagent_query_timeout = 1m\nmirror_retry_count = 2\n\
                agent_retry_delay = 250ms\nha_strategy = RoundRobin\ndivide_remote_ranges = 0";
    let index = index(text);
    assert_eq!(
        index.calls,
        CallSettings {
            agent_connect_timeout: ms(1),
            agent_query_timeout: ms(60_000),
            agent_retry_count: Some(2),
            agent_retry_delay: ms(250),
        }
    );
    assert_eq!(index.ha_strategy, Some(HaStrategy::RoundRobin));
    assert_eq!(warnings(&index_text(text)), [""; 0]);
}

#[test]
fn refused_values_of_both_sections() {
    let time = "a time is expected: digits, such as 500 or 500ms";
    for (line, place, error) in [
        ("agent_connect_timeout=-1", "2:23 '-1'", time),
        ("agent_query_timeout=abc", "2:21 'abc'", time),
        ("agent_query_timeout=", "2:21 ''", time),
        (
            "agent_query_timeout = 2 x",
            "2:25 'x'",
            "a unit of time is expected: us, ms, s, m, h, d, w, or none",
        ),
        (
            "agent_query_timeout=99999999999",
            "2:21 '99999999999'",
            "at most 2147483647 ms is expected",
        ),
        (
            "agent_retry_delay=5x",
            "2:20 'x'",
            "a unit of time is expected: us, ms, s, m, h, d, w, or none",
        ),
        ("agent_retry_count=-1", "2:19 '-1'", "a count is expected: digits"),
        ("mirror_retry_count=1s", "2:21 's'", "nothing is expected after the count"),
        ("agent_retry_count=99999999999", "2:19 '99999999999'", "at most 4294967295 is expected"),
        ("ha_strategy=node", "2:13 'node'", "random, roundrobin, nodeads or noerrors is expected"),
    ] {
        let expected = [format!("{place}: {error}")];
        assert_eq!(errors(&searchd_text(line)), expected, "{line}");
        assert_eq!(errors(&index_text(line)), expected, "{line}");
    }
}

#[test]
fn refused_values_of_searchd() {
    for (line, error) in [
        ("ha_period_karma = 0", "2:19 '0': a positive time is expected"),
        ("ha_period_karma = -3", "2:19 '-3': a time is expected: digits, such as 500 or 500ms"),
        (
            "ha_ping_interval = often",
            "2:20 'often': a time is expected: digits, such as 500 or 500ms",
        ),
        ("max_packet_size = 127K", "2:19 '127K': a size from 128K to 128M is expected"),
        ("max_packet_size = 1G", "2:19 '1G': a size from 128K to 128M is expected"),
        ("max_packet_size = 8Mx", "2:20 'Mx': a unit of size is expected: k, m, g, or none"),
        ("max_packet_size = M", "2:19 'M': a size is expected: digits, such as 8M"),
        ("persistent_connections_limit = -1", "2:32 '-1': a count is expected: digits"),
        ("max_filters = 0", "2:15 '0': a count from 1 to 10240 is expected"),
        ("max_filters = 10241", "2:15 '10241': a count from 1 to 10240 is expected"),
        ("max_filters = many", "2:15 'many': a count from 1 to 10240 is expected"),
        ("max_filter_values = -1", "2:21 '-1': a count from 1 to 10485760 is expected"),
        (
            "max_filter_values = 10485761",
            "2:21 '10485761': a count from 1 to 10485760 is expected",
        ),
        ("hostname_lookup = never", "2:19 'never': config_load or request is expected"),
    ] {
        assert_eq!(errors(&searchd_text(line)), [error], "{line}");
    }
    assert_eq!(searchd("max_packet_size = 128k").max_packet_size, Some(128 << 10));
    assert_eq!(searchd("max_packet_size = 134217728").max_packet_size, Some(128 << 20));
}

#[test]
fn a_timeout_of_zero_is_ignored() {
    let text = index_text("agent_connect_timeout = 0\nagent_query_timeout = 0ms");
    let positive = "a positive time is expected; the setting is ignored";
    assert_eq!(
        warnings(&text),
        [format!("2:25 '0': {positive}"), format!("3:23 '0ms': {positive}")]
    );
    assert_eq!(parse(&text).indexes[0].calls, CallSettings::default());
}

#[test]
fn large_retries_are_warned_of() {
    let text = searchd_text("agent_retry_count = 9\nagent_retry_delay = 5000");
    assert_eq!(
        warnings(&text),
        [
            "2:21 '9': at most 8 is expected; 8 rounds are made",
            "3:21 '5000': at most 1000 ms is recommended",
        ]
    );
    assert_eq!(parse(&text).searchd.calls.agent_retry_delay, ms(5_000));
}

#[test]
fn mirror_retry_count_wins() {
    for (first, second) in [("agent", "mirror"), ("mirror", "agent")] {
        let count = |key| if key == "mirror" { 2 } else { 1 };
        let lines = format!(
            "{first}_retry_count = {}\n{second}_retry_count = {}",
            count(first),
            count(second)
        );
        let line = if first == "agent" { 2 } else { 3 };
        let expected = [format!(
            "{line}:21 '1': agent_retry_count is expected to be left out beside \
             mirror_retry_count, which counts"
        )];
        assert_eq!(warnings(&searchd_text(&lines)), expected);
        assert_eq!(warnings(&index_text(&lines)), expected);
        assert_eq!(searchd(&lines).calls.agent_retry_count, Some(2));
        assert_eq!(index(&lines).calls.agent_retry_count, Some(2));
    }
}

#[test]
fn the_first_of_repeated_values_counts() {
    let text = searchd_text("ha_ping_interval = 5\nlisten = 1\nlisten = 2\nha_ping_interval = x");
    let expected = "5:20 'x': one value of 'ha_ping_interval' is expected; it is ignored";
    assert_eq!(warnings(&text), [expected]);
    assert_eq!(parse(&text).searchd.ha_ping_interval, ms(5));
}

#[test]
fn a_strategy_without_mirrors_is_warned_of() {
    let text = "index d {\n type=distributed\n agent=a:1:t\n ha_strategy=nodeads\n}\n";
    let expected =
        "4:14 'nodeads': an agent with several mirrors is expected; ha_strategy has no effect";
    assert_eq!(warnings(text), [expected]);
}

#[test]
fn misplaced_keys_of_searchd_are_warned_of() {
    let text = searchd_text("agent = h:1:t\nHA_PING_INTERVAL = 5\nworkers = threads");
    let expected = "a key of section searchd is expected; it is ignored";
    assert_eq!(
        warnings(&text),
        [format!("2:1 'agent': {expected}"), format!("3:1 'HA_PING_INTERVAL': {expected}")]
    );
}
