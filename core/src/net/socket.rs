//! A non-blocking stream: TCP or unix.

use std::io::{self, Read};

use mio::event::Source;
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};
use socket2::SockRef;

use crate::host::Endpoint;

/// A socket of a connection; close-on-exec, and a write to a closed one raises no signal.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// Begins to connect.
    pub(super) fn connect(endpoint: &Endpoint) -> io::Result<Socket> {
        match endpoint {
            Endpoint::Inet(address) => {
                let stream = TcpStream::connect(*address)?;
                stream.set_nodelay(true)?;
                Ok(Socket::Tcp(stream))
            }
            Endpoint::Unix(path) => UnixStream::connect(path.as_ref()).map(Socket::Unix),
        }
    }

    /// Whether the connection stands: `None` while it is under way.
    pub(super) fn is_connected(&self) -> Option<io::Result<()>> {
        let (error, peer) = match self {
            Socket::Tcp(stream) => (stream.take_error(), stream.peer_addr().map(drop)),
            Socket::Unix(stream) => (stream.take_error(), stream.peer_addr().map(drop)),
        };
        match (error, peer) {
            (Ok(Some(error)) | Err(error), _) => Some(Err(error)),
            (Ok(None), Ok(())) => Some(Ok(())),
            (Ok(None), Err(error)) if error.kind() == io::ErrorKind::NotConnected => None,
            (Ok(None), Err(error)) => Some(Err(error)),
        }
    }

    /// Hands bytes to the kernel.
    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let socket = match self {
            Socket::Tcp(stream) => SockRef::from(stream),
            Socket::Unix(stream) => SockRef::from(stream),
        };
        socket.send_with_flags(bytes, NO_SIGNAL)
    }

    /// Takes bytes that have come.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.read(buffer),
            Socket::Unix(stream) => stream.read(buffer),
        }
    }

    /// Ends it for both sides. To close it would do, were it not for a copy of the descriptor in a
    /// forked child: with that the daemon would wait for more.
    pub(super) fn shut(&self) {
        let both = std::net::Shutdown::Both;
        // One that is not connected yet, or not any more, has nothing to end.
        let _ = match self {
            Socket::Tcp(stream) => stream.shutdown(both),
            Socket::Unix(stream) => stream.shutdown(both),
        };
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.source().register(registry, token, interest)
    }

    pub(super) fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.source().deregister(registry)
    }

    fn source(&mut self) -> &mut dyn Source {
        match self {
            Socket::Tcp(stream) => stream,
            Socket::Unix(stream) => stream,
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const NO_SIGNAL: i32 = libc::MSG_NOSIGNAL;

/// Elsewhere sockets are made with SO_NOSIGPIPE.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const NO_SIGNAL: i32 = 0;
