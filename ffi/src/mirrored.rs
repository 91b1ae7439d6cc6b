//! What every mirror of an index answered, each for itself.
//!
//!     code = hamirror_client_flush_attributes(client, "goods", NULL, &mirrored, &error);
//!     agent_answers = (hamirror_agent_answers *)hamirror_mirrored_agent(mirrored, 0);
//!     mirror_answer = (hamirror_mirror_answer *)hamirror_agent_answers_mirror(agent_answers, 0);
//!     failure = (hamirror_failure *)hamirror_mirror_answer_failure(mirror_answer);
//!     if (failure != NULL && hamirror_failure_may_be_applied(failure))
//!         printf("it may have done it\n");

use std::ffi::c_char;

use hamirror_core::AgentFailure;
use hamirror_core::command::{AgentAnswers as CoreAgent, Counters, Mirrored as Core, Written};

use crate::arguments;
use crate::client::Client;
use crate::error::Error;
use crate::failed::{Failed, Told};
use crate::failure::Failure;
use crate::handle::{self, Borrowed, Handle, Owned, get, need, view};
use crate::options::{self, CallOptions};
use crate::panic::{fallible, getter};
use crate::parameters::{self, Parameters};
use crate::text::Text;

/// What every mirror of every agent answered. It never changes, so any number of threads may read
/// it. End it with hamirror_mirrored_free().
pub struct Mirrored {
    _private: [u8; 0],
}

impl Handle for Mirrored {
    type Rust = MirroredDetail;
    type Ownership = Owned;
}

/// What the mirrors of one agent answered. Part of a hamirror_mirrored, and lives until that is
/// freed.
pub struct AgentAnswers {
    _private: [u8; 0],
}

impl Handle for AgentAnswers {
    type Rust = AgentDetail;
    type Ownership = Borrowed;
}

/// What one mirror answered. Part of a hamirror_mirrored, and lives until that is freed.
pub struct MirrorAnswer {
    _private: [u8; 0],
}

impl Handle for MirrorAnswer {
    type Rust = MirrorDetail;
    type Ownership = Borrowed;
}

/// What a pointer to [`Mirrored`] points to.
pub(crate) struct MirroredDetail {
    agents: Vec<AgentDetail>,
    locals: Vec<String>,
    documents: u64,
    warning: Option<String>,
    is_complete: bool,
}

/// What a pointer to [`AgentAnswers`] points to.
pub(crate) struct AgentDetail {
    index: String,
    number: usize,
    documents: u64,
    is_alike: bool,
    is_complete: bool,
    mirrors: Vec<MirrorDetail>,
}

/// What a pointer to [`MirrorAnswer`] points to.
pub(crate) struct MirrorDetail {
    host: String,
    outcome: Result<Outcome, Told<AgentFailure>>,
}

/// An answer of any kind.
#[derive(Default)]
struct Outcome {
    documents: u64,
    warning: Option<String>,
    flush: u32,
    rows: Counters,
}

impl From<Core<Written>> for MirroredDetail {
    fn from(told: Core<Written>) -> Self {
        let (documents, warning) = (told.documents(), told.warning());
        let of_agents: Vec<(u64, bool)> =
            told.agents.iter().map(|agent| (agent.documents(), agent.is_alike())).collect();
        let mut detail = MirroredDetail::new(told, |written| Outcome {
            documents: written.documents,
            warning: written.warning,
            ..Outcome::default()
        });
        (detail.documents, detail.warning) = (documents, warning);
        for (agent, (documents, is_alike)) in detail.agents.iter_mut().zip(of_agents) {
            (agent.documents, agent.is_alike) = (documents, is_alike);
        }
        detail
    }
}

impl MirroredDetail {
    /// Of hamirror_client_flush_attributes().
    pub(crate) fn of_flushes(told: Core<u32>) -> Self {
        Self::new(told, |flush| Outcome { flush, ..Outcome::default() })
    }

    /// Of hamirror_client_daemon_status().
    pub(crate) fn of_counters(told: Core<Counters>) -> Self {
        Self::new(told, |rows| Outcome { rows, ..Outcome::default() })
    }

    fn new<T>(told: Core<T>, outcome: impl Fn(T) -> Outcome) -> Self {
        let is_complete = told.is_complete();
        let agent = |agent: CoreAgent<T>| AgentDetail {
            is_complete: agent.is_complete(),
            index: agent.index,
            number: agent.number,
            documents: 0,
            is_alike: false,
            mirrors: agent
                .mirrors
                .into_iter()
                .map(|mirror| MirrorDetail {
                    host: mirror.host,
                    outcome: mirror.outcome.map(&outcome).map_err(Told::from),
                })
                .collect(),
        };
        MirroredDetail {
            agents: told.agents.into_iter().map(agent).collect(),
            locals: told.locals,
            documents: 0,
            warning: None,
            is_complete,
        }
    }
}

