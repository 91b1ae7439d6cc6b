//! Weights by latency (manual: `ha_strategy`, nodeads and noerrors; design: Strategies).
//!
//! Equal at first; at each half period set to the normalised inverse of the mean latency in the
//! window: 10, 5, 30 and 3 ms give 15, 30, 5 and 50 %. A mirror without a sample takes the mean
//! weight, one that only failed the floor.

use std::time::Instant;

use crate::karma::BlockClock;
use crate::mirror::Mirror;

/// Weights of an agent's mirrors, in percent of their sum.
#[derive(Debug)]
pub(super) struct Weights {
    percent: Vec<f64>,
    half: u64,
}

impl Weights {
    pub(super) fn even(mirrors: usize) -> Self {
        Self { percent: vec![100.0 / mirrors.max(1) as f64; mirrors], half: 0 }
    }

    pub(super) fn percent(&self) -> &[f64] {
        &self.percent
    }

    /// Sets the weights anew if a half period has begun since the last time.
    pub(super) fn refresh(&mut self, clock: &BlockClock, mirrors: &[Mirror], now: Instant) {
        let half = clock.half(now);
        if half == self.half {
            return;
        }
        self.half = half;
        let speed = |mirror: &Mirror| {
            let window = mirror.host.read(|karma| karma.choice_window(now));
            match window.mean_latency() {
                Some(mean) => Speed::Known(1.0 / (mean.as_secs_f64() * 1e6).max(1.0)),
                None if window.errors() > 0 => Speed::None,
                None => Speed::Unknown,
            }
        };
        let speeds: Vec<Speed> = mirrors.iter().map(speed).collect();
        self.percent = normalise(&speeds);
    }
}

/// Speed that a mirror showed, in queries a microsecond.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Speed {
    Known(f64),
    Unknown,
    None,
}

fn normalise(speeds: &[Speed]) -> Vec<f64> {
    let known: Vec<f64> = speeds
        .iter()
        .filter_map(|speed| if let Speed::Known(value) = speed { Some(*value) } else { None })
        .collect();
    let mean = match known.len() {
        0 => 1.0,
        count => known.iter().sum::<f64>() / count as f64,
    };
    let raw = speeds.iter().map(|speed| match speed {
        Speed::Known(value) => *value,
        Speed::Unknown => mean,
        Speed::None => 0.0,
    });
    let raw: Vec<f64> = raw.collect();
    let total: f64 = raw.iter().sum();
    let even = 100.0 / speeds.len() as f64;
    let percent = |value: &f64| if total > 0.0 { 100.0 * value / total } else { even };
    // With more than a hundred mirrors an even share is below one percent already.
    let floor = WEIGHT_PERCENT_MIN.min(even);
    let floored: Vec<f64> = raw.iter().map(percent).map(|share| share.max(floor)).collect();
    let total: f64 = floored.iter().sum();
    floored.iter().map(|share| 100.0 * share / total).collect()
}

/// No living mirror is starved: without queries it could never show that it got faster.
const WEIGHT_PERCENT_MIN: f64 = 1.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manuals_example() {
        let speeds = [10.0, 5.0, 30.0, 3.0].map(|latency_ms: f64| Speed::Known(1.0 / latency_ms));
        let percent = normalise(&speeds);
        for (percent, expected) in percent.iter().zip([15.0, 30.0, 5.0, 50.0]) {
            assert!((percent - expected).abs() < 0.01, "{percent} instead of {expected}");
        }
    }

    #[test]
    fn a_mirror_without_a_sample_takes_the_mean_and_a_failing_one_the_floor() {
        let percent = normalise(&[Speed::Known(2.0), Speed::Known(4.0), Speed::Unknown]);
        assert!((percent[2] - 100.0 / 3.0).abs() < 0.01);
        let percent = normalise(&[Speed::Known(2.0), Speed::None]);
        assert!(percent[1] > 0.9 && percent[1] < 1.1);
        assert_eq!(normalise(&[Speed::None, Speed::None]), [50.0, 50.0]);
    }

    #[test]
    fn the_floor_holds_against_any_ratio() {
        let percent = normalise(&[Speed::Known(1.0), Speed::Known(1e-9)]);
        assert!(percent[1] > 0.9);
        let many = vec![Speed::Known(1.0); 1_000];
        assert!(normalise(&many).iter().all(|percent| (percent - 0.1).abs() < 1e-9));
    }
}
