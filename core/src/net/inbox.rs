//! What is to be done beside the calls, as all threads of a client say it, and who does it.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::lookups::{self, Lookups, Wanted};
use super::mail::{Mail, Waker};
use super::pinger::Pinged;
use super::pool::Others;
use super::{background, clock, thread};
use crate::agent::Agent;
use crate::host::Host;
use crate::limits::{BLACKHOLE_BACKLOG_BYTES_MAX, BLACKHOLE_BACKLOG_MAX, LOOKUPS_AT_ONCE_MAX};
use crate::request::Request;

/// Shared by a client and its threads.
#[derive(Default)]
pub(super) struct Inbox {
    pub(super) jobs: Mutex<Jobs>,
    /// There is a host to ping.
    pub(super) pings: AtomicBool,
    /// Requests to blackholes that were not sent.
    dropped: AtomicU64,
    /// Drivers of the client.
    pub(super) pool: Others,
    /// Signalled when a thread begins or ends.
    change: Condvar,
    threads: Mutex<[Option<JoinHandle<()>>; THREADS_MAX]>,
}

#[derive(Default)]
pub(super) struct Jobs {
    pub(super) pinged: Arc<Pinged>,
    lookups: Lookups,
    /// By number of the host.
    sends: HashMap<usize, Backlog>,
    pub(super) waker: Option<Waker>,
    pub(super) stop: bool,
    stages: [Stage; THREADS_MAX],
}

/// Requests that wait for their turn to be sent to one blackhole.
#[derive(Default)]
struct Backlog {
    sends: VecDeque<Send>,
    bytes: usize,
}

/// A request to a mirror of a blackhole.
pub(super) struct Send {
    pub(super) agent: Arc<Agent>,
    pub(super) mirror: usize,
    pub(super) request: Arc<dyn Request>,
    /// Bytes of its body.
    pub(super) length: usize,
}

/// What a thread of the client is there for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    /// Pings and sends to blackholes.
    Upkeep,
    /// Name look-ups; one of several threads, by its place among all.
    Names(usize),
}

impl Role {
    /// Its place among all threads.
    fn place(self) -> usize {
        match self {
            Role::Upkeep => 0,
            Role::Names(place) => place,
        }
    }
}

/// How far a thread is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Not begun, or at its end.
    #[default]
    Off,
    /// Started, and not there yet.
    Begins,
    On,
    /// It is at a look-up, which can't be ended and may take half a minute.
    LooksUp,
}

impl Jobs {
    /// Takes sends out, to each host as many as `room` says.
    pub(super) fn take_sends(&mut self, room: impl Fn(usize) -> usize) -> Vec<(usize, Send)> {
        let mut taken = Vec::new();
        for (host, backlog) in &mut self.sends {
            let count = room(*host).min(backlog.sends.len());
            for send in backlog.sends.drain(..count) {
                backlog.bytes -= send.length;
                taken.push((*host, send));
            }
        }
        self.sends.retain(|_, backlog| !backlog.sends.is_empty());
        taken
    }
}

impl Inbox {
    pub(super) fn new(pool: Others) -> Arc<Self> {
        Arc::new(Self { pool, ..Self::default() })
    }

    pub(super) fn wake(&self) {
        if let Some(waker) = &self.jobs.lock().waker {
            let _ = waker.wake();
        }
    }

    /// Has a thread look the host up.
    pub(super) fn look_up(self: &Arc<Self>, host: Arc<Host>, mail: Option<Arc<Mail>>) {
        let mut jobs = self.jobs.lock();
        let is_new = jobs.lookups.add(host, mail);
        let free = jobs.stages[1..].iter().position(|stage| *stage == Stage::Off);
        drop(jobs);
        // With all threads busy, the first that is done comes to it.
        if let Some(place) = free.filter(|_| is_new)
            && !self.start(Role::Names(1 + place))
        {
            let mut jobs = self.jobs.lock();
            if jobs.stages[1..].iter().all(|stage| *stage == Stage::Off) {
                let stranded = jobs.lookups.take_all();
                drop(jobs);
                lookups::fail(stranded);
            }
        }
    }

    /// What the thread at that place looks up next. Without anything it is at its end.
    pub(super) fn next_lookup(&self, place: usize) -> Option<Wanted> {
        let mut jobs = self.jobs.lock();
        let next = if jobs.stop { None } else { jobs.lookups.take() };
        jobs.stages[place] = if next.is_some() { Stage::LooksUp } else { Stage::Off };
        next
    }

    /// A look-up ended.
    pub(super) fn handle_looked_up(&self, place: usize, wanted: &Wanted) {
        let mut jobs = self.jobs.lock();
        jobs.lookups.handle_end(wanted);
        jobs.stages[place] = Stage::On;
    }

    /// Keeps a request for a blackhole, unless too much waits for its host already.
    pub(super) fn add_send(&self, send: Send) -> bool {
        let host = send.agent.mirrors[send.mirror].host.number;
        let mut jobs = self.jobs.lock();
        let backlog = jobs.sends.entry(host).or_default();
        let bytes = backlog.bytes.saturating_add(send.length);
        let has_room = backlog.sends.len() < BLACKHOLE_BACKLOG_MAX
            && (bytes <= BLACKHOLE_BACKLOG_BYTES_MAX || backlog.sends.is_empty());
        if has_room {
            backlog.bytes = bytes;
            backlog.sends.push_back(send);
        }
        has_room
    }

