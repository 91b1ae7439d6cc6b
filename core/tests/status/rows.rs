//! Rows against those of real daemons.

use std::time::Duration;

use hamirror::FailureKind;
use hamirror::status::Counter;
use hamirror::status::{Flavour, Show};

use super::captures::{self, Answer, MANTICORE, SPHINX};
use super::{PERIOD, World};

/// The master that the captures of 2.2.11 come from, as far as they show it.
const SPHINX_INDEXES: &str = "
index d2 {
  type = distributed
  agent = 127.0.0.1:19341:pl
  agent = 127.0.0.1:19342:pl
}
index drtl {
  type = distributed
  local = lrt
  agent = 127.0.0.1:19341:rt
  agent = 127.0.0.1:19342:rt
}
index dpers {
  type = distributed
  agent = 127.0.0.1:19341:pl
  agent_persistent = 127.0.0.1:19341:pl
  agent_persistent = 127.0.0.1:19342:pl
}
index dblack {
  type = distributed
  agent = 127.0.0.1:19341:pl
  agent_blackhole = 127.0.0.1:19342:pl
}
index dmir {
  type = distributed
  ha_strategy = roundrobin
  agent = 127.0.0.1:19341|127.0.0.1:19342:pl
}
";

const FIRST: &str = "127.0.0.1:19341";

fn world_of(indexes: &[&str]) -> World {
    World::new(&format!("{}searchd {{\n persistent_connections_limit = 2\n}}", indexes.concat()))
}

fn show(world: &World, statement: &str, flavour: Flavour, second: f64) -> Answer {
    let show = Show::parse(statement).unwrap().flavour(flavour);
    Answer { statement: statement.to_owned(), rows: world.status(second).show(&show) }
}

/// Capture less the row of column names.
fn captured(statement: &str) -> Answer {
    let mut answer = captures::find(SPHINX, statement);
    let columns = answer.rows.remove(0);
    assert_eq!([columns.0.as_str(), &columns.1], Show::parse(statement).unwrap().columns());
    answer
}

/// Makes what the capture of the first host shows: 27 references, and in the running period 52
/// of 203 queries.
fn busy_world() -> World {
    let lines = format!("agent = {FIRST}:pl\n").repeat(27);
    let world = World::new(&format!("index d {{\n type = distributed\n {lines}}}\nsearchd {{}}"));
    let (before, running) = (70.0, 230.0);
    world.fail(FIRST, FailureKind::ConnectFailure, 100, before);
    for number in 0..151 {
        world.connect(FIRST, if number == 0 { 1_712 } else { 216 }, before);
        world.answer(FIRST, if number == 0 { 14_680 } else { 1_000 }, before);
    }
    for number in 0..52 {
        world.connect(FIRST, if number == 0 { 1_209 } else { 324 }, running);
    }
    world.answer(FIRST, 30_500, running);
    (0..50).for_each(|_| world.answer(FIRST, 10_000, running));
    world.answer(FIRST, 2_500, 230.102_5);
    world
}

#[test]
fn a_host_reads_as_in_sphinx_byte_for_byte() {
    let expected = captured("SHOW AGENT '127.0.0.1:19341' STATUS");
    let found = show(&busy_world(), &expected.statement, Flavour::Sphinx2211, 230.987);
    assert_eq!(found, expected);
}

#[test]
fn all_hosts_read_as_in_sphinx() {
    let world = world_of(&[SPHINX_INDEXES]);
    let rows = world.status(0.0).rows();
    assert_eq!(rows[..2], captured("SHOW AGENT STATUS LIKE 'status%'").rows);
    let of_one = captured("SHOW AGENT '127.0.0.1:19341' STATUS");
    let keys = (0..2).flat_map(|number| {
        of_one.keys().into_iter().map(move |key| key.replacen("agent", &format!("ag_{number}"), 1))
    });
    let expected: Vec<String> = keys.collect();
    let found: Vec<&str> = rows[2..].iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(found, expected);
    let value = |key: &str| rows.iter().find(|row| row.0 == key).unwrap().1.as_str();
    assert_eq!(value("ag_1_hostname"), "127.0.0.1:19342");
    assert_eq!(value("ag_0_references"), "6");
    assert_eq!(value("ag_0_lastquery"), "0.00");
    assert_eq!(value("ag_0_15periods_msecsperqueryy"), "n/a");
}

