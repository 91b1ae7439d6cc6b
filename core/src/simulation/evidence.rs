//! What calls know of each other: bursts beside mirrors that hang, mirrors that are all slow, lost
//! packets, forgotten connections, and a program that slept.

use std::time::Duration;

use super::crowd::{Crowd, Mood};
use crate::limits;
use crate::options::CallOptions;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn within(deadline: Option<Duration>) -> CallOptions {
    CallOptions { deadline, ..CallOptions::default() }
}

#[test]
fn no_burst_loses_a_query_while_one_mirror_lives() {
    println!("| calls | mirrors | hung | deadline ms | kept | warm | lost | slowest ms | extra |");
    println!("|-------|---------|------|-------------|------|------|------|------------|-------|");
    for calls in [1, 2, 10, 100, 500, 1_000] {
        for (mirrors, hung) in [(2, 1), (3, 2), (4, 3)] {
            for deadline_ms in [500, 1_000, 3_000, 0] {
                for (keeps, mood) in
                    [(false, Mood::Hangs), (true, Mood::Hangs), (false, Mood::Vanishes)]
                {
                    for is_warm in [false, true] {
                        burst(calls, (mirrors, hung), deadline_ms, keeps, mood, is_warm);
                    }
                }
            }
        }
    }
}

fn burst(
    calls: usize,
    (mirrors, hung): (usize, usize),
    deadline_ms: u64,
    keeps: bool,
    mood: Mood,
    is_warm: bool,
) {
    let deadline = (deadline_ms > 0).then_some(ms(deadline_ms));
    let options = within(deadline);
    // The living mirror answers all of the largest burst in a fifth of the shortest deadline.
    let mut crowd = Crowd::new(mirrors, 50, ms(5), keeps);
    if is_warm {
        crowd.ask(20, 1, &within(None));
        crowd.run(0, &options);
        crowd.run_for(ms(100));
        crowd.ends.clear();
        crowd.peers.iter_mut().for_each(|peer| peer.executed = 0);
    }
    for peer in &mut crowd.peers[..hung] {
        peer.mood = mood;
    }
    crowd.ask(calls, if calls > 100 { 10 } else { 1 }, &options);
    crowd.run(0, &options);
    let (lost, slowest, extra) = (crowd.lost(), crowd.slowest(), crowd.extra());
    let text = format!(
        "| {calls:>5} | {mirrors:>7} | {hung:>4} | {deadline_ms:>11} | {keeps:>4} | \
         {is_warm:>4} | {lost:>4} | {:>10} | {extra:>5} |",
        slowest.as_millis(),
    );
    println!("{text}");
    assert_eq!(crowd.ends.len(), calls);
    assert_eq!(lost, 0, "{text}");
}

#[test]
fn mirrors_that_are_all_slow_lose_nothing_by_hedges() {
    // 64 callers, two mirrors of 8 workers; answers take 2 ms, then 400 ms, then 2 ms again.
    let options = within(Some(ms(3_000)));
    let mut crowd = Crowd::new(2, 8, ms(2), true);
    crowd.ask(64, 1, &options);
    crowd.run(2_000, &options);
    let calls = crowd.ends.len();
    let extra = crowd.extra();
    assert!(extra <= calls / 10 + 10, "{extra} extra requests beside {calls} while all is well");
    for takes in [ms(400), ms(2)] {
        crowd.ends.clear();
        crowd.peers.iter_mut().for_each(|peer| (peer.takes, peer.executed) = (takes, 0));
        crowd.ask(64, 1, &options);
        crowd.keep_busy(600, &options);
        // At the end one of them is free before the other: what goes over to it is no load.
        let (extra, calls) = (crowd.extra(), crowd.asked());
        assert!(extra <= calls / 10 + 10, "{extra} extra requests beside {calls}, {takes:?}");
        crowd.run(0, &options);
        assert_eq!(crowd.lost(), 0, "answers take {takes:?}");
        assert_eq!(crowd.living(), 2, "found dead for {takes:?}");
    }
}

#[test]
fn a_mirror_that_hangs_before_there_is_a_record_costs_little() {
    for mood in [Mood::Hangs, Mood::Vanishes] {
        for warm in [0, 3] {
            let options = within(None);
            let mut crowd = Crowd::new(2, 8, ms(2), true);
            crowd.ask(1, 1, &options);
            crowd.run(warm, &options);
            crowd.ends.clear();
            crowd.peers[0].mood = mood;
            crowd.start(0, &options);
            crowd.run(50, &options);
            assert_eq!(crowd.lost(), 0);
            let slowest = crowd.slowest();
            assert!(slowest <= ms(200), "{mood:?} after {warm} calls: {slowest:?}");
        }
    }
}