impl MirrorDetail {
    fn answer(&self) -> Option<&Outcome> {
        self.outcome.as_ref().ok()
    }
}

/// Has every mirror of every agent of an index write updated attributes to disk, and waits.
///
/// `index` is NUL-terminated; `options` may be NULL for the defaults. End the outcome with
/// hamirror_mirrored_free(). The errors are those of hamirror_client_update().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_flush_attributes(
    client: *const Client,
    index: *const c_char,
    options: *const CallOptions,
    out_mirrored: *mut *mut Mirrored,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_mirrored = arguments::out_handle(out_mirrored, "out_mirrored")?;
        let client = need(client, "client")?;
        let index = arguments::text(index, "index")?;
        let told = client.flush_attributes(index, &options::call(options)?)?;
        out_mirrored.write(handle::new(MirroredDetail::of_flushes(told)));
        Ok(())
    })
}

/// Asks every mirror of every agent of an index for the counters of its daemon, as SHOW STATUS
/// there tells them, and waits. hamirror_status_new() has what the library itself knows of them,
/// and asks nobody.
///
/// `index` is NUL-terminated; `options` may be NULL for the defaults. End the outcome with
/// hamirror_mirrored_free(). The errors are those of hamirror_client_update().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_daemon_status(
    client: *const Client,
    index: *const c_char,
    options: *const CallOptions,
    out_mirrored: *mut *mut Mirrored,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_mirrored = arguments::out_handle(out_mirrored, "out_mirrored")?;
        let client = need(client, "client")?;
        let index = arguments::text(index, "index")?;
        let told = client.daemon_status(index, &options::call(options)?)?;
        out_mirrored.write(handle::new(MirroredDetail::of_counters(told)));
        Ok(())
    })
}

/// Runs an INSERT, REPLACE, UPDATE or DELETE on one agent of the index that it names, and waits.
/// `agent` is the number of the agent from 0. All of its mirrors make the change if `mirror` is
/// -1, or the one at that position from 0. A mirror that may have got it is not sent it again.
///
/// `statement` is NUL-terminated UTF-8; `parameters` may be NULL if it has no free place,
/// `options` for the defaults. End the outcome with hamirror_mirrored_free().
///
/// HAMIRROR_ERROR_ARGUMENT if `mirror` is below -1, HAMIRROR_ERROR_UNKNOWN if there is no such
/// agent or mirror; otherwise the errors are those of hamirror_client_execute().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_execute_on_agent(
    client: *const Client,
    agent: usize,
    mirror: i64,
    statement: *const c_char,
    parameters: *const Parameters,
    options: *const CallOptions,
    out_mirrored: *mut *mut Mirrored,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_mirrored = arguments::out_handle(out_mirrored, "out_mirrored")?;
        let client = need(client, "client")?;
        let mirror = position(mirror)?;
        let statement = arguments::text(statement, "statement")?;
        let parameters = parameters::read(parameters)?;
        let options = options::call(options)?;
        let told = client.execute_on_agent(agent, mirror, statement, &parameters, &options)?;
        out_mirrored.write(handle::new(MirroredDetail::from(told)));
        Ok(())
    })
}

/// The position of a mirror, none for -1.
pub(crate) fn position(mirror: i64) -> Result<Option<usize>, Failed> {
    const ALL: i64 = -1;
    match mirror {
        ALL => Ok(None),
        mirror => usize::try_from(mirror).map(Some).map_err(|_| {
            Failed::argument(format!("mirror is {mirror}: give a position from 0, or -1 for all"))
        }),
    }
}

/// Whether every mirror answered, and no local index was left out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirrored_is_complete(mirrored: *const Mirrored) -> bool {
    getter!({ Some(get(mirrored)?.is_complete) })
}

/// Documents that were changed: of each agent once, whatever the number of its mirrors; 0 for what
/// changes none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirrored_documents(mirrored: *const Mirrored) -> u64 {
    getter!({ Some(get(mirrored)?.documents) })
}

/// What was not changed, or may not have been: a line for each mirror or local index. What mirrors
/// warn of follows; the text is empty if there is nothing, and for what changes no documents. It
/// lives until the outcome is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirrored_warning(mirrored: *const Mirrored) -> Text {
    getter!({ Some(Text::from(get(mirrored)?.warning.as_deref()?)) })
}

/// Local indexes, which only a daemon can reach: nobody was asked for these.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirrored_local_count(mirrored: *const Mirrored) -> usize {
    getter!({ Some(get(mirrored)?.locals.len()) })
}