#[test]
fn indexes_names_and_patterns_read_as_in_sphinx() {
    let world = world_of(&[SPHINX_INDEXES]);
    let mut checked = 0;
    for answer in captures::read(SPHINX) {
        let statement = answer.statement.as_str();
        if statement.contains("SHOW STATUS") || statement.contains(FIRST) {
            continue;
        }
        let found = show(&world, statement, Flavour::Sphinx2211, 0.0);
        assert_eq!(found, captured(statement));
        checked += 1;
    }
    assert_eq!(checked, 12);
    let pattern = "SHOW AGENT '127.0.0.1:19341' STATUS LIKE 'agent_1p%'";
    let found = show(&world, pattern, Flavour::Sphinx2211, 0.0);
    assert_eq!(found.keys(), captured(pattern).keys());
}

#[test]
fn an_index_comes_before_a_host_of_the_same_name() {
    let show = Show::parse("SHOW AGENT '/tmp/x' STATUS").unwrap();
    let config = "index d {\n type = distributed\n agent = /tmp/x:pl\n}\nsearchd {\n}";
    let mut status = World::new(config).status(0.0);
    assert_eq!(status.show(&show)[0].0, "agent_hostname");
    status.indexes[0].name = "/tmp/x".to_owned();
    status.agents[0].index = "/tmp/x".to_owned();
    assert_eq!(status.show(&show)[0].0, "dstindex_1_is_ha");
}

#[test]
fn unknown_names_give_a_row_that_patterns_apply_to() {
    let world = world_of(&[SPHINX_INDEXES]);
    let error = |statement: &str, flavour| show(&world, statement, flavour, 0.0).rows;
    let row = |text: &str| vec![("status_error".to_owned(), text.to_owned())];
    let sphinx = error("SHOW AGENT 'nope' STATUS LIKE 'status%'", Flavour::Sphinx2211);
    assert_eq!(sphinx, row("No such agent: nope"));
    let manticore = error("SHOW AGENT nope STATUS", Flavour::Manticore);
    assert_eq!(manticore, row("No such distributed table or agent: nope"));
    assert_eq!(error("SHOW AGENT D2 STATUS", Flavour::Sphinx2211), row("No such agent: D2"));
    assert!(error("SHOW AGENT 'nope' STATUS LIKE 'zzz'", Flavour::Sphinx2211).is_empty());
}

const MANTICORE_INDEXES: &str = "
index dp {
  type = distributed
  agent_persistent = 127.0.0.1:22122:t
  agent_persistent = 127.0.0.1:22112:t
}
index dha {
  type = distributed
  ha_strategy = nodeads
  agent = 127.0.0.1:22112:t|127.0.0.1:22122:t
}
";

/// Keys of Manticore's manual that the daemon does not have.
fn is_documented_only(key: &str) -> bool {
    key.ends_with("periods_query_timeouts") || key.ends_with("_msecsperquery")
}

#[test]
fn a_host_has_the_keys_of_manticore_and_of_its_manual() {
    let world = world_of(&[MANTICORE_INDEXES]);
    let name = "127.0.0.1:22112";
    world.fail(name, FailureKind::ConnectFailure, 65, 1.0);
    world.fail(name, FailureKind::QueryTimeout, 2_000_000, 4.0);
    world.answer(name, 3_500, 5.0);
    world.host(name).record(|karma| {
        karma.handle_ping_trip(Duration::from_micros(1_553));
        karma.handle_query_error(world.at(5.001_481));
    });
    let statement = "show agent '127.0.0.1:22112' status";
    let expected = captures::find(MANTICORE, statement);
    let found = show(&world, statement, Flavour::Manticore, 5.2);
    let keys: Vec<&str> =
        found.keys().into_iter().filter(|key| !is_documented_only(key)).collect();
    assert_eq!(keys, expected.keys());
    let head = "agent_hostname 127.0.0.1:22112|agent_references 2|agent_ping yes|\
        agent_has_perspool yes|agent_need_resolve no|agent_lastquery 0.20|agent_lastanswer 0.20|\
        agent_lastperiodmsec 4.981|agent_pingtripmsec 1.553|agent_errorsarow 0";
    // A refused connection is a network error there.
    let window = "query_timeouts 1|msecsperqueryy 667.83|connect_timeouts 0|connect_failures 0|\
        network_errors 1|wrong_query 1|wrong_replies 0|unexpected_closings 0|warnings 0|\
        succeeded_queries 1|msecsperquery 667.83|total_query_time 2003.500|connect_count 0|\
        connect_avg 0|connect_max 0";
    let mut lines: Vec<String> = head.split('|').map(str::to_owned).collect();
    for periods in [1, 5, 15] {
        let prefixed = window.split('|').map(|row| format!("agent_{periods}periods_{row}"));
        lines.extend(prefixed);
    }
    let found: Vec<String> =
        found.rows.iter().map(|(key, value)| format!("{key} {value}")).collect();
    assert_eq!(found, lines);
}

