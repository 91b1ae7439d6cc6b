//! Values beside the text of a statement.

/// Values for the places that a text keeps free: `?` or `%s` in turn, `:name` or `%(name)s` by
/// name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters {
    pub(super) given: Given,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Given {
    #[default]
    None,
    InTurn(Vec<Parameter>),
    ByName(Vec<(String, Parameter)>),
}

impl Parameters {
    /// No values: the text keeps no place free.
    pub fn none() -> Self {
        Parameters::default()
    }

    /// Values for `?` or `%s`, each for one place.
    pub fn positional(values: impl IntoIterator<Item = Parameter>) -> Self {
        Parameters { given: Given::InTurn(values.into_iter().collect()) }
    }

    /// Values for `:name` or `%(name)s`, each for any number of places.
    pub fn named<N: Into<String>>(values: impl IntoIterator<Item = (N, Parameter)>) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.into(), value));
        let mut values: Vec<_> = values.collect();
        // Sorted, for the parser looks names up; of a name given twice the later one counts.
        values.reverse();
        values.sort_by(|(one, _), (other, _)| one.cmp(other));
        values.dedup_by(|(later, _), (earlier, _)| later == earlier);
        Parameters { given: Given::ByName(values) }
    }
}

/// A value for a place that a text keeps free.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Parameter {
    /// A whole number.
    Int(i64),
    /// A whole number without a sign, such as a document id.
    Uint(u64),
    /// A finite number with decimals.
    Float(f64),
    /// A text.
    Text(String),
    /// Several values, for `IN ?`, or for a multi-value attribute.
    List(Vec<Parameter>),
}

impl From<i64> for Parameter {
    fn from(value: i64) -> Self {
        Parameter::Int(value)
    }
}

impl From<i32> for Parameter {
    fn from(value: i32) -> Self {
        Parameter::Int(value.into())
    }
}

impl From<u32> for Parameter {
    fn from(value: u32) -> Self {
        Parameter::Int(value.into())
    }
}

impl From<u64> for Parameter {
    fn from(value: u64) -> Self {
        Parameter::Uint(value)
    }
}

impl From<f64> for Parameter {
    fn from(value: f64) -> Self {
        Parameter::Float(value)
    }
}

impl From<&str> for Parameter {
    fn from(value: &str) -> Self {
        Parameter::Text(value.to_owned())
    }
}

impl From<String> for Parameter {
    fn from(value: String) -> Self {
        Parameter::Text(value)
    }
}

impl<T: Into<Parameter>> From<Vec<T>> for Parameter {
    fn from(values: Vec<T>) -> Self {
        Parameter::List(values.into_iter().map(Into::into).collect())
    }
}
