//! Replies that agents may send to do harm, in any size.

use hamirror::internal::wire::Writer;
use hamirror::internal::wire::header::Status;
use hamirror::search::{Condition, Grouping, Search, Sort};

use super::measure::Exchange;

/// A kind of reply.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Makes it, about in proportion to a number.
    pub(crate) make: fn(usize) -> Exchange,
    /// That number for a test.
    pub(crate) size: usize,
}

pub(crate) const CASES: [Case; 37] = [
    Case { name: "warning", make: |size| warning(3, &b"w".repeat(size)), size: 2 << 20 },
    Case { name: "warning, no UTF-8", make: |size| warning(3, &vec![255; size]), size: 2 << 20 },
    Case { name: "warning, lines", make: |size| warning(3, &vec![b'\n'; size]), size: 2 << 20 },
    Case { name: "text of RETRY", make: |size| warning(2, &vec![0; size]), size: 2 << 20 },
    Case { name: "text of status 9", make: |size| warning(9, &vec![0; size]), size: 2 << 20 },
    Case { name: "warning of a master", make: |size| of_master(b"\xff", size), size: 2 << 20 },
    Case {
        name: "lines of a master",
        make: |size| of_master(b";\nindex d: ", size),
        size: 1 << 18,
    },
    Case { name: "warning of the header", make: header_warning, size: 2 << 20 },
    Case { name: "error", make: |size| one(error(&vec![255; size])), size: 2 << 20 },
    Case { name: "name of an unknown type", make: |size| unknown_type(size, b'n'), size: 400_000 },
    Case { name: "the same, no UTF-8", make: |size| unknown_type(size, 255), size: 400_000 },
    Case { name: "the same, longer", make: |size| unknown_type(size, 255), size: 4 << 20 },
    Case { name: "columns named @", make: |size| columns(size, 1, 2), size: 2_000 },
    Case { name: "more columns named @", make: |size| columns(size, 1, 2), size: 20_000 },
    Case { name: "columns that the other lacks", make: differing, size: 2_000 },
    Case { name: "string columns", make: |size| strings(size, 20), size: 2_000 },
    Case { name: "columns behind a string", make: |size| behind_string(size, 20), size: 2_000 },
    Case { name: "stored fields of Manticore", make: stored_fields, size: 2_000 },
    Case { name: "fields", make: |size| one(fields(size)), size: 100_000 },
    Case { name: "words", make: |size| words(size, b'w', 2), size: 20_000 },
    Case { name: "words, no UTF-8", make: |size| words(size, 255, 2), size: 20_000 },
    Case { name: "words that 31 agents lack", make: |size| words(size, b'w', 32), size: 20_000 },
    Case { name: "rows not asked for", make: |size| rows(size, 1_000), size: 50_000 },
    Case { name: "rows asked for", make: |size| rows(size, 6_000_000), size: 20_000 },
    Case { name: "rows by a number", make: |size| sorted(size, 1), size: 10_000 },
    Case { name: "rows by a string", make: |size| sorted(size, 7), size: 10_000 },
    Case { name: "rows by equal strings", make: alike, size: 3_000 },
    Case { name: "columns of one name", make: of_one_name, size: 1_000 },
    Case { name: "columns by their aliases", make: |size| aliases(size, 1), size: 1_000 },
    Case { name: "aliases that others lack", make: |size| aliases(size, 7), size: 1_000 },
    Case { name: "groups", make: groups, size: 10_000 },
    Case { name: "counts of distinct values", make: counted, size: 1_000 },
    Case { name: "sets of distinct values", make: sets_counted, size: 50_000 },
    Case { name: "a condition on JSON", make: having, size: 1_000 },
    Case { name: "doubles near 1e308", make: |size| doubles(size, -1.797e308), size: 10_000 },
    Case { name: "doubles near 1e24", make: |size| doubles(size, -9.9e23), size: 10_000 },
    Case { name: "JSON in JSON", make: nested, size: 500 },
];

pub(crate) const SPHINX: u16 = 0x11f;
pub(crate) const MANTICORE: u16 = 0x128;

fn one(body: Vec<u8>) -> Exchange {
    exchange(Search::new("x"), vec![body])
}

fn exchange(search: Search, bodies: Vec<Vec<u8>>) -> Exchange {
    Exchange { search, version: SPHINX, status: Status::Ok, bodies }
}

