//! Conditions of a statement as those of a search.

use crate::search::{Condition, Number as SearchNumber, Search, is_id};
use crate::sphinxql::{Fault, Number, Predicate, Quantifier, Span, Test, Value};

/// The search with all these conditions.
pub(super) fn filtered(search: Search, conditions: &[Predicate]) -> Result<Search, Fault> {
    conditions.iter().try_fold(search, |search, predicate| {
        let column = predicate.column.text.as_str();
        if is_id(column.as_bytes()) && predicate.quantifier.is_none() {
            return ids(search, predicate);
        }
        let column = if column == "weight()" { "@weight" } else { column };
        Ok(search.filter(column, condition(predicate)?))
    })
}

/// A condition on an attribute, or on a column of groups.
pub(super) fn condition(predicate: &Predicate) -> Result<Condition, Fault> {
    let condition = match &predicate.test {
        Test::Equal(value) => equal(value)?,
        Test::Unequal(value) => equal(value)?.negated(),
        Test::Less(value, span) => Condition::below(number(*value, *span)?),
        Test::AtMost(value, span) => Condition::at_most(number(*value, *span)?),
        Test::Greater(value, span) => Condition::above(number(*value, *span)?),
        Test::AtLeast(value, span) => Condition::at_least(number(*value, *span)?),
        Test::Between(from, to, span) => {
            Condition::range(number(*from, *span)?, number(*to, *span)?)
        }
        Test::In(values, span) => one_of(values, *span)?,
        Test::NotIn(values, span) => one_of(values, *span)?.negated(),
        Test::InVariable(name) => Condition::in_variable(name.text.as_str()),
        Test::NotInVariable(name) => Condition::in_variable(name.text.as_str()).negated(),
        Test::IsNull => Condition::null(),
        Test::IsNotNull => Condition::null().negated(),
    };
    Ok(match predicate.quantifier {
        Some(Quantifier::All) => condition.of_all_values(),
        Some(Quantifier::Any) | None => condition,
    })
}

fn equal(value: &Value) -> Result<Condition, Fault> {
    match value {
        Value::Number(value, span) => Ok(match number(*value, *span)? {
            SearchNumber::Int(value) => Condition::any_of([value]),
            float => Condition::range(float, float),
        }),
        Value::Text(text) => Ok(Condition::text(text.text.as_str())),
        Value::List(_, span) => Err(Fault::new(*span, "a number or a text is expected")),
    }
}

fn one_of(values: &[Value], span: Span) -> Result<Condition, Fault> {
    let texts: Vec<&str> = values
        .iter()
        .filter_map(|value| match value {
            Value::Text(text) => Some(text.text.as_str()),
            _ => None,
        })
        .collect();
    if texts.len() == values.len() {
        return Ok(Condition::any_text(texts));
    }
    let int = |value: &Value| match value {
        Value::Number(Number::Int(value), _) => Ok(*value),
        Value::Number(_, span) => Err(Fault::new(*span, SIGNED)),
        _ => Err(Fault::new(span, "whole numbers, or texts alone, are expected")),
    };
    Ok(Condition::any_of(values.iter().map(int).collect::<Result<Vec<i64>, Fault>>()?))
}

fn number(number: Number, span: Span) -> Result<SearchNumber, Fault> {
    match number {
        Number::Int(value) => Ok(SearchNumber::Int(value)),
        Number::Uint(_) => Err(Fault::new(span, SIGNED)),
        Number::Float(value) => {
            let value = value as f32;
            match value.is_finite() {
                true => Ok(SearchNumber::Float(value)),
                false => {
                    Err(Fault::new(span, "a number that a float of 32 bits holds is expected"))
                }
            }
        }
    }
}

/// A condition on the document id, which has no sign.
fn ids(search: Search, predicate: &Predicate) -> Result<Search, Fault> {
    let set = |values: &[Value]| -> Option<Vec<u64>> { values.iter().map(id_of).collect() };
    // An end below zero is below all ids, one with decimals between two; neither is an id itself.
    let range = match &predicate.test {
        Test::Equal(value) => match id_of(value) {
            Some(id) => return Ok(search.filter_ids([id])),
            None => None,
        },
        Test::Unequal(value) => match id_of(value) {
            Some(id) => return Ok(search.exclude_ids([id])),
            None => None,
        },
        Test::In(values, _) => match set(values) {
            Some(ids) => return Ok(search.filter_ids(ids)),
            None => None,
        },
        Test::NotIn(values, _) => match set(values) {
            Some(ids) => return Ok(search.exclude_ids(ids)),
            None => None,
        },
        Test::Less(end, _) => {
            bound(*end).map(|end| (Some(0), end.and_then(|end| end.checked_sub(1))))
        }
        Test::AtMost(end, _) => bound(*end).map(|end| (Some(0), end)),
        Test::Greater(end, _) => {
            bound(*end).map(|end| (end.map_or(Some(0), |end| end.checked_add(1)), Some(u64::MAX)))
        }
        Test::AtLeast(end, _) => bound(*end).map(|end| (Some(end.unwrap_or(0)), Some(u64::MAX))),
        Test::Between(from, to, _) => {
            let ends = bound(*from).zip(bound(*to));
            ends.map(|(from, to)| (Some(from.unwrap_or(0)), to))
        }
        Test::InVariable(_) | Test::NotInVariable(_) | Test::IsNull | Test::IsNotNull => None,
    };
    match range {
        Some((Some(from), Some(to))) => Ok(search.id_range(from, to)),
        // No id is above the last one, or below the first.
        Some(_) => Ok(search.id_range(1, 0)),
        None => Ok(search.filter("id", condition(predicate)?)),
    }
}

fn id_of(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number, _) => number.as_count(),
        _ => None,
    }
}

/// The end of a range of ids: none below zero; nothing for what is no whole number.
fn bound(number: Number) -> Option<Option<u64>> {
    match number {
        Number::Float(_) => None,
        number => Some(number.as_count()),
    }
}

const SIGNED: &str = "a whole number of 64 bits with a sign is expected: only ids have none";
