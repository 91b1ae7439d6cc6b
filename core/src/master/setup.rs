//! What MySQL clients and drivers say around their queries, answered as by searchd 2.2.11.
//! There are settings that change nothing here, and questions about the server.

use crate::session::Answer;
use crate::status::matches_like;
use crate::wire::search::Kind;

/// The answer to such a statement.
pub(super) enum Told {
    Done,
    Rows(Answer),
}

/// What a MySQL client has set of its session.
pub(super) struct Setup {
    /// Told when it is asked for: a change is made at once in either case.
    autocommit: bool,
}

impl Setup {
    /// Nothing is set.
    pub(super) fn new() -> Self {
        Setup { autocommit: true }
    }

    /// Answers a statement that is no search; `None` for any other. The error is why it can't be
    /// done.
    pub(super) fn answer(&mut self, text: &str) -> Result<Option<Told>, String> {
        let mut words: Vec<&str> = Words(text).take(WORDS_MAX + 1).collect();
        if words.len() > WORDS_MAX {
            return Ok(None);
        }
        while words.last() == Some(&";") {
            words.pop();
        }
        let upper: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
        let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
        Ok(match upper.as_slice() {
            ["SET", "NAMES", _]
            | ["SET", "CHARACTER", "SET", _]
            | ["SET", "SESSION" | "GLOBAL", "TRANSACTION", "ISOLATION", "LEVEL", "SERIALIZABLE"]
            | [
                "SET",
                "SESSION" | "GLOBAL",
                "TRANSACTION",
                "ISOLATION",
                "LEVEL",
                "REPEATABLE",
                "READ",
            ]
            | [
                "SET",
                "SESSION" | "GLOBAL",
                "TRANSACTION",
                "ISOLATION",
                "LEVEL",
                "READ",
                "COMMITTED" | "UNCOMMITTED",
            ]
            | ["BEGIN" | "COMMIT" | "ROLLBACK"]
            | ["START", "TRANSACTION"] => Some(Told::Done),
            ["SET", name, "=", _] => self.set(name, words[1], words[3])?,
            ["SELECT", name, ..] if name.starts_with("@@") => self.variables(&words[1..]),
            ["SELECT", number] if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(rows(&[(words[1], Kind::String)], vec![vec![words[1]]]))
            }
            ["SHOW", "VARIABLES"] | ["SHOW", "SESSION" | "GLOBAL", "VARIABLES"] => {
                self.shown(None)
            }
            ["SHOW", "VARIABLES", "LIKE", _]
            | ["SHOW", "SESSION" | "GLOBAL", "VARIABLES", "LIKE", _] => {
                self.shown(words.last().copied())
            }
            ["SHOW", "DATABASES"] => Some(rows(&[("Databases", Kind::String)], Vec::new())),
            ["SHOW", "COLLATION"] => Some(collations()),
            ["SHOW", "CHARACTER", "SET"] => Some(character_sets()),
            _ => None,
        })
    }

    /// A setting of the session. Those of MySQL that clients set for themselves are passed over;
    /// a collation would change what is found, and no other than the usual one can be had.
    fn set(&mut self, upper: &str, name: &str, value: &str) -> Result<Option<Told>, String> {
        let bare = upper.trim_start_matches('@');
        let scopes = ["SESSION.", "LOCAL."];
        let bare = scopes.iter().find_map(|scope| bare.strip_prefix(scope)).unwrap_or(bare);
        match bare {
            "AUTOCOMMIT" => {
                self.autocommit = !matches!(value, "0" | "OFF" | "off");
                Ok(Some(Told::Done))
            }
            "COLLATION_CONNECTION" if value.trim_matches('\'').eq_ignore_ascii_case(COLLATION) => {
                Ok(Some(Told::Done))
            }
            "COLLATION_CONNECTION" => {
                Err(format!("collation {value} can't be set here: {COLLATION} alone is asked for"))
            }
            _ if PASSED_OVER.contains(&bare) => Ok(Some(Told::Done)),
            _ => Err(format!("Unknown session variable '{name}' in SET statement")),
        }
    }

    fn known(&self) -> [(&'static str, &'static str, Kind); 7] {
        let autocommit = if self.autocommit { "1" } else { "0" };
        [
            ("autocommit", autocommit, Kind::Uint),
            ("collation_connection", COLLATION, Kind::String),
            ("max_allowed_packet", "8388608", Kind::Uint),
            ("character_set_client", "utf8", Kind::String),
            ("character_set_connection", "utf8", Kind::String),
            ("auto_increment_increment", "1", Kind::Uint),
            ("version_comment", concat!("hamirror ", env!("CARGO_PKG_VERSION")), Kind::String),
        ]
    }

    /// SHOW VARIABLES, with the pattern of LIKE in its quotes.
    fn shown(&self, like: Option<&str>) -> Option<Told> {
        let pattern = match like {
            Some(quoted) => Some(quoted.strip_prefix('\'')?.strip_suffix('\'')?),
            None => None,
        };
        let is_like = |name: &str| {
            pattern.is_none_or(|pattern| pattern.is_empty() || matches_like(pattern, name))
        };
        let known = self.known();
        let found = known.iter().take(SHOWN).filter(|(name, ..)| is_like(name));
        let found = found.map(|(name, value, _)| vec![*name, *value]).collect();
        Some(rows(&[("Variable_name", Kind::String), ("Value", Kind::String)], found))
    }

    /// `SELECT @@one, @@two LIMIT 1`; a variable that nobody has is an empty text.
    fn variables(&self, words: &[&str]) -> Option<Told> {
        let names = match words {
            [names @ .., limit, count]
                if limit.eq_ignore_ascii_case("LIMIT") && count.parse::<u32>().is_ok() =>
            {
                names
            }
            names => names,
        };
        let mut columns = Vec::new();
        for (number, name) in names.iter().enumerate() {
            match (number % 2, name.starts_with("@@"), *name) {
                (0, true, _) => columns.push(*name),
                (1, _, ",") => {}
                _ => return None,
            }
        }
        let known = self.known();
        let value = |name: &&str| {
            let name = name.trim_start_matches('@').to_ascii_lowercase();
            let bare = name.rsplit('.').next().unwrap_or_default();
            let found = known.iter().find(|(known, ..)| *known == bare);
            found.map_or(("", Kind::String), |(_, value, kind)| (*value, *kind))
        };
        let kinds: Vec<(&str, Kind)> = columns.iter().map(|name| (*name, value(name).1)).collect();
        let values = columns.iter().map(|name| value(name).0).collect();
        Some(rows(&kinds, vec![values]))
    }
}

