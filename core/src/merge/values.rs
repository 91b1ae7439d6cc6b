//! COUNT(DISTINCT) by the values themselves, which agents are asked for group by group.

use std::collections::{HashMap, HashSet, TryReserveError};

use foldhash::fast::FixedState;

use super::groups::Groups;
use super::helpers::ValuesQuery;
use super::schema::{self, Column};
use super::select::{self, Item, KEY, KEY_TEXT};
use super::{Remark, Set, differences};
use crate::wire::search::{Status, Value};

/// The groups of the caller's query, and the answers for their values.
pub(super) struct Values<'a> {
    pub(super) query: &'a ValuesQuery,
    pub(super) items: &'a [Item],
    pub(super) sets: &'a [Set<'a>],
    pub(super) columns: &'a [Column],
    pub(super) groups: &'a Groups,
    pub(super) seed: u64,
    /// Texts are compared with case.
    pub(super) is_cased: bool,
}

/// A number for each group; `None` where no agent told the values of one.
pub(super) struct Counted {
    pub(super) counts: Vec<Option<i64>>,
    pub(super) remarks: Vec<Remark>,
}

/// Sources that did not answer, and the reason that one gives.
type Unanswered<'a> = (Vec<&'a Set<'a>>, Option<String>);

impl<'a> Values<'a> {
    /// The answers of all sources to the second query.
    pub(super) fn answers(&self) -> Result<Vec<Set<'a>>, Unanswered<'a>> {
        let answers: Vec<Set<'a>> = self.sets.iter().filter_map(Set::of_values).collect();
        if answers.len() == self.sets.len() {
            return Ok(answers);
        }
        let missing = |set: &&Set<'_>| set.of_values().is_none();
        let missing: Vec<&Set<'a>> = self.sets.iter().filter(missing).collect();
        let why = missing.iter().find_map(|set| {
            let refused = set.values.filter(|values| values.status == Status::Error)?;
            Some(refused.message.quote(set.body))
        });
        Err((missing, why))
    }

    /// Counts the values of each group. The remarks say where the number may be too low.
    pub(super) fn count(&self) -> Result<Counted, TryReserveError> {
        let unknown = |remarks| -> Result<Counted, TryReserveError> {
            Ok(Counted { counts: super::computed::filled(None, self.groups.count)?, remarks })
        };
        let answers = match self.answers() {
            Ok(answers) => answers,
            Err((missing, why)) => return unknown(vec![self.uncounted(&missing, why)]),
        };
        let columns = schema::merge(&answers, self.items)?;
        let Some(sources) = self.sources(&columns) else {
            return unknown(vec![self.uncounted(&answers.iter().collect::<Vec<_>>(), None)]);
        };
        let mut counts = super::computed::filled(None, self.groups.count)?;
        let group_of = self.groups_by_key(false)?;
        let mut seen: HashSet<Vec<u8>, FixedState> =
            HashSet::with_hasher(FixedState::with_seed(self.seed));
        let mut key = Vec::new();
        let mut has_strays = false;
        for (number, set) in answers.iter().enumerate() {
            for row in 0..set.result.rows.len() {
                let value = |column: &Column| {
                    let source = column.sources[number] as usize;
                    let value = set.result.value(set.body, set.dialect, row, source);
                    value.unwrap_or(Value::Null)
                };
                key.clear();
                sources.keys.iter().for_each(|column| self.put(value(column), &mut key));
                let Some(group) = group_of.get(&key).copied().flatten() else {
                    has_strays = true;
                    continue;
                };
                let count = counts[group as usize].get_or_insert(0);
                let counted = value(sources.counted);
                // Null is no value.
                if value(sources.attribute) == Value::Null {
                    continue;
                }
                let mut one = group.to_le_bytes().to_vec();
                self.put(counted, &mut one);
                seen.try_reserve(1)?;
                *count += i64::from(seen.insert(one));
            }
        }
        // Agents may take keys for equal whose values differ, as those of JSON booleans.
        let is_cut = |set: &Set<'_>| set.result.total_found as usize > set.result.rows.len();
        if has_strays && !self.sets.iter().any(is_cut) {
            let why = Some("values of one group differ in what it is grouped by".to_owned());
            return unknown(vec![self.uncounted(&answers.iter().collect::<Vec<_>>(), why)]);
        }
        Ok(Counted { remarks: self.remarks(&answers, &counts), counts })
    }

