//! Processor time and memory of what a search does with its agents' replies.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;
use std::time::{Duration, UNIX_EPOCH};

use hamirror::Value;
use hamirror::internal::request::split_warning;
use hamirror::internal::search::{self as merging, SearchRequest};
use hamirror::internal::wire::Writer;
use hamirror::internal::wire::frame::FrameReader;
use hamirror::internal::wire::header::{self, Status};
use hamirror::request::{Reply, Request, Verdict};
use hamirror::search::{Search, SearchResult};
use hamirror::{Completeness, Error};

/// A search and what its agents answer.
pub(crate) struct Exchange {
    pub(crate) search: Search,
    /// Version of SEARCH that the agents speak.
    pub(crate) version: u16,
    /// Status of the replies' headers.
    pub(crate) status: Status,
    pub(crate) bodies: Vec<Vec<u8>>,
}

impl Exchange {
    pub(crate) fn size(&self) -> usize {
        self.bodies.iter().map(Vec::len).sum()
    }

    /// Takes the bytes as they come from the wire.
    pub(crate) fn receive(&self) -> Vec<Reply> {
        let receive = |body: &Vec<u8>| {
            let mut reader = FrameReader::new(1 << 30, Vec::new());
            let mut is_whole = reader.feed(&self.head(body)).expect("a good head").reply.is_some();
            for chunk in body.chunks(CHUNK) {
                is_whole = reader.feed(chunk).expect("a good body").reply.is_some();
            }
            assert!(is_whole, "the body is not whole");
            self.reply(reader.take_body(Vec::new()))
        };
        self.bodies.iter().map(receive).collect()
    }

    /// What comes before a body on a connection of its own.
    pub(crate) fn head(&self, body: &[u8]) -> Vec<u8> {
        let mut head = Vec::new();
        head.put_u32(1);
        head.put_u16(0);
        head.put_u16(self.version);
        head.put_u32(body.len() as u32);
        assert_eq!(head.len(), 4 + header::LENGTH);
        head
    }

    pub(crate) fn reply(&self, body: Vec<u8>) -> Reply {
        let Exchange { version, status, .. } = *self;
        let mut reply = Reply::new(version, body);
        reply.status = status;
        reply
    }

    pub(crate) fn search(&self) -> Outcome {
        self.outcome(self.receive())
    }

    /// Does all that a search does with the replies, and reads every value of every row. Returns
    /// what there is to tell: errors, or the warning.
    pub(crate) fn outcome(&self, replies: Vec<Reply>) -> Outcome {
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let request = SearchRequest::new("d", &self.search, now).expect("a good search");
        let mut outcome = Outcome::default();
        let mut accepted = Vec::new();
        for (number, mut reply) in replies.into_iter().enumerate() {
            if reply.status == Status::Warning {
                split_warning(&mut reply).expect("a text");
            }
            match request.judge(&mut reply) {
                Verdict::Accept => accepted.push((format!("box{number}:9312"), Ok(reply))),
                Verdict::AcceptWarned => {
                    outcome.warned += 1;
                    accepted.push((format!("box{number}:9312"), Ok(reply)));
                }
                Verdict::Malformed(text) | Verdict::Refused(text) | Verdict::Unfinished(text) => {
                    outcome.texts.push(text);
                }
                Verdict::OutOfMemory(text) => {
                    outcome.out_of_memory = true;
                    outcome.texts.push(text);
                }
                Verdict::AskAgain(text) => outcome.texts.push(text),
                Verdict::QueriesRefused(texts) => {
                    outcome.texts.extend(texts.into_iter().flatten());
                }
                Verdict::Failed(error) => panic!("{error}"),
            }
        }
        if accepted.is_empty() {
            return outcome;
        }
        match merging::merge(&request, accepted, Completeness::BestEffort) {
            Ok(result) => {
                outcome.values = read(&result);
                outcome.rows = result.len();
                outcome.words = result.words.len();
                outcome.texts.extend(result.warning);
                let attempts = result.failures.into_iter().flat_map(|failure| failure.attempts);
                outcome.texts.extend(attempts.map(|attempt| attempt.text));
            }
            Err(error) => {
                outcome.out_of_memory |= matches!(error, Error::System(_));
                outcome.texts.push(error.to_string());
            }
        }
        outcome
    }
}

/// What became of a search.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) out_of_memory: bool,
    /// Replies that were accepted with a warning.
    pub(crate) warned: usize,
    pub(crate) rows: usize,
    pub(crate) words: usize,
    /// Bytes of the values that were read.
    pub(crate) values: usize,
    /// Errors and warnings.
    pub(crate) texts: Vec<String>,
}

fn read(result: &SearchResult) -> usize {
    let size = |value: Value<'_>| match value {
        Value::String(text) | Value::Factors(text) => text.len(),
        Value::Json(json) => json.text().len(),
        Value::Multi(values) => values.len(),
        _ => 1,
    };
    let columns = result.columns().len();
    let sizes = result.rows().map(|row| (0..columns).map(|it| size(row.value(it))).sum::<usize>());
    sizes.sum()
}

/// What something cost the thread that did it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) cpu: Duration,
    /// Most bytes that it held at once.
    pub(crate) peak: usize,
}

/// The cost of `work`: the least time of some runs, which is no matter of what else is at work.
pub(crate) fn cost<T>(runs: usize, work: impl Fn() -> T) -> Cost {
    let once = || {
        let before = LIVE.get();
        PEAK.set(before);
        let start = cpu();
        let result = work();
        let cpu = cpu() - start;
        drop(result);
        Cost { cpu, peak: PEAK.get() - before }
    };
    let costs: Vec<Cost> = (0..runs).map(|_| once()).collect();
    costs.into_iter().min_by_key(|cost| cost.cpu).expect("a run")
}

/// Does `work` with no memory for what would bring the thread above `budget` bytes, but for small
/// pieces.
pub(crate) fn with_budget<T>(budget: usize, work: impl FnOnce() -> T) -> T {
    BUDGET.set(LIVE.get() + budget);
    let result = work();
    BUDGET.set(usize::MAX);
    result
}

fn cpu() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the place is valid for the call.
    let code = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(code, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Counts what a thread holds, and refuses what is above its budget.
struct Counting;

impl Counting {
    /// Whether `more` bytes are given; then they are counted.
    fn take(more: usize) -> bool {
        let live = LIVE.get().wrapping_add(more);
        if more >= REFUSED_MIN && live > BUDGET.get() {
            return false;
        }
        LIVE.set(live);
        PEAK.set(PEAK.get().max(live));
        true
    }

    fn give_back(less: usize) {
        LIVE.set(LIVE.get().wrapping_sub(less));
    }
}

// SAFETY: every call is handed on to the system's allocator as it came, or refused by null.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !Self::take(layout.size()) {
            return ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract of alloc.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        Self::give_back(layout.size());
        // SAFETY: the caller keeps the contract of dealloc, and System made the block.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !Self::take(size.saturating_sub(layout.size())) {
            return ptr::null_mut();
        }
        Self::give_back(layout.size().saturating_sub(size));
        // SAFETY: the caller keeps the contract of realloc, and System made the block.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
    static BUDGET: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Bytes that come from a socket at once.
pub(crate) const CHUNK: usize = 64 << 10;

/// Smaller pieces are always given: who lacks those can't even say so.
const REFUSED_MIN: usize = 256 << 10;
