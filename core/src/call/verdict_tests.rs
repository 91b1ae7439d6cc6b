//! Verdicts by which a mirror is asked again in other words, or answers some queries of several.

use std::time::Duration;

use super::tests::Bed;
use super::*;
use crate::karma::Counter;
use crate::request::{Reply, Target, Verdict};
use crate::wire::Writer;
use crate::wire::header::{self, Status};

/// A request whose replies say what is thought of them.
struct Told(Access);

impl Request for Told {
    fn command(&self) -> header::Command {
        header::Command::SEARCH
    }

    fn access(&self) -> Access {
        self.0
    }

    fn encode(&self, _: &Target<'_>, _: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        let text = reply.text();
        match text.split_once(' ') {
            Some(("again", _)) => Verdict::AskAgain(text),
            Some(("queries", texts)) => {
                let text = |text: &str| (text != "-").then(|| text.to_owned());
                Verdict::QueriesRefused(texts.split(',').map(text).collect())
            }
            _ => Verdict::Accept,
        }
    }

    fn judge_error(&self, reply: &Reply) -> Verdict {
        Verdict::AskAgain(reply.text())
    }
}

/// A call of a few mirrors, which all live.
fn bed(mirrors: usize, access: Access, options: CallOptions) -> Bed {
    let mut bed = Bed::with_cap(mirrors, access, options, None);
    let scope = if access == Access::Read { Scope::Agent } else { Scope::Mirror(0) };
    let request: Arc<dyn Request> = Arc::new(Told(access));
    bed.call = Call::new(bed.agent.clone(), request, &options, scope, 0, bed.now);
    bed
}

fn read(mirrors: usize) -> Bed {
    bed(mirrors, Access::Read, CallOptions::default().retry_count(0))
}

fn answer(bed: &mut Bed, attempt: u32, status: Status, text: &str) -> Judged {
    let mut body = Vec::new();
    body.put_string(text.as_bytes());
    let reply = Reply { status, ..Reply::new(0x11f, body) };
    bed.call.handle_handed_over(attempt);
    bed.call.handle_reply(attempt, reply, 0, bed.now)
}

fn errors_in_row(bed: &Bed, mirror: usize) -> u32 {
    bed.agent.mirrors[mirror].host.read(|karma| karma.errors_in_row())
}

fn is_answered(bed: &Bed) -> bool {
    matches!(bed.call.outcome(), Some(Ok(_)))
}

#[test]
fn a_mirror_that_is_asked_again_in_other_words_costs_no_retry_and_is_not_blamed() {
    for status in [Status::Ok, Status::Warning, Status::Error] {
        let mut bed = read(2);
        let (attempt, mirror) = bed.started().unwrap();
        let text = if status == Status::Warning { "a warning" } else { "again please" };
        let judged = match status {
            Status::Warning => {
                let mut body = Vec::new();
                body.put_string(b"a warning");
                body.put_string(b"again please");
                let reply = Reply { status, ..Reply::new(0x11f, body) };
                bed.call.handle_reply(attempt, reply, 0, bed.now)
            }
            _ => answer(&mut bed, attempt, status, text),
        };
        assert_eq!(judged, Judged::AskAgain, "{status:?}");
        assert_eq!(bed.started(), None, "no other attempt is begun");
        for counter in [Counter::RemoteErrors, Counter::RemoteRetries, Counter::WrongReplies] {
            assert_eq!(bed.count(mirror, counter), 0, "{status:?}");
        }
        assert_eq!(answer(&mut bed, attempt, Status::Ok, "fine"), Judged::Sound);
        assert!(is_answered(&bed), "{status:?}");
        let Some(Ok(answer)) = bed.call.outcome() else { return };
        assert_eq!((answer.mirror, answer.reply.attempts), (mirror, 1));
        assert_eq!(bed.count(mirror, Counter::SucceededQueries), 1);
    }
}

#[test]
fn a_mirror_that_never_has_enough_is_left_for_another() {
    for status in [Status::Ok, Status::Error] {
        let mut bed = read(2);
        let (attempt, first) = bed.started().unwrap();
        let judged = |bed: &mut Bed, attempt| answer(bed, attempt, status, "again please");
        for _ in 0..crate::limits::REWORDINGS_MAX {
            assert_eq!(judged(&mut bed, attempt), Judged::AskAgain);
        }
        assert_eq!(judged(&mut bed, attempt), Judged::Sound);
        let (attempt, second) = bed.started().expect("the other mirror is asked");
        assert_ne!(first, second);
        answer(&mut bed, attempt, Status::Ok, "fine");
        assert!(is_answered(&bed));
        let counter = match status {
            Status::Ok => Counter::RemoteRetries,
            _ => Counter::RemoteErrors,
        };
        assert_eq!(bed.count(first, counter), 1);
    }
}

