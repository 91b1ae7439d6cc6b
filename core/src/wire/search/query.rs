//! The body of a SEARCH request (core/docs/spec/protocol.md 4.1 to 4.3), for versions 0x119 to
//! 0x120 and masters up to 14.

use super::Layout;
use crate::wire::Writer;

/// One query with every field that version 0x120 knows; the default is that of an API client.
///
/// Nothing is checked here: [`crate::search::SearchRequest`] refuses what is incomplete.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Flags (core/docs/spec/protocol.md 4.2).
    pub flags: u32,
    /// Rows to skip.
    pub offset: i32,
    /// Rows to return.
    pub limit: i32,
    /// Match mode, 0 to 6.
    pub match_mode: u32,
    /// Ranker, 0 to 10.
    pub ranker: u32,
    /// Expression of rankers 8 (expr) and 9 (export); not sent with others.
    pub ranker_expression: Vec<u8>,
    /// Sort mode, 0 to 5.
    pub sort_mode: u32,
    /// Attribute, clause or expression of the sort mode.
    pub sort_clause: Vec<u8>,
    /// Full-text query.
    pub text: Vec<u8>,
    /// Weights by the position of the field.
    pub weights: Vec<u32>,
    /// What to search.
    pub index_list: Vec<u8>,
    /// Lowest document id.
    pub id_min: u64,
    /// Highest document id; 0 is no limit.
    pub id_max: u64,
    /// All of them must hold.
    pub filters: Vec<Filter>,
    /// Group function.
    pub group_function: u32,
    /// Group-by attribute; empty is no grouping.
    pub group_by: Vec<u8>,
    /// Best rows kept.
    pub max_matches: i32,
    /// Order of groups.
    pub group_sort: Vec<u8>,
    /// Matches after which the scan stops; 0 is none.
    pub cutoff: i32,
    /// Retries for the agents of the daemon asked.
    pub retry_count: i32,
    /// Pause before each in milliseconds.
    pub retry_delay_ms: i32,
    /// Attribute of COUNT(DISTINCT).
    pub distinct: Vec<u8>,
    /// Latitude attribute, longitude attribute, latitude and longitude in radians.
    pub geo_anchor: Option<(Vec<u8>, Vec<u8>, f32, f32)>,
    /// Weights of indexes by name; `*` is every index.
    pub index_weights: Vec<(Vec<u8>, i32)>,
    /// Longest time to search in milliseconds; 0 is no limit.
    pub max_query_time_ms: u32,
    /// Weights of fields by name.
    pub field_weights: Vec<(Vec<u8>, i32)>,
    /// Goes into the daemon's query log.
    pub comment: Vec<u8>,
    /// Attribute values of single documents; Manticore refuses any.
    pub overrides: Vec<Override>,
    /// Select list; empty is `*`.
    pub select: Vec<u8>,
    /// Longest predicted time in milliseconds; sent where flag bit 2 is set.
    pub predicted_time_ms: i32,
    /// The enclosing select.
    pub outer: Outer,
    /// Collation: 0 libc_ci, 1 libc_cs, 2 utf8_general_ci, 3 binary.
    pub collation: u32,
    /// Rows a group.
    pub rows_per_group: i32,
    /// Name and options of a ranker plugin.
    pub ranker_plugin: [Vec<u8>; 2],
    /// Library, name and options of a token filter plugin.
    pub token_filter: [Vec<u8>; 3],
}

/// The enclosing select of a nested one: rows 30, 32 and 33.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outer {
    /// There is one.
    pub present: bool,
    /// Order of the outer select, for a daemon asked by a client.
    pub order: Vec<u8>,
    /// Offset of the outer select, for a daemon asked by a client.
    pub offset: u32,
    /// Limit of the outer select, for a daemon asked by a client.
    pub limit: u32,
    /// Order of the outer select, for a daemon asked by a master.
    pub master_order: Vec<u8>,
    /// Offset and limit of the outer select in one, for a daemon asked by a master.
    pub master_limit: i32,
}

/// A condition on one attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Attribute, `@id` or `@weight`.
    pub attribute: Vec<u8>,
    /// What must hold.
    pub test: FilterTest,
    /// Keep what does not pass instead.
    pub exclude: bool,
    /// Ends of a range are inside; for a string: equal.
    pub has_equal: bool,
    /// Test of multi-value attributes: [`ANY_VALUE`] or [`ALL_VALUES`]; of 0 newer daemons warn.
    pub multi_function: u32,
}

/// The kinds of filter that 2.2.11 knows (core/docs/spec/protocol.md 4.3).
#[derive(Clone, Debug, PartialEq)]
pub enum FilterTest {
    /// One of these.
    Values(Vec<i64>),
    /// From, to.
    Range(i64, i64),
    /// From, to.
    FloatRange(f32, f32),
    /// Equals that text.
    String(Vec<u8>),
    /// `true`: is null.
    Null(bool),
    /// In the set of that global variable.
    Variable(Vec<u8>),
    /// One of these: SQL literals for 2.2.11, plain strings for Manticore.
    Strings(Vec<Vec<u8>>),
}

