//! What happens to hosts and configuration, told to a sink of the program.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use arc_swap::ArcSwapOption;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// Somebody should look: a host was found dead, a name has no address.
    Warning = 1,
    /// Good to know: a host is back, addresses changed, a configuration was taken over.
    Info = 2,
    /// Each failed attempt.
    Debug = 3,
}

/// Where lines go. It is called on whatever thread something happens, the background thread too,
/// with no lock held; it should be quick, for a call waits meanwhile.
pub trait LogSink: Send + Sync {
    /// Takes a line without its end.
    fn log(&self, level: Level, line: &str);
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
    sink: ArcSwapOption<Box<dyn LogSink>>,
}

impl Log {
    /// Sends lines up to that level to a sink from now on, or nowhere.
    pub fn set(&self, sink: Option<(Level, Box<dyn LogSink>)>) {
        let (level, sink) = sink.map_or((0, None), |(level, sink)| (level as u8, Some(sink)));
        self.sink.store(sink.map(Arc::new));
        self.level.store(level, Ordering::Relaxed);
    }

    /// Tells a line; the text is made only if somebody wants it.
    pub fn put(&self, level: Level, line: impl FnOnce() -> String) {
        if self.level.load(Ordering::Relaxed) >= level as u8
            && let Some(sink) = &*self.sink.load()
        {
            sink.log(level, &line());
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Log").field("level", &self.level).finish_non_exhaustive()
    }
}
