//! `SELECT` and its clauses.

use super::super::select::{Facet, Group, Item, ItemKind, Limit, Order, Outer, Predicate, Select};
use super::super::statement::Span;
use super::super::token::Token;
use super::condition::Conditions;
use super::{Parsed, Parser};
use crate::limits::{STATEMENT_LIMIT_MAX, STATEMENTS_MAX};

impl Parser<'_> {
    pub(super) fn select(&mut self) -> Parsed<Select> {
        let start = self.keyword("SELECT")?;
        let is_name_next = matches!(self.next.0, Token::Word | Token::Quoted);
        let is_column = self.is_next("FROM") || self.is_next("AS");
        if self.is("DISTINCT") && is_name_next && !is_column {
            return Err(self.expected("an expression is expected: for distinct rows use GROUP BY"));
        }
        let items = self.items()?;
        self.keyword("FROM")?;
        if self.token == Token::Open {
            return self.outer(&items, start);
        }
        let mut select = self.plain(items)?;
        while self.is("FACET") {
            if select.facets.len() + 1 == STATEMENTS_MAX {
                let expected = format!("at most {STATEMENTS_MAX} queries at once are expected");
                return Err(self.expected(expected));
            }
            select.facets.push(self.facet()?);
        }
        select.span = start.to(self.last);
        Ok(select)
    }

    /// A select from its indexes on, less facets.
    fn plain(&mut self, items: Vec<Item>) -> Parsed<Select> {
        let indexes = self.names("an index")?;
        let Conditions { text, predicates } = match self.takes_keyword("WHERE") {
            true => self.conditions()?,
            false => Conditions::default(),
        };
        let group = if self.is("GROUP") { Some(self.group()?) } else { None };
        let having = match self.takes_keyword("HAVING") {
            true => Some(self.having()?),
            false => None,
        };
        let order = self.order_clause()?;
        let limit = self.limit()?;
        let settings = self.settings()?;
        Ok(Select {
            items,
            indexes,
            text,
            conditions: predicates,
            group,
            having,
            order,
            limit,
            settings,
            outer: None,
            facets: Vec::new(),
            span: self.last,
        })
    }

    /// A select around another one.
    fn outer(&mut self, items: &[Item], start: Span) -> Parsed<Select> {
        if !matches!(items, [Item { kind: ItemKind::Everything, .. }]) {
            return Err(self.expected("an index is expected: '*' alone is selected of a select"));
        }
        self.advance();
        self.keyword("SELECT")?;
        let items = self.items()?;
        self.keyword("FROM")?;
        let mut select = self.plain(items)?;
        self.expect(Token::Close, "')'")?;
        let outer_start = self.keyword("ORDER")?;
        self.keyword("BY")?;
        let order = self.order_keys()?;
        let limit = self.limit()?;
        select.outer = Some(Outer { order, limit, span: outer_start.to(self.last) });
        select.span = start.to(self.last);
        Ok(select)
    }

    fn group(&mut self) -> Parsed<Group> {
        let start = self.advance();
        let rows = match self.is("BY") {
            true => None,
            false => Some(self.rows("BY or the number of rows of a group")?),
        };
        self.keyword("BY")?;
        let columns = self.columns()?;
        let within = match self.takes_keyword("WITHIN") {
            true => {
                for keyword in ["GROUP", "ORDER", "BY"] {
                    self.keyword(keyword)?;
                }
                self.order_keys()?
            }
            false => Vec::new(),
        };
        Ok(Group { rows, columns, within, span: start.to(self.last) })
    }

    fn having(&mut self) -> Parsed<Predicate> {
        let predicate = self.predicate()?;
        if self.is("AND") || self.is("OR") {
            return Err(self.expected("HAVING has one condition, and no second one is expected"));
        }
        Ok(predicate)
    }

    fn order_clause(&mut self) -> Parsed<Order> {
        if !self.takes_keyword("ORDER") {
            return Ok(Order::Weight);
        }
        self.keyword("BY")?;
        self.order()
    }

    fn limit(&mut self) -> Parsed<Option<Limit>> {
        if !self.is("LIMIT") {
            return Ok(None);
        }
        let start = self.advance();
        let first = self.rows("a number of rows")?;
        let (offset, count) = if self.takes(Token::Comma) {
            (first, self.rows("a number of rows")?)
        } else if self.takes_keyword("OFFSET") {
            (self.rows("a number of rows")?, first)
        } else {
            (0, first)
        };
        Ok(Some(Limit { offset, count, span: start.to(self.last) }))
    }

    fn rows(&mut self, what: &str) -> Parsed<u32> {
        let rows = self.count(what, STATEMENT_LIMIT_MAX)?;
        Ok(u32::try_from(rows).unwrap_or(u32::MAX))
    }

    fn facet(&mut self) -> Parsed<Facet> {
        let start = self.advance();
        let items = self.items()?;
        let by = match self.takes_keyword("BY") {
            true => self.columns()?,
            false => Vec::new(),
        };
        let distinct = match self.takes_keyword("DISTINCT") {
            true => Some(self.column()?),
            false => None,
        };
        let order = self.order_clause()?;
        let limit = self.limit()?;
        Ok(Facet { items, by, distinct, order, limit, span: start.to(self.last) })
    }
}
