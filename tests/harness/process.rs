//! Child processes: run to the end with a readable error, or kept until this process ends.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::interrupt;

/// Runs a command to its end and gives its stdout; an exit code other than 0 is an error that
/// quotes the command and all that it printed.
pub fn run(command: &mut Command) -> Result<String> {
    finished(command, RUN_LIMIT)
}

/// The same for what builds, downloads or installs, which may take long on a cold machine.
pub fn run_long(command: &mut Command) -> Result<String> {
    finished(command, LONG_LIMIT)
}

/// Runs a command to its end, whatever its exit code; one that takes longer than anything here
/// does is killed, and so is any on Ctrl-C, with all that it started.
pub fn output(command: &mut Command) -> Result<Output> {
    ended(command, RUN_LIMIT, &interrupt::came)
}

fn finished(command: &mut Command, limit: Duration) -> Result<String> {
    let output = ended(command, limit, &interrupt::came)?;
    if !output.status.success() {
        bail!("{}", failure(command, &output));
    }
    String::from_utf8(output.stdout).with_context(|| format!("stdout of {}", shown(command)))
}

fn ended(command: &mut Command, limit: Duration, is_over: &dyn Fn() -> bool) -> Result<Output> {
    ensure!(!is_over(), "interrupted before: {}", shown(command));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    bind_to_parent(command, libc::SIGTERM);
    let mut child = command.spawn().with_context(|| format!("starting {}", shown(command)))?;
    let start = Instant::now();
    let (sender, streams) = channel();
    read_in_background(child.stdout.take(), Stream::Out, &sender);
    read_in_background(child.stderr.take(), Stream::Err, &sender);
    let (mut stdout, mut stderr) = (None, None);
    while stdout.is_none() || stderr.is_none() {
        match streams.recv_timeout(SLICE) {
            Ok((Stream::Out, bytes)) => stdout = Some(bytes),
            Ok((Stream::Err, bytes)) => stderr = Some(bytes),
            Err(_) => check_time(&mut child, command, start.elapsed(), limit, is_over)?,
        }
    }
    // It may live on without its streams.
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None => thread::sleep(Duration::from_millis(1)),
        }
        check_time(&mut child, command, start.elapsed(), limit, is_over)?;
    };
    let (stdout, stderr) = (stdout.unwrap_or_default(), stderr.unwrap_or_default());
    Ok(Output { status, stdout, stderr })
}

enum Stream {
    Out,
    Err,
}

/// Sends what was read once the stream ends; a thread that is left behind ends with it.
fn read_in_background(
    stream: Option<impl Read + Send + 'static>,
    name: Stream,
    sender: &Sender<(Stream, Vec<u8>)>,
) {
    let sender = sender.clone();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What was read until an error is all that there is to show.
            let _ = stream.read_to_end(&mut bytes);
        }
        let _ = sender.send((name, bytes));
    });
}

fn check_time(
    child: &mut Child,
    command: &Command,
    elapsed: Duration,
    limit: Duration,
    is_over: &dyn Fn() -> bool,
) -> Result<()> {
    let is_over = is_over();
    if !is_over && elapsed < limit {
        return Ok(());
    }
    end_group(child);
    if is_over {
        bail!("interrupted: {}", shown(command));
    }
    bail!("killed after {} s: {}", limit.as_secs(), shown(command))
}

/// Ends a child that leads a process group with all of that group, politely at first: package
/// managers and compilers remove their locks and temporary files then.
fn end_group(child: &mut Child) {
    let group = -child.id().cast_signed();
    // SAFETY: kill touches no memory; the id stays the group's own while a member lives.
    let signal = |signal| unsafe { libc::kill(group, signal) } == 0;
    let start = Instant::now();
    signal(libc::SIGTERM);
    while start.elapsed() < GRACE {
        thread::sleep(Duration::from_millis(10));
        if child.try_wait().is_ok_and(|status| status.is_some()) {
            break;
        }
    }
    signal(libc::SIGKILL);
    // A child of another user can't be killed and must not hold this process.
    let _ = child.try_wait();
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

/// More than a first build of everything takes on two slow cores, its downloads included.
const LONG_LIMIT: Duration = Duration::from_secs(3_600);

/// How soon a Ctrl-C is heeded.
const SLICE: Duration = Duration::from_millis(50);

/// Time that a command gets to clean up.
const GRACE: Duration = Duration::from_secs(2);

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
    fn an_interrupt_ends_a_command_with_its_children() {
        let start = Instant::now();
        let is_over = || start.elapsed() > Duration::from_millis(200);
        let mut endless = Command::new("sh");
        endless.args(["-c", "trap '' TERM; sleep 602 & wait"]);
        let error = ended(&mut endless, RUN_LIMIT, &is_over).expect_err("interrupted");
        assert!(error.to_string().starts_with("interrupted: sh -c"), "{error}");
        assert!(start.elapsed() < GRACE + Duration::from_secs(10));
        let error = ended(&mut endless, RUN_LIMIT, &is_over).expect_err("not even started");
        assert!(error.to_string().starts_with("interrupted before: sh"), "{error}");

        let mut listed = Command::new("sh");
        listed.args(["-c", "sleep 601 & wait"]);
        let error = ended(&mut listed, Duration::from_millis(200), &|| false).expect_err("slow");
        assert!(error.to_string().starts_with("killed after 0 s"), "{error}");
        for seconds in ["602", "601"] {
            let left = Command::new("pgrep").args(["-f", &format!("^sleep {seconds}$")]).output();
            assert_eq!(left.expect("pgrep").stdout, b"", "sleep {seconds} is left");
        }
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
