//! What happens to connections, and what that means for calls.

use std::time::Instant;

use super::connection::{State, User};
use super::{Action, CallId, ConnectionId, Engine, keep_spare};
use crate::call::Judged;
use crate::error::{FailureKind, FaultText, Phase};
use crate::request::Reply;
use crate::wire::frame::Unfed;
use crate::wire::header::{Command, ReplyHeader, Status};

/// End of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// The daemon closed it.
    End,
    /// The operating system reported this error.
    Broken(FaultText),
}

impl Engine {
    /// A connection stands.
    pub(crate) fn handle_connected(&mut self, id: ConnectionId, now: Instant) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let State::Connecting { endpoints, position, is_dialled: true, .. } = &connection.state
        else {
            return;
        };
        connection.endpoint = endpoints.get(*position).cloned();
        connection.way = now.saturating_duration_since(connection.dialled_at);
        connection.state = State::Open;
        let greets_first = connection.host.greeting.greets_first();
        // Nobody wants what a request that was not sent yet would bring.
        let Some(user) = connection.user else { return self.close(id) };
        let call = &mut self.calls[user.call].call;
        call.handle_connected(user.attempt, now);
        if !greets_first {
            call.handle_reached(user.attempt, now);
        }
        self.run_commands(user.call, now);
        self.actions.push_back(Action::Send(id));
    }

    /// A connection could not be made: the next address of the host, or a failure.
    pub(crate) fn handle_connect_failed(
        &mut self,
        id: ConnectionId,
        text: impl Into<FaultText>,
        now: Instant,
    ) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        // What waits for its turn hears of an address that it has left.
        let State::Connecting { endpoints, position, is_dialled: true, silent, .. } =
            &mut connection.state
        else {
            return;
        };
        *position += 1;
        let count = endpoints.len();
        if *position < count {
            return self.dial_next(id, now);
        }
        let reword = |text: String| match (count, silent.len()) {
            (1, _) => format!("connect() failed: {text}"),
            (count, 0) => format!("connect() failed on all {count} addresses: {text}"),
            (count, silent) => {
                let refused = count - silent;
                format!("connect() failed on {refused} of {count} addresses: {text}")
            }
        };
        let text = text.into().reworded(reword);
        if self.may_have_moved(id) {
            return self.look_again(id, text, now);
        }
        if self.dial_silent(id, now) {
            return;
        }
        self.fail(id, FailureKind::ConnectFailure, text, now);
    }

    /// This process was given no socket: no fault of the host, and no other address would help.
    pub(crate) fn handle_no_socket(
        &mut self,
        id: ConnectionId,
        text: impl Into<FaultText>,
        now: Instant,
    ) {
        if self.is_connecting(id) {
            let text = text.into().reworded(|text| format!("no socket: {text}"));
            self.fail(id, FailureKind::Local, text, now);
        }
    }

    /// Bytes of [`output`](Self::output) are with the kernel.
    pub(crate) fn handle_sent(&mut self, id: ConnectionId, count: usize) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.sent += count;
        debug_assert!(connection.sent <= connection.output.len());
        if let Some(user) = connection.user.filter(|_| count > 0) {
            self.calls[user.call].call.handle_handed_over(user.attempt);
        }
    }

    /// Bytes came.
    pub(crate) fn handle_received(&mut self, id: ConnectionId, bytes: &[u8], now: Instant) {
        let mut rest = bytes;
        while let Some(taken) = self.receive(id, rest, now) {
            rest = &rest[taken..];
        }
    }

    /// Takes bytes up to the end of one reply; after a heartbeat says how many, and there may be
    /// more.
    fn receive(&mut self, id: ConnectionId, bytes: &[u8], now: Instant) -> Option<usize> {
        let connection = self.connections.get_mut(id).filter(|connection| connection.is_open())?;
        if connection.left_behind.is_some() {
            self.receive_left_behind(id, bytes, now);
            return None;
        }
        let Some(user) = connection.user else {
            // Nobody asked: whatever it is, the next reply must not be read behind it.
            let host = connection.host.clone();
            self.close(id);
            self.retire_idle(&host);
            return None;
        };
        let was_greeted = connection.reader.is_greeted();
        let was_heard = connection.reader.has_reply_bytes();
        let begun_at = connection.idle_since;
        let fed = connection.reader.feed(bytes);
        let is_heard = connection.reader.has_reply_bytes();
        if is_heard && !was_heard && fed.as_ref().is_ok_and(|fed| fed.reply.is_none()) {
            self.calls[user.call].call.handle_heard(user.attempt, now);
        }
        let connection = &mut self.connections[id];
        if !was_greeted && connection.reader.is_greeted() {
            connection.host.record(|karma| karma.handle_greeted(begun_at));
            let is_early = !connection.reader.has_reply_bytes()
                && fed.as_ref().is_ok_and(|fed| fed.reply.is_none());
            connection.host.greeting.handle_greeting(is_early);
            self.calls[user.call].call.handle_reached(user.attempt, now);
            self.rearm(user.call);
            self.end_dial(id, now);
        }
        match fed {
            Err(Unfed::Wrong(text)) => {
                let host = self.connections[id].host.clone();
                self.retire_idle(&host);
                self.fail(id, FailureKind::WrongReply, text, now);
            }
            Err(Unfed::OutOfMemory(length)) => {
                let text = format!("out of memory for a reply, {length} bytes before its end");
                self.fail(id, FailureKind::Local, text, now);
            }
            Ok(fed) => {
                let header = fed.reply?;
                let call = &mut self.calls[user.call].call;
                let is_heartbeat = header.status == Status::InProgress && header.length == 0;
                if is_heartbeat && call.request().expects_heartbeats() {
                    call.handle_heartbeat(user.attempt, now);
                    self.rearm(user.call);
                    return (fed.taken < bytes.len()).then_some(fed.taken);
                }
                self.handle_reply(id, header, fed.taken < bytes.len(), now);
            }
        }
        None
    }

    /// The connection ended.
    pub(crate) fn handle_closed(&mut self, id: ConnectionId, closing: Closing, now: Instant) {
        let Some(connection) = self.connections.get(id) else { return };
        match &connection.state {
            State::Closed | State::Wanted | State::Resolving { .. } => {}
            State::Connecting { .. } => {
                let text = match closing {
                    Closing::End => "connection was closed".into(),
                    Closing::Broken(text) => text,
                };
                self.handle_connect_failed(id, text, now);
            }
            State::Open if connection.left_behind.is_some() => {
                let text = "connection was closed".to_owned();
                self.fail_left_behind(id, FailureKind::UnexpectedClosing, text, now);
            }
            State::Open if connection.user.is_none() => self.close(id),
            State::Open => self.handle_cut(id, closing, now),
        }
    }

    /// Time went by.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.end_silences(now);
        if self.dials.next().is_some_and(|due| due <= now) {
            self.handle_dial_timeout(now);
        }
        while let Some(id) = self.timers.pop_due(&mut self.calls, now) {
            let random = self.random.u64(..);
            let slot = &mut self.calls[id];
            let (links, connections) = (&slot.links, &self.connections);
            let phase_of = |attempt| Self::phase_of(links, connections, attempt);
            slot.call.handle_timeout(phase_of, random, now);
            self.run_commands(id, now);
        }
        self.timers.skip(&mut self.calls);
    }

    /// A request was cut off: on a kept connection that may mean no more than that the daemon
    /// had closed it before.
    fn handle_cut(&mut self, id: ConnectionId, closing: Closing, now: Instant) {
        let connection = &self.connections[id];
        let Some(user) = connection.user else { return };
        let host = connection.host.clone();
        let silent = !connection.reader.has_reply_bytes();
        let call = &self.calls[user.call].call;
        // While this process slept, a daemon may have lost patience with a request that did not
        // come.
        let stale = connection.served > 0 || call.is_excused(user.attempt);
        let persist_refused = connection.kept && !stale && connection.reader.is_greeted();
        if silent && (stale || persist_refused) && call.may_resend() {
            return self.replace(id, user, stale, now);
        }
        let phase = connection.phase();
        let (kind, text) = match closing {
            Closing::End if phase == Phase::Handshake => {
                let text = "handshake failure (connection was closed)";
                (FailureKind::UnexpectedClosing, FaultText::from(text))
            }
            Closing::End => (FailureKind::UnexpectedClosing, "agent closed connection".into()),
            Closing::Broken(text) => {
                let text = text.reworded(|text| format!("receiving failure ({text})"));
                (FailureKind::NetworkError, text)
            }
        };
        self.retire_idle(&host);
        self.fail(id, kind, text, now);
    }

    /// Sends a request again on a new connection: no failure of the mirror. A daemon that closed a
    /// new connection after PERSIST has all the kept connections it wants
    /// (core/docs/spec/protocol.md 2).
    pub(super) fn replace(&mut self, id: ConnectionId, user: User, stale: bool, now: Instant) {
        if stale {
            let host = self.connections[id].host.clone();
            self.retire_idle(&host);
        }
        self.send_anew(id, user, stale, now);
    }

    /// Sends a request, built anew, on a connection of its own; that is kept if it may be.
    fn send_anew(&mut self, id: ConnectionId, user: User, may_keep: bool, now: Instant) {
        let host = self.connections[id].host.clone();
        self.detach(id);
        self.close(id);
        let agent = self.calls[user.call].call.agent();
        let (keeps, max) = (agent.keeps_connections, agent.max_packet_size);
        let keep = may_keep && keeps && host.kept.claim();
        let id = self.open(host, keep, max, now);
        self.link(id, user);
        self.calls[user.call].call.handle_late_dial(user.attempt, now);
        self.send_request(id, user, now);
        self.run_commands(user.call, now);
    }

    pub(super) fn fail(
        &mut self,
        id: ConnectionId,
        kind: FailureKind,
        text: impl Into<FaultText>,
        now: Instant,
    ) {
        let connection = &self.connections[id];
        let phase = connection.phase();
        let host = connection.host.clone();
        let is_left_behind = connection.left_behind.is_some();
        if host.wants_lookup_after(kind) && phase != Phase::Resolve {
            self.look_up_beside(&host, now);
        }
        if is_left_behind {
            return self.fail_left_behind(id, kind, text, now);
        }
        let user = self.detach(id);
        self.close(id);
        let Some(user) = user else { return };
        let random = self.random.u64(..);
        let call = &mut self.calls[user.call].call;
        call.handle_failure(user.attempt, kind, phase, text, random, now);
        self.run_commands(user.call, now);
    }

    fn handle_reply(&mut self, id: ConnectionId, head: ReplyHeader, more: bool, now: Instant) {
        let spare = self.spare.pop().unwrap_or_default();
        let connection = &mut self.connections[id];
        let body = connection.reader.take_body(spare);
        connection.served += 1;
        connection.idle_since = now;
        // Bytes behind a reply, or a reply before the request was read, mean that both sides lost
        // step. After ERROR a daemon may not have read the rest of the request (Manticore).
        let in_step = !more && connection.is_flushed();
        let reusable = connection.kept && head.status != Status::Error;
        let Some(user) = connection.user else { return };
        let (status, version) = (head.status, head.version);
        let is_search = self.calls[user.call].call.request().command().id == Command::SEARCH.id;
        if is_search && matches!(status, Status::Ok | Status::Warning) {
            self.connections[id].host.greeting.handle_search_version(version);
        }
        let (asked, layout) = (self.connections[id].asked, self.connections[id].layout);
        let reply = Reply { status, asked, layout, ..Reply::new(version, body) };
        let random = self.random.u64(..);
        let call = &mut self.calls[user.call].call;
        if let Some(since) = self.reads_late {
            call.handle_late_reading(user.attempt, since);
        }
        let judged = call.handle_reply(user.attempt, reply, random, now);
        let is_sound = judged != Judged::Unsound;
        let connection = &mut self.connections[id];
        let serves_on = in_step && is_sound && reusable && connection.host.may_keep();
        if judged == Judged::AskAgain {
            if !in_step {
                let host = connection.host.clone();
                self.retire_idle(&host);
            }
            return self.ask_again(id, user, serves_on, now);
        }
        self.detach(id);
        let connection = &mut self.connections[id];
        if serves_on {
            connection.retirements = connection.host.kept.retirements();
            self.idle.push(connection.host.number, id);
        } else {
            let host = connection.host.clone();
            self.close(id);
            if !(in_step && is_sound) {
                self.retire_idle(&host);
            }
        }
        self.run_commands(user.call, now);
    }

    /// Sends the request of an attempt again in other words, where that connection serves on over
    /// it.
    fn ask_again(&mut self, id: ConnectionId, user: User, serves_on: bool, now: Instant) {
        if !serves_on {
            let keeps = self.calls[user.call].call.may_resend();
            return self.send_anew(id, user, keeps, now);
        }
        self.calls[user.call].call.handle_reused(user.attempt);
        self.send_request(id, user, now);
        self.run_commands(user.call, now);
    }

    pub(super) fn rearm(&mut self, id: CallId) {
        let slot = &mut self.calls[id];
        if let Some(due) = slot.call.next_timeout() {
            self.timers.arm(&mut slot.armed, id, due);
        }
    }

    /// Gives a body's buffer back for the next reply.
    pub(crate) fn recycle(&mut self, body: Vec<u8>) {
        keep_spare(&mut self.spare, body);
    }
}
