//! A bad network of the tests' own: a cable into a network namespace that loses, delays, reorders
//! or swallows packets, each way by its own rules. It needs no `netem` of the kernel: each end is
//! a TUN device, and a thread carries the packets from one to the other.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::namespace::{FAR_END, Namespace};

/// Carries packets until it is dropped, which also removes its devices.
#[derive(Debug)]
pub struct Link {
    namespace: Arc<Namespace>,
    shared: Arc<Mutex<Shared>>,
    carrier: Option<JoinHandle<()>>,
}

/// What becomes of the packets that go one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Packets of a hundred that are lost.
    pub lost_percent: u8,
    /// Time under way.
    pub delay: Duration,
    /// So much more or less of it; packets stay in order.
    pub jitter: Duration,
    /// Packets of a hundred that arrive at once, before those that are under way.
    pub overtaking_percent: u8,
    /// Longest packet in bytes that arrives.
    pub size_max: Option<usize>,
}

impl Way {
    /// Everything arrives at once.
    pub const WHOLE: Way = Way {
        lost_percent: 0,
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        overtaking_percent: 0,
        size_max: None,
    };

    /// Nothing arrives.
    pub const CUT: Way = Way { lost_percent: 100, ..Way::WHOLE };
}

impl Link {
    /// Makes one that carries everything. The inner error is the system's refusal to make a
    /// namespace or a device.
    pub fn create(seed: u64) -> Result<Result<Link, io::Error>> {
        let namespace = match Namespace::without_cable()? {
            Ok(namespace) => namespace,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let near = match device(namespace.cable()) {
            Ok(near) => near,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let far = namespace.act(|| device(FAR_END))?;
        namespace.set_addresses()?;
        let shared = Arc::new(Mutex::new(Shared {
            ways: [Way::WHOLE; 2],
            connections: HashSet::new(),
            touched: 0,
            ended: false,
        }));
        let mut carrier = Carrier {
            ends: [near, far],
            shared: shared.clone(),
            chance: fastrand::Rng::with_seed(seed),
            under_way: BinaryHeap::new(),
            packets: 0,
            last_due: [Instant::now(); 2],
        };
        let carrier = Some(thread::spawn(move || carrier.carry_until_the_end()));
        Ok(Ok(Link { namespace: Arc::new(namespace), shared, carrier }))
    }

    /// What lies at its far end.
    pub fn namespace(&self) -> &Arc<Namespace> {
        &self.namespace
    }

    /// Address of its far end.
    pub fn address(&self) -> Ipv4Addr {
        self.namespace.address()
    }

    /// Carries so from now on. Packets under way arrive as they would have.
    pub fn set(&self, there: Way, back: Way) {
        locked(&self.shared).ways = [there, back];
    }

    /// Forgets the TCP connections that are open now, as a NAT does: their packets are lost both
    /// ways, and nobody is told.
    pub fn forget(&self) {
        locked(&self.shared).connections.clear();
    }

    /// Packets so far that were lost, or whose way has a delay.
    pub fn touched(&self) -> u64 {
        locked(&self.shared).touched
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        locked(&self.shared).ended = true;
        if let Some(carrier) = self.carrier.take() {
            let _ = carrier.join();
        }
    }
}

#[derive(Debug)]
struct Shared {
    /// There and back.
    ways: [Way; 2],
    /// Ports of both ends of the connections that are remembered, the near end's first.
    connections: HashSet<[u8; 4]>,
    touched: u64,
    ended: bool,
}

fn locked(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().expect("no holder panics")
}

/// A packet under way; the order is that of arrival.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Packet {
    due: Instant,
    number: u64,
    way: usize,
    bytes: Vec<u8>,
}

/// The thread between the devices.
struct Carrier {
    /// The near and the far one; packets of way 0 come from the first.
    ends: [File; 2],
    shared: Arc<Mutex<Shared>>,
    chance: fastrand::Rng,
    under_way: BinaryHeap<Reverse<Packet>>,
    packets: u64,
    /// When the last packet that kept its place arrives, each way.
    last_due: [Instant; 2],
}

impl Carrier {
    fn carry_until_the_end(&mut self) {
        while !locked(&self.shared).ended {
            self.wait();
            self.take(THERE);
            self.take(BACK);
            self.deliver();
        }
    }

