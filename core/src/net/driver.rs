//! An engine with its sockets: one thread at a time drives it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use super::clock;
use super::descriptor::{Own, above_standard, is_local};
use super::mail::{Mail, Waker};
use super::socket::Socket;
use crate::engine::{Action, Closing, ConnectionId, Engine, Handover};
use crate::error::FaultText;
use crate::host::{Endpoint, Host};
use crate::limits::RECEIVE_CHUNK;

/// Poll, sockets and engine of one batch at a time; connections stay registered between batches.
pub(crate) struct Driver {
    engine: Engine,
    poll: Own<Poll>,
    events: Events,
    sockets: Vec<Option<Socket>>,
    scratch: Box<[u8]>,
    mail: Arc<Mail>,
    maker: Box<dyn Maker>,
    /// Connections left with bytes unread when their budget of the last turn was used up, and
    /// whether their end was announced.
    unread: Vec<(ConnectionId, bool)>,
    is_turning: bool,
    tended_at: Instant,
    /// When sockets were last looked at.
    looked_at: Instant,
}

/// Whoever made a driver, as the driver knows it.
pub(super) trait Maker: Send + Sync {
    /// Has a host looked up, and the end of that put into the mail, if there is any.
    fn look_up(&self, host: Arc<Host>, mail: Option<Arc<Mail>>);

    /// An idle connection that another driver keeps, if there are others.
    fn take_connection(&self, _: &Host) -> Option<(Socket, Handover)> {
        None
    }
}

impl Driver {
    /// A driver without connections.
    pub(super) fn new(seed: u64, maker: Box<dyn Maker>) -> io::Result<Self> {
        let poll = Own::new(above_standard(Poll::new)?);
        let mail = Arc::new(Mail::new(&poll, MAIL)?);
        let mut engine = Engine::new(seed);
        engine.wake_by(mail.clone().into());
        Ok(Self {
            engine,
            poll,
            events: Events::with_capacity(EVENTS_A_LOOK),
            sockets: Vec::new(),
            scratch: vec![0; RECEIVE_CHUNK].into_boxed_slice(),
            mail,
            maker,
            unread: Vec::new(),
            is_turning: false,
            tended_at: clock::now(),
            looked_at: clock::now(),
        })
    }

    /// The engine, to start calls and take outcomes; [`perform`](Self::perform) comes after.
    pub(crate) fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// The engine, to look at.
    pub(crate) fn engine_ref(&self) -> &Engine {
        &self.engine
    }

    /// Ends waits of the batch that runs, from other threads.
    pub(crate) fn waker(&self) -> Waker {
        self.mail.waker()
    }

    /// Whether [`Waker::wake`] was called since the last time this was asked.
    pub(crate) fn take_woken(&self) -> bool {
        self.mail.take_woken()
    }

    /// Ends the batch: what runs is cancelled, and wakers of it wake nobody any more.
    pub(crate) fn end_batch(&mut self) {
        let now = clock::now();
        self.engine.reset(now);
        self.perform(now);
        self.mail.end_batch();
    }

    /// Readable when there is something to do.
    pub(crate) fn fd(&self) -> RawFd {
        self.poll.as_raw_fd()
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.poll.registry().as_fd()
    }

    /// Waits for sockets, for the engine's next timer, or for `timeout`, and handles what came.
    ///
    /// What has come is taken before anything is given up for lack of it, however late this turn
    /// begins. Reading is bounded per turn, so that no agent keeps timers and others waiting.
    pub(crate) fn turn(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.is_turning = true;
        let now = clock::now();
        let mut timeout = if self.has_unread() { Some(Duration::ZERO) } else { timeout };
        let was_away = now.saturating_duration_since(self.looked_at) >= LATE_READING;
        if was_away && self.engine.running() > 0 {
            // Nobody knows since when this has been waiting here.
            if self.handle_events(Some(Duration::ZERO), true)? > 0 {
                timeout = Some(Duration::ZERO);
            }
        }
        let timer = self.engine.next_timeout().filter(|_| self.engine.running() > 0);
        let timer = timer.map(|due| due.saturating_duration_since(now));
        let timeout = [timeout, timer].into_iter().flatten().min();
        // So it is of what comes for calls that have ended.
        let is_late = was_away && self.engine.running() == 0;
        let mut count = self.handle_events(timeout, is_late)?;
        let mut looks = 1;
        while count == EVENTS_A_LOOK && looks < LOOKS_A_TURN {
            count = self.handle_events(Some(Duration::ZERO), is_late)?;
            looks += 1;
        }
        let now = clock::now();
        self.engine.handle_absence(now);
        self.engine.handle_timeout(now);
        if now.saturating_duration_since(self.tended_at) >= TEND_PAUSE {
            self.tended_at = now;
            self.engine.close_unfit(now);
        }
        self.perform(now);
        self.is_turning = false;
        Ok(())
    }