/// Name of the local index of that number from 0; empty if there is none. It lives until the
/// outcome is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirrored_local(
    mirrored: *const Mirrored,
    number: usize,
) -> Text {
    getter!({ Some(Text::from(get(mirrored)?.locals.get(number)?.as_str())) })
}

/// Agents whose mirrors were asked; blackholes, which nobody waits for, are left out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirrored_agent_count(mirrored: *const Mirrored) -> usize {
    getter!({ Some(get(mirrored)?.agents.len()) })
}

/// The agent of that position from 0, in the order of their indexes; NULL if there is none. It
/// lives until the outcome is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirrored_agent(
    mirrored: *const Mirrored,
    position: usize,
) -> *const AgentAnswers {
    getter!({ Some(view(get(mirrored)?.agents.get(position)?)) })
}

/// Ends an outcome and what was borrowed from it. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirrored_free(mirrored: *mut Mirrored) {
    getter!({
        handle::free(mirrored);
        None
    })
}

/// Distributed index of the agent. It lives until the outcome is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_agent_answers_index(answers: *const AgentAnswers) -> Text {
    getter!({ Some(Text::from(get(answers)?.index.as_str())) })
}

/// Number of the agent in its index, from 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_agent_answers_number(answers: *const AgentAnswers) -> usize {
    getter!({ Some(get(answers)?.number) })
}

/// Documents that were changed: the largest number that a mirror tells; 0 for what changes none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_agent_answers_documents(answers: *const AgentAnswers) -> u64 {
    getter!({ Some(get(answers)?.documents) })
}

/// Whether all mirrors changed the same number of documents; false for what changes none.
/// Otherwise they hold different documents now, or did before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_agent_answers_is_alike(answers: *const AgentAnswers) -> bool {
    getter!({ Some(get(answers)?.is_alike) })
}

/// Whether all mirrors of the agent answered.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_agent_answers_is_complete(answers: *const AgentAnswers) -> bool {
    getter!({ Some(get(answers)?.is_complete) })
}

/// Mirrors of the agent that were to be asked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_agent_answers_mirror_count(
    answers: *const AgentAnswers,
) -> usize {
    getter!({ Some(get(answers)?.mirrors.len()) })
}

/// The mirror of that position from 0, in the order of the configuration; NULL if there is none.
/// It lives until the outcome is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_agent_answers_mirror(
    answers: *const AgentAnswers,
    position: usize,
) -> *const MirrorAnswer {
    getter!({ Some(view(get(answers)?.mirrors.get(position)?)) })
}

/// Host of the mirror as the configuration names it. It lives until the outcome is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirror_answer_host(answer: *const MirrorAnswer) -> Text {
    getter!({ Some(Text::from(get(answer)?.host.as_str())) })
}

/// Why the mirror gave no answer; NULL if it did. After a change, whether it may have made that
/// nevertheless is told by hamirror_failure_may_be_applied(). It lives until the outcome is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirror_answer_failure(
    answer: *const MirrorAnswer,
) -> *const Failure {
    getter!({ Some(view(get(answer)?.outcome.as_ref().err()?)) })
}

/// Documents that the mirror changed; 0 for what changes none, and for no answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirror_answer_documents(answer: *const MirrorAnswer) -> u64 {
    getter!({ Some(get(answer)?.answer()?.documents) })
}

/// What the mirror could not do; empty if there is nothing. It lives until the outcome is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirror_answer_warning(answer: *const MirrorAnswer) -> Text {
    getter!({ Some(Text::from(get(answer)?.answer()?.warning.as_deref()?)) })
}

/// Number of the flush of hamirror_client_flush_attributes(); 0 if there was nothing to write, for
/// anything else, and for no answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirror_answer_flush(answer: *const MirrorAnswer) -> u32 {
    getter!({ Some(get(answer)?.answer()?.flush) })
}

/// Counters of hamirror_client_daemon_status(); 0 for anything else, and for no answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirror_answer_row_count(answer: *const MirrorAnswer) -> usize {
    getter!({ Some(get(answer)?.answer()?.rows.len()) })
}

/// Name of the counter of that number from 0; empty if there is none. It lives until the outcome
/// is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirror_answer_key(
    answer: *const MirrorAnswer,
    row: usize,
) -> Text {
    getter!({ Some(Text::from(get(answer)?.answer()?.rows.get(row)?.0.as_str())) })
}

/// Value of the counter of that number from 0; empty if there is none. It lives until the outcome
/// is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_mirror_answer_value(
    answer: *const MirrorAnswer,
    row: usize,
) -> Text {
    getter!({ Some(Text::from(get(answer)?.answer()?.rows.get(row)?.1.as_str())) })
}
