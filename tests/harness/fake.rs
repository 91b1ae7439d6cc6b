//! A daemon that misbehaves: it takes connections and answers each in one wrong way.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Result;

/// Accepts on a loopback port until it is dropped.
#[derive(Debug)]
pub struct FakeDaemon {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What a [`FakeDaemon`] does with a connection.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Closes it at once, orderly.
    Close,
    /// Breaks it at once (RST).
    Reset,
    /// Takes everything and says nothing.
    Silence,
    /// Sends this as soon as a request came, then closes.
    Say(Vec<u8>),
    /// Sends this as soon as a request came, then nothing more.
    SayAndHang(Vec<u8>),
    /// Speaks first, as searchd 2.2.11 does; says nothing to a request, or this, and closes.
    Greet {
        /// In place of the version, a dword.
        version: u32,
        /// Header and body.
        reply: Option<Vec<u8>>,
    },
}

impl FakeDaemon {
    /// Starts one.
    pub fn start(fault: Fault) -> Result<FakeDaemon> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let thread = {
            let shared = shared.clone();
            thread::spawn(move || shared.serve(&listener, &fault))
        };
        Ok(FakeDaemon { address, shared, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections that it took.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

impl Drop for FakeDaemon {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // Wakes the thread; if it is gone already, there is nothing to wake.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    ended: AtomicBool,
    connections: AtomicUsize,
}

impl Shared {
    /// One connection after the other; those that hang are held until the end.
    fn serve(&self, listener: &TcpListener, fault: &Fault) {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            if self.ended.load(Ordering::Relaxed) {
                return;
            }
            let Ok(stream) = stream else { return };
            self.connections.fetch_add(1, Ordering::Relaxed);
            held.extend(misbehave(stream, fault));
        }
    }
}

/// Gives the connection back if it is to be held.
fn misbehave(mut stream: TcpStream, fault: &Fault) -> Option<TcpStream> {
    match fault {
        Fault::Close => {
            // Unread bytes would turn the close into a reset.
            let _ = stream.set_read_timeout(Some(READ_LIMIT));
            let _ = stream.shutdown(Shutdown::Write);
            let _ = io::copy(&mut stream, &mut io::sink());
            None
        }
        Fault::Reset => {
            // Unread bytes turn the close into a reset.
            let _ = stream.set_read_timeout(Some(READ_LIMIT));
            let _ = stream.peek(&mut [0]);
            None
        }
        Fault::Silence => Some(stream),
        Fault::Say(bytes) => {
            say(&mut stream, bytes);
            None
        }
        Fault::SayAndHang(bytes) => {
            say(&mut stream, bytes);
            Some(stream)
        }
        Fault::Greet { version, reply } => {
            // As in `say`.
            let _ = stream.set_read_timeout(Some(READ_LIMIT));
            let _ = stream.write_all(&version.to_be_bytes());
            let Some(reply) = reply else { return Some(stream) };
            let _ = skip_request(&mut stream);
            let _ = stream.write_all(reply);
            None
        }
    }
}

/// Reads the client's version and one request: what is left unread turns a close into a reset.
fn skip_request(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let [.., a, b, c, d] = head;
    let length = u32::from_be_bytes([a, b, c, d]);
    io::copy(&mut stream.take(length.into()), &mut io::sink())?;
    Ok(())
}

fn say(stream: &mut TcpStream, bytes: &[u8]) {
    // A peer that is gone before it was answered is no fault of the test.
    let _ = stream.set_read_timeout(Some(READ_LIMIT));
    let _ = stream.read(&mut [0; 65_536]);
    let _ = stream.write_all(bytes);
}

const READ_LIMIT: Duration = Duration::from_secs(5);
