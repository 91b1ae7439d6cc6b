//! Statements of SphinxQL, answered without a MySQL client.
//!
//! Searches go to all agents over the binary API; what a master tells of itself, the library does.

mod answer;
mod call;
mod condition;
mod meta;
mod own_alias;
mod plan;
mod select;
mod setting;
mod show;
#[cfg(test)]
mod tests;

pub use answer::Answer;
pub(crate) use answer::text as value_text;

use std::fmt;
use std::os::fd::RawFd;
use std::time::Duration;
use std::vec;

use crate::batch::{Batch, SearchId};
use crate::client::Client;
use crate::command::{Pending, due};
use crate::error::Error;
use crate::options::CallOptions;
use crate::sphinxql::{self, Fault, Parameters, ShowTarget, Span, Statement};
use answer::Shape;
pub(crate) use meta::Meta;
use plan::Plan;
use select::Planned;

impl Client {
    /// Runs a statement of SphinxQL, or several between semicolons, and returns an answer for
    /// each; `FACET`s have answers of their own. [`Session`] remembers the last search from one
    /// call to the next.
    ///
    /// `UPDATE`, `DELETE` and `SET INDEX name GLOBAL` go to every mirror of every agent of their
    /// indexes, `SET GLOBAL` and `FLUSH ATTRIBUTES` to every host of the configuration once;
    /// [`Answer::written`] tells what each made of it. An `INSERT` needs an agent
    /// ([`Client::execute_on_agent`]). `CALL KEYWORDS`, `CALL SNIPPETS`, `CALL SUGGEST`
    /// and `CALL PQ` are [`Client::keywords`], [`Client::excerpts`], [`Client::suggest`] and
    /// [`Client::percolate`].
    ///
    /// [`Error::Statement`] has the place of what is no statement, or can't be done here; nothing
    /// was sent then. Any other error ends what comes after it.
    ///
    /// ```no_run
    /// use hamirror::sphinxql::Parameters;
    /// use hamirror::{Client, Config};
    ///
    /// # fn main() -> Result<(), hamirror::Error> {
    /// let client = Client::new(&Config::read("sphinx.conf")?)?;
    /// let text = "SELECT id, price FROM goods WHERE MATCH(?) AND price < ? LIMIT 5; SHOW META";
    /// let parameters = Parameters::positional(["shoes".into(), 9.5.into()]);
    /// for answer in client.execute(text, &parameters)? {
    ///     for row in 0..answer.len() {
    ///         println!("{:?}", answer.value(row, 0));
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn execute(&self, text: &str, parameters: &Parameters) -> Result<Vec<Answer>, Error> {
        self.execute_with(text, parameters, &CallOptions::default())
    }

    /// Runs statements as [`Self::execute`] does, by those options.
    pub fn execute_with(
        &self,
        text: &str,
        parameters: &Parameters,
        options: &CallOptions,
    ) -> Result<Vec<Answer>, Error> {
        self.session().execute_with(text, parameters, options)
    }

    /// Returns a session of SphinxQL, without a search yet.
    pub fn session(&self) -> Session {
        Session { client: self.clone(), meta: Meta::default(), running: None }
    }
}

/// Runs statements one after the other, and remembers what `SHOW META` and `SHOW WARNINGS` tell of
/// the last search.
pub struct Session {
    client: Client,
    meta: Meta,
    running: Option<Running>,
}

/// Statements under way.
struct Running {
    text: String,
    plans: vec::IntoIter<Plan>,
    options: CallOptions,
    asked: Option<Asked>,
    /// A command under way.
    pending: Option<Pending<Answer>>,
    answers: Vec<Answer>,
}

/// Statements of which one failed.
#[derive(Debug)]
pub(crate) struct Stopped {
    /// Answers to those before it.
    pub(crate) answers: Vec<Answer>,
    pub(crate) error: Box<Error>,
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Stopped { answers: Vec::new(), error: error.into() }
    }
}

/// Searches of one statement under way.
struct Asked {
    batch: Batch,
    id: SearchId,
    shapes: Vec<Shape>,
}

impl Session {
    /// Runs statements as [`Client::execute`] does.
    pub fn execute(&mut self, text: &str, parameters: &Parameters) -> Result<Vec<Answer>, Error> {
        self.execute_with(text, parameters, &CallOptions::default())
    }

    /// Runs statements as [`Self::execute`] does, by those options.
    pub fn execute_with(
        &mut self,
        text: &str,
        parameters: &Parameters,
        options: &CallOptions,
    ) -> Result<Vec<Answer>, Error> {
        self.start(text, parameters, options)?;
        loop {
            if let Some(answers) = self.wait(None)? {
                return Ok(answers);
            }
        }
    }

    /// Starts statements, and takes back those that are under way; [`Session::wait`] runs them.
    ///
    /// [`Error::Statement`] is told here: all of the text is read before any of it is asked.
    pub fn start(
        &mut self,
        text: &str,
        parameters: &Parameters,
        options: &CallOptions,
    ) -> Result<(), Error> {
        self.running = None;
        let plans = plans(text, parameters).map_err(|error| self.failed(error))?;
        self.running = Some(Running {
            text: text.to_owned(),
            plans: plans.into_iter(),
            options: *options,
            asked: None,
            pending: None,
            answers: Vec::new(),
        });
        Ok(())
    }

