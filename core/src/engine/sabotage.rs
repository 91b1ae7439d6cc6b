//! An engine that the simulation breaks on purpose, to prove that its invariants notice.
//!
//! Every fault is planted around the engine, in the methods that its driver calls: the engine
//! itself holds no code of tests.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::time::Instant;

use super::{Action, CallId, ConnectionId, Engine};
use crate::error::FaultText;
use crate::simulation::Sabotage;

/// An engine with one fault, or with none.
pub(crate) struct Sabotaged {
    engine: Engine,
    sabotage: Option<Sabotage>,
    /// A call that has ended and is to end once more.
    again: Option<CallId>,
}

impl Sabotaged {
    /// An engine without calls that has that fault.
    pub(crate) fn new(seed: u64, sabotage: Option<Sabotage>) -> Self {
        Self { engine: Engine::new(seed), sabotage, again: None }
    }

    /// As [`Engine::poll_action`].
    pub(crate) fn poll_action(&mut self) -> Option<Action> {
        let action = self.engine.poll_action()?;
        match (self.sabotage, &action) {
            (Some(Sabotage::LeaksPlaces), Action::Connect(id, _)) => {
                let connection = &self.engine.connections[*id];
                if connection.kept {
                    connection.host.kept.claim();
                }
            }
            (Some(Sabotage::StaysBusy), Action::Send(id)) => {
                if let Some(connection) = self.engine.connections.get(*id).filter(|it| it.kept) {
                    connection.host.kept.handle_busy();
                }
            }
            (Some(Sabotage::StaysInFlight), Action::Connect(id, _)) => {
                let host = &self.engine.connections[*id].host;
                mem::forget(host.read(|karma| karma.begin_attempt()));
            }
            _ => {}
        }
        Some(action)
    }

    /// As [`Engine::poll_completion`].
    pub(crate) fn poll_completion(&mut self) -> Option<CallId> {
        if let Some(again) = self.again.take() {
            return Some(again);
        }
        let ended = self.engine.poll_completion()?;
        match self.sabotage {
            Some(Sabotage::EndsTwice) => self.again = Some(ended),
            Some(Sabotage::LosesEnds) => return self.poll_completion(),
            Some(Sabotage::NeverEnds) => {
                self.engine.running += 1;
                return self.poll_completion();
            }
            _ => {}
        }
        Some(ended)
    }

    /// As [`Engine::handle_timeout`].
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.sabotage != Some(Sabotage::DeafToTime) {
            self.engine.handle_timeout(now);
        }
    }

    /// As [`Engine::handle_connect_failed`].
    pub(crate) fn handle_connect_failed(
        &mut self,
        id: ConnectionId,
        text: impl Into<FaultText>,
        now: Instant,
    ) {
        let user = self.engine.connections.get(id).and_then(|connection| connection.user);
        if let Some(user) = user.filter(|_| self.sabotage == Some(Sabotage::GivesUp)) {
            self.engine.cancel(user.call, now);
        }
        self.engine.handle_connect_failed(id, text, now);
    }

    /// As [`Engine::handle_sent`].
    pub(crate) fn handle_sent(&mut self, id: ConnectionId, count: usize) {
        match self.sabotage {
            Some(Sabotage::ForgetsSending) => self.engine.connections[id].sent += count,
            _ => self.engine.handle_sent(id, count),
        }
    }

    /// As [`Engine::cancel`].
    pub(crate) fn cancel(&mut self, id: CallId, now: Instant) {
        if self.sabotage == Some(Sabotage::KeepsAbandoned) {
            for (_, link) in self.engine.calls[id].links.clone() {
                let connection = &self.engine.connections[link];
                if connection.is_open() && connection.served > 0 {
                    let host = connection.host.number;
                    self.engine.detach(link);
                    self.engine.idle.push(host, link);
                }
            }
        }
        self.engine.cancel(id, now);
    }
}

impl Deref for Sabotaged {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

impl DerefMut for Sabotaged {
    fn deref_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }
}
