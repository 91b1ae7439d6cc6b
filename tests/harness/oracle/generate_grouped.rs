//! Grouped queries made at random: what a master and hamirror must answer alike.

use super::generate::{filter, pick, text};
use super::query::{Group, Query};

impl Query {
    /// A query with groups, aggregates or both over the columns of
    /// [`Document`](crate::corpus::Document).
    pub fn generate_grouped(random: &mut fastrand::Rng) -> Query {
        let (function, by) = pick(random, &GROUPS);
        let within = pick(random, &WITHIN);
        let often = |random: &mut fastrand::Rng| random.u8(..4) != 0;
        let is_implicit = random.u8(..8) == 0;
        // A master looks for the attribute of sort mode 1 in vain where all rows are one group.
        let (sort, sort_by) = if is_implicit && within.0 == 1 { (0, "") } else { within };
        let select = pick(random, if is_implicit { &IMPLICIT } else { &SELECTS });
        // API clients name the attribute beside the list.
        let counted =
            select.split_once("count(distinct ").and_then(|(_, rest)| rest.split_once(')'));
        let distinct = match counted {
            Some((attribute, _)) => attribute,
            None if is_implicit || often(random) => "",
            None => pick(random, &DISTINCT),
        };
        let group = Group {
            function: if is_implicit { 4 } else { function },
            by: if is_implicit { "" } else { by }.to_owned(),
            sort_by: match is_implicit {
                true => "@group desc".to_owned(),
                // Nothing but the key tells groups apart whose rows are of one document.
                false => format!("{}, @group asc", pick(random, &SORTS)),
            },
            distinct: distinct.to_owned(),
        };
        let max_matches = pick(random, &[1_000, 1_000, 1_000, 100, 7]);
        Query {
            text: if often(random) { String::new() } else { text(random) },
            filters: (0..random.usize(..2)).map(|_| filter(random)).collect(),
            sort,
            sort_by: sort_by.to_owned(),
            select: select.to_owned(),
            offset: pick(random, &[0, 0, 0, 3, 25]).min(max_matches - 1),
            limit: pick(random, &[20, 20, 1, 7, 100, 1_000]),
            max_matches,
            group: Some(group),
            ..Query::default()
        }
    }
}

const GROUPS: [(u32, &str); 24] = [
    (4, "section"),
    (4, "section"),
    (4, "priority"),
    (4, "installed_size"),
    (4, "size"),
    (4, "ratio"),
    (4, "small"),
    (4, "tags"),
    (4, "wide"),
    (4, "facts.kb"),
    (4, "facts.section"),
    (4, "facts.small"),
    (4, "facts.deep.Kb"),
    (4, "facts.tags"),
    (4, "part"),
    (4, "step"),
    (0, "added"),
    (1, "added"),
    (2, "added"),
    (3, "added"),
    (6, "section, priority"),
    (6, "small, installed_size"),
    (6, "section, facts.kb"),
    (6, "small, section, priority"),
];

/// Orders within a group.
const WITHIN: [(u32, &str); 8] = [
    (0, ""),
    (0, ""),
    (0, ""),
    (4, "installed_size desc, @id desc"),
    (4, "@id desc"),
    (4, "@weight desc, name asc"),
    (4, "ratio asc, size desc"),
    (1, "installed_size"),
];

const SORTS: [&str; 12] = [
    "@group desc",
    "@group asc",
    "@count desc",
    "@count desc, @group asc",
    "@count asc, @id desc",
    "@weight desc",
    "section asc, @group desc",
    "c desc, @id asc",
    "s desc",
    "a asc, c desc",
    "installed_size desc, @group desc",
    "@id asc",
];

/// No texts: a master compares the places where it keeps those.
const DISTINCT: [&str; 5] = ["installed_size", "size", "small", "ratio", "added"];

const SELECTS: [&str; 16] = [
    "*",
    "*, count(*) c, sum(installed_size) s",
    "id, section, priority, count(*) c",
    "section, count(*) c, sum(installed_size) s, avg(installed_size) a",
    "section, count(*) c, sum(size) s, avg(size) a, min(size), max(size) hi",
    "count(*) c, sum(ratio) s, avg(ratio) a, min(ratio) lo, max(ratio) hi",
    "groupby() g, count(*) c, min(small) lo, max(added) hi, sum(added) s, avg(added) a",
    "count(*), sum(installed_size), avg(ratio) a",
    "group_concat(installed_size) l, group_concat(ratio), count(*) c, sum(small) s",
    "count(distinct size) d, count(*) c, avg(ratio*2) a, sum(installed_size+1) s",
    "section, count(distinct installed_size) d, count(*) c, sum(small) s",
    "section as part, count(*) c, sum(size*1000) s",
    "installed_size/500 as step, count(*) c, sum(ratio) s, avg(size) a",
    "facts.kb kb, groupby(), count(*) c, sum(integer(facts.kb)) s",
    "section, installed_size, weight() w, count(*) c, sum(weight()) s",
    "tags, wide, facts, name, count(*) c",
];

/// Lists that make one group of all documents.
const IMPLICIT: [&str; 16] = [
    "count(*)",
    "count(*) c",
    "count(*) c, sum(installed_size) s, avg(installed_size) a",
    "sum(size), avg(size), min(size), max(size)",
    "min(ratio) lo, max(ratio) hi, avg(ratio) a, sum(ratio) s",
    "count(distinct installed_size) d",
    "count(distinct ratio) d, count(*) c",
    "count(distinct small) d, max(added)",
    "id, name, count(*) c",
    "*, count(*) c",
    "group_concat(installed_size) l",
    "sum(added) s, avg(added) a",
    "min(installed_size), max(installed_size)",
    "weight() w, sum(weight()) s",
    "avg(installed_size*2+1) a",
    "section, facts.kb, count(*)",
];