    /// Waits for the statements that were started, and returns their answers; `None` if agents are
    /// still at work after that time. Without one it may return `None` early, too: call it again.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<Option<Vec<Answer>>, Error> {
        self.turn(timeout).map_err(|stopped| *stopped.error)
    }

    /// Runs statements as [`Self::execute`] does. With the error come the answers to those before
    /// it, which are done.
    pub(crate) fn execute_up_to_fault(
        &mut self,
        text: &str,
        parameters: &Parameters,
    ) -> Result<Vec<Answer>, Stopped> {
        self.start(text, parameters, &CallOptions::default())?;
        loop {
            if let Some(answers) = self.turn(None)? {
                return Ok(answers);
            }
        }
    }

    fn turn(&mut self, timeout: Option<Duration>) -> Result<Option<Vec<Answer>>, Stopped> {
        let Some(mut running) = self.running.take() else {
            return Err(Error::Misuse("no statement was started: start one".to_owned()).into());
        };
        match self.go_on(&mut running, timeout) {
            Ok(true) => Ok(Some(running.answers)),
            Ok(false) => {
                self.running = Some(running);
                Ok(None)
            }
            Err(error) => {
                Err(Stopped { answers: running.answers, error: self.failed(error).into() })
            }
        }
    }

    /// Returns the descriptor that is readable when [`Session::wait`] has something to do, for an
    /// event loop; `None` while nothing is under way.
    ///
    /// Each statement has a batch of its own, so ask for it after each wait. It belongs to the
    /// session, as that of a batch does ([`Batch::fd`]). Take it out of your loop before you call
    /// `wait`, `start` or `cancel`, or drop the session; a wait that returns `None` may have
    /// changed it.
    pub fn fd(&self) -> Option<RawFd> {
        self.batch().map(Batch::fd)
    }

    /// Returns the time after which [`Session::wait`] is due even if the descriptor stays quiet;
    /// `None` while nothing is under way.
    pub fn timeout(&self) -> Option<Duration> {
        self.running.as_ref().and_then(|_| due(self.batch()))
    }

    /// Takes back the statements that are under way.
    pub fn cancel(&mut self) {
        self.running = None;
    }

    /// The batch that the statement under way waits for.
    fn batch(&self) -> Option<&Batch> {
        let running = self.running.as_ref()?;
        match &running.asked {
            Some(asked) => Some(&asked.batch),
            None => running.pending.as_ref()?.batch(),
        }
    }

    /// Goes on until all is answered, or time is up for this turn.
    fn go_on(&mut self, running: &mut Running, timeout: Option<Duration>) -> Result<bool, Error> {
        loop {
            if let Some(Asked { batch, id, shapes }) = &mut running.asked {
                if !batch.wait_all(timeout)? {
                    return Ok(false);
                }
                let results = batch.take_searches(*id)?.into_iter().zip(shapes);
                for (number, (result, shape)) in results.enumerate() {
                    let result = result?;
                    // Of a select with facets a daemon tells of the select.
                    if number == 0 {
                        self.meta = Meta::of_result(&result);
                    }
                    running.answers.push(Answer::of_search(result, shape));
                }
                running.asked = None;
            }
            if let Some(pending) = &mut running.pending {
                let Some(answer) = pending.wait(timeout)? else { return Ok(false) };
                self.meta = Meta::of_command(&answer);
                running.answers.push(answer);
                running.pending = None;
            }
            match running.plans.next() {
                None => return Ok(true),
                Some(Plan::Search(Planned { index, searches, shapes, options })) => {
                    let options = options.under(&running.options);
                    let mut batch = self.client.batch()?;
                    let id = batch.add_searches_with(&index, &searches, &options)?;
                    running.asked = Some(Asked { batch, id, shapes });
                }
                Some(Plan::Change(change)) => {
                    let started = change.start(&self.client, &running.options)?;
                    running.pending = Some(started.map(Answer::of_change));
                }
                Some(Plan::Call(procedure)) => {
                    running.pending = Some(procedure.start(&self.client, &running.options)?);
                }
                Some(Plan::Tell(statement)) => {
                    let told = self.tell(&statement);
                    let placed = |fault: Fault| Error::Statement(fault.in_text(&running.text));
                    running.answers.push(told.map_err(placed)?);
                }
            }
        }
    }

    fn tell(&self, statement: &Statement) -> Result<Answer, Fault> {
        match statement {
            Statement::Describe(index, like) => {
                show::describe(&self.client.status(), index, like.as_ref())
            }
            Statement::Show(show) => match show.target {
                ShowTarget::Meta => Ok(self.meta.rows(show.like.as_ref())),
                ShowTarget::Warnings => Ok(self.meta.warnings()),
                _ => Ok(show::show(&self.client.status(), show)),
            },
            _ => Err(Fault::new(Span::default(), "a SELECT or SHOW is expected")),
        }
    }

    fn failed(&mut self, error: Error) -> Error {
        self.meta = Meta::of_error(&error);
        error
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Session").finish_non_exhaustive()
    }
}

fn plans(text: &str, parameters: &Parameters) -> Result<Vec<Plan>, Error> {
    let statements = sphinxql::parse(text, parameters).map_err(Error::Statement)?;
    let plans: Result<Vec<Plan>, Fault> = statements.into_iter().map(Plan::new).collect();
    plans.map_err(|fault| Error::Statement(fault.in_text(text)))
}
