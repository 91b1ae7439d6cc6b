//! Questions of all kinds to hamirror and to a master over the same agents: what differs has to be
//! on a documented list.
//!
//! A question is asked by the default of hamirror, which is right where masters are not. Where
//! that is the reason, it is asked once more by the master's mode, and has to be equal then; one
//! index with all documents has to say the same as the default.

pub mod deviation;
pub mod difference;
pub mod parties;
pub mod question;
pub mod statement;
pub mod told;
pub mod translate;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use comfy_table::Table;
use hamirror::search::MergeMode;

use self::deviation::{Deviation, Met};
use self::difference::{Difference, differences};
use self::parties::{Answers, Parties};
use self::question::{Aggregate, Kind, Question, Traits};
use self::told::Told;
use crate::report;

/// What came of the questions.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One for each kind that was asked.
    pub tallies: Vec<Tally>,
    /// Answers that differ for no reason of the list.
    pub faults: Vec<String>,
}

/// Queries of one kind.
#[derive(Debug)]
pub struct Tally {
    /// Their kind.
    pub kind: Kind,
    /// Number of queries.
    pub asked: usize,
    /// Queries that both answered alike.
    pub equal: usize,
    /// Queries that both refused.
    pub refused: usize,
    /// Queries that both answered alike but for these reasons; one may have several.
    pub deviating: BTreeMap<&'static str, usize>,
    /// Queries without a reason for what differs.
    pub unexplained: usize,
    /// Sums of distinct values that were counted.
    pub distinct: Distinct,
}

/// Sums of distinct values, by whoever counted them in the same groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distinct {
    /// Hamirror's.
    pub found: u64,
    /// Those of one index with all documents.
    pub whole: u64,
    /// The master's.
    pub master: u64,
}

/// What came of one query.
#[derive(Clone, Debug)]
enum Verdict {
    Equal,
    Refused,
    Deviating(Vec<&'static Deviation>, Vec<Difference>),
    Unexplained(String),
}

impl Outcome {
    /// Asks questions until so many queries were asked, in turns of all those kinds.
    pub fn of(
        parties: &mut Parties,
        kinds: &[Kind],
        seed: u64,
        queries: usize,
    ) -> Result<Outcome> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut outcome = Outcome::default();
        let turn: Vec<Kind> = Kind::TURN
            .into_iter()
            .filter(|kind| kinds.contains(kind) && parties.can_ask(kind.is_sql()))
            .collect();
        ensure!(!turn.is_empty(), "the master has no listener for these kinds");
        let mut asked = 0;
        for kind in turn.into_iter().cycle() {
            if asked >= queries {
                break;
            }
            let question = kind.generate(&mut random);
            let (verdicts, distinct) = judge(parties, &question)?;
            asked += verdicts.len();
            outcome.put(kind, &question, verdicts, distinct);
        }
        Ok(outcome)
    }

    fn put(
        &mut self,
        kind: Kind,
        question: &Question,
        verdicts: Vec<Verdict>,
        distinct: Distinct,
    ) {
        if self.tallies.iter().all(|tally| tally.kind != kind) {
            self.tallies.push(Tally {
                kind,
                asked: 0,
                equal: 0,
                refused: 0,
                deviating: BTreeMap::new(),
                unexplained: 0,
                distinct: Distinct::default(),
            });
            self.tallies.sort_by_key(|tally| tally.kind as usize);
        }
        let Some(tally) = self.tallies.iter_mut().find(|tally| tally.kind == kind) else { return };
        tally.distinct.found += distinct.found;
        tally.distinct.whole += distinct.whole;
        tally.distinct.master += distinct.master;
        for (number, verdict) in verdicts.into_iter().enumerate() {
            tally.asked += 1;
            match verdict {
                Verdict::Equal => tally.equal += 1,
                Verdict::Refused => tally.refused += 1,
                Verdict::Deviating(reasons, _) => {
                    let names: BTreeSet<_> = reasons.iter().map(|reason| reason.name).collect();
                    for name in names {
                        *tally.deviating.entry(name).or_default() += 1;
                    }
                }
                Verdict::Unexplained(text) => {
                    tally.unexplained += 1;
                    let shown = match question {
                        Question::Api { index, queries } => {
                            format!("{index}: {:?}", queries[number])
                        }
                        Question::Statement(statement) => statement.text(),
                    };
                    self.faults.push(format!("{}, query {number}: {shown}\n{text}", kind.name()));
                }
            }
        }
    }

    /// Number of queries that were asked.
    pub fn asked(&self) -> usize {
        self.tallies.iter().map(|tally| tally.asked).sum()
    }

