//! Expressions in the words of agents, which read select lists by the grammar of the API.

use logos::Logos;

use super::token::Token;

/// Writes an expression as agents read it: `.5` as `0.5`, and each name that `rename` knows by its
/// other name. A name before a bracket is a function's, and stays.
pub(crate) fn reword<'a>(text: &str, rename: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut reworded = String::with_capacity(text.len());
    let mut end = 0;
    let mut words = Token::lexer(text).spanned().peekable();
    while let Some((token, place)) = words.next() {
        let word = &text[place.clone()];
        let is_call = matches!(words.peek(), Some((Ok(Token::Open), _)));
        reworded.push_str(&text[end..place.start]);
        end = place.end;
        match token {
            Ok(Token::Word) if !is_call => reworded.push_str(rename(word).unwrap_or(word)),
            // A remainder by a column is one word with it.
            Ok(Token::Remainder | Token::NextOrRemainder) if !is_call => {
                let name = &word[1..];
                reworded.push('%');
                reworded.push_str(rename(name).unwrap_or(name));
            }
            Ok(Token::Decimal) if word.starts_with('.') => {
                reworded.push('0');
                reworded.push_str(word);
            }
            _ => reworded.push_str(word),
        }
    }
    reworded.push_str(&text[end..]);
    reworded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_alone_are_written_anew() {
        let rename = |word: &str| word.eq_ignore_ascii_case("max").then_some("other");
        let table = [
            ("a*.5", "a*0.5"),
            ("-.5e3+1.5-0.5", "-0.5e3+1.5-0.5"),
            ("if(a in(.5,2),.25,1)", "if(a in(0.5,2),0.25,1)"),
            ("max(a) + Max * 2", "max(a) + other * 2"),
            ("max (a)-max", "max (a)-other"),
            ("b%max % max", "b%other % other"),
            ("b%max(a)", "b%max(a)"),
            ("max.x + max['x']", "other.x + other['x']"),
            ("facts.max + facts.a[.5]", "facts.max + facts.a[0.5]"),
            ("'max .5' + maximum", "'max .5' + maximum"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(reword(text, rename), expected, "{text}");
        }
    }
}
