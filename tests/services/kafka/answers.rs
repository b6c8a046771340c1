//! What the broker answers to each request.

use std::time::Duration;

use bytes::{Buf, BufMut};

use super::sasl::SignIn;
use super::{Fault, Log, Shared};

/// The requests that are answered, with their numbers and the newest version of each.
const FETCH: (i16, i16) = (1, 4);
const LIST_OFFSETS: (i16, i16) = (2, 2);
const METADATA: (i16, i16) = (3, 4);
const FIND_COORDINATOR: (i16, i16) = (10, 1);
const SASL_HANDSHAKE: (i16, i16) = (17, 1);
const API_VERSIONS: (i16, i16) = (18, 3);
const SASL_AUTHENTICATE: (i16, i16) = (36, 0);
/// Clients take a broker for ancient that does not know how messages of today are written.
const PRODUCE: (i16, i16) = (0, 3);

const OFFSET_OUT_OF_RANGE: i16 = 1;
const UNKNOWN_TOPIC: i16 = 3;
const UNSUPPORTED_MECHANISM: i16 = 33;
const AUTHENTICATION_FAILED: i16 = 58;

/// An answer, ready to send.
pub(super) struct Answer {
    pub bytes: Vec<u8>,
    /// Only half of it is sent.
    pub torn: bool,
    /// The connection ends behind it.
    pub last: bool,
}

impl Shared {
    /// The answer to a request; nothing if the broker closes the connection instead.
    pub(super) fn answer(&self, mut request: &[u8], sign_in: &mut SignIn) -> Option<Answer> {
        if request.len() < 8 {
            return None;
        }
        let (key, version, id) = (request.get_i16(), request.get_i16(), request.get_i32());
        let _client = string(&mut request);
        let is = |api: (i16, i16)| api.0 == key && version <= api.1;
        if !sign_in.done && ![API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE].into_iter().any(is) {
            return None;
        }
        let (mut torn, mut last) = (false, false);
        let mut out = vec![0; 4];
        out.put_i32(id);
        if is(API_VERSIONS) {
            versions(version, &mut out);
        } else if is(SASL_HANDSHAKE) {
            let known = sign_in.mechanism()?;
            last = string(&mut request).as_deref() != Some(known);
            out.put_i16(if last { UNSUPPORTED_MECHANISM } else { 0 });
            out.put_i32(1);
            put_string(&mut out, known);
        } else if is(SASL_AUTHENTICATE) {
            let length = usize::try_from(request.get_i32()).ok()?;
            let answer = sign_in.answer(&request[..length]);
            last = answer.is_none();
            out.put_i16(if last { AUTHENTICATION_FAILED } else { 0 });
            put_string(&mut out, if last { "Authentication failed: Invalid username or password" } else { "" });
            let answer = answer.unwrap_or_default();
            out.put_i32(i32::try_from(answer.len()).unwrap());
            out.put_slice(&answer);
        } else if is(METADATA) {
            self.metadata(&mut request, &mut out);
        } else if is(FIND_COORDINATOR) {
            out.put_i32(0);
            out.put_i16(0);
            out.put_i16(-1);
            self.put_broker(&mut out);
        } else if is(LIST_OFFSETS) {
            self.offsets(&mut request, &mut out);
        } else if is(FETCH) {
            torn = self.fetch(&mut request, &mut out);
        } else {
            return None;
        }
        let length = i32::try_from(out.len() - 4).unwrap();
        out[..4].copy_from_slice(&length.to_be_bytes());
        Some(Answer { bytes: out, torn, last })
    }

    fn put_broker(&self, out: &mut Vec<u8>) {
        out.put_i32(1);
        put_string(out, "localhost");
        out.put_i32(self.port.into());
    }

    fn metadata(&self, request: &mut &[u8], out: &mut Vec<u8>) {
        let topics = self.topics.lock().unwrap();
        let count = request.get_i32();
        let asked: Vec<String> = (0..count).filter_map(|_| string(request)).collect();
        let names = if count < 0 { topics.keys().cloned().collect() } else { asked };
        out.put_i32(0);
        out.put_i32(1);
        self.put_broker(out);
        out.put_i16(-1);
        put_string(out, "a-cluster");
        out.put_i32(1);
        out.put_i32(i32::try_from(names.len()).unwrap());
        for name in &names {
            let partitions = topics.get(name).map(Vec::len);
            out.put_i16(if partitions.is_some() { 0 } else { UNKNOWN_TOPIC });
            put_string(out, name);
            out.put_i8(0);
            let count = i32::try_from(partitions.unwrap_or_default()).unwrap();
            out.put_i32(count);
            for partition in 0..count {
                out.put_i16(0);
                // The number, its leader, the only replica, which is in sync.
                [partition, 1, 1, 1, 1, 1].into_iter().for_each(|number| out.put_i32(number));
            }
        }
    }

