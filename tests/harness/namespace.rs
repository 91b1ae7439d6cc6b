//! A network namespace with one cable to this one, which can be pulled: a daemon in it is then cut
//! off as by a broken network, without a reset. A bad cable is a [`Link`](crate::link::Link).

use std::fs::File;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{io, process, thread};

use anyhow::{Context, Result, anyhow};

use crate::packages::{self, Tool};
use crate::process::{run, spawn_bound};

/// Made and held by a process that ends with this one at the latest; it goes when it is dropped.
#[derive(Debug)]
pub struct Namespace {
    holder: Child,
    entrance: Arc<File>,
    cable: String,
    near: Ipv4Addr,
    address: Ipv4Addr,
}

impl Namespace {
    /// Makes one with its cable plugged in. The inner error is the system's refusal to make any.
    pub fn create() -> Result<Result<Namespace, io::Error>> {
        let namespace = match Namespace::without_cable()? {
            Ok(namespace) => namespace,
            Err(refusal) => return Ok(Err(refusal)),
        };
        namespace.lay_cable()?;
        Ok(Ok(namespace))
    }

    /// Makes one that nothing leads to yet.
    pub fn without_cable() -> Result<Result<Namespace, io::Error>> {
        packages::ensure(&[Tool::Iproute])?;
        let mut command = Command::new("sleep");
        command.arg("infinity").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // SAFETY: unshare is async-signal-safe and touches no memory of this process.
        unsafe { command.pre_exec(|| checked(libc::unshare(libc::CLONE_NEWNET))) };
        let holder = match spawn_bound(command) {
            Ok(holder) => holder,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let entrance = File::open(format!("/proc/{}/ns/net", holder.id()))?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let (near, address) = addresses(process::id().wrapping_mul(8).wrapping_add(number));
        let cable = format!("ha{}x{number}", process::id());
        Ok(Ok(Namespace { holder, entrance: Arc::new(entrance), cable, near, address }))
    }

    /// Name of the cable's end here.
    pub fn cable(&self) -> &str {
        &self.cable
    }

    /// Its address at the far end of the cable.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Makes a command run inside.
    pub fn enter(&self, command: &mut Command) {
        let entrance = self.entrance.clone();
        // SAFETY: setns is async-signal-safe.
        unsafe { command.pre_exec(move || enter(&entrance)) };
    }

    /// Does something inside, on a thread of its own: what it opens there stays there.
    pub fn act<T: Send>(&self, act: impl FnOnce() -> io::Result<T> + Send) -> Result<T> {
        let entered = || enter(&self.entrance).and_then(|()| act());
        let ended = thread::scope(|scope| scope.spawn(entered).join());
        Ok(ended.map_err(|_| anyhow!("what was done inside a namespace panicked"))??)
    }

    /// Pulls the far end of the cable out: what is sent either way is lost, and nobody is told.
    pub fn unplug(&self) -> Result<()> {
        self.inside(&["link", "set", FAR_END, "down"])
    }

    /// Puts it back.
    pub fn plug(&self) -> Result<()> {
        self.inside(&["link", "set", FAR_END, "up"])
    }

    /// Gives both ends of the cable their addresses and plugs it in.
    pub fn set_addresses(&self) -> Result<()> {
        let (near, far) = (format!("{}/30", self.near), format!("{}/30", self.address));
        ip(&["address", "add", &near, "dev", &self.cable])?;
        ip(&["link", "set", &self.cable, "up"])?;
        self.inside(&["address", "add", &far, "dev", FAR_END])?;
        self.inside(&["link", "set", "lo", "up"])?;
        self.plug()
    }

    fn lay_cable(&self) -> Result<()> {
        let (holder, cable) = (self.holder.id().to_string(), self.cable.as_str());
        let far_end = ["peer", "name", FAR_END, "address", FAR_HARDWARE, "netns", &holder];
        ip(&[&["link", "add", cable, "type", "veth"], &far_end[..]].concat())?;
        self.set_addresses()?;
        // Without this entry the system would ask for the hardware address behind a pulled cable
        // and, some seconds later, tell the sender that there is no such host.
        let far = self.address.to_string();
        let entry = ["neighbour", "replace", &far, "lladdr", FAR_HARDWARE];
        ip(&[&entry[..], &["dev", cable, "nud", "permanent"]].concat())
    }

    fn inside(&self, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new("ip");
        command.args(arguments);
        self.enter(&mut command);
        run(&mut command).map(drop).context("inside a namespace")
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The cable would go by itself, but only some time after the last process inside.
        let _ = ip(&["link", "delete", &self.cable]);
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Name of the cable's end inside.
pub const FAR_END: &str = "cable";

const FAR_HARDWARE: &str = "02:00:00:00:00:02";

fn enter(entrance: &File) -> io::Result<()> {
    // SAFETY: setns touches no memory, and the descriptor is open.
    checked(unsafe { libc::setns(entrance.as_raw_fd(), libc::CLONE_NEWNET) })
}

fn ip(arguments: &[&str]) -> Result<()> {
    run(Command::new("ip").args(arguments)).map(drop)
}

/// Both ends of one of the 32,768 smallest nets in 198.18.0.0/15, which is set aside for
/// measurements within one machine or network (RFC 2544).
fn addresses(net: u32) -> (Ipv4Addr, Ipv4Addr) {
    let base = u32::from(Ipv4Addr::new(198, 18, 0, 0)) + (net % (1 << 15)) * 4;
    (Ipv4Addr::from(base + 1), Ipv4Addr::from(base + 2))
}

fn checked(code: libc::c_int) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
