//! The protocol of MySQL 4.1: greeting, log-in and commands. Whoever logs in is let in, as into a
//! searchd.

use super::packets::{Fault, Packets};
use super::sql::Statements;
use super::{Input, Master};
use crate::limits::CLIENT_PACKET_SIZE_MAX;
use crate::wire::Writer;

/// A MySQL client.
pub(super) struct Mysql41 {
    statements: Statements,
    input: Input,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The client is to be greeted.
    New,
    /// The log-in has to come.
    Greeted,
    Served,
    Over,
}

impl Mysql41 {
    pub(super) fn new(master: Master) -> Self {
        let statements = Statements::new(&master);
        Mysql41 { statements, input: Input::default(), state: State::New }
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
        match self.state {
            State::Over => None,
            State::New => {
                self.state = State::Greeted;
                let mut packets = Packets::from(0);
                packets.put(&greeting());
                Some(packets.into_bytes())
            }
            State::Greeted => {
                let (sequence, _) = packet(&mut self.input, &mut self.state)?;
                self.state = State::Served;
                let mut packets = Packets::from(sequence.wrapping_add(1));
                packets.put_ok(0, 0, false);
                Some(packets.into_bytes())
            }
            State::Served => {
                let (sequence, payload) = packet(&mut self.input, &mut self.state)?;
                let reply = command(&mut self.statements, sequence.wrapping_add(1), payload);
                if reply.is_none() {
                    self.state = State::Over;
                }
                reply
            }
        }
    }
}

/// Takes the next packet: its number and what it holds. One that is longer than any daemon takes
/// ends the connection.
fn packet<'a>(input: &'a mut Input, state: &mut State) -> Option<(u8, &'a [u8])> {
    let [low, middle, high, sequence] = input.peek()?;
    let length = u32::from_le_bytes([low, middle, high, 0]) as usize;
    if length > CLIENT_PACKET_SIZE_MAX {
        *state = State::Over;
        return None;
    }
    let packet = input.take(HEADER_LENGTH + length)?;
    Some((sequence, &packet[HEADER_LENGTH..]))
}

/// Answers a command; `None` if it ends the connection.
fn command(statements: &mut Statements, sequence: u8, payload: &[u8]) -> Option<Vec<u8>> {
    let (code, rest) = payload.split_first()?;
    let mut packets = Packets::from(sequence);
    match *code {
        QUIT => return None,
        QUERY => statements.answer(rest, &mut packets),
        // There are no databases, and so each is as good as another.
        PING | INIT_DB => packets.put_ok(0, 0, false),
        SET_OPTION => packets.put_end(0, false),
        code => packets.put_error(&Fault {
            code: UNKNOWN_COMMAND,
            state: "08S01",
            text: &format!("unknown command (code={code})"),
        }),
    }
    Some(packets.into_bytes())
}

/// Protocol, version, number of the connection, and a challenge that nobody's answer is judged by.
fn greeting() -> Vec<u8> {
    let mut payload = vec![10];
    payload.extend_from_slice(VERSION.as_bytes());
    payload.push(0);
    payload.extend(1_u32.to_le_bytes());
    payload.extend([1, 2, 3, 4, 5, 6, 7, 8, 0]);
    payload.extend(CAPABILITIES.to_le_bytes());
    payload.put_u8(0x21);
    payload.extend(2_u16.to_le_bytes());
    payload.extend([0; 13]);
    payload.extend([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0]);
    payload
}

/// Version that the greeting tells. The number of the daemon whose dialect is spoken comes first:
/// drivers compare numbers.
const VERSION: &str = concat!("2.2.11-hamirror-", env!("CARGO_PKG_VERSION"));

/// A database in the log-in, protocol 4.1, a challenge of 20 bytes.
const CAPABILITIES: u16 = 0x8208;

const HEADER_LENGTH: usize = 4;

const QUIT: u8 = 1;
const INIT_DB: u8 = 2;
const QUERY: u8 = 3;
const PING: u8 = 14;
const SET_OPTION: u8 = 27;

const UNKNOWN_COMMAND: u16 = 1047;
