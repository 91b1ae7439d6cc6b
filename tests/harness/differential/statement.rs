//! Statements of SphinxQL made at random.

use crate::cluster::INDEX;
use crate::corpus::{SECTIONS, WORDS};

/// A SELECT in its parts.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    /// The select list.
    pub list: String,
    /// The indexes.
    pub index: String,
    /// All from WHERE to LIMIT.
    pub rest: String,
    /// Settings of OPTION.
    pub options: Vec<String>,
    /// Order and limit of a select around this one.
    pub outer: Option<String>,
    /// Behind FACET.
    pub facets: Vec<String>,
}

impl Statement {
    /// The statement as it is written.
    pub fn text(&self) -> String {
        let Statement { list, index, rest, options, outer, facets } = self;
        let mut text = format!("SELECT {list} FROM {index}{rest}");
        if !options.is_empty() {
            text += &format!(" OPTION {}", options.join(", "));
        }
        if let Some(outer) = outer {
            text = format!("SELECT * FROM ({text}){outer}");
        }
        facets.iter().fold(text, |text, facet| format!("{text} FACET {facet}"))
    }

    /// One without groups, with every clause now and then.
    pub fn rows(random: &mut fastrand::Rng) -> Statement {
        let mut rest = conditions(random);
        for clause in [pick(random, &ORDERS), pick(random, &LIMITS)] {
            rest += clause;
        }
        let options = match pick(random, &OPTIONS) {
            "" => Vec::new(),
            options => vec![options.to_owned()],
        };
        let (list, index) = (pick(random, &LISTS).to_owned(), INDEX.to_owned());
        Statement { list, index, rest, options, ..Statement::default() }
    }

