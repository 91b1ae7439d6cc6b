//! Query texts without operators.

use pyo3::prelude::*;

/// Escapes what the extended query syntax takes for operators, so that the text of a user is words
/// alone. Words with a meaning of their own, such as `MAYBE` or `NEAR/3`, stay.
///
/// Parameters
/// ----------
/// text : str
///     The text of a user.
///
/// Returns
/// -------
/// str
///     The text with a backslash before each of ``\ ( ) | - ! @ ~ " & / ^ $ = <``.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub(crate) fn escape(text: &str) -> String {
    hamirror::command::escape(text)
}
