//! What is read is what was written.

use hamirror::config::{Agent, ConfigBuilder, HaStrategy, HostAddress, Mirror};
use proptest::option;
use proptest::prelude::*;

fn host() -> impl Strategy<Value = HostAddress> {
    let port = 1..=u16::MAX;
    let name = "[A-Za-z0-9][A-Za-z0-9_.-]{0,20}";
    prop_oneof![
        (name, port.clone()).prop_map(|(name, port)| HostAddress::Tcp { name, port }),
        (any::<std::net::Ipv6Addr>(), port)
            .prop_map(|(address, port)| HostAddress::Tcp { name: address.to_string(), port }),
        "/[A-Za-z0-9_./-]{0,40}".prop_map(|path| HostAddress::Unix(path.into())),
    ]
}

fn mirror() -> impl Strategy<Value = Mirror> {
    let list = "([A-Za-z0-9_.-]{1,9}(, ?[A-Za-z0-9_.-]{1,9}){0,3})|[*]";
    (host(), list).prop_map(|(host, index_list)| Mirror { host, index_list })
}

fn agent() -> impl Strategy<Value = Agent> {
    let strategy = prop_oneof![
        Just(HaStrategy::Random),
        Just(HaStrategy::RoundRobin),
        Just(HaStrategy::NoDeads),
        Just(HaStrategy::NoErrors),
    ];
    let mirrors = proptest::collection::vec(mirror(), 1..6);
    (mirrors, any::<bool>(), any::<bool>(), option::of(strategy), option::of(0..=u32::MAX))
        .prop_map(|(mirrors, persistent, blackhole, ha_strategy, retry_count)| {
            let line = String::new();
            Agent { line, mirrors, persistent, blackhole, ha_strategy, retry_count }
        })
}

/// One mirror with what may be left out left out, and what it must come to.
fn loose_mirrors() -> impl Strategy<Value = (String, Vec<String>)> {
    let part = ("[a-z]{1,5}", option::of(1..=u16::MAX), option::of("[a-z]{1,5}"), " {0,2}");
    proptest::collection::vec(part, 1..6).prop_map(|parts| {
        let mut written = Vec::new();
        let mut list = "d".to_owned();
        let mut meant = Vec::new();
        for (host, port, own_list, blanks) in parts.into_iter().rev() {
            list = own_list.clone().unwrap_or(list);
            meant.push(format!("{host}:{}:{list}", port.unwrap_or(9312)));
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            let own_list = own_list.map(|list| format!(":{list}")).unwrap_or_default();
            written.push(format!("{blanks}{host}{port}{own_list}{blanks}"));
        }
        written.reverse();
        meant.reverse();
        (written.join("|"), meant)
    })
}

fn read(line: &str) -> Agent {
    let mut builder = ConfigBuilder::new();
    let config = builder.set("d", "agent", line).build();
    let mut config = config.unwrap_or_else(|error| panic!("{error}\n{line}"));
    config.indexes.remove(0).agents.remove(0)
}

proptest! {
    #[test]
    fn an_agent_survives_being_written(agent in agent()) {
        let line = agent.to_string();
        prop_assert_eq!(read(&line), Agent { line: line.clone(), ..agent });
    }

    #[test]
    fn what_is_left_out_is_filled_in((line, meant) in loose_mirrors()) {
        let mirrors: Vec<_> = read(&line).mirrors.iter().map(ToString::to_string).collect();
        prop_assert_eq!(mirrors, meant);
    }
}