/// A result set by its parts.
#[derive(Default)]
struct Set {
    status: u32,
    message: Vec<u8>,
    fields: Vec<Vec<u8>>,
    columns: Vec<(Vec<u8>, u32)>,
    /// Ids, weights and values.
    rows: Vec<u8>,
    row_count: u32,
    words: Vec<Vec<u8>>,
}

impl Set {
    fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        body.put_u32(self.status);
        if self.status != 0 {
            body.put_string(&self.message);
        }
        body.put_u32(self.fields.len() as u32);
        self.fields.iter().for_each(|field| body.put_string(field));
        body.put_u32(self.columns.len() as u32);
        for (name, code) in &self.columns {
            body.put_string(name);
            body.put_u32(*code);
        }
        body.put_u32(self.row_count);
        body.put_u32(1);
        body.extend_from_slice(&self.rows);
        body.put_u32(self.row_count);
        body.put_u32(self.row_count);
        body.put_u32(0);
        body.extend_from_slice(&[0; 13]);
        body.put_u32(self.words.len() as u32);
        for word in &self.words {
            body.put_string(word);
            body.extend_from_slice(&[0; 9]);
        }
        body
    }

    fn row(&mut self, id: u64, values: impl FnOnce(&mut Vec<u8>)) {
        self.rows.put_u64(id);
        self.rows.put_u32(1);
        values(&mut self.rows);
        self.row_count += 1;
    }
}

fn warning(status: u32, message: &[u8]) -> Exchange {
    one(Set { status, message: message.to_vec(), ..Set::default() }.body())
}

/// An agent that says that it could not get one of its own.
fn of_master(text: &[u8], count: usize) -> Exchange {
    warning(3, &[&b"index d: agent box:1"[..], &text.repeat(count), b": closed"].concat())
}

fn header_warning(size: usize) -> Exchange {
    let mut body = Vec::new();
    body.put_string(&vec![b'\n'; size]);
    body.extend(Set::default().body());
    Exchange { status: Status::Warning, ..one(body) }
}

fn error(text: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    body.put_u32(1);
    body.put_string(text);
    body
}

fn unknown_type(size: usize, letter: u8) -> Exchange {
    one(Set { columns: vec![(vec![letter; size], 77)], ..Set::default() }.body())
}

/// So many magic columns of that type in one row.
fn columns(count: usize, code: u32, agents: usize) -> Exchange {
    let set = |id: usize| {
        let columns = (0..count).map(|number| (format!("@column{number}").into_bytes(), code));
        let mut set = Set { columns: columns.collect(), ..Set::default() };
        set.row(id as u64, |values| values.extend(vec![0; 4 * count]));
        set.body()
    };
    exchange(Search::new("x"), (0..agents).map(set).collect())
}

/// Agents that send so many attributes of that type beside their aliases, or some without.
fn aliases(count: usize, code: u32) -> Exchange {
    let list: Vec<String> = (0..count).map(|number| format!("x{number} as y{number}")).collect();
    let set = |agent: usize| {
        let names =
            |letter| (0..count).map(move |number| format!("{letter}{number}").into_bytes());
        let columns = match (code, agent) {
            (7, 1..) => names('x').map(|name| (name, code)).collect(),
            (7, 0) => names('y').map(|name| (name, code)).collect(),
            _ => names('x').chain(names('y')).map(|name| (name, code)).collect(),
        };
        Set { columns, ..Set::default() }.body()
    };
    exchange(Search::new("x").select(list.join(",")), (0..16).map(set).collect())
}

/// Two agents that have no column in common.
fn differing(count: usize) -> Exchange {
    let set = |agent: usize| {
        let columns = (0..count).map(|number| (format!("{agent}\n{number}").into_bytes(), 1));
        Set { columns: columns.collect(), ..Set::default() }.body()
    };
    exchange(Search::new("x"), vec![set(0), set(1)])
}

fn strings(count: usize, rows: u64) -> Exchange {
    let columns = (0..count).map(|number| (format!("s{number}").into_bytes(), 7));
    let mut set = Set { columns: columns.collect(), ..Set::default() };
    for id in 0..rows {
        set.row(id, |values| (0..count).for_each(|_| values.put_string(b"s")));
    }
    one(set.body())
}

/// A string, and so many numbers behind it.
fn behind_string(count: usize, rows: u64) -> Exchange {
    let mut columns = vec![(b"s".to_vec(), 7)];
    columns.extend((0..count).map(|number| (format!("n{number}").into_bytes(), 1)));
    let mut set = Set { columns, ..Set::default() };
    for id in 0..rows {
        set.row(id, |values| {
            values.put_string(b"s");
            values.extend(vec![0; 4 * count]);
        });
    }
    one(set.body())
}

