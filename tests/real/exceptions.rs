//! C++ exceptions that leave callbacks, against the header's word.

use anyhow::{Result, ensure};
use hamirror_tests::program::Program;

#[test]
fn an_exception_out_of_a_callback_ends_the_program() -> Result<()> {
    let printed = Program::cpp("throws")?.run(&[])?;
    ensure!(printed == format!("{}\n", libc::SIGABRT).repeat(4), "{printed}");
    Ok(())
}
