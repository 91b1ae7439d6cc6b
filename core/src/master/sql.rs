//! Statements of SphinxQL, answered in packets: those of MySQL clients, and those in the API's
//! command of that name.

use super::commands::utf8;
use super::packets::{Fault, Packets};
use super::setup::{Setup, Told};
use super::{Master, told};
use crate::session::{Answer, Session, Stopped};
use crate::sphinxql::Parameters;
use crate::wire::{Reader, Truncated};

/// Statements of one client, one after the other.
pub(super) struct Statements {
    session: Session,
    setup: Setup,
}

impl Statements {
    pub(super) fn new(master: &Master) -> Self {
        Statements { session: master.client().session(), setup: Setup::new() }
    }

    /// Answers one statement, or several between semicolons. If one fails, the error comes behind
    /// the answers to those before it.
    pub(super) fn answer(&mut self, text: &[u8], packets: &mut Packets) {
        if let Err(text) = self.try_answer(text, packets) {
            packets.put_error(&Fault { code: SYNTAX_ERROR, state: "42000", text: &text });
        }
    }

    fn try_answer(&mut self, text: &[u8], packets: &mut Packets) -> Result<(), String> {
        let text = utf8("statement", text)?;
        match self.setup.answer(text)? {
            Some(Told::Done) => {
                packets.put_ok(0, 0, false);
                Ok(())
            }
            Some(Told::Rows(answer)) => put_answers(&[answer], false, packets),
            None => match self.session.execute_up_to_fault(text, &Parameters::none()) {
                Ok(answers) => put_answers(&answers, false, packets),
                Err(Stopped { answers, error }) => {
                    put_answers(&answers, true, packets)?;
                    Err(told(&error))
                }
            },
        }
    }
}

fn put_answers(answers: &[Answer], has_more: bool, packets: &mut Packets) -> Result<(), String> {
    for (number, answer) in answers.iter().enumerate() {
        let has_more = has_more || number + 1 < answers.len();
        match is_no_warning(answer) && !has_more {
            true => packets.put_ok(0, 0, false),
            false => packets.put_answer(answer, has_more)?,
        }
    }
    Ok(())
}

impl Master {
    /// SPHINXQL: packets from number 0 on, of a session that begins and ends with the request.
    pub(super) fn statements(&self, body: &[u8]) -> Result<Vec<u8>, String> {
        let text = Reader::new(body).string().map_err(Truncated::refusal)?;
        let mut packets = Packets::from(0);
        Statements::new(self).answer(text, &mut packets);
        Ok(packets.into_bytes())
    }
}

/// True of SHOW WARNINGS where there is none: daemons say OK then, and send no rows.
fn is_no_warning(answer: &Answer) -> bool {
    let names = answer.columns.iter().map(|column| column.name.as_str());
    answer.is_empty() && names.eq(["Level", "Code", "Message"])
}

const SYNTAX_ERROR: u16 = 1064;
