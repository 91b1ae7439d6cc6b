//! Numbers of JSON as texts.

use std::io::Write;

/// Appends the digits of a whole number.
pub(super) fn put_int(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// A number with the digits that tell it from its neighbours; JSON has no infinite ones.
pub(super) fn put_exact(value: f64, out: &mut Vec<u8>) -> Option<()> {
    if !value.is_finite() {
        return out.write_all(b"null").ok();
    }
    write!(out, "{value:?}").ok()
}

/// The name of what is no finite number, as C prints it.
pub(crate) fn not_finite(value: f64) -> Option<&'static str> {
    match (value.is_nan(), value.is_sign_negative()) {
        (true, false) => Some("nan"),
        (true, true) => Some("-nan"),
        (false, _) if value.is_finite() => None,
        (false, false) => Some("inf"),
        (false, true) => Some("-inf"),
    }
}

/// A number with six digits after the point. One whose text would have more than 32 characters has
/// six digits in all, as Manticore has it. Sphinx writes out hundreds of them.
pub(super) fn put_double(value: f64, out: &mut Vec<u8>) -> Option<()> {
    if let Some(name) = not_finite(value) {
        out.extend_from_slice(name.as_bytes());
        return Some(());
    }
    if (-1e24..1e25).contains(&value) {
        if value.is_sign_negative() {
            out.push(b'-');
        }
        let millionths = millionths(value.abs());
        put_int(millionths / MILLION, out);
        // The digit before the others keeps their zeros.
        let start = out.len();
        put_int((millionths % MILLION + MILLION) as u32, out);
        out[start] = b'.';
        return Some(());
    }
    let mut text = [0; DOUBLE_SIZE_MAX];
    let mut rest = text.as_mut_slice();
    write!(rest, "{value:.5e}").ok()?;
    let size = DOUBLE_SIZE_MAX - rest.len();
    let (digits, exponent) = text.split_at(text.iter().position(|byte| *byte == b'e')?);
    let zeros = digits.iter().rev().take_while(|byte| **byte == b'0').count();
    let digits = &digits[..digits.len() - zeros];
    out.extend_from_slice(digits.strip_suffix(b".").unwrap_or(digits));
    out.extend_from_slice(b"e+");
    out.extend_from_slice(&exponent[1..exponent.len() - (DOUBLE_SIZE_MAX - size)]);
    Some(())
}

/// Returns a number below 1e25 times a million, rounded; a half goes to the even number, as in C.
fn millionths(value: f64) -> u128 {
    let bits = value.to_bits();
    let (exponent, fraction) = (bits >> FRACTION_BITS, bits & ((1 << FRACTION_BITS) - 1));
    let implied = u64::from(exponent > 0) << FRACTION_BITS;
    let scaled = u128::from(implied | fraction) * MILLION;
    // The number is its bits times two to the power of this.
    let power = exponent.max(1) as i32 - EXPONENT_BIAS;
    match u32::try_from(-power) {
        Err(_) => scaled << power,
        Ok(0) => scaled,
        Ok(shift @ 1..u128::BITS) => {
            let (whole, rest) = (scaled >> shift, scaled & ((1 << shift) - 1));
            let half = 1 << (shift - 1);
            whole + u128::from(rest > half || rest == half && whole % 2 == 1)
        }
        Ok(_) => 0,
    }
}

const MILLION: u128 = 1_000_000;

/// Bits of a double behind its exponent.
const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;

/// A double's exponent less the power of two by which its bits count, read as a whole number.
const EXPONENT_BIAS: i32 = f64::MAX_EXP - 1 + FRACTION_BITS as i32;

/// Characters that a double takes at most.
pub(super) const DOUBLE_SIZE_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn printed(value: f64) -> String {
        let mut out = Vec::new();
        put_double(value, &mut out).expect("a place for it");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn doubles_take_no_more_than_32_characters() {
        let cases = [
            (0.5, "0.500000"),
            (-0.0, "-0.000000"),
            (1e24, "999999999999999983222784.000000"),
            (-1e24, "-999999999999999983222784.000000"),
            (-1.1e24, "-1.1e+24"),
            (9.9e24, "9900000000000000746586112.000000"),
            (1e25, "1e+25"),
            (1.234_567_8e300, "1.23457e+300"),
            (-f64::MAX, "-1.79769e+308"),
            (f64::MIN_POSITIVE, "0.000000"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN.copysign(1.0), "nan"),
            (f64::NAN.copysign(-1.0), "-nan"),
        ];
        for (value, expected) in cases {
            assert_eq!(printed(value), expected);
        }
    }

    proptest! {
        #[test]
        fn doubles_are_rounded_as_c_does_it(bits: u64, exponent in 0_u64..1_110, tie: u16) {
            let odd = f64::from_bits(exponent << FRACTION_BITS | bits >> 12);
            // Halves of a millionth: the last digit of these is a five.
            let half = f64::from(tie) / 128.0;
            for value in [odd, -odd, half, -half, half * 1e12, f64::from_bits(bits >> 12)] {
                if (-1e24..1e25).contains(&value) {
                    prop_assert_eq!(printed(value), format!("{value:.6}"));
                }
            }
        }
    }
}