    /// What is said of numbers that may be too low.
    fn remarks(&self, answers: &[Set<'_>], counts: &[Option<i64>]) -> Vec<Remark> {
        let is_cut = |set: &&Set<'_>| set.result.total_found as usize > set.result.rows.len();
        let cut: Vec<&Set<'_>> = answers.iter().filter(is_cut).collect();
        if !cut.is_empty() {
            let attribute = self.query.attribute.clone();
            let values = cut.iter().map(|set| set.result.rows.len()).max().unwrap_or(0);
            let sources = differences::named(&cut);
            return vec![Remark::ValuesCut { attribute, values, sources }];
        }
        match counts.contains(&None) {
            true => vec![self.uncounted(&answers.iter().collect::<Vec<_>>(), None)],
            false => Vec::new(),
        }
    }

    fn uncounted(&self, sets: &[&Set<'_>], why: Option<String>) -> Remark {
        let attribute = self.query.attribute.clone();
        Remark::ValuesUnknown { attribute, sources: differences::named(sets), why }
    }

    /// The group of each key; `None` for a key of several groups. The keys of sets are elements.
    pub(super) fn groups_by_key(
        &self,
        is_set: bool,
    ) -> Result<HashMap<Vec<u8>, Option<u32>, FixedState>, TryReserveError> {
        let mut group_of = HashMap::with_hasher(FixedState::with_seed(self.seed));
        let columns = match is_set {
            true => self.columns.iter().filter(|column| column.name == KEY).collect(),
            false => self.key_columns(),
        };
        let mut is_done = super::computed::filled(false, self.groups.count)?;
        for member in &self.groups.members {
            if std::mem::replace(&mut is_done[member.group as usize], true) {
                continue;
            }
            let set = &self.sets[member.place.set as usize];
            let mut key = Vec::new();
            for column in &columns {
                let source = column.sources[member.place.set as usize] as usize;
                let row = member.place.row as usize;
                let value = set.result.value(set.body, set.dialect, row, source);
                self.put(value.unwrap_or(Value::Null), &mut key);
            }
            group_of.try_reserve(1)?;
            let group = group_of.entry(key).or_insert(Some(member.group));
            if *group != Some(member.group) {
                *group = None;
            }
        }
        Ok(group_of)
    }

    /// Where the groups of the caller's query have their keys.
    fn key_columns(&self) -> Vec<&Column> {
        let find = |name: &str| self.columns.iter().find(|column| column.name == name);
        if self.query.date.is_some() {
            return find(KEY).into_iter().collect();
        }
        // A key of JSON may be a part of what the column holds.
        let text = self.columns.iter().find(|column| column.name.starts_with(KEY_TEXT));
        if let (Some(text), [_]) = (text, self.query.keys.as_slice()) {
            return vec![text];
        }
        let keys = self.query.keys.iter();
        keys.filter_map(|key| select::find_column(self.items, self.columns, key)).collect()
    }

    /// Where the answers have keys and values; `None` if they lack one of them.
    fn sources<'c>(&self, columns: &'c [Column]) -> Option<Sources<'c>> {
        let find = |name: &str| select::find_column(self.items, columns, name);
        let keys = self.keys_among(columns)?;
        if keys.len() != self.key_columns().len() {
            return None;
        }
        let attribute = find(&self.query.attribute)?;
        // Sets and documents are split by their elements where nothing else is grouped by.
        let is_split = attribute.kind.fixed_size().is_none() && self.query.keys.is_empty();
        let counted = if is_split { find(KEY)? } else { attribute };
        Some(Sources { keys, attribute, counted })
    }

    /// The columns of answers by which the groups of the caller's query are told apart.
    pub(super) fn keys_among<'c>(&self, columns: &'c [Column]) -> Option<Vec<&'c Column>> {
        let find = |name: &str| select::find_column(self.items, columns, name);
        match &self.query.date {
            Some(date) => Some(vec![find(date)?]),
            None => self.query.keys.iter().map(|key| find(key)).collect(),
        }
    }

    pub(super) fn put(&self, value: Value<'_>, bytes: &mut Vec<u8>) {
        put(value, self.is_cased, bytes);
    }
}

struct Sources<'c> {
    keys: Vec<&'c Column>,
    attribute: &'c Column,
    /// What is counted: the attribute, or the keys of its elements.
    counted: &'c Column,
}

fn put_text(text: &[u8], bytes: &mut Vec<u8>) {
    bytes.push(2);
    bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
    bytes.extend_from_slice(text);
}

/// Appends bytes that are equal where daemons group values as equal.
pub(super) fn put(value: Value<'_>, is_cased: bool, bytes: &mut Vec<u8>) {
    let int = match value {
        Value::Null => {
            bytes.push(0);
            return;
        }
        Value::Uint(value) => i64::from(value),
        Value::Bool(value) => i64::from(value),
        Value::Bigint(value) => value,
        Value::Uint64(value) => value as i64,
        Value::Float(value) => i64::from(value.to_bits()),
        Value::Double(value) => value.to_bits() as i64,
        Value::String(text) if !is_cased => {
            put_text(&text.to_ascii_lowercase(), bytes);
            return;
        }
        Value::String(text) => {
            put_text(text, bytes);
            return;
        }
        Value::Json(json) => {
            put_text(&json.of_sphinx().text(), bytes);
            return;
        }
        _ => return,
    };
    bytes.push(1);
    bytes.extend_from_slice(&int.to_le_bytes());
}
