//! A good guest in its process: what the library leaves alone of the program's signals,
//! descriptors, threads and stacks.

use anyhow::Result;
use hamirror_tests::compiler::{Compiler, Linkage, Standard};
use hamirror_tests::echo::{EchoDaemon, Manners};
use hamirror_tests::library::{self, Profile};
use hamirror_tests::program::Program;

#[test]
fn a_child_that_closed_its_descriptors_keeps_its_own_files() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    Program::c("fork_closed")?.run(&[&echo.name]).map(drop)
}

#[test]
fn a_child_needs_no_look_up_of_what_its_parent_knew() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    Program::c("fork_names")?.run(&[&echo.name]).map(drop)
}

#[test]
fn closed_standard_descriptors_stay_closed() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    Program::c("low_descriptors")?.run(&[&echo.name]).map(drop)
}

#[test]
fn blocked_signals_wait_for_the_program() -> Result<()> {
    Program::c("signals")?.run(&[]).map(drop)
}

#[test]
fn a_cancelled_thread_ends_after_its_call() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let program = Program::c("cancelled")?;
    program.run(&[&echo.name]).map(drop)
}

#[test]
fn a_forked_child_needs_no_deep_stack() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let linkage = Linkage::Static(library::build(Profile::Release)?);
    let compiler = Compiler::new(Standard::C("c99"), linkage).flag("-Dmain=program_main");
    let program = Program::build(compiler, &["c/fork_closed.c", "c/small_stack.c"])?;
    program.run(&["32768", &echo.name]).map(drop)
}
