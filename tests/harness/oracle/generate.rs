//! Queries made at random: what a master and hamirror must answer alike.

use std::collections::BTreeMap;

use super::query::{Filter, FilterKind, Override, PREDICTED_TIME, Query, TFIDF_NORMALIZED};
use crate::corpus::{SECTIONS, WORDS};

impl Query {
    /// An ungrouped query over the columns of [`Document`](crate::corpus::Document), with every
    /// setting now and then.
    pub fn generate(random: &mut fastrand::Rng) -> Query {
        let (sort, sort_by) = pick(random, &SORTS);
        let filters = (0..random.usize(..3)).map(|_| filter(random)).collect();
        let max_matches = pick(random, &[1_000, 1_000, 1_000, 100, 10, 1]);
        let text = text(random);
        // A master turns an empty text under modes any and phrase into `""/1` and `""`, which its
        // agents quote once more and then search for the word 1: nothing to be equal to.
        let modes: &[u32] =
            if text.is_empty() { &[6, 0, 3, 5] } else { &[6, 6, 6, 0, 1, 2, 3, 4, 5] };
        let often = |random: &mut fastrand::Rng| random.u8(..4) != 0;
        Query {
            text,
            mode: pick(random, modes),
            ranker: pick(random, &[0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8]),
            ranker_expression: pick(random, &RANKER_EXPRESSIONS).to_owned(),
            sort,
            sort_by: sort_by.to_owned(),
            filters,
            select: pick(random, &SELECTS).to_owned(),
            offset: pick(random, &[0, 0, 0, 3, 25, 400]).min(max_matches - 1),
            limit: pick(random, &[20, 20, 1, 7, 100, 1_000, 0]),
            max_matches,
            ids: if often(random) { (0, 0) } else { pick(random, &IDS) },
            cutoff: if often(random) { 0 } else { pick(random, &[1, 10, 100, 5_000]) },
            field_weights: if often(random) {
                Vec::new()
            } else {
                vec![("title", 7), ("body", 3)]
            },
            index_weights: if often(random) {
                Vec::new()
            } else {
                pick(random, &INDEX_WEIGHTS).to_vec()
            },
            flags: if often(random) { TFIDF_NORMALIZED } else { pick(random, &FLAGS) },
            predicted_time_ms: pick(random, &[1, 3, 1_000]),
            weights: if often(random) { Vec::new() } else { vec![2, 9] },
            overrides: if often(random) { Vec::new() } else { vec![override_of(random)] },
            group: None,
        }
    }
}

fn override_of(random: &mut fastrand::Rng) -> Override {
    let (attribute, kind, most) = pick(random, &OVERRIDDEN);
    // Of two values for one document daemons take either.
    let values: BTreeMap<u64, i64> =
        (0..50).map(|_| (random.u64(1..2_000), random.i64(..most))).collect();
    let on_wire = |value: i64| if kind == 5 { (value as f32).to_bits().into() } else { value };
    let values = values.into_iter().map(|(id, value)| (id, on_wire(value))).collect();
    Override { attribute, kind, values }
}

pub(super) fn text(random: &mut fastrand::Rng) -> String {
    let (one, two) = (pick(random, &WORDS), pick(random, &WORDS));
    match random.usize(..9) {
        0 => String::new(),
        1 | 2 => one.to_owned(),
        3 => format!("{one} {two}"),
        4 => format!("{one} | {two}"),
        5 => format!("{one} -{two}"),
        6 => format!("\"{one} {two}\""),
        7 => format!("@title {one}"),
        _ => "nosuchword".to_owned(),
    }
}

pub(super) fn filter(random: &mut fastrand::Rng) -> Filter {
    let low = random.i64(0..2_000);
    let high = low + random.i64(0..2_000);
    let tags = |random: &mut fastrand::Rng| (0..4).map(|_| random.i64(1..20)).collect::<Vec<_>>();
    let section = pick(random, &SECTIONS).to_owned();
    let (attribute, kind) = match random.usize(..19) {
        18 => ("section", FilterKind::Texts(vec![section, pick(random, &SECTIONS).to_owned()])),
        0 => ("installed_size", FilterKind::Range(low, high)),
        1 => ("size", FilterKind::Range(low * 200_000, high * 200_000)),
        2 => ("ratio", FilterKind::FloatRange(low as f32 / 4.0, high as f32 / 4.0)),
        3 => ("tags", FilterKind::Values(tags(random))),
        4 => ("@id", FilterKind::Range(low / 4, high)),
        5 => ("section", FilterKind::Text(section)),
        6 => ("installed_size", FilterKind::Values((1..100).map(|step| step * 32).collect())),
        7 => ("small", FilterKind::Values(vec![random.i64(..2)])),
        8 => ("wide", FilterKind::Values(tags(random).iter().map(|tag| tag << 33).collect())),
        9 => ("tags", FilterKind::Range(low / 200, high / 200)),
        10 => ("wide", FilterKind::Range((low / 200) << 33, (high / 200) << 33)),
        11 => ("added", FilterKind::Range(946_684_800 + low * 3_600, i64::from(u32::MAX))),
        12 => ("facts.kb", FilterKind::Range(low, high)),
        13 => ("facts.kb", FilterKind::Values((1..100).map(|step| step * 32).collect())),
        14 => ("facts.section", FilterKind::Text(section)),
        15 => ("facts.either", FilterKind::Null(random.bool())),
        16 => ("facts.kb", FilterKind::Null(random.bool())),
        _ => ("id", FilterKind::Values((low..low + 50).collect())),
    };
    // 2.2.11 knows the document id in filters by its magic name only.
    let attribute = if attribute == "id" { "@id" } else { attribute };
    Filter { attribute: attribute.to_owned(), kind, exclude: random.u8(..4) == 0 }
}

