//! Query texts without operators.

/// Escapes what the extended query syntax takes for operators, so that the text of a user is words
/// alone: ``\ ( ) | - ! @ ~ " & / ^ $ = <``, as the clients of 2.2.11 do.
///
/// Words with a meaning of their own (`MAYBE`, `NEAR/3`, `SENTENCE`, `ZONE:`) and the `*` of a
/// part of a word stay.
///
/// ```
/// assert_eq!(hamirror::command::escape("a-b (c)"), "a\\-b \\(c\\)");
/// ```
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if OPERATORS.contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

const OPERATORS: &str = "\\()|-!@~\"&/^$=<";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_and_nothing_else_are_escaped() {
        for byte in 0..=0x7f_u8 {
            let letter = char::from(byte);
            let is_operator = r#"\()|-!@~"&/^$=<"#.contains(letter);
            let expected = if is_operator { format!("\\{letter}") } else { letter.to_string() };
            assert_eq!(escape(&letter.to_string()), expected);
        }
        assert_eq!(escape("é \"a\" b'c*"), "é \\\"a\\\" b'c*");
    }
}
