//! `SHOW` and `DESCRIBE`.

use super::super::statement::{Show, ShowTarget, Statement, Text};
use super::{Parsed, Parser};

impl Parser<'_> {
    pub(super) fn show(&mut self) -> Parsed<Show> {
        let start = self.advance();
        let target = self.show_target()?;
        let like = match target {
            ShowTarget::Warnings => None,
            _ => self.like()?,
        };
        Ok(Show { target, like, span: start.to(self.last) })
    }

    fn show_target(&mut self) -> Parsed<ShowTarget> {
        let targets = [
            ("META", ShowTarget::Meta),
            ("WARNINGS", ShowTarget::Warnings),
            ("STATUS", ShowTarget::Status),
            ("TABLES", ShowTarget::Tables),
            ("VARIABLES", ShowTarget::Variables),
        ];
        for (keyword, target) in targets {
            if self.takes_keyword(keyword) {
                return Ok(target);
            }
        }
        if self.is("GLOBAL") || self.is("SESSION") {
            self.advance();
            self.keyword("VARIABLES")?;
            return Ok(ShowTarget::Variables);
        }
        if !self.takes_keyword("AGENT") {
            let expected = "META, WARNINGS, STATUS, AGENT STATUS, TABLES or VARIABLES is expected";
            return Err(self.expected(expected));
        }
        if self.is("STATUS") && !self.is_next("STATUS") {
            self.advance();
            return Ok(ShowTarget::AgentStatus(None));
        }
        let name = match self.is_name() {
            true => {
                let name = self.name("an index")?;
                Text { text: name.text, span: name.span }
            }
            false => self.text_value("STATUS, an index, or a host between single quotes")?,
        };
        self.keyword("STATUS")?;
        // As if there were no name, in 2.2.11.
        Ok(ShowTarget::AgentStatus(Some(name).filter(|name| !name.text.is_empty())))
    }

    pub(super) fn describe(&mut self) -> Parsed<Statement> {
        self.advance();
        let index = self.name("an index")?;
        Ok(Statement::Describe(index, self.like()?))
    }

    fn like(&mut self) -> Parsed<Option<Text>> {
        match self.takes_keyword("LIKE") {
            true => self.text_value("a pattern between single quotes").map(Some),
            false => Ok(None),
        }
    }
}
