//! The body of a client's SEARCH request (core/docs/spec/protocol.md 4.1 to 4.3), for versions
//! 0x113 to 0x120: what [`encode_in`](super::encode_in) writes, read back.
//!
//! The bytes are a stranger's: the work is linear in them, and what is kept is no more than they
//! fill.

use super::query::{ANY_VALUE, Filter, FilterTest, Override, OverrideValue, Query, flags};
use crate::limits::QUERIES_MAX;
use crate::wire::{Reader, Truncated};

/// Oldest version whose requests are read; clients of 2.0 and later send no older one.
pub(crate) const CLIENT_VERSION_MIN: u16 = 0x113;

/// Newest version whose requests are read: that of Sphinx 2.3.
pub(crate) const CLIENT_VERSION_MAX: u16 = 0x120;

/// Reads the queries of a request that a client of that version sent. The error is the text of
/// the ERROR reply that a daemon gives to the whole request.
pub(crate) fn decode(version: u16, body: &[u8]) -> Result<Vec<Query>, String> {
    let mut reader = Reader::new(body);
    // Daemons look at what is missing of these two no more closely: it reads as 0.
    let master = if version >= 0x118 { reader.u32().unwrap_or(0) } else { 0 };
    if master != 0 {
        return Err(FOR_MASTERS.to_owned());
    }
    let count = reader.i32().unwrap_or(0);
    if !usize::try_from(count).is_ok_and(|count| (1..=QUERIES_MAX).contains(&count)) {
        return Err(format!("bad multi-query count {count} (must be in 1..{QUERIES_MAX} range)"));
    }
    (0..count)
        .map(|_| Decoder { reader: &mut reader, version }.query())
        .collect::<Result<_, Refused>>()
        .map_err(|Refused(text)| text)
}

/// Reads one query, field by field in the order of the protocol.
struct Decoder<'a, 'b> {
    reader: &'a mut Reader<'b>,
    version: u16,
}

/// The text of the ERROR reply to a whole request.
struct Refused(String);

impl From<Truncated> for Refused {
    fn from(error: Truncated) -> Self {
        Refused(error.refusal())
    }
}

fn refuse<T>(text: String) -> Result<T, Refused> {
    Err(Refused(text))
}

impl Decoder<'_, '_> {
    fn query(&mut self) -> Result<Query, Refused> {
        let mut query = Query::default();
        self.head(&mut query)?;
        query.filters = self.list(8, Self::filter)?;
        self.grouping(&mut query)?;
        self.options(&mut query)?;
        self.tail(&mut query)?;
        check_window(&query)?;
        Ok(query)
    }

    /// Rows 1 to 12.
    fn head(&mut self, query: &mut Query) -> Result<(), Refused> {
        let sent = if self.version >= 0x11b { self.reader.u32()? } else { 0 };
        query.flags = sent & known_flags(self.version);
        // Daemons go by this bit where it is a client's of exactly one version.
        if self.version != VERSION_WITH_IDF_FLAG {
            query.flags |= flags::TFIDF_NORMALIZED;
        }
        query.offset = self.reader.i32()?;
        query.limit = self.reader.i32()?;
        query.match_mode = self.code("invalid match mode", MATCH_MODE_MAX)?;
        query.ranker = self.code("invalid ranking mode", RANKER_MAX)?;
        if matches!(query.ranker, 8 | 9) {
            query.ranker_expression = self.text()?;
        }
        query.sort_mode = self.code("invalid sort mode", SORT_MODE_MAX)?;
        query.sort_clause = self.text()?;
        query.text = self.text()?;
        query.weights = self.list(4, |decoder| Ok(decoder.reader.u32()?))?;
        query.index_list = self.text()?;
        let is_wide = self.reader.u32()? != 0;
        [query.id_min, query.id_max] = [self.id(is_wide)?, self.id(is_wide)?];
        Ok(())
    }

    fn id(&mut self, is_wide: bool) -> Result<u64, Refused> {
        Ok(if is_wide { self.reader.u64()? } else { u64::from(self.reader.u32()?) })
    }

    fn filter(&mut self) -> Result<Filter, Refused> {
        let attribute = self.text()?;
        let test = match self.reader.u32()? {
            0 => FilterTest::Values(self.list(4, Self::value)?),
            1 => FilterTest::Range(self.value()?, self.value()?),
            2 => FilterTest::FloatRange(self.reader.f32()?, self.reader.f32()?),
            3 => FilterTest::String(self.text()?),
            4 => FilterTest::Null(self.reader.u8()? != 0),
            5 => FilterTest::Variable(self.text()?),
            6 => FilterTest::Strings(self.list(4, |decoder| Ok(unquoted(decoder.string()?)))?),
            code => return refuse(format!("unknown filter type (type-id={code})")),
        };
        let exclude = self.reader.u32()? != 0;
        Ok(match test {
            // A master's agents go by the byte and pass over the exclusion.
            FilterTest::Null(is_null) => {
                let is_null = is_null != exclude;
                let test = FilterTest::Null(is_null);
                Filter {
                    attribute,
                    test,
                    exclude: false,
                    has_equal: is_null,
                    multi_function: ANY_VALUE,
                }
            }
            test => {
                Filter { attribute, test, exclude, has_equal: true, multi_function: ANY_VALUE }
            }
        })
    }

    fn value(&mut self) -> Result<i64, Refused> {
        Ok(match self.version {
            ..0x114 => i64::from(self.reader.u32()?),
            _ => self.reader.u64()?.cast_signed(),
        })
    }

