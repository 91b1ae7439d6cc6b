//! A driver at work on a thread of its own, until nothing runs in it or it is wanted back.
//!
//! One thread for each, so that no batch waits for another. The driver is either in the hands of
//! that thread or on the desk between both; what the program still has of it wakes it alone. A
//! thread that never came to take it, for want of the dynamic loader's lock, finds nothing later.

use std::any::Any;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::clock;
use super::driver::Driver;
use super::mail::Waker;
use super::thread::{BEGIN_PATIENCE, Thread};

/// A driver at work; to be taken back, or in a forked child abandoned.
pub(crate) struct Run {
    desk: Arc<Desk>,
    waker: Waker,
    thread: Thread,
}

/// A driver that is back.
pub(crate) struct Back {
    /// The driver; what had not ended yet still runs in it.
    pub driver: Box<Driver>,
    /// End that the thread came to.
    pub end: End,
}

/// Why a wait has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// Nothing runs any more.
    Ended,
    /// The waker of the driver was used.
    Woken,
    /// No thread came to it yet: only taking it back helps.
    Unbegun,
    /// The time is up.
    TimeUp,
}

/// End of the thread of a run.
pub(crate) enum End {
    /// The thread never began.
    Unbegun,
    /// Nothing runs any more, or the driver was wanted back.
    Done,
    /// The system refuses to wait for sockets.
    Failed(io::Error),
    /// A panic of the program's own code, which has left the driver half way.
    Panicked(Box<dyn Any + Send>),
}

/// Where both threads meet.
struct Desk {
    state: Mutex<State>,
    change: Condvar,
}

struct State {
    stage: Stage,
    /// The program wants it back, whatever runs.
    is_wanted: bool,
    /// Whoever waits for the thread is to return.
    is_woken: bool,
}

enum Stage {
    /// Nobody has it yet.
    Lies(Box<Driver>),
    /// The thread has it.
    Works,
    /// The thread is done.
    Done(Box<Back>),
    /// The program has it back, or nobody wants it any more.
    Gone,
}

impl Run {
    /// Hands a driver over to a thread; back it comes if the system gives none.
    pub(crate) fn start(driver: Box<Driver>) -> Result<Run, (Box<Driver>, io::Error)> {
        let waker = driver.waker();
        let stage = Stage::Lies(driver);
        let state = State { stage, is_wanted: false, is_woken: false };
        let desk = Arc::new(Desk { state: Mutex::new(state), change: Condvar::new() });
        let theirs = desk.clone();
        let spawned = Thread::start("hamirror-batch", move |_| theirs.work());
        let mut state = desk.state.lock();
        match spawned {
            Ok(thread) => {
                // As for the other threads of the library, which need the dynamic loader's lock
                // to begin.
                let until = clock::now() + BEGIN_PATIENCE;
                let lies = |state: &State| matches!(state.stage, Stage::Lies(_));
                while lies(&state) && !desk.change.wait_until(&mut state, until).timed_out() {}
                drop(state);
                Ok(Run { desk, waker, thread })
            }
            Err(error) => match state.take() {
                Stage::Lies(driver) => Err((driver, error)),
                _ => unreachable!("there is no thread to take it"),
            },
        }
    }

    /// Waits until nothing runs any more, at most until then.
    pub(crate) fn wait(&self, until: Option<Instant>) -> Waited {
        let mut state = self.desk.state.lock();
        let mut is_time_up = false;
        loop {
            match state.stage {
                Stage::Done(_) => return Waited::Ended,
                Stage::Lies(_) | Stage::Gone => return Waited::Unbegun,
                Stage::Works if is_time_up => return Waited::TimeUp,
                Stage::Works => {}
            }
            if std::mem::take(&mut state.is_woken) {
                return Waited::Woken;
            }
            is_time_up = !self.desk.wait(&mut state, until);
        }
    }

    /// True on the very thread that has the driver: to wait for it would take for ever.
    pub(crate) fn is_here(&self) -> bool {
        self.thread.is_here()
    }

    /// Takes the driver back, once the thread has come to the end of what it is at. `None` on that
    /// very thread, which then ends the driver itself.
    pub(crate) fn take_back(self) -> Option<Back> {
        let mut state = self.desk.state.lock();
        state.is_wanted = true;
        if self.is_here() {
            state.stage = Stage::Gone;
            return None;
        }
        if matches!(state.stage, Stage::Works) {
            // A waker can't fail but for want of memory in the kernel; deadlines still hold then.
            let _ = self.waker.nudge();
        }
        while matches!(state.stage, Stage::Works) {
            self.desk.wait(&mut state, None);
        }
        let taken = state.take();
        if state.is_woken {
            // Noted for a wait that never came: the next one is to return at once in its place.
            let _ = self.waker.wake();
        }
        drop(state);
        match taken {
            Stage::Done(back) => {
                // All that is left to it is to go.
                self.thread.join();
                Some(*back)
            }
            Stage::Lies(driver) => Some(Back { driver, end: End::Unbegun }),
            Stage::Works | Stage::Gone => None,
        }
    }

