//! What others wrote, made fit for a line of a log, an error or a warning.

use std::fmt::Write;

use crate::limits::{DIAGNOSTIC_TEXT_MAX, REMOTE_TEXT_MAX};

/// A remote text as a part of a line. There is no more of it than fits into [`REMOTE_TEXT_MAX`],
/// which it then says by three dots, and nothing that ends the line.
pub fn quote(text: &[u8]) -> String {
    quote_within(REMOTE_TEXT_MAX, text)
}

/// A remote name as a part of a line that tells of many: the same in [`DIAGNOSTIC_TEXT_MAX`].
pub fn quote_name(name: &[u8]) -> String {
    quote_within(DIAGNOSTIC_TEXT_MAX, name)
}

fn quote_within(size_max: usize, text: &[u8]) -> String {
    const MORE: &str = "...";
    let mut line = String::new();
    // A character more than fits is enough to see that there is more.
    for chunk in text[..text.len().min(size_max + 4)].utf8_chunks() {
        let broken = if chunk.invalid().is_empty() { "" } else { "\u{fffd}" };
        for letter in chunk.valid().chars().chain(broken.chars()) {
            let end = line.len();
            put(letter, &mut line);
            if line.len() > size_max {
                line.truncate(end.min(line.floor_char_boundary(size_max - MORE.len())));
                line.push_str(MORE);
                return line;
            }
        }
    }
    line
}

/// Escapes a text, which may be as long as it is, so that nothing ends its line.
pub fn escape(text: String) -> String {
    if !text.chars().any(ends_line) {
        return text;
    }
    let mut line = String::with_capacity(text.len() + 16);
    text.chars().for_each(|letter| put(letter, &mut line));
    line
}

fn put(letter: char, line: &mut String) {
    match letter {
        '\0' => line.push_str("\\0"),
        _ if !ends_line(letter) => line.push(letter),
        '\n' | '\r' | '\t' => line.extend(letter.escape_default()),
        // Writing to a string never fails.
        _ => {
            let _ = write!(line, "\\u{{{:x}}}", u32::from(letter));
        }
    }
}

/// Whether a reader of lines may take it for an end, or a terminal for a command.
fn ends_line(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_others_stay_one_line() {
        let cases: [(&[u8], &str); 5] = [
            (b"no such index 'a\\b'", "no such index 'a\\b'"),
            (b"a\nWARNING: b\r\n\tc\0", "a\\nWARNING: b\\r\\n\\tc\\0"),
            (b"\x1b[31mred\x7f", "\\u{1b}[31mred\\u{7f}"),
            ("\u{85}\u{2028}é\u{2029}".as_bytes(), "\\u{85}\\u{2028}é\\u{2029}"),
            (b"a\xffb\xc3", "a\u{fffd}b\u{fffd}"),
        ];
        for (text, expected) in cases {
            assert_eq!(quote(text), expected);
            assert_eq!(quote(expected.as_bytes()), expected);
        }
        assert_eq!(escape("a\nb".to_owned()), "a\\nb");
        let long = "\n".repeat(REMOTE_TEXT_MAX);
        assert_eq!(escape(long.clone()).len(), 2 * long.len());
    }

    #[test]
    fn texts_are_cut_between_characters() {
        for piece in ["a", "é", "€", "\n", "\0", "\u{85}", "𝄞"] {
            let whole = piece.repeat(REMOTE_TEXT_MAX / escape(piece.to_owned()).len());
            assert_eq!(quote(whole.as_bytes()), escape(whole.clone()), "{piece:?}");
            let cut = quote(format!("{whole}{piece}{piece}").as_bytes());
            let kept = cut.strip_suffix("...").expect("three dots");
            assert!((REMOTE_TEXT_MAX - 12..=REMOTE_TEXT_MAX).contains(&cut.len()), "{piece:?}");
            assert!(escape(whole).starts_with(kept), "{piece:?}");
        }
        assert_eq!(quote_name(&[b'n'; 80]), "n".repeat(80));
        assert_eq!(quote_name(&[b'n'; 81]), "n".repeat(77) + "...");
        let broken = quote(&[0xff; 10_000]);
        assert!(broken.len() <= REMOTE_TEXT_MAX && broken.ends_with("\u{fffd}..."));
    }
}
