//! The binary API: handshake, frames, and which command is whose (core/docs/spec/protocol.md 1
//! and 2).

use super::block::too_long;
use super::{Input, Master};
use crate::limits::{CLIENT_PACKET_SIZE_MAX, CLIENT_REPLY_SIZE_MAX};
use crate::wire::header::{self, Command};
use crate::wire::{Reader, Writer, handshake};

/// A client of the binary API.
pub(super) struct Api {
    master: Master,
    input: Input,
    state: State,
    is_persistent: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The client is to be greeted.
    New,
    /// The client's version has to come.
    Greeted,
    Served,
    Over,
}

/// What a command comes to.
pub(super) enum Outcome {
    Done(Vec<u8>),
    /// The answer, with what of it is missing.
    Warned(String, Vec<u8>),
}

/// A request of a client.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) id: u16,
    pub(super) version: u16,
    pub(super) body: &'a [u8],
}

impl Api {
    pub(super) fn new(master: Master) -> Self {
        Api { master, input: Input::default(), state: State::New, is_persistent: false }
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        if self.state != State::Over {
            self.input.receive(bytes);
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    pub(super) fn next_reply(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.state {
                State::Over => return None,
                State::New => {
                    self.state = State::Greeted;
                    return Some(handshake::DAEMON.to_vec());
                }
                // Its number means nothing to a daemon.
                State::Greeted => {
                    self.input.take(handshake::LENGTH)?;
                    self.state = State::Served;
                }
                State::Served => {
                    let reply = self.request()?;
                    if !reply.is_empty() {
                        return Some(reply);
                    }
                }
            }
        }
    }

    /// Answers the next request; the reply is empty where a daemon sends none. `None` unless a
    /// whole request has come.
    fn request(&mut self) -> Option<Vec<u8>> {
        let [i0, i1, v0, v1, l0, l1, l2, l3] = self.input.peek()?;
        let (id, version) = (u16::from_be_bytes([i0, i1]), u16::from_be_bytes([v0, v1]));
        let length = u32::from_be_bytes([l0, l1, l2, l3]);
        if id >= COMMANDS || length as usize > CLIENT_PACKET_SIZE_MAX {
            self.state = State::Over;
            let length = length.cast_signed();
            return Some(refusal(&format!("invalid command (code={id}, len={length})")));
        }
        let frame = self.input.take(header::LENGTH + length as usize)?;
        let request = Request { id, version, body: &frame[header::LENGTH..] };
        if id == Command::PERSIST.id {
            self.is_persistent = Reader::new(request.body).u32().unwrap_or(0) != 0;
            if !self.is_persistent {
                self.state = State::Over;
            }
            return Some(Vec::new());
        }
        let reply = self.master.answer(request);
        if !self.is_persistent {
            self.state = State::Over;
        }
        Some(reply)
    }
}

impl Master {
    /// The whole reply to a request of that command and version.
    #[cfg(test)]
    pub(super) fn answer_to(&self, id: u16, version: u16, body: &[u8]) -> Vec<u8> {
        self.answer(Request { id, version, body })
    }

    /// The whole reply to a request, header included; none to a command that no daemon has.
    fn answer(&self, request: Request<'_>) -> Vec<u8> {
        let Some(own) = OWN.iter().find(|own| own.id == request.id) else { return Vec::new() };
        let answer = check_version(*own, request.version).and_then(|()| self.run(request));
        // Clients warn where a daemon's version is lower than theirs.
        let version = own.version.max(request.version);
        let version = if own.id == Command::SEARCH.id { version } else { own.version };
        match answer {
            Ok(Outcome::Done(body)) => frame(0, version, &body),
            Ok(Outcome::Warned(text, answer)) => {
                let mut body = Vec::new();
                body.put_string(text.as_bytes());
                body.extend(answer);
                frame(3, version, &body)
            }
            Err(text) => refusal(&text),
        }
    }

