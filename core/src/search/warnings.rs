//! Warnings of a result, in words: what went wrong without ending the search, and what the result
//! lacks. What masters say too is worded as they do (core/docs/spec/distributed.md 5.3).

use std::fmt;

use super::part::{Part, PartSource};
use crate::error::AgentFailure;
use crate::limits::TOLD_COLUMNS_MAX;
use crate::merge::{Merged, Remark, Set};
use crate::request::Reply;
use crate::wire::search::Status;
use crate::wire::text;

/// Warnings of one result.
#[derive(Default)]
pub(super) struct Warnings {
    texts: Vec<String>,
}

impl Warnings {
    /// Tells of an agent or a local index that failed; a master names its last attempt.
    pub(super) fn add_failure<H: AsRef<str>>(&mut self, part: &Part<H>, failure: &AgentFailure) {
        let text = match (failure.attempts.last(), &failure.query_error) {
            (_, Some(text)) if part.is_local() => text.clone(),
            (_, Some(text)) => format!("{QUERY_ERROR}{text}"),
            (Some(attempt), None) => attempt.text.clone(),
            (None, None) if part.is_local() => NOT_SEARCHED.to_owned(),
            (None, None) if failure.cancelled => "cancelled".to_owned(),
            (None, None) if failure.deadline_passed => "deadline passed".to_owned(),
            (None, None) if failure.soft_timeout_passed => "soft time-out passed".to_owned(),
            (None, None) => "no mirror could be asked".to_owned(),
        };
        self.texts.push(match failure.attempts.last() {
            Some(attempt) => format!("agent {}: {text}", attempt.host),
            None => format!("{part}: {text}"),
        });
    }

    /// Tells what an agent or a local index said beside its rows.
    pub(super) fn add_answer<H: AsRef<str>>(
        &mut self,
        part: &Part<H>,
        reply: &Reply,
        set: &Set<'_>,
    ) {
        let message = || set.result.message.quote(set.body);
        match set.result.status {
            Status::Warning => self.add(part, format_args!("{QUERY_WARNING}{}", message())),
            Status::Retry => self.add(part, format_args!("{QUERY_ERROR}{}", message())),
            Status::Other(number) => {
                self.add(part, format_args!("{QUERY_STATUS}{number}: {}", message()));
            }
            Status::Ok | Status::Error => {}
        }
        if let Some(text) = &reply.warning {
            self.add(part, format_args!("{WARNING}{text}"));
        }
    }

    /// Tells of columns whose texts an agent does not send.
    pub(super) fn add_stored_fields<H: AsRef<str>>(&mut self, part: &Part<H>, columns: &[&str]) {
        for column in columns.iter().take(TOLD_COLUMNS_MAX) {
            let column = text::quote_name(column.as_bytes());
            let what = "is a stored field, whose text agents do not send";
            self.add(part, format_args!("{COLUMN}{column}' {what}"));
        }
        if let Some(count @ 1..) = columns.len().checked_sub(TOLD_COLUMNS_MAX) {
            self.add(part, format_args!("{STORED_FIELDS}{count} more columns"));
        }
    }

    /// Tells what the parts do not have in common, and what the result lacks.
    pub(super) fn add_merged(&mut self, merged: &Merged) {
        let mismatches = merged.word_mismatches.iter();
        self.texts.extend(mismatches.map(|words| format!("query word(s) mismatch: {words}")));
        if merged.words_left_out > 0 {
            let count = merged.words_left_out;
            self.texts.push(format!("statistics of {count} more query words are left out"));
        }
        self.texts.extend(merged.remarks.iter().map(remark));
    }

    /// Returns the warnings sorted, each once, a line for each as a master writes it; behind them
    /// the local indexes that nobody searched.
    pub(super) fn join(mut self, index: &str, unsearched: &[String]) -> Option<String> {
        self.texts.sort_unstable();
        self.texts.dedup();
        let unsearched =
            unsearched.iter().map(|name| format!("local index {name} {NOT_SEARCHED}"));
        let texts = self.texts.into_iter().chain(unsearched);
        // A list of indexes may be as long as it has failures.
        let index = text::quote(index.as_bytes());
        let lines: Vec<String> = texts.map(|text| format!("index {index}: {text}")).collect();
        (!lines.is_empty()).then(|| lines.join(";\n"))
    }

    fn add<H: AsRef<str>>(&mut self, part: &Part<H>, text: fmt::Arguments<'_>) {
        self.texts.push(format!("{part}: {text}"));
    }
}

fn remark(remark: &Remark) -> String {
    match remark {
        Remark::BeyondMaxMatches { max_matches, total_found, offset, limit } => format!(
            "only the first {max_matches} of {total_found} rows can be had: offset {offset} \
             and limit {limit} go beyond max_matches {max_matches}, raise it"
        ),
        Remark::Cutoff { cutoff, sources, total_found } => format!(
            "cutoff {cutoff} reached on {sources}: total_found {total_found} is a lower bound"
        ),
        Remark::GroupsCut { max_matches, sources, at_least, at_most } => format!(
            "max_matches {max_matches} cut the groups of {sources}: what is counted for others \
             may be too low, and there are at least {at_least} groups and at most {at_most}, \
             raise it"
        ),
        Remark::ValuesCut { attribute, values, sources } => format!(
            "only {values} values of '{attribute}' came from {sources}: counts of distinct ones \
             are lower bounds"
        ),
        Remark::ValuesUnknown { attribute, sources, why } => {
            let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            format!(
                "the values of '{attribute}' are not known from {sources}, and counts of distinct \
                 ones a guess{why}"
            )
        }
        Remark::DocumentsUnknown { sources, why } => {
            format!("documents of {sources} are counted for each agent that holds them: {why}")
        }
        Remark::ColumnLeftOut { name, kinds } => {
            format!("{COLUMN}{name}' is left out: {kinds}")
        }
        Remark::MoreColumnsLeftOut(count) => {
            format!("{count} more columns are left out: not all agents have them")
        }
    }
}

