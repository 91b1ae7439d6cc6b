//! One query of a SEARCH as an API client of version 0x11E writes it, and its answer
//! (core/docs/spec/protocol.md 4.1, 4.3, 4.4).

use anyhow::{Context, Result, bail};

/// A query; the default is what API clients send if nobody sets anything.
#[derive(Clone, Debug)]
pub struct Query {
    /// Full text; empty selects every document.
    pub text: String,
    /// 0 all .. 6 extended2.
    pub mode: u32,
    /// 0 proximity_bm25 .. 7 sph04, 8 an expression.
    pub ranker: u32,
    /// The expression of ranker 8.
    pub ranker_expression: String,
    /// 0 relevance, 1 attribute down, 2 up, 3 time segments, 4 extended.
    pub sort: u32,
    /// Attribute or clause of the sort.
    pub sort_by: String,
    /// All must hold.
    pub filters: Vec<Filter>,
    /// Select list.
    pub select: String,
    /// Rows to leave out.
    pub offset: u32,
    /// Rows to return.
    pub limit: u32,
    /// Rows that each daemon keeps.
    pub max_matches: u32,
    /// Lowest and highest document id; 0 is no highest.
    pub ids: (u64, u64),
    /// Matches after which a daemon stops; 0 is no end.
    pub cutoff: u32,
    /// Weights of full-text fields.
    pub field_weights: Vec<(&'static str, i32)>,
    /// Weights of indexes.
    pub index_weights: Vec<(&'static str, i32)>,
    /// Flags (core/docs/spec/protocol.md 4.2).
    pub flags: u32,
    /// Longest predicted time in milliseconds, sent with its flag.
    pub predicted_time_ms: u32,
    /// Weights of fields by their number.
    pub weights: Vec<u32>,
    /// Other values of attributes.
    pub overrides: Vec<Override>,
    /// Present if documents are grouped.
    pub group: Option<Group>,
}

/// Other values of an attribute for some documents.
#[derive(Clone, Debug)]
pub struct Override {
    /// Its attribute.
    pub attribute: &'static str,
    /// Type of that on the wire.
    pub kind: u32,
    /// Document and value; bits of a float.
    pub values: Vec<(u64, i64)>,
}

/// How documents are grouped.
#[derive(Clone, Debug)]
pub struct Group {
    /// 0 day, 1 week, 2 month, 3 year, 4 attribute, 6 several attributes.
    pub function: u32,
    /// By what.
    pub by: String,
    /// Order of groups.
    pub sort_by: String,
    /// Attribute whose distinct values are counted; empty is none.
    pub distinct: String,
}

/// A condition on an attribute.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Its attribute.
    pub attribute: String,
    /// What it must be.
    pub kind: FilterKind,
    /// Turns the condition around.
    pub exclude: bool,
}

/// What an attribute must be.
#[derive(Clone, Debug)]
pub enum FilterKind {
    /// One of these.
    Values(Vec<i64>),
    /// From the one to the other, both included.
    Range(i64, i64),
    /// From the one to the other, both included.
    FloatRange(f32, f32),
    /// This text.
    Text(String),
    /// One of these texts, in which nothing has to be escaped.
    Texts(Vec<String>),
    /// Null or not there; something, if false.
    Null(bool),
}

impl Default for Query {
    fn default() -> Query {
        Query {
            text: String::new(),
            mode: 6,
            ranker: 0,
            ranker_expression: String::new(),
            sort: 0,
            sort_by: String::new(),
            filters: Vec::new(),
            select: "*".to_owned(),
            offset: 0,
            limit: 20,
            max_matches: 1_000,
            ids: (0, 0),
            cutoff: 0,
            field_weights: Vec::new(),
            index_weights: Vec::new(),
            flags: TFIDF_NORMALIZED,
            predicted_time_ms: 0,
            weights: Vec::new(),
            overrides: Vec::new(),
            group: None,
        }
    }
}

impl Query {
    /// The whole request with these queries, header included.
    pub fn encode_all(index: &str, queries: &[Query]) -> Vec<u8> {
        let mut out = Encoder(Vec::new());
        out.dwords(&[0, queries.len() as u32]);
        queries.iter().for_each(|query| query.put(index, &mut out));
        let mut request = b"\0\0\x01\x1e".to_vec();
        request.extend((out.0.len() as u32).to_be_bytes());
        request.extend(out.0);
        request
    }

