//! What OPTION says of a search, and of the calls that it takes.

use std::time::Duration;

use crate::limits::{
    AGENT_RETRY_COUNT_MAX, AGENT_RETRY_DELAY_MAX, DEADLINE_MAX, MATCHES_MAX, NUMBER_MAX,
};
use crate::options::CallOptions;
use crate::search::{Idf, MergeMode, Ranker, Search, SortMethod};
use crate::sphinxql::{Fault, Name, Setting, SettingValue, Span};

/// What OPTION says of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct StatementOptions {
    query_timeout: Option<Duration>,
    retry_count: Option<u32>,
    retry_delay: Option<Duration>,
}

impl StatementOptions {
    /// The options of the caller, with those of the statement where they say nothing.
    pub(super) fn under(self, options: &CallOptions) -> CallOptions {
        CallOptions {
            query_timeout: options.query_timeout.or(self.query_timeout),
            retry_count: options.retry_count.or(self.retry_count),
            retry_delay: options.retry_delay.or(self.retry_delay),
            ..*options
        }
    }
}

/// The search with what OPTION says of it; of a setting that is given twice the last counts, as in
/// a daemon.
pub(super) fn with_settings(search: Search, settings: &[Setting]) -> Result<Search, Fault> {
    settings.iter().try_fold(search, with_setting)
}

/// A search with what its facets have of OPTION.
pub(super) fn with_common_settings(search: Search, settings: &[Setting]) -> Result<Search, Fault> {
    let is_common = |setting: &&Setting| {
        COMMON.iter().any(|common| setting.name.text.eq_ignore_ascii_case(common))
    };
    settings.iter().filter(is_common).try_fold(search, with_setting)
}

/// What OPTION says of calls.
pub(super) fn options(settings: &[Setting]) -> Result<StatementOptions, Fault> {
    let mut options = StatementOptions::default();
    for Setting { name, value } in settings {
        match name.text.to_ascii_lowercase().as_str() {
            "retry_count" => options.retry_count = Some(number(value, AGENT_RETRY_COUNT_MAX)?),
            "retry_delay" => options.retry_delay = Some(time(value, AGENT_RETRY_DELAY_MAX)?),
            "agent_query_timeout" => options.query_timeout = Some(time(value, DEADLINE_MAX)?),
            _ => {}
        }
    }
    Ok(options)
}

fn with_setting(search: Search, setting: &Setting) -> Result<Search, Fault> {
    let Setting { name, value } = setting;
    Ok(match name.text.to_ascii_lowercase().as_str() {
        "ranker" => search.ranker(ranker(value)?),
        "field_weights" => {
            let weights = weights(value)?.iter();
            weights.fold(search, |search, (name, weight)| {
                search.field_weight(name.text.as_str(), *weight)
            })
        }
        "index_weights" => {
            let weights = weights(value)?.iter();
            weights.fold(search, |search, (name, weight)| {
                search.index_weight(name.text.as_str(), *weight)
            })
        }
        "comment" => search.comment(text(value)?.0),
        "merge_mode" => search.merge_mode(one_of(value, &MERGE_MODES)?),
        "sort_method" => search.sort_method(one_of(value, &SORT_METHODS)?),
        "idf" => idf(search, value)?,
        "token_filter" => token_filter(search, value)?,
        "max_matches" => match number(value, MATCHES_MAX)? {
            0 => return Err(Fault::new(value.span(), "a whole number from 1 on is expected")),
            rows => search.max_matches(rows),
        },
        "cutoff" => search.cutoff(number(value, NUMBER_MAX)?),
        "max_query_time" => search.max_query_time_ms(number(value, NUMBER_MAX)?),
        "max_predicted_time" => search.max_predicted_time_ms(number(value, NUMBER_MAX)?),
        "reverse_scan" => search.reverse_scan(is_on(value)?),
        "boolean_simplify" => search.boolean_simplify(is_on(value)?),
        "global_idf" => search.global_idf(is_on(value)?),
        "low_priority" => search.low_priority(is_on(value)?),
        "retry_count" | "retry_delay" | "agent_query_timeout" => search,
        _ => return Err(unknown(name)),
    })
}

fn idf(search: Search, value: &SettingValue) -> Result<Search, Fault> {
    let (text, span) = text(value)?;
    let words = text.split(|letter: char| letter == ',' || letter.is_ascii_whitespace());
    words.filter(|word| !word.is_empty()).try_fold(search, |search, word| match word {
        "plain" => Ok(search.idf(Idf::Plain)),
        "normalized" => Ok(search.idf(Idf::Normalized)),
        "tfidf_normalized" => Ok(search.tfidf_normalized(true)),
        "tfidf_unnormalized" => Ok(search.tfidf_normalized(false)),
        _ => {
            let expected = "plain, normalized, tfidf_normalized or tfidf_unnormalized is expected";
            Err(Fault::new(span, expected))
        }
    })
}

