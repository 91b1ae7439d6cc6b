//! Statements as text that parses to their equals.

use std::fmt::{self, Display, Formatter, Write};

use super::select::{
    Column, Direction, Facet, Group, Item, Limit, Order, OrderKey, Outer, Predicate, Quantifier,
    Select, Setting, SettingValue, Test,
};
use super::statement::{
    Argument, Assignment, Call, Delete, Insert, Name, Number, Show, ShowTarget, Statement, Text,
    Update, Value, Variable,
};
use super::token::is_reserved;

impl Display for Statement {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Statement::Select(select) => select.fmt(out),
            Statement::Show(show) => show.fmt(out),
            Statement::Describe(index, like) => {
                write!(out, "DESCRIBE {index}")?;
                put_like(like.as_ref(), out)
            }
            Statement::Update(update) => update.fmt(out),
            Statement::Delete(delete) => delete.fmt(out),
            Statement::Insert(insert) => insert.fmt(out),
            Statement::SetGlobal(variable) => variable.fmt(out),
            Statement::FlushAttributes(_) => out.write_str("FLUSH ATTRIBUTES"),
            Statement::Call(call) => call.fmt(out),
        }
    }
}

impl Display for Select {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        if let Some(Outer { order, limit, .. }) = &self.outer {
            out.write_str("SELECT * FROM (")?;
            self.put_plain(out)?;
            write!(out, ") ORDER BY {}", List(order))?;
            put_limit(limit.as_ref(), out)?;
        } else {
            self.put_plain(out)?;
        }
        self.facets.iter().try_for_each(|facet| write!(out, " {facet}"))
    }
}

impl Select {
    fn put_plain(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "SELECT {} FROM {}", List(&self.items), List(&self.indexes))?;
        put_where(self.text.as_ref(), &self.conditions, out)?;
        if let Some(group) = &self.group {
            write!(out, " {group}")?;
        }
        if let Some(having) = &self.having {
            write!(out, " HAVING {having}")?;
        }
        put_order(&self.order, out)?;
        put_limit(self.limit.as_ref(), out)?;
        put_settings(&self.settings, out)
    }
}

impl Display for Item {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)?;
        match &self.alias {
            Some(alias) => write!(out, " AS {alias}"),
            None => Ok(()),
        }
    }
}

impl Display for Column {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self.text.ends_with(')') {
            true => out.write_str(&self.text),
            false => put_path(&self.text, out),
        }
    }
}

impl Display for Predicate {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self.quantifier {
            Some(Quantifier::Any) => write!(out, "ANY({})", self.column)?,
            Some(Quantifier::All) => write!(out, "ALL({})", self.column)?,
            None => self.column.fmt(out)?,
        }
        match &self.test {
            Test::Equal(value) => write!(out, " = {value}"),
            Test::Unequal(value) => write!(out, " != {value}"),
            Test::Less(number, _) => write!(out, " < {number}"),
            Test::AtMost(number, _) => write!(out, " <= {number}"),
            Test::Greater(number, _) => write!(out, " > {number}"),
            Test::AtLeast(number, _) => write!(out, " >= {number}"),
            Test::Between(from, to, _) => write!(out, " BETWEEN {from} AND {to}"),
            Test::In(values, _) => write!(out, " IN ({})", List(values)),
            Test::NotIn(values, _) => write!(out, " NOT IN ({})", List(values)),
            Test::InVariable(name) => write!(out, " IN {}", name.text),
            Test::NotInVariable(name) => write!(out, " NOT IN {}", name.text),
            Test::IsNull => out.write_str(" IS NULL"),
            Test::IsNotNull => out.write_str(" IS NOT NULL"),
        }
    }
}

impl Display for Group {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str("GROUP ")?;
        if let Some(rows) = self.rows {
            write!(out, "{rows} ")?;
        }
        write!(out, "BY {}", List(&self.columns))?;
        match self.within.as_slice() {
            [] => Ok(()),
            within => write!(out, " WITHIN GROUP ORDER BY {}", List(within)),
        }
    }
}

impl Display for OrderKey {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let direction = match self.direction {
            Direction::Ascending => "ASC",
            Direction::Descending => "DESC",
        };
        write!(out, "{} {direction}", self.column)
    }
}

impl Display for Setting {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{} = ", self.name)?;
        match &self.value {
            SettingValue::Word(word) => word.fmt(out),
            SettingValue::Number(number, _) => number.fmt(out),
            SettingValue::Text(text) => text.fmt(out),
            SettingValue::Function(name, text) => write!(out, "{name}({text})"),
            SettingValue::Weights(weights, _) => {
                out.write_char('(')?;
                for (number, (name, weight)) in weights.iter().enumerate() {
                    let comma = if number > 0 { ", " } else { "" };
                    write!(out, "{comma}{name} = {weight}")?;
                }
                out.write_char(')')
            }
        }
    }
}

impl Display for Facet {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "FACET {}", List(&self.items))?;
        if !self.by.is_empty() {
            write!(out, " BY {}", List(&self.by))?;
        }
        if let Some(distinct) = &self.distinct {
            write!(out, " DISTINCT {distinct}")?;
        }
        put_order(&self.order, out)?;
        put_limit(self.limit.as_ref(), out)
    }
}

