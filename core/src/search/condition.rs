//! What must hold of an attribute, or of a column of merged groups.

use crate::wire::search::{ALL_VALUES, ANY_VALUE, Filter, FilterTest, inside};

/// What must hold of an attribute ([`Search::filter`](super::Search::filter)), or of a column of
/// groups ([`Grouping::having`](super::Grouping::having)).
///
/// ```
/// use hamirror::search::{Condition, Search};
/// let search = Search::new("hello")
///     .filter("price", Condition::above(9.5))
///     .filter("tags", Condition::any_of([1, 2]).of_all_values())
///     .filter("brand", Condition::any_text(["acme", "ajax"]).negated());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    test: FilterTest,
    exclude: bool,
    has_equal: bool,
    multi_function: u32,
    /// Of whole numbers from or to an end without a limit.
    is_open: bool,
}

impl Condition {
    /// One of these numbers.
    pub fn any_of(values: impl IntoIterator<Item = i64>) -> Self {
        Self::new(FilterTest::Values(values.into_iter().collect()))
    }

    /// From `from` to `to`, both included.
    pub fn range<N: Into<Number>>(from: N, to: N) -> Self {
        Self::new(match (from.into(), to.into()) {
            (Number::Int(from), Number::Int(to)) => FilterTest::Range(from, to),
            (from, to) => FilterTest::FloatRange(from.float(), to.float()),
        })
    }

    /// Demands that number or a higher one.
    pub fn at_least(number: impl Into<Number>) -> Self {
        let condition = Self::new(match number.into() {
            Number::Int(from) => FilterTest::Range(from, i64::MAX),
            Number::Float(from) => FilterTest::FloatRange(from, f32::INFINITY),
        });
        Condition { is_open: true, ..condition }
    }

    /// Demands that number or a lower one.
    pub fn at_most(number: impl Into<Number>) -> Self {
        let condition = Self::new(match number.into() {
            Number::Int(to) => FilterTest::Range(i64::MIN, to),
            Number::Float(to) => FilterTest::FloatRange(f32::NEG_INFINITY, to),
        });
        Condition { is_open: true, ..condition }
    }

    /// A higher number; of floats a finite one, of whole numbers one below the highest of 64 bits.
    ///
    /// Above the whole number 9 is 9.5, too, in floats and in JSON. A master, which asks for 10
    /// and more, leaves it out; so does this on Sphinx 2.1, and for numbers that a float of 32
    /// bits can't tell from their neighbours: these have no fractions there.
    pub fn above(number: impl Into<Number>) -> Self {
        let number = number.into();
        match number {
            Number::Int(i64::MAX) => Self::nothing(),
            Number::Int(whole) if is_float(whole) => {
                Condition { has_equal: false, ..Self::at_least(number) }
            }
            Number::Int(whole) => Self::at_least(whole + 1),
            // Daemons know no range that is open at one end only.
            Number::Float(from) => {
                let test = FilterTest::FloatRange(from, f32::INFINITY);
                Condition { has_equal: false, ..Self::new(test) }
            }
        }
    }

    /// A lower number; of floats a finite one, of whole numbers one above the lowest of 64 bits.
    ///
    /// Below the whole number 10 is 9.5, too, as [`Self::above`] has it.
    pub fn below(number: impl Into<Number>) -> Self {
        let number = number.into();
        match number {
            Number::Int(i64::MIN) => Self::nothing(),
            Number::Int(whole) if is_float(whole) => {
                Condition { has_equal: false, ..Self::at_most(number) }
            }
            Number::Int(whole) => Self::at_most(whole - 1),
            Number::Float(to) => {
                let test = FilterTest::FloatRange(f32::NEG_INFINITY, to);
                Condition { has_equal: false, ..Self::new(test) }
            }
        }
    }

    /// Demands that text by the [collation](super::Search::collation).
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        Self::new(FilterTest::String(text.into()))
    }

    /// One of these texts by the [collation](super::Search::collation).
    pub fn any_text<T: Into<Vec<u8>>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::new(FilterTest::Strings(texts.into_iter().map(Into::into).collect()))
    }

    /// Null, or a field of a JSON attribute that is not there.
    pub fn null() -> Self {
        Self::new(FilterTest::Null(true))
    }

    /// One of the numbers of a global variable, such as `@allowed`, that each agent has.
    pub fn in_variable(name: impl Into<Vec<u8>>) -> Self {
        Self::new(FilterTest::Variable(name.into()))
    }

    /// The opposite.
    pub fn negated(mut self) -> Self {
        match &mut self.test {
            // Asked by a master, 2.2.11 goes by this byte and passes over the exclusion.
            FilterTest::Null(is_null) => {
                *is_null = !*is_null;
                self.has_equal = *is_null;
            }
            _ => self.exclude = !self.exclude,
        }
        self
    }

    /// Asks it of all values of a multi-value attribute (`ALL`), not of any of them.
    ///
    /// Sphinx 2.2 knows no `ALL` in filters: an agent that runs it is an error.
    pub fn of_all_values(mut self) -> Self {
        self.multi_function = ALL_VALUES;
        self
    }

    /// No number passes.
    fn nothing() -> Self {
        Self::new(FilterTest::Range(1, 0))
    }

    pub(super) fn new(test: FilterTest) -> Self {
        Condition {
            test,
            exclude: false,
            has_equal: true,
            multi_function: ANY_VALUE,
            is_open: false,
        }
    }

    /// Returns the first and the last id of a range of whole numbers, and whether these are kept
    /// out.
    ///
    /// Ids are unsigned: none is negative, and those from 2^63 on belong to an open end, too.
    pub(super) fn ids(&self) -> Option<((u64, u64), bool)> {
        let FilterTest::Range(from, to) = self.test else {
            return None;
        };
        let (from, to) = if self.has_equal { (from, to) } else { inside(from, to) };
        let last = match to {
            i64::MAX if self.is_open => Ok(u64::MAX),
            _ => u64::try_from(to),
        };
        let ids = last.map_or(NO_IDS, |last| (u64::try_from(from).unwrap_or(0), last));
        Some((ids, self.exclude))
    }

    pub(super) fn into_filter(self, attribute: Vec<u8>) -> Filter {
        let Condition { test, exclude, has_equal, multi_function, .. } = self;
        Filter { attribute, test, exclude, has_equal, multi_function }
    }
}

/// A number in a [`Condition`]: whole, or a float of 32 bits as attributes are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// For whole attributes, and for whole numbers in JSON.
    Int(i64),
    /// For floats.
    Float(f32),
}

impl Number {
    fn float(self) -> f32 {
        match self {
            Number::Int(number) => number as f32,
            Number::Float(number) => number,
        }
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Number::Int(number)
    }
}

impl From<i32> for Number {
    fn from(number: i32) -> Self {
        Number::Int(number.into())
    }
}

impl From<u32> for Number {
    fn from(number: u32) -> Self {
        Number::Int(number.into())
    }
}

impl From<f32> for Number {
    fn from(number: f32) -> Self {
        Number::Float(number)
    }
}

/// A range without an id.
const NO_IDS: (u64, u64) = (1, 0);

/// True if a float of 32 bits holds the number. Daemons compare such columns with the bound as
/// one of these, and a bound that is rounded would be the number beside it.
fn is_float(whole: i64) -> bool {
    whole as f32 as i128 == i128::from(whole)
}
