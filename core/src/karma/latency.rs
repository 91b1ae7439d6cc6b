//! Smoothed latency and its deviation, as TCP keeps them (RFC 6298: gains 1/8 and 1/4).

use std::time::Duration;

/// Time that a host usually takes, and how much that varies.
#[derive(Clone, Copy, Debug, Default)]
pub struct Latency {
    smoothed_us: f64,
    deviation_us: f64,
    known: bool,
}

/// Time that an answer took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Took {
    /// Time that the answer took at least.
    pub at_least: Duration,
    /// And no longer, for this process was there to see.
    pub is_exact: bool,
}

impl From<Duration> for Took {
    fn from(took: Duration) -> Self {
        Self { at_least: took, is_exact: true }
    }
}

impl Latency {
    /// One query more.
    pub fn add(&mut self, sample: Duration) {
        let sample_us = sample.as_secs_f64() * 1e6;
        if self.known {
            let error_us = (sample_us - self.smoothed_us).abs();
            self.deviation_us += (error_us - self.deviation_us) / 4.0;
            self.smoothed_us += (sample_us - self.smoothed_us) / 8.0;
        } else {
            self.smoothed_us = sample_us;
            self.deviation_us = sample_us / 2.0;
            self.known = true;
        }
    }

    /// True once a query was answered.
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// A wait that a healthy host rarely exceeds (RFC 6298: mean and four deviations).
    pub fn patience(&self) -> Option<Duration> {
        let patience_us = self.smoothed_us + 4.0 * self.deviation_us;
        self.known.then(|| Duration::from_secs_f64(patience_us / 1e6))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_follows_mean_and_spread() {
        let mut latency = Latency::default();
        assert_eq!(latency.patience(), None);
        for _ in 0..200 {
            latency.add(Duration::from_millis(10));
        }
        let steady = latency.patience().unwrap();
        assert!(steady >= Duration::from_millis(10) && steady < Duration::from_millis(11));
        for number in 0..200 {
            latency.add(Duration::from_millis(if number % 2 == 0 { 5 } else { 15 }));
        }
        assert!(latency.patience().unwrap() > Duration::from_millis(25));
    }
}
