//! Configurations of the simulated world: agents over some of its sites.

use std::ops::Range;

use crate::config::{Config, ConfigBuilder, HostAddress};

/// What a configuration may say.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    /// Daemons that agents may name.
    pub(super) sites: usize,
    pub(super) indexes_max: usize,
    pub(super) mirrors_min: usize,
    pub(super) strategies: Vec<&'static str>,
    pub(super) persistent_only: bool,
    /// `ha_period_karma`: mostly the first.
    pub(super) period_s: Range<u64>,
}

impl Cluster {
    /// One of the configurations that it allows.
    pub(super) fn config(&self, random: &mut fastrand::Rng) -> Config {
        let mut builder = ConfigBuilder::new();
        let is_usual = random.u8(..) < 230;
        let Range { start, end } = self.period_s;
        let period_s = if is_usual { start } else { end - 1 };
        builder.set("searchd", "ha_period_karma", &format!("{period_s}s"));
        let kept_min = if self.persistent_only { 4 } else { 1 };
        let kept_max = random.u32(kept_min..6).to_string();
        builder.set("searchd", "persistent_connections_limit", &kept_max);
        for number in 0..random.usize(1..=self.indexes_max) {
            let index = format!("index{number}");
            let strategy = self.strategies[random.usize(..self.strategies.len())];
            builder.set(&index, "ha_strategy", strategy);
            for _ in 0..random.usize(1..=2.min(self.indexes_max)) {
                let is_persistent = self.persistent_only || random.bool();
                let key = if is_persistent { "agent_persistent" } else { "agent" };
                builder.set(&index, key, &self.agent(random));
            }
        }
        builder.build().expect("only what a configuration may say was set")
    }

    fn agent(&self, random: &mut fastrand::Rng) -> String {
        let mut sites: Vec<usize> = (0..self.sites).collect();
        random.shuffle(&mut sites);
        sites.truncate(random.usize(self.mirrors_min..=self.sites));
        let hosts: Vec<String> = sites.into_iter().map(written).collect();
        let is_capped = !self.persistent_only && random.u8(..) < 15;
        let options = if is_capped { "[retry_count=1]" } else { "" };
        format!("{}:i{options}", hosts.join("|"))
    }
}

/// A site as a configuration names it: half of them by a name, the others where they listen.
pub(super) fn written(site: usize) -> String {
    match site % 4 {
        2 => format!("10.0.0.{site}:{}", port(site)),
        3 => format!("{SOCKET_PREFIX}{site}"),
        _ => format!("mirror{site}:{}", port(site)),
    }
}

/// The site that an address of the configuration means.
pub(super) fn site_of(address: &HostAddress) -> usize {
    match address {
        HostAddress::Tcp { port, .. } => usize::from(*port - PORT_MIN),
        HostAddress::Unix(path) => {
            let path = path.to_str().expect("it was written here");
            path[SOCKET_PREFIX.len()..].parse().expect("it ends with the number")
        }
    }
}

/// The port of a site, whatever its address.
pub(super) fn port(site: usize) -> u16 {
    PORT_MIN + site as u16
}

const PORT_MIN: u16 = 9_000;

const SOCKET_PREFIX: &str = "/run/mirror";
