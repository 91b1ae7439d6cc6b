//! Times that queries took: counts in buckets that widen with the time.
//!
//! Buckets are log-linear: eight of 4 us up to 32 us, then eight to each doubling up to 268 s, so
//! a quantile is off by a sixteenth at most (2 us below 32 us). A histogram is there from its
//! first query on: of a thousand hosts most are asked by nobody.

use std::time::Duration;

/// Buckets of a histogram.
pub(crate) const BUCKETS: usize = 8 + 8 * DOUBLINGS;

/// Counts of one karma block.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    buckets: [u32; BUCKETS],
    sum_us: u64,
    max_us: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: [0; BUCKETS], sum_us: 0, max_us: 0 }
    }
}

impl Histogram {
    pub(super) fn add(&mut self, elapsed_us: u64) {
        let bucket = &mut self.buckets[bucket_of(elapsed_us)];
        *bucket = bucket.saturating_add(1);
        self.sum_us = self.sum_us.saturating_add(elapsed_us);
        self.max_us = self.max_us.max(elapsed_us);
    }
}

/// Times of queries, pings left out: quantiles, and the buckets that they come from. A query
/// that timed out, or that another mirror overtook, is in it with the time that was waited.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    /// Not there while all are empty.
    buckets: Option<Box<[u64; BUCKETS]>>,
    count: u64,
    sum_us: u64,
    max_us: u64,
}

impl Latencies {
    pub(super) fn add(&mut self, block: &Histogram) {
        let sums = self.buckets.get_or_insert_with(|| Box::new([0; BUCKETS]));
        for (sum, &count) in sums.iter_mut().zip(&block.buckets) {
            *sum += u64::from(count);
        }
        self.count += block.buckets.iter().map(|&count| u64::from(count)).sum::<u64>();
        self.sum_us = self.sum_us.saturating_add(block.sum_us);
        self.max_us = self.max_us.max(block.max_us);
    }

    fn buckets(&self) -> &[u64; BUCKETS] {
        self.buckets.as_deref().unwrap_or(&[0; BUCKETS])
    }

    /// Queries in it.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Total time.
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_us)
    }

    /// The longest time, exact to the microsecond; `None` without a query.
    pub fn max(&self) -> Option<Duration> {
        (self.count > 0).then(|| Duration::from_micros(self.max_us))
    }

    /// The time within which this part of the queries ended (0.5 is the median), by nearest rank.
    /// It is off by a sixteenth or 2 us at most; parts outside of 0 to 1 count as those. `None`
    /// without a query.
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        let rank = (part * self.count as f64).ceil().clamp(1.0, self.count.max(1) as f64) as u64;
        let mut below = 0;
        let bucket = self.buckets().iter().position(|&count| {
            below += count;
            below >= rank
        })?;
        let (low_us, high_us) = (bound_us(bucket), bound_us(bucket + 1));
        // The last bucket has no upper bound.
        let middle_us = if bucket + 1 == BUCKETS { u64::MAX } else { low_us.midpoint(high_us) };
        Some(Duration::from_micros(middle_us.min(self.max_us)))
    }

    /// Median; `None` without a query.
    pub fn p50(&self) -> Option<Duration> {
        self.quantile(0.50)
    }

    /// Nine of ten queries were at most this slow; `None` without a query.
    pub fn p90(&self) -> Option<Duration> {
        self.quantile(0.90)
    }

    /// All but one of a hundred queries were at most this slow; `None` without a query.
    pub fn p99(&self) -> Option<Duration> {
        self.quantile(0.99)
    }

    /// For each doubling of time from 32 us up to 268 s: the time, and the queries that took at
    /// most that long. Longer ones are in [`count`](Self::count) only.
    pub fn doublings(&self) -> impl Iterator<Item = (Duration, u64)> {
        let mut below = 0;
        let bounded = self.buckets()[..BUCKETS - 8].chunks_exact(8).enumerate();
        bounded.map(move |(number, chunk)| {
            below += chunk.iter().sum::<u64>();
            (Duration::from_micros(LINEAR_US << number), below)
        })
    }
}