fn token_filter(search: Search, value: &SettingValue) -> Result<Search, Fault> {
    let (text, span) = text(value)?;
    let mut parts = text.splitn(3, ':');
    let (Some(library), Some(name)) = (parts.next(), parts.next()) else {
        return Err(Fault::new(span, "'library:plugin:options' is expected"));
    };
    Ok(search.token_filter(library, name, parts.next().unwrap_or_default()))
}

fn ranker(value: &SettingValue) -> Result<Ranker, Fault> {
    match value {
        SettingValue::Function(name, text) => {
            let text = text.text.clone();
            Ok(match name.text.to_ascii_lowercase().as_str() {
                "expr" => Ranker::Expression(text),
                "export" => Ranker::Export(text),
                _ => Ranker::Plugin { name: name.text.clone(), options: text },
            })
        }
        _ => one_of(value, &RANKERS),
    }
}

/// What a word stands for.
fn one_of<T: Clone>(value: &SettingValue, known: &[(&str, T)]) -> Result<T, Fault> {
    let (word, span) = text(value)?;
    match known.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)) {
        Some((_, meaning)) => Ok(meaning.clone()),
        None => {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            Err(Fault::new(span, format!("one of {} is expected", names.join(", "))))
        }
    }
}

fn text(value: &SettingValue) -> Result<(&str, Span), Fault> {
    match value {
        SettingValue::Word(name) => Ok((&name.text, name.span)),
        SettingValue::Text(text) => Ok((&text.text, text.span)),
        _ => Err(Fault::new(value.span(), "a word or a text between single quotes is expected")),
    }
}

fn weights(value: &SettingValue) -> Result<&[(Name, i32)], Fault> {
    match value {
        SettingValue::Weights(weights, _) => Ok(weights),
        _ => Err(Fault::new(value.span(), "weights in brackets are expected")),
    }
}

fn count(value: &SettingValue, max: u64) -> Result<u64, Fault> {
    match value {
        SettingValue::Number(number, _) if *number <= max => Ok(*number),
        _ => {
            let expected = format!("a whole number from 0 to {max} is expected");
            Err(Fault::new(value.span(), expected))
        }
    }
}

fn number(value: &SettingValue, max: u32) -> Result<u32, Fault> {
    Ok(u32::try_from(count(value, u64::from(max))?).unwrap_or(max))
}

/// Milliseconds.
fn time(value: &SettingValue, max: Duration) -> Result<Duration, Fault> {
    let max = u64::try_from(max.as_millis()).unwrap_or(u64::MAX);
    Ok(Duration::from_millis(count(value, max)?))
}

/// Whatever is not zero.
fn is_on(value: &SettingValue) -> Result<bool, Fault> {
    Ok(number(value, NUMBER_MAX)? != 0)
}

fn unknown(name: &Name) -> Fault {
    let is_useless = USELESS.iter().any(|useless| name.text.eq_ignore_ascii_case(useless));
    let expected = match is_useless {
        true => "masters take this setting, and tell no agent of it: leave it out",
        false => "a setting of searches is expected, such as ranker, max_matches or field_weights",
    };
    Fault::new(name.span, expected)
}

const RANKERS: [(&str, Ranker); 8] = [
    ("proximity_bm25", Ranker::ProximityBm25),
    ("bm25", Ranker::Bm25),
    ("none", Ranker::None),
    ("wordcount", Ranker::WordCount),
    ("proximity", Ranker::Proximity),
    ("matchany", Ranker::MatchAny),
    ("fieldmask", Ranker::FieldMask),
    ("sph04", Ranker::Sph04),
];

const SORT_METHODS: [(&str, SortMethod); 2] =
    [("pq", SortMethod::PriorityQueue), ("kbuffer", SortMethod::KeepBuffer)];

/// A setting of this library alone, of which no daemon is told.
const MERGE_MODES: [(&str, MergeMode); 3] =
    [("exact", MergeMode::Exact), ("unique", MergeMode::Unique), ("master", MergeMode::Master)];

/// What masters take and keep to themselves.
const USELESS: [&str; 6] = [
    "rand_seed",
    "local_df",
    "ignore_nonexistent_columns",
    "ignore_nonexistent_indexes",
    "strict",
    "columns",
];

/// Settings that facets have of their select: those of a daemon, and whose answer to give.
const COMMON: [&str; 3] = ["max_matches", "index_weights", "merge_mode"];
