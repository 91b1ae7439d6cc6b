//! Tests that share nothing with others: no process, if they fork or count threads, descriptors
//! or memory; no machine, if they load it or judge by its speed.

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{any, env};

use anyhow::{Context, Result, ensure};

use crate::process;

/// Runs a test in a process of its own: no other test has run there, and none runs beside it.
///
/// The process is this test program once more, asked for this test alone. The caller is the test
/// function itself, since its name is that of the closure's place.
pub fn in_own_process<Test: FnOnce() -> Result<()>>(test: Test) -> Result<()> {
    if env::var_os(IS_ALONE).is_some() {
        return test();
    }
    let name = test_name(any::type_name::<Test>())?;
    let mut program = Command::new(env::current_exe()?);
    program.args([name, "--exact", "--nocapture"]).env(IS_ALONE, "1");
    let printed = process::run(&mut program)?;
    ensure!(printed.contains("test result: ok. 1 passed"), "no test {name}: {printed}");
    print!("{printed}");
    Ok(())
}

/// Holds the machine until it is dropped: the tests of one program that begin with this run one
/// after the other.
///
/// Cargo runs one test program at a time, so nothing else runs beside them where all tests of
/// their program begin so, as those of `tests/load` do.
pub fn on_the_machine() -> MutexGuard<'static, ()> {
    static MACHINE: Mutex<()> = Mutex::new(());
    // A test that failed leaves nothing that the next one could find broken.
    MACHINE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `program::module::test::{{closure}}` without its first and last part.
fn test_name(place: &str) -> Result<&str> {
    let name = place.split_once("::").and_then(|(_, rest)| rest.strip_suffix("::{{closure}}"));
    name.with_context(|| format!("{place} is no closure in a test"))
}

const IS_ALONE: &str = "HAMIRROR_TEST_IS_ALONE";

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use anyhow::bail;

    use super::*;

    #[test]
    fn a_test_has_a_process_of_its_own() -> Result<()> {
        let runs = Cell::new(0);
        in_own_process(|| {
            runs.set(runs.get() + 1);
            Ok(())
        })?;
        let expected = usize::from(env::var_os(IS_ALONE).is_some());
        ensure!(runs.get() == expected, "{} runs in this process", runs.get());
        Ok(())
    }

    #[test]
    fn a_failure_comes_back() -> Result<()> {
        let ended = in_own_process(|| bail!("as it should here"));
        if env::var_os(IS_ALONE).is_some() {
            return ended;
        }
        let text = ended.expect_err("it fails").to_string();
        ensure!(text.contains("as it should here"), "{text}");
        Ok(())
    }
}
