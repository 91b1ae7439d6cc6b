//! What holds of every statement: it prints as its equal, and a fault has a place.

use std::fmt::Write;

use proptest::prelude::*;

use super::{Parameters, parse};

proptest! {
    /// Words of statements in any order: whatever is taken is printed as it was meant.
    #[test]
    fn what_is_taken_prints_as_its_equal(words in prop::collection::vec(word(), 0..40)) {
        let text = format!("select {}", words.join(" "));
        check(&text);
        check(&words.concat());
    }

    /// Statements made by the grammar are taken.
    #[test]
    fn made_statements_are_taken(text in made()) {
        let statements = parse(&text, &Parameters::none());
        prop_assert!(statements.is_ok(), "{text}\n{}", statements.unwrap_err().rendered());
        check(&text);
    }

    #[test]
    fn no_text_makes_a_panic(text in any::<String>()) {
        check(&text);
        check(&format!("select {text} from d where a = {text}"));
    }
}

fn check(text: &str) {
    match parse(text, &Parameters::none()) {
        Ok(statements) => {
            let mut printed = String::new();
            for statement in &statements {
                let _ = write!(printed, "{statement};");
            }
            let again = parse(&printed, &Parameters::none());
            let again = again.unwrap_or_else(|fault| panic!("{text}\n{}", fault.rendered()));
            assert_eq!(again, statements, "{text}\n{printed}");
        }
        Err(fault) => {
            let lines = text.matches('\n').count() + 1;
            assert!((1..=lines).contains(&(fault.line as usize)), "{text}\n{fault}");
            assert!(fault.column > 0 && !fault.expected.is_empty(), "{text}\n{fault}");
        }
    }
}

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(WORDS)
}

fn made() -> impl Strategy<Value = String> {
    let item = prop::sample::select(
        &[
            "*",
            "id",
            "gid*2 g",
            "weight() AS w",
            "count(*)",
            "count(distinct gid) cd",
            "sum(a+b) s",
            "f(a, 'x', (1+2)*3) y",
            "j.a[0].b['k']",
            "a AND NOT b c",
            "`select`",
        ][..],
    );
    let test = prop::sample::select(
        &[
            "a=1",
            "a.b!='x\\'y'",
            "weight()>5",
            "c BETWEEN -1.5 AND 2",
            "d IN (1,2,3)",
            "e NOT IN ('a','b')",
            "ANY(t) >= 3",
            "j.x IS NOT NULL",
            "g IN @v",
            "MATCH('a b')",
        ][..],
    );
    let tail = prop::sample::select(
        &[
            "",
            " GROUP BY a",
            " GROUP 3 BY a, b.c WITHIN GROUP ORDER BY d DESC HAVING e>1",
            " HAVING count(*) BETWEEN 1 AND 5",
            " ORDER BY a",
            " ORDER BY RAND() LIMIT 5",
            " ORDER BY a DESC, b LIMIT 3,4 OPTION ranker=expr('1'), cutoff=5",
            " LIMIT 5 FACET a FACET b BY c ORDER BY count(*) DESC LIMIT 2",
        ][..],
    );
    (prop::collection::vec(item, 1..4), prop::collection::vec(test, 0..4), tail).prop_map(
        |(items, mut tests, tail)| {
            // One MATCH() at most.
            let mut has_match = false;
            tests.retain(|test| {
                !test.starts_with("MATCH") || !std::mem::replace(&mut has_match, true)
            });
            let conditions = match tests.is_empty() {
                true => String::new(),
                false => format!(" WHERE {}", tests.join(" AND ")),
            };
            format!("SELECT {} FROM d, e{conditions}{tail}", items.join(", "))
        },
    )
}

const WORDS: &[&str] = &[
    "a",
    "b.c",
    "`d`",
    "`from`",
    "`count`",
    "1",
    "2.5",
    "-",
    "'x'",
    "'it\\'s'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    "*",
    "=",
    "!=",
    "<",
    ">=",
    "+",
    "/",
    "%s",
    "%d",
    "?",
    ":a",
    "@x",
    "/* c */",
    " ",
    "\n",
    "select",
    "from d",
    "where",
    "and",
    "or",
    "not",
    "in",
    "is null",
    "between 1 and 2",
    "match('x')",
    "count(*)",
    "count(distinct a)",
    "sum(a)",
    "max(a,b)",
    "group by",
    "group 2 by",
    "within group order by",
    "having",
    "order by",
    "rand()",
    "weight()",
    "asc",
    "desc",
    "limit",
    "offset",
    "option",
    "cutoff=1",
    "w=(a=1)",
    "facet",
    "distinct",
    "as",
    "by",
    "null",
    "show meta",
    "ü",
];