    /// The bounds of partitions: -1 asks for the end, -2 for the start.
    fn offsets(&self, request: &mut &[u8], out: &mut Vec<u8>) {
        let topics = self.topics.lock().unwrap();
        let _replica = request.get_i32();
        let committed = request.get_i8() == 1;
        out.put_i32(0);
        each_topic(request, out, |name, request, out| {
            let (partition, at) = (request.get_i32(), request.get_i64());
            let log = log(&topics, name, partition);
            out.put_i32(partition);
            out.put_i16(if log.is_some() { 0 } else { UNKNOWN_TOPIC });
            out.put_i64(-1);
            out.put_i64(match log {
                Some(log) if at == -2 => log.start,
                Some(log) if committed => log.stable,
                Some(log) => log.end,
                None => -1,
            });
        });
    }

    /// Messages; tells whether the answer is to be torn.
    fn fetch(&self, request: &mut &[u8], out: &mut Vec<u8>) -> bool {
        let mut topics = self.topics.lock().unwrap();
        let mut fault = self.fault.lock().unwrap();
        if let Fault::Expire(offset) = *fault {
            topics.values_mut().flatten().for_each(|log| log.start = offset);
        }
        let _replica = request.get_i32();
        let patience = request.get_i32().clamp(0, 100).cast_unsigned();
        let (_least, _most) = (request.get_i32(), request.get_i32());
        let committed = request.get_i8() == 1;
        let mut sent = false;
        out.put_i32(0);
        each_topic(request, out, |name, request, out| {
            let (partition, from, most) = (request.get_i32(), request.get_i64(), request.get_i32());
            let log = log(&topics, name, partition).cloned();
            let error = match &log {
                None => UNKNOWN_TOPIC,
                Some(log) if from < log.start || from > log.end => OFFSET_OUT_OF_RANGE,
                Some(_) => 0,
            };
            let log = log.unwrap_or_default();
            let end = if committed { log.stable } else { log.end };
            let mut batches = Vec::new();
            for batch in log.batches.iter().filter(|batch| error == 0 && batch.last >= from && batch.first < end) {
                // One batch is always sent, however little was asked for.
                if !batches.is_empty() && batches.len() + batch.bytes.len() > usize::try_from(most).unwrap_or(0) {
                    break;
                }
                batches.extend_from_slice(&batch.bytes);
            }
            if let Fault::Flip(place, times @ 1..) = *fault
                && place == partition
                && let Some(byte) = batches.last_mut()
            {
                *byte ^= 1;
                *fault = Fault::Flip(place, times - 1);
            }
            sent |= !batches.is_empty();
            out.put_i32(partition);
            out.put_i16(error);
            out.put_i64(log.end);
            out.put_i64(log.stable);
            put_aborted(out, &log, from);
            out.put_i32(i32::try_from(batches.len()).unwrap());
            out.put_slice(&batches);
        });
        let torn = sent && matches!(*fault, Fault::Tear(1..));
        if let Fault::Tear(times) = &mut *fault {
            *times -= u32::from(torn);
        }
        drop((topics, fault));
        if !sent {
            std::thread::sleep(Duration::from_millis(patience.into()));
        }
        torn
    }
}

/// The aborted transactions that a reader from an offset on has to know.
fn put_aborted(out: &mut Vec<u8>, log: &Log, from: i64) {
    let aborted: Vec<_> = log.aborted.iter().filter(|(.., mark)| *mark >= from).collect();
    out.put_i32(i32::try_from(aborted.len()).unwrap());
    for (producer, first, _) in aborted {
        out.put_i64(*producer);
        out.put_i64(*first);
    }
}

/// Which requests are known. The newest version has compact lists and room for tags.
fn versions(version: i16, out: &mut Vec<u8>) {
    let known =
        [PRODUCE, FETCH, LIST_OFFSETS, METADATA, FIND_COORDINATOR, SASL_HANDSHAKE, API_VERSIONS, SASL_AUTHENTICATE];
    out.put_i16(0);
    if version < 3 {
        out.put_i32(i32::try_from(known.len()).unwrap());
    } else {
        out.put_u8(u8::try_from(known.len() + 1).unwrap());
    }
    for (key, newest) in known {
        [key, 0, newest].into_iter().for_each(|number| out.put_i16(number));
        if version >= 3 {
            out.put_u8(0);
        }
    }
    if version >= 1 {
        out.put_i32(0);
    }
    if version >= 3 {
        out.put_u8(0);
    }
}

/// Answers a list of topics with their partitions in the order in which they were asked for.
fn each_topic(request: &mut &[u8], out: &mut Vec<u8>, mut each: impl FnMut(&str, &mut &[u8], &mut Vec<u8>)) {
    let topics = request.get_i32();
    out.put_i32(topics);
    for _ in 0..topics {
        let name = string(request).expect("a topic has a name");
        put_string(out, &name);
        let partitions = request.get_i32();
        out.put_i32(partitions);
        (0..partitions).for_each(|_| each(&name, request, out));
    }
}

fn log<'a>(topics: &'a std::collections::BTreeMap<String, Vec<Log>>, name: &str, partition: i32) -> Option<&'a Log> {
    topics.get(name)?.get(usize::try_from(partition).ok()?)
}

fn string(request: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(request.get_i16()).ok()?;
    let (text, rest) = request.split_at(length);
    *request = rest;
    Some(String::from_utf8_lossy(text).into_owned())
}

fn put_string(out: &mut Vec<u8>, text: &str) {
    out.put_i16(i16::try_from(text.len()).unwrap());
    out.put_slice(text.as_bytes());
}