fn collations() -> Told {
    let text = |name| (name, Kind::String);
    let columns = [
        text("Collation"),
        text("Charset"),
        ("Id", Kind::Bigint),
        text("Default"),
        text("Compiled"),
        text("Sortlen"),
    ];
    rows(&columns, vec![vec!["utf8_general_ci", "utf8", "33", "Yes", "Yes", "1"]])
}

fn character_sets() -> Told {
    let names = ["Charset", "Description", "Default collation", "Maxlen"];
    let columns = names.map(|name| (name, Kind::String));
    rows(&columns, vec![vec!["utf8", "UTF-8 Unicode", "utf8_general_ci", "3"]])
}

fn rows(columns: &[(&str, Kind)], rows: Vec<Vec<&str>>) -> Told {
    let bytes = |row: Vec<&str>| row.into_iter().map(|text| text.as_bytes().to_vec()).collect();
    Told::Rows(Answer::of_kinds(columns, rows.into_iter().map(bytes)))
}

/// The words of a statement that is left; `=`, commas and semicolons outside of quotes are words
/// of their own.
struct Words<'a>(&'a str);

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start();
        let is_mark = |letter: char| matches!(letter, '=' | ',' | ';');
        let first = rest.chars().next()?;
        let length = match first {
            mark if is_mark(mark) => 1,
            '\'' | '(' => {
                let last = if first == '(' { ')' } else { '\'' };
                rest[1..].find(last).map_or(rest.len(), |place| place + 2)
            }
            _ => {
                let ends = |letter: char| letter.is_whitespace() || is_mark(letter);
                rest.find(ends).unwrap_or(rest.len())
            }
        };
        let (word, left) = rest.split_at(length);
        self.0 = left;
        Some(word)
    }
}

/// Settings of MySQL that mean nothing here.
const PASSED_OVER: [&str; 9] = [
    "CHARACTER_SET_CLIENT",
    "CHARACTER_SET_CONNECTION",
    "CHARACTER_SET_RESULTS",
    "NET_WRITE_TIMEOUT",
    "PROFILING",
    "SQL_AUTO_IS_NULL",
    "SQL_MODE",
    "SQL_QUOTE_SHOW_CREATE",
    "SQL_SAFE_UPDATES",
];

/// The one by which agents compare texts, unless told otherwise.
const COLLATION: &str = "libc_ci";

/// Variables that SHOW VARIABLES tells, the first ones; others are told when they are asked for.
const SHOWN: usize = 5;

/// Words of a statement that is looked at here: drivers ask for some twenty variables at once,
/// with a comma behind each. Of a longer one no more is read.
const WORDS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_semicolon_ends_a_statement_and_hides_none_behind_it() {
        let answers = |text: &str| Setup::new().answer(text).is_ok_and(|told| told.is_some());
        let level = "SET SESSION TRANSACTION ISOLATION LEVEL";
        for set in ["READ COMMITTED", "read uncommitted", "REPEATABLE READ ;", "SERIALIZABLE;;"] {
            assert!(answers(&format!("{level} {set}")), "{set}");
        }
        for text in ["BEGIN;", "SELECT 17;", "SELECT @@autocommit ;", "SHOW DATABASES; ;"] {
            assert!(answers(text), "{text}");
        }
        for text in [
            &format!("{level} READ COMMITTED; UPDATE d SET a=1 WHERE id=1"),
            &format!("{level} READ"),
            &format!("{level} ;"),
            "SET NAMES utf8; UPDATE d SET a=1 WHERE id=1",
            "BEGIN; UPDATE d SET a=1 WHERE id=1",
            "SELECT @@a ; @@b",
            "; BEGIN",
            ";",
        ] {
            assert!(!answers(text), "{text}");
        }
        let mut setup = Setup::new();
        setup.answer("SET autocommit=0;").expect("a setting");
        assert!(!setup.autocommit);
    }

    #[test]
    fn of_a_long_statement_the_first_words_are_read() {
        let mut words = Words("SELECT (1 , 2),';' = x;y");
        let expected = ["SELECT", "(1 , 2)", ",", "';'", "=", "x", ";", "y"];
        assert!(words.by_ref().eq(expected) && words.next().is_none());
        let asked = |count: usize| format!("SELECT @@a{}", ",@@a".repeat(count - 1));
        let mut setup = Setup::new();
        assert!(setup.answer(&asked(30)).is_ok_and(|told| told.is_some()));
        assert!(setup.answer(&asked(1_000_000)).is_ok_and(|told| told.is_none()));
    }
}
