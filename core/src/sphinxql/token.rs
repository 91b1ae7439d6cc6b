//! Words of a statement: what a lexer makes of its text.

use logos::Logos;

/// A word of a statement.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
#[logos(skip r"[ \t\r\n]+")]
#[logos(skip r"/\*([^*]|\*+[^*/])*\*+/")]
pub(super) enum Token {
    /// A keyword or a name; the parser knows which by the place.
    #[regex("[A-Za-z_][A-Za-z0-9_]*")]
    Word,
    /// A name in backticks, never a keyword.
    #[regex("`[A-Za-z_][A-Za-z0-9_]*`")]
    Quoted,
    /// A field inside of a document: `.price`.
    #[regex(r"\.[ \t\r\n]*[A-Za-z_][A-Za-z0-9_]*")]
    Field,
    #[regex("[0-9]+")]
    Whole,
    #[regex(r"[0-9]+\.[0-9]*([eE][+-]?[0-9]+)?")]
    #[regex(r"\.[0-9]+([eE][+-]?[0-9]+)?")]
    #[regex(r"[0-9]+[eE][+-]?[0-9]+")]
    Decimal,
    /// Digits that run into letters, as in `0x10`.
    #[regex("[0-9]+[A-Za-z_][A-Za-z0-9_]*", priority = 1)]
    BadNumber,
    #[regex(r"'([^'\\]|(?s:\\.))*'")]
    Text,
    /// A text without its end.
    #[regex(r"'([^'\\]|(?s:\\.))*", priority = 1)]
    OpenText,
    /// A comment without its end.
    #[regex(r"/\*([^*]|\*+[^*/])*\**", priority = 1)]
    OpenComment,
    /// A global variable: `@ids`.
    #[regex("@[A-Za-z_][A-Za-z0-9_]*")]
    Variable,
    /// Takes the next value of a list of parameters: `?`.
    #[token("?")]
    Next,
    /// Takes the next value of a list of parameters, or is a remainder by a column `s`: `%s`.
    #[token("%s")]
    NextOrRemainder,
    /// Keeps `%size` whole, which is a remainder.
    #[regex("%[A-Za-z_][A-Za-z0-9_]*", priority = 1)]
    Remainder,
    /// Takes the value of a name: `:low`.
    #[regex(":[A-Za-z_][A-Za-z0-9_]*")]
    Named,
    /// Takes the value of a name: `%(low)s`.
    #[regex(r"%\([A-Za-z_][A-Za-z0-9_]*\)s")]
    NamedFormat,
    #[token("(")]
    Open,
    #[token(")")]
    Close,
    #[token("[")]
    OpenSquare,
    #[token("]")]
    CloseSquare,
    #[token("{")]
    OpenCurly,
    #[token("}")]
    CloseCurly,
    #[token(",")]
    Comma,
    #[token(";")]
    Semicolon,
    #[token("*")]
    Star,
    #[token("-")]
    Minus,
    #[token("=")]
    Equal,
    #[token("!=")]
    #[token("<>")]
    Unequal,
    #[token("<")]
    Less,
    #[token("<=")]
    AtMost,
    #[token(">")]
    Greater,
    #[token(">=")]
    AtLeast,
    /// What stands in expressions alone.
    #[regex(r"[+/%&|]")]
    Operator,
    /// What no statement has.
    Unknown,
    /// The end of the text.
    End,
}

/// A word that is a keyword wherever it stands without backticks.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}

/// Reserved words of searchd 2.2.11.
const RESERVED: [&str; 17] = [
    "and", "as", "by", "div", "facet", "false", "from", "in", "is", "limit", "mod", "not", "null",
    "or", "order", "select", "true",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<(Token, &str)> {
        let tokens = Token::lexer(text).spanned();
        tokens.map(|(token, span)| (token.unwrap_or(Token::Unknown), &text[span])).collect()
    }

    #[test]
    fn words_of_every_kind() {
        use Token::*;
        let table: [(&str, &[(Token, &str)]); 22] = [
            ("gid _a1", &[(Word, "gid"), (Word, "_a1")]),
            ("`order`", &[(Quoted, "`order`")]),
            ("`or der`", &[(Unknown, "`or"), (Word, "der"), (Unknown, "`")]),
            ("a.b . c", &[(Word, "a"), (Field, ".b"), (Field, ". c")]),
            (
                "1 1. .5 1e2 1.5e-3",
                &[
                    (Whole, "1"),
                    (Decimal, "1."),
                    (Decimal, ".5"),
                    (Decimal, "1e2"),
                    (Decimal, "1.5e-3"),
                ],
            ),
            ("0x10 5x", &[(BadNumber, "0x10"), (BadNumber, "5x")]),
            (r"'a\'b' 'c'", &[(Text, r"'a\'b'"), (Text, "'c'")]),
            ("'a''b'", &[(Text, "'a'"), (Text, "'b'")]),
            ("'a\nb'", &[(Text, "'a\nb'")]),
            ("''", &[(Text, "''")]),
            ("'ä \\ö'", &[(Text, "'ä \\ö'")]),
            ("'open", &[(OpenText, "'open")]),
            (r"'open\", &[(OpenText, "'open"), (Unknown, r"\")]),
            ("a /* b */ c /**/ d /***/", &[(Word, "a"), (Word, "c"), (Word, "d")]),
            ("/* a */ b */", &[(Word, "b"), (Star, "*"), (Operator, "/")]),
            ("a /* b", &[(Word, "a"), (OpenComment, "/* b")]),
            ("a -- b", &[(Word, "a"), (Minus, "-"), (Minus, "-"), (Word, "b")]),
            (
                "@a ? %s :b",
                &[(Variable, "@a"), (Next, "?"), (NextOrRemainder, "%s"), (Named, ":b")],
            ),
            (
                "%(a)s %size % s",
                &[(NamedFormat, "%(a)s"), (Remainder, "%size"), (Operator, "%"), (Word, "s")],
            ),
            ("<> != <= >=", &[(Unequal, "<>"), (Unequal, "!="), (AtMost, "<="), (AtLeast, ">=")]),
            ("\"a\" #", &[(Unknown, "\""), (Word, "a"), (Unknown, "\""), (Unknown, "#")]),
            ("ä", &[(Unknown, "ä")]),
        ];
        for (text, expected) in table {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }

    /// Each letter is looked at once, and no letter is a call on the stack.
    #[test]
    fn a_long_word_is_one_token() {
        const LENGTH: usize = 4 << 20;
        for (open, body, close) in
            [("'", "x", "'"), ("'", "x", ""), ("/*", "*", ""), ("", "x", "")]
        {
            let text = format!("{open}{}{close}", body.repeat(LENGTH));
            assert_eq!(tokens(&text).len(), 1, "{open}");
        }
    }
}
