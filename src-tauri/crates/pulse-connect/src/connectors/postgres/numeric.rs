//! Exact numbers as PostgreSQL sends them: groups of four decimal digits ("numeric_send" in its source).

/// Digits in a group.
const GROUP: usize = 4;
/// The sign of a negative number.
const NEGATIVE: u16 = 0x4000;

/// A number as it came.
pub(super) enum Number {
    /// In units of 10^-scale.
    Units(i128),
    /// Not a number, or an infinite one; as PostgreSQL writes it.
    Special(&'static str),
    /// More digits than fit.
    TooLong,
    /// Bytes that are no number.
    Garbled,
}

/// The value of `bytes` in units of 10^-scale.
#[inline]
pub(super) fn units(bytes: &[u8], scale: usize) -> Number {
    let [c0, c1, w0, w1, s0, s1, _, _, digits @ ..] = bytes else { return Number::Garbled };
    let count = usize::from(u16::from_be_bytes([*c0, *c1]));
    let weight = isize::from(i16::from_be_bytes([*w0, *w1]));
    let sign = u16::from_be_bytes([*s0, *s1]);
    if digits.len() != 2 * count {
        return Number::Garbled;
    }
    match sign {
        0 | NEGATIVE => {}
        0xc000 => return Number::Special("NaN"),
        0xd000 => return Number::Special("Infinity"),
        0xf000 => return Number::Special("-Infinity"),
        _ => return Number::Garbled,
    }
    let digit = |at: usize| i64::from(u16::from_be_bytes([digits[2 * at], digits[2 * at + 1]]));
    let negate = |value: i128| if sign == NEGATIVE { -value } else { value };
    let fraction_groups = scale.div_ceil(GROUP);
    // The group with the last wanted digit has digits behind it that must be zero.
    let surplus = 10i64.pow((fraction_groups * GROUP - scale) as u32);
    let groups = weight + 1 + fraction_groups as isize;
    if count == 0 {
        return Number::Units(0);
    }
    if groups < count as isize {
        return Number::TooLong;
    }
    let groups = groups as usize;
    let at = |group: usize| if group < count { digit(group) } else { 0 };
    let last = at(groups - 1);
    if last % surplus != 0 {
        return Number::TooLong;
    }
    // Four groups fit 64 bits, where arithmetic is several times quicker.
    if groups <= 4 {
        let whole = (0..groups - 1).fold(0i64, |value, group| value * 10_000 + at(group));
        return Number::Units(negate((whole * (10_000 / surplus) + last / surplus).into()));
    }
    let step = |value: Option<i128>, group| value?.checked_mul(10_000)?.checked_add(at(group).into());
    let whole = (0..groups - 1).fold(Some(0i128), step);
    let value = whole
        .and_then(|value| value.checked_mul((10_000 / surplus).into()))
        .and_then(|value| value.checked_add((last / surplus).into()));
    value.map_or(Number::TooLong, |value| Number::Units(negate(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(groups: &[u16], weight: i16, sign: u16) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend((groups.len() as u16).to_be_bytes());
        bytes.extend(weight.to_be_bytes());
        bytes.extend(sign.to_be_bytes());
        bytes.extend(0u16.to_be_bytes());
        groups.iter().for_each(|group| bytes.extend(group.to_be_bytes()));
        bytes
    }

    #[test]
    fn groups_of_digits_become_units() {
        let cases: [(&[u16], i16, u16, usize, i128); 10] = [
            (&[], 0, 0, 2, 0),
            (&[12], 0, 0, 2, 1200),
            (&[12, 3400], 0, 0, 2, 1234),
            (&[12, 3400], 0, NEGATIVE, 2, -1234),
            (&[500], -1, 0, 2, 5),
            (&[1], 1, 0, 0, 10_000),
            (&[1], 1, 0, 2, 1_000_000),
            (&[1, 2, 3, 4, 5000], 3, 0, 1, 10_002_000_300_045),
            (&[12, 3456, 7800], 0, 0, 6, 12_345_678),
            (&[9999; 9], 8, 0, 2, 99_999_999_999_999_999_999_999_999_999_999_999_900),
        ];
        for (groups, weight, sign, scale, units_wanted) in cases {
            match units(&sent(groups, weight, sign), scale) {
                Number::Units(value) => assert_eq!(value, units_wanted, "{groups:?} {weight} {scale}"),
                _ => panic!("{groups:?} at {weight} is a number of scale {scale}"),
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        assert!(matches!(units(&sent(&[12, 3456], 0, 0), 2), Number::TooLong));
        assert!(matches!(units(&sent(&[9999; 10], 9, 0), 2), Number::TooLong));
        assert!(matches!(units(&sent(&[], 0, 0xc000), 2), Number::Special("NaN")));
        assert!(matches!(units(&sent(&[], 0, 0xf000), 2), Number::Special("-Infinity")));
        assert!(matches!(units(&[0, 1, 0], 2), Number::Garbled));
        assert!(matches!(units(&[0, 9, 0, 0, 0, 0, 0, 0, 0, 1], 2), Number::Garbled));
    }
}
