//! Shares of real mirrors by strategy: of a slower one, of one that comes back, of a new one.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hamirror::{Client, ClientOptions, Config, Search};
use hamirror_tests::alone;
use hamirror_tests::cluster::Cluster;
use hamirror_tests::corpus;
use hamirror_tests::daemon::Daemon;
use hamirror_tests::relay::{Behaviour, Relay};

/// Two mirrors behind relays, so that all that differs between them is the delay.
#[test]
fn a_slower_mirror_loses_its_share_and_gets_it_back() -> Result<()> {
    let _machine = alone::on_the_machine();
    let cluster = Cluster::start(corpus::synthetic(200, 11), |_| {})?;
    for strategy in ["nodeads", "noerrors"] {
        let twins = &cluster.daemons()[0];
        let slow = Relay::start(twins[0].address())?;
        let fast = Relay::start(twins[1].address())?;
        let hosts = [slow.address().to_string(), fast.address().to_string()];
        let bed = Bed::new(strategy, &hosts)?;
        let mut tries = 0..TRIES;
        loop {
            ensure!(tries.next().is_some(), "{strategy}: the machine is too busy to measure");
            slow.set(Behaviour::Delay(DELAY))?;
            bed.run_for(PERIOD * 2)?;
            let slowed = bed.measure(PERIOD)?;
            slow.set(Behaviour::Pass)?;
            bed.run_for(PERIOD * 2)?;
            let recovered = bed.measure(PERIOD)?;
            println!("{strategy}: slow {slowed:?}, recovered {recovered:?}");
            // The promise is of a mirror 20 ms slower than one that needs less than 1 ms.
            let is_quiet = slowed.latency_us[1] < 1_000.0;
            let (one, other) = (recovered.latency_us[0], recovered.latency_us[1]);
            let is_even = one.max(other) < one.min(other) * 1.3;
            if !(is_quiet && is_even) {
                continue;
            }
            ensure!(slowed.share(0) < 5.0, "{strategy}: {slowed:?}");
            ensure!(recovered.share(0) > 40.0, "{strategy}: {recovered:?}");
            break;
        }
    }
    Ok(())
}

/// Whatever the strategy, a mirror that was found dead gets work again once it lives.
#[test]
fn a_mirror_that_comes_back_is_not_starved() -> Result<()> {
    let _machine = alone::on_the_machine();
    let mut cluster = Cluster::start(corpus::synthetic(200, 12), |_| {})?;
    for strategy in STRATEGIES {
        let hosts = addresses(&cluster.daemons()[0]);
        let bed = Bed::new(strategy, &hosts)?;
        bed.run_for(PERIOD / 2)?;
        cluster.daemon(0, 0).kill()?;
        bed.run_until(|bed| !bed.is_living(0))?;
        cluster.daemon(0, 0).restart()?;
        bed.run_until(|bed| bed.is_living(0))?;
        bed.run_for(PERIOD * 2)?;
        let stretch = bed.measure(PERIOD)?;
        ensure!(stretch.share(0) > SHARE_MIN, "{strategy}: {stretch:?}");
    }
    Ok(())
}

/// Nobody else can answer a trial then; still, without one the mirror would stay dead for ever.
#[test]
fn without_failover_a_mirror_that_comes_back_is_not_starved() -> Result<()> {
    let _machine = alone::on_the_machine();
    let cluster = Cluster::start(corpus::synthetic(200, 16), |_| {})?;
    for strategy in STRATEGIES {
        let relay = Relay::start(cluster.daemons()[0][0].address())?;
        let twin = cluster.daemons()[0][1].address();
        let hosts = [relay.address().to_string(), twin.to_string()];
        let options = ClientOptions::default().failover(false);
        let client = Client::with_options(&config(strategy, &hosts)?, options)?;
        let bed = Bed { client, hosts: hosts.to_vec() };
        relay.set(Behaviour::Refuse)?;
        let start = Instant::now();
        while bed.is_living(0) {
            ensure!(start.elapsed() < WAIT_LIMIT, "{strategy}: a mirror that refuses never dies");
            // Searches that go there fail, as they should.
            let _ = bed.search();
        }
        relay.set(Behaviour::Pass)?;
        bed.run_until(|bed| bed.is_living(0)).context(strategy)?;
    }
    Ok(())
}