    /// Whether the next turn has something to read that no event tells of.
    pub(crate) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Takes what came for idle connections.
    pub(super) fn look(&mut self) -> io::Result<()> {
        if self.engine.has_connections() { self.turn(Some(Duration::ZERO)) } else { Ok(()) }
    }

    /// Closes idle connections of no further use, those that the daemon closed among them.
    pub(super) fn tend(&mut self) -> io::Result<()> {
        self.look()?;
        self.close_unfit();
        Ok(())
    }

    /// Closes idle connections that no call should use any more.
    pub(super) fn close_unfit(&mut self) {
        let now = clock::now();
        self.engine.close_unfit(now);
        self.perform(now);
    }

    /// Whether a panic of the caller's own code has left it half way.
    pub(crate) fn is_broken(&self) -> bool {
        self.is_turning
    }

    /// Waits for events and handles them, as well as what an earlier look left unread; returns
    /// the number of events. `is_late`: they may have waited for this thread.
    fn handle_events(
        &mut self,
        timeout: Option<Duration>,
        mut is_late: bool,
    ) -> io::Result<usize> {
        let mut polled = self.poll.poll(&mut self.events, timeout);
        if is_interrupted(&polled) {
            // A signal, or the end of a stop (signal(7)): what came meanwhile is taken before
            // time is judged.
            is_late = true;
            polled = self.poll.poll(&mut self.events, Some(Duration::ZERO));
        }
        if !is_interrupted(&polled) {
            polled?;
        }
        let now = clock::now();
        is_late |= self.engine.handle_absence(now);
        let before = std::mem::replace(&mut self.looked_at, now);
        self.engine.read_late(is_late.then_some(before));
        for (id, to_the_end) in std::mem::take(&mut self.unread) {
            self.receive(id, to_the_end, now);
        }
        let events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        let mut count = 0;
        for event in &events {
            count += 1;
            match event.token() {
                MAIL => self.read_mail(now),
                Token(id) => self.handle_event(id, event, now),
            }
        }
        self.events = events;
        Ok(count)
    }

    /// Does what the engine wants done.
    pub(crate) fn perform(&mut self, now: Instant) {
        while let Some(action) = self.engine.poll_action() {
            match action {
                Action::Connect(id, endpoint) => self.connect(id, &endpoint, now),
                Action::Send(id) => self.send(id, now),
                Action::TakeOver(id, host) => self.take_over(id, &host, now),
                Action::Close(id) => self.drop_socket(id),
                Action::Lookup(host, wanted) => {
                    let mail = wanted.then(|| self.mail.clone());
                    self.maker.look_up(host, mail);
                }
            }
        }
        self.engine.sweep();
    }

    /// Ends a driver that a forked child inherited: its sockets are closed, and nothing that
    /// others share is written to, deregistered or locked.
    pub(crate) fn abandon(mut self) {
        self.close_inherited();
        std::mem::forget(std::mem::replace(&mut self.engine, Engine::new(0)));
    }

    /// In a forked child: closes the sockets of the parent, and does nothing else.
    pub(super) fn close_inherited(&mut self) {
        self.sockets.clear();
    }

    /// Ends a driver that a panic of the program's own code left half way.
    pub(crate) fn let_go(mut self) {
        for id in 0..self.sockets.len() {
            self.drop_socket(id);
        }
        std::mem::replace(&mut self.engine, Engine::new(0)).let_go();
    }

    fn handle_event(&mut self, id: ConnectionId, event: &mio::event::Event, now: Instant) {
        if self.sockets.get(id).is_none_or(Option::is_none) {
            return;
        }
        if self.engine.is_connecting(id) {
            let socket = self.sockets[id].as_ref();
            match socket.and_then(Socket::is_connected) {
                None => return,
                Some(Ok(())) => {
                    self.engine.handle_connected(id, now);
                }
                Some(Err(error)) => {
                    self.drop_socket(id);
                    return self.engine.handle_connect_failed(id, &error, now);
                }
            }
        } else if event.is_writable() && !self.engine.output(id).is_empty() {
            self.send(id, now);
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            self.receive(id, event.is_read_closed() || event.is_error(), now);
        }
    }

