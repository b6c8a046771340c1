//! A text that can be gone through as often as needed, as UTF-8, wherever it lies: in a file, or still packed.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use encoding_rs::{Encoding, UTF_8};
use pulse_core::{Error, Progress, Result};

use crate::archive::Packed;
use crate::detect::Translated;
use crate::source::Source;

/// A text and the encoding it is in.
#[derive(Clone)]
pub(crate) struct Text {
    place: Place,
    encoding: &'static Encoding,
}

#[derive(Clone)]
enum Place {
    File(PathBuf),
    Packed(Packed),
}

impl Text {
    /// The text of `source` in `encoding`.
    pub(crate) fn of(source: &Source, encoding: &'static Encoding) -> Self {
        let place = source.packed.clone().map_or_else(|| Place::File(source.path.clone()), Place::Packed);
        Self { place, encoding }
    }

    /// The bytes of `source` as they are.
    pub(crate) fn raw(source: &Source) -> Self {
        Self::of(source, UTF_8)
    }

    /// Gives `work` the text from its beginning, and what makes an error for people of a failed read.
    pub(crate) fn read<T>(
        &self,
        progress: &Progress,
        work: impl FnOnce(&mut dyn Read, &dyn Fn(io::Error) -> Error) -> Result<T>,
    ) -> Result<T> {
        match &self.place {
            Place::File(path) => {
                let failed = |cause| Error::io("read", path, &cause);
                self.translated(&mut File::open(path).map_err(failed)?, &failed, work)
            }
            Place::Packed(packed) => {
                packed.read(progress, |text| self.translated(text, &|cause| packed.failure(cause), work))
            }
        }
    }

    /// The first `bytes` of the text.
    pub(crate) fn head(&self, bytes: u64, progress: &Progress) -> Result<Vec<u8>> {
        self.read(progress, |text, failed| {
            let mut head = Vec::new();
            text.take(bytes).read_to_end(&mut head).map_err(failed)?;
            Ok(head)
        })
    }

    fn translated<T>(
        &self,
        bytes: &mut dyn Read,
        failed: &dyn Fn(io::Error) -> Error,
        work: impl FnOnce(&mut dyn Read, &dyn Fn(io::Error) -> Error) -> Result<T>,
    ) -> Result<T> {
        if self.encoding == UTF_8 {
            work(bytes, failed)
        } else {
            work(&mut Translated::new(bytes, self.encoding), failed)
        }
    }
}

/// Passes over the first `bytes` of a text.
pub(crate) fn skip(text: &mut dyn Read, bytes: u64) -> io::Result<()> {
    io::copy(&mut text.take(bytes), &mut io::sink()).map(drop)
}