    fn put(&self, index: &str, out: &mut Encoder) {
        out.dwords(&[self.flags, self.offset, self.limit, self.mode, self.ranker]);
        if self.ranker == 8 {
            out.string(&self.ranker_expression);
        }
        out.dword(self.sort);
        out.strings(&[&self.sort_by, &self.text]);
        out.dword(self.weights.len() as u32);
        out.dwords(&self.weights);
        out.string(index);
        // Ids of 64 bits.
        out.dword(1);
        out.qword(self.ids.0.cast_signed());
        out.qword(self.ids.1.cast_signed());
        out.dword(self.filters.len() as u32);
        for filter in &self.filters {
            out.filter(filter);
        }
        let group = self.group.as_ref();
        out.dword(group.map_or(0, |group| group.function));
        out.string(group.map_or("", |group| &group.by));
        out.dword(self.max_matches);
        out.string(group.map_or("@group desc", |group| &group.sort_by));
        out.dwords(&[self.cutoff, 0, 0]);
        out.string(group.map_or("", |group| &group.distinct));
        // No geo anchor and no time limit.
        out.dword(0);
        out.weights(&self.index_weights);
        out.dword(0);
        out.weights(&self.field_weights);
        out.string("");
        out.dword(self.overrides.len() as u32);
        self.overrides.iter().for_each(|entry| out.entry(entry));
        out.string(&self.select);
        if self.flags & PREDICTED_TIME != 0 {
            out.dword(self.predicted_time_ms);
        }
        out.string("");
        out.dwords(&[0, 0, 0]);
    }
}

/// A query's result.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Text of a warning.
    pub warning: Option<String>,
    /// Names and types of the columns.
    pub columns: Vec<(String, u32)>,
    /// Rows in order.
    pub rows: Vec<Row>,
    /// Matches kept.
    pub total: u64,
    /// Matches found.
    pub total_found: u64,
    /// Word, documents, hits.
    pub words: Vec<(String, u64, u64)>,
}

/// A match.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Document id.
    pub id: u64,
    /// Weight.
    pub weight: i32,
    /// A text for each column.
    pub values: Vec<String>,
}

impl Answer {
    /// Reads the body of a reply with so many queries: an answer each, or the text of its error.
    pub fn decode_all(body: &[u8], queries: usize) -> Result<Vec<Result<Answer, String>>> {
        let mut input = Decoder(body);
        (0..queries).map(|_| Answer::read(&mut input)).collect()
    }

    fn read(input: &mut Decoder<'_>) -> Result<Result<Answer, String>> {
        let mut answer = Answer::default();
        match input.dword()? {
            0 => {}
            3 => answer.warning = Some(input.string()?),
            status => return Ok(Err(format!("query status {status}: {}", input.string()?))),
        }
        for _ in 0..input.dword()? {
            input.string()?;
        }
        for _ in 0..input.dword()? {
            answer.columns.push((input.string()?, input.dword()?));
        }
        let count = input.dword()?;
        let has_wide_ids = input.dword()? != 0;
        for _ in 0..count {
            let id = if has_wide_ids { input.qword()? } else { u64::from(input.dword()?) };
            let weight = input.dword()?.cast_signed();
            let kinds = answer.columns.iter().map(|column| column.1);
            let values = kinds.map(|kind| input.value(kind)).collect::<Result<_>>()?;
            answer.rows.push(Row { id, weight, values });
        }
        answer.total = input.dword()?.into();
        answer.total_found = input.dword()?.into();
        let _time_ms = input.dword()?;
        for _ in 0..input.dword()? {
            let word = input.string()?;
            answer.words.push((word, input.dword()?.into(), input.dword()?.into()));
        }
        Ok(Ok(answer))
    }
}