impl<H: AsRef<str>> fmt::Display for Part<H> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            PartSource::Agent(_, host) => write!(out, "agent {}", host.as_ref()),
            PartSource::Local(name) => write!(out, "local index {name}"),
        }
    }
}

/// Openings of what is said of an agent. A program in between may get them in an agent's own
/// warning, and reads there whether agents further down are missing ([`super::tree`]).
pub(super) const QUERY_WARNING: &str = "remote query warning: ";
pub(super) const WARNING: &str = "remote warning: ";
pub(super) const QUERY_STATUS: &str = "remote query status ";
pub(super) const COLUMN: &str = "column '";
pub(super) const STORED_FIELDS: &str = "stored fields: ";
pub(super) const NOT_SEARCHED: &str = "not searched";
const QUERY_ERROR: &str = "remote query error: ";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{AttemptFailure, FailureKind, Phase};
    use crate::limits::TOLD_COLUMNS_MAX;
    use crate::search::outcome::Effort;
    use crate::search::tree::missing_below;
    use std::time::Duration;

    fn agent() -> Part<&'static str> {
        part(PartSource::Agent(0, "box:1"))
    }

    fn local() -> Part<&'static str> {
        part(PartSource::Local("part".to_owned()))
    }

    fn part(source: PartSource<&'static str>) -> Part<&'static str> {
        Part { index: "d".to_owned(), source, effort: Effort::default() }
    }

    fn joined(add: impl FnOnce(&mut Warnings)) -> String {
        let mut warnings = Warnings::default();
        add(&mut warnings);
        warnings.join("d", &[]).expect("something is said")
    }

    #[test]
    fn a_master_above_reads_who_is_missing_from_every_warning() {
        let attempt = AttemptFailure {
            host: "box:2".to_owned(),
            kind: FailureKind::QueryTimeout,
            phase: Phase::Wait,
            text: "query timed out".to_owned(),
            code: None,
            began: Duration::ZERO,
            elapsed: Duration::from_millis(3),
        };
        let failure = AgentFailure::default;
        let query_error = Some("syntax error".to_owned());
        let attempts = vec![attempt];
        let missing = [
            (agent(), failure()),
            (agent(), AgentFailure { cancelled: true, ..failure() }),
            (agent(), AgentFailure { deadline_passed: true, ..failure() }),
            (agent(), AgentFailure { soft_timeout_passed: true, ..failure() }),
            (agent(), AgentFailure { query_error: query_error.clone(), ..failure() }),
            (agent(), AgentFailure { query_error, attempts: attempts.clone(), ..failure() }),
            (agent(), AgentFailure { attempts, ..failure() }),
        ];
        for (part, failure) in missing {
            let told = joined(|warnings| warnings.add_failure(&part, &failure));
            assert_eq!(missing_below(told.as_bytes()), Some(told.as_bytes()));
        }
        let unsearched = Warnings::default().join("d", &["part".to_owned()]).unwrap();
        assert_eq!(unsearched, "index d: local index part not searched");
        assert!(missing_below(unsearched.as_bytes()).is_some());
    }

    #[test]
    fn a_master_above_reads_nobody_as_missing_who_answered() {
        let (name, kinds) = ("b".to_owned(), "not on agent box:1".to_owned());
        let sources = "agent box:1".to_owned();
        let (max_matches, offset, limit) = (2, 1, 2);
        let remarks = [
            Remark::BeyondMaxMatches { max_matches, total_found: 3, offset, limit },
            Remark::Cutoff { cutoff: 5, sources, total_found: 5 },
            Remark::ColumnLeftOut { name, kinds },
            Remark::MoreColumnsLeftOut(4),
            Remark::GroupsCut {
                max_matches: 7,
                sources: "agent box:1".to_owned(),
                at_least: 8,
                at_most: 9,
            },
            Remark::ValuesCut { attribute: "a".to_owned(), values: 7, sources: "agent b".into() },
            Remark::ValuesUnknown { attribute: "a".into(), sources: "agent b".into(), why: None },
            Remark::DocumentsUnknown { sources: "agent b".into(), why: "hm".into() },
        ];
        let columns = ["title"; TOLD_COLUMNS_MAX + 1];
        let mut told: Vec<String> = remarks.iter().map(remark).collect();
        told = told.iter().map(|text| format!("index d: {text}")).collect();
        for part in [agent(), local()] {
            told.push(joined(|warnings| warnings.add_stored_fields(&part, &columns)));
            for opening in [QUERY_WARNING, WARNING, QUERY_STATUS] {
                told.push(joined(|warnings| warnings.add(&part, format_args!("{opening}hm"))));
            }
        }
        for told in told {
            assert_eq!(missing_below(told.as_bytes()), None, "{told}");
        }
    }

    #[test]
    fn each_is_told_once_and_in_order_with_the_unsearched_behind() {
        let mut warnings = Warnings::default();
        for text in ["no", "look out", "no"] {
            warnings.add(&agent(), format_args!("{text}"));
        }
        let told = warnings.join("d", &["a".to_owned()]).unwrap();
        let expected = "index d: agent box:1: look out;\nindex d: agent box:1: no;\n\
                        index d: local index a not searched";
        assert_eq!(told, expected);
        assert_eq!(Warnings::default().join("d", &[]), None);
    }
}