#[test]
fn a_new_mirror_is_not_starved() -> Result<()> {
    let _machine = alone::on_the_machine();
    let cluster = Cluster::start(corpus::synthetic(200, 13), |_| {})?;
    for strategy in STRATEGIES {
        let mut bed = Bed::new(strategy, &addresses(&cluster.daemons()[0][..1]))?;
        bed.run_for(PERIOD * 2)?;
        bed.hosts = addresses(&cluster.daemons()[0]);
        bed.client.reload(&config(strategy, &bed.hosts)?);
        bed.search()?;
        let stretch = bed.measure(PERIOD)?;
        ensure!(stretch.share(1) > SHARE_MIN, "{strategy}: {stretch:?}");
    }
    Ok(())
}

#[test]
fn roundrobin_is_strict_over_the_living() -> Result<()> {
    let _machine = alone::on_the_machine();
    let mut cluster = Cluster::start(corpus::synthetic(200, 14), |_| {})?;
    let more = [cluster.start_mirror(0, None)?, cluster.start_mirror(0, None)?];
    let hosts = [addresses(&cluster.daemons()[0]), addresses(&more)].concat();
    let bed = Bed::new("roundrobin", &hosts)?;
    bed.follow_turns(&[0, 1, 2, 3])?;
    cluster.daemon(0, 1).kill()?;
    bed.run_until(|bed| !bed.is_living(1))?;
    bed.follow_turns(&[0, 2, 3])
}

/// Mirrors behind relays of different delays; the shares are those that the status states before
/// each search.
#[test]
fn picks_follow_the_stated_shares() -> Result<()> {
    let _machine = alone::on_the_machine();
    let cluster = Cluster::start(corpus::synthetic(200, 15), |_| {})?;
    let relays = [1, 2, 4, 8].map(|delay_ms| -> Result<Relay> {
        let relay = Relay::start(cluster.daemons()[0][0].address())?;
        relay.set(Behaviour::Delay(Duration::from_millis(delay_ms)))?;
        Ok(relay)
    });
    let relays: Vec<Relay> = relays.into_iter().collect::<Result<_>>()?;
    let hosts: Vec<String> = relays.iter().map(|relay| relay.address().to_string()).collect();
    for strategy in STRATEGIES {
        let bed = Bed::new(strategy, &hosts)?;
        bed.run_for(PERIOD)?;
        let (mut asked, mut expected) = ([0.0; 4], [0.0; 4]);
        let mut left_out = 0;
        for _ in 0..SEARCHES {
            let shares = bed.shares();
            let Some(mirror) = bed.pick()? else {
                left_out += 1;
                continue;
            };
            asked[mirror] += 1.0;
            expected.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share / 100.0);
        }
        let terms = asked.iter().zip(&expected);
        let chi_square: f64 = terms.map(|(asked, share)| (asked - share).powi(2) / share).sum();
        println!("{strategy}: asked {asked:?}, stated {expected:.1?}, chi-square {chi_square:.2}");
        ensure!(chi_square < CHI_SQUARE_MAX, "{strategy}: {asked:?} instead of {expected:?}");
        ensure!(left_out < SEARCHES / 10, "{strategy}: {left_out} searches asked a second mirror");
        let is_weighted = strategy == "nodeads" || strategy == "noerrors";
        let follows_delay = expected[0] > 2.0 * expected[3];
        ensure!(
            follows_delay == is_weighted,
            "{strategy}: {expected:?} for delays of 1, 2, 4, 8 ms"
        );
    }
    Ok(())
}

/// One agent of some mirrors of shard 0, asked by one thread.
struct Bed {
    client: Client,
    hosts: Vec<String>,
}

/// What a stretch of time brought, by host.
#[derive(Clone, Debug)]
struct Stretch {
    /// Searches begun there: answered, failed or overtaken.
    asked: Vec<u64>,
    latency_us: Vec<f64>,
    searches: u64,
}

impl Stretch {
    /// In percent of the searches.
    fn share(&self, host: usize) -> f64 {
        100.0 * self.asked[host] as f64 / self.searches as f64
    }
}

impl Bed {
    fn new(strategy: &str, hosts: &[String]) -> Result<Bed> {
        let client = Client::new(&config(strategy, hosts)?)?;
        Ok(Bed { client, hosts: hosts.to_vec() })
    }

    fn run_for(&self, time: Duration) -> Result<u64> {
        let start = Instant::now();
        let mut searches = 0;
        while start.elapsed() < time {
            self.search()?;
            searches += 1;
        }
        Ok(searches)
    }

    fn search(&self) -> Result<()> {
        let result = self.client.search("d", &search())?;
        ensure!(result.agents_answered == 1, "{:?}", result.warning);
        Ok(())
    }

