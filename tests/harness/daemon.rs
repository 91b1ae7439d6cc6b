//! A real searchd: own folder, own port, own log; ended with this process at the latest.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::namespace::Namespace;
use crate::process;

/// A searchd 2.2.11 in the foreground. Dropping it kills it.
#[derive(Debug)]
pub struct Daemon {
    folder: PathBuf,
    address: SocketAddrV4,
    namespace: Option<Arc<Namespace>>,
    child: Option<Child>,
}

impl Daemon {
    /// Starts a searchd in `folder` on a free loopback port; `sections` are the index sections of
    /// its configuration, `settings` more lines of its `searchd` section. Returns once it answers.
    pub fn start(folder: &Path, sections: &str, settings: &str) -> Result<Daemon> {
        Daemon::start_in(None, folder, sections, settings)
    }

    /// The same in a network namespace, on its address.
    pub fn start_in(
        namespace: Option<Arc<Namespace>>,
        folder: &Path,
        sections: &str,
        settings: &str,
    ) -> Result<Daemon> {
        fs::create_dir_all(folder).with_context(|| format!("folder {}", folder.display()))?;
        // Between finding a free port and listening on it, another process may take it.
        let mut last = None;
        let ip = namespace.as_ref().map_or(Ipv4Addr::LOCALHOST, |inside| inside.address());
        for _ in 0..PORT_ATTEMPTS {
            let address = SocketAddrV4::new(ip, free_port()?);
            fs::write(folder.join(CONFIG), config(folder, address, sections, settings))?;
            let (folder, namespace) = (folder.to_owned(), namespace.clone());
            let mut daemon = Daemon { folder, address, namespace, child: None };
            match daemon.restart() {
                Ok(()) => return Ok(daemon),
                Err(error) => last = Some(error),
            }
        }
        Err(last.context("no port was tried")?)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address.into()
    }

    /// The configuration that it runs with.
    pub fn config(&self) -> PathBuf {
        self.folder.join(CONFIG)
    }

    /// Its process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Ends it at once, as a crash would (SIGKILL).
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Ends it as an administrator would (SIGTERM), and waits for the end.
    pub fn stop(&mut self) -> Result<()> {
        self.signal(libc::SIGTERM)?;
        if let Some(mut child) = self.child.take() {
            child.wait()?;
        }
        Ok(())
    }

    /// Freezes it: its port still accepts, nothing answers (SIGSTOP).
    pub fn pause(&self) -> Result<()> {
        self.signal(libc::SIGSTOP)
    }

    /// Lets a frozen one go on (SIGCONT).
    pub fn resume(&self) -> Result<()> {
        self.signal(libc::SIGCONT)
    }

    /// Starts it again on its port after [`Daemon::kill`] or [`Daemon::stop`]; returns once it
    /// answers.
    pub fn restart(&mut self) -> Result<()> {
        ensure!(self.child.is_none(), "searchd on {} runs already", self.address);
        let mut command = Command::new("searchd");
        command.arg("--config").arg(self.config()).arg("--nodetach");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // What a configuration names by a relative path goes with the folder.
        command.current_dir(&self.folder);
        if let Some(namespace) = &self.namespace {
            namespace.enter(&mut command);
        }
        self.child = Some(process::spawn_bound(command).context("starting searchd")?);
        self.wait_until_it_answers()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        let log = fs::read(self.folder.join(LOG)).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let end = Instant::now() + START_LIMIT;
        loop {
            let child = self.child.as_mut().context("searchd is not started")?;
            if let Some(status) = child.try_wait()? {
                self.child = None;
                bail!("searchd on {} ended, {status}; its log:\n{}", self.address, self.log());
            }
            if answers_ping(self.address()) {
                return Ok(());
            }
            if Instant::now() > end {
                self.kill()?;
                bail!("searchd on {} gives no answer; its log:\n{}", self.address, self.log());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn signal(&self, signal: libc::c_int) -> Result<()> {
        let pid = self.pid().with_context(|| format!("no searchd runs on {}", self.address))?;
        // SAFETY: kill touches no memory; the child is not yet waited for, so the id is its own.
        let code = unsafe { libc::kill(pid.cast_signed(), signal) };
        ensure!(code == 0, "signal {signal}: {}", std::io::Error::last_os_error());
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Nothing is left to do for a child that can't be killed.
        let _ = self.kill();
    }
}

const CONFIG: &str = "sphinx.conf";
const LOG: &str = "searchd.log";
const PORT_ATTEMPTS: usize = 5;
const START_LIMIT: Duration = Duration::from_secs(60);
const PING_LIMIT: Duration = Duration::from_secs(2);

/// A loopback port that nobody listens on now.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn config(folder: &Path, address: SocketAddrV4, sections: &str, settings: &str) -> String {
    let folder = folder.display();
    // Of a key that is there twice, the first one holds.
    let workers = if settings.contains("workers =") { "" } else { "    workers = threads\n" };
    format!(
        "{sections}
searchd
{{
    listen = {address}
    log = {folder}/{LOG}
    pid_file = {folder}/searchd.pid
    binlog_path =
    max_packet_size = 32M
{workers}{settings}}}
"
    )
}

/// Handshake and PING in one write, as core/docs/spec/protocol.md 1.2 and 3.1 show them.
fn answers_ping(address: SocketAddr) -> bool {
    const REQUEST: [u8; 16] = *b"\0\0\0\x01\0\x09\x01\0\0\0\0\x04ping";
    const REPLY: [u8; 16] = *b"\0\0\0\x01\0\0\x01\0\0\0\0\x04ping";
    let ping = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, PING_LIMIT)?;
        stream.set_read_timeout(Some(PING_LIMIT))?;
        stream.write_all(&REQUEST)?;
        let mut reply = [0; REPLY.len()];
        stream.read_exact(&mut reply)?;
        Ok(reply == REPLY)
    };
    ping().unwrap_or(false)
}
