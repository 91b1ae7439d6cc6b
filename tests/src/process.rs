//! Child processes: run to the end with a readable error, or kept until this process ends.

use std::fmt::Write as _;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use process_control::{ChildExt, Control};

/// Runs a command to its end and gives its stdout; an exit code other than 0 is an error that
/// quotes the command and all that it printed.
pub fn run(command: &mut Command) -> Result<String> {
    let output = output(command)?;
    if !output.status.success() {
        bail!("{}", failure(command, &output));
    }
    String::from_utf8(output.stdout).with_context(|| format!("stdout of {}", shown(command)))
}

/// Runs a command to its end, whatever its exit code; one that takes longer than anything here
/// does is killed.
pub fn output(command: &mut Command) -> Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().with_context(|| format!("starting {}", shown(command)))?;
    let ended =
        child.controlled_with_output().time_limit(RUN_LIMIT).terminate_for_timeout().wait();
    let Some(output) = ended.with_context(|| shown(command))? else {
        bail!("killed after {} s: {}", RUN_LIMIT.as_secs(), shown(command));
    };
    Ok(output.into_std_lossy())
}

/// The same command, killed with all that it started once that time is over, or when this process
/// ends. Streams have to be set anew, and what was to be done before it starts is lost.
pub fn limited(command: &Command, limit: Duration) -> Command {
    let mut limited = Command::new("timeout");
    limited.arg("--kill-after=10").arg(limit.as_secs().to_string());
    limited.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        limited.current_dir(folder);
    }
    // It passes this signal on.
    bind_to_parent(&mut limited, libc::SIGTERM);
    limited
}

/// Whether a [`limited`] command took too long.
pub fn has_hung(status: ExitStatus) -> bool {
    status.code() == Some(124) || status.signal() == Some(libc::SIGKILL)
}

/// The command as one would type it.
pub fn shown(command: &Command) -> String {
    let mut line = String::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            let _ = write!(line, "{}={} ", name.display(), quoted(&value.to_string_lossy()));
        }
    }
    line.push_str(&command.get_program().to_string_lossy());
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&quoted(&argument.to_string_lossy()));
    }
    line
}

/// What a command printed, with its exit status.
pub fn failure(command: &Command, output: &Output) -> String {
    format!(
        "{}: {}\n{}{}",
        shown(command),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Starts a child that the kernel kills when this process ends, however it ends. A Ctrl-C in the
/// terminal does not reach it.
///
/// The kernel's signal follows the *thread* that started the child, and a test's thread ends with
/// its test, so one thread that lives as long as the process starts them all.
pub fn spawn_bound(mut command: Command) -> io::Result<Child> {
    bind_to_parent(&mut command, libc::SIGKILL);
    let (answer, answered) = channel();
    nursery().send((command, answer)).map_err(io::Error::other)?;
    answered.recv().map_err(io::Error::other)?
}

type Order = (Command, Sender<io::Result<Child>>);

fn nursery() -> &'static Sender<Order> {
    static NURSERY: OnceLock<Sender<Order>> = OnceLock::new();
    NURSERY.get_or_init(|| {
        let (orders, received) = channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in received {
                // An asker that is gone drops the answer, and the child lives on until the end.
                let _ = answer.send(command.spawn());
            }
        });
        orders
    })
}

fn bind_to_parent(command: &mut Command, signal: i32) {
    let parent = std::process::id();
    command.process_group(0);
    // SAFETY: prctl and getppid are async-signal-safe and touch no memory of this process.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, signal) != 0 {
                return Err(io::Error::last_os_error());
            }
            if libc::getppid().cast_unsigned() != parent {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            Ok(())
        });
    }
}

fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// More than any program here takes under a checker on a slow machine.
const RUN_LIMIT: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_typed() {
        let mut command = Command::new("cc");
        command.args(["-o", "a b", "it's.c", ""]).env("LANG", "C");
        assert_eq!(shown(&command), r"LANG=C cc -o 'a b' 'it'\''s.c' ''");
    }

    #[test]
    fn a_failed_command_is_quoted_with_its_output() {
        let error = run(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]));
        let text = error.expect_err("exit code 3").to_string();
        assert!(text.contains("exit status: 3\nout\nerr\n"), "{text}");
    }

    #[test]
    fn a_command_without_end_is_killed_with_its_children() {
        let mut endless = Command::new("sh");
        endless.args(["-c", "sleep 600 & wait"]);
        let output = limited(&endless, Duration::from_secs(1)).output().expect("it ends");
        // Its stdout is closed, so the child has ended, too.
        assert!(has_hung(output.status), "{output:?}");
    }

    #[test]
    fn a_bound_child_outlives_the_thread_that_asked_for_it() {
        let mut command = Command::new("sleep");
        command.arg("600");
        let mut child = thread::spawn(move || spawn_bound(command))
            .join()
            .expect("the thread ends")
            .expect("sleep starts");
        assert!(child.try_wait().expect("its state is known").is_none());
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }
}