    /// The one table.
    pub fn table(&self) -> Table {
        let heading = [
            "kind",
            "asked",
            "equal",
            "both refuse",
            "deviating by reason",
            "unexplained",
            "distinct: hamirror",
            "one index",
            "master",
        ];
        let rows = self.tallies.iter().map(|tally| {
            let reasons = tally.deviating.iter();
            let reasons: Vec<String> =
                reasons.map(|(name, count)| format!("{name}: {count}")).collect();
            let Distinct { found, whole, master } = tally.distinct;
            vec![
                tally.kind.name().to_owned(),
                tally.asked.to_string(),
                tally.equal.to_string(),
                tally.refused.to_string(),
                reasons.join("\n"),
                tally.unexplained.to_string(),
                found.to_string(),
                whole.to_string(),
                master.to_string(),
            ]
        });
        report::table(&heading, rows)
    }
}

fn judge(parties: &mut Parties, question: &Question) -> Result<(Vec<Verdict>, Distinct)> {
    let found = parties.ask(question, MergeMode::Exact);
    let mut expected = parties.ask_master(question)?;
    let mut verdicts = compare(question, &found, &expected);
    let is_open = |verdict: &Verdict| matches!(verdict, Verdict::Unexplained(_));
    let mut tries = 0..ORDERS_TRIED;
    while verdicts.iter().any(is_open) && tries.next().is_some() {
        expected = parties.ask_master(question)?;
        let again = compare(question, &found, &expected);
        for (verdict, again) in verdicts.iter_mut().zip(again) {
            if is_open(verdict) {
                *verdict = again;
            }
        }
    }
    let is_of_mode = |verdict: &Verdict| match verdict {
        Verdict::Deviating(reasons, _) => reasons.iter().any(|reason| reason.is_of_mode),
        _ => false,
    };
    let mut distinct = Distinct::default();
    let has_mode = verdicts.iter().any(is_of_mode);
    if has_mode {
        check_mode(parties, question, &expected, &mut verdicts)?;
    }
    // Every mode has the enclosed rows of all.
    let has_others = |verdict: &Verdict| matches!(verdict, Verdict::Deviating(..));
    if has_mode || question.traits(0).is_enclosed && verdicts.iter().any(has_others) {
        let is_weighed = question.is_weighed_by_shard();
        if let Some(whole) = parties.ask_whole(question)?.filter(|_| !is_weighed) {
            check_whole(question, &found, &whole, &mut verdicts);
            distinct = Distinct::of(question, &verdicts, [&found, &whole, &expected]);
        }
    }
    Ok((verdicts, distinct))
}

/// By the master's mode nothing of the default is left.
fn check_mode(
    parties: &mut Parties,
    question: &Question,
    expected: &Answers,
    verdicts: &mut [Verdict],
) -> Result<()> {
    let mut expected = expected.clone();
    let is_of_mode = |verdict: &Verdict| match verdict {
        Verdict::Deviating(reasons, _) => reasons.iter().any(|reason| reason.is_of_mode),
        Verdict::Unexplained(_) => true,
        _ => false,
    };
    let found = parties.ask(question, MergeMode::Master);
    let mut left = compare(question, &found, &expected);
    let mut tries = 0..ORDERS_TRIED;
    while left.iter().any(is_of_mode) && tries.next().is_some() {
        expected = parties.ask_master(question)?;
        let again = compare(question, &found, &expected);
        for (left, again) in left.iter_mut().zip(again) {
            if is_of_mode(left) {
                *left = again;
            }
        }
    }
    for (verdict, left) in verdicts.iter_mut().zip(left) {
        if is_of_mode(&left) {
            let shown = match left {
                Verdict::Deviating(_, differences) => shown(&differences),
                left => format!("{left:?}"),
            };
            *verdict = Verdict::Unexplained(format!("by the master's mode, too: {shown}"));
        }
    }
    Ok(())
}

/// One index with all documents answers as the default does, but for how daemons reckon.
fn check_whole(question: &Question, found: &Answers, whole: &Answers, verdicts: &mut [Verdict]) {
    for (number, verdict) in verdicts.iter_mut().enumerate() {
        if !matches!(verdict, Verdict::Deviating(..)) {
            continue;
        }
        let (Some(Ok(found)), Some(Ok(whole))) = (found.get(number), whole.get(number)) else {
            *verdict = Verdict::Unexplained("one index refuses it".to_owned());
            continue;
        };
        if is_too_low(found) {
            continue;
        }
        let traits = question.traits(number);
        // It may be told by no reason that such numbers or rows are right.
        let of_others =
            Traits { aggregates: without_distinct(&traits), is_enclosed: false, ..traits.clone() };
        let met = Met {
            traits: &of_others,
            found: Some(found),
            expected: Some(whole),
            is_beside_refused: false,
        };
        let is_open = |difference: &Difference| {
            let is_said = matches!(
                difference,
                Difference::Added(_) | Difference::Unsaid(_) | Difference::Words(..)
            );
            !is_said
                && !is_reordered(&traits, difference)
                && deviation::reason(&met, difference).is_none()
        };
        let (found, whole) = (found.without_magic(), whole.without_magic());
        let mut open = differences(&traits, &found, &whole);
        open.retain(is_open);
        if !open.is_empty() {
            let shown = shown(&open);
            *verdict = Verdict::Unexplained(format!("one index with all documents: {shown}"));
        }
    }
}