    /// Waits for a packet at either end, or until one is due.
    fn wait(&self) {
        let first = self.under_way.peek().map(|Reverse(packet)| packet.due);
        let time =
            first.map_or(SLICE, |due| due.saturating_duration_since(Instant::now()).min(SLICE));
        let wanted =
            |end: &File| libc::pollfd { fd: end.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let mut wanted = [wanted(&self.ends[THERE]), wanted(&self.ends[BACK])];
        let time = libc::timespec { tv_sec: 0, tv_nsec: time.subsec_nanos().into() };
        // SAFETY: both pointers are to values of this frame. A wait that is interrupted is short.
        unsafe { libc::ppoll(wanted.as_mut_ptr(), 2, &raw const time, std::ptr::null()) };
    }

    /// Takes all packets that wait at the beginning of a way.
    fn take(&mut self, way: usize) {
        let mut buffer = [0; PACKET_SIZE_MAX];
        while let Ok(size @ 1..) = (&self.ends[way]).read(&mut buffer) {
            let bytes = buffer[..size].to_vec();
            let shared = self.shared.clone();
            let mut shared = locked(&shared);
            let is_remembered = shared.remembers(&bytes, way);
            let rules = shared.ways[way];
            let due = self.due(rules, way, size).filter(|_| is_remembered);
            shared.touched += u64::from(due.is_none() || rules.delay > Duration::ZERO);
            if let Some(due) = due {
                self.packets += 1;
                self.under_way.push(Reverse(Packet { due, number: self.packets, way, bytes }));
            }
        }
    }

    /// When a packet of this size arrives, if it does.
    fn due(&mut self, rules: Way, way: usize, size: usize) -> Option<Instant> {
        let now = Instant::now();
        let mut happens = |percent: u8| self.chance.u8(0..100) < percent;
        if happens(rules.lost_percent) || rules.size_max.is_some_and(|max| size > max) {
            return None;
        }
        if happens(rules.overtaking_percent) {
            return Some(now);
        }
        let spread_us = 2 * rules.jitter.as_micros() as u64;
        let more = Duration::from_micros(self.chance.u64(0..=spread_us));
        let due = now + (rules.delay + more).saturating_sub(rules.jitter);
        self.last_due[way] = due.max(self.last_due[way]);
        Some(self.last_due[way])
    }

    fn deliver(&mut self) {
        let now = Instant::now();
        while self.under_way.peek().is_some_and(|Reverse(packet)| packet.due <= now) {
            let Some(Reverse(packet)) = self.under_way.pop() else { return };
            // A device that takes no packet loses it, as any network may.
            let _ = (&self.ends[1 - packet.way]).write(&packet.bytes);
        }
    }
}

impl Shared {
    /// True unless the packet belongs to a TCP connection that was forgotten, or never seen to
    /// begin.
    fn remembers(&mut self, packet: &[u8], way: usize) -> bool {
        let is_tcp = packet.first().is_some_and(|first| first >> 4 == 4)
            && packet.get(9).is_some_and(|protocol| i32::from(*protocol) == libc::IPPROTO_TCP);
        let start = packet.first().map_or(0, |first| usize::from(first & 0xf) * 4);
        let Some(&[a, b, c, d, _, _, _, _, _, _, _, _, _, flags]) =
            packet.get(start..start + 14).filter(|_| is_tcp)
        else {
            return true;
        };
        let ports = if way == THERE { [a, b, c, d] } else { [c, d, a, b] };
        if flags & (SYN | ACK) == SYN {
            self.connections.insert(ports);
        }
        self.connections.contains(&ports)
    }
}

/// A new TUN device of this name in the namespace of this thread; it goes with its file.
fn device(name: &str) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(libc::O_NONBLOCK);
    let file = options.open("/dev/net/tun")?;
    // SAFETY: a request of zeros is a valid one.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last byte stays the terminator; a name that is cut is none that anybody knows.
    let room = request.ifr_name.len() - 1;
    for (place, byte) in request.ifr_name[..room].iter_mut().zip(name.bytes()) {
        *place = byte.cast_signed();
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
    // SAFETY: the kernel reads and writes the request alone, which lives in this frame.
    let code = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut request) };
    if code == 0 { Ok(file) } else { Err(io::Error::last_os_error()) }
}

