//! One of two mirrors fails in every way that a network knows, under a load of eight threads: no
//! search fails, and what each fault adds to the latency is printed.

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use hamirror::{Client, Config, Search};
use hamirror_tests::alone;
use hamirror_tests::cluster::{Agents, Cluster, INDEX};
use hamirror_tests::corpus::{self, WORDS};
use hamirror_tests::daemon::Daemon;
use hamirror_tests::load::Load;
use hamirror_tests::namespace::Namespace;
use hamirror_tests::relay::{Behaviour, Relay};

#[test]
fn no_search_fails_over_kept_connections() -> Result<()> {
    let _machine = alone::on_the_machine();
    survive_every_fault(Agents::Persistent)
}

#[test]
fn no_search_fails_over_new_connections() -> Result<()> {
    let _machine = alone::on_the_machine();
    survive_every_fault(Agents::Plain)
}

/// A cluster whose first shard has a mirror that dies, stops and restarts, and whose second shard
/// has one behind a relay and one behind a cable.
struct World {
    cluster: Cluster,
    relay: Relay,
    /// `None` where the system allows no namespaces: then a plain daemon stands in its place.
    remote: Option<Remote>,
    client: Client,
}

struct Remote {
    daemon: Daemon,
    namespace: Arc<Namespace>,
}

impl World {
    fn start(agents: Agents) -> Result<World> {
        let mut cluster = Cluster::start(corpus::synthetic(2_000, 3), |_| {})?;
        let behind_relay = cluster.daemon(1, 0).address();
        let relay = Relay::start(behind_relay)?;
        let local = cluster.daemon(1, 1).address();
        let remote = match Namespace::create()? {
            Ok(namespace) => {
                let namespace = Arc::new(namespace);
                let daemon = cluster.start_mirror(1, Some(namespace.clone()))?;
                Some(Remote { daemon, namespace })
            }
            Err(refusal) => {
                say(&format!("not run: 'cut off' ({agents:?}): no network namespace: {refusal}"))?;
                None
            }
        };
        let far = remote.as_ref().map_or(local, |remote| remote.daemon.address());
        let text = cluster
            .config_text(agents, "    ha_strategy = nodeads\n")
            .replace(&behind_relay.to_string(), &relay.address().to_string())
            .replace(&local.to_string(), &far.to_string());
        let client = Client::new(&Config::parse(&text, "faults_under_load.conf")?)?;
        Ok(World { cluster, relay, remote, client })
    }

    /// Attempts on a host that ended without its answer.
    fn errors(&self, host: &str) -> u64 {
        self.client.status().host(host).map_or(0, |host| host.since_start.errors())
    }

    /// A phase in which something is wrong with a host, until that was felt; then one in which it
    /// is not, until the host has work again.
    fn phase(
        &mut self,
        load: &mut Load,
        name: &str,
        host: &str,
        fault: impl FnOnce(&mut World, &Load) -> Result<()>,
        repair: impl FnOnce(&mut World) -> Result<()>,
    ) -> Result<()> {
        let before = self.errors(host);
        load.phase(name);
        fault(self, load)?;
        load.run_searches(SEARCHES)?;
        load.run_until(|| self.errors(host) > before).context(name.to_owned())?;
        load.phase(&format!("{name}: over"));
        repair(self)?;
        load.run_until_all_live().context(name.to_owned())?;
        load.run_searches(SEARCHES)
    }

    fn break_processes(&mut self, load: &mut Load) -> Result<()> {
        let host = self.cluster.daemon(0, 0).address().to_string();
        let kill = |world: &mut World, _: &Load| world.cluster.daemon(0, 0).kill();
        let start = |world: &mut World| world.cluster.daemon(0, 0).restart();
        self.phase(load, "killed", &host, kill, start)?;

        let pause = |world: &mut World, _: &Load| world.cluster.daemon(0, 0).pause();
        let resume = |world: &mut World| world.cluster.daemon(0, 0).resume();
        self.phase(load, "stopped", &host, pause, resume)?;

        let restart_often = |world: &mut World, load: &Load| {
            for _ in 0..RESTARTS {
                world.cluster.daemon(0, 0).stop()?;
                load.run_searches(SEARCHES / RESTARTS)?;
                world.cluster.daemon(0, 0).restart()?;
                load.run_searches(SEARCHES / RESTARTS)?;
            }
            Ok(())
        };
        self.phase(load, "restarted ten times", &host, restart_often, |_| Ok(()))
    }

    fn break_connections(&mut self, load: &mut Load) -> Result<()> {
        let host = self.relay.address().to_string();
        for (name, behaviour) in [
            ("refuses", Behaviour::Refuse),
            ("accepts and closes", Behaviour::Close),
            ("accepts and resets", Behaviour::Reset),
            ("accepts in silence", Behaviour::Silence),
        ] {
            let fault = |world: &mut World, _: &Load| world.relay.set(behaviour);
            let repair = |world: &mut World| world.relay.set(Behaviour::Pass);
            self.phase(load, name, &host, fault, repair)?;
        }
        let Some(remote) = &self.remote else { return Ok(()) };
        let host = remote.daemon.address().to_string();
        let (namespace, its_own) = (remote.namespace.clone(), remote.namespace.clone());
        let unplug = move |_: &mut World, _: &Load| namespace.unplug();
        let plug = move |_: &mut World| its_own.plug();
        self.phase(load, "cut off", &host, unplug, plug)
    }
}

fn survive_every_fault(agents: Agents) -> Result<()> {
    let mut world = World::start(agents)?;
    let searches = WORDS.iter().map(|word| Search::new(*word)).collect();
    let mut load = Load::start(&world.client, INDEX, searches, THREADS, "quiet")?;
    load.run_searches(3 * SEARCHES)?;
    world.break_processes(&mut load)?;
    world.break_connections(&mut load)?;
    let report = load.finish()?;
    say(&format!("{THREADS} threads, {agents:?}:\n{}", report.table()))?;
    ensure!(report.failed() == 0, "{agents:?}: {:?}", report.failures());
    let last = &report.phases[report.phases.len() - 1].answers;
    ensure!(last.iter().all(|(_, answers)| *answers > 0), "{agents:?}: a mirror stays left out");
    Ok(())
}

/// Not by `println`, which the test harness swallows when all is well.
fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

const THREADS: usize = 8;
const SEARCHES: usize = 1_000;
const RESTARTS: usize = 10;
