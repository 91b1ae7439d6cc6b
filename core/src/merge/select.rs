//! The select list, and the columns that it leaves of those that agents sent.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::iter;

use super::aggregates::{Function, function_of};
use super::schema::{Column, is_helper};
use crate::wire::search::{Dialect, Kind};

/// One entry of a select list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// The first `*`.
    Everything,
    /// An expression, and its alias or else the expression again.
    Named { expression: String, alias: String },
}

/// Splits a select list; agents have parsed it before, so this never has to refuse anything.
pub(super) fn parse(list: &[u8]) -> Vec<Item> {
    let text = String::from_utf8_lossy(list);
    let parts = split(&text);
    let mut items = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            "" => {}
            "*" if items.contains(&Item::Everything) => {}
            "*" => items.push(Item::Everything),
            _ => {
                let (expression, alias) = alias(part);
                items.push(Item::Named { expression: fold(expression), alias: fold(alias) });
            }
        }
    }
    items
}

/// What decides about the columns of a result.
pub(super) struct Asked<'a> {
    pub(super) items: &'a [Item],
    pub(super) dialect: Dialect,
    /// The attribute that rows are grouped by, where that is a text.
    pub(super) key: Option<&'a Column>,
    /// There is no row.
    pub(super) is_empty: bool,
}

/// The columns that the select list asks for, in its order and under its names, then the magic
/// ones, such as `@expr`. `chosen` is empty and has room for one of each item and each column.
pub(super) fn project(
    asked: Asked<'_>,
    columns: Vec<Column>,
    mut chosen: Vec<Column>,
) -> Result<Vec<Column>, Unresolved> {
    let Asked { items, dialect, key, is_empty } = asked;
    let places = Places::new(&columns);
    for item in items {
        match item {
            Item::Everything => put_star(items, &columns, dialect, &mut chosen),
            Item::Named { expression, alias } => {
                let Some(column) = resolve(expression, alias, &columns, &places, key) else {
                    // Manticore leaves out the aggregates of no rows at all.
                    if is_empty {
                        continue;
                    }
                    let (expression, alias) = (expression.clone(), alias.clone());
                    return Err(Unresolved { expression, alias });
                };
                let is_own = expression == alias && magic(expression).is_none();
                let name = if is_own { &column.name } else { alias };
                chosen.push(Column { name: name.clone(), ..column.clone() });
            }
        }
    }
    let known = chosen.iter().map(|known| known.name.as_str()).filter(|name| is_magic(name));
    let mut names: HashSet<&str> = known.collect();
    let mut is_new = |name| is_magic(name) && !is_helper(name) && names.insert(name);
    let is_new: Vec<bool> = columns.iter().map(|column| is_new(&column.name)).collect();
    let magic = columns.into_iter().zip(is_new);
    chosen.extend(magic.filter_map(|(column, is_new)| is_new.then_some(column)));
    Ok(chosen)
}

/// An entry that is none of the columns that the agents have in common.
pub(super) struct Unresolved {
    pub(super) expression: String,
    pub(super) alias: String,
}

/// Adds the columns that `*` stands for.
fn put_star(items: &[Item], columns: &[Column], dialect: Dialect, chosen: &mut Vec<Column>) {
    let expressions = expressions(items);
    for column in columns.iter().filter(|column| !is_added(&column.name)) {
        match (expressions.get(column.name.as_str()), dialect) {
            (None, _) => chosen.push(column.clone()),
            (Some(_), Dialect::Manticore) => {}
            // A master of Sphinx ends them at the first that the list names: agents send that
            // first where it stands before the `*`, unless they have no match.
            (Some(_), Dialect::Sphinx) => break,
        }
    }
}

/// The expression with that alias.
pub(super) fn expression_of<'a>(items: &'a [Item], name: &str) -> Option<&'a str> {
    items.iter().find_map(|item| match item {
        Item::Named { expression, alias } if alias == name => Some(expression.as_str()),
        _ => None,
    })
}

/// The expression of each alias.
pub(super) fn expressions(items: &[Item]) -> HashMap<&str, &str> {
    let mut expressions = HashMap::with_capacity(items.len());
    for item in items {
        if let Item::Named { expression, alias } = item {
            expressions.entry(alias.as_str()).or_insert(expression.as_str());
        }
    }
    expressions
}

