//! The number that PostgreSQL makes of a text.

/// A number of 64 bits that stands for some bytes: what `hashtextextended(text COLLATE "C", 0)` gives.
///
/// It is the second of Bob Jenkins's hash functions for tables ("lookup3", 2006, public domain) with the starting value that
/// PostgreSQL gives it. Partitions by hash depend on it, so that it does not change; a server whose processor stores the high
/// byte first comes to other numbers.
pub(super) fn digest(bytes: &[u8]) -> u64 {
    let start = 0x9e37_79b9_u32.wrapping_add(bytes.len() as u32).wrapping_add(3_923_095);
    let (mut a, mut b, mut c) = (start, start, start);
    let mut blocks = bytes.chunks_exact(12);
    for block in &mut blocks {
        a = a.wrapping_add(word(&block[..4]));
        b = b.wrapping_add(word(&block[4..8]));
        c = c.wrapping_add(word(&block[8..]));
        (a, b, c) = mixed(a, b, c);
    }
    let rest = blocks.remainder();
    let part = |from: usize, to: usize| rest.get(from..to.min(rest.len())).map_or(0, word);
    a = a.wrapping_add(part(0, 4));
    b = b.wrapping_add(part(4, 8));
    // The lowest byte stands for the length.
    c = c.wrapping_add(part(8, 11) << 8);
    finished(a, b, c)
}

/// Up to four bytes, the low one first.
fn word(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte))
}

fn mixed(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32, u32) {
    for turns in [[4, 6, 8], [16, 19, 4]] {
        a = a.wrapping_sub(c) ^ c.rotate_left(turns[0]);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(turns[1]);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(turns[2]);
        b = b.wrapping_add(a);
    }
    (a, b, c)
}

fn finished(mut a: u32, mut b: u32, mut c: u32) -> u64 {
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    c = (c ^ b).wrapping_sub(b.rotate_left(24));
    u64::from(b) << 32 | u64::from(c)
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn numbers_are_those_of_a_server() {
        for (text, number) in [
            ("", -6_939_563_903_564_495_251_i64),
            ("a", 3_591_986_179_850_072_241),
            ("abcd", -1_038_429_303_365_892_052),
            ("abcdefgh", -8_882_191_227_074_733_005),
            ("abcdefghijk", 3_112_909_444_737_856_467),
            ("twelve bytes", -7_123_776_401_673_968_163),
            ("thirteen byte", -1_147_533_121_609_491_268),
            ("Grüße aus Köln, wo der Dom steht", -5_390_412_488_867_959_706),
        ] {
            assert_eq!(digest(text.as_bytes()).cast_signed(), number, "{text}");
        }
    }
}