pub(super) fn pick<T: Copy>(random: &mut fastrand::Rng, choices: &[T]) -> T {
    choices[random.usize(..choices.len())]
}

/// Attribute, type on the wire, values below this.
const OVERRIDDEN: [(&str, u32, i64); 4] =
    [("installed_size", 1, 5_000), ("size", 6, 1 << 40), ("ratio", 5, 50), ("added", 2, 1 << 31)];

/// Reverse scan, buffer, predicted time, simplified booleans, plain IDF, no normalized TF-IDF.
const FLAGS: [u32; 8] = [
    TFIDF_NORMALIZED | 1,
    TFIDF_NORMALIZED | 2,
    TFIDF_NORMALIZED | PREDICTED_TIME,
    TFIDF_NORMALIZED | 8,
    TFIDF_NORMALIZED | 0x10,
    TFIDF_NORMALIZED | 0x1b,
    0x10,
    0,
];

const IDS: [(u64, u64); 5] = [(100, 0), (0, 1_500), (200, 900), (7, u64::MAX - 1), (9, 3)];

const INDEX_WEIGHTS: [&[(&str, i32)]; 4] =
    [&[("packages", 3)], &[("*", 2)], &[("packages0", 5), ("packages1", 2)], &[("packages1", 9)]];

const RANKER_EXPRESSIONS: [&str; 4] = [
    "sum(lcs*user_weight)*1000+bm25",
    "sum(hit_count)",
    "installed_size+bm25",
    "sum(word_count*user_weight)",
];

/// Sort modes 1 and 2 by a JSON document, a set or a computed string are left out: daemons order
/// these by where they lie in memory.
const SORTS: [(u32, &str); 32] = [
    (4, "text desc"),
    (4, "text asc, @id desc"),
    (4, "section asc, text desc"),
    (0, ""),
    (0, ""),
    (1, "installed_size"),
    (1, "size"),
    (1, "small"),
    (1, "doubled"),
    (2, "ratio"),
    (2, "section"),
    (2, "priority"),
    (3, "added"),
    (4, "section asc, @weight desc"),
    (4, "@weight asc, @id desc"),
    (4, "priority desc, size asc, @id desc"),
    (4, "@id asc"),
    (4, "id desc"),
    (4, "w desc, section desc"),
    (4, "doubled asc"),
    (4, "ratio desc"),
    (4, "small desc, name asc"),
    (4, "installed_size asc, added desc"),
    (4, "small asc, section desc, priority asc, installed_size desc, @id asc"),
    (4, "facts.kb asc"),
    (4, "facts.section desc, @id desc"),
    (4, "facts.deep.Kb desc, @weight asc"),
    (4, "facts.ratio asc, facts.section asc"),
    (4, "kb desc"),
    (4, "weight() desc, installed_size desc"),
    (5, "installed_size + 1"),
    (5, "@weight * 2 + installed_size / 3"),
];

/// A list with two `*` is left out: a master shows every column three times then, although its
/// agents sent each twice.
const SELECTS: [&str; 26] = [
    "*, to_string(installed_size) as text",
    "name, to_string(installed_size) as text",
    "*",
    "*",
    "name, section, priority, installed_size, size, ratio, added",
    "small, wide, facts, tags",
    "*, installed_size * 2 as doubled",
    "*, weight() as w",
    "name, tags",
    "id, section as part, ratio * 2.5 as w, installed_size as doubled",
    "*, if(installed_size > 500, size, 1) as w, length(tags) as doubled",
    "@id, @weight as w, name, nosuchcolumn",
    "installed_size * 2, weight(), id",
    "installed_size * 2, weight(), id, section",
    "facts.kb, facts.section, facts.deep.Kb, facts.nothing",
    "facts.kb as kb, facts.tags as list, facts.mixed m, facts.small s, facts.either e",
    "facts.bytes b, facts.ratio r, facts.deep d, facts.mixed[1] m1, facts as whole",
    "name, name",
    "name as one, name as two, installed_size as three, installed_size as four",
    "installed_size, installed_size * 1, installed_size as doubled",
    "weight() w, *",
    "section, *",
    "*, id",
    "*, id, section",
    "weight() w, *, name",
    "Installed_Size, SECTION, Facts.kb",
];
