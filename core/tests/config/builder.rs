//! Configurations that a program puts together.

use std::time::Duration;

use hamirror::Error;
use hamirror::config::{Config, ConfigBuilder, Diagnostic};

use crate::parse;

fn errors(builder: &ConfigBuilder) -> Vec<String> {
    match builder.build() {
        Err(Error::Config(diagnostics)) => diagnostics.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn build(settings: &[(&str, &str, &str)]) -> Config {
    let mut builder = ConfigBuilder::new();
    for (section, key, value) in settings {
        builder.set(section, key, value);
    }
    builder.build().expect("a configuration")
}

#[test]
fn it_gives_what_the_same_text_gives() {
    let built = build(&[
        ("index d", "agent", "a:1|b:2:t"),
        ("searchd", "agent_query_timeout", "5s"),
        ("d", "agent", " c:3:t[conn=pconn] "),
        ("table e", "agent_blackhole", "x:1:y"),
        (" d ", "ha_strategy", "nodeads"),
    ]);
    let read = parse(
        "searchd {\n agent_query_timeout = 5000\n}\nindex d {\n type = distributed\n \
         agent = a:1|b:2:t\n agent = c:3:t[conn=pconn]\n ha_strategy = nodeads\n}\n\
         table e {\n type = distributed\n agent_blackhole = x:1:y\n}\n",
    );
    assert_eq!(built.searchd, read.searchd);
    assert_eq!(built.indexes, read.indexes);
    assert_eq!(built.warnings, []);
}

#[test]
fn single_values_are_replaced_and_others_add_up() {
    let config = build(&[
        ("d", "agent_query_timeout", "1s"),
        ("d", "agent", "a:1:t"),
        ("d", "agent_query_timeout", "2s"),
        ("d", "agent", "b:1:t"),
        ("d", "type", "distributed"),
    ]);
    assert_eq!(config.indexes[0].agents.len(), 2);
    let timeout = config.indexes[0].calls.agent_query_timeout;
    assert_eq!(timeout, Some(Duration::from_secs(2)));
}

#[test]
fn nothing_set_is_an_empty_configuration() {
    let config = ConfigBuilder::new().build().expect("a configuration");
    assert!(config.indexes.is_empty() && config.warnings.is_empty());
}

#[test]
fn errors_name_what_was_set() {
    let mut builder = ConfigBuilder::new();
    builder
        .set("d", "agent", "a:1|b:x:t;")
        .set("d", "agent_query_timeout", "1y")
        .set("e", "type", "plain")
        .set("f", "ha_strategy", "random")
        .set("no such", "agent", "a:1:t")
        .set("", "agent", "a:1:t");
    assert_eq!(
        errors(&builder),
        [
            "set(\"\"), column 1: '': 'searchd' or the name of a distributed index is expected",
            "set(\"d\", \"agent\"), column 8: ':t;': index names with ',' between them are \
             expected",
            "set(\"d\", \"agent_query_timeout\"), column 2: 'y': a unit of time is expected: us, \
             ms, s, m, h, d, w, or none",
            "set(\"e\", \"type\"), column 1: 'plain': 'distributed' is expected",
            "set(\"f\"), column 1: 'f': an agent or local index is expected in the distributed \
             index",
            "set(\"no such\"), column 1: 'no such': 'searchd' or the name of a distributed index \
             is expected",
        ]
    );
    builder.set("f", "agent", "a:1:t");
    assert_eq!(errors(&builder).len(), 5);
}

#[test]
fn unknown_keys_are_warned_of_in_every_section() {
    let config = build(&[("searchd", "listen", "1"), ("d", "agent", "h:1:t"), ("d", "x", "1")]);
    let warnings: Vec<_> = config.warnings.iter().map(Diagnostic::to_string).collect();
    assert_eq!(
        warnings,
        [
            "set(\"d\", \"x\"), column 1: 'x': a key of a distributed index is expected; it is \
             ignored",
            "set(\"searchd\", \"listen\"), column 1: 'listen': a key of section searchd is \
             expected; it is ignored",
        ]
    );
}

#[test]
fn a_builder_may_move_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<ConfigBuilder>();
    check::<Config>();
}
