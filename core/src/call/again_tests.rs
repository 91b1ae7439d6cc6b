//! Mirrors of which nothing is proven are asked once more while there is time.

use std::time::Duration;

use super::tests::{Bed, ms, read};
use super::*;
use crate::hedge_budget::Fund;
use crate::wire::header::Status;

impl Bed {
    /// Others are greeted and answered by a mirror, `took` after they began.
    fn answer_others(&mut self, mirror: usize, took: Duration) {
        let begun = self.now + ms(1);
        let now = begun + took;
        self.now = now;
        self.agent.mirrors[mirror].host.record(|karma| {
            karma.handle_greeted(begun);
            karma.handle_success(took, false, now);
        });
    }

    /// Attempts started until then, with everything silent in that phase.
    fn wait(&mut self, phase: Phase, time: Duration) -> Vec<usize> {
        let until = self.now + time;
        let mut asked = Vec::new();
        loop {
            while let Some((_, mirror)) = self.started() {
                asked.push(mirror);
            }
            let due = self.call.next_timeout().filter(|due| *due <= until);
            self.now = due.unwrap_or(until);
            if due.is_none() || self.call.is_over() {
                return asked;
            }
            self.call.handle_timeout(|_| Some(phase), 0, self.now);
        }
    }
}

#[test]
fn a_mirror_that_greets_others_is_asked_again_at_once() {
    let mut bed = read(1);
    let (attempt, _) = bed.started().expect("the mirror is asked");
    bed.answer_others(0, ms(5));
    bed.now += ms(995);
    bed.fail(attempt, FailureKind::ConnectTimeout);
    assert_eq!(bed.started(), Some((1, 0)), "its queue was full, no more");
}

#[test]
fn of_mirrors_that_were_not_reached_the_one_that_answers_is_asked_again() {
    let mut bed = read(3);
    let [living, ..] = [(); 3].map(|()| {
        let (attempt, mirror) = bed.started().expect("one mirror after the other is asked");
        bed.now += ms(400);
        bed.fail(attempt, FailureKind::ConnectTimeout);
        mirror
    });
    assert!(!bed.call.is_over(), "nothing is proven, and there is time");
    bed.answer_others(living, ms(5));
    let asked = bed.wait(Phase::Connect, ms(2_500));
    let share = asked.iter().filter(|mirror| **mirror == living).count();
    assert!(share * 3 >= asked.len(), "{living} lives, but asked were {asked:?}");
}

#[test]
fn a_mirror_that_was_not_reached_is_asked_again_while_another_is_silent() {
    let mut bed = read(2);
    let (attempt, unreached) = bed.started().expect("a mirror is asked");
    bed.now += ms(500);
    bed.fail(attempt, FailureKind::ConnectTimeout);
    let (attempt, silent) = bed.started().expect("the other one is asked");
    assert_ne!(silent, unreached);
    bed.call.handle_reached(attempt, bed.now);
    assert_eq!(bed.wait(Phase::Wait, ms(2_500)).first(), Some(&unreached));
}

#[test]
fn a_mirror_that_answered_is_not_asked_again_for_want_of_another() {
    let mut bed = read(3);
    let (refusing, first) = bed.started().expect("a mirror is asked");
    bed.reply(refusing, Status::Error, "no such index");
    let (silent, _) = bed.started().expect("the second is asked");
    bed.call.handle_reached(silent, bed.now);
    let (unreached, last) = bed.company();
    bed.now += ms(500);
    bed.fail(unreached, FailureKind::ConnectTimeout);
    let asked = bed.wait(Phase::Connect, ms(2_000));
    assert!(!asked.contains(&first) && asked.contains(&last), "asked were {asked:?}");
}

#[test]
fn a_new_connection_beside_a_forgotten_one_is_made_again() {
    let mut bed = read(1);
    let (kept, _) = bed.started().expect("the mirror is asked");
    bed.call.handle_reused(kept);
    bed.call.handle_reached(kept, bed.now);
    assert_eq!(bed.wait(Phase::Wait, ms(150)), [0], "the kept connection may be forgotten");
    bed.now += ms(600);
    bed.fail(kept + 1, FailureKind::ConnectTimeout);
    assert_eq!(bed.started(), Some((2, 0)), "its first packet may have been lost");
}

#[test]
fn where_a_new_connection_answers_the_kept_ones_are_not_used_again() {
    let mut bed = read(1);
    let (kept, _) = bed.started().expect("the mirror is asked");
    bed.call.handle_reused(kept);
    bed.call.handle_reached(kept, bed.now);
    let (new, mirror) = bed.company();
    let retirements = bed.agent.mirrors[mirror].host.kept.retirements();
    bed.reply(new, Status::Ok, "");
    assert!(bed.call.is_over());
    assert_eq!(bed.agent.mirrors[mirror].host.kept.retirements(), retirements + 1);
}

