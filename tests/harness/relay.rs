//! A relay in front of a real daemon: it passes everything on, or misbehaves in a way that can be
//! changed while connections run.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle, Scope};
use std::time::Duration;

use anyhow::{Context, Result};
use socket2::{Domain, SockRef, Socket, Type};

/// Listens on a loopback port until it is dropped, which also ends its connections.
#[derive(Debug)]
pub struct Relay {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What a [`Relay`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Hands on what comes, both ways; without a daemon it closes.
    Pass,
    /// The same, each request that much later.
    Delay(Duration),
    /// Nobody listens on its port, and open connections are closed.
    Refuse,
    /// Takes connections and closes them at once, orderly.
    Close,
    /// Takes connections and breaks them at once (RST).
    Reset,
    /// Takes connections and every byte, hands on nothing.
    Silence,
}

impl Relay {
    /// Starts one that passes everything on to `daemon`.
    pub fn start(daemon: SocketAddr) -> Result<Relay> {
        let port = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        port.set_reuse_address(true)?;
        port.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        let address = port.local_addr()?.as_socket().context("an address of TCP")?;
        let state = State {
            behaviour: Behaviour::Pass,
            listener: Some(Arc::new(TcpListener::bind(address)?)),
            links: Vec::new(),
            ended: false,
        };
        let shared = Arc::new(Shared {
            address,
            _port: port,
            daemon,
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let thread = {
            let shared = shared.clone();
            thread::spawn(move || shared.serve())
        };
        Ok(Relay { shared, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Behaves so from now on. Open connections go on where the old and the new behaviour both
    /// hand on, and when it falls silent; else they end as new ones would.
    pub fn set(&self, behaviour: Behaviour) -> Result<()> {
        let mut state = self.shared.state();
        if behaviour == Behaviour::Refuse {
            state.close_port();
        }
        let hands_on = state.behaviour.hands_on() && behaviour.hands_on();
        if !hands_on && behaviour != Behaviour::Silence {
            state.end_links(behaviour == Behaviour::Reset);
        }
        if behaviour != Behaviour::Refuse && state.listener.is_none() {
            state.listener = Some(Arc::new(TcpListener::bind(self.shared.address)?));
        }
        state.behaviour = behaviour;
        drop(state);
        self.shared.changed.notify_one();
        Ok(())
    }
}

impl Relay {
    /// Forgets the connections that are open now, as a NAT does: what comes over them is taken and
    /// never handed on, and nobody is told.
    pub fn forget(&self) {
        for link in &self.shared.state().links {
            link.is_forgotten.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.ended = true;
        state.close_port();
        state.end_links(false);
        drop(state);
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Behaviour {
    fn hands_on(self) -> bool {
        matches!(self, Behaviour::Pass | Behaviour::Delay(_))
    }
}

#[derive(Debug)]
struct Shared {
    address: SocketAddr,
    /// Bound, never listening: nobody else gets the port while the relay refuses.
    _port: Socket,
    daemon: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    behaviour: Behaviour,
    listener: Option<Arc<TcpListener>>,
    links: Vec<Arc<Link>>,
    ended: bool,
}

impl State {
    fn close_port(&mut self) {
        if let Some(listener) = self.listener.take() {
            // Ends the listening at once, and the `accept` that a thread waits in.
            let _ = SockRef::from(&*listener).shutdown(Shutdown::Both);
        }
    }

    fn end_links(&mut self, reset: bool) {
        for link in self.links.drain(..) {
            if reset {
                let _ = SockRef::from(&link.client).set_linger(Some(Duration::ZERO));
            }
            link.end();
        }
    }
}

/// A client's connection and its continuation; a silent one has none. Both are closed when the
/// last of its two threads lets go.
#[derive(Debug)]
struct Link {
    client: TcpStream,
    daemon: Option<TcpStream>,
    is_forgotten: AtomicBool,
}

impl Link {
    /// Wakes both threads, which then end; a shutdown of the other direction would say goodbye
    /// before a reset.
    fn end(&self) {
        for stream in [Some(&self.client), self.daemon.as_ref()].into_iter().flatten() {
            let _ = stream.shutdown(Shutdown::Read);
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread of the relay panicked")
    }

    /// Takes connections until the relay ends, and waits for theirs to end.
    fn serve(&self) {
        thread::scope(|scope| {
            while let Some(listener) = self.next_listener() {
                while let Ok((client, _)) = listener.accept() {
                    self.take(scope, client);
                }
            }
        });
    }

    /// Waits while the relay refuses; `None` at its end.
    fn next_listener(&self) -> Option<Arc<TcpListener>> {
        let state = self.state();
        let refuses = |state: &mut State| state.listener.is_none() && !state.ended;
        let state = self.changed.wait_while(state, refuses);
        state.expect("no thread of the relay panicked").listener.clone()
    }

    fn take<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, client: TcpStream) {
        // The lock is not held meanwhile: a link takes it.
        let behaviour = self.state().behaviour;
        match behaviour {
            // A daemon whose listen queue is full holds up nobody else.
            Behaviour::Pass | Behaviour::Delay(_) => {
                scope.spawn(move || {
                    if let Ok(daemon) = TcpStream::connect(self.daemon) {
                        self.link(scope, client, Some(daemon));
                    }
                });
            }
            Behaviour::Silence => self.link(scope, client, None),
            Behaviour::Refuse | Behaviour::Close => {}
            Behaviour::Reset => {
                let _ = SockRef::from(&client).set_linger(Some(Duration::ZERO));
            }
        }
    }

    fn link<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        client: TcpStream,
        daemon: Option<TcpStream>,
    ) {
        for stream in [Some(&client), daemon.as_ref()].into_iter().flatten() {
            let _ = stream.set_nodelay(true);
        }
        let mut state = self.state();
        let is_outdated = daemon.is_some() && !state.behaviour.hands_on();
        if state.ended || is_outdated && state.behaviour != Behaviour::Silence {
            return;
        }
        let link = Arc::new(Link { client, daemon, is_forgotten: AtomicBool::new(false) });
        state.links.push(link.clone());
        drop(state);
        if link.daemon.is_some() {
            let link = link.clone();
            scope.spawn(move || self.pump(&link, Direction::Back));
        }
        scope.spawn(move || self.pump(&link, Direction::There));
    }

    /// Hands on one direction until it ends, which ends the other too.
    fn pump(&self, link: &Arc<Link>, direction: Direction) {
        let _ = match (direction, &link.daemon) {
            (Direction::There, daemon) => {
                self.copy(link, &link.client, daemon.as_ref(), direction)
            }
            (Direction::Back, Some(daemon)) => {
                self.copy(link, daemon, Some(&link.client), direction)
            }
            (Direction::Back, None) => Ok(()),
        };
        link.end();
        self.state().links.retain(|other| !Arc::ptr_eq(other, link));
    }

    fn copy(
        &self,
        link: &Link,
        mut from: &TcpStream,
        to: Option<&TcpStream>,
        direction: Direction,
    ) -> io::Result<()> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = from.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            let behaviour = self.state().behaviour;
            let is_silent =
                behaviour == Behaviour::Silence || link.is_forgotten.load(Ordering::Relaxed);
            let Some(mut to) = to.filter(|_| !is_silent) else { continue };
            if let (Behaviour::Delay(delay), Direction::There) = (behaviour, direction) {
                thread::sleep(delay);
            }
            to.write_all(&buffer[..count])?;
        }
    }
}

/// Of bytes: to the daemon, or back from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    There,
    Back,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::echo::{EchoDaemon, Manners};

    /// What a new connection hears within some time of a greeting daemon behind the relay.
    fn hears(relay: &Relay) -> io::Result<Option<[u8; 4]>> {
        let mut stream = TcpStream::connect(relay.address())?;
        stream.set_read_timeout(Some(Duration::from_millis(300)))?;
        greeting(&mut stream)
    }

    fn greeting(stream: &mut TcpStream) -> io::Result<Option<[u8; 4]>> {
        let mut bytes = [0; 4];
        match stream.read(&mut bytes)? {
            0 => Ok(None),
            _ => Ok(Some(bytes)),
        }
    }

    #[test]
    fn each_behaviour_is_what_a_client_meets() -> Result<()> {
        let daemon = EchoDaemon::on("127.0.0.1", Manners::default())?;
        let relay = Relay::start(SocketAddr::from((Ipv4Addr::LOCALHOST, daemon.port())))?;
        let kind = |outcome: io::Result<Option<[u8; 4]>>| outcome.map_err(|error| error.kind());
        for _ in 0..2 {
            relay.set(Behaviour::Pass)?;
            assert_eq!(kind(hears(&relay)), Ok(Some([0, 0, 0, 1])));
            relay.set(Behaviour::Delay(Duration::from_millis(1)))?;
            assert_eq!(kind(hears(&relay)), Ok(Some([0, 0, 0, 1])));
            relay.set(Behaviour::Refuse)?;
            assert_eq!(kind(hears(&relay)), Err(io::ErrorKind::ConnectionRefused));
            relay.set(Behaviour::Close)?;
            assert_eq!(kind(hears(&relay)), Ok(None));
            relay.set(Behaviour::Reset)?;
            assert_eq!(kind(hears(&relay)), Err(io::ErrorKind::ConnectionReset));
            relay.set(Behaviour::Silence)?;
            assert_eq!(kind(hears(&relay)), Err(io::ErrorKind::WouldBlock));
        }
        Ok(())
    }

    #[test]
    fn open_connections_meet_it_too() -> Result<()> {
        let daemon = EchoDaemon::on("127.0.0.1", Manners::default())?;
        let relay = Relay::start(SocketAddr::from((Ipv4Addr::LOCALHOST, daemon.port())))?;
        for (behaviour, expected) in [
            (Behaviour::Refuse, Ok(None)),
            (Behaviour::Close, Ok(None)),
            (Behaviour::Reset, Err(io::ErrorKind::ConnectionReset)),
        ] {
            relay.set(Behaviour::Pass)?;
            let mut stream = TcpStream::connect(relay.address())?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            greeting(&mut stream)?;
            relay.set(behaviour)?;
            let met = greeting(&mut stream).map_err(|error| error.kind());
            assert_eq!(met, expected, "{behaviour:?}");
        }
        Ok(())
    }
}