    fn connect(&mut self, id: ConnectionId, endpoint: &Endpoint, now: Instant) {
        self.drop_socket(id);
        let is_kept = self.engine.keeps(id);
        let registered = Socket::connect(endpoint).and_then(|mut socket| {
            if is_kept {
                socket.keep_alive()?;
            }
            socket.register(self.poll.registry(), Token(id))?;
            Ok(socket)
        });
        match registered {
            Ok(socket) => self.keep_socket(id, socket),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.engine.handle_connect_busy(id, now);
            }
            Err(error) if is_local(&error) => {
                self.engine.handle_no_socket(id, &error, now);
            }
            Err(error) => self.engine.handle_connect_failed(id, &error, now),
        }
    }

    /// Looks for an idle connection of another driver.
    fn take_over(&mut self, id: ConnectionId, host: &Host, now: Instant) {
        let Some((mut socket, handover)) = self.maker.take_connection(host) else {
            return self.engine.handle_nothing_to_take(id, now);
        };
        if socket.register(self.poll.registry(), Token(id)).is_ok() {
            self.keep_socket(id, socket);
            self.engine.handle_taken_over(id, handover, now);
        } else {
            drop(handover);
            self.engine.handle_nothing_to_take(id, now);
        }
    }

    /// Gives an idle connection to another driver.
    pub(super) fn give_connection(
        &mut self,
        host: &Host,
        now: Instant,
    ) -> Option<(Socket, Handover)> {
        let given = self.engine.give_idle(host, now);
        let given = given.and_then(|(id, handover)| {
            let mut socket = self.sockets.get_mut(id).and_then(Option::take);
            // Closing would not do: the descriptor lives on.
            let left = socket.as_mut().map(|socket| socket.deregister(self.poll.registry()));
            match (socket, left) {
                (Some(socket), Some(Ok(()))) => Some((socket, handover)),
                _ => None,
            }
        });
        // What was not fit to be given is closed.
        self.perform(now);
        given
    }

    fn keep_socket(&mut self, id: ConnectionId, socket: Socket) {
        if id >= self.sockets.len() {
            self.sockets.resize_with(id + 1, || None);
        }
        self.sockets[id] = Some(socket);
    }

    fn send(&mut self, id: ConnectionId, now: Instant) {
        loop {
            let output = self.engine.output(id);
            let Some(socket) = self.sockets.get(id).and_then(Option::as_ref) else { return };
            if output.is_empty() {
                return;
            }
            match socket.send(output) {
                Ok(count) => self.engine.handle_sent(id, count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // The daemon may have said why before it closed.
                    self.receive(id, true, now);
                    let closing = Closing::Broken(FaultText::from(&error));
                    return self.engine.handle_closed(id, closing, now);
                }
            }
        }
    }

    /// Reads until the socket is empty; with `to_the_end` until its end is seen, too. A sender
    /// that is faster than this reads keeps its rest for the next look.
    fn receive(&mut self, id: ConnectionId, to_the_end: bool, now: Instant) {
        for _ in 0..RECEIVES_A_LOOK {
            let Some(socket) = self.sockets.get_mut(id).and_then(Option::as_mut) else { return };
            match socket.receive(&mut self.scratch) {
                Ok(0) => return self.engine.handle_closed(id, Closing::End, now),
                Ok(count) => {
                    self.engine.handle_received(id, &self.scratch[..count], now);
                    if self.engine.is_closed(id) {
                        return;
                    }
                    // A stream that gave less than asked for is empty (epoll(7)). To stop before
                    // would leave bytes behind a reply unseen until the next one is read.
                    if !to_the_end && count < self.scratch.len() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let closing = Closing::Broken(FaultText::from(&error));
                    return self.engine.handle_closed(id, closing, now);
                }
            }
        }
        // Events tell of new bytes only: nothing else brings this thread back to these.
        self.unread.push((id, to_the_end));
    }

    fn drop_socket(&mut self, id: ConnectionId) {
        if let Some(mut socket) = self.sockets.get_mut(id).and_then(Option::take) {
            // Closing would do, were it not for a copy of the descriptor in a forked child.
            let _ = socket.deregister(self.poll.registry());
            socket.shut();
        }
    }

    fn read_mail(&mut self, now: Instant) {
        for (host, begun_at) in self.mail.take_looked_up() {
            self.engine.handle_lookup(&host, begun_at, now);
        }
        self.engine.handle_called(now);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let now = clock::now();
        self.engine.close_all(now);
        self.perform(now);
    }
}

fn is_interrupted(polled: &io::Result<()>) -> bool {
    polled.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted)
}

const MAIL: Token = Token(usize::MAX);

/// Events taken with one look at the sockets.
const EVENTS_A_LOOK: usize = 256;

/// Looks at the sockets per turn while each brings as many events as fit: with more waiting,
/// timers have their turn first.
const LOOKS_A_TURN: usize = 64;

/// Reads of one socket per look, of [`RECEIVE_CHUNK`] bytes each.
const RECEIVES_A_LOOK: usize = 16;

/// Sockets that were not looked at for so long may have held their bytes for as long. Shorter
/// pauses are what scheduling and a program's own event loop cost.
const LATE_READING: Duration = Duration::from_millis(5);

/// Pause between two looks of a program's own threads at idle connections.
pub(super) const TEND_PAUSE: Duration = Duration::from_secs(1);
