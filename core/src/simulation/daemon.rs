//! A daemon of the simulated world: it reads what a client writes and answers in its mode.

use std::time::Duration;

use crate::wire::header::Command;

/// What a daemon does with connections and requests, from some time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Answers within [`ANSWER_MAX`].
    Healthy,
    /// The same, a byte at a time.
    InPieces,
    /// The same, but as Manticore does: it says nothing before its first reply.
    SpeaksLast,
    /// Answers much later.
    Late,
    /// Answers right, then says more than was asked.
    SaysTooMuch,
    /// Answers ERROR, in words of its own.
    Error,
    /// Has no capacity.
    Busy,
    /// Its name has no address; where one is known already, it refuses connections.
    Nameless,
    /// Refuses connections.
    Refuses,
    /// Never answers the first packet of a connection.
    Unreachable,
    /// Accepts, then resets.
    Resets,
    /// Accepts, then is silent.
    Hangs,
    /// Greets, then is silent.
    HangsAfterGreeting,
    /// Answers pings, and no query.
    AnswersPings,
    /// Closes when it has read a request.
    ClosesOnRequest,
    /// Closes in the middle of its reply.
    CutsReply,
    /// Sends bytes of no meaning.
    Garbage,
    /// Announces a body of two gigabytes.
    HugeLength,
    /// Greets with another version.
    WrongVersion,
    /// An answer that its request can't accept.
    WrongBody,
    /// Takes no kept connections: closes on PERSIST.
    RefusesPersist,
    /// Answers as [`Mode::Healthy`] does, but now and then much later.
    Stutters,
}

impl Mode {
    pub(super) const ALL: [Mode; 22] = [
        Mode::Healthy,
        Mode::InPieces,
        Mode::SpeaksLast,
        Mode::Late,
        Mode::SaysTooMuch,
        Mode::Error,
        Mode::Busy,
        Mode::Nameless,
        Mode::Refuses,
        Mode::Unreachable,
        Mode::Resets,
        Mode::Hangs,
        Mode::HangsAfterGreeting,
        Mode::AnswersPings,
        Mode::ClosesOnRequest,
        Mode::CutsReply,
        Mode::Garbage,
        Mode::HugeLength,
        Mode::WrongVersion,
        Mode::WrongBody,
        Mode::RefusesPersist,
        Mode::Stutters,
    ];

    /// A daemon in this mode answers every read within [`ANSWER_MAX`].
    pub(super) fn answers(self) -> bool {
        matches!(
            self,
            Mode::Healthy
                | Mode::InPieces
                | Mode::SpeaksLast
                | Mode::SaysTooMuch
                | Mode::RefusesPersist
        )
    }
}

impl Mode {
    /// Whether a request that reached the daemon was executed, answered or not.
    pub(super) fn executes(self) -> bool {
        let late = matches!(self, Mode::Late | Mode::Stutters);
        let cut = matches!(self, Mode::ClosesOnRequest | Mode::CutsReply | Mode::WrongVersion);
        self.answers() || late || cut
    }
}

/// The longest delay of whatever a site in a mode that answers does.
pub(super) const DELAY_MAX: Duration = Duration::from_millis(4);

/// The longest that an answer takes in a mode that answers: look-up, two refusals, connect,
/// greeting and reply.
pub(super) const ANSWER_MAX: Duration = Duration::from_millis(24);

/// The daemon's side of one connection.
#[derive(Debug)]
pub(super) struct Peer {
    delay_max: Duration,
    input: Vec<u8>,
    greeted: bool,
    shook_hands: bool,
    persistent: bool,
    over: bool,
}

/// What a daemon sends, and when, counted from the arrival of what it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    Bytes(Duration, Vec<u8>),
    Close(Duration),
    Reset(Duration),
    /// It executed this request.
    Executed(u64),
}

impl Peer {
    /// A daemon that takes up to `delay_max` for each answer.
    pub(super) fn new(delay_max: Duration) -> Self {
        Self {
            delay_max,
            input: Vec::new(),
            greeted: false,
            shook_hands: false,
            persistent: false,
            over: false,
        }
    }

    /// It was asked to keep the connection.
    pub(super) fn is_persistent(&self) -> bool {
        self.persistent
    }

    /// The connection was accepted.
    pub(super) fn accept(&mut self, mode: Mode, random: &mut fastrand::Rng) -> Vec<Reaction> {
        let soon = delay(self.delay_max, random);
        match mode {
            Mode::Resets => vec![Reaction::Reset(soon)],
            Mode::Hangs | Mode::SpeaksLast => Vec::new(),
            Mode::WrongVersion => vec![Reaction::Bytes(soon, vec![0, 0, 0, 77])],
            Mode::Busy => {
                let mut bytes = vec![0, 0, 0, 1];
                bytes.extend(frame(2, &text("maxed out")));
                self.over = true;
                vec![Reaction::Bytes(soon, bytes), Reaction::Close(soon)]
            }
            _ => {
                self.greeted = true;
                vec![Reaction::Bytes(soon, vec![0, 0, 0, 1])]
            }
        }
    }