    /// A request to a blackhole will not be sent.
    pub(super) fn handle_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// How many will not.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Starts a thread, unless it runs; false if the system gives none.
    pub(super) fn start(self: &Arc<Self>, role: Role) -> bool {
        let place = role.place();
        let mut jobs = self.jobs.lock();
        if jobs.stop || jobs.stages[place] != Stage::Off {
            return true;
        }
        jobs.stages[place] = Stage::Begins;
        drop(jobs);
        let thread = spawn(role, self.clone());
        let is_there = thread.is_some();
        if !is_there {
            self.jobs.lock().stages[place] = Stage::Off;
        }
        self.threads.lock()[place] = thread;
        // A thread needs the dynamic loader's lock to begin: if that waited until the client ends
        // in a plugin's destructor, which holds it, the thread could not be joined.
        let mut jobs = self.jobs.lock();
        self.wait_while(&mut jobs, |stage| stage == Stage::Begins, BEGIN_PATIENCE);
        is_there
    }

    /// Has the threads end, and joins those that do within that time. Nobody waits for a look-up.
    pub(super) fn stop(&self, patience: Duration) {
        let mut jobs = self.jobs.lock();
        jobs.stop = true;
        if let Some(waker) = &jobs.waker {
            let _ = waker.wake();
        }
        self.wait_while(&mut jobs, |stage| matches!(stage, Stage::Begins | Stage::On), patience);
        let stages = jobs.stages;
        drop(jobs);
        for (thread, stage) in self.threads.lock().iter_mut().zip(stages) {
            if let Some(thread) = thread.take().filter(|_| stage == Stage::Off) {
                let _ = thread.join();
            }
        }
    }

    fn wait_while(
        &self,
        jobs: &mut MutexGuard<'_, Jobs>,
        is_so: impl Fn(Stage) -> bool,
        patience: Duration,
    ) {
        let until = clock::now() + patience;
        while jobs.stages.iter().any(|stage| is_so(*stage)) {
            if self.change.wait_until(jobs, until).timed_out() {
                return;
            }
        }
    }

    /// Whether this thread is one of those that it has.
    pub(super) fn is_served_here(&self) -> bool {
        SERVED.get() == ptr::from_ref(self)
    }

    /// A thread begins. Its first parking, too, needs the dynamic loader's lock, so it parks at
    /// once, for no time.
    fn handle_begin(&self, role: Role) {
        SERVED.set(self);
        let mut jobs = self.jobs.lock();
        self.change.wait_for(&mut jobs, Duration::ZERO);
        jobs.stages[role.place()] = Stage::On;
        drop(jobs);
        self.change.notify_all();
    }
}

fn spawn(role: Role, inbox: Arc<Inbox>) -> Option<JoinHandle<()>> {
    let name = match role {
        Role::Upkeep => "hamirror",
        Role::Names(_) => "hamirror-names",
    };
    let run = move || {
        let ending = Ending(inbox.clone(), role);
        inbox.handle_begin(role);
        match role {
            Role::Upkeep => background::run(inbox),
            Role::Names(place) => lookups::run(&inbox, place),
        }
        drop(ending);
    };
    thread::spawn(name, run).ok()
}

/// Tells whoever waits that the thread ends, in a panic of a log sink too.
struct Ending(Arc<Inbox>, Role);

impl Drop for Ending {
    fn drop(&mut self) {
        let Self(inbox, role) = self;
        // Without names left the thread said so at once, and another may have begun since.
        if matches!(role, Role::Upkeep) || std::thread::panicking() {
            inbox.jobs.lock().stages[role.place()] = Stage::Off;
        }
        inbox.change.notify_all();
    }
}

/// The one for the upkeep, and those for look-ups.
const THREADS_MAX: usize = 1 + LOOKUPS_AT_ONCE_MAX;

/// How long a start waits for its thread to begin, which takes some 50 us unless a constructor of
/// a library holds the dynamic loader's lock.
pub(super) const BEGIN_PATIENCE: Duration = Duration::from_millis(20);

thread_local! {
    /// Whose thread this is.
    static SERVED: Cell<*const Inbox> = const { Cell::new(ptr::null()) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::testing::{agent, origin};
    use crate::config::HaStrategy;
    use crate::request::Ping;

    #[test]
    fn the_backlog_of_a_blackhole_is_bounded_in_requests_and_in_bytes() {
        let agent = Arc::new(agent(HaStrategy::Random, 2, origin()));
        let inbox = Inbox::default();
        let add = |mirror, length| {
            let request: Arc<dyn Request> = Arc::new(Ping { cookie: 1 });
            inbox.add_send(Send { agent: agent.clone(), mirror, request, length })
        };
        assert!((0..BLACKHOLE_BACKLOG_MAX).all(|_| add(0, 1)));
        assert!(!add(0, 1), "more wait than may");
        assert!(add(1, BLACKHOLE_BACKLOG_BYTES_MAX + 1), "alone it may be of any size");
        assert!(!add(1, 1), "more bytes wait than may");
        let taken = inbox.jobs.lock().take_sends(|_| 8);
        assert_eq!(taken.len(), 9);
        assert!((0..8).all(|_| add(0, 1)) && !add(0, 1) && add(1, 1));
    }
}
