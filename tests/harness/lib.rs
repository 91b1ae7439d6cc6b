//! The harness that hamirror is tested with: real daemons over real documents, faults, loads,
//! the tools of other languages, and the programs behind `cargo demo`, `cargo corpus`,
//! `cargo verify` and `cargo hamirror-install`.
//!
//! ```text
//! packages corpus process <- alone namespace link <- daemon relay <- cluster <- oracle load
//!     <- differential programs
//! ```

pub mod alone;
pub mod cluster;
pub mod command_listing;
pub mod compiler;
pub mod corpus;
pub mod daemon;
pub mod differential;
pub mod drills;
pub mod echo;
pub mod fake;
pub mod fuzz;
pub mod install;
pub mod interrupt;
pub mod library;
pub mod link;
pub mod listing;
pub mod load;
pub mod namespace;
pub mod newer;
pub mod older;
pub mod oracle;
pub mod packages;
pub mod process;
pub mod program;
pub mod python;
pub mod relay;
pub mod report;
pub mod workspace;