#[test]
fn indexes_read_as_in_manticore() {
    let world = world_of(&[MANTICORE_INDEXES]);
    for statement in ["show agent dp status", "show agent dha status"] {
        let found = show(&world, statement, Flavour::Manticore, 0.0);
        assert_eq!(found, captures::find(MANTICORE, statement));
    }
    let like = show(&world, "show agent dha status like '%weight'", Flavour::Manticore, 0.0);
    assert_eq!(like.rows.len(), 2);
}

#[test]
fn windows_of_rows_reach_back_as_far_as_they_say() {
    let world = world_of(&[SPHINX_INDEXES]);
    let period = PERIOD.as_secs_f64();
    for block in 0..20 {
        world.fail(FIRST, FailureKind::NetworkError, 10, (f64::from(block) + 0.75) * period);
    }
    let errors = |second: f64, periods: usize| {
        let key = format!("ag_0_{periods}periods_network_errors");
        let rows = world.status(second).rows();
        rows.into_iter().find(|row| row.0 == key).unwrap().1
    };
    let late = 19.8 * period;
    assert_eq!([1, 5, 15].map(|periods| errors(late, periods)), ["1", "5", "15"]);
    let early = 20.2 * period;
    assert_eq!([1, 5, 15].map(|periods| errors(early, periods)), ["1", "5", "14"]);
    let status = world.status(early);
    let host = status.host(FIRST).unwrap();
    assert_eq!(host.since_start.get(Counter::NetworkErrors), 20);
}

#[test]
fn counters_of_mirrors_have_the_daemons_keys() {
    let world = world_of(&[SPHINX_INDEXES, MANTICORE_INDEXES]);
    let book = |index: &str, connect_us, query_us| {
        let tally = &world.topology.indexes[index].agents[0].mirrors[0].tally;
        tally.handle_connect(Duration::from_micros(connect_us));
        let elapsed = Duration::from_micros(query_us);
        tally.handle_end(Counter::SucceededQueries, Some(elapsed));
    };
    book("dmir", 250, 1_500);
    let statement = "SHOW STATUS LIKE 'ag_dmir_%'";
    let found = show(&world, statement, Flavour::Sphinx2211, 1.0);
    assert_eq!(found.keys(), captured(statement).keys());
    let of_first: Vec<&str> = found.rows[..12].iter().map(|row| row.1.as_str()).collect();
    assert_eq!(of_first, ["0", "0", "0", "0", "0", "0", "0", "1", "1500", "1", "250", "250"]);

    for (connect_us, query_us) in [(795, 1_663), (483, 1_500), (483, 1_500)] {
        book("dha", connect_us, query_us);
    }
    let expected = captures::find(MANTICORE, "show status");
    let found = show(&world, "SHOW STATUS LIKE 'ag_dha%'", Flavour::Manticore, 1.0);
    assert_eq!(found.keys(), expected.keys());
    assert_eq!(found.rows[..13], expected.rows[..13]);
    let tally = &world.topology.indexes["dha"].agents[0].mirrors[0].tally;
    tally.handle_end(Counter::ConnectFailures, None);
    tally.handle_end(Counter::NetworkErrors, None);
    let found = show(&world, "SHOW STATUS LIKE 'ag_dha_1_1_%s'", Flavour::Manticore, 1.0);
    let value = |key: &str| found.rows.iter().find(|row| row.0.ends_with(key)).unwrap().1.clone();
    assert_eq!([value("connect_failures"), value("network_errors")], ["0", "2"]);
}

#[test]
fn counters_of_the_client_come_first() {
    let world = world_of(&[MANTICORE_INDEXES]);
    let traffic = &world.topology.traffic;
    (0..24).for_each(|_| traffic.handle_connect());
    traffic.handle_retry();
    (0..15).for_each(|_| traffic.handle_query());
    let rows = show(&world, "SHOW STATUS", Flavour::Manticore, 0.0).rows;
    let row = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let expected =
        [row("agent_connect", "24"), row("agent_retry", "1"), row("dist_queries", "15")];
    assert_eq!(rows[..3], expected);
    assert_eq!(rows[3].0, "ag_dha_1_1_query_timeouts");
    assert_eq!(rows.len(), 3 + 4 * 13);
}
