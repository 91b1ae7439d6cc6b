//! Calls of one search: once enough of them are answered in full, the rest are hurried.

use std::time::Instant;

use slab::Slab;

use super::{CallId, Engine};

/// Groups of calls whose rest is to be hurried.
#[derive(Debug, Default)]
pub(super) struct SoftEnds {
    groups: Slab<Group>,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    first: CallId,
    count: u32,
    /// Calls that have not ended.
    running: u32,
    answered: u32,
    needed: u32,
    share: u8,
}

impl Group {
    fn calls(self) -> impl Iterator<Item = CallId> {
        let CallId(first) = self.first;
        (0..self.count).map(move |place| CallId(first.wrapping_add(place)))
    }
}

impl SoftEnds {
    pub(super) fn clear(&mut self) {
        self.groups.clear();
    }
}

impl Engine {
    /// Hurries the rest of these calls once so many of them are answered in full. The rest gets
    /// that share, in percent, of its time.
    pub(crate) fn end_softly(
        &mut self,
        (first, count): (CallId, u32),
        needed: u32,
        share: u8,
        now: Instant,
    ) {
        let mut group = Group { first, count, running: 0, answered: 0, needed, share };
        for id in group.calls() {
            let Some(slot) = self.calls.get(id) else { continue };
            group.running += u32::from(!slot.call.is_over());
            group.answered += u32::from(slot.call.is_answered_in_full());
        }
        if group.running == 0 {
            return;
        }
        let number = self.soft_ends.groups.insert(group);
        for id in group.calls() {
            let running = self.calls.get_mut(id).filter(|slot| !slot.call.is_over());
            if let Some(slot) = running {
                slot.group = Some(number);
            }
        }
        self.hurry_rest(group, now);
    }

    /// A call ended: hurries the others of its group if they wait for no more.
    pub(super) fn note_end(&mut self, id: CallId, now: Instant) {
        let slot = &mut self.calls[id];
        let is_answered = slot.call.is_answered_in_full();
        let Some(number) = slot.group.take() else { return };
        let Some(group) = self.soft_ends.groups.get_mut(number) else { return };
        group.running -= 1;
        group.answered += u32::from(is_answered);
        let known = *group;
        if known.running == 0 {
            self.soft_ends.groups.remove(number);
        } else if is_answered && known.answered == known.needed {
            self.hurry_rest(known, now);
        }
    }

