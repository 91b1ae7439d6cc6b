//! A well-behaved daemon of little use: it answers every request with the request's own body.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use anyhow::Result;
use hamirror::internal::wire::header;
use hamirror::request::Raw;
use hamirror::{Access, Client, ClientOptions, Config, Request};

/// Answers until it is dropped, a thread a connection.
#[derive(Debug)]
pub struct EchoDaemon {
    /// `host:port` or path, as an agent line has it.
    pub name: String,
    wake: Wake,
    shared: Arc<Shared>,
}

/// How an [`EchoDaemon`] differs from a plain searchd.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manners {
    /// Says nothing, not even its version, before the first reply: Manticore
    /// (core/docs/spec/protocol.md 1.2).
    pub speaks_last: bool,
    /// Closes a connection that asks to be kept: `max_children` (core/docs/spec/protocol.md 2).
    pub refuses_persist: bool,
    /// Closes a kept connection after so many replies, as `client_timeout` would.
    pub replies_max: Option<usize>,
}

#[derive(Debug)]
enum Wake {
    Inet(SocketAddr),
    Unix(String),
}

#[derive(Debug, Default)]
struct Shared {
    manners: Manners,
    ended: AtomicBool,
    connections: AtomicUsize,
    open: AtomicUsize,
    requests: AtomicUsize,
    pings: AtomicUsize,
}

impl EchoDaemon {
    /// Listens on a free port of this address, such as `127.0.0.1` or `::1`.
    pub fn on(address: &str, manners: Manners) -> Result<EchoDaemon> {
        let listener = TcpListener::bind((address, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { manners, ..Shared::default() });
        let theirs = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                if !theirs.take(stream) {
                    return;
                }
            }
        });
        Ok(EchoDaemon { name: address.to_string(), wake: Wake::Inet(address), shared })
    }

    /// Listens on a socket of this path.
    pub fn on_path(path: &Path) -> Result<EchoDaemon> {
        let listener = UnixListener::bind(path)?;
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                if !theirs.take(stream) {
                    return;
                }
            }
        });
        let name = path.display().to_string();
        Ok(EchoDaemon { wake: Wake::Unix(name.clone()), name, shared })
    }

    /// Its port, where it has one.
    pub fn port(&self) -> u16 {
        match self.wake {
            Wake::Inet(address) => address.port(),
            Wake::Unix(_) => 0,
        }
    }

    /// Connections that it took.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Those that neither side has closed.
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// Pings that it answered.
    pub fn pings(&self) -> usize {
        self.shared.pings.load(Ordering::SeqCst)
    }

    /// Requests that it answered, pings left out.
    pub fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }
}

impl Drop for EchoDaemon {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes the listening thread; its connections end with their clients.
        match &self.wake {
            Wake::Inet(address) => drop(TcpStream::connect(address)),
            Wake::Unix(path) => drop(UnixStream::connect(path)),
        }
    }
}

impl Shared {
    /// Serves a new connection; false at the end of the daemon.
    fn take(self: &Arc<Self>, stream: impl Read + Write + Send + 'static) -> bool {
        if self.ended.load(Ordering::SeqCst) {
            return false;
        }
        self.connections.fetch_add(1, Ordering::SeqCst);
        self.open.fetch_add(1, Ordering::SeqCst);
        let shared = self.clone();
        thread::spawn(move || {
            // However it ends: a client that goes is none of its business.
            let _ = shared.serve(stream);
            shared.open.fetch_sub(1, Ordering::SeqCst);
        });
        true
    }

    /// Answers until the client goes.
    fn serve(&self, mut stream: impl Read + Write) -> io::Result<()> {
        let mut greeting: &[u8] = &[0, 0, 0, 1];
        if !self.manners.speaks_last {
            stream.write_all(greeting)?;
            greeting = &[];
        }
        stream.read_exact(&mut [0; 4])?;
        let mut persistent = false;
        for reply in 1.. {
            let (command, body) = read_request(&mut stream)?;
            if command == PERSIST {
                persistent = true;
                if self.manners.refuses_persist {
                    return Ok(());
                }
                continue;
            }
            let count = if command == PING { &self.pings } else { &self.requests };
            count.fetch_add(1, Ordering::SeqCst);
            let length = (body.len() as u32).to_be_bytes();
            stream.write_all(&[greeting, &[0, 0, 1, 0], &length, &body].concat())?;
            greeting = &[];
            if !persistent || self.manners.replies_max.is_some_and(|max| reply > max) {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn read_request(stream: &mut impl Read) -> io::Result<(u16, Vec<u8>)> {
    let mut header = [0; 8];
    stream.read_exact(&mut header)?;
    let [a, b, _, _, length @ ..] = header;
    let mut body = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut body)?;
    Ok((u16::from_be_bytes([a, b]), body))
}

/// A client of one distributed index, `d`.
pub fn client(agents: &str, settings: &str, options: ClientOptions) -> Result<Client> {
    let text = format!("index d\n{{\n type = distributed\n{settings}\n{agents}\n}}\n");
    Ok(Client::with_options(&Config::parse(&text, "test.conf")?, options)?)
}

/// A request with a body that an [`EchoDaemon`] answers with, whatever it is.
pub fn request(access: Access, body: &[u8]) -> Arc<dyn Request> {
    let command = header::Command { id: 99, version: 0x100 };
    Arc::new(Raw { command, access, body: body.to_vec() })
}

/// What the first agent of `d` answers.
pub fn ask(client: &Client, body: &[u8]) -> Result<Vec<u8>> {
    Ok(client.call("d", 0, &request(Access::Read, body))?.body)
}

const PERSIST: u16 = 4;
const PING: u16 = 9;