/// The column under which agents send what a name of select lists and sort clauses stands for.
pub(super) fn magic(name: &str) -> Option<&'static str> {
    match name {
        "@group" | KEY | "groupby()" | "facet()" => return Some(KEY),
        COUNT => return Some(COUNT),
        DISTINCT => return Some(DISTINCT),
        _ => {}
    }
    match function_of(name)? {
        (Function::Count, _) => Some(COUNT),
        (Function::Distinct, _) => Some(DISTINCT),
        _ => None,
    }
}

/// Finds the column that a sort clause or a condition names. A name counts by what it is an alias
/// of, then by itself, then by an alias of it.
pub(super) fn find_column<'a>(
    items: &[Item],
    columns: &'a [Column],
    name: &str,
) -> Option<&'a Column> {
    let aliased = expression_of(items, name).unwrap_or(name);
    let names = match magic(aliased) {
        Some(name) => vec![name],
        None => iter::once(name).chain(other_names(items, name)).collect(),
    };
    names.iter().find_map(|name| columns.iter().find(|column| column.name == *name))
}

/// What a name is an alias of, and the aliases of it.
pub(super) fn other_names<'a>(items: &'a [Item], name: &str) -> impl Iterator<Item = &'a str> {
    items.iter().filter_map(move |item| match item {
        Item::Named { expression, alias } if alias == name => Some(expression.as_str()),
        Item::Named { expression, alias } if expression == name => Some(alias.as_str()),
        _ => None,
    })
}

/// The [`other_names`] of any name, found at once.
pub(super) struct OtherNames<'a> {
    items: &'a [Item],
    /// Agents mostly agree, and nobody needs them.
    found: OnceCell<HashMap<&'a str, Vec<&'a str>>>,
}

impl<'a> OtherNames<'a> {
    pub(super) fn new(items: &'a [Item]) -> Self {
        OtherNames { items, found: OnceCell::new() }
    }

    /// The other names of that one, in the order of the list.
    pub(super) fn of(&self, name: &str) -> &[&'a str] {
        self.found.get_or_init(|| self.find_all()).get(name).map_or(&[], Vec::as_slice)
    }

    fn find_all(&self) -> HashMap<&'a str, Vec<&'a str>> {
        let mut found: HashMap<&str, Vec<&str>> = HashMap::new();
        for item in self.items {
            let Item::Named { expression, alias } = item else { continue };
            found.entry(alias).or_default().push(expression);
            if expression != alias {
                found.entry(expression).or_default().push(alias);
            }
        }
        found
    }
}

/// Magic columns, and the document id that Manticore always sends.
fn is_added(name: &str) -> bool {
    is_magic(name) || is_helper(name) || name == "id"
}

fn is_magic(name: &str) -> bool {
    name.starts_with('@')
}

/// By alias first, then by expression: agents drop aliases of strings, sets and documents.
///
/// `key` is the attribute that rows are grouped by, where that is a text.
fn resolve<'a>(
    expression: &str,
    alias: &str,
    columns: &'a [Column],
    places: &Places<'_>,
    key: Option<&'a Column>,
) -> Option<&'a Column> {
    let find = |name: &str| places.find(name).map(|place| &columns[place]);
    let aliased = find(alias);
    if let Some(name) = magic(expression) {
        // Keys of texts and of JSON are hashes; the values come beside them.
        let text = places.key_text.map(|place| &columns[place]).or(key);
        return text.filter(|_| name == KEY).or_else(|| find(name));
    }
    // An alias of a whole document comes as a field beside the document itself, and as no value
    // where the document is empty.
    if aliased.is_none_or(|column| column.kind == Kind::JsonField) {
        let source = find(expression);
        if aliased.is_none() || source.is_some_and(|column| column.kind == Kind::Json) {
            return source;
        }
    }
    aliased
}

/// Where the first column of each name is.
struct Places<'a> {
    exact: HashMap<&'a str, usize>,
    /// By names in lower case.
    folded: HashMap<String, usize>,
    key_text: Option<usize>,
}

impl<'a> Places<'a> {
    fn new(columns: &'a [Column]) -> Self {
        let (mut exact, mut folded) = (HashMap::new(), HashMap::new());
        for (place, column) in columns.iter().enumerate() {
            exact.entry(column.name.as_str()).or_insert(place);
            folded.entry(column.name.to_ascii_lowercase()).or_insert(place);
        }
        let key_text = columns.iter().position(|column| column.name.starts_with(KEY_TEXT));
        Places { exact, folded, key_text }
    }

    /// The column of exactly that name, or else in any case of letters.
    fn find(&self, name: &str) -> Option<usize> {
        let exact = self.exact.get(name);
        exact.or_else(|| self.folded.get(&name.to_ascii_lowercase())).copied()
    }
}