    fn run_until(&self, is_over: impl Fn(&Bed) -> bool) -> Result<()> {
        let start = Instant::now();
        while !is_over(self) {
            ensure!(start.elapsed() < WAIT_LIMIT, "nothing came of searches for {WAIT_LIMIT:?}");
            self.search()?;
        }
        Ok(())
    }

    fn is_living(&self, host: usize) -> bool {
        self.client.status().host(&self.hosts[host]).is_some_and(|host| host.is_living)
    }

    /// As the strategy states them, in percent.
    fn shares(&self) -> Vec<f64> {
        self.client.status().agents[0].mirrors.iter().map(|mirror| mirror.share).collect()
    }

    /// Searches and tells which mirror was picked; `None` if more than one was asked.
    fn pick(&self) -> Result<Option<usize>> {
        let retries = self.client.status().traffic.agent_retries;
        let mut batch = self.client.batch()?;
        let id = batch.add_search("d", &search())?;
        while !batch.wait_all(None)? {}
        let call =
            batch.search_calls(id).and_then(|mut calls| calls.next()).context("one call")?;
        let host = batch.asked(call).and_then(|asked| asked.host).context("no host answered")?;
        let mirror = self.hosts.iter().position(|name| name == host);
        let asked_more = self.client.status().traffic.agent_retries > retries;
        Ok(mirror.filter(|_| !asked_more))
    }

    /// Searches, each of which must go to the next of these mirrors. After one that asked a second
    /// mirror (a trial of a dead one, a stall) the order may begin anywhere.
    fn follow_turns(&self, order: &[usize]) -> Result<()> {
        let mut last = None;
        let mut beginnings = 0;
        for number in 0..TURNS {
            let picked = self.pick()?;
            let place = picked.map(|mirror| order.iter().position(|other| *other == mirror));
            ensure!(place != Some(None), "search {number} went to mirror {picked:?}, a dead one");
            let place = place.flatten();
            match (last, place) {
                (Some(last), Some(place)) => {
                    let next = (last + 1) % order.len();
                    ensure!(place == next, "search {number} went to {place}. of {order:?}");
                }
                _ => beginnings += 1,
            }
            last = place;
        }
        ensure!(beginnings < TURNS / 10, "{beginnings} of {TURNS} searches tell nothing");
        Ok(())
    }

    fn measure(&self, time: Duration) -> Result<Stretch> {
        let before = self.client.status();
        let searches = self.run_for(time)?;
        let after = self.client.status();
        let mut stretch = Stretch { asked: Vec::new(), latency_us: Vec::new(), searches };
        for name in &self.hosts {
            let (Some(old), Some(new)) = (before.host(name), after.host(name)) else {
                bail!("no host {name}");
            };
            let of = |host: &hamirror::status::HostStatus| {
                let window = &host.since_start;
                (window.answers() + window.errors(), window.query_us())
            };
            let ((asked_before, us_before), (asked, us)) = (of(old), of(new));
            stretch.asked.push(asked - asked_before);
            stretch.latency_us.push((us - us_before) as f64 / (asked - asked_before) as f64);
        }
        Ok(stretch)
    }
}

fn search() -> Search {
    Search::new("library").limit(1).max_matches(1)
}

fn addresses(daemons: &[Daemon]) -> Vec<String> {
    daemons.iter().map(|daemon| daemon.address().to_string()).collect()
}

fn config(strategy: &str, hosts: &[String]) -> Result<Config> {
    let text = format!(
        "searchd\n{{\n    ha_period_karma = {}\n    ha_ping_interval = 0\n}}\n\
         index d\n{{\n    type = distributed\n    ha_strategy = {strategy}\n    \
         agent_persistent = {}:packages0\n}}\n",
        PERIOD.as_secs(),
        hosts.join("|")
    );
    Ok(Config::parse(&text, "latency.conf")?)
}

const STRATEGIES: [&str; 4] = ["random", "roundrobin", "nodeads", "noerrors"];

/// `ha_period_karma`.
const PERIOD: Duration = Duration::from_secs(1);
const DELAY: Duration = Duration::from_millis(20);

/// Measurements on a machine that has other things to do.
const TRIES: usize = 6;

/// Percent of the searches, where an even share is 50.
const SHARE_MIN: f64 = 25.0;
const TURNS: usize = 400;
const SEARCHES: usize = 1_500;

/// Chance alone exceeds it once in a million (three degrees of freedom).
const CHI_SQUARE_MAX: f64 = 30.66;

/// Against hanging only.
const WAIT_LIMIT: Duration = Duration::from_secs(20);