/// Values of one attribute for some documents.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// Attribute.
    pub attribute: Vec<u8>,
    /// Type of the attribute on the wire.
    pub kind: u32,
    /// Document and value.
    pub values: Vec<(u64, OverrideValue)>,
}

/// A value of an [`Override`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OverrideValue {
    /// For attributes of 32 bits.
    Uint(u32),
    /// For type 5.
    Float(f32),
    /// For type 6.
    Bigint(i64),
}

impl Default for Query {
    fn default() -> Self {
        Query {
            flags: flags::TFIDF_NORMALIZED,
            offset: 0,
            limit: 20,
            match_mode: 6,
            ranker: 0,
            ranker_expression: Vec::new(),
            sort_mode: 0,
            sort_clause: Vec::new(),
            text: Vec::new(),
            weights: Vec::new(),
            index_list: Vec::new(),
            id_min: 0,
            id_max: 0,
            filters: Vec::new(),
            group_function: 0,
            group_by: Vec::new(),
            max_matches: 1000,
            group_sort: b"@group desc".to_vec(),
            cutoff: 0,
            retry_count: 0,
            retry_delay_ms: 0,
            distinct: Vec::new(),
            geo_anchor: None,
            index_weights: Vec::new(),
            max_query_time_ms: 0,
            field_weights: Vec::new(),
            comment: Vec::new(),
            overrides: Vec::new(),
            select: Vec::new(),
            predicted_time_ms: 0,
            outer: Outer::default(),
            collation: 0,
            rows_per_group: 1,
            ranker_plugin: Default::default(),
            token_filter: Default::default(),
        }
    }
}

/// Appends a whole body: `master` is 0 for a client and [`MASTER`] for a master.
pub fn encode(master: u32, queries: &[Query], out: &mut Vec<u8>) {
    encode_in(Layout::of_master(master), queries, out);
}

/// Appends a whole body in that layout. What that has no field for is left out.
pub fn encode_in(layout: Layout, queries: &[Query], out: &mut Vec<u8>) {
    out.put_u32(layout.master);
    out.put_u32(queries.len() as u32);
    for query in queries {
        query.put_head(layout, out);
        out.put_string(&query.index_list);
        query.put_tail(layout, out);
    }
}

impl Query {
    /// The rows before the index list, which is all that differs between mirrors.
    pub(crate) fn put_head(&self, layout: Layout, out: &mut Vec<u8>) {
        if layout.has_flags() {
            out.put_u32(self.flags);
        }
        out.put_i32(self.offset);
        out.put_i32(self.limit);
        out.put_u32(self.match_mode);
        out.put_u32(self.ranker);
        if RANKERS_WITH_EXPRESSION.contains(&self.ranker) {
            out.put_string(&self.ranker_expression);
        }
        out.put_u32(self.sort_mode);
        out.put_string(&self.sort_clause);
        out.put_string(&self.text);
        out.put_u32(self.weights.len() as u32);
        for weight in &self.weights {
            out.put_u32(*weight);
        }
    }

    /// The rows after the index list.
    pub(crate) fn put_tail(&self, layout: Layout, out: &mut Vec<u8>) {
        out.put_u32(1);
        out.put_u64(self.id_min);
        out.put_u64(self.id_max);
        out.put_u32(self.filters.len() as u32);
        for filter in &self.filters {
            filter.put(layout, out);
        }
        out.put_u32(self.group_function);
        out.put_string(&self.group_by);
        out.put_i32(self.max_matches);
        out.put_string(&self.group_sort);
        out.put_i32(self.cutoff);
        out.put_i32(self.retry_count);
        out.put_i32(self.retry_delay_ms);
        out.put_string(&self.distinct);
        out.put_u32(u32::from(self.geo_anchor.is_some()));
        if let Some((latitude_attribute, longitude_attribute, latitude, longitude)) =
            &self.geo_anchor
        {
            out.put_string(latitude_attribute);
            out.put_string(longitude_attribute);
            out.put_f32(*latitude);
            out.put_f32(*longitude);
        }
        put_weights(&self.index_weights, out);
        out.put_u32(self.max_query_time_ms);
        put_weights(&self.field_weights, out);
        out.put_string(&self.comment);
        put_overrides(&self.overrides, out);
        out.put_string(&self.select);
        if layout.has_flags() && self.flags & flags::PREDICTED_TIME != 0 {
            out.put_i32(self.predicted_time_ms);
        }
        self.put_outer_and_master(layout, out);
    }

