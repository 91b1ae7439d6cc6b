//! Which silences and errors count against a mirror, and what that costs the calls beside it.

use std::time::Duration;

use super::tests::{Bed, ms, read};
use super::*;
use crate::karma::{Counter, TRIAL_PAUSE_MIN};
use crate::wire::header::Status;

impl Bed {
    /// Answers of a mirror, so many milliseconds each.
    pub(super) fn learn(&mut self, mirror: usize, answers_ms: &[u64]) {
        let now = self.now;
        for &answer_ms in answers_ms {
            let host = &self.agent.mirrors[mirror].host;
            host.record(|karma| karma.handle_success(ms(answer_ms), false, now));
        }
    }

    fn kill(&mut self, mirror: usize) {
        let now = self.now;
        for _ in 0..4 {
            let host = &self.agent.mirrors[mirror].host;
            let kind = FailureKind::ConnectFailure;
            host.record(|karma| karma.handle_failure(kind, ms(1), false, now));
        }
        assert!(!self.is_living(mirror));
    }

    fn is_living(&self, mirror: usize) -> bool {
        self.agent.mirrors[mirror].host.read(|karma| karma.health().is_living())
    }

    fn errors_in_row(&self, mirror: usize) -> u32 {
        self.agent.mirrors[mirror].host.read(|karma| karma.errors_in_row())
    }

    /// Gives those who were left behind what came for them since, or did not.
    fn settle(&mut self, takes: &[Option<Duration>]) {
        for (number, mut left) in std::mem::take(&mut self.left) {
            let answer = takes[left.mirror()].map(|takes| left.started_at() + takes);
            match answer.filter(|at| *at <= left.until()) {
                Some(at) if at <= self.now => left.handle_answer(None, at),
                None if left.until() <= self.now => left.handle_silence(Phase::Wait, self.now),
                _ => self.left.push((number, left)),
            }
        }
    }

    /// Lets time pass until nobody is left behind.
    fn settle_all(&mut self, takes: &[Option<Duration>]) {
        self.now = self.left.iter().map(|(_, left)| left.until()).fold(self.now, Instant::max);
        self.settle(takes);
    }

    /// Runs the call with mirrors that take so long each, without end where that is `None`;
    /// returns how long it took and how many attempts it made.
    fn play(&mut self, takes: &[Option<Duration>]) -> (Duration, u32) {
        let begun = self.now;
        let mut answers: Vec<(Instant, u32)> = Vec::new();
        self.settle(takes);
        loop {
            while let Some((attempt, mirror)) = self.started() {
                self.call.handle_reached(attempt, self.now);
                answers.extend(takes[mirror].map(|takes| (self.now + takes, attempt)));
            }
            if self.call.is_over() {
                return (self.now - begun, self.call.attempts_started);
            }
            let due = self.call.next_timeout().expect("it runs");
            match answers.iter().min().copied().filter(|(at, _)| *at <= due) {
                Some((at, attempt)) => {
                    self.now = at;
                    answers.retain(|answer| answer.1 != attempt);
                    self.reply(attempt, Status::Ok, "");
                }
                None => self.pass(due - self.now),
            }
        }
    }
}

#[test]
fn an_overtaken_trial_has_failed() {
    let mut bed = read(2);
    bed.learn(0, &[20, 60, 20, 60, 20, 60]);
    bed.learn(1, &[2; 20]);
    bed.kill(0);
    let mut pause = TRIAL_PAUSE_MIN;
    for _ in 0..5 {
        bed.now += pause;
        bed.again(CallOptions::default());
        let (took, attempts) = bed.play(&[None, Some(ms(2))]);
        assert_eq!(attempts, 2, "a trial is due");
        assert!(took <= ms(150), "a trial held its query up for {took:?}");
        bed.settle_all(&[None, Some(ms(2))]);
        pause *= 2;
        let trial_at = bed.agent.mirrors[0].host.read(|karma| karma.health().trial_at());
        assert_eq!(trial_at, Some(bed.now + pause), "the pause does not grow");
        bed.again(CallOptions::default());
        assert_eq!(bed.play(&[None, Some(ms(2))]), (ms(2), 1), "a trial before its time");
    }
}