    /// One with groups: the keys, and some aggregates.
    pub fn groups(random: &mut fastrand::Rng) -> Statement {
        let (key, of_key) = KEYS[random.usize(..KEYS.len())];
        let mut list: Vec<&str> = if random.u8(..3) == 0 { vec!["id"] } else { Vec::new() };
        list.extend(Some(of_key).filter(|list| !list.is_empty()));
        let mut aggregates = vec![("COUNT(*) n", "n")];
        for _ in 0..random.usize(..4) {
            let one = AGGREGATES[random.usize(..AGGREGATES.len())];
            if aggregates.iter().all(|(_, alias)| *alias != one.1) {
                aggregates.push(one);
            }
        }
        list.extend(aggregates.iter().map(|(text, _)| *text));
        // Agents know no GROUPBY() in an order, but an alias of it.
        list.push("GROUPBY() k");
        // Not every agent counts distinct values of groups with several rows.
        let rows = pick(random, &["", "", "", "", "2 ", "3 "]);
        let rows = if aggregates.iter().any(|(_, alias)| *alias == "d") { "" } else { rows };
        let mut rest = format!("{} GROUP {rows}BY {key}", conditions(random));
        rest += pick(random, &WITHIN);
        let some = |random: &mut fastrand::Rng, aggregates: &[(&str, &'static str)]| {
            aggregates[random.usize(..aggregates.len())].1
        };
        if random.u8(..4) == 0 {
            let alias = some(random, &aggregates);
            // The latest of some columns are floats, and of others whole numbers.
            if !["l", "hi"].contains(&alias) {
                // A bound without a point is a whole number, which floats are cut for.
                let tests: [&str; 3] = match alias {
                    "a" | "r" => [">1.5", "<300.25", " BETWEEN 2.5 AND 50000.5"],
                    _ => [">1", "<300", " BETWEEN 2 AND 50000"],
                };
                let test = pick(random, &tests);
                rest += &format!(" HAVING {alias}{test}");
            }
        }
        // Keys of documents have no order, and a master of Sphinx sorts them by their places.
        let is_document = key.starts_with("facts.");
        rest += &match if is_document { 4 } else { random.u8(..6) } {
            0 => " ORDER BY k ASC".to_owned(),
            1 => " ORDER BY k DESC".to_owned(),
            2 => " ORDER BY COUNT(*) DESC, k ASC".to_owned(),
            3 => " ORDER BY WEIGHT() DESC, id ASC, k ASC".to_owned(),
            4 if is_document => " ORDER BY id DESC".to_owned(),
            4 => " ORDER BY id DESC, k ASC".to_owned(),
            _ => match some(random, &aggregates) {
                "l" => " ORDER BY n ASC, k DESC".to_owned(),
                alias => format!(" ORDER BY {alias} DESC, k ASC"),
            },
        };
        rest += pick(random, &["", " LIMIT 5", " LIMIT 3,100", " LIMIT 1000"]);
        let index = INDEX.to_owned();
        Statement { list: list.join(", "), index, rest, ..Statement::default() }
    }

    /// One with facets.
    pub fn facets(random: &mut fastrand::Rng) -> Statement {
        let facets = (0..random.usize(1..4)).map(|_| pick(random, &FACETS).to_owned()).collect();
        let order = pick(random, &["", " ORDER BY installed_size DESC, id ASC"]);
        let limit = pick(random, &["", " LIMIT 3", " LIMIT 0"]);
        let rest = format!("{}{order}{limit}", conditions(random));
        let list = pick(random, &["id, section", "*", "id, installed_size, ratio"]).to_owned();
        Statement { list, index: INDEX.to_owned(), rest, facets, ..Statement::default() }
    }

    /// One within another.
    pub fn enclosed(random: &mut fastrand::Rng) -> Statement {
        let (list, group, inner, outer) = ENCLOSED[random.usize(..ENCLOSED.len())];
        let limit = pick(random, &[" LIMIT 5", " LIMIT 40", " LIMIT 1000"]);
        let rest = format!("{}{group} ORDER BY {inner}{limit}", conditions(random));
        let outer = format!(" ORDER BY {outer}{}", pick(random, &["", " LIMIT 4", " LIMIT 2,30"]));
        let (list, index) = (list.to_owned(), INDEX.to_owned());
        Statement { list, index, rest, outer: Some(outer), ..Statement::default() }
    }
}

/// The text and some conditions.
fn conditions(random: &mut fastrand::Rng) -> String {
    let mut conditions: Vec<String> = (0..random.usize(..3)).map(|_| condition(random)).collect();
    if random.u8(..3) > 0 {
        let (one, two) = (pick(random, &WORDS), pick(random, &WORDS));
        let query = match random.u8(..5) {
            0 | 1 => one.to_owned(),
            2 => format!("{one} | {two}"),
            3 => format!("\\\"{one} {two}\\\""),
            _ => format!("@title {one} -{two}"),
        };
        conditions.insert(0, format!("MATCH('{query}')"));
    }
    let mut text = String::new();
    for (number, condition) in conditions.iter().enumerate() {
        text += if number == 0 { " WHERE " } else { " and " };
        text += condition;
    }
    text
}

fn condition(random: &mut fastrand::Rng) -> String {
    let low = random.i64(0..2_000);
    let high = low + random.i64(0..2_000);
    let section = pick(random, &SECTIONS);
    let other = pick(random, &SECTIONS);
    match random.usize(..22) {
        0 => format!("installed_size>{low}"),
        1 => format!("installed_size BETWEEN {low} AND {high}"),
        2 => format!("size<={}", high * 200_000),
        3 => format!("ratio<{:.3}", low as f32 / 4.0),
        4 => format!("ratio>={low}"),
        5 => format!("tags IN ({}, {})", low % 20, high % 20),
        6 => format!("tags NOT IN ({})", low % 20),
        7 => format!("id BETWEEN {low} AND {high}"),
        8 => format!("id NOT IN ({low},{},{high})", low + 1),
        9 => format!("section='{section}'"),
        10 => format!("section <> '{section}'"),
        11 => format!("section in ('{section}', '{other}')"),
        12 => format!("section NOT IN ('{section}')"),
        13 => format!("(small={} AND wide=0)", random.u8(..2)),
        14 => format!("facts.kb < {low}"),
        15 => format!("facts.section = '{section}'"),
        16 => format!("facts.either IS {}NULL", if random.bool() { "NOT " } else { "" }),
        17 => format!("added > {}", 946_684_800 + low * 3_600),
        18 => format!("weight() > {low}"),
        19 => format!("id >= {low}"),
        20 => format!("ratio != {:.2}", low as f32 / 100.0),
        _ => format!("ratio BETWEEN {} AND {}.5", low / 4, high / 4),
    }
}

fn pick<'a>(random: &mut fastrand::Rng, choices: &[&'a str]) -> &'a str {
    choices[random.usize(..choices.len())]
}

const LISTS: [&str; 16] = [
    "*",
    "id",
    "ID, Installed_Size  *  2, weight()",
    "id, section, name sn, priority as p",
    "*, size*2 s2",
    "*, id",
    "id, id again, ratio, ratio/3 r3",
    "tags, wide, facts, id",
    "facts.kb, facts.tags, facts.either e, facts.mixed[0], facts['ratio'] fr",
    "installed_size>500 big, in(tags,3,7) has, if(small=1,2,3) v, added",
    "weight() w, `section`, id",
    "installed_size/7 x, id%7, size-5 AND small",
    "interval(installed_size,500,1000) i, year(added) y, length(tags) lt",
    "geodist(ratio,ratio,0.1,0.2) g, id",
    "exist('nosuch', 5) n, crc32(name) c, to_string(size) ts",
    "1, id, nosuch",
];