impl Display for Show {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(match &self.target {
            ShowTarget::Meta => "SHOW META",
            ShowTarget::Warnings => "SHOW WARNINGS",
            ShowTarget::Status => "SHOW STATUS",
            ShowTarget::Tables => "SHOW TABLES",
            ShowTarget::Variables => "SHOW VARIABLES",
            ShowTarget::AgentStatus(None) => "SHOW AGENT STATUS",
            ShowTarget::AgentStatus(Some(name)) => {
                write!(out, "SHOW AGENT {name} STATUS")?;
                return put_like(self.like.as_ref(), out);
            }
        })?;
        put_like(self.like.as_ref(), out)
    }
}

impl Display for Update {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "UPDATE {} SET {}", List(&self.indexes), List(&self.assignments))?;
        put_where(self.text.as_ref(), &self.conditions, out)?;
        put_settings(&self.settings, out)
    }
}

impl Display for Assignment {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{} = {}", self.column, self.value)
    }
}

impl Display for Delete {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "DELETE FROM {}", List(&self.indexes))?;
        put_where(self.text.as_ref(), &self.conditions, out)
    }
}

impl Display for Insert {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let verb = if self.replaces { "REPLACE" } else { "INSERT" };
        write!(out, "{verb} INTO {}", self.index)?;
        if !self.columns.is_empty() {
            write!(out, " ({})", List(&self.columns))?;
        }
        out.write_str(" VALUES")?;
        for (number, row) in self.rows.iter().enumerate() {
            let comma = if number > 0 { "," } else { "" };
            write!(out, "{comma} ({})", List(row))?;
        }
        Ok(())
    }
}

impl Display for Variable {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str("SET ")?;
        if let Some(index) = &self.index {
            write!(out, "INDEX {index} ")?;
        }
        write!(out, "GLOBAL {} = ({})", self.name.text, List(&self.values))
    }
}

impl Display for Call {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "CALL {}({})", self.procedure, List(&self.arguments))
    }
}

impl Display for Argument {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        self.value.fmt(out)?;
        match &self.name {
            Some(name) => write!(out, " AS {name}"),
            None => Ok(()),
        }
    }
}

impl Display for Name {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        put_path(&self.text, out)
    }
}

impl Display for Text {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_char('\'')?;
        for letter in self.text.chars() {
            if matches!(letter, '\'' | '\\') {
                out.write_char('\\')?;
            }
            out.write_char(letter)?;
        }
        out.write_char('\'')
    }
}

impl Display for Number {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Number::Int(value) => value.fmt(out),
            Number::Uint(value) => value.fmt(out),
            // With a point or an exponent, whatever its value.
            Number::Float(value) => write!(out, "{value:?}"),
        }
    }
}

impl Display for Value {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(number, _) => number.fmt(out),
            Value::Text(text) => text.fmt(out),
            Value::List(values, _) => write!(out, "({})", List(values)),
        }
    }
}

/// Values between commas.
struct List<'a, T>(&'a [T]);

impl<T: Display> Display for List<'_, T> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for (number, value) in self.0.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            write!(out, "{comma}{value}")?;
        }
        Ok(())
    }
}

/// Writes a name, and what leads to a field of a document.
fn put_path(path: &str, out: &mut Formatter<'_>) -> fmt::Result {
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (name, rest) = path.split_at(end);
    match is_reserved(name) {
        true => write!(out, "`{name}`{rest}"),
        false => out.write_str(path),
    }
}

fn put_where(
    text: Option<&Text>,
    conditions: &[Predicate],
    out: &mut Formatter<'_>,
) -> fmt::Result {
    let mut opening = " WHERE ";
    if let Some(text) = text {
        write!(out, "{opening}MATCH({text})")?;
        opening = " AND ";
    }
    for condition in conditions {
        write!(out, "{opening}{condition}")?;
        opening = " AND ";
    }
    Ok(())
}

fn put_order(order: &Order, out: &mut Formatter<'_>) -> fmt::Result {
    match order {
        Order::Weight => Ok(()),
        Order::Random(_) => out.write_str(" ORDER BY RAND()"),
        Order::Keys(keys) => write!(out, " ORDER BY {}", List(keys)),
    }
}

fn put_limit(limit: Option<&Limit>, out: &mut Formatter<'_>) -> fmt::Result {
    match limit {
        Some(Limit { offset, count, .. }) => write!(out, " LIMIT {offset}, {count}"),
        None => Ok(()),
    }
}

fn put_settings(settings: &[Setting], out: &mut Formatter<'_>) -> fmt::Result {
    match settings {
        [] => Ok(()),
        settings => write!(out, " OPTION {}", List(settings)),
    }
}

fn put_like(like: Option<&Text>, out: &mut Formatter<'_>) -> fmt::Result {
    match like {
        Some(like) => write!(out, " LIKE {like}"),
        None => Ok(()),
    }
}
