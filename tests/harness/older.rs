//! An agent of a chosen version: it takes SEARCH up to that version, and refuses others in the
//! words of daemons (core/docs/spec/protocol.md 1.7 and 4.1).

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;

/// What a [`VersionedDaemon`] knows.
#[derive(Clone, Copy, Debug)]
pub struct Knows {
    /// Its own version of SEARCH.
    pub version: u16,
    /// The highest master.
    pub master: u32,
    /// It is Manticore, which reads lists of texts otherwise and says nothing before its first
    /// reply.
    pub is_manticore: bool,
}

/// Answers every SEARCH that it takes with one row for each query, until it is dropped.
#[derive(Debug)]
pub struct VersionedDaemon {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    knows: Knows,
    /// Versions and masters of the requests that came, and their bodies.
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    ended: AtomicBool,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Version of SEARCH.
    pub version: u16,
    /// The body, its master first.
    pub body: Vec<u8>,
}

impl Seen {
    /// Number of the master.
    pub fn master(&self) -> u32 {
        number(&self.body, 0)
    }
}

impl VersionedDaemon {
    /// Listens on a free port of the loopback.
    pub fn start(knows: Knows) -> Result<VersionedDaemon> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            knows,
            seen: Mutex::default(),
            connections: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
        });
        let theirs = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                if theirs.ended.load(Ordering::SeqCst) {
                    return;
                }
                theirs.connections.fetch_add(1, Ordering::SeqCst);
                let shared = theirs.clone();
                // However it ends: a client that goes is none of its business.
                thread::spawn(move || drop(shared.serve(stream)));
            }
        });
        Ok(VersionedDaemon { address, shared })
    }

    /// Where it listens, as an agent line has it.
    pub fn name(&self) -> String {
        self.address.to_string()
    }

    /// Connections that it took.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The requests since the last time.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for VersionedDaemon {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes the listening thread; its connections end with their clients.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut greeting: &[u8] = &[0, 0, 0, 1];
        if !self.knows.is_manticore {
            stream.write_all(greeting)?;
            greeting = &[];
        }
        stream.read_exact(&mut [0; 4])?;
        let mut is_kept = false;
        loop {
            let (command, version, body) = read_request(&mut stream)?;
            if command == PERSIST {
                is_kept = true;
                continue;
            }
            let reply = match command {
                PING => reply(0, 0x100, &body),
                EXCERPT | UPDATE | STATUS => self.other(command, version),
                _ => self.search(Seen { version, body }),
            };
            stream.write_all(&[greeting, &reply].concat())?;
            greeting = &[];
            if !is_kept {
                return Ok(());
            }
        }
    }

    /// Answers one document, one row of counters or one text.
    fn other(&self, command: u16, version: u16) -> Vec<u8> {
        let is_old = self.knows.version < WITH_FLAGS;
        let text = |text: &str| [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
        let (own, body) = match command {
            EXCERPT => (if is_old { 0x103 } else { 0x104 }, text("cut")),
            UPDATE => (if is_old { 0x102 } else { 0x103 }, vec![0, 0, 0, 1]),
            _ => {
                let head = vec![0, 0, 0, 1, 0, 0, 0, 2];
                (if is_old { 0x100 } else { 0x101 }, [head, text("uptime"), text("7")].concat())
            }
        };
        if version > own {
            return too_high(version, own);
        }
        reply(0, own, &body)
    }

    fn search(&self, seen: Seen) -> Vec<u8> {
        let Knows { version: own, master: known, .. } = self.knows;
        let (version, master) = (seen.version, seen.master());
        let queries = number(&seen.body, 4);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        if version > own {
            return too_high(version, own);
        }
        if master > known {
            return error("master-agent version mismatch; update me first, then update master!");
        }
        let row = row(version, master);
        reply(0, own, &row.repeat(queries as usize))
    }
}

/// A set of one document without attributes, in the layout of the request.
fn row(version: u16, master: u32) -> Vec<u8> {
    let mut set = Vec::new();
    let mut put = |numbers: &[u32]| {
        numbers.iter().for_each(|number| set.extend_from_slice(&number.to_be_bytes()));
    };
    // Status, fields, attributes, rows, wide ids; id and weight; totals and time.
    put(&[0, 0, 0, 1, 1]);
    put(&[0, 7, 1]);
    put(&[1, 1, 0]);
    if master > 0 && version >= 0x11a {
        set.push(0);
    }
    let costs = match master {
        0..7 => 0,
        7 => 2,
        _ => 3,
    };
    set.extend(vec![0; costs * 4]);
    // No words.
    set.extend([0; 4]);
    set
}

fn too_high(version: u16, own: u16) -> Vec<u8> {
    let [client, daemon] =
        [version, own].map(|version| format!("v.{}.{}", version >> 8, version & 0xff));
    error(&format!(
        "client version is higher than daemon version (client is {client}, daemon is {daemon})"
    ))
}

fn error(text: &str) -> Vec<u8> {
    let body = [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
    reply(1, 0, &body)
}

fn reply(status: u16, version: u16, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    [&status.to_be_bytes()[..], &version.to_be_bytes(), &length, body].concat()
}

fn read_request(stream: &mut impl Read) -> io::Result<(u16, u16, Vec<u8>)> {
    let mut header = [0; 8];
    stream.read_exact(&mut header)?;
    let [a, b, c, d, length @ ..] = header;
    let mut body = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut body)?;
    Ok((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]), body))
}

fn number(body: &[u8], place: usize) -> u32 {
    let bytes = body.get(place..place + 4).and_then(|bytes| bytes.try_into().ok());
    u32::from_be_bytes(bytes.unwrap_or_default())
}

/// A set of document 8 without attributes, as an agent of a master of 14 sends it.
#[rustfmt::skip]
pub const ROW: [u8; 61] = [
    0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 1,  0, 0, 0, 1,
    0, 0, 0, 0, 0, 0, 0, 8,  0, 0, 0, 1,
    0, 0, 0, 1,  0, 0, 0, 1,  0, 0, 0, 0,
    0,  0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,
    0, 0, 0, 0,
];

const EXCERPT: u16 = 1;
const UPDATE: u16 = 2;
const STATUS: u16 = 5;
const PERSIST: u16 = 4;
/// Version of SEARCH below which the other commands are older, too.
const WITH_FLAGS: u16 = 0x11b;
const PING: u16 = 9;
