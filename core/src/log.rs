//! What happens to hosts and configuration, told to a sink of the program.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use parking_lot::{Condvar, Mutex};

/// Importance of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// Somebody should look: a host was found dead, an agent has no living mirror left, a name has
    /// no address.
    Warning = 1,
    /// Good to know: a host is back, an agent has a living mirror again, addresses changed, a
    /// configuration was taken over.
    Info = 2,
    /// Each failed attempt.
    Debug = 3,
}

/// Where lines go. It is called on whatever thread something happens, the background thread too,
/// with no lock held; it should be quick, for a call waits meanwhile.
pub trait LogSink: Send + Sync {
    /// Takes a line without its end.
    fn log(&self, level: Level, line: &str);

    /// True if a forked child goes on with it: it holds no lock of the parent and no descriptor
    /// that the child must not use.
    fn outlives_fork(&self) -> bool {
        false
    }
}

impl<F: Fn(Level, &str) + Send + Sync> LogSink for F {
    fn log(&self, level: Level, line: &str) {
        self(level, line);
    }
}

/// The way to the sink, shared by all hosts of a client.
#[derive(Default)]
pub struct Log {
    /// Of the sink; 0 without one.
    level: AtomicU8,
    /// No lock-free pointer. That would register a destructor with the thread, for which the
    /// dynamic loader's lock is needed, and a plugin holds that when it frees its client on
    /// unloading.
    listening: Mutex<Listening>,
    /// Signalled when a line was told.
    told: Condvar,
}

#[derive(Default)]
struct Listening {
    sink: Option<Arc<dyn LogSink>>,
    /// Threads that tell a line now.
    tellers: Vec<Teller>,
}

impl Log {
    /// Sends lines up to that level to a sink from now on, or nowhere.
    pub fn set(&self, sink: Option<(Level, Box<dyn LogSink>)>) {
        let (level, sink) = sink.map_or((0, None), |(level, sink)| (level as u8, Some(sink)));
        let before = std::mem::replace(&mut self.listening.lock().sink, sink.map(Arc::from));
        self.level.store(level, Ordering::Relaxed);
        // Its end may be the program's own code.
        drop(before);
    }

    /// In a forked child: goes on with a sink that works there, unless a thread of the parent was
    /// about to change it.
    pub fn inherit(&self, of_parent: &Self) {
        let sink = of_parent.listening.try_lock().and_then(|listening| listening.sink.clone());
        if let Some(sink) = sink.filter(|sink| sink.outlives_fork()) {
            self.listening.lock().sink = Some(sink);
            self.level.store(of_parent.level.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Tells a line; the text is made only if somebody wants it.
    pub fn put(&self, level: Level, line: impl FnOnce() -> String) {
        if self.level.load(Ordering::Relaxed) < level as u8 {
            return;
        }
        let mut listening = self.listening.lock();
        let Some(sink) = listening.sink.clone() else { return };
        listening.tellers.push(teller());
        drop(listening);
        let _telling = Telling(self);
        // A sink that is replaced meanwhile ends before the line counts as told.
        let sink = sink;
        sink.log(level, &line());
    }

    /// The client ends: once this returns, no line is under way and none will be. A thread that
    /// is telling one itself does not wait for that.
    pub fn close(&self) {
        self.set(None);
        let mut listening = self.listening.lock();
        while listening.tellers.iter().any(|teller| *teller != self::teller()) {
            self.told.wait(&mut listening);
        }
    }
}

/// A line is told while this lives.
struct Telling<'a>(&'a Log);

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        let mut listening = self.0.listening.lock();
        if let Some(place) = listening.tellers.iter().position(|other| *other == teller()) {
            listening.tellers.swap_remove(place);
        }
        drop(listening);
        self.0.told.notify_all();
    }
}

/// Tells threads apart.
type Teller = usize;

fn teller() -> Teller {
    thread_local! {
        static HERE: u8 = const { 0 };
    }
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

impl fmt::Debug for Log {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Log").field("level", &self.level).finish_non_exhaustive()
    }
}