const ORDERS: [&str; 10] = [
    "",
    "",
    "",
    " ORDER BY id DESC",
    " order by installed_size asc, weight() desc, id asc",
    " ORDER BY section ASC, name DESC",
    " ORDER BY ratio DESC",
    " ORDER BY facts.kb ASC, id DESC",
    " ORDER BY added DESC, size ASC",
    " ORDER BY nosuch ASC",
];

const LIMITS: [&str; 7] =
    ["", "", " LIMIT 7", " limit 3,100", " LIMIT 0", " LIMIT 990, 100", " LIMIT 1000,5"];

const OPTIONS: [&str; 10] = [
    "",
    "",
    "",
    "",
    "ranker=bm25",
    "ranker=expr('sum(lcs)*10+bm25'), max_matches=1000",
    "field_weights=(title=7, body=3)",
    "index_weights=(packages0=5, packages1=2), comment='it\\'s'",
    "cutoff=10",
    "reverse_scan=1, sort_method=kbuffer, idf='plain'",
];

/// By what, and what the select list has of it.
const KEYS: [(&str, &str); 19] = [
    ("section", "section"),
    ("section", "section"),
    ("priority", "priority"),
    ("installed_size", "installed_size"),
    ("size", "size"),
    ("ratio", "ratio"),
    ("small", "small"),
    ("tags", ""),
    ("wide", ""),
    ("facts.kb", ""),
    ("facts.section", ""),
    ("part", "section part"),
    ("step", "installed_size/500 step"),
    ("y", "year(added) y"),
    ("ym", "yearmonth(added) ym"),
    ("ymd", "yearmonthday(added) ymd"),
    ("section, priority", "section, priority"),
    ("small, installed_size", "small, installed_size"),
    ("small, section, priority", "small, section, priority"),
];

/// Entries of the select list, and their aliases. Texts are not counted: a master compares the
/// places where it keeps those.
const AGGREGATES: [(&str, &str); 16] = [
    ("SUM(installed_size) s", "s"),
    ("SUM(size) s", "s"),
    ("SUM(added) s", "s"),
    ("SUM(ratio) r", "r"),
    ("SUM(installed_size*2+1) s", "s"),
    ("AVG(installed_size) a", "a"),
    ("AVG(ratio) a", "a"),
    ("AVG(size) a", "a"),
    ("MIN(size) lo", "lo"),
    ("MAX(added) hi", "hi"),
    ("MAX(ratio) hi", "hi"),
    ("GROUP_CONCAT(installed_size) l", "l"),
    ("COUNT(DISTINCT size) d", "d"),
    ("COUNT(DISTINCT installed_size) d", "d"),
    ("COUNT(DISTINCT ratio) d", "d"),
    ("COUNT(DISTINCT small) d", "d"),
];

const WITHIN: [&str; 6] = [
    "",
    "",
    " WITHIN GROUP ORDER BY id DESC",
    " WITHIN GROUP ORDER BY installed_size DESC, id ASC",
    " WITHIN GROUP ORDER BY ratio ASC, size DESC, id ASC",
    " WITHIN GROUP ORDER BY section DESC, id DESC",
];

const FACETS: [&str; 11] = [
    "section",
    "priority ORDER BY COUNT(*) DESC",
    "installed_size ORDER BY COUNT(*) DESC, installed_size ASC LIMIT 5",
    "small ORDER BY small ASC",
    "ratio ORDER BY ratio DESC LIMIT 7",
    "tags ORDER BY COUNT(*) DESC",
    "wide ORDER BY COUNT(*) DESC",
    "facts.kb ORDER BY COUNT(*) DESC LIMIT 7",
    "section, small ORDER BY COUNT(*) DESC, small ASC",
    "year(added) AS y",
    "section BY small ORDER BY small ASC",
];

/// List, groups, inner and outer order: of numbers, since not every agent sorts enclosed texts.
const ENCLOSED: [(&str, &str, &str, &str); 6] = [
    ("id, installed_size, section", "", "installed_size DESC, id ASC", "id DESC"),
    ("*", "", "size ASC, id ASC", "installed_size DESC, id DESC"),
    ("id, size*2 s2, weight() w", "", "w DESC, id ASC", "s2 ASC, id ASC"),
    ("small, COUNT(*) n", " GROUP BY small", "small ASC", "n DESC, small ASC"),
    (
        "installed_size, COUNT(*) n, MAX(size) hi",
        " GROUP BY installed_size",
        "n DESC, installed_size ASC",
        "hi DESC, installed_size ASC",
    ),
    (
        "small, installed_size, COUNT(*) n, AVG(ratio) a",
        " GROUP BY small, installed_size",
        "n DESC, installed_size ASC, small ASC",
        "small ASC, installed_size ASC",
    ),
];