    fn run(&self, request: Request<'_>) -> Result<Outcome, String> {
        let Request { id, version, body } = request;
        match id {
            id if id == Command::SEARCH.id => self.search(version, body).map(Outcome::Done),
            id if id == Command::EXCERPT.id => self.excerpt(version, body).map(Outcome::Done),
            id if id == Command::UPDATE.id => self.update(version, body),
            id if id == Command::KEYWORDS.id => self.keywords(body).map(Outcome::Done),
            id if id == Command::STATUS.id => Ok(Outcome::Done(self.status(body))),
            id if id == Command::FLUSHATTRS.id => self.flush_attributes().map(Outcome::Done),
            id if id == Command::SPHINXQL.id => self.statements(body).map(Outcome::Done),
            id if id == Command::PING.id => {
                let cookie = Reader::new(body).u32().unwrap_or(0);
                Ok(Outcome::Done(cookie.to_be_bytes().to_vec()))
            }
            _ => Err("global variables are set by SET GLOBAL of SphinxQL here".to_owned()),
        }
    }
}

/// Refuses a version of which a daemon would not know the layout (core/docs/spec/protocol.md 1.7).
fn check_version(own: Command, client: u16) -> Result<(), String> {
    use crate::wire::search::{CLIENT_VERSION_MAX, CLIENT_VERSION_MIN};
    let is_search = own.id == Command::SEARCH.id;
    let newest = if is_search { CLIENT_VERSION_MAX } else { own.version };
    let shown = |version: u16| format!("v.{}.{}", version >> 8, version & 0xff);
    if client >> 8 != newest >> 8 {
        return Err(format!(
            "major command version mismatch (expected v.{}.x, got {})",
            newest >> 8,
            shown(client)
        ));
    }
    if client > newest {
        return Err(format!(
            "client version is higher than daemon version (client is {}, daemon is {})",
            shown(client),
            shown(newest)
        ));
    }
    if is_search && client < CLIENT_VERSION_MIN {
        return Err(format!(
            "client version is too old; upgrade your client (client is {}, min is {})",
            shown(client),
            shown(CLIENT_VERSION_MIN)
        ));
    }
    Ok(())
}

fn refusal(text: &str) -> Vec<u8> {
    let mut body = Vec::new();
    body.put_string(text.as_bytes());
    frame(1, 0, &body)
}

/// A reply; in place of one that is longer than clients take, an error that says so.
fn frame(status: u16, version: u16, body: &[u8]) -> Vec<u8> {
    if body.len() > CLIENT_REPLY_SIZE_MAX {
        return refusal(&too_long(CLIENT_REPLY_SIZE_MAX));
    }
    let mut frame = Vec::with_capacity(header::LENGTH + body.len());
    frame.put_u16(status);
    frame.put_u16(version);
    frame.put_string(body);
    frame
}

/// Number of commands that 2.2.11 has, two of which mean nothing.
const COMMANDS: u16 = 12;

/// Commands that are answered, in the versions of 2.2.11: agents are asked in older ones.
const OWN: [Command; 9] = [
    Command::SEARCH,
    Command { version: 0x104, ..Command::EXCERPT },
    Command::UPDATE,
    Command::KEYWORDS,
    Command { version: 0x101, ..Command::STATUS },
    Command::FLUSHATTRS,
    Command::SPHINXQL,
    Command::PING,
    Command::UVAR,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_that_is_longer_than_clients_take_is_refused() {
        let body = vec![0; CLIENT_REPLY_SIZE_MAX + 1];
        assert_eq!(frame(0, 0x11e, &body), refusal(&too_long(CLIENT_REPLY_SIZE_MAX)));
        let longest = frame(0, 0x11e, &body[1..]);
        assert_eq!(longest[..8], [0, 0, 1, 0x1e, 8, 0, 0, 0]);
        assert_eq!(longest.len(), header::LENGTH + CLIENT_REPLY_SIZE_MAX);
    }
}