/// The parts between commas that are outside of brackets and quotes.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut depth = 0_usize;
    let mut quote = None;
    for (place, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(text[start..place].trim());
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

/// Expression and alias of `expression AS alias`, `expression alias` or `expression`.
fn alias(part: &str) -> (&str, &str) {
    let name_start = part
        .rfind(|letter| !is_name(letter))
        .map_or(0, |place| place + part[place..].chars().next().map_or(0, char::len_utf8));
    let (before, name) = part.split_at(name_start);
    let expression = before.trim_end();
    let starts_well =
        name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    if !starts_well || expression.is_empty() || expression.len() == before.len() {
        return (part, part);
    }
    let word_start = expression
        .rfind(|letter| !is_name(letter))
        .map_or(0, |place| place + expression[place..].chars().next().map_or(0, char::len_utf8));
    let word = &expression[word_start..];
    if word.eq_ignore_ascii_case("as") {
        return (expression[..word_start].trim_end(), name);
    }
    let is_operand =
        expression.ends_with(|letter| is_name(letter) || OPERAND_ENDS.contains(letter));
    if !is_operand || OPERATORS.iter().any(|operator| word.eq_ignore_ascii_case(operator)) {
        return (part, part);
    }
    (expression, name)
}

/// Lower case as daemons do it: keys inside documents and quoted texts keep theirs.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut quote = None;
    let mut in_key = false;
    for letter in text.chars() {
        match quote {
            Some(open) => {
                if open == letter {
                    quote = None;
                }
                folded.push(letter);
                continue;
            }
            None if matches!(letter, '\'' | '"') => quote = Some(letter),
            None => {}
        }
        in_key = letter == '.' || (in_key && is_name(letter));
        folded.push(if in_key { letter } else { letter.to_ascii_lowercase() });
    }
    folded
}

fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// Magic columns of groups: the key, the number of rows, and that of distinct values.
pub(super) const KEY: &str = "@groupby";
pub(super) const COUNT: &str = "@count";
pub(super) const DISTINCT: &str = "@distinct";

/// What the names of columns begin with that hold the values of JSON keys.
pub(super) const KEY_TEXT: &str = "@groupbystr";

/// What an operand may end with besides a name or a number.
const OPERAND_ENDS: &str = ")]'\"";

/// Words after which a name goes on with the expression.
const OPERATORS: [&str; 9] = ["and", "or", "not", "div", "mod", "in", "for", "is", "between"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases() {
        let cases = [
            ("gid", "gid", "gid"),
            ("Gid G2", "gid", "g2"),
            ("gid AS x", "gid", "x"),
            ("gid as X", "gid", "x"),
            ("Gid  +  1", "gid  +  1", "gid  +  1"),
            ("JS.Key K", "js.Key", "k"),
            ("js.a.B[0] b", "js.a.B[0]", "b"),
            ("weight() w", "weight()", "w"),
            ("IN(s,'A, B') x", "in(s,'A, B')", "x"),
            ("gid AND flag", "gid and flag", "gid and flag"),
            ("gid and flag f", "gid and flag", "f"),
            ("a = 'x' b", "a = 'x'", "b"),
            ("gid div 2", "gid div 2", "gid div 2"),
            ("a+b", "a+b", "a+b"),
            ("js.a is null", "js.a is null", "js.a is null"),
            ("é x", "é x", "é x"),
        ];
        for (text, expression, alias) in cases {
            let item = Item::Named { expression: expression.into(), alias: alias.into() };
            assert_eq!(parse(text.as_bytes()), [item], "{text}");
        }
    }

    #[test]
    fn lists() {
        let names = |list: &str| -> Vec<String> {
            let name = |item: &Item| match item {
                Item::Everything => "*".to_owned(),
                Item::Named { alias, .. } => alias.clone(),
            };
            parse(list.as_bytes()).iter().map(name).collect()
        };
        assert_eq!(names("*"), ["*"]);
        assert_eq!(names("*, a , b"), ["*", "a", "b"]);
        assert_eq!(names("a, *, b, *"), ["a", "*", "b"]);
        assert_eq!(names("f(a,b) x, \"a,b\", c[1,2]"), ["x", "\"a,b\"", "c[1,2]"]);
        assert_eq!(names(""), [""; 0]);
        assert_eq!(names("f(((a, b"), ["f(((a, b"]);
        assert_eq!(names(")a), 'b"), [")a)", "'b"]);
    }
}