const THERE: usize = 0;
const BACK: usize = 1;

/// How soon the end is heeded.
const SLICE: Duration = Duration::from_millis(20);

/// More than the 1,500 bytes that the devices take.
const PACKET_SIZE_MAX: usize = 2_048;

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::*;

    /// A link with somebody at its far end who sends everything back; `None` where the system
    /// allows no link.
    fn with_echo() -> Result<Option<(Link, SocketAddr)>> {
        let Ok(link) = Link::create(1)? else { return Ok(None) };
        let address = link.address();
        let listener = link.namespace().act(|| TcpListener::bind((address, 0)))?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                thread::spawn(move || io::copy(&mut stream.try_clone()?, &mut stream));
            }
        });
        Ok(Some((link, address)))
    }

    fn connected(address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    /// So many bytes come back within some time.
    fn echoes(stream: &mut TcpStream, size: usize) -> io::Result<()> {
        stream.write_all(&vec![1; size])?;
        stream.read_exact(&mut vec![0; size])
    }

    fn met(outcome: io::Result<()>) -> Result<(), io::ErrorKind> {
        outcome.map_err(|error| error.kind())
    }

    #[test]
    fn a_cut_link_is_silent_and_heals() -> Result<()> {
        let Some((link, address)) = with_echo()? else { return Ok(()) };
        for (there, back) in [(Way::CUT, Way::WHOLE), (Way::WHOLE, Way::CUT), (Way::CUT, Way::CUT)]
        {
            link.set(Way::WHOLE, Way::WHOLE);
            assert_eq!(met(echoes(&mut connected(address)?, 5_000)), Ok(()));
            link.set(there, back);
            let refusal = connected(address).map(drop);
            assert_eq!(met(refusal), Err(io::ErrorKind::TimedOut), "{there:?}, {back:?}");
        }
        Ok(())
    }

    #[test]
    fn long_packets_fall_into_a_hole() -> Result<()> {
        let Some((link, address)) = with_echo()? else { return Ok(()) };
        link.set(Way::WHOLE, Way { size_max: Some(600), ..Way::WHOLE });
        let mut stream = connected(address)?;
        assert_eq!(met(echoes(&mut stream, 500)), Ok(()));
        assert_eq!(met(echoes(&mut stream, 1_000)), Err(io::ErrorKind::WouldBlock));
        Ok(())
    }

    #[test]
    fn forgotten_connections_are_silent_and_new_ones_work() -> Result<()> {
        let Some((link, address)) = with_echo()? else { return Ok(()) };
        let mut stream = connected(address)?;
        assert_eq!(met(echoes(&mut stream, 10)), Ok(()));
        assert_eq!(link.touched(), 0);
        link.forget();
        assert_eq!(met(echoes(&mut stream, 10)), Err(io::ErrorKind::WouldBlock));
        assert_eq!(met(echoes(&mut connected(address)?, 10)), Ok(()));
        assert!(link.touched() > 0);
        Ok(())
    }

    #[test]
    fn what_is_late_lost_or_out_of_order_comes_whole() -> Result<()> {
        let Some((link, address)) = with_echo()? else { return Ok(()) };
        let (delay, jitter) = (Duration::from_millis(20), Duration::from_millis(10));
        let late = Way { delay, jitter, ..Way::WHOLE };
        let lossy = Way { lost_percent: 5, ..Way::WHOLE };
        let mixed = Way { delay, overtaking_percent: 25, ..Way::WHOLE };
        for way in [late, lossy, mixed] {
            link.set(Way::WHOLE, Way::WHOLE);
            let mut stream = connected(address)?;
            stream.set_read_timeout(Some(100 * PATIENCE))?;
            let before = link.touched();
            link.set(way, way);
            let start = Instant::now();
            for _ in 0..20 {
                assert_eq!(met(echoes(&mut stream, 10_000)), Ok(()), "{way:?}");
            }
            assert!(link.touched() > before, "{way:?}");
            // Twice that time has passed where none overtakes.
            let least = 20 * way.delay.saturating_sub(way.jitter);
            assert!(start.elapsed() >= least || way == mixed, "{way:?}");
        }
        Ok(())
    }

    const PATIENCE: Duration = Duration::from_millis(300);
}
