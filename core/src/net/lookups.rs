//! Name look-ups by the system's resolver, on threads of their own while there are any.
//!
//! One blocks, for half a minute at worst, and can't be ended. Nothing waits for it but what needs
//! that name: no call beyond its deadline, no other name, no ping.

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use super::clock;
use super::descriptor::{Standard, is_local};
use super::mail::Mail;
use super::thread::{Life, Thread};
use crate::host::{Host, Unresolved};
use crate::limits::LOOKUPS_AT_ONCE_MAX;

/// Names to look up, and the threads that do it.
#[derive(Default)]
pub(super) struct Lookups {
    queue: Mutex<Queue>,
    threads: Mutex<Vec<Thread>>,
}

#[derive(Default)]
struct Queue {
    /// Each name once.
    wanted: VecDeque<Wanted>,
    /// Names that threads are at: who asks for one meanwhile waits for the next look-up of it.
    running: HashSet<String>,
    /// Threads that take from here.
    takers: usize,
    is_stopped: bool,
}

/// A name, its hosts, and who waits for each.
struct Wanted {
    name: String,
    hosts: Vec<(Arc<Host>, Vec<Arc<Mail>>)>,
}

impl Lookups {
    /// Has a thread look the host up, and tell who waits for it, if anybody does.
    pub(super) fn ask(self: &Arc<Self>, host: Arc<Host>, mail: Option<Arc<Mail>>) {
        let mut queue = self.queue.lock();
        // With all threads busy, the first that is done comes to it. One that a log sink's panic
        // ended comes to nothing more.
        let is_new = queue.add(host, mail);
        let takers_min = if is_new { LOOKUPS_AT_ONCE_MAX } else { 1 };
        let is_served = queue.takers >= takers_min;
        if is_served || queue.is_stopped {
            return;
        }
        queue.takers += 1;
        drop(queue);
        if self.start_thread().is_err() {
            let mut queue = self.queue.lock();
            queue.takers -= 1;
            if queue.takers == 0 {
                let stranded = std::mem::take(&mut queue.wanted);
                drop(queue);
                fail(stranded);
            }
        }
    }

    fn start_thread(self: &Arc<Self>) -> io::Result<()> {
        let own = self.clone();
        let mut threads = self.threads.lock();
        threads.retain(|thread| !thread.has_ended());
        let thread = Thread::start("hamirror-names", move |life| own.work(life))?;
        thread.await_begin();
        threads.push(thread);
        Ok(())
    }

    /// Looks up what is wanted, until nothing is left that no other thread is at.
    fn work(&self, life: &Life) {
        let _taker = Taker(self);
        while let Some(wanted) = self.take() {
            let begun_at = clock::now();
            let found = life.block(|| resolve(&wanted.name));
            self.queue.lock().running.remove(&wanted.name);
            wanted.end(&found, begun_at);
        }
    }

    /// What a thread looks up next: a name that no other one is at, for one that hangs must not
    /// use up the threads. Without anything the thread is no taker any more.
    fn take(&self) -> Option<Wanted> {
        let Queue { wanted, running, takers, is_stopped } = &mut *self.queue.lock();
        let place = wanted.iter().position(|wanted| !running.contains(&wanted.name));
        let taken = place.filter(|_| !*is_stopped).and_then(|place| wanted.remove(place));
        match &taken {
            Some(taken) => _ = running.insert(taken.name.clone()),
            None => *takers -= 1,
        }
        taken
    }

    /// Nothing more is begun.
    pub(super) fn stop(&self) {
        self.queue.lock().is_stopped = true;
    }

    /// Joins the threads that end until then.
    pub(super) fn join_until(&self, until: Instant) {
        let threads = std::mem::take(&mut *self.threads.lock());
        threads.into_iter().for_each(|thread| thread.join_until(until));
    }

    /// Whether this is one of the threads.
    pub(super) fn is_here(&self) -> bool {
        self.threads.lock().iter().any(Thread::is_here)
    }
}

impl Queue {
    /// Whether a thread is needed for it that is not at its name yet.
    fn add(&mut self, host: Arc<Host>, mail: Option<Arc<Mail>>) -> bool {
        let Some((name, _)) = host.lookup_name() else { return false };
        let place = self.wanted.iter().position(|wanted| wanted.name == name);
        let is_new = place.is_none() && !self.running.contains(name);
        let place = place.unwrap_or_else(|| {
            self.wanted.push_back(Wanted { name: name.to_owned(), hosts: Vec::new() });
            self.wanted.len() - 1
        });
        let hosts = &mut self.wanted[place].hosts;
        match hosts.iter_mut().find(|(other, _)| other.number == host.number) {
            Some((_, mails)) => mails.extend(mail),
            None => hosts.push((host, mail.into_iter().collect())),
        }
        is_new
    }
}

impl Wanted {
    fn end(self, found: &Result<Vec<IpAddr>, Unresolved>, begun_at: Instant) {
        for (host, mails) in self.hosts {
            let (_, port) = host.lookup_name().expect("it was asked for by its name");
            let at_port = |found: Vec<_>| found.into_iter().map(|ip| SocketAddr::new(ip, port));
            host.handle_lookup(found.clone().map(|found| at_port(found).collect()));
            for mail in mails {
                mail.deliver(Arc::clone(&host), begun_at);
            }
        }
    }
}

/// A thread that takes from the queue. One that panics, in a log sink, takes no more.
struct Taker<'a>(&'a Lookups);

impl Drop for Taker<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.queue.lock().takers -= 1;
        }
    }
}

/// Ends look-ups for which there is no thread.
fn fail(stranded: VecDeque<Wanted>) {
    let text = "the system gives this process no thread for it".to_owned();
    let failed = Err(Unresolved { text, is_local: true });
    stranded.into_iter().for_each(|wanted| wanted.end(&failed, clock::now()));
}

/// All addresses of a name, in the order that the system prefers.
#[expect(clippy::disallowed_methods, reason = "this module does the look-ups")]
fn resolve(name: &str) -> Result<Vec<IpAddr>, Unresolved> {
    let standard = Standard::take();
    // The port plays no part in it.
    let found = (name, 0).to_socket_addrs();
    drop(standard);
    match found {
        Ok(found) => {
            let mut seen = HashSet::new();
            let found = found.map(|address| address.ip());
            Ok(found.filter(|address| seen.insert(*address)).collect())
        }
        Err(error) => {
            let is_local = is_local(&error) || lacks_descriptors();
            Err(Unresolved { text: error.to_string(), is_local })
        }
    }
}

/// True if this process has hardly a descriptor to give.
///
/// The resolver says then what it likes: that the name is unknown, or that its server is silent.
/// One that is free now was another thread's, which looked up something else.
fn lacks_descriptors() -> bool {
    let _one_at_a_time = PROBE.lock();
    let opened: io::Result<Vec<File>> =
        (0..DESCRIPTORS_MIN).map(|_| File::open("/dev/null")).collect();
    opened.is_err_and(|error| is_local(&error))
}

/// Two that look at once would find each other's descriptors gone.
static PROBE: Mutex<()> = Mutex::new(());

/// More than the look-ups that run at once have open, files and sockets together.
const DESCRIPTORS_MIN: usize = 48;