#[test]
fn a_trial_that_is_slow_but_not_hung_ends_well() {
    // Its caches are cold: it is slower than it ever was, and than its twin.
    let mut bed = read(2);
    bed.learn(0, &[2; 20]);
    bed.learn(1, &[2; 20]);
    bed.kill(0);
    for _ in 0..5 {
        let trial_at = bed.agent.mirrors[0].host.read(|karma| karma.health().trial_at());
        bed.now = trial_at.expect("it is dead");
        bed.again(CallOptions::default());
        bed.play(&[Some(ms(50)), Some(ms(2))]);
        bed.settle_all(&[Some(ms(50)), Some(ms(2))]);
        if bed.is_living(0) {
            return;
        }
    }
    panic!("it is never given the time to answer");
}

#[test]
fn a_forked_child_begins_with_its_parents_record() {
    let mut bed = read(2);
    bed.learn(0, &[2; 20]);
    bed.learn(1, &[2; 20]);
    bed.kill(0);
    let child = read(2);
    for (own, of_parent) in child.agent.mirrors.iter().zip(&bed.agent.mirrors) {
        own.host.inherit(&of_parent.host);
    }
    assert!(!child.is_living(0) && child.is_living(1));
    let usual = |bed: &Bed, mirror: usize| {
        bed.agent.mirrors[mirror].host.read(|karma| karma.latency().patience())
    };
    assert_eq!(usual(&child, 1), usual(&bed, 1));
    assert_eq!(child.count(1, Counter::SucceededQueries), 0, "its counters are its own");
}

#[test]
fn a_cancelled_trial_does_not_come_back_at_once() {
    let mut bed = read(2);
    bed.kill(0);
    bed.now += TRIAL_PAUSE_MIN;
    bed.again(CallOptions::default());
    assert_eq!(bed.started().map(|(_, mirror)| mirror), Some(0));
    bed.call.cancel();
    bed.again(CallOptions::default());
    assert_eq!(bed.started().map(|(_, mirror)| mirror), Some(1));
}

#[test]
fn a_mirror_that_hangs_is_found_dead_though_it_may_have_been_slow() {
    let varies = &[20, 60, 20, 60, 20, 60][..];
    for (usual, longest) in [(varies, ms(200)), (&[], ms(200)), (&[9, 3_000], ms(2_100))] {
        let mut bed = read(2);
        bed.learn(0, usual);
        bed.learn(1, &[2; 20]);
        bed.now += ms(2_000);
        let mut held_up = 0;
        while bed.is_living(0) {
            bed.now += ms(20);
            bed.again(CallOptions::default());
            let (took, _) = bed.play(&[None, Some(ms(2))]);
            held_up += u32::from(took > ms(2));
            assert!(took <= longest, "query {held_up} took {took:?}");
            assert!(held_up < 25, "it was never found dead");
        }
    }
}

#[test]
fn a_slower_mirror_is_not_blamed_to_death() {
    for slow_ms in [10, 25, 60, 150] {
        let mut bed = read(2);
        bed.learn(1, &[2; 20]);
        bed.now += ms(2_000);
        for _ in 0..300 {
            bed.again(CallOptions::default());
            bed.play(&[Some(ms(slow_ms)), Some(ms(2))]);
            assert!(bed.is_living(0), "found dead for {slow_ms} ms");
        }
        assert!(bed.count(0, Counter::SucceededQueries) > 20, "{slow_ms} ms: it can never answer");
    }
}

#[test]
fn slow_mirrors_do_not_multiply_the_load() {
    // Queries, and requests beyond these, where answers take `share` of the deadline.
    let play = |mirrors: usize, share: f64, usual: &[u64]| {
        let deadline = ms(1_000);
        let options = CallOptions { deadline: Some(deadline), ..CallOptions::default() };
        let mut bed = read(mirrors);
        for mirror in 0..mirrors {
            bed.learn(mirror, usual);
        }
        bed.now += ms(2_000);
        let mut extra = 0;
        for _ in 0..400 {
            bed.again(options);
            extra += bed.play(&vec![Some(deadline.mul_f64(share)); mirrors]).1 - 1;
        }
        extra
    };
    assert!(play(8, 0.9, &[]) <= 400 + 64, "more than one extra request for each query");
    let extra = play(2, 0.7, &[700; 40]);
    assert!(extra <= 50, "{extra} extra requests that can't be answered in time");
}

