//! placeholder
#![forbid(unsafe_code)]

pub mod config;
pub mod error;
pub mod limits;
pub mod wire;

pub use error::Error;
