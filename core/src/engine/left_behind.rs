//! Requests whose calls do without them: their replies are still read, to judge their hosts by,
//! and their connections serve on.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use super::connection::{State, User};
use super::{ConnectionId, Engine};
use crate::call::LeftBehind;
use crate::error::{FailureKind, FaultText, Phase};
use crate::limits::LEFT_BEHIND_SIZE_MAX;
use crate::wire::header::{ReplyHeader, Status};

/// When those that are still silent have failed.
#[derive(Debug, Default)]
pub(super) struct Silences(BinaryHeap<Reverse<(Instant, ConnectionId)>>);

impl Silences {
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((due, _))| *due)
    }

    /// The request that was left behind on a connection has failed if it is silent until then.
    pub(super) fn arm(&mut self, until: Instant, id: ConnectionId) {
        self.0.push(Reverse((until, id)));
    }
}

impl Engine {
    /// Separates the connection of an attempt from its call.
    pub(super) fn leave_behind(&mut self, user: User, now: Instant) {
        let slot = &mut self.calls[user.call];
        let Some(left) = slot.call.take_left_behind(user.attempt) else { return };
        let link = slot.links.iter().find(|(attempt, _)| *attempt == user.attempt);
        let Some(&(_, id)) = link else { return };
        self.detach(id);
        let connection = &mut self.connections[id];
        let is_begun = match connection.state {
            State::Connecting { .. } => !connection.dial.is_queued(),
            State::Open => true,
            State::Wanted | State::Resolving { .. } | State::Closed => false,
        };
        if !is_begun {
            return self.close(id);
        }
        // What is due already is due now: nobody has missed it before it was known.
        let until = left.until().max(now);
        connection.left_behind = Some(Box::new(left));
        self.silences.arm(until, id);
    }

    /// Bytes came for a request that was left behind. Its connection serves on after a reply of
    /// modest size.
    pub(super) fn receive_left_behind(&mut self, id: ConnectionId, bytes: &[u8], now: Instant) {
        let connection = &mut self.connections[id];
        let begun_at = connection.idle_since;
        let was_greeted = connection.reader.is_greeted();
        let fed = connection.reader.feed(bytes);
        let (is_greeted, host) = (connection.reader.is_greeted(), connection.host.clone());
        if !was_greeted && is_greeted {
            host.record(|karma| karma.handle_greeted(begun_at));
            self.end_dial(id, now);
        }
        let connection = &mut self.connections[id];
        let Some(left) = &mut connection.left_behind else { return };
        match fed {
            Err(_) => {
                let (kind, text) = (FailureKind::WrongReply, "reply is malformed".to_owned());
                left.handle_failure(kind, Phase::Read, text, now);
                self.retire_idle(&host);
                self.close(id);
            }
            Ok(fed) => match fed.reply {
                Some(header) => {
                    let is_whole = fed.taken == bytes.len();
                    self.end_left_behind(id, header, is_whole, now);
                }
                None if connection.reader.has_reply_bytes() => {
                    left.handle_heard(now);
                    if connection.reader.body_length() > LEFT_BEHIND_SIZE_MAX {
                        left.handle_answer(self.reads_late, now);
                        self.close(id);
                    }
                }
                None => {}
            },
        }
    }

    fn end_left_behind(
        &mut self,
        id: ConnectionId,
        header: ReplyHeader,
        is_whole: bool,
        now: Instant,
    ) {
        let spare = self.spare.pop().unwrap_or_default();
        let connection = &mut self.connections[id];
        let body = connection.reader.take_body(spare);
        let Some(mut left) = connection.left_behind.take() else { return };
        let is_well = matches!(header.status, Status::Ok | Status::Warning);
        if is_well {
            left.handle_answer(self.reads_late, now);
        } else {
            left.handle_refusal(now);
        }
        connection.served += 1;
        connection.idle_since = now;
        let may_serve_on = is_well && is_whole && connection.is_flushed() && connection.kept;
        if may_serve_on && connection.host.may_keep() {
            connection.retirements = connection.host.kept.retirements();
            let host = connection.host.number;
            self.idle.push(host, id);
        } else {
            self.close(id);
        }
        self.recycle(body);
    }

    /// The connection of a request that was left behind ended.
    pub(super) fn fail_left_behind(
        &mut self,
        id: ConnectionId,
        kind: FailureKind,
        text: impl Into<FaultText>,
        now: Instant,
    ) {
        let connection = &mut self.connections[id];
        let phase = connection.phase();
        // A daemon may close a kept connection whenever nobody uses it.
        let is_stale = connection.served > 0 && !connection.reader.has_reply_bytes();
        if let Some(mut left) = connection.left_behind.take().filter(|_| !is_stale) {
            left.handle_failure(kind, phase, text, now);
        }
        self.close(id);
    }

    /// Time went by: what is still silent has failed.
    pub(super) fn end_silences(&mut self, now: Instant) {
        while let Some(&Reverse((due, id))) = self.silences.0.peek()
            && due <= now
        {
            self.silences.0.pop();
            let Some(connection) = self.connections.get_mut(id) else { continue };
            let is_due = |left: &mut Box<LeftBehind>| left.until() <= due;
            if let Some(mut left) = connection.left_behind.take_if(is_due) {
                left.handle_silence(connection.phase(), now);
                self.handle_silence(id, now);
                self.close(id);
            }
        }
    }
}
