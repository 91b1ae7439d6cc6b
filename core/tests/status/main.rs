//! Status of clients without daemons: what happened is booked by hand, at given times.

mod calls;
mod captures;
mod exposition;
mod rows;
mod show;
mod view;

use std::time::{Duration, Instant};

use hamirror::internal::host::{Host, Purpose};
use hamirror::internal::status;
use hamirror::internal::topology::Topology;
use hamirror::status::Status;
use hamirror::{AttemptFailure, FailureKind, Phase};
use hamirror::{ClientOptions, Config};

/// Length of a period in the tests.
const PERIOD: Duration = Duration::from_secs(60);

/// A client's hosts, and when they were made.
struct World {
    topology: Topology,
    origin: Instant,
}

impl World {
    fn new(config: &str) -> Self {
        let config = Config::parse(config, "status.conf").unwrap();
        let origin = origin();
        let topology = Topology::new(&config, &ClientOptions::default(), origin);
        Self { topology, origin }
    }

    fn at(&self, second: f64) -> Instant {
        self.origin + Duration::from_secs_f64(second)
    }

    fn host(&self, name: &str) -> &Host {
        self.topology.hosts.iter().find(|host| host.name == name).unwrap()
    }

    fn status(&self, second: f64) -> Status {
        status::picture(&self.topology, 0, self.at(second))
    }

    /// A query that was answered at that second.
    fn answer(&self, host: &str, elapsed_us: u64, second: f64) {
        let (elapsed, now) = (Duration::from_micros(elapsed_us), self.at(second));
        self.host(host).record(|karma| {
            karma.handle_start(now - elapsed);
            karma.handle_success(elapsed, false, now);
        });
    }

    fn connect(&self, host: &str, elapsed_us: u64, second: f64) {
        let (elapsed, now) = (Duration::from_micros(elapsed_us), self.at(second));
        self.host(host).record(|karma| karma.handle_connect(elapsed, now));
    }

    fn fail(&self, host: &str, kind: FailureKind, elapsed_us: u64, second: f64) {
        let elapsed = Duration::from_micros(elapsed_us);
        let now = self.at(second);
        let failure = AttemptFailure {
            host: host.to_owned(),
            kind,
            phase: Phase::Connect,
            text: "scripted".to_owned(),
            code: None,
            began: Duration::ZERO,
            elapsed,
        };
        self.host(host).record(|karma| karma.handle_start(now - elapsed));
        self.host(host).record_failure(&failure, Purpose::Query, now);
    }
}

#[expect(clippy::disallowed_methods, reason = "an instant to count from")]
fn origin() -> Instant {
    Instant::now()
}