    /// Rows 15 to 21.
    fn grouping(&mut self, query: &mut Query) -> Result<(), Refused> {
        query.group_function = self.reader.u32()?;
        query.group_by = self.text()?;
        query.max_matches = self.reader.i32()?;
        query.group_sort = self.text()?;
        query.cutoff = self.reader.i32()?;
        query.retry_count = self.reader.i32()?;
        query.retry_delay_ms = self.reader.i32()?;
        query.distinct = self.text()?;
        Ok(())
    }

    /// Rows 22 to 26.
    fn options(&mut self, query: &mut Query) -> Result<(), Refused> {
        if self.reader.u32()? != 0 {
            let attributes = (self.text()?, self.text()?);
            let place = (self.reader.f32()?, self.reader.f32()?);
            query.geo_anchor = Some((attributes.0, attributes.1, place.0, place.1));
        }
        query.index_weights = self.list(8, Self::weight)?;
        query.max_query_time_ms = self.reader.u32()?;
        query.field_weights = self.list(8, Self::weight)?;
        query.comment = self.text()?;
        Ok(())
    }

    fn weight(&mut self) -> Result<(Vec<u8>, i32), Refused> {
        Ok((self.text()?, self.reader.i32()?))
    }

    /// Rows 27 to 30, and 36.
    fn tail(&mut self, query: &mut Query) -> Result<(), Refused> {
        if self.version >= 0x115 {
            query.overrides = self.list(12, Self::values_of_documents)?;
        }
        if self.version >= 0x116 {
            query.select = self.text()?;
        }
        if query.flags & flags::PREDICTED_TIME != 0 {
            query.predicted_time_ms = self.reader.i32()?;
        }
        if self.version >= 0x11d {
            query.outer.order = self.text()?;
            query.outer.offset = self.reader.u32()?;
            query.outer.limit = self.reader.u32()?;
            query.outer.present = self.reader.u32()? != 0;
        }
        if self.version >= 0x120 {
            query.token_filter = [self.text()?, self.text()?, self.text()?];
        }
        Ok(())
    }

    fn values_of_documents(&mut self) -> Result<Override, Refused> {
        let (attribute, kind) = (self.text()?, self.reader.u32()?);
        let values = self.list(12, |decoder| {
            let document = decoder.reader.u64()?;
            let value = match kind {
                FLOAT => OverrideValue::Float(decoder.reader.f32()?),
                BIGINT => OverrideValue::Bigint(decoder.reader.u64()?.cast_signed()),
                _ => OverrideValue::Uint(decoder.reader.u32()?),
            };
            Ok((document, value))
        })?;
        Ok(Override { attribute, kind, values })
    }

    fn code(&mut self, refusal: &str, max: u32) -> Result<u32, Refused> {
        match self.reader.u32()? {
            code if code <= max => Ok(code),
            code => refuse(format!("{refusal} {}", code.cast_signed())),
        }
    }

    fn string(&mut self) -> Result<&[u8], Refused> {
        Ok(self.reader.string()?)
    }

    fn text(&mut self) -> Result<Vec<u8>, Refused> {
        self.string().map(<[u8]>::to_vec)
    }

    /// A number of items, which have so many bytes at least, and that many items.
    fn list<T>(
        &mut self,
        item_min: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, Refused>,
    ) -> Result<Vec<T>, Refused> {
        let count = self.reader.count(item_min)?;
        (0..count).map(|_| item(self)).collect()
    }
}

/// What a daemon refuses in its own words.
fn check_window(query: &Query) -> Result<(), Refused> {
    let Query { offset, limit, max_matches, outer, .. } = query;
    if *limit < 0 {
        return refuse(format!("limit out of bounds (limit={limit})"));
    }
    if *max_matches < 1 {
        return refuse("max_matches can not be less than one".to_owned());
    }
    if !(0..*max_matches).contains(offset) {
        return refuse(format!(
            "offset out of bounds (offset={offset}, max_matches={max_matches})"
        ));
    }
    if outer.present && *offset != 0 {
        return refuse(format!(
            "inner offset must be 0 when using outer order by (offset={offset})"
        ));
    }
    for (value, max, what, unit) in [
        (query.retry_count, RETRY_COUNT_MAX, "count", "count"),
        (query.retry_delay_ms, RETRY_DELAY_MAX, "delay", "delay"),
    ] {
        if !(0..=max).contains(&value) {
            return refuse(format!("retry {what} out of bounds ({unit}={value})"));
        }
    }
    Ok(())
}

/// Flags that mean something in that version; others are of newer daemons.
fn known_flags(version: u16) -> u32 {
    let own = 0xff;
    if version >= 0x120 { own | flags::LOW_PRIORITY } else { own }
}

/// The text of an SQL literal, which strings of a list are on the wire. As a daemon does, the
/// first and the last letter are taken for its quotes, whatever they are.
fn unquoted(literal: &[u8]) -> Vec<u8> {
    let inner = literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default();
    let mut text = Vec::with_capacity(inner.len());
    let mut letters = inner.iter().copied();
    while let Some(letter) = letters.next() {
        let kept = if letter == b'\\' { letters.next().unwrap_or(letter) } else { letter };
        text.push(kept);
    }
    text
}

const FOR_MASTERS: &str = "master-agent version mismatch; update me first, then update master!";

/// The one version of clients that say themselves how words are weighed.
const VERSION_WITH_IDF_FLAG: u16 = 0x11e;

const MATCH_MODE_MAX: u32 = 6;
const RANKER_MAX: u32 = 10;
const SORT_MODE_MAX: u32 = 5;
const RETRY_COUNT_MAX: i32 = 8;
const RETRY_DELAY_MAX: i32 = 1_000;

/// Types of attributes on the wire.
const FLOAT: u32 = 5;
const BIGINT: u32 = 6;
