//! Batches that a program in C leaves to a thread of the library.

use anyhow::Result;
use hamirror_tests::echo::{EchoDaemon, Manners};
use hamirror_tests::program::Program;

#[test]
fn a_program_in_c_leaves_batches_to_threads() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let program = Program::c("running")?;
    program.run_every_way(&[&echo.name])?;
    program.run_threads_checked(&[&echo.name]).map(drop)
}
