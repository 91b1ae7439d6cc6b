//! placeholder
#![forbid(unsafe_code)]

pub mod agent;
pub mod call;
pub mod completeness;
pub mod config;
pub mod deadline;
pub mod engine;
pub mod error;
pub mod host;
pub mod karma;
pub mod limits;
pub mod net;
pub mod options;
pub mod status;
pub mod strategy;
pub mod topology;
pub mod wire;

pub use error::Error;
