//! A packed delimited text made into typed rows without ever lying unpacked on disk.
//!
//! One thread unpacks and cuts pieces of whole records; another parses each with the types that a scan of all of it has
//! proven, and adds it to one compressed Parquet file, a fraction of the text's size, which is what the frame reads.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::*;
use pulse_core::{Error, Progress, Result};

use crate::archive::{Packed, Unpacking};
use crate::formats::{Delimited, last_record_end};
use crate::frame::scan_piece;
use crate::typing::Verdict;

/// Bytes of text that are parsed at a time; a few times as much lies in memory. Tests cut nearly everything.
const PIECE: usize = if cfg!(test) { 8 << 10 } else { 32 << 20 };

/// A frame of the records that begin at byte `start` of a packed, well-formed text, with exactly these columns.
pub(crate) fn spool(
    (packed, start): (&Packed, u64),
    body: &Delimited,
    columns: &[(&str, &Verdict)],
    to: &Path,
    progress: &Progress,
) -> Result<LazyFrame> {
    progress.stage("Unpacking into typed columns", 0, 0);
    let schema: Schema = columns.iter().map(|(name, verdict)| Field::new((*name).into(), verdict.dtype())).collect();
    let failed = |cause: PolarsError| Error::internal(&format!("write {}", to.display()), cause);
    let file = File::create_new(to).map_err(|cause| Error::io("create", to, &cause))?;
    // The rows are written once more, to the lake; what is only passed through is packed quickly.
    let writer = ParquetWriter::new(file)
        .with_compression(ParquetCompression::Zstd(ZstdLevel::try_new(1).ok()))
        .with_statistics(StatisticsOptions::empty());
    let mut writer = writer.batched(&schema).map_err(failed)?;
    thread::scope(|scope| {
        let (give, pieces) = sync_channel::<Vec<u8>>(1);
        let unpacking = scope.spawn(move || packed.read(progress, |text| cut(text, packed, start, body.quote, &give)));
        for piece in pieces {
            progress.check()?;
            progress.add_bytes(piece.len() as u64);
            let rows = scan_piece(piece, body, columns)?.collect().map_err(failed)?;
            progress.add_rows(rows.height() as u64);
            writer.write_batch(&rows).map_err(failed)?;
        }
        unpacking.join().map_err(|_| Error::internal("unpack the file", "a worker stopped"))?
    })?;
    writer.finish().map_err(failed)?;
    let path = PlRefPath::try_from_path(to).map_err(failed)?;
    LazyFrame::scan_parquet(path, ScanArgsParquet { glob: false, ..ScanArgsParquet::default() }).map_err(failed)
}

/// Cuts a text, from byte `start` on, into pieces that end with a record.
fn cut(
    text: &mut Unpacking<'_>,
    packed: &Packed,
    start: u64,
    quote: Option<u8>,
    give: &SyncSender<Vec<u8>>,
) -> Result<()> {
    let failed = |cause| packed.failure(cause);
    std::io::copy(&mut text.by_ref().take(start), &mut std::io::sink()).map_err(failed)?;
    let mut piece = Vec::new();
    loop {
        let count = text.by_ref().take(PIECE as u64).read_to_end(&mut piece).map_err(failed)?;
        let end = if count == 0 { piece.len() } else { last_record_end(&piece, quote) };
        let rest = piece.split_off(end);
        // Whoever parses is gone only if that failed, which is what is told then.
        if !piece.is_empty() && give.send(piece).is_err() {
            return Ok(());
        }
        if count == 0 {
            return Ok(());
        }
        piece = rest;
    }
}
