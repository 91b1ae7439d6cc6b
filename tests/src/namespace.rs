//! A network namespace with one cable to this one, which can be pulled: a daemon in it is then cut
//! off as by a broken network, without a reset.

use std::fs::File;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{io, process};

use anyhow::{Context, Result};

use crate::packages::{self, Tool};
use crate::process::{run, spawn_bound};

/// Made and held by a process that ends with this one at the latest; it goes when it is dropped.
#[derive(Debug)]
pub struct Namespace {
    holder: Child,
    entrance: Arc<File>,
    cable: String,
    address: Ipv4Addr,
}

impl Namespace {
    /// Makes one with its cable plugged in. The inner error is the system's refusal to make any.
    pub fn create() -> Result<Result<Namespace, io::Error>> {
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
        let namespace = Namespace { holder, entrance: Arc::new(entrance), cable, address };
        namespace.lay_cable(near)?;
        Ok(Ok(namespace))
    }

    /// Its address at the far end of the cable.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Makes a command run inside.
    pub fn enter(&self, command: &mut Command) {
        let entrance = self.entrance.clone();
        let enter = move || {
            // SAFETY: setns touches no memory; the closure keeps the descriptor open.
            checked(unsafe { libc::setns(entrance.as_raw_fd(), libc::CLONE_NEWNET) })
        };
        // SAFETY: setns is async-signal-safe.
        unsafe { command.pre_exec(enter) };
    }

    /// Pulls the far end of the cable out: what is sent either way is lost, and nobody is told.
    pub fn unplug(&self) -> Result<()> {
        self.inside(&["link", "set", FAR_END, "down"])
    }

    /// Puts it back.
    pub fn plug(&self) -> Result<()> {
        self.inside(&["link", "set", FAR_END, "up"])
    }

    fn lay_cable(&self, near: Ipv4Addr) -> Result<()> {
        let (holder, cable) = (self.holder.id().to_string(), self.cable.as_str());
        let (near, far) = (format!("{near}/30"), format!("{}/30", self.address));
        let far_end = ["peer", "name", FAR_END, "address", FAR_HARDWARE, "netns", &holder];
        ip(&[&["link", "add", cable, "type", "veth"], &far_end[..]].concat())?;
        ip(&["address", "add", &near, "dev", cable])?;
        ip(&["link", "set", cable, "up"])?;
        self.inside(&["address", "add", &far, "dev", FAR_END])?;
        self.inside(&["link", "set", "lo", "up"])?;
        self.plug()?;
        // Without this entry the system would ask for the hardware address behind a pulled cable
        // and, some seconds later, tell the sender that there is no such host.
        let far = self.address.to_string();
        ip(&[
            "neighbour",
            "replace",
            &far,
            "lladdr",
            FAR_HARDWARE,
            "dev",
            cable,
            "nud",
            "permanent",
        ])
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

const FAR_END: &str = "cable";
const FAR_HARDWARE: &str = "02:00:00:00:00:02";

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
