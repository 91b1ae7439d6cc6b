//! The C ABI of hamirror: `libhamirror.so`, `libhamirror.a` and `hamirror.h`.
//!
//! This crate translates and decides nothing. Each file is one noun of the header; what a
//! function does, its threads, its lifetimes and its errors stand there, in its documentation.
//!
//! "a <- b" reads "b may use a, and what comes before it"; rooms side by side know nothing of each
//! other (`tests/fast/layers.rs` sees to it).
//!
//! ```text
//! version text callback counter cancellation code
//!     <- failed
//!     <- handle shared_waker
//!     <- panic
//!     <- failure diagnostic
//!     <- error
//!     <- arguments agent host outcome reply rows
//!     <- options
//!     <- config escape excerpt_options parameters request search result
//!     <- config_builder callback_request value client
//!     <- answer batch excerpts keywords mirrored status log
//!     <- batch_completed batch_run filter local search_all search_group search_settings session
//!        update upkeep waker
//!     <- pending raw_merge
//!     <- api
//! ```
#![expect(
    missing_debug_implementations,
    reason = "C programs hold these types, and they see no `Debug`"
)]
#![expect(
    clippy::missing_safety_doc,
    reason = "what all functions ask of their arguments is said once, at the top of the header"
)]

mod arguments;
mod cancellation;
mod failed;
mod handle;
mod panic;
mod shared_waker;

// In the order of the header, which the blank lines keep.
pub mod version;

pub mod text;

pub mod callback;

pub mod code;
pub mod error;

pub mod failure;

pub mod diagnostic;

pub mod config;

pub mod config_builder;

pub mod options;

pub mod client;

pub mod search;
pub mod search_group;
pub mod search_settings;

pub mod filter;

pub mod outcome;

pub mod result;

pub mod value;

pub mod parameters;

pub mod answer;

pub mod session;

pub mod mirrored;

pub mod update;

pub mod excerpt_options;

pub mod excerpts;

pub mod keywords;

pub mod pending;

pub mod escape;

pub mod status;

pub mod host;

pub mod counter;

pub mod agent;

pub mod rows;

pub mod request;

pub mod callback_request;

pub mod reply;

pub mod batch;
pub mod batch_completed;
pub mod batch_run;
pub mod search_all;

pub mod local;

pub mod raw_merge;

pub mod waker;

pub mod api;
pub mod upkeep;

pub mod log;
