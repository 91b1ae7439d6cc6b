//! Whether a select list groups without a group-by attribute.

/// The first item of the list that is an aggregate, which groups all rows into one.
///
/// Daemons take aggregates only as whole items: inside expressions they are syntax errors, and
/// `min` and `max` of two arguments are plain functions.
pub(crate) fn aggregate(list: &[u8]) -> Option<&[u8]> {
    let mut rest = list.strip_prefix(AGENT_MODE).unwrap_or(list);
    loop {
        let (item, tail) = split_item(rest);
        if is_aggregate(item) {
            return Some(item.trim_ascii());
        }
        rest = tail?;
    }
}

/// The attribute of the first `count(distinct attribute)` of the list.
pub(crate) fn distinct(list: &[u8]) -> Option<&[u8]> {
    let mut rest = Some(list.strip_prefix(AGENT_MODE).unwrap_or(list));
    while let Some(list) = rest {
        let (item, tail) = split_item(list);
        if let Some((name, arguments)) = split_call(item)
            && name.eq_ignore_ascii_case(b"count")
        {
            let (word, attribute) = split_name(split_item(arguments).0.trim_ascii());
            if word.eq_ignore_ascii_case(b"distinct") && !attribute.trim_ascii().is_empty() {
                return Some(attribute.trim_ascii());
            }
        }
        rest = tail;
    }
    None
}

fn is_aggregate(item: &[u8]) -> bool {
    let Some((name, arguments)) = split_call(item) else {
        return false;
    };
    let is_named = |names: &[&str]| names.iter().any(|n| name.eq_ignore_ascii_case(n.as_bytes()));
    is_named(&["count", "sum", "avg", "group_concat"])
        || is_named(&["min", "max"]) && split_item(arguments).1.is_none()
}

/// The name of a function, and what stands behind its opening parenthesis.
fn split_call(item: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, call) = split_name(item.trim_ascii_start());
    Some((name, call.trim_ascii_start().strip_prefix(b"(")?))
}

/// The letters that a text begins with, and the rest.
fn split_name(text: &[u8]) -> (&[u8], &[u8]) {
    let length = text.iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'_');
    text.split_at(length.count())
}

/// The bytes before the first comma outside of parentheses and quotes, and those after it. Without
/// one they end before the parenthesis that closes what is around them.
fn split_item(list: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut depth = 0_usize;
    let mut bytes = list.iter().enumerate();
    while let Some((place, byte)) = bytes.next() {
        match byte {
            b'\'' => skip_quoted(&mut bytes),
            b'(' => depth += 1,
            b')' if depth == 0 => return (&list[..place], None),
            b')' => depth -= 1,
            b',' if depth == 0 => return (&list[..place], Some(&list[place + 1..])),
            _ => {}
        }
    }
    (list, None)
}

fn skip_quoted<'a>(bytes: &mut impl Iterator<Item = (usize, &'a u8)>) {
    while let Some((_, byte)) = bytes.next() {
        match byte {
            b'\'' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

/// Cut off by the daemon (core/docs/spec/protocol.md 4.1, row 28).
const AGENT_MODE: &[u8] = b"*,* ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregates_are_told_from_functions() {
        for list in [
            "count(*)",
            "gid, COUNT(*) c",
            "count(distinct gid) m",
            "AVG (gid) m",
            "min(gid) m",
            "group_concat(gid) m",
            "*,* count(*)",
            "if(gid>1,1,0) i, sum(gid) s",
        ] {
            assert!(aggregate(list.as_bytes()).is_some(), "{list}");
        }
        for list in [
            "",
            "*",
            "count",
            "max(gid,2) m",
            "weight() m, least(js.a) l",
            "groupby() g, @count",
            "in(s,'sum(',')', 'count(*)') i",
            "countdown(gid) c",
        ] {
            assert!(aggregate(list.as_bytes()).is_none(), "{list}");
        }
    }

    #[test]
    fn attributes_whose_values_are_counted() {
        let cases = [
            ("count(distinct gid)", Some("gid")),
            ("gid, Count( DISTINCT js.a ) c, count(distinct b)", Some("js.a")),
            ("count(*), distinct, 'count(distinct a)' x", None),
            ("count(distinct )", None),
            ("sum(distinct a)", None),
        ];
        for (list, attribute) in cases {
            assert_eq!(distinct(list.as_bytes()), attribute.map(str::as_bytes), "{list}");
        }
    }
}