#[test]
fn the_time_of_an_answer_and_its_patience_begin_with_the_last_words() {
    let mut bed = read(1);
    let (attempt, mirror) = bed.started().unwrap();
    bed.call.handle_reached(attempt, bed.now);
    bed.now += Duration::from_millis(900);
    assert_eq!(answer(&mut bed, attempt, Status::Ok, "again please"), Judged::AskAgain);
    bed.call.handle_reached(attempt, bed.now);
    bed.now += Duration::from_millis(5);
    answer(&mut bed, attempt, Status::Ok, "fine");
    let latency =
        bed.agent.mirrors[mirror].host.read(|karma| karma.latencies_since_start().quantile(1.0));
    assert!(latency.is_none_or(|latency| latency < Duration::from_millis(900)), "{latency:?}");
}

#[test]
fn a_write_is_asked_again_after_an_error_alone() {
    for (status, again) in [(Status::Error, true), (Status::Ok, false)] {
        let mut bed = bed(1, Access::Write, CallOptions::default());
        let (attempt, _) = bed.started().unwrap();
        let judged = answer(&mut bed, attempt, status, "again please");
        assert_eq!(judged == Judged::AskAgain, again, "{status:?}");
        assert_eq!(bed.call.is_over(), !again, "{status:?}");
    }
}

#[test]
fn one_mirror_that_refuses_a_query_of_several_is_left_for_another() {
    let mut bed = read(2);
    let (attempt, first) = bed.started().unwrap();
    answer(&mut bed, attempt, Status::Ok, "queries -,index a: no field,-");
    let (attempt, second) = bed.started().expect("one other mirror is asked");
    answer(&mut bed, attempt, Status::Ok, "fine");
    let Some(Ok(answer)) = bed.call.outcome() else { panic!("it was answered") };
    assert_eq!(answer.mirror, second);
    assert_eq!(errors_in_row(&bed, first), 1, "the refusal was its own");
}

#[test]
fn mirrors_that_refuse_the_same_queries_have_answered_the_others() {
    let mut bed = read(3);
    for name in ["a", "b"] {
        let (attempt, _) = bed.started().expect("one other mirror is asked");
        let told = format!("queries -,index {name}: no field,-");
        assert_eq!(answer(&mut bed, attempt, Status::Ok, &told), Judged::Sound);
    }
    assert!(is_answered(&bed) && bed.started().is_none());
    let Some(Ok(answer)) = bed.call.outcome() else { panic!("it was answered") };
    assert!(answer.reply.are_refusals_proven);
    assert_eq!([0, 1].map(|mirror| errors_in_row(&bed, mirror)), [0, 0]);
}

#[test]
fn an_answer_to_some_queries_is_better_than_none() {
    // The other mirror fails, is silent to the end, or refuses more.
    let others: [fn(&mut Bed, u32); 3] = [
        |bed, attempt| bed.fail(attempt, FailureKind::ConnectFailure),
        |bed, _| bed.pass(Duration::from_secs(60)),
        |bed, attempt| {
            answer(bed, attempt, Status::Ok, "queries x,y,-");
        },
    ];
    for other in others {
        let mut bed = read(2);
        let (attempt, first) = bed.started().unwrap();
        answer(&mut bed, attempt, Status::Ok, "queries -,no field,-");
        let (attempt, second) = bed.started().expect("one other mirror is asked");
        other(&mut bed, attempt);
        let Some(Ok(answer)) = bed.call.outcome() else { panic!("some were answered") };
        assert_eq!(answer.mirror, first);
        assert!(!answer.reply.are_refusals_proven, "nobody said the same");
        assert_eq!(answer.reply.attempts, 2);
        assert_eq!(errors_in_row(&bed, first), 0);
        assert!(second != first);
    }
}

#[test]
fn each_query_of_several_that_were_all_refused_has_its_own_text() {
    let mut bed = read(2);
    for name in ["a", "b"] {
        let (attempt, _) = bed.started().expect("one other mirror is asked");
        let told = format!("queries index {name}: one,index {name}: two");
        answer(&mut bed, attempt, Status::Ok, &told);
    }
    let failure = bed.failure();
    assert_eq!(failure.query_errors, ["index b: one", "index b: two"]);
    assert_eq!(failure.query_error.as_deref(), Some("index b: one; index b: two"));
    let own = [0, 1].map(|query| failure.of_query(query).query_error);
    assert_eq!(own, ["index b: one", "index b: two"].map(|text| Some(text.to_owned())));
    assert_eq!([0, 1].map(|mirror| bed.count(mirror, Counter::RemoteErrors)), [1, 1]);
    // In other words it is not proven.
    let mut bed = read(2);
    for told in ["queries one,two", "queries one,three"] {
        let (attempt, _) = bed.started().expect("one other mirror is asked");
        answer(&mut bed, attempt, Status::Ok, told);
    }
    assert_eq!(bed.failure().query_error, None);
}
