//! Groups in which a document that several agents hold counts once. Agents are asked for a row of
//! each document, and the groups are made of the rows that count.

use std::collections::{HashSet, TryReserveError};

use foldhash::fast::FixedState;

use super::aggregates::Function;
use super::computed::{Computed, filled};
use super::duplicates::Duplicates;
use super::grouped::Grouped;
use super::groups::{Groups, Member};
use super::row_order::Pick;
use super::schema::{self, Column};
use super::select::{self, COUNT};
use super::values::Values;
use super::{Grouping, Plan, Remark, RowPlace, Set, Unmerged, differences, starts};
use crate::limits::DISTINCT_VALUES_MAX;
use crate::wire::search::{Kind, Value};

/// The documents of all groups.
struct Documents<'a> {
    sets: Vec<Set<'a>>,
    columns: Vec<Column>,
    /// Rows that count, in the groups of the caller's query.
    groups: Groups,
}

impl Plan {
    /// The aggregates of groups in which each document counts once; `None` where agents did not
    /// tell their documents, as the remark says then.
    pub(super) fn compute_unique(
        &self,
        Grouped { sets, groups, seed }: Grouped<'_>,
        grouping: &Grouping,
        columns: &mut [Column],
        remarks: &mut Vec<Remark>,
    ) -> Result<Option<Vec<Computed>>, Unmerged> {
        let known = columns.to_vec();
        let found = match self.helpers.values() {
            Some(query) => {
                let (items, columns, is_cased) = (&self.items, &known, self.order.is_cased());
                let values = Values { query, items, sets, columns, groups, seed, is_cased };
                Documents::find(&values)?
            }
            None => Err("no function of agents tells the week of a document".to_owned()),
        };
        let Documents { sets, columns: mut of_documents, groups } = match found {
            Ok(documents) => documents,
            Err(why) => {
                let sources = differences::named(&sets.iter().collect::<Vec<_>>());
                remarks.push(Remark::DocumentsUnknown { sources, why });
                return Ok(None);
            }
        };
        let parts = Grouped { sets: &sets, groups: &groups, seed };
        let mut computed = self.compute(parts, grouping, &mut of_documents, remarks)?;
        for column in columns {
            let Some((function, _)) = self.function_of(&column.name) else { continue };
            if function == Function::Distinct {
                let counted = self.distinct_of(parts, &of_documents)?;
                column.computed = Some(computed.len());
                computed.push(Computed::Ints(counted));
            } else if let Some(known) = of_documents.iter().find(|one| one.name == column.name) {
                (column.computed, column.kind) = (known.computed, known.kind);
            }
        }
        Ok(Some(computed))
    }

    /// Numbers of distinct values of documents.
    fn distinct_of(
        &self,
        Grouped { sets, groups, seed }: Grouped<'_>,
        columns: &[Column],
    ) -> Result<Vec<i64>, TryReserveError> {
        let mut counts = filled(0, groups.count)?;
        let attribute = self.helpers.values().map_or("", |query| query.attribute.as_str());
        let Some(column) = select::find_column(&self.items, columns, attribute) else {
            return Ok(counts);
        };
        let is_cased = self.order.is_cased();
        let mut seen: HashSet<Vec<u8>, FixedState> =
            HashSet::with_hasher(FixedState::with_seed(seed));
        for member in &groups.members {
            for value in elements(value(sets, member.place, column)) {
                if value == Value::Null {
                    continue;
                }
                let mut bytes = member.group.to_le_bytes().to_vec();
                super::values::put(value, is_cased, &mut bytes);
                seen.try_reserve(1)?;
                counts[member.group as usize] += i64::from(seen.insert(bytes));
            }
        }
        Ok(counts)
    }

    /// Leaves out groups whose documents all count in other ones. Returns how many these are.
    pub(super) fn drop_empty(
        columns: &[Column],
        computed: &[Computed],
        picks: &mut Vec<Pick>,
    ) -> i64 {
        let count = columns.iter().find(|column| column.name == COUNT);
        let counts = count.and_then(|column| computed.get(column.computed?));
        let Some(Computed::Ints(counts)) = counts else { return 0 };
        let before = picks.len();
        picks.retain(|pick| counts[pick.group as usize] > 0);
        (before - picks.len()) as i64
    }
}

impl<'a> Documents<'a> {
    /// Puts the documents of all agents into their groups. Within, the reason why that can't be
    /// done.
    fn find(values: &Values<'a>) -> Result<Result<Documents<'a>, String>, Unmerged> {
        let sets = match values.answers() {
            Ok(sets) => sets,
            Err((_, why)) => return Ok(Err(why.unwrap_or_else(|| "no answer".to_owned()))),
        };
        if sets.iter().any(|set| set.result.total_found as usize > set.result.rows.len()) {
            return Ok(Err(format!("there are more than {DISTINCT_VALUES_MAX}")));
        }
        let columns = schema::merge(&sets, values.items)?;
        let Some(keys) = values.keys_among(&columns) else {
            return Ok(Err("the answers lack what they are grouped by".to_owned()));
        };
        let is_set = matches!(keys.as_slice(), [key] if is_set(key.kind));
        let group_of = values.groups_by_key(is_set)?;
        let starts = starts(&sets)?;
        let duplicates = Duplicates::find(&sets, &starts, values.seed)?;
        let mut members = Vec::new();
        for (number, set) in (0..).zip(&sets) {
            for row in 0..set.result.rows.len() as u32 {
                let place = RowPlace { set: number, row };
                if duplicates.has(starts[number as usize] + row) {
                    continue;
                }
                // Of a set each element is a key of its own.
                let of_row: Vec<Vec<Value<'_>>> = match is_set {
                    true => elements(value(&sets, place, keys[0])).map(|one| vec![one]).collect(),
                    false => vec![keys.iter().map(|key| value(&sets, place, key)).collect()],
                };
                for parts in of_row {
                    let mut key = Vec::new();
                    parts.into_iter().for_each(|part| values.put(part, &mut key));
                    let Some(group) = group_of.get(&key).copied().flatten() else { continue };
                    members.try_reserve(1)?;
                    members.push(Member { place, group, is_head: true });
                }
            }
        }
        let groups = Groups { members, count: values.groups.count };
        Ok(Ok(Documents { sets, columns, groups }))
    }
}

fn value<'a>(sets: &[Set<'a>], place: RowPlace, column: &Column) -> Value<'a> {
    let set = &sets[place.set as usize];
    let source = column.sources[place.set as usize] as usize;
    let value = set.result.value(set.body, set.dialect, place.row as usize, source);
    value.unwrap_or(Value::Null)
}

fn is_set(kind: Kind) -> bool {
    matches!(kind, Kind::Multi | Kind::Multi64)
}

/// The elements of a set; any other value alone.
fn elements(value: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let (narrow, wide, other) = match value {
        Value::Multi(values) => (Some(values), None, None),
        Value::Multi64(values) => (None, Some(values), None),
        other => (None, None, Some(other)),
    };
    let narrow = narrow.into_iter().flat_map(|values| values.iter().map(Value::Uint));
    let wide = wide.into_iter().flat_map(|values| values.iter().map(Value::Bigint));
    narrow.chain(wide).chain(other)
}