/// Bucket number `n` holds the times above `bound_us(n)`, up to and with `bound_us(n + 1)`.
fn bucket_of(elapsed_us: u64) -> usize {
    let below_us = elapsed_us.saturating_sub(1);
    if below_us < LINEAR_US {
        return (below_us / LINEAR_STEP_US) as usize;
    }
    let doubling = below_us.ilog2();
    let eighth = (below_us >> (doubling - 3)) & 7;
    let bucket = 8 + 8 * (doubling - LINEAR_US.ilog2()) as usize + eighth as usize;
    bucket.min(BUCKETS - 1)
}

fn bound_us(bucket: usize) -> u64 {
    let (doublings, eighth) = (bucket / 8, bucket as u64 % 8);
    match doublings.checked_sub(1) {
        None => bucket as u64 * LINEAR_STEP_US,
        Some(doublings) => (8 + eighth) << (doublings as u32 + LINEAR_STEP_US.ilog2()),
    }
}

/// Finer steps would only show the clock.
const LINEAR_STEP_US: u64 = 4;
const LINEAR_US: u64 = 8 * LINEAR_STEP_US;

/// From 32 us up to 268 s, more than any daemon is waited for.
const DOUBLINGS: usize = 23;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn latencies(times_us: &[u64]) -> Latencies {
        let mut block = Histogram::default();
        times_us.iter().for_each(|&time_us| block.add(time_us));
        let mut latencies = Latencies::default();
        latencies.add(&block);
        latencies
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for bucket in 0..BUCKETS {
            let (low_us, high_us) = (bound_us(bucket), bound_us(bucket + 1));
            assert!(low_us < high_us);
            assert_eq!(bucket_of(low_us + 1), bucket);
            assert_eq!(bucket_of(high_us), bucket);
        }
        assert_eq!(bound_us(BUCKETS), 1 << 28);
        assert_eq!(bucket_of(0), 0);
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn nothing_recorded_has_no_quantile() {
        let none = Latencies::default();
        assert_eq!((none.p50(), none.p99(), none.max()), (None, None, None));
    }

    #[test]
    fn times_beyond_all_buckets_are_the_longest_one() {
        let week_us = 7 * 24 * 3_600 * 1_000_000;
        let found = latencies(&[week_us]);
        assert_eq!(found.p50(), Some(Duration::from_micros(week_us)));
        assert!(found.doublings().all(|(_, count)| count == 0));
    }

    proptest! {
        #[test]
        fn quantiles_are_near_the_exact_ones(
            mut times_us in prop::collection::vec(
                prop_oneof![0..100_u64, 0..10_000_u64, 0..200_000_000_u64], 1..500),
            part in 0.0..=1.0_f64,
        ) {
            let found = latencies(&times_us);
            times_us.sort_unstable();
            let rank = ((part * times_us.len() as f64).ceil() as usize).max(1);
            let exact_us = times_us[rank - 1] as f64;
            let found_us = found.quantile(part).unwrap().as_micros() as f64;
            let error_us = (found_us - exact_us).abs();
            prop_assert!(error_us <= (exact_us / 16.0).max(2.0), "{found_us} for {exact_us}");
            prop_assert_eq!(found.max().unwrap().as_micros() as u64, times_us[times_us.len() - 1]);
            prop_assert_eq!(found.sum().as_micros() as u64, times_us.iter().sum::<u64>());
        }

        #[test]
        fn doublings_count_all_that_is_at_most_as_long(
            times_us in prop::collection::vec(0..10_000_000_u64, 0..200),
        ) {
            for (bound, count) in latencies(&times_us).doublings() {
                let bound_us = bound.as_micros() as u64;
                let exact = times_us.iter().filter(|&&time_us| time_us <= bound_us).count();
                prop_assert_eq!(count, exact as u64, "up to {} us", bound_us);
            }
        }
    }
}
