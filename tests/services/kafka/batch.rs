//! Record batches as brokers keep and send them: version 2 of the format.

use bytes::{BufMut, BytesMut};

/// Messages that are kept together.
#[derive(Clone)]
pub struct Batch {
    /// The offset of the first message that was written with it.
    pub first: i64,
    /// The offset of the last message that was written with it.
    pub last: i64,
    /// It, as it is sent.
    pub bytes: Vec<u8>,
}

/// What a batch is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Messages.
    Plain,
    /// Messages of a transaction of this producer.
    Transaction(i64),
    /// The mark that this producer's transaction is valid.
    Commit(i64),
    /// The mark that this producer's transaction is void.
    Abort(i64),
}

/// Milliseconds since 1970, of every message.
const AT: i64 = 1_700_000_000_123;

impl Batch {
    /// Messages with the offsets `first` to `last`, all there.
    pub fn of(kind: Kind, first: i64, last: i64) -> Self {
        Self::compacted(kind, first, last, &(first..=last).collect::<Vec<_>>())
    }

    /// The mark that ends a transaction.
    pub fn mark(kind: Kind, offset: i64) -> Self {
        Self::of(kind, offset, offset)
    }

    /// Messages that were written with the offsets `first` to `last`, of which only some are left; the value of each is
    /// `{"n":OFFSET}`.
    pub fn compacted(kind: Kind, first: i64, last: i64, left: &[i64]) -> Self {
        let mut records = BytesMut::new();
        for offset in left {
            let (key, value) = match kind {
                Kind::Plain | Kind::Transaction(_) => (None, format!("{{\"n\":{offset}}}").into_bytes()),
                // A version, then the kind of mark; the value holds a version and the coordinator's epoch.
                Kind::Abort(_) => (Some([0, 0, 0, 0]), vec![0; 6]),
                Kind::Commit(_) => (Some([0, 0, 0, 1]), vec![0; 6]),
            };
            let mut record = BytesMut::new();
            record.put_i8(0);
            put_varint(&mut record, 0);
            put_varint(&mut record, offset - first);
            put_varint(&mut record, key.map_or(-1, |key| i64::try_from(key.len()).unwrap()));
            record.put_slice(key.as_ref().map_or(&[][..], |key| &key[..]));
            put_varint(&mut record, i64::try_from(value.len()).unwrap());
            record.put_slice(&value);
            put_varint(&mut record, 0);
            put_varint(&mut records, i64::try_from(record.len()).unwrap());
            records.put_slice(&record);
        }
        let (flags, producer) = match kind {
            Kind::Plain => (0, -1),
            Kind::Transaction(producer) => (0x10, producer),
            Kind::Commit(producer) | Kind::Abort(producer) => (0x30, producer),
        };
        let mut checked = BytesMut::new();
        checked.put_i16(flags);
        checked.put_i32(i32::try_from(last - first).unwrap());
        checked.put_i64(AT);
        checked.put_i64(AT);
        checked.put_i64(producer);
        checked.put_i16(if producer < 0 { -1 } else { 0 });
        checked.put_i32(-1);
        checked.put_i32(i32::try_from(left.len()).unwrap());
        checked.put_slice(&records);
        let mut bytes = BytesMut::new();
        bytes.put_i64(first);
        bytes.put_i32(i32::try_from(checked.len()).unwrap() + 4 + 1 + 4);
        bytes.put_i32(0);
        bytes.put_i8(2);
        bytes.put_u32(crc32c(&checked));
        bytes.put_slice(&checked);
        Self { first, last, bytes: bytes.to_vec() }
    }
}

/// A whole number in zigzag, seven bits a byte.
fn put_varint(bytes: &mut BytesMut, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while rest > 0x7f {
        bytes.put_u8((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.put_u8(rest as u8);
}

/// The checksum CRC-32C (Castagnoli), bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    let byte = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0x82f6_3b78 } else { sum >> 1 })
    };
    !bytes.iter().fold(!0, byte)
}
