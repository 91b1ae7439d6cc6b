//! Groups of many agents made one (core/docs/spec/distributed.md 5.6).

use std::collections::{HashMap, TryReserveError};

use super::aggregates::{Averages, Function, Parts};
use super::computed::Computed;
use super::groups::{Best, Groups};
use super::having::Having;
use super::order::Order;
use super::row_order::Pick;
use super::schema::Column;
use super::select::{self, COUNT, DISTINCT, Item, KEY};
use super::values::Values;
use super::{Chosen, Grouping, MergeMode, Plan, Remark, RowPlace, Set, Unmerged, Window};
use super::{differences, distinct, helpers, is_manticore};
use crate::wire::search::Kind;

impl Plan {
    /// Merges groups; `columns` are those that all sets have.
    pub(super) fn choose_groups(
        &self,
        sets: &[Set<'_>],
        grouping: &Grouping,
        mut columns: Vec<Column>,
        seed: u64,
    ) -> Result<Chosen, Unmerged> {
        // A master of Manticore lets the later agent come first where nothing else decides.
        let is_reversed = is_manticore(sets);
        let mut sets = sets.to_vec();
        if is_reversed {
            reverse(&mut sets, &mut columns);
        }
        let Some(key) = columns.iter().find(|column| column.name == KEY) else {
            return Err(Unmerged::Misfit("agents sent groups without a key".to_owned()));
        };
        let groups = Groups::find(&sets, key, seed)?;
        let ties = super::ties(&sets);
        // One group of all rows is not sorted by a master of Sphinx.
        let is_unsorted = grouping.key.as_deref() == Some("") && !is_reversed;
        let order = if is_unsorted { &Order::default() } else { &self.order };
        let within = self.row_order(&sets, &columns, order, &[], ties)?;
        let rows_per_group = grouping.rows_per_group;
        let best = groups.best(&within, rows_per_group)?;
        drop(within);
        let mut remarks = Vec::new();
        let parts = Grouped { sets: &sets, groups: &groups, seed };
        let computed = self.compute_by_mode(parts, grouping, &mut columns, &mut remarks)?;
        let found = sets.iter().map(|set| i64::from(set.result.total_found));
        let merged = if is_reversed { groups.count } else { best.row_count() };
        let mut total_found = found.sum::<i64>() - (groups.members.len() - merged) as i64;
        remarks.extend(self.cut_groups(&sets, groups.count, total_found));
        let mut picks = self.sorted_groups(parts, grouping, &columns, &best, &computed)?;
        if self.wish.mode == MergeMode::Unique {
            total_found -= Plan::drop_empty(&columns, &computed, &mut picks);
        }
        // A condition is asked of the groups that are kept, as within one index.
        if !is_reversed {
            picks.truncate(self.wish.window.max_matches);
        }
        if let Some(filter) = &self.wish.having {
            let column = self.column_of(&columns, &filter.attribute)?;
            let having = Having { filter, column, computed: &computed };
            let place = |pick: &Pick| groups.members[pick.row as usize].place;
            picks.retain(|pick| having.passes(&sets, place(pick), *pick));
            if is_reversed {
                total_found = picks.len() as i64;
            }
        }
        let total = self.cut(&sets, &columns, &computed, &mut picks)?;
        let set_count = sets.len() as u32;
        let place = |pick: &Pick| {
            let RowPlace { set, row } = groups.members[pick.row as usize].place;
            RowPlace { set: if is_reversed { set_count - 1 - set } else { set }, row }
        };
        let (mut rows, mut of_groups) = (Vec::new(), Vec::new());
        rows.try_reserve_exact(picks.len())?;
        rows.extend(picks.iter().map(place));
        of_groups.try_reserve_exact(picks.len())?;
        of_groups.extend(picks.iter().map(|pick| pick.group));
        if is_reversed {
            reverse(&mut sets, &mut columns);
        }
        Ok(Chosen { columns, rows, groups: of_groups, computed, total, total_found, remarks })
    }

    fn compute_by_mode(
        &self,
        parts: Grouped<'_>,
        grouping: &Grouping,
        columns: &mut [Column],
        remarks: &mut Vec<Remark>,
    ) -> Result<Vec<Computed>, Unmerged> {
        let is_single = parts.sets.len() == 1;
        match self.wish.mode {
            // A master lets the groups of a single set pass as they are.
            MergeMode::Master if is_single => return Ok(Vec::new()),
            MergeMode::Unique if !is_single => {
                if let Some(all) = self.compute_unique(parts, grouping, columns, remarks)? {
                    return Ok(all);
                }
            }
            _ => {}
        }
        self.compute(parts, grouping, columns, remarks)
    }

    /// What is said of agents that had more groups than they sent.
    fn cut_groups(&self, sets: &[Set<'_>], known: usize, total_found: i64) -> Option<Remark> {
        let is_cut = |set: &&Set<'_>| set.result.total_found as usize > set.result.rows.len();
        let cut: Vec<&Set<'_>> = sets.iter().filter(is_cut).collect();
        if cut.is_empty() || sets.len() < 2 || self.wish.mode == MergeMode::Master {
            return None;
        }
        // A group that several agents cut is found at each of them.
        Some(Remark::GroupsCut {
            max_matches: self.wish.window.max_matches,
            sources: differences::named(&cut),
            at_least: known,
            at_most: u64::try_from(total_found).unwrap_or(0).max(known as u64),
        })
    }

    /// Leaves the rows that were asked for. Returns how many there were to choose from.
    fn cut(
        &self,
        sets: &[Set<'_>],
        columns: &[Column],
        computed: &[Computed],
        picks: &mut Vec<Pick>,
    ) -> Result<usize, Unmerged> {
        let Window { mut offset, mut limit, .. } = self.wish.window;
        picks.truncate(self.kept_max());
        let total = picks.len();
        if let Some(outer) = &self.wish.outer {
            if let Some(order) = &self.outer_order {
                self.row_order(sets, columns, order, computed, super::ties(sets))?.sort(picks);
            }
            (offset, limit) = (outer.offset, outer.limit);
        }
        picks.truncate(offset.saturating_add(limit));
        picks.drain(..offset.min(picks.len()));
        Ok(total)
    }

    /// One pick for each row of the result, in the order of the groups.
    fn sorted_groups(
        &self,
        Grouped { sets, groups, .. }: Grouped<'_>,
        grouping: &Grouping,
        columns: &[Column],
        best: &Best,
        computed: &[Computed],
    ) -> Result<Vec<Pick>, Unmerged> {
        let mut heads = Vec::new();
        heads.try_reserve_exact(groups.count)?;
        heads.extend((0..groups.count as u32).map(|group| groups.pick(best.of(group)[0])));
        if sets.len() > 1 {
            let order =
                self.row_order(sets, columns, &grouping.order, computed, super::ties(sets))?;
            order.sort(&mut heads);
        }
        if best.row_count() == heads.len() {
            return Ok(heads);
        }
        let mut picks = Vec::new();
        picks.try_reserve_exact(best.row_count())?;
        for head in heads {
            picks.extend(best.of(head.group).iter().map(|row| groups.pick(*row)));
        }
        Ok(picks)
    }

    /// The aggregates of all groups. Their columns get the types and the numbers of what was
    /// computed.
    pub(super) fn compute(
        &self,
        grouped: Grouped<'_>,
        grouping: &Grouping,
        columns: &mut [Column],
        remarks: &mut Vec<Remark>,
    ) -> Result<Vec<Computed>, Unmerged> {
        let Grouped { sets, groups, .. } = grouped;
        let Some(count) = columns.iter().find(|column| column.name == COUNT) else {
            return Err(Unmerged::Misfit("agents sent groups without their sizes".to_owned()));
        };
        let parts = Parts { sets, groups, column: count };
        let weights = parts.weights()?;
        let Computed::Ints(counts) = parts.sums()? else {
            return Err(Unmerged::Misfit("agents sent sizes that are no integers".to_owned()));
        };
        let averages = match (self.wish.mode, is_manticore(sets)) {
            (MergeMode::Exact | MergeMode::Unique, _) => Averages::Double(&weights),
            (MergeMode::Master, false) => Averages::Single(&weights),
            (MergeMode::Master, true) => Averages::Cut(&weights),
        };
        let mut all = Vec::new();
        let mut known: HashMap<String, (usize, Kind)> = HashMap::new();
        for number in 0..columns.len() {
            let Some((function, argument)) = self.function_of(&columns[number].name) else {
                continue;
            };
            // Agents may send thousands of columns of one name: these are one.
            if let Some(&(computed, kind)) = known.get(&columns[number].name) {
                (columns[number].computed, columns[number].kind) = (Some(computed), kind);
                continue;
            }
            let parts = Parts { sets, groups, column: &columns[number] };
            let exact = match function {
                Function::Sum => self.exact_sums(parts, columns, argument)?,
                Function::Avg => self.exact_averages(parts, columns, argument, &counts)?,
                _ => None,
            };
            let (computed, kind) = match (exact, function) {
                (Some(exact), _) => exact,
                (None, function) => {
                    let computed = match function {
                        Function::Count | Function::Sum => parts.sums()?,
                        Function::Min => parts.extremes(false)?,
                        Function::Max => parts.extremes(true)?,
                        Function::Avg => parts.averages(averages, &counts)?,
                        Function::Concat { separator } => parts.texts(&separator)?,
                        Function::Distinct => {
                            self.distinct(grouped, grouping, columns, number, remarks)?
                        }
                    };
                    (computed, columns[number].kind)
                }
            };
            known.insert(columns[number].name.clone(), (all.len(), kind));
            (columns[number].computed, columns[number].kind) = (Some(all.len()), kind);
            all.push(computed);
        }
        Ok(all)
    }

    /// Sums that do not wrap around in 32 bits.
    fn exact_sums(
        &self,
        parts: Parts<'_>,
        columns: &[Column],
        argument: &str,
    ) -> Result<Option<(Computed, Kind)>, TryReserveError> {
        let Some((_, wide)) = self.helpers.sums_of(argument) else {
            return Ok(None);
        };
        let kind = parts.column.kind;
        if matches!(kind, Kind::Float | Kind::Double) {
            return Ok(Some((Computed::Reals(parts.wide_sums()?), kind)));
        }
        match columns.iter().find(|column| column.name == wide) {
            Some(column) => Ok(Some((Parts { column, ..parts }.sums()?, Kind::Bigint))),
            None => Ok(None),
        }
    }

    /// Averages of whole groups: their sums by their sizes.
    fn exact_averages(
        &self,
        parts: Parts<'_>,
        columns: &[Column],
        argument: &str,
        counts: &[i64],
    ) -> Result<Option<(Computed, Kind)>, TryReserveError> {
        let find = |name: &str| columns.iter().find(|column| column.name == name);
        let names = self.helpers.sums_of(argument);
        let Some((sums, wide)) = names.and_then(|(sum, wide)| Some((find(&sum)?, find(&wide)?)))
        else {
            return Ok(None);
        };
        let is_real = matches!(sums.kind, Kind::Float | Kind::Double);
        let (column, kind) =
            if is_real { (sums, parts.column.kind) } else { (wide, Kind::Double) };
        let mut averages = match (Parts { column, ..parts }).sums()? {
            Computed::Ints(sums) => {
                let mut reals = Vec::new();
                reals.try_reserve_exact(sums.len())?;
                reals.extend(sums.into_iter().map(|sum| sum as f64));
                reals
            }
            _ => Parts { column, ..parts }.wide_sums()?,
        };
        for (sum, count) in averages.iter_mut().zip(counts).filter(|(_, count)| **count != 0) {
            *sum /= *count as f64;
        }
        Ok(Some((Computed::Reals(averages), kind)))
    }

    /// Numbers of distinct values: by the values where agents told them, else as a master has it.
    fn distinct(
        &self,
        grouped: Grouped<'_>,
        grouping: &Grouping,
        columns: &[Column],
        number: usize,
        remarks: &mut Vec<Remark>,
    ) -> Result<Computed, TryReserveError> {
        let Grouped { sets, groups, seed } = grouped;
        let tags = grouping.distinct.as_deref();
        let tags = tags.and_then(|tags| select::find_column(&self.items, columns, tags));
        let of_master = distinct::as_master(sets, groups, &columns[number], tags)?;
        // Documents that did not come have told no values.
        let query = self.helpers.values().filter(|query| query.document.is_none());
        let Some(query) = query else {
            if self.wish.mode == MergeMode::Exact && sets.len() > 1 {
                let attribute = grouping.distinct.clone().unwrap_or_default();
                let sources = differences::named(&sets.iter().collect::<Vec<_>>());
                let why = Some("no function of agents tells the week of a document".to_owned());
                remarks.push(Remark::ValuesUnknown { attribute, sources, why });
            }
            return Ok(of_master);
        };
        let Computed::Ints(mut counts) = of_master else { return Ok(of_master) };
        let items = &self.items;
        let is_cased = self.order.is_cased();
        let values = Values { query, items, sets, columns, groups, seed, is_cased };
        let counted = values.count()?;
        for (count, exact) in counts.iter_mut().zip(counted.counts) {
            *count = exact.unwrap_or(*count);
        }
        remarks.extend(counted.remarks);
        Ok(Computed::Ints(counts))
    }

    fn column_of<'a>(&self, columns: &'a [Column], name: &[u8]) -> Result<&'a Column, String> {
        let name = select::fold(&String::from_utf8_lossy(name));
        select::find_column(&self.items, columns, &name)
            .ok_or_else(|| format!("having '{name}' is no column of the select list"))
    }

    /// The aggregate that a column of that name is, and its argument.
    pub(super) fn function_of(&self, name: &str) -> Option<(Function, &str)> {
        match name {
            COUNT => return Some((Function::Count, "*")),
            DISTINCT => return Some((Function::Distinct, "")),
            _ => {}
        }
        let named = |item: &&Item| matches!(item, Item::Named { alias, .. } if alias == name);
        self.items.iter().find(named).and_then(helpers::aggregate)
    }
}

/// What aggregates are made of.
#[derive(Clone, Copy)]
pub(super) struct Grouped<'a> {
    pub(super) sets: &'a [Set<'a>],
    pub(super) groups: &'a Groups,
    pub(super) seed: u64,
}

/// Lets the sets arrive in the opposite order.
fn reverse(sets: &mut [Set<'_>], columns: &mut [Column]) {
    sets.reverse();
    for column in columns {
        column.sources.reverse();
    }
}
