//! A non-blocking stream: TCP or unix.

use std::io::{self, Read};
use std::net::Shutdown;
use std::os::fd::AsRawFd;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use socket2::{Domain, SockAddr, Socket as Stream, TcpKeepalive, Type};

use super::descriptor::{Identity, Own, above_standard};
use crate::host::Endpoint;
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::limits::UNACKNOWLEDGED_MAX;
use crate::limits::{KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, KEEPALIVE_PROBES};

/// A socket of a connection; close-on-exec, and a write to a closed one raises no signal.
///
/// A forked child closes its copy, unless the number means another file there.
#[derive(Debug)]
pub(super) struct Socket {
    stream: Own<Stream>,
    identity: Option<Identity>,
}

impl Socket {
    /// Begins to connect.
    pub(super) fn connect(endpoint: &Endpoint) -> io::Result<Socket> {
        let (domain, address) = match endpoint {
            Endpoint::Inet(address) => (Domain::for_address(*address), (*address).into()),
            Endpoint::Unix(path) => (Domain::UNIX, SockAddr::unix(path.as_ref())?),
        };
        let stream = above_standard(|| Stream::new(domain, Type::STREAM.nonblocking(), None))?;
        if matches!(endpoint, Endpoint::Inet(_)) {
            stream.set_tcp_nodelay(true)?;
        }
        match stream.connect(&address) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
            _ => Ok(Socket { identity: Identity::of(&stream), stream: Own::new(stream) }),
        }
    }

    /// Lets the kernel find out that the other side of a connection to keep is gone. It does so by
    /// probes while it is idle (tcp(7): `SO_KEEPALIVE`), and by bytes that nobody acknowledges
    /// (`TCP_USER_TIMEOUT`). A unix socket needs neither.
    pub(super) fn keep_alive(&self) -> io::Result<()> {
        if self.stream.local_addr()?.is_unix() {
            return Ok(());
        }
        let probes = TcpKeepalive::new()
            .with_time(KEEPALIVE_IDLE)
            .with_interval(KEEPALIVE_INTERVAL)
            .with_retries(KEEPALIVE_PROBES);
        self.stream.set_tcp_keepalive(&probes)?;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        self.stream.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX))?;
        Ok(())
    }

    /// Whether the connection stands: `None` while it is under way.
    pub(super) fn is_connected(&self) -> Option<io::Result<()>> {
        match (self.stream.take_error(), self.stream.peer_addr().map(drop)) {
            (Ok(Some(error)) | Err(error), _) => Some(Err(error)),
            (Ok(None), Ok(())) => Some(Ok(())),
            (Ok(None), Err(error)) if error.kind() == io::ErrorKind::NotConnected => None,
            (Ok(None), Err(error)) => Some(Err(error)),
        }
    }

    /// Hands bytes to the kernel.
    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.send_with_flags(bytes, NO_SIGNAL)
    }

    /// Takes bytes that have come.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }

    /// Ends it for both sides. To close it would do, were it not for a copy of the descriptor in a
    /// forked child: with that the daemon would wait for more.
    pub(super) fn shut(&self) {
        // One that is not connected yet, or not any more, has nothing to end.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut SourceFd(&self.stream.as_raw_fd()), token, interest)
    }

    pub(super) fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.deregister(&mut SourceFd(&self.stream.as_raw_fd()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // The daemon is to see the end of the connection when the parent goes.
        if self.identity.is_some() && self.identity == Identity::of(&*self.stream) {
            self.stream.close();
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const NO_SIGNAL: i32 = libc::MSG_NOSIGNAL;

/// Elsewhere sockets are made with SO_NOSIGPIPE.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const NO_SIGNAL: i32 = 0;
