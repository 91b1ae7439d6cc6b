//! How a world goes: what there is, what is asked, what happens to it.

use std::ops::Range;
use std::time::Duration;

use super::cluster::Cluster;
use super::daemon::{DELAY_MAX, Mode};

/// The shape of a world; chance fills it in.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) cluster: Cluster,
    pub(super) calls: u32,
    /// Pause between calls, in microseconds.
    pub(super) pause_us: Range<u64>,
    pub(super) deadline_ms: Range<u64>,
    /// Calls in 256 that are writes, not reads.
    pub(super) writes: u8,
    pub(super) delay_max: Duration,
    /// Sites change their mode, names move, the configuration is loaded anew, time leaps.
    pub(super) upheaval: Option<Upheaval>,
}

/// How often something changes.
#[derive(Clone, Debug)]
pub(super) struct Upheaval {
    /// How long a site stays well, and how long it doesn't, in milliseconds.
    pub(super) well_ms: Range<u64>,
    pub(super) ill_ms: Range<u64>,
    /// Pauses between moves of one site, reloads, and leaps, in milliseconds.
    pub(super) pause_ms: Range<u64>,
    /// Two illnesses may follow each other.
    pub(super) is_relentless: bool,
}

impl Plan {
    /// A short life in which anything may happen at any time.
    pub(super) fn wild(random: &mut fastrand::Rng) -> Self {
        Self {
            cluster: Cluster {
                sites: random.usize(1..8),
                indexes_max: 3,
                mirrors_min: 1,
                strategies: STRATEGIES.to_vec(),
                persistent_only: false,
                period_s: 2..4,
            },
            calls: random.u32(20..120),
            pause_us: 0..400_000,
            deadline_ms: 20..8_000,
            writes: 40,
            delay_max: DELAY_MAX,
            upheaval: Some(Upheaval {
                well_ms: 50..6_000,
                ill_ms: 50..6_000,
                pause_ms: 500..20_000,
                is_relentless: true,
            }),
        }
    }

    /// A life of many calls, in which every site gets well again for long.
    pub(super) fn steady(random: &mut fastrand::Rng) -> Self {
        Self {
            cluster: Cluster {
                sites: random.usize(2..5),
                indexes_max: 1,
                mirrors_min: 2,
                strategies: STRATEGIES.to_vec(),
                persistent_only: true,
                period_s: 2..4,
            },
            calls: 10_000,
            pause_us: 0..8_000,
            deadline_ms: 2_000..8_000,
            // A write goes to dead mirrors, too, and would show that they are well again.
            writes: 0,
            delay_max: DELAY_MAX,
            upheaval: Some(Upheaval {
                well_ms: 20_000..32_000,
                ill_ms: 300..5_000,
                pause_ms: 8_000..30_000,
                is_relentless: false,
            }),
        }
    }

    /// Two mirrors that are always well, asked at an even pace.
    pub(super) fn calm(strategy: &'static str) -> Self {
        Self {
            cluster: Cluster {
                sites: 2,
                indexes_max: 1,
                mirrors_min: 2,
                strategies: vec![strategy],
                persistent_only: true,
                period_s: 60..61,
            },
            calls: u32::MAX,
            pause_us: 50_000..50_001,
            deadline_ms: 4_000..4_001,
            writes: 0,
            delay_max: Duration::from_micros(500),
            upheaval: None,
        }
    }
}

impl Upheaval {
    /// What a site does next, and for how long.
    pub(super) fn next_mode(&self, mode: Mode, random: &mut fastrand::Rng) -> (Mode, Duration) {
        let stays_well = random.u8(..) < 110;
        let next = match mode == Mode::Healthy {
            false if !self.is_relentless || stays_well => Mode::Healthy,
            true if stays_well && self.is_relentless => Mode::Healthy,
            true if random.u8(..) < 60 => Mode::Stutters,
            _ => Mode::ALL[random.usize(..Mode::ALL.len())],
        };
        let range = if next == Mode::Healthy { &self.well_ms } else { &self.ill_ms };
        (next, Duration::from_millis(random.u64(range.clone())))
    }

    /// Until the next move, reload or leap.
    pub(super) fn pause(&self, random: &mut fastrand::Rng) -> Duration {
        Duration::from_millis(random.u64(self.pause_ms.clone()))
    }
}

const STRATEGIES: [&str; 4] = ["random", "roundrobin", "nodeads", "noerrors"];
