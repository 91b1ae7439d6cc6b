//! A SELECT as searches: its own, and one for each facet.

use super::answer::Shape;
use super::condition::{condition, filtered};
use super::own_alias::Reworded;
use super::setting::{self, StatementOptions};
use crate::search::{GroupBy, Grouping, Search, Sort};
use crate::sphinxql::{
    Aggregate, Column, Direction, Facet, Fault, Group, Item, ItemKind, Limit, Order, OrderKey,
    Select, Span, reword,
};

/// What of a SELECT is asked, and how its answers look.
pub(super) struct Planned {
    /// The list of indexes.
    pub(super) index: String,
    /// The select's own search, and one for each facet.
    pub(super) searches: Vec<Search>,
    /// One for each search.
    pub(super) shapes: Vec<Shape>,
    pub(super) options: StatementOptions,
}

impl Planned {
    pub(super) fn new(select: Select) -> Result<Planned, Fault> {
        let Reworded { select, names } = Reworded::new(select);
        let select = &select;
        let text = select.text.as_ref().map_or("", |text| text.text.as_str());
        let settings = select.settings.as_slice();
        // What facets have in common with their select.
        let common = filtered(Search::new(text), &select.conditions)?;
        let mut shapes = vec![Shape::of_select(&select.items, names)];
        let own = own(select, common.clone())?;
        let mut searches = vec![setting::with_settings(own, settings)?];
        let common = setting::with_common_settings(common, settings)?;
        for facet in &select.facets {
            searches.push(facet_search(facet, common.clone())?);
            shapes.push(Shape::of_facet(facet));
        }
        let index: Vec<&str> = select.indexes.iter().map(|name| name.text.as_str()).collect();
        let options = setting::options(settings)?;
        Ok(Planned { index: index.join(", "), searches, shapes, options })
    }
}

fn own(select: &Select, search: Search) -> Result<Search, Fault> {
    let mut search = limited(search.select(list(&select.items)?), select.limit.as_ref());
    let order = order_clause(&select.order)?;
    match &select.group {
        Some(group) => {
            if let Order::Random(span) = &select.order {
                let expected = "a column is expected: groups have no random order";
                return Err(Fault::new(*span, expected));
            }
            refuse_counts_of_rows(select, group)?;
            let mut grouping = grouped(group, order)?;
            if let Some(having) = &select.having {
                grouping = grouping.having(having.column.text.as_str(), condition(having)?);
            }
            if group.within.is_empty() {
                search = search.sort(Sort::Extended(BY_WEIGHT.to_owned()));
            }
            search = search.group(grouping);
        }
        None => {
            if let Some(having) = &select.having {
                let expected = "HAVING is expected behind GROUP BY alone";
                return Err(Fault::new(having.span, expected));
            }
            search = search.sort(Sort::Extended(order));
        }
    }
    let Some(outer) = &select.outer else { return Ok(search) };
    if let Some(limit) = select.limit.as_ref().filter(|limit| limit.offset > 0) {
        let expected = "no offset is expected within a select: put one into the select around it";
        return Err(Fault::new(limit.span, expected));
    }
    // All rows of the inner one, unless it says otherwise.
    let inner = select.limit.as_ref().map_or(LIMIT, |limit| limit.count);
    let (offset, count) =
        outer.limit.as_ref().map_or((0, inner), |limit| (limit.offset, limit.count));
    Ok(search.outer(keys_clause(&outer.order)?, offset, count))
}

/// The rows of groups and their numbers of distinct values are two searches.
fn refuse_counts_of_rows(select: &Select, group: &Group) -> Result<(), Fault> {
    let is_count =
        |item: &&Item| matches!(item.kind, ItemKind::Aggregate(Aggregate::CountDistinct(_)));
    match select.items.iter().find(is_count) {
        Some(item) if group.rows.is_some_and(|rows| rows > 1) => {
            let expected = "no COUNT(DISTINCT) is expected where groups have several rows: select \
                            it in a statement of its own";
            Err(Fault::new(item.span, expected))
        }
        _ => Ok(()),
    }
}

fn grouped(group: &Group, order: String) -> Result<Grouping, Fault> {
    let mut grouping = Grouping::new(group_by(&group.columns)?).order(order);
    if !group.within.is_empty() {
        grouping = grouping.within(keys_clause(&group.within)?);
    }
    match group.rows {
        Some(0) => Err(Fault::new(group.span, "at least one row of a group is expected")),
        Some(rows) => Ok(grouping.rows_per_group(rows)),
        None => Ok(grouping),
    }
}

