//! Options of an agent line: `[ha_strategy=nodeads, conn=persistent, blackhole=0, retry_count=2]`.

use std::ops::Range;

use super::scan::trim;
use crate::config::fault::Fault;
use crate::config::model::{HaStrategy, STRATEGY_EXPECTED};
use crate::config::units::parse_count;

/// What the options of a line say; unset where they say nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AgentOptions {
    pub(super) ha_strategy: Option<HaStrategy>,
    /// `conn=pconn` or `conn=persistent`: there is no option that says no.
    pub(super) persistent: Option<()>,
    pub(super) blackhole: Option<bool>,
    pub(super) retry_count: Option<u32>,
}

/// What is to be said about the options.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    pub(super) faults: Vec<Fault>,
    pub(super) oddity: Option<Fault>,
}

/// Reads what stands between the brackets. Names and values count in any case, blanks around
/// `=` and `,` don't, as in Manticore.
pub(super) fn read(
    text: &str,
    inside: Range<usize>,
    is_blackhole_key: bool,
    options: &mut AgentOptions,
) -> Remarks {
    let mut remarks = Remarks::default();
    let mut start = inside.start;
    for pair in text[inside.clone()].split(',') {
        let range = trim(text, start..start + pair.len());
        start += pair.len() + 1;
        if range.is_empty() && start > inside.end {
            let expected = "an option is expected before ']'".to_owned();
            remarks.oddity = Some(Fault { range: inside.clone(), expected });
        } else if let Err(fault) = read_pair(text, range, is_blackhole_key, options) {
            remarks.faults.push(fault);
        }
    }
    remarks
}

fn read_pair(
    text: &str,
    pair: Range<usize>,
    is_blackhole_key: bool,
    options: &mut AgentOptions,
) -> Result<(), Fault> {
    let Some(length) = text[pair.clone()].find('=') else {
        return Err(Fault { range: pair, expected: "OPTION=VALUE is expected".to_owned() });
    };
    let after = pair.start + length + 1;
    if let Some(length) = text[after..pair.end].find('=')
        && let Some(range) = separator(text, after..after + length)
    {
        return Err(Fault { range, expected: COMMA_EXPECTED.to_owned() });
    }
    let name = trim(text, pair.start..pair.start + length);
    let range = trim(text, pair.start + length + 1..pair.end);
    let value = &text[range.clone()];
    let fault = |expected: &str| Fault { range: range.clone(), expected: expected.to_owned() };
    let is_first = match text[name.clone()].to_ascii_lowercase().as_str() {
        "ha_strategy" => {
            let strategy = HaStrategy::parse(value).ok_or_else(|| fault(STRATEGY_EXPECTED))?;
            options.ha_strategy.replace(strategy).is_none()
        }
        "conn" => {
            if !["pconn", "persistent"].iter().any(|word| word.eq_ignore_ascii_case(value)) {
                return Err(fault("pconn or persistent is expected"));
            }
            options.persistent.replace(()).is_none()
        }
        "blackhole" => {
            let blackhole = match value {
                "0" if is_blackhole_key => {
                    return Err(fault("1 is expected behind agent_blackhole"));
                }
                "0" => false,
                "1" => true,
                _ => return Err(fault("0 or 1 is expected")),
            };
            options.blackhole.replace(blackhole).is_none()
        }
        "retry_count" => {
            let count = parse_count(value).map_err(|inner| fault(&inner.expected))?;
            options.retry_count.replace(count).is_none()
        }
        _ => {
            let expected = "an option is expected: ha_strategy, conn, blackhole, retry_count";
            return Err(Fault { range: name, expected: expected.to_owned() });
        }
    };
    if is_first {
        Ok(())
    } else {
        Err(Fault { range: pair, expected: "each option is expected once".to_owned() })
    }
}

/// What parts the value of an option from the name of the next; `None` if it is one word.
fn separator(text: &str, between: Range<usize>) -> Option<Range<usize>> {
    let between = trim(text, between);
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let start = between.start + text[between.clone()].find(|letter| !is_word(letter))?;
    let rest = &text[start..between.end];
    Some(start..start + rest.find(is_word)?)
}

/// Where something else parts two options.
pub(super) const COMMA_EXPECTED: &str = "',' is expected between options";
