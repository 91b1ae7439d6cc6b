//! Refusals: whether the query is at fault or the mirror that refused it.

use std::time::Instant;

use super::attempt::Attempt;
use super::outcome::Answer;
use super::round::is_passing;
use super::{Call, Scope};
use crate::error::{AttemptFailure, FailureKind, Phase};
use crate::karma::{Counter, Took};
use crate::request::{Access, Reply};
use crate::wire::text;

/// A refusal that may be the query's fault or its mirror's.
pub(super) struct Refusal {
    pub(super) mirror: usize,
    pub(super) on_trial: bool,
    pub(super) failure: AttemptFailure,
    /// What each query of the request was refused with; `None` for one that was answered.
    texts: Vec<Option<String>>,
    /// The reply, where it answers some of the queries.
    answer: Option<(Reply, Took)>,
}

impl Refusal {
    /// True if no query was answered.
    pub(super) fn is_whole(&self) -> bool {
        self.answer.is_none()
    }

    /// True if the mirrors refused the same queries in the same words.
    fn is_like(&self, other: &Refusal) -> bool {
        let subjects = |refusal: &'_ Refusal| -> Vec<Option<String>> {
            let subject = |text: &Option<String>| text.as_deref().map(subject).map(str::to_owned);
            refusal.texts.iter().map(subject).collect()
        };
        subjects(self) == subjects(other)
    }

    fn queries(&self) -> usize {
        self.texts.iter().flatten().count()
    }
}

impl Call {
    /// A refusal of some or all queries, with the reply if that answers others: the same from a
    /// second mirror is the queries' fault.
    pub(super) fn refuse(
        &mut self,
        attempt: &Attempt,
        texts: Vec<Option<String>>,
        reply: Option<Reply>,
        random: u64,
        now: Instant,
    ) {
        let (kind, text) = (FailureKind::RemoteError, join(&texts));
        if self.is_ping() {
            return self.fail(attempt, kind, text, random, now);
        }
        let (mirror, on_trial) = (attempt.mirror, attempt.on_trial);
        let failure = self.attempt_failure(attempt, kind, Phase::Read, text, now);
        let answer = reply.map(|reply| (reply, attempt.took(now)));
        let refusal = Refusal { mirror, on_trial, failure, texts, answer };
        let known = self.refusals.iter();
        let confirmed = !is_passing(&refusal.failure.text)
            && known.filter(|known| known.mirror != mirror).any(|known| known.is_like(&refusal));
        self.obstacles.note(kind);
        self.refusals.push(refusal);
        let asks_another = self.request().access() == Access::Read && self.scope == Scope::Agent;
        if confirmed {
            self.leave_behind(attempt, now);
        }
        if confirmed || !asks_another {
            return self.finish_refused(confirmed, now);
        }
        self.proceed(random, now);
    }

    /// Ends with refusals and no whole answer. Two alike prove that the query is at fault, and so,
    /// for want of another, does the word of the only mirror; two that differ are their mirrors'
    /// own, and of a single one nothing is proven.
    pub(super) fn finish_refused(&mut self, confirmed: bool, now: Instant) {
        let mut refusals = std::mem::take(&mut self.refusals);
        let is_only = |host: &str| self.failures.iter().all(|other| other.host == host);
        let only = refusals.last().filter(|_| refusals.len() == 1);
        let is_proven = confirmed || only.is_some_and(|only| is_only(&only.failure.host));
        let partial = refusals.iter().enumerate().filter(|(_, refusal)| !refusal.is_whole());
        let best = partial.min_by_key(|(_, refusal)| refusal.queries());
        if let Some(best) = best.map(|(place, _)| place) {
            let best = refusals.remove(best);
            return self.finish_answered_in_part(best, refusals.into_iter(), is_proven, now);
        }
        let last = refusals.last().filter(|_| is_proven);
        let text = last.map(|last| last.failure.text.clone());
        let texts = last.filter(|last| last.texts.len() > 1).map(|last| {
            last.texts.iter().flatten().map(|text| text::escape(text.clone())).collect()
        });
        let differ = !confirmed && refusals.len() > 1;
        for refusal in refusals {
            self.book_refusal(refusal, differ, now);
        }
        let is_late = text.is_none() && now >= self.deadline;
        self.finish_failed(text, is_late);
        if let Some(Err(failure)) = &mut self.outcome {
            failure.query_errors = texts.unwrap_or_default();
        }
    }

    /// Ends with an answer to some queries of the request, the refusals of the others within it.
    fn finish_answered_in_part(
        &mut self,
        best: Refusal,
        others: impl Iterator<Item = Refusal>,
        is_proven: bool,
        now: Instant,
    ) {
        for other in others {
            let differs = !other.is_like(&best);
            self.book_refusal(other, differs, now);
        }
        let Some((reply, took)) = best.answer else { return };
        self.book_answer(best.mirror, took, true, now);
        self.agent.hedges.earn();
        let (elapsed, attempts) = (took.at_least, self.attempts_started);
        let reply = Reply { elapsed, attempts, are_refusals_proven: is_proven, ..reply };
        self.finish(Ok(Answer { reply, mirror: best.mirror }));
    }

    /// Books a refusal: as its mirror's fault, or as the query's.
    pub(super) fn book_refusal(&mut self, refusal: Refusal, is_mirrors: bool, now: Instant) {
        let Refusal { mirror, on_trial, failure, .. } = refusal;
        if is_mirrors {
            let purpose = self.purpose(on_trial);
            self.agent.mirrors[mirror].record_failure(&failure, purpose, now);
        } else {
            self.host(mirror).record(|karma| karma.handle_query_error(now));
            if on_trial {
                self.postpone_trial(mirror);
            }
            let tally = &self.agent.mirrors[mirror].tally;
            tally.handle_end(Counter::RemoteErrors, None);
        }
        self.failures.push(failure);
    }
}

/// Each text once, in the order of the queries.
fn join(texts: &[Option<String>]) -> String {
    let mut distinct: Vec<&str> = Vec::new();
    for text in texts.iter().flatten() {
        if !distinct.contains(&text.as_str()) {
            distinct.push(text);
        }
    }
    distinct.join("; ")
}

/// An error text without the name of the index, which may differ from mirror to mirror.
fn subject(text: &str) -> &str {
    let named = ["index ", "table "].iter().any(|prefix| text.starts_with(prefix));
    match text.split_once(": ") {
        Some((_, subject)) if named => subject,
        _ => text,
    }
}