fn group_by(columns: &[Column]) -> Result<GroupBy, Fault> {
    let names: Result<Vec<String>, Fault> = columns.iter().map(name_in_clause).collect();
    let mut names = names?;
    Ok(match names.len() {
        1 => GroupBy::Attribute(names.remove(0)),
        _ => GroupBy::Attributes(names),
    })
}

/// A facet counts the documents of its groups. Of the select it has the text, the conditions, the
/// weights of indexes and max_matches, as in a daemon.
fn facet_search(facet: &Facet, search: Search) -> Result<Search, Fault> {
    let mut texts = Vec::with_capacity(facet.items.len() + 1);
    let mut by = Vec::new();
    for item in &facet.items {
        if item.kind != ItemKind::Expression {
            let expected = "a column or an expression of one document is expected in a facet";
            return Err(Fault::new(item.span, expected));
        }
        // Agents take them without an alias; the answer has it.
        let text = reword(&item.text, |_| None);
        texts.push(text.clone());
        by.push(Column { text, span: item.span });
    }
    texts.push("count(*)".to_owned());
    let distinct = facet.distinct.as_ref().map(name_in_clause).transpose()?;
    let distinct = distinct.map(|column| format!("count(distinct {column})"));
    texts.extend(distinct);
    if !facet.by.is_empty() {
        by.clone_from(&facet.by);
    }
    if let Order::Random(span) = facet.order {
        return Err(Fault::new(span, "a column is expected: groups have no random order"));
    }
    let by = match facet.by.is_empty() {
        // An expression may hold commas and blanks, and is one name all the same.
        true if by.len() == 1 => GroupBy::Attribute(by.remove(0).text),
        _ => group_by(&by)?,
    };
    let grouping = Grouping::new(by).order(order_clause(&facet.order)?);
    let search = limited(search.select(texts.join(", ")), facet.limit.as_ref());
    Ok(search.sort(Sort::Extended(BY_WEIGHT.to_owned())).group(grouping))
}

/// A select list as agents take it.
fn list(items: &[Item]) -> Result<String, Fault> {
    let mut distinct = None;
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        if matches!(item.kind, ItemKind::Aggregate(Aggregate::CountDistinct(_))) {
            if distinct.is_some() {
                let expected = "one COUNT(DISTINCT) is expected, and no second one";
                return Err(Fault::new(item.span, expected));
            }
            distinct = Some(item.span);
        }
        texts.push(match &item.alias {
            Some(alias) => format!("{} AS {}", item.text, alias.text),
            None => item.text.clone(),
        });
    }
    Ok(texts.join(", "))
}

fn limited(search: Search, limit: Option<&Limit>) -> Search {
    match limit {
        Some(limit) => search.offset(limit.offset).limit(limit.count),
        None => search.limit(LIMIT),
    }
}

fn order_clause(order: &Order) -> Result<String, Fault> {
    match order {
        Order::Weight => Ok(BY_WEIGHT.to_owned()),
        Order::Random(_) => Ok("@random".to_owned()),
        Order::Keys(keys) => keys_clause(keys),
    }
}

fn keys_clause(keys: &[OrderKey]) -> Result<String, Fault> {
    let key = |key: &OrderKey| {
        let direction = match key.direction {
            Direction::Ascending => "asc",
            Direction::Descending => "desc",
        };
        Ok(format!("{} {direction}", name_in_clause(&key.column)?))
    };
    let keys: Result<Vec<String>, Fault> = keys.iter().map(key).collect();
    Ok(keys?.join(", "))
}

/// The name of a column where agents split a text at blanks and commas.
fn name_in_clause(column: &Column) -> Result<String, Fault> {
    let name = match column.text.as_str() {
        "weight()" => "@weight",
        "count(*)" => "@count",
        "groupby()" | "facet()" => "@groupby",
        name if name.contains(|letter: char| letter == ',' || letter.is_ascii_whitespace()) => {
            return Err(unsplit(column.span));
        }
        name => name,
    };
    Ok(name.to_owned())
}

fn unsplit(span: Span) -> Fault {
    let expected = "a column without blanks and commas is expected: daemons split the list at \
                    them; give it an alias in the select list";
    Fault::new(span, expected)
}

/// The order of rows that have none, and of documents within a group.
const BY_WEIGHT: &str = "@weight desc";

/// Rows where nothing is said of them.
const LIMIT: u32 = 20;
