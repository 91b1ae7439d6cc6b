use std::time::Duration;

use super::*;
use crate::agent::testing;
use crate::config::HaStrategy;
use crate::error::Error;
use crate::karma::Counter;
use crate::request::{Reply, Target, Verdict};
use crate::wire::Writer;
use crate::wire::header::{self, Status};

/// A request of no contents, and what it thinks of any answer.
struct Plain(Access, Verdict);

impl Request for Plain {
    fn command(&self) -> header::Command {
        header::Command::SEARCH
    }

    fn access(&self) -> Access {
        self.0
    }

    fn encode(&self, _: &Target<'_>, _: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }

    fn judge(&self, _: &mut Reply) -> Verdict {
        self.1.clone()
    }
}

/// A call whose mirrors do what the test says.
pub(super) struct Bed {
    pub(super) call: Call,
    pub(super) agent: Arc<Agent>,
    pub(super) now: Instant,
    /// Attempts that their calls do without.
    pub(super) left: Vec<(u32, LeftBehind)>,
}

impl Bed {
    fn new(mirrors: usize, access: Access, options: CallOptions) -> Self {
        Self::with_cap(mirrors, access, options, None)
    }

    pub(super) fn with_cap(
        mirrors: usize,
        access: Access,
        options: CallOptions,
        attempts_max: Option<u32>,
    ) -> Self {
        let now = testing::origin();
        let agent = testing::agent(HaStrategy::RoundRobin, mirrors, now);
        let agent = Arc::new(Agent { attempts_max, ..agent });
        let scope = match access {
            Access::Read => Scope::Agent,
            Access::Write => Scope::Mirror(0),
        };
        let request: Arc<dyn Request> = Arc::new(Plain(access, Verdict::Accept));
        let call = Call::new(agent.clone(), request, &options, scope, 0, now);
        Self { call, agent, now, left: Vec::new() }
    }

    /// Another read of the same agent.
    pub(super) fn again(&mut self, options: CallOptions) {
        self.ask(Plain(Access::Read, Verdict::Accept), options);
    }

    fn ask(&mut self, request: Plain, options: CallOptions) {
        let request: Arc<dyn Request> = Arc::new(request);
        self.call = Call::new(self.agent.clone(), request, &options, Scope::Agent, 0, self.now);
    }

    /// The attempt that was just started, and its mirror.
    pub(super) fn started(&mut self) -> Option<(u32, usize)> {
        while let Some(command) = self.call.poll_command() {
            match command {
                Command::Start { attempt, mirror, .. } => return Some((attempt, mirror)),
                Command::LeaveBehind { attempt } => {
                    let left = self.call.take_left_behind(attempt).expect("it was left");
                    self.left.push((attempt, left));
                }
                _ => {}
            }
        }
        None
    }

    /// Lets time pass until another mirror is asked beside the one that is silent.
    pub(super) fn company(&mut self) -> (u32, usize) {
        loop {
            let due = self.call.next_timeout().expect("it runs");
            assert!(due < self.call.deadline, "a hung mirror would use up the whole deadline");
            self.pass(due - self.now);
            if let Some(started) = self.started() {
                return started;
            }
        }
    }

    pub(super) fn fail(&mut self, attempt: u32, kind: FailureKind) {
        let text = "broken".to_owned();
        self.call.handle_failure(attempt, kind, Phase::Wait, text, 0, self.now);
    }

    /// The reply began, and this process could not hold it.
    fn lack_memory(&mut self, attempt: u32) {
        let (kind, text) = (FailureKind::Local, "out of memory".to_owned());
        self.call.handle_failure(attempt, kind, Phase::Read, text, 0, self.now);
    }

    pub(super) fn reply(&mut self, attempt: u32, status: Status, text: &str) {
        let mut body = Vec::new();
        body.put_string(text.as_bytes());
        let reply = Reply { status, ..Reply::new(0, body) };
        self.call.handle_reply(attempt, reply, 0, self.now);
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.call.handle_timeout(|_| Some(Phase::Wait), 0, self.now);
    }