#[test]
fn a_connection_is_begun_anew_though_another_mirror_was_asked_again_meanwhile() {
    let mut bed = read(2);
    (0..100).for_each(|_| bed.agent.hedges.earn());
    let (attempt, first) = bed.started().expect("a mirror is asked");
    bed.call.handle_reused(attempt);
    bed.call.handle_reached(attempt, bed.now);
    bed.now += ms(600);
    bed.fail(attempt, FailureKind::QueryTimeout);
    let (_, unreached) = bed.started().expect("the other one is asked");
    assert_ne!(unreached, first);
    let asked = loop {
        let due = bed.call.next_timeout().expect("it runs");
        bed.now = due;
        bed.call.handle_timeout(|_| Some(Phase::Connect), 0, due);
        if let Some(asked) = bed.started() {
            break asked;
        }
    };
    assert_eq!(asked.1, first, "its connection may have been forgotten");
    bed.fail(asked.0, FailureKind::WrongReply);
    assert_eq!(bed.wait(Phase::Connect, ms(500)), [unreached]);
}

#[test]
fn what_one_mirror_refused_goes_on_to_one_that_was_not_reached() {
    for status in [Some(Status::Error), None] {
        let mut bed = read(2);
        let (attempt, unreached) = bed.started().expect("a mirror is asked");
        bed.now += ms(500);
        bed.fail(attempt, FailureKind::ConnectTimeout);
        let (attempt, other) = bed.started().expect("the other one is asked");
        match status {
            Some(status) => bed.reply(attempt, status, "no such index"),
            None => bed.fail(attempt, FailureKind::ConnectFailure),
        }
        assert!(!bed.call.is_over(), "nothing is proven about one, and there is time");
        let asked = bed.wait(Phase::Connect, ms(1_500));
        assert!(asked.contains(&unreached) && !asked.contains(&other), "asked were {asked:?}");
    }
}

#[test]
fn a_connection_is_begun_anew_before_a_short_time_to_connect_is_over() {
    let mut bed = read(1);
    bed.again(CallOptions { connect_timeout: Some(ms(90)), ..CallOptions::default() });
    assert!(bed.started().is_some());
    assert_eq!(bed.wait(Phase::Connect, ms(80)), [0]);
}

#[test]
fn without_time_to_connect_no_call_asks_without_pause() {
    for connect_timeout in [Duration::ZERO, ms(1), ms(5)] {
        for mirrors in [1, 2] {
            let mut bed = read(mirrors);
            let connect_timeout = Some(connect_timeout);
            bed.again(CallOptions { connect_timeout, ..CallOptions::default() });
            let asked = bed.wait(Phase::Connect, ms(4_000)).len();
            assert!(asked <= 24 * mirrors, "{asked} attempts within {connect_timeout:?} each");
        }
    }
}

#[test]
fn no_call_is_put_off_by_time_before_it_began() {
    let mut bed = read(1);
    assert!(bed.started().is_some());
    bed.now += ms(10);
    bed.call.handle_absence(ms(600_000), bed.now);
    bed.call.handle_reached(0, bed.now);
    bed.wait(Phase::Wait, ms(4_100));
    assert!(bed.call.is_over(), "its deadline is that of the configuration");
}

#[test]
fn what_times_out_on_kept_connections_is_asked_again_within_the_budget() {
    for has_budget in [true, false] {
        let mut bed = read(2);
        while !has_budget && bed.agent.hedges.spend(Fund::Late) {}
        let mut asked = Vec::new();
        for _ in 0..2 {
            let (attempt, mirror) = bed.started().expect("both are asked");
            bed.call.handle_reused(attempt);
            bed.now += ms(1_000);
            bed.fail(attempt, FailureKind::QueryTimeout);
            asked.push(mirror);
        }
        assert_eq!(!bed.call.is_over(), has_budget, "after {asked:?}");
    }
}

#[test]
fn what_was_dead_before_the_call_is_not_asked_again() {
    let mut bed = read(2);
    for mirror in 0..2 {
        for _ in 0..4 {
            let host = &bed.agent.mirrors[mirror].host;
            let kind = FailureKind::ConnectTimeout;
            host.record(|karma| karma.handle_failure(kind, ms(1), false, bed.now));
        }
    }
    bed.now += ms(1);
    bed.again(CallOptions::default());
    for _ in 0..2 {
        let (attempt, _) = bed.started().expect("both are asked");
        bed.now += ms(300);
        bed.fail(attempt, FailureKind::ConnectTimeout);
    }
    assert!(bed.call.is_over(), "a dead agent costs one round");
}

