//! What goes wrong in clusters, done on purpose to real daemons: each drill gives rows of one
//! table, which tests hold to their promises and `cargo chaos` prints.

pub mod bursts;
pub mod forgotten;
pub mod link;
pub mod stopped;

use std::time::Duration;

use comfy_table::Table;

use crate::report;

/// What came of one drill.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was done, to whom.
    pub name: String,
    /// Calls made.
    pub calls: usize,
    /// Calls that a living mirror would have answered, and that were not.
    pub lost: usize,
    /// Longest call; `None` where the drill itself takes time.
    pub slowest: Option<Duration>,
    /// The time within which 99 of 100 calls ended, where the drill has a quiet case.
    pub p99: Option<Duration>,
    /// The same of the quiet case.
    pub quiet_p99: Option<Duration>,
    /// Requests that were sent beyond one for each call.
    pub extra: Option<u64>,
    /// Hosts thought dead at the end though they live.
    pub wrongly_dead: usize,
    /// Texts of the first failures.
    pub failures: Vec<String>,
}

impl Outcome {
    /// True if nothing was lost and nobody was blamed.
    pub fn is_well(&self) -> bool {
        self.lost == 0 && self.wrongly_dead == 0
    }

    fn p99_added_ms(&self) -> Option<f64> {
        let [p99, quiet] = [self.p99?, self.quiet_p99?].map(|time| time.as_secs_f64() * 1e3);
        Some(p99 - quiet)
    }
}

/// All outcomes in one table.
pub fn table(outcomes: &[Outcome]) -> Table {
    let heading = [
        "drill",
        "calls",
        "lost",
        "slowest",
        "p99",
        "p99 added",
        "extra requests",
        "wrongly dead",
    ];
    let dash = || "-".to_owned();
    let rows = outcomes.iter().map(|outcome| {
        vec![
            outcome.name.clone(),
            outcome.calls.to_string(),
            outcome.lost.to_string(),
            outcome.slowest.map_or_else(dash, report::ms),
            outcome.p99.map_or_else(dash, report::ms),
            outcome.p99_added_ms().map_or_else(dash, |added| format!("{added:+.2} ms")),
            outcome.extra.map_or_else(dash, |extra| extra.to_string()),
            outcome.wrongly_dead.to_string(),
        ]
    });
    report::table(&heading, rows)
}
