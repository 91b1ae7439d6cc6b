//! LIKE: `%` stands for any text, `_` for one character; case counts
//! (core/docs/spec/distributed.md 7.1).

/// Whether the whole key fits the pattern.
pub(crate) fn matches(pattern: &str, key: &str) -> bool {
    let (mut pattern, mut key) = (pattern.chars(), key.chars());
    // What to go back to when the text that the last `%` stands for was too short.
    let mut longer = None;
    loop {
        let key_here = key.clone();
        match (pattern.next(), key.next()) {
            (None, None) => return true,
            (Some('%'), _) => {
                longer = Some((pattern.clone(), key_here.clone()));
                key = key_here;
            }
            (Some('_'), Some(_)) => {}
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => {
                let Some((after, mut rest)) = longer.take() else { return false };
                if rest.next().is_none() {
                    return false;
                }
                longer = Some((after.clone(), rest.clone()));
                (pattern, key) = (after, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_fit_whole_keys() {
        let table = [
            ("", "", true),
            ("", "a", false),
            ("a", "", false),
            ("%", "", true),
            ("%", "anything", true),
            ("%%", "a", true),
            ("_", "", false),
            ("_", "ä", true),
            ("_", "ab", false),
            ("%hostname", "ag_0_hostname", true),
            ("%hostname", "ag_0_hostnames", false),
            ("status%", "status_period_seconds", true),
            ("ag_d2_%", "ag_d2_1_1_warnings", true),
            ("ag_d2_%", "ag_d2r_1_1_warnings", true),
            ("ag_d2_%", "ag_dmir_1_1_warnings", false),
            ("STATUS%", "status_period_seconds", false),
            ("%1periods%", "ag_0_1periods_warnings", true),
            ("%1periods%", "ag_0_15periods_warnings", false),
            ("%a%b%c%", "xaxbxcx", true),
            ("%a%b%c%", "xcxbxax", false),
            ("%aab", "aaaaab", true),
            ("%_b", "b", false),
            ("%_%_%", "ab", true),
            ("*", "a", false),
            ("*?", "*?", true),
            ("a\\", "a\\", true),
        ];
        for (pattern, key, expected) in table {
            assert_eq!(matches(pattern, key), expected, "'{key}' LIKE '{pattern}'");
        }
    }

    proptest! {
        #[test]
        fn the_same_as_the_definition(pattern in "[ab%_]{0,8}", key in "[abc]{0,8}") {
            let pattern_chars: Vec<char> = pattern.chars().collect();
            let key_chars: Vec<char> = key.chars().collect();
            prop_assert_eq!(matches(&pattern, &key), defined(&pattern_chars, &key_chars));
        }
    }

    fn defined(pattern: &[char], key: &[char]) -> bool {
        match pattern.split_first() {
            None => key.is_empty(),
            Some(('%', after)) => (0..=key.len()).any(|taken| defined(after, &key[taken..])),
            Some((first, after)) => key.split_first().is_some_and(|(one, rest)| {
                (*first == '_' || first == one) && defined(after, rest)
            }),
        }
    }
}