#[test]
fn errors_that_differ_are_their_mirrors_own() {
    let mut bed = read(2);
    for text in ["index one: out of memory", "index one: disk is full"] {
        let (attempt, _) = bed.started().unwrap();
        bed.reply(attempt, Status::Error, text);
    }
    assert_eq!(bed.failure().query_error, None);
    assert_eq!(bed.failure().attempts.len(), 2);
    assert_eq!([bed.errors_in_row(0), bed.errors_in_row(1)], [1, 1]);
}

#[test]
fn an_error_that_nobody_confirmed_is_not_the_querys() {
    // Another mirror is asked, and does not answer: by the deadline, or because it refuses.
    for refuses in [false, true] {
        let mut bed = read(2);
        let (attempt, _) = bed.started().unwrap();
        bed.reply(attempt, Status::Error, "boom");
        let (attempt, _) = bed.started().expect("another mirror is asked");
        if refuses {
            bed.fail(attempt, FailureKind::ConnectFailure);
        } else {
            bed.pass(bed.call.deadline - bed.now);
        }
        let failure = bed.failure();
        assert_eq!((failure.query_error.as_deref(), failure.deadline_passed), (None, !refuses));
        assert!(failure.attempts.iter().any(|attempt| attempt.text == "boom"));
        assert_eq!(bed.errors_in_row(0), 0, "nothing is proven");
    }
}

#[test]
fn the_error_of_the_only_mirror_is_the_querys() {
    let mut bed = read(1);
    let (attempt, _) = bed.started().unwrap();
    bed.reply(attempt, Status::Error, "no field 'zz'");
    assert_eq!(bed.failure().query_error.as_deref(), Some("no field 'zz'"));
    assert_eq!(bed.errors_in_row(0), 0);
}

#[test]
fn an_error_of_the_query_brings_no_dead_mirror_back() {
    let mut bed = read(2);
    bed.kill(0);
    bed.kill(1);
    bed.again(CallOptions::default());
    for _ in 0..2 {
        let (attempt, _) = bed.started().unwrap();
        bed.reply(attempt, Status::Error, "no field 'zz'");
    }
    assert!(bed.failure().query_error.is_some());
    assert!(!bed.is_living(0) && !bed.is_living(1), "they answered no query");
}

#[test]
fn a_query_without_failover_is_not_spent_on_a_trial() {
    let alone = CallOptions { failover: false, ..CallOptions::default() };
    for (options, attempts_max) in [(alone, None), (CallOptions::default(), Some(1))] {
        let mut bed = Bed::with_cap(2, Access::Read, options, attempts_max);
        bed.kill(0);
        bed.now += TRIAL_PAUSE_MIN;
        let now = bed.now;
        let host = bed.agent.mirrors[0].host.clone();
        host.record(|karma| karma.handle_ping_failure(FailureKind::ConnectFailure, now));
        bed.again(options);
        assert_eq!(bed.started().map(|(_, mirror)| mirror), Some(1));
        // Once it answers pings it may be back, and would never be asked otherwise.
        host.record(|karma| karma.handle_ping_success(now));
        bed.again(options);
        assert_eq!(bed.started().map(|(_, mirror)| mirror), Some(0));
    }
}

#[test]
fn a_short_pause_of_a_busy_mirror_does_not_make_it_dead() {
    // Many queries are under way on it, and all of them are left behind at once.
    let mut bed = read(2);
    bed.learn(0, &[20, 60, 20, 60]);
    bed.learn(1, &[2; 20]);
    bed.now += ms(2_000);
    let mut calls = Vec::new();
    for _ in 0..10 {
        bed.again(CallOptions::default());
        let (_, mirror) = bed.started().unwrap();
        calls.push((mirror, std::mem::replace(&mut bed.call, read(1).call)));
    }
    bed.now += ms(21);
    for (_, call) in calls.into_iter().filter(|(mirror, _)| *mirror == 0) {
        bed.call = call;
        bed.call.handle_timeout(|_| Some(Phase::Wait), 0, bed.now);
        let (other, _) = bed.started().expect("it gets company");
        bed.reply(other, Status::Ok, "");
    }
    assert!(bed.is_living(0));
}