    fn hurry_rest(&mut self, group: Group, now: Instant) {
        if group.answered < group.needed {
            return;
        }
        for id in group.calls() {
            let running = self.calls.get_mut(id).filter(|slot| !slot.call.is_over());
            if let Some(slot) = running {
                slot.call.hurry(group.share, now);
                self.rearm(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::agent::testing;
    use crate::call::Scope;
    use crate::config::HaStrategy;
    use crate::engine::{Action, Closing, ConnectionId};
    use crate::options::CallOptions;
    use crate::request::{Access, Raw, Reply, Request, Target, Verdict};
    use crate::wire::header::Command;

    const DEADLINE: Duration = Duration::from_secs(100);

    /// A request whose answer lacks something if its body says so.
    struct Partial;

    impl Request for Partial {
        fn command(&self) -> Command {
            Command { id: 99, version: 0x100 }
        }

        fn access(&self) -> Access {
            Access::Read
        }

        fn encode(&self, _: &Target<'_>, _: &mut Vec<u8>) -> Result<(), crate::Error> {
            Ok(())
        }

        fn judge(&self, _: &mut Reply) -> Verdict {
            Verdict::Accept
        }

        fn is_whole(&self, reply: &Reply) -> bool {
            reply.body == [WHOLE]
        }
    }

    /// Calls of one group, each to an agent of one mirror, which the test plays.
    struct Bed {
        engine: Engine,
        calls: Vec<(CallId, ConnectionId)>,
        begun_at: Instant,
        now: Instant,
    }

    impl Bed {
        fn new(agents: u32, needed: u32, share: u8) -> Bed {
            let begun_at = testing::origin();
            let mut engine = Engine::new(1);
            let request: Arc<dyn Request> = Arc::new(Partial);
            let options = CallOptions::default().deadline(DEADLINE).query_timeout(DEADLINE * 9);
            let mut calls = Vec::new();
            // One that belongs to nobody goes before them.
            let raw = Raw { command: request.command(), access: Access::Read, body: Vec::new() };
            let alone: Arc<dyn Request> = Arc::new(raw);
            for number in 0..=agents {
                let agent = Arc::new(testing::agent(HaStrategy::Random, 1, begun_at));
                let request = if number == 0 { &alone } else { &request };
                let id = engine.start(&agent, request, &options, Scope::Agent, begun_at);
                let Some(Action::Connect(connection, _)) = engine.poll_action() else {
                    panic!("it connects first")
                };
                engine.handle_connected(connection, begun_at);
                let sent = engine.output(connection).len();
                engine.handle_sent(connection, sent);
                engine.handle_received(connection, &[0, 0, 0, 1], begun_at);
                while engine.poll_action().is_some() {}
                calls.push((id, connection));
            }
            let first = calls[1].0;
            engine.end_softly((first, agents), needed, share, begun_at);
            Bed { engine, calls, begun_at, now: begun_at }
        }

        fn answer(&mut self, number: usize, text: u8) {
            let reply = [0, 0, 1, 0, 0, 0, 0, 1, text];
            self.engine.handle_received(self.calls[number].1, &reply, self.now);
        }

        fn fail(&mut self, number: usize) {
            self.engine.handle_closed(self.calls[number].1, Closing::End, self.now);
        }

        /// Lets time pass up to then, and takes all looks that fall due.
        fn pass_until(&mut self, then: Instant) {
            while let Some(due) = self.engine.next_timeout().filter(|due| *due <= then) {
                self.now = self.now.max(due);
                self.engine.handle_timeout(self.now);
                while self.engine.poll_action().is_some() {}
                self.engine.sweep();
            }
            self.now = then;
        }

        fn ended(&self, number: usize) -> Option<&str> {
            let outcome = self.engine.outcome(self.calls[number].0)?;
            Some(match outcome {
                Ok(_) => "answered",
                Err(failure) if failure.soft_timeout_passed => "soft",
                Err(failure) if failure.deadline_passed => "late",
                Err(_) => "failed",
            })
        }

        fn took(&self, number: usize) -> Duration {
            self.engine.effort(self.calls[number].0).expect("it has ended").elapsed
        }
    }

    const WHOLE: u8 = 1;
    const LACKING: u8 = 2;

    #[test]
    fn the_rest_gets_its_share_once_enough_have_answered_in_full() {
        for (agents, needed, share) in [(4, 2, 25), (4, 2, 0), (5, 1, 50), (3, 2, 100)] {
            let mut bed = Bed::new(agents, needed, share);
            let second = Duration::from_secs(1);
            for number in 1..=needed {
                bed.pass_until(bed.begun_at + second * 10 * number);
                assert_eq!(bed.ended(agents as usize), None);
                bed.answer(number as usize, WHOLE);
            }
            let enough_at = bed.now;
            let left = bed.begun_at + DEADLINE - enough_at;
            let end = enough_at + left * u32::from(share) / 100;
            if share > 0 {
                bed.pass_until(end - Duration::from_millis(1));
                assert_eq!(bed.ended(agents as usize), None, "{share}");
            }
            bed.pass_until(end);
            let expected = if share == 100 { "late" } else { "soft" };
            for number in 1..=agents as usize {
                let is_early = number <= needed as usize;
                let expected = if is_early { "answered" } else { expected };
                assert_eq!(bed.ended(number), Some(expected), "{number} of {agents}");
            }
            assert_eq!(bed.took(agents as usize), end - bed.begun_at);
            let alone = if share == 100 { Some("late") } else { None };
            assert_eq!(bed.ended(0), alone, "it belongs to nobody");
            assert!(bed.engine.soft_ends.groups.is_empty());
        }
    }

    #[test]
    fn an_answer_in_the_time_that_is_left_is_taken() {
        let mut bed = Bed::new(3, 1, 50);
        bed.answer(1, WHOLE);
        bed.pass_until(bed.begun_at + DEADLINE / 4);
        bed.answer(2, WHOLE);
        bed.pass_until(bed.begun_at + DEADLINE / 2);
        let ends = [bed.ended(1), bed.ended(2), bed.ended(3)];
        assert_eq!(ends, [Some("answered"), Some("answered"), Some("soft")]);
        assert_eq!(bed.took(3), DEADLINE / 2, "the second answer changes nothing");
    }

    #[test]
    fn it_never_ends_early_without_enough_answers() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..500 {
            let agents = random.u32(2..=9);
            let (needed, share) = (random.u32(1..agents), random.u8(0..=99));
            let mut bed = Bed::new(agents, needed, share);
            let mut order: Vec<usize> = (1..=agents as usize).collect();
            random.shuffle(&mut order);
            let mut whole = 0;
            let mut soft_end = None;
            for number in order {
                bed.pass_until(bed.now + Duration::from_millis(random.u64(0..15_000)));
                if bed.ended(number).is_some() {
                    continue;
                }
                match random.u8(0..4) {
                    0 => bed.fail(number),
                    1 => bed.answer(number, LACKING),
                    2 => {}
                    _ => {
                        bed.answer(number, WHOLE);
                        whole += 1;
                        if whole == needed {
                            let left = bed.begun_at + DEADLINE - bed.now;
                            soft_end = Some(bed.now + left * u32::from(share) / 100);
                        }
                    }
                }
            }
            bed.pass_until(bed.begun_at + DEADLINE);
            for number in 1..=agents as usize {
                match (bed.ended(number).expect("all have ended"), soft_end) {
                    ("soft", Some(end)) => assert_eq!(bed.took(number), end - bed.begun_at),
                    ("soft", None) => panic!("{whole} of {needed} answered"),
                    ("late", Some(_)) => panic!("it was not hurried"),
                    ("late", None) => assert_eq!(bed.took(number), DEADLINE),
                    _ => {}
                }
            }
            assert!(bed.engine.soft_ends.groups.is_empty());
        }
    }
}
