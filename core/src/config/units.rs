//! Numbers with and without a unit.

use std::time::Duration;

use super::fault::Fault;
use crate::limits;

/// Milliseconds, where a number stands alone.
pub(super) const MILLISECONDS: Duration = Duration::from_millis(1);

/// Seconds, where a number stands alone.
pub(super) const SECONDS: Duration = Duration::from_secs(1);

/// A length of time: a number of `bare_unit`s, or a number with one of Manticore's suffixes, which
/// a blank may part from it.
pub(super) fn parse_time(text: &str, bare_unit: Duration) -> Result<Duration, Fault> {
    let (number, suffix) = split_number(text, "a time is expected: digits, such as 500 or 500ms")?;
    let suffix = suffix.trim_start_matches(BLANKS);
    let unit = match suffix {
        "" => bare_unit,
        "us" => Duration::from_micros(1),
        "ms" => MILLISECONDS,
        "s" => SECONDS,
        "m" => Duration::from_secs(60),
        "h" => Duration::from_secs(3_600),
        "d" => Duration::from_secs(86_400),
        "w" => Duration::from_secs(604_800),
        _ => {
            let expected = "a unit of time is expected: us, ms, s, m, h, d, w, or none";
            return Err(unit_fault(text, suffix, expected));
        }
    };
    let time_us = u128::from(number) * unit.as_micros();
    if time_us > limits::SETTING_TIME_MAX.as_micros() {
        let max_ms = limits::SETTING_TIME_MAX.as_millis();
        return Err(Fault::whole(text, format!("at most {max_ms} ms is expected")));
    }
    Ok(Duration::from_micros(u64::try_from(time_us).unwrap_or(u64::MAX)))
}

/// A number of bytes, or of Manticore's and Sphinx's k, m, g.
pub(super) fn parse_size(text: &str) -> Result<u64, Fault> {
    let (number, suffix) = split_number(text, "a size is expected: digits, such as 8M")?;
    let unit = match suffix {
        "" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        "g" | "G" => 1 << 30,
        _ => {
            let expected = "a unit of size is expected: k, m, g, or none";
            return Err(unit_fault(text, suffix, expected));
        }
    };
    let size = number.checked_mul(unit);
    size.ok_or_else(|| Fault::whole(text, "a smaller size is expected"))
}

/// A number of bytes as searchd 2.2.11 reads it: digits may be missing, and it knows no g.
pub(super) fn parse_c_size(text: &str) -> Result<u64, Fault> {
    let (number, suffix) = read_c_number(text);
    let unit = match suffix {
        "" if text.is_empty() => return Err(Fault::whole(text, "a size is expected")),
        "" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        _ => {
            let expected = "a unit of size is expected: k, m, or none";
            return Err(unit_fault(text, suffix, expected));
        }
    };
    Ok(u64::from(number.max(0).cast_unsigned()) * unit)
}

/// A count that fits 32 bits.
pub(super) fn parse_count(text: &str) -> Result<u32, Fault> {
    let (number, suffix) = split_number(text, "a count is expected: digits")?;
    if !suffix.is_empty() {
        return Err(unit_fault(text, suffix, "nothing is expected after the count"));
    }
    let count = u32::try_from(number);
    count.map_err(|_| Fault::whole(text, format!("at most {} is expected", u32::MAX)))
}

/// What C's `atoi` makes of a text, in 32 bits, and what it leaves of the text: searchd 2.2.11
/// reads numbers so.
pub(super) fn read_c_number(text: &str) -> (i32, &str) {
    let sign_length = usize::from(text.starts_with(['-', '+']));
    let is_digit = |letter: char| letter.is_ascii_digit();
    let rest = text[sign_length..].trim_start_matches(is_digit);
    let digits = &text[..text.len() - rest.len()];
    let limit = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    let number = match digits {
        "" | "-" | "+" => 0,
        _ => digits.parse::<i64>().unwrap_or(limit),
    };
    let low_bits = u32::try_from(number & i64::from(u32::MAX)).unwrap_or(0);
    (low_bits.cast_signed(), rest)
}

/// Digits at the start, and what follows them.
fn split_number<'a>(text: &'a str, expected: &str) -> Result<(u64, &'a str), Fault> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    if digits.is_empty() {
        return Err(Fault::whole(text, expected));
    }
    let number = digits.parse::<u64>();
    let number = number.map_err(|_| Fault::whole(text, "a smaller number is expected"))?;
    Ok((number, suffix))
}

fn unit_fault(text: &str, suffix: &str, expected: &str) -> Fault {
    Fault { range: text.len() - suffix.len()..text.len(), expected: expected.to_owned() }
}

/// White space inside a line.
pub(super) const BLANKS: [char; 2] = [' ', '\t'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let table = [
            ("0", 0),
            ("7", 7_000),
            ("007", 7_000),
            ("5us", 5),
            ("5ms", 5_000),
            ("3000 ms", 3_000_000),
            ("2 \t s", 2_000_000),
            ("5s", 5_000_000),
            ("5m", 300_000_000),
            ("2h", 7_200_000_000),
            ("2d", 172_800_000_000),
            ("3w", 1_814_400_000_000),
            ("2147483647", 2_147_483_647_000),
        ];
        for (text, time_us) in table {
            let expected = Ok(Duration::from_micros(time_us));
            assert_eq!(parse_time(text, MILLISECONDS), expected, "{text}");
        }
        assert_eq!(parse_time("60", SECONDS), Ok(Duration::from_secs(60)));
    }

    #[test]
    fn refused_times_name_the_offending_part() {
        let table = [
            ("", 0..0),
            ("-1", 0..2),
            ("+1", 0..2),
            ("abc", 0..3),
            ("1.5s", 1..4),
            ("2 x", 2..3),
            ("2S", 1..2),
            ("2sec", 1..4),
            ("2147483648", 0..10),
            ("4w", 0..2),
            ("99999999999999999999999", 0..23),
            ("1é", 1..3),
        ];
        for (text, range) in table {
            let fault = parse_time(text, MILLISECONDS).expect_err(text);
            assert_eq!(fault.range, range, "{text}");
        }
    }

    #[test]
    fn numbers_of_c() {
        let table = [
            ("", 0, ""),
            ("x", 0, "x"),
            ("-", 0, ""),
            ("007", 7, ""),
            ("5s", 5, "s"),
            ("-3 4", -3, " 4"),
            ("+3", 3, ""),
            ("--3", 0, "-3"),
            ("0x10", 0, "x10"),
            ("2147483647", i32::MAX, ""),
            ("2147483648", i32::MIN, ""),
            ("4294967297", 1, ""),
            ("99999999999", 1_215_752_191, ""),
            ("99999999999999999999", -1, ""),
            ("-99999999999999999999", 0, ""),
        ];
        for (text, number, rest) in table {
            assert_eq!(read_c_number(text), (number, rest), "{text}");
        }
    }

    #[test]
    fn sizes_and_counts() {
        assert_eq!(parse_size("128k"), Ok(128 << 10));
        assert_eq!(parse_size("8M"), Ok(8 << 20));
        assert_eq!(parse_size("1g"), Ok(1 << 30));
        assert_eq!(parse_size("77"), Ok(77));
        assert_eq!(parse_size("8Mx").expect_err("unit").range, 1..3);
        assert_eq!(parse_size("99999999999999999G").expect_err("overflow").range, 0..18);
        assert_eq!(parse_count("8"), Ok(8));
        assert_eq!(parse_count("8x").expect_err("rest").range, 1..2);
        assert_eq!(parse_count("4294967296").expect_err("overflow").range, 0..10);
    }
}