#[test]
fn lost_packets_lose_no_query() {
    for (mirrors, loss_percent) in [(1, 5), (2, 5), (2, 10), (1, 1)] {
        let options = within(None);
        let mut crowd = Crowd::new(mirrors, 8, ms(2), false);
        crowd.loss_percent = loss_percent;
        crowd.ask(4, 1, &options);
        crowd.run(2_000, &options);
        assert_eq!(crowd.lost(), 0, "{mirrors} mirrors, {loss_percent} % loss");
        let slowest = crowd.slowest();
        assert!(slowest < ms(1_000), "{mirrors} mirrors, {loss_percent} % loss: {slowest:?}");
        assert_eq!(crowd.living(), mirrors, "found dead for lost packets");
    }
}

#[test]
fn forgotten_connections_lose_no_query() {
    for mirrors in [1, 2] {
        for calls in [1, 32] {
            let options = within(None);
            let mut crowd = Crowd::new(mirrors, 8, ms(2), true);
            for _ in 0..10 {
                crowd.ask(calls, 1, &options);
                crowd.run(0, &options);
            }
            crowd.run_for(ms(5_000));
            crowd.forget_connections();
            crowd.ends.clear();
            for _ in 0..3 {
                crowd.ask(calls, 1, &options);
                crowd.run(0, &options);
            }
            let name = format!("{mirrors} mirrors, {calls} calls at once");
            assert_eq!(crowd.lost(), 0, "{name}");
            let slowest = crowd.slowest();
            assert!(slowest < ms(800), "{name}: {slowest:?}");
            crowd.run_for(ms(4_000));
            assert_eq!(crowd.living(), mirrors, "{name}: a host is found dead");
        }
    }
}

#[test]
fn a_sleep_of_the_program_loses_nothing_and_blames_nobody() {
    for sleep_ms in [200, 1_200, 5_000, 60_000] {
        for (name, deadline) in [("default", None), ("ten seconds", Some(ms(10_000)))] {
            let options = within(deadline);
            let mut crowd = Crowd::new(2, 8, ms(2), true);
            crowd.ask(8, 1, &options);
            crowd.run(400, &options);
            crowd.ends.clear();
            crowd.ask(8, 1, &options);
            crowd.sleep(ms(sleep_ms));
            crowd.run(0, &options);
            let is_over = deadline.is_some_and(|deadline| deadline < ms(sleep_ms));
            // Answers lie in the sockets: they are read even after the deadline.
            assert_eq!(crowd.lost(), 0, "{sleep_ms} ms, deadline {name} ({is_over})");
            crowd.run_for(ms(4_000));
            assert_eq!(crowd.living(), 2, "{sleep_ms} ms, deadline {name}");
        }
    }
}

#[test]
fn a_sleep_puts_off_the_end_of_a_call_by_its_own_length_at_most() {
    for sleep_ms in [100, 1_000, 5_000, 60_000] {
        let mut crowd = Crowd::new(1, 8, ms(2), true);
        crowd.peers[0].mood = Mood::Hangs;
        crowd.ask(1, 1, &within(None));
        crowd.run_for(ms(30));
        crowd.sleep(ms(sleep_ms));
        crowd.run(0, &within(None));
        let whole = limits::AGENT_CONNECT_TIMEOUT + limits::AGENT_QUERY_TIMEOUT;
        let took = crowd.slowest();
        assert!(took <= whole + ms(sleep_ms), "{took:?}, of which {sleep_ms} ms asleep");
    }
}

#[test]
fn what_was_due_before_it_was_known_is_no_sleep() {
    // One mirror hangs, and is left behind when the other has answered, after over a second.
    let options = within(Some(ms(20_000)));
    let mut crowd = Crowd::new(2, 1, ms(1_200), false);
    crowd.peers[0].mood = Mood::Hangs;
    crowd.ask(2, 2, &options);
    crowd.run(0, &options);
    assert_eq!(crowd.lost(), 0);
}

#[test]
fn a_sleep_beside_a_call_that_was_forgotten_ends_nothing() {
    let mut crowd = Crowd::new(1, 2, ms(50), true);
    crowd.ask(1, 1, &within(None));
    crowd.run_for(ms(5));
    crowd.peers[0].takes = ms(5);
    crowd.start(0, &within(None));
    crowd.run_for(ms(20));
    assert_eq!(crowd.ends.len(), 1, "one is answered, and forgotten");
    crowd.sleep(ms(1_000));
    crowd.run(0, &within(None));
    assert_eq!((crowd.ends.len(), crowd.lost()), (2, 0));
}

#[test]
fn a_sleep_in_the_middle_of_dialling_blames_nobody() {
    let options = within(None);
    let mut crowd = Crowd::new(2, 8, ms(2), false);
    crowd.ask(8, 1, &options);
    crowd.run(400, &options);
    crowd.ends.clear();
    for _ in 0..20 {
        crowd.ask(8, 1, &options);
        crowd.run_for(Duration::from_micros(300));
        crowd.sleep(ms(5_000));
        crowd.run(0, &options);
    }
    assert_eq!((crowd.lost(), crowd.living()), (0, 2));
    crowd.run_for(ms(4_000));
    assert_eq!(crowd.living(), 2);
}