    /// Bytes of the client arrived.
    pub(super) fn receive(
        &mut self,
        mode: Mode,
        host: usize,
        bytes: &[u8],
        random: &mut fastrand::Rng,
    ) -> Result<Vec<Reaction>, String> {
        self.input.extend_from_slice(bytes);
        let mut reactions = Vec::new();
        if !self.shook_hands {
            if self.input.len() < 4 {
                return Ok(reactions);
            }
            if self.input[..4] != [0, 0, 0, 1] {
                return Err(format!("the client greets with {:?}", &self.input[..4]));
            }
            self.input.drain(..4);
            self.shook_hands = true;
        }
        while !self.over && self.input.len() >= 8 {
            let length =
                u32::from_be_bytes([self.input[4], self.input[5], self.input[6], self.input[7]])
                    as usize;
            if self.input.len() < 8 + length {
                break;
            }
            let request: Vec<u8> = self.input.drain(..8 + length).collect();
            self.handle(mode, host, &request, random, &mut reactions)?;
        }
        Ok(reactions)
    }

    fn handle(
        &mut self,
        mode: Mode,
        host: usize,
        request: &[u8],
        random: &mut fastrand::Rng,
        reactions: &mut Vec<Reaction>,
    ) -> Result<(), String> {
        let command = u16::from_be_bytes([request[0], request[1]]);
        let soon = delay(self.delay_max, random);
        if command == 4 {
            self.persistent = true;
            if mode == Mode::RefusesPersist {
                self.over = true;
                reactions.push(Reaction::Close(soon));
            }
            return Ok(());
        }
        let mode = match mode {
            Mode::AnswersPings if command == Command::PING.id => Mode::Healthy,
            Mode::AnswersPings => Mode::HangsAfterGreeting,
            mode => mode,
        };
        let body = &request[8..];
        let id: [u8; 8] = body.try_into().map_err(|_| format!("a body of {body:?}"))?;
        if mode.executes() {
            reactions.push(Reaction::Executed(u64::from_be_bytes(id)));
        }
        let answer = [&id[..], &(host as u32).to_be_bytes()].concat();
        self.answer(mode, host, &answer, random, reactions);
        self.over |= !self.persistent || mode == Mode::Busy;
        Ok(())
    }

    fn answer(
        &mut self,
        mode: Mode,
        host: usize,
        answer: &[u8],
        random: &mut fastrand::Rng,
        reactions: &mut Vec<Reaction>,
    ) {
        let soon = delay(self.delay_max, random);
        let bytes = match mode {
            Mode::Hangs
            | Mode::HangsAfterGreeting
            | Mode::Unreachable
            | Mode::Refuses
            | Mode::Nameless => return,
            Mode::Resets => return reactions.push(Reaction::Reset(soon)),
            Mode::ClosesOnRequest => return reactions.push(Reaction::Close(soon)),
            Mode::Busy => frame(2, &text("maxed out")),
            Mode::Error => frame(1, &text(&format!("host {host} is out of order"))),
            Mode::Garbage => (0..random.usize(1..40)).map(|_| random.u8(..)).collect(),
            Mode::HugeLength => vec![0, 0, 1, 0, 127, 255, 0, 0],
            Mode::WrongBody => frame(0, b"not what was asked"),
            Mode::SaysTooMuch => [frame(0, answer), frame(0, answer)].concat(),
            _ => frame(0, answer),
        };
        let greeting: &[u8] = if self.greeted { &[] } else { &[0, 0, 0, 1] };
        self.greeted = true;
        let bytes = [greeting, &bytes].concat();
        match mode {
            Mode::InPieces => {
                for (number, byte) in bytes.into_iter().enumerate() {
                    let at = soon + Duration::from_micros(100) * number as u32;
                    reactions.push(Reaction::Bytes(at, vec![byte]));
                }
            }
            Mode::Stutters if random.u8(..) < 180 => reactions.push(Reaction::Bytes(soon, bytes)),
            Mode::Late | Mode::Stutters => {
                let late = Duration::from_millis(random.u64(50..5_000));
                reactions.push(Reaction::Bytes(late, bytes));
            }
            Mode::CutsReply => {
                let cut = random.usize(1..bytes.len());
                reactions.push(Reaction::Bytes(soon, bytes[..cut].to_vec()));
                reactions.push(Reaction::Close(soon * 2));
            }
            Mode::Busy | Mode::Garbage => {
                reactions.push(Reaction::Bytes(soon, bytes));
                reactions.push(Reaction::Close(soon * 2));
            }
            _ => reactions.push(Reaction::Bytes(soon, bytes)),
        }
    }
}

/// How long anything takes: connecting, a greeting, a reply, a look-up, a refusal.
pub(super) fn delay(max: Duration, random: &mut fastrand::Rng) -> Duration {
    Duration::from_micros(random.u64(50..max.as_micros() as u64))
}

fn frame(status: u16, body: &[u8]) -> Vec<u8> {
    let mut frame = status.to_be_bytes().to_vec();
    frame.extend_from_slice(&0x100_u16.to_be_bytes());
    frame.extend_from_slice(&(body.len() as u32).to_be_bytes());
    frame.extend_from_slice(body);
    frame
}

fn text(words: &str) -> Vec<u8> {
    [&(words.len() as u32).to_be_bytes(), words.as_bytes()].concat()
}