/// Columns with the names of fields, all of them empty.
fn stored_fields(count: usize) -> Exchange {
    let names = || (0..count).map(|number| format!("field{number}").into_bytes());
    let columns = names().map(|name| (name, 7)).collect();
    let mut set = Set { columns, fields: names().collect(), ..Set::default() };
    for id in 0..20 {
        set.row(id, |values| (0..count).for_each(|_| values.put_string(b"")));
    }
    Exchange { version: MANTICORE, ..one(set.body()) }
}

fn fields(count: usize) -> Vec<u8> {
    Set { fields: vec![Vec::new(); count], ..Set::default() }.body()
}

/// The first agent has so many words, the others none.
fn words(count: usize, letter: u8, agents: usize) -> Exchange {
    let word = |number: usize| [&[letter; 4][..], number.to_string().as_bytes()].concat();
    let words = (0..count).map(word).collect();
    let mut bodies = vec![Set { words, ..Set::default() }.body()];
    bodies.resize_with(agents, || Set::default().body());
    exchange(Search::new("x"), bodies)
}

/// Two agents with so many rows each.
fn rows(count: usize, max_matches: u32) -> Exchange {
    let set = |agent: u64| {
        let mut set = Set::default();
        // As far from their final order as they can be.
        for number in 0..count as u64 {
            set.row(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ agent, |_| {});
        }
        set.body()
    };
    let search = Search::new("x").max_matches(max_matches).limit(max_matches);
    exchange(search, vec![set(0), set(1)])
}

fn sorted(count: usize, code: u32) -> Exchange {
    let set = |agent: u64| {
        let mut set = Set { columns: vec![(b"key".to_vec(), code)], ..Set::default() };
        for number in 0..count as u64 {
            let key = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) as u32;
            set.row(2 * number + agent, |values| match code {
                7 => values.put_string(&key.to_be_bytes()),
                _ => values.put_u32(key),
            });
        }
        set.body()
    };
    let search = Search::new("x").max_matches(6_000_000).limit(6_000_000);
    exchange(search.sort(Sort::Extended("key asc".into())), vec![set(0), set(1)])
}

/// So many rows in no order, whose long strings differ in nothing.
fn alike(count: usize) -> Exchange {
    let set = |agent: u64| {
        let mut set = Set { columns: vec![(b"key".to_vec(), STRING)], ..Set::default() };
        for number in 0..count as u64 {
            let id = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ agent;
            set.row(id, |values| values.put_string(&[b'k'; 200]));
        }
        set.body()
    };
    let search = Search::new("x").max_matches(6_000_000).limit(6_000_000);
    exchange(search.sort(Sort::Extended("key asc".into())), vec![set(0), set(1)])
}

/// So many columns of one agent have the name of a single one of the other, which is as large.
fn of_one_name(count: usize) -> Exchange {
    let set = |columns: usize, document: &[u8]| {
        let columns = vec![(b"js".to_vec(), JSON); columns];
        let mut set = Set { columns, ..Set::default() };
        let count = set.columns.len();
        set.row(count as u64, |values| (0..count).for_each(|_| values.put_string(document)));
        set.body()
    };
    exchange(Search::new("x"), vec![set(count, b""), set(1, &document(count, 0.5))])
}

/// Two agents with so many groups each.
fn groups(count: usize) -> Exchange {
    let set = |agent: u64| {
        let mut set = Set { columns: columns_of_groups(&[("g", UINT)]), ..Set::default() };
        for number in 0..count as u64 {
            let key = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) as u32 ^ agent as u32;
            set.row(2 * number + agent, |values| {
                values.put_u32(key);
                values.put_u64(key.into());
                values.put_u32(1);
            });
        }
        set.body()
    };
    let search = Search::new("x").select("g, count(*)").group(Grouping::by("g"));
    exchange(search.max_matches(6_000_000).limit(6_000_000), vec![set(0), set(1)])
}