/// Flag that is there unless it is taken away.
pub const TFIDF_NORMALIZED: u32 = 0x40;

/// Flag of a query that says the longest predicted time.
pub const PREDICTED_TIME: u32 = 4;

struct Encoder(Vec<u8>);

impl Encoder {
    fn dword(&mut self, value: u32) {
        self.0.extend(value.to_be_bytes());
    }

    fn dwords(&mut self, values: &[u32]) {
        values.iter().for_each(|value| self.dword(*value));
    }

    fn qword(&mut self, value: i64) {
        self.0.extend(value.to_be_bytes());
    }

    fn string(&mut self, text: &str) {
        self.dword(text.len() as u32);
        self.0.extend(text.as_bytes());
    }

    fn strings(&mut self, texts: &[&str]) {
        texts.iter().for_each(|text| self.string(text));
    }

    fn weights(&mut self, weights: &[(&str, i32)]) {
        self.dword(weights.len() as u32);
        for (name, weight) in weights {
            self.string(name);
            self.dword(weight.cast_unsigned());
        }
    }

    fn entry(&mut self, entry: &Override) {
        self.string(entry.attribute);
        self.dwords(&[entry.kind, entry.values.len() as u32]);
        for (document, value) in &entry.values {
            self.qword(document.cast_signed());
            match entry.kind {
                6 => self.qword(*value),
                _ => self.dword(*value as u32),
            }
        }
    }

    fn filter(&mut self, filter: &Filter) {
        self.string(&filter.attribute);
        match &filter.kind {
            FilterKind::Values(values) => {
                self.dwords(&[0, values.len() as u32]);
                values.iter().for_each(|value| self.qword(*value));
            }
            FilterKind::Range(low, high) => {
                self.dword(1);
                self.qword(*low);
                self.qword(*high);
            }
            FilterKind::FloatRange(low, high) => {
                self.dwords(&[2, low.to_bits(), high.to_bits()]);
            }
            FilterKind::Null(is_null) => {
                self.dword(4);
                self.0.push(u8::from(*is_null));
            }
            FilterKind::Text(text) => {
                self.dword(3);
                self.string(text);
            }
            FilterKind::Texts(texts) => {
                self.dwords(&[6, texts.len() as u32]);
                texts.iter().for_each(|text| self.string(&format!("'{text}'")));
            }
        }
        self.dword(filter.exclude.into());
    }
}

struct Decoder<'a>(&'a [u8]);

impl Decoder<'_> {
    fn dword(&mut self) -> Result<u32> {
        let (head, rest) = self.0.split_first_chunk().context("reply ends early")?;
        self.0 = rest;
        Ok(u32::from_be_bytes(*head))
    }

    fn qword(&mut self) -> Result<u64> {
        Ok(u64::from(self.dword()?) << 32 | u64::from(self.dword()?))
    }

    fn string(&mut self) -> Result<String> {
        let length = self.dword()? as usize;
        let (head, rest) = self.0.split_at_checked(length).context("reply ends in a string")?;
        self.0 = rest;
        Ok(String::from_utf8_lossy(head).into_owned())
    }

    fn value(&mut self, kind: u32) -> Result<String> {
        Ok(match kind {
            1 | 2 | 4 | 11 => self.dword()?.to_string(),
            5 => f32::from_bits(self.dword()?).to_string(),
            6 => self.qword()?.cast_signed().to_string(),
            7 => self.string()?,
            0x4000_0001 => {
                let count = self.dword()?;
                let values: Result<Vec<u32>> = (0..count).map(|_| self.dword()).collect();
                format!("{:?}", values?)
            }
            0x4000_0002 => {
                // Counted in halves.
                let count = self.dword()? / 2;
                let values: Result<Vec<i64>> =
                    (0..count).map(|_| Ok(self.qword()?.cast_signed())).collect();
                format!("{:?}", values?)
            }
            _ => bail!("column of type {kind}"),
        })
    }
}