    /// In a forked child: leaves all as it is, open descriptors included. Locks may be held for
    /// ever, and the thread, which has the sockets, did not come along.
    pub(crate) fn abandon(self) {
        std::mem::forget(self);
    }
}

impl State {
    fn take(&mut self) -> Stage {
        std::mem::replace(&mut self.stage, Stage::Gone)
    }
}

impl Desk {
    /// Drives until nothing runs any more, or the driver is wanted back: the body of the thread.
    fn work(&self) {
        let mut state = self.state.lock();
        let Stage::Lies(mut driver) = state.take() else { return };
        state.stage = Stage::Works;
        drop(state);
        self.change.notify_all();
        let end = match panic::catch_unwind(AssertUnwindSafe(|| self.drive(&mut driver))) {
            Ok(Ok(())) => End::Done,
            Ok(Err(error)) => End::Failed(error),
            Err(payload) => End::Panicked(payload),
        };
        // Nobody polls any more: the descriptor stays readable until the program drives it.
        let _ = driver.waker().nudge();
        let mut state = self.state.lock();
        if matches!(state.stage, Stage::Works) {
            state.stage = Stage::Done(Box::new(Back { driver, end }));
            drop(state);
            self.change.notify_all();
            return;
        }
        drop(state);
        if driver.is_broken() {
            driver.let_go();
        } else {
            driver.end_batch();
        }
    }

    fn drive(&self, driver: &mut Driver) -> io::Result<()> {
        while driver.engine_ref().running() > 0 && !self.state.lock().is_wanted {
            // Before the turn: a wake-up from before the run may have been read off the poll, and
            // then nothing ends the first turn for it.
            if driver.take_woken() {
                self.state.lock().is_woken = true;
                self.change.notify_all();
            }
            driver.turn(None)?;
        }
        Ok(())
    }

    /// Waits for a change; `false` if the time is up.
    fn wait(&self, state: &mut MutexGuard<'_, State>, until: Option<Instant>) -> bool {
        match until {
            Some(until) => !self.change.wait_until(state, until).timed_out(),
            None => {
                self.change.wait(state);
                true
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "the other side of a connection")]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::sync::Weak;
    use std::time::Duration;

    use super::*;
    use crate::agent::testing;
    use crate::call::Scope;
    use crate::config::HaStrategy;
    use crate::net::pool::Pool;
    use crate::options::CallOptions;
    use crate::request::{Access, Raw, Request};
    use crate::wire::header::Command;

    #[test]
    fn a_wake_up_that_nobody_waited_for_comes_back_with_the_driver() {
        let (run, _silent) = start(|_| {});
        run.waker.wake().expect("it wakes");
        while !run.desk.state.lock().is_woken {
            std::thread::yield_now();
        }
        let back = run.take_back().expect("this is another thread");
        assert!(back.driver.take_woken());
    }

    #[test]
    fn a_wake_up_from_before_the_run_is_told_though_the_poll_had_it_already() {
        let (run, _silent) = start(|driver| {
            driver.waker().wake().expect("it wakes");
            driver.turn(Some(Duration::ZERO)).expect("it turns");
        });
        assert_eq!(run.wait(Some(clock::now() + LIMIT)), Waited::Woken);
        let back = run.take_back().expect("this is another thread");
        assert!(!back.driver.take_woken(), "it was told already");
    }

    /// A driver at work on a call whose daemon takes it and never answers.
    fn start(before: impl FnOnce(&mut Driver)) -> (Run, TcpStream) {
        let silent = TcpListener::bind("127.0.0.1:0").expect("it listens");
        let now = clock::now();
        let mut agent = testing::agent(HaStrategy::Random, 1, now);
        agent.settings.agent_connect_timeout = Some(LIMIT * 10);
        agent.settings.agent_query_timeout = Some(LIMIT * 10);
        agent.mirrors[0].host.push_addresses(vec![silent.local_addr().expect("it has one")]);
        let pool = Box::new(Weak::<Pool>::new());
        let mut driver = Driver::new(1, pool).expect("there is an event queue");
        let command = Command { id: 99, version: 0x100 };
        let (access, body) = (Access::Write, Vec::new());
        let request: Arc<dyn Request> = Arc::new(Raw { command, access, body });
        let options = CallOptions { deadline: Some(LIMIT * 10), ..CallOptions::default() };
        driver.engine().start(&Arc::new(agent), &request, &options, Scope::Mirror(0), now);
        driver.perform(now);
        let (mut connection, _) = silent.accept().expect("a connection");
        connection.write_all(&[0, 0, 0, 1]).expect("it speaks first");
        // Connected and sent: no event and no timer ends a later turn.
        while driver.engine_ref().next_timeout().is_none_or(|due| due < now + LIMIT * 2) {
            driver.turn(None).expect("it turns");
        }
        before(&mut driver);
        match Run::start(Box::new(driver)) {
            Ok(run) => (run, connection),
            Err((_, error)) => panic!("{error}"),
        }
    }

    /// No test waits for longer.
    const LIMIT: Duration = Duration::from_secs(30);
}