/// One group, whose number of different values is told so often, and so many values.
fn counted(count: usize) -> Exchange {
    let set = |agent: u32| {
        let mut columns = columns_of_groups(&[("g", UINT), ("v", UINT)]);
        let mut values = Set { columns: columns.clone(), ..Set::default() };
        for value in 0..10 * count as u32 {
            values.row(1, |row| put_group(&[1, 2 * value + agent], row));
        }
        columns.extend(vec![(b"@distinct".to_vec(), UINT); count]);
        let mut set = Set { columns, ..Set::default() };
        set.row(1, |row| {
            put_group(&[1, 1], row);
            (0..count).for_each(|_| row.put_u32(1));
        });
        [set.body(), values.body()].concat()
    };
    let search = Search::new("x").select("g, v, count(*), count(distinct v)");
    let search = search.group(Grouping::by("g").count_distinct("v"));
    exchange(search, vec![set(0), set(1)])
}

/// One group, and the values of a set in it.
fn sets_counted(count: usize) -> Exchange {
    let set = |agent: u32| {
        let mut columns = columns_of_groups(&[("g", UINT)]);
        columns.extend([(b"@distinct".to_vec(), UINT), (b"m".to_vec(), MULTI)]);
        let mut set = Set { columns, ..Set::default() };
        set.row(1, |row| {
            put_group(&[1], row);
            row.put_u32(1);
            row.put_u32(count as u32);
            (0..count as u32).for_each(|value| row.put_u32(2 * value + agent));
        });
        let refused = error(b"no second query");
        [set.body(), refused].concat()
    };
    let search = Search::new("x").select("g, m, count(*), count(distinct m)");
    let search = search.group(Grouping::by("g").count_distinct("m"));
    Exchange { version: MANTICORE, ..exchange(search, vec![set(0), set(1)]) }
}

/// A document that is compared with so many texts.
fn having(count: usize) -> Exchange {
    let mut columns = columns_of_groups(&[("g", UINT)]);
    columns.push((b"js".to_vec(), JSON));
    let mut set = Set { columns, ..Set::default() };
    set.row(1, |row| {
        put_group(&[1], row);
        row.put_string(&document(count, 0.5));
    });
    // As many as a filter may have.
    let texts = (0..count.min(4_096)).map(|number| number.to_string());
    let group = Grouping::by("g").having("js", Condition::any_text(texts));
    let search = Search::new("x").select("g, js, count(*)").group(group);
    exchange(search, vec![set.body()])
}

/// Columns of groups, after those of their rows.
fn columns_of_groups(own: &[(&str, u32)]) -> Vec<(Vec<u8>, u32)> {
    let magic = [("@groupby", BIGINT), ("@count", UINT)];
    let columns = own.iter().chain(&magic);
    columns.map(|(name, code)| (name.as_bytes().to_vec(), *code)).collect()
}

/// The values of these: of a group of one document.
fn put_group(own: &[u32], row: &mut Vec<u8>) {
    own.iter().for_each(|value| row.put_u32(*value));
    row.put_u64(1);
    row.put_u32(1);
}

fn doubles(count: usize, value: f64) -> Exchange {
    json(&document(count, value))
}

/// A document of so many equal numbers.
fn document(count: usize, value: f64) -> Vec<u8> {
    const DOUBLES: u8 = 8;
    let mut document = vec![0, 0, 0, 0, DOUBLES, 254];
    document.extend_from_slice(&(count as u32).to_le_bytes());
    document.extend((0..count).flat_map(|_| value.to_le_bytes()));
    document
}

/// Vectors in vectors as deep as they are taken, so many in a row.
fn nested(count: usize) -> Exchange {
    const MIXED: u8 = 9;
    const NULL: u8 = 13;
    let mut inner = vec![1, NULL];
    for _ in 0..60 {
        let size = inner.len() + 2;
        let mut outer = vec![1, MIXED];
        put_packed(size - 2, &mut outer);
        outer.extend(inner);
        inner = outer;
    }
    let mut items = Vec::new();
    put_packed(count, &mut items);
    for _ in 0..count {
        items.push(MIXED);
        put_packed(inner.len(), &mut items);
        items.extend_from_slice(&inner);
    }
    let mut document = vec![0, 0, 0, 0, MIXED];
    put_packed(items.len(), &mut document);
    document.extend(items);
    json(&document)
}

fn put_packed(value: usize, out: &mut Vec<u8>) {
    out.push(254);
    out.extend_from_slice(&(value as u32).to_le_bytes());
}

fn json(document: &[u8]) -> Exchange {
    let mut set = Set { columns: vec![(b"js".to_vec(), JSON)], ..Set::default() };
    set.row(1, |values| values.put_string(document));
    one(set.body())
}

/// Types of columns.
const UINT: u32 = 1;
const BIGINT: u32 = 6;
const STRING: u32 = 7;
const JSON: u32 = 12;
const MULTI: u32 = 0x4000_0001;