    fn put_outer_and_master(&self, layout: Layout, out: &mut Vec<u8>) {
        let Layout { version, master } = layout;
        if version >= 0x11d {
            out.put_string(&self.outer.order);
            out.put_u32(self.outer.offset);
            out.put_u32(self.outer.limit);
            out.put_u32(u32::from(self.outer.present));
        }
        if master >= 1 {
            out.put_u32(self.collation);
        }
        if master >= 2 {
            out.put_string(&self.outer.master_order);
            if self.outer.present && layout.has_outer() {
                out.put_i32(self.outer.master_limit);
            }
        }
        if layout.has_rows_per_group() {
            out.put_i32(self.rows_per_group);
        }
        if layout.has_plugins() {
            self.ranker_plugin.iter().for_each(|text| out.put_string(text));
        }
        if layout.has_plugins() || version >= 0x120 {
            self.token_filter.iter().for_each(|text| out.put_string(text));
        }
    }
}

impl Filter {
    fn put(&self, layout: Layout, out: &mut Vec<u8>) {
        out.put_string(&self.attribute);
        out.put_u32(self.test.code());
        match &self.test {
            FilterTest::Values(values) => {
                out.put_u32(values.len() as u32);
                for value in values {
                    out.put_u64(*value as u64);
                }
            }
            FilterTest::Range(from, to) if !self.has_equal && !layout.has_ends() => {
                let (from, to) = inside(*from, *to);
                out.put_u64(from as u64);
                out.put_u64(to as u64);
            }
            FilterTest::Range(from, to) => {
                out.put_u64(*from as u64);
                out.put_u64(*to as u64);
            }
            FilterTest::FloatRange(from, to) => {
                out.put_f32(*from);
                out.put_f32(*to);
            }
            FilterTest::String(text) | FilterTest::Variable(text) => out.put_string(text),
            FilterTest::Null(is_null) => out.put_u8(u8::from(*is_null)),
            FilterTest::Strings(texts) => {
                out.put_u32(texts.len() as u32);
                for text in texts {
                    out.put_string(text);
                }
            }
        }
        out.put_u32(u32::from(self.exclude));
        if layout.has_ends() {
            out.put_u32(u32::from(self.has_equal));
        }
        if layout.master >= 13 {
            out.put_u32(self.multi_function);
        }
    }
}

impl FilterTest {
    fn code(&self) -> u32 {
        match self {
            FilterTest::Values(_) => 0,
            FilterTest::Range(..) => 1,
            FilterTest::FloatRange(..) => 2,
            FilterTest::String(_) => 3,
            FilterTest::Null(_) => 4,
            FilterTest::Variable(_) => 5,
            FilterTest::Strings(_) => 6,
        }
    }
}

/// The whole numbers between the ends of a range, where an end without a limit stays one.
pub(crate) fn inside(from: i64, to: i64) -> (i64, i64) {
    let first = if from == i64::MIN { from } else { from.saturating_add(1) };
    (first, if to == i64::MAX { to } else { to.saturating_sub(1) })
}

fn put_weights(weights: &[(Vec<u8>, i32)], out: &mut Vec<u8>) {
    out.put_u32(weights.len() as u32);
    for (name, weight) in weights {
        out.put_string(name);
        out.put_i32(*weight);
    }
}

fn put_overrides(overrides: &[Override], out: &mut Vec<u8>) {
    out.put_u32(overrides.len() as u32);
    for entry in overrides {
        out.put_string(&entry.attribute);
        out.put_u32(entry.kind);
        out.put_u32(entry.values.len() as u32);
        for (document, value) in &entry.values {
            out.put_u64(*document);
            match value {
                OverrideValue::Uint(value) => out.put_u32(*value),
                OverrideValue::Float(value) => out.put_f32(*value),
                OverrideValue::Bigint(value) => out.put_u64(*value as u64),
            }
        }
    }
}

/// The master extension that 2.2.11 and Manticore share (core/docs/spec/protocol.md 4.6).
pub const MASTER: u32 = 14;

/// In [`Filter::multi_function`]: all values of the attribute must pass.
pub const ALL_VALUES: u32 = 2;

/// In [`Filter::multi_function`]: any value of the attribute must pass.
pub const ANY_VALUE: u32 = 1;

/// Flags of a query (core/docs/spec/protocol.md 4.2).
pub(crate) mod flags {
    /// A scan begins at the last document (Sphinx).
    pub(crate) const REVERSE_SCAN: u32 = 1;
    /// `sort_method=kbuffer`.
    pub(crate) const KEEP_BUFFER: u32 = 2;
    /// The query says the longest predicted time (Sphinx).
    pub(crate) const PREDICTED_TIME: u32 = 4;
    /// `boolean_simplify`.
    pub(crate) const BOOLEAN_SIMPLIFY: u32 = 8;
    /// `idf=plain`.
    pub(crate) const PLAIN_IDF: u32 = 0x10;
    /// `global_idf`.
    pub(crate) const GLOBAL_IDF: u32 = 0x20;
    /// `idf=tfidf_normalized`, which every daemon takes for the default.
    pub(crate) const TFIDF_NORMALIZED: u32 = 0x40;
    /// A lower priority of the thread (Sphinx 2.3 and Manticore).
    pub(crate) const LOW_PRIORITY: u32 = 0x100;
}

const RANKERS_WITH_EXPRESSION: [u32; 2] = [8, 9];