    pub(super) fn failure(&self) -> &AgentFailure {
        match self.call.outcome() {
            Some(Err(failure)) => failure,
            other => panic!("the call did not fail: {:?}", other.map(|other| other.is_ok())),
        }
    }

    pub(super) fn count(&self, mirror: usize, counter: Counter) -> u64 {
        self.agent.mirrors[mirror].host.read(|karma| karma.since_start().get(counter))
    }
}

pub(super) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(super) fn read(mirrors: usize) -> Bed {
    Bed::new(mirrors, Access::Read, CallOptions::default())
}

#[test]
fn each_mirror_is_asked_once_and_at_once() {
    let mut bed = read(3);
    for mirror in 0..3 {
        let (attempt, asked) = bed.started().expect("the next mirror is asked");
        assert_eq!(asked, mirror);
        assert_eq!(bed.started(), None, "two mirrors are asked at once");
        bed.fail(attempt, FailureKind::ConnectFailure);
    }
    assert_eq!(bed.started(), None);
    assert_eq!(bed.failure().attempts.len(), 3);
    assert!(!bed.failure().is_timeout());
}

#[test]
fn retry_rounds_come_after_their_delay() {
    let delay = Duration::from_millis(200);
    let options =
        CallOptions { retry_count: Some(1), retry_delay: Some(delay), ..CallOptions::default() };
    let mut bed = Bed::new(2, Access::Read, options);
    for _ in 0..2 {
        let (attempt, _) = bed.started().unwrap();
        bed.fail(attempt, FailureKind::NetworkError);
    }
    assert_eq!(bed.started(), None);
    assert_eq!(bed.call.next_timeout(), Some(bed.now + delay));
    bed.pass(delay);
    for _ in 0..2 {
        let (attempt, _) = bed.started().expect("a second round over both mirrors");
        bed.fail(attempt, FailureKind::NetworkError);
    }
    assert_eq!(bed.failure().attempts.len(), 4);
}

#[test]
fn the_lines_retry_count_caps_the_attempts() {
    let options = CallOptions { retry_count: Some(3), ..CallOptions::default() };
    let mut bed = Bed::with_cap(3, Access::Read, options, Some(2));
    for _ in 0..2 {
        let (attempt, _) = bed.started().unwrap();
        bed.fail(attempt, FailureKind::NetworkError);
    }
    assert_eq!(bed.failure().attempts.len(), 2);
}

#[test]
fn without_failover_the_picked_mirror_is_the_only_one() {
    let options = CallOptions { failover: false, ..CallOptions::default() };
    let mut bed = Bed::new(2, Access::Read, options);
    let (attempt, _) = bed.started().unwrap();
    bed.fail(attempt, FailureKind::NetworkError);
    assert_eq!(bed.failure().attempts.len(), 1);
}

#[test]
fn without_failover_a_later_round_asks_the_same_mirror() {
    let options = CallOptions { failover: false, retry_count: Some(2), ..CallOptions::default() };
    let mut bed = Bed::new(3, Access::Read, options);
    for round in 0..3 {
        let (attempt, mirror) = bed.started().expect("each round makes one attempt");
        assert_eq!(mirror, 0, "round {round} left the mirror that was picked first");
        bed.fail(attempt, FailureKind::NetworkError);
        bed.pass(Duration::from_millis(500));
    }
    assert_eq!(bed.failure().attempts.len(), 3);
}

#[test]
fn a_late_dial_has_the_whole_time_to_connect() {
    let connect_timeout = Duration::from_millis(300);
    let options = CallOptions { connect_timeout: Some(connect_timeout), ..CallOptions::default() };
    let mut bed = Bed::new(1, Access::Read, options);
    let (attempt, _) = bed.started().unwrap();
    bed.call.handle_reached(attempt, bed.now);
    bed.pass(Duration::from_millis(100));
    bed.call.handle_late_dial(attempt, bed.now);
    bed.pass(connect_timeout - Duration::from_millis(1));
    assert!(bed.call.outcome().is_none(), "the time before its dial counts");
    bed.pass(Duration::from_millis(1));
    assert_eq!(bed.failure().attempts[0].kind, FailureKind::ConnectTimeout);
}

#[test]
fn a_write_is_sent_again_only_if_it_can_not_have_been_executed() {
    let retries = CallOptions { retry_count: Some(1), ..CallOptions::default() };
    // (bytes handed over, RETRY reply) and whether a second attempt is made.
    for (handed_over, retry, again) in
        [(false, false, true), (true, false, false), (true, true, true)]
    {
        let mut bed = Bed::new(1, Access::Write, retries);
        let (attempt, _) = bed.started().unwrap();
        if handed_over {
            bed.call.handle_handed_over(attempt);
        }
        if retry {
            bed.reply(attempt, Status::Retry, "busy");
        } else {
            bed.fail(attempt, FailureKind::NetworkError);
        }
        bed.pass(Duration::from_millis(500));
        assert_eq!(bed.started().is_some(), again, "handed over {handed_over}, RETRY {retry}");
    }
}

#[test]
fn the_same_error_from_two_mirrors_is_the_querys_fault() {
    let mut bed = read(3);
    let (attempt, _) = bed.started().unwrap();
    bed.reply(attempt, Status::Error, "index one: no field 'zz'");
    let (attempt, _) = bed.started().expect("one other mirror is asked");
    bed.reply(attempt, Status::Error, "index other: no field 'zz'");
    assert_eq!(bed.started(), None);
    assert_eq!(bed.failure().query_error.as_deref(), Some("index other: no field 'zz'"));
    for mirror in 0..2 {
        assert_eq!(bed.count(mirror, Counter::RemoteErrors), 1);
        let errors = bed.agent.mirrors[mirror].host.read(|karma| karma.errors_in_row());
        assert_eq!(errors, 0, "a mirror was blamed for the query");
    }
}

#[test]
fn an_error_that_another_mirror_does_not_share_is_its_own() {
    let mut bed = read(2);
    let (attempt, broken) = bed.started().unwrap();
    bed.reply(attempt, Status::Error, "index one: out of memory");
    let (attempt, _) = bed.started().unwrap();
    bed.reply(attempt, Status::Ok, "");
    assert!(matches!(bed.call.outcome(), Some(Ok(_))));
    let errors = bed.agent.mirrors[broken].host.read(|karma| karma.errors_in_row());
    assert_eq!(errors, 1);
}

/// Whether its bytes or its values find no room.
#[test]
fn a_reply_that_memory_lacks_for_is_not_fetched_again() {
    let lacks: [fn(&mut Bed, u32); 3] = [
        Bed::lack_memory,
        |bed, attempt| bed.reply(attempt, Status::Ok, "long"),
        |bed, attempt| bed.reply(attempt, Status::Warning, "long"),
    ];
    for lack in lacks {
        let mut bed = read(2);
        let verdict = Verdict::OutOfMemory("out of memory".to_owned());
        bed.ask(Plain(Access::Read, verdict), CallOptions::default());
        let (attempt, mirror) = bed.started().unwrap();
        lack(&mut bed, attempt);
        let [failure] = bed.failure().attempts.as_slice() else { panic!("{:?}", bed.failure()) };
        assert_eq!((failure.kind, failure.text.as_str()), (FailureKind::Local, "out of memory"));
        assert_eq!(bed.started(), None);
        assert_eq!(bed.agent.mirrors[mirror].host.read(|karma| karma.errors_in_row()), 0);
    }
}

#[test]
fn what_others_say_is_told_in_one_line() {
    let mut bed = read(1);
    let (attempt, _) = bed.started().unwrap();
    bed.reply(attempt, Status::Error, "no such index\nhost box2:9312 found dead\0");
    let text = r"no such index\nhost box2:9312 found dead\0";
    assert_eq!(bed.failure().attempts[0].text, text);
    assert_eq!(bed.failure().query_error.as_deref(), Some(text));
}

#[test]
fn busy_mirrors_are_asked_again_while_there_is_time() {
    let mut bed = read(2);
    let mut rounds = 0;
    while bed.call.outcome().is_none() {
        if let Some((attempt, _)) = bed.started() {
            bed.reply(attempt, Status::Retry, "server maxed out, retry in a second");
        } else {
            rounds += 1;
            let due = bed.call.next_timeout().expect("it runs");
            bed.pass(due - bed.now);
        }
    }
    assert!(rounds > 5, "given up after {rounds} rounds");
    let last = bed.failure().attempts.last().unwrap();
    assert_eq!(last.kind, FailureKind::RemoteRetry);
}

#[test]
fn busy_mirrors_are_asked_less_and_less_often() {
    let mut bed = read(1);
    let mut asked = 0;
    while bed.call.outcome().is_none() {
        match bed.started() {
            Some((attempt, _)) => {
                asked += 1;
                bed.reply(attempt, Status::Retry, "maxed out");
            }
            None => bed.pass(bed.call.next_timeout().expect("it runs") - bed.now),
        }
    }
    // Random bits of zero make the shortest pauses.
    assert!((5..=20).contains(&asked), "asked {asked} times in four seconds");
}

#[test]
fn retry_replies_keep_to_a_count_that_was_given() {
    for count in [0, 1, 3] {
        let options = CallOptions { retry_count: Some(count), ..CallOptions::default() };
        let mut bed = Bed::new(1, Access::Read, options);
        while bed.call.outcome().is_none() {
            match bed.started() {
                Some((attempt, _)) => bed.reply(attempt, Status::Retry, "maxed out"),
                None => bed.pass(bed.call.next_timeout().expect("it runs") - bed.now),
            }
        }
        assert_eq!(bed.failure().attempts.len(), count as usize + 1);
    }
}

#[test]
fn an_agent_that_is_wholly_dead_costs_no_retry_delay() {
    let options = CallOptions { retry_count: Some(2), ..CallOptions::default() };
    let mut bed = Bed::new(2, Access::Read, options);
    let mut took = Vec::new();
    for _ in 0..6 {
        bed.again(options);
        let begun = bed.now;
        while bed.call.outcome().is_none() {
            match bed.started() {
                Some((attempt, _)) => bed.fail(attempt, FailureKind::ConnectFailure),
                None => bed.pass(bed.call.next_timeout().expect("it runs") - bed.now),
            }
        }
        took.push(bed.now - begun);
    }
    assert_eq!(took[0], Duration::from_millis(1_000), "two pauses while nothing is known");
    assert_eq!(took[5], Duration::ZERO, "{took:?}");
}

#[test]
fn a_state_that_passes_is_asked_once_more() {
    for text in ["index a: index not preread", "server is shutting down"] {
        let mut bed = read(1);
        let (attempt, _) = bed.started().unwrap();
        bed.reply(attempt, Status::Error, text);
        assert!(bed.call.outcome().is_none(), "{text} is told at once");
        bed.pass(bed.call.next_timeout().unwrap() - bed.now);
        let command = bed.call.poll_command();
        let Some(Command::Start { attempt, fresh_since, .. }) = command else {
            panic!("it is not asked again: {command:?}");
        };
        assert!(fresh_since.is_some(), "a connection of before is used");
        bed.reply(attempt, Status::Error, text);
        assert_eq!(bed.failure().query_error.as_deref(), Some(text));
    }
}

#[test]
fn a_silent_mirror_gets_company_and_the_first_answer_wins() {
    let mut bed = read(2);
    let (silent, first) = bed.started().unwrap();
    bed.call.handle_reached(silent, bed.now);
    let (second, other) = bed.company();
    assert_ne!(first, other);
    bed.reply(second, Status::Ok, "");
    assert_eq!(bed.started(), None);
    assert_eq!(bed.count(other, Counter::SucceededQueries), 1);
    let (number, mut left) = bed.left.pop().expect("its answer may still come");
    assert_eq!(number, silent);
    assert_eq!(bed.count(first, Counter::Overtaken), 0, "to be overtaken is no fault");
    left.handle_silence(Phase::Wait, left.until());
    assert_eq!(bed.count(first, Counter::Overtaken), 1);
}

#[test]
fn an_answer_that_comes_late_clears_its_mirror() {
    let mut bed = read(2);
    let (_, first) = bed.started().unwrap();
    let (second, _) = bed.company();
    bed.reply(second, Status::Ok, "");
    assert_eq!(bed.started(), None);
    let (_, mut left) = bed.left.pop().unwrap();
    left.handle_answer(None, left.until());
    left.handle_silence(Phase::Read, left.until());
    assert_eq!(bed.count(first, Counter::Overtaken), 0);
    assert_eq!(bed.count(first, Counter::SucceededQueries), 1);
}

#[test]
fn a_caller_without_patience_proves_nothing_against_a_mirror() {
    let hasty = Some(Duration::from_millis(30));
    for (options, is_deadline) in [
        (CallOptions { query_timeout: hasty, ..CallOptions::default() }, false),
        (CallOptions { deadline: hasty, ..CallOptions::default() }, true),
    ] {
        let mut bed = Bed::new(1, Access::Read, options);
        for _ in 0..5 {
            bed.again(options);
            let (attempt, _) = bed.started().unwrap();
            bed.call.handle_reached(attempt, bed.now);
            bed.pass(Duration::from_millis(30));
            assert_eq!(bed.failure().deadline_passed, is_deadline);
            assert_eq!(bed.failure().attempts.len(), 1);
            assert_eq!(bed.started(), None);
        }
        let errors = |bed: &Bed| bed.agent.mirrors[0].host.read(|karma| karma.errors_in_row());
        assert_eq!(errors(&bed), 0);
        for (_, mut left) in std::mem::take(&mut bed.left) {
            assert_eq!(left.until(), left.until().max(bed.now), "it has the configured time");
            left.handle_silence(Phase::Wait, left.until());
        }
        assert_eq!(errors(&bed), 5, "silence for the configured time is a failure");
    }
}

#[test]
fn the_slower_of_two_may_still_be_the_first_asked() {
    let mut bed = read(2);
    let (slow, _) = bed.started().unwrap();
    bed.call.handle_reached(slow, bed.now);
    let (_, other) = bed.company();
    bed.reply(slow, Status::Ok, "");
    assert!(matches!(bed.call.outcome(), Some(Ok(_))));
    assert_eq!(bed.count(other, Counter::Overtaken), 0, "it had no time to answer");
}

#[test]
fn the_deadline_ends_everything_and_names_the_phase() {
    let options =
        CallOptions { deadline: Some(Duration::from_millis(100)), ..CallOptions::default() };
    let mut bed = Bed::new(1, Access::Read, options);
    let (attempt, _) = bed.started().unwrap();
    bed.call.handle_reached(attempt, bed.now);
    bed.pass(Duration::from_millis(99));
    assert!(bed.call.outcome().is_none());
    bed.pass(Duration::from_millis(1));
    let failure = bed.failure();
    assert!(failure.deadline_passed && failure.is_timeout());
    assert_eq!(failure.attempts[0].phase, Phase::Wait);
    assert_eq!(failure.attempts[0].elapsed, Duration::from_millis(100));
}

#[test]
fn a_cancelled_call_says_so_and_blames_nobody() {
    let mut bed = read(2);
    let (_, mirror) = bed.started().unwrap();
    bed.call.cancel();
    bed.call.cancel();
    assert!(bed.failure().cancelled);
    let errors = bed.agent.mirrors[mirror].host.read(|karma| karma.errors_in_row());
    assert_eq!(errors, 0);
}