#[test]
fn a_query_that_later_ones_overtook_is_sent_again_within_the_budget() {
    for has_budget in [true, false] {
        let mut bed = read(1);
        let (attempt, _) = bed.started().expect("the mirror is asked");
        bed.call.handle_reached(attempt, bed.now);
        while !has_budget && bed.agent.hedges.spend(Fund::Late) {}
        assert_eq!(bed.wait(Phase::Wait, ms(500)), [0; 0], "nobody else was answered");
        bed.answer_others(0, ms(5));
        let again: &[usize] = if has_budget { &[0] } else { &[] };
        assert_eq!(bed.wait(Phase::Wait, ms(900)), again);
    }
}

#[test]
fn a_connection_is_begun_anew_sooner_where_the_deadline_is_short() {
    for (deadline, expected) in [(ms(1_000), ms(125)), (ms(60_000), ms(250))] {
        let mut bed = read(1);
        bed.again(CallOptions { deadline: Some(deadline), ..CallOptions::default() });
        assert!(bed.started().is_some());
        assert_eq!(bed.wait(Phase::Connect, expected / 2), [0; 0]);
        assert_eq!(bed.wait(Phase::Connect, expected), [0]);
    }
}

#[test]
fn after_a_sleep_the_last_mirror_still_gets_its_share_of_the_deadline() {
    let mut bed = read(2);
    bed.again(CallOptions { deadline: Some(ms(3_000)), ..CallOptions::default() });
    while bed.agent.hedges.spend(Fund::Early) {}
    (0..2).for_each(|mirror| bed.learn(mirror, &[2_000; 20]));
    let (attempt, first) = bed.started().expect("a mirror is asked");
    bed.call.handle_reached(attempt, bed.now);
    assert_eq!(bed.wait(Phase::Wait, ms(300)), [0; 0]);
    bed.now += ms(2_000);
    bed.call.handle_absence(ms(2_000), bed.now);
    assert_eq!(bed.wait(Phase::Wait, ms(500)), [1 - first], "700 ms are left");
}

#[test]
fn a_reply_tells_its_attempts_and_the_time_of_the_one_that_brought_it() {
    let mut bed = read(2);
    let (attempt, _) = bed.started().expect("a mirror is asked");
    bed.pass(ms(3));
    bed.fail(attempt, FailureKind::ConnectFailure);
    let (attempt, _) = bed.started().expect("the other one is asked");
    bed.pass(ms(5));
    bed.reply(attempt, Status::Ok, "yes");
    let Some(Ok(answer)) = bed.call.outcome() else { panic!("it has no answer") };
    assert_eq!((answer.reply.attempts, answer.reply.elapsed), (2, ms(5)));
}

#[test]
fn a_change_that_was_on_its_way_may_be_applied() {
    for is_sent in [true, false] {
        let mut bed = Bed::with_cap(1, Access::Write, CallOptions::default(), None);
        let (attempt, _) = bed.started().unwrap();
        if is_sent {
            bed.call.handle_handed_over(attempt);
        }
        bed.call.cancel();
        assert_eq!(bed.failure().may_be_applied(), is_sent);
    }
}

#[test]
fn a_soft_end_proves_nothing_against_a_mirror_and_is_no_want_of_answers() {
    let mut bed = read(1);
    let (kept, mirror) = bed.started().expect("the mirror is asked");
    bed.call.handle_reused(kept);
    bed.call.handle_reached(kept, bed.now);
    let host = bed.agent.mirrors[mirror].host.clone();
    let retirements = host.kept.retirements();
    bed.now += ms(1);
    bed.call.hurry(0, bed.now);
    bed.call.handle_timeout(|_| Some(Phase::Wait), 0, bed.now);
    assert!(bed.failure().soft_timeout_passed && !bed.failure().deadline_passed);
    assert_eq!(host.kept.retirements(), retirements, "others go on with what is idle");
    assert_eq!(bed.agent.unanswered.load(std::sync::atomic::Ordering::Relaxed), 0);
    assert_eq!(host.read(|karma| karma.errors_in_row()), 0);
}

#[test]
fn a_soft_end_after_a_refusal_says_what_it_was() {
    let mut bed = read(2);
    let (attempt, _) = bed.started().expect("a mirror is asked");
    bed.reply(attempt, Status::Error, "unknown local index");
    assert!(bed.started().is_some(), "the other one is asked");
    bed.call.hurry(0, bed.now);
    bed.call.handle_timeout(|_| Some(Phase::Wait), 0, bed.now);
    assert!(bed.failure().soft_timeout_passed && bed.failure().query_error.is_none());
}