/// True for the same joined texts in another order: that in which documents lie.
fn is_reordered(traits: &Traits, difference: &Difference) -> bool {
    let sorted = |text: &Option<String>| {
        let mut texts: Vec<String> =
            text.iter().flat_map(|text| text.split(',').map(str::to_owned)).collect();
        texts.sort();
        texts
    };
    match difference {
        Difference::Cell(_, column, found, whole) => {
            traits.aggregate(column) == Some(Aggregate::Concat) && sorted(found) == sorted(whole)
        }
        _ => false,
    }
}

/// True if the answer says that its numbers may be too low.
fn is_too_low(told: &Told) -> bool {
    let mut warnings = told.meta.iter().flat_map(|meta| &meta.warnings);
    warnings.any(|text| LOWER_BOUNDS.iter().any(|part| text.contains(part)))
}

fn shown(differences: &[Difference]) -> String {
    let first: Vec<String> =
        differences.iter().take(SHOWN).map(|difference| format!("{difference:?}")).collect();
    format!("{} differences\n    {}", differences.len(), first.join("\n    "))
}

fn without_distinct(traits: &Traits) -> Vec<(String, Aggregate)> {
    let mut aggregates = traits.aggregates.clone();
    aggregates.retain(|(_, aggregate)| *aggregate != Aggregate::Distinct);
    aggregates
}

fn compare(question: &Question, found: &Answers, expected: &Answers) -> Vec<Verdict> {
    let is_beside_refused = expected.iter().any(Result::is_err);
    let verdict = |number: usize| {
        let traits = question.traits(number);
        let absent = || Err("no answer".to_owned());
        let found = found.get(number).cloned().unwrap_or_else(absent);
        let expected = expected.get(number).cloned().unwrap_or_else(absent);
        let differences = match (&found, &expected) {
            (Err(_), Err(_)) => return Verdict::Refused,
            (Ok(found), Ok(expected)) => differences(&traits, found, expected),
            (found, expected) => {
                let text = |told: &Result<Told, String>| told.as_ref().err().cloned();
                vec![Difference::Refused(text(found), text(expected))]
            }
        };
        let met = Met {
            traits: &traits,
            found: found.as_ref().ok(),
            expected: expected.as_ref().ok(),
            is_beside_refused,
        };
        let reason = |difference: &Difference| deviation::reason(&met, difference);
        let is_open = |difference: &&Difference| reason(difference).is_none();
        let open: Vec<Difference> = differences.iter().filter(is_open).cloned().collect();
        if !open.is_empty() {
            return Verdict::Unexplained(shown(&open));
        }
        match differences.is_empty() {
            true => Verdict::Equal,
            false => {
                let reasons = differences.iter().filter_map(reason).collect();
                Verdict::Deviating(reasons, differences)
            }
        }
    };
    (0..question.answers()).map(verdict).collect()
}

impl Distinct {
    /// Sums of the same groups.
    fn of(question: &Question, verdicts: &[Verdict], all: [&Answers; 3]) -> Distinct {
        let mut sums = [0; 3];
        for (number, verdict) in verdicts.iter().enumerate() {
            let traits = question.traits(number);
            let is_distinct = |entry: &&(String, Aggregate)| entry.1 == Aggregate::Distinct;
            let Some((name, _)) = traits.aggregates.iter().find(is_distinct) else { continue };
            let sum = |answers: &Answers| -> Option<u64> {
                let told = answers.get(number)?.as_ref().ok()?;
                let column = told.columns.iter().position(|column| column.0 == *name)?;
                told.rows.iter().map(|row| row[column].as_ref()?.parse::<u64>().ok()).sum()
            };
            let is_low =
                all[0].get(number).is_some_and(|told| told.as_ref().is_ok_and(is_too_low));
            let is_open = matches!(verdict, Verdict::Unexplained(_));
            if traits.goes_by_aggregate() || is_low || is_open {
                continue;
            }
            if let [Some(found), Some(whole), Some(master)] = all.map(sum) {
                sums = [sums[0] + found, sums[1] + whole, sums[2] + master];
            }
        }
        let [found, whole, master] = sums;
        Distinct { found, whole, master }
    }
}

/// Answers of a master among which its agents were once as quick as they stand in its file: it
/// merges them in the order in which they happened to answer.
const ORDERS_TRIED: usize = 50;

/// Differences of one query that are shown.
const SHOWN: usize = 3;

/// What a result says whose numbers may be too low.
const LOWER_BOUNDS: [&str; 4] =
    ["cut the groups of", "lower bound", "can be had: offset", "counts of distinct ones a guess"];
