//! Lossless typing: what the values of a column are, and the one type that gives every text back.

mod convert;
mod lex;
mod style;
mod time;
mod verdict;

pub(crate) use convert::{Converter, Type};
pub(crate) use lex::{Form, Kind, Lexed, lex, number, number_kind};
pub(crate) use time::day;
pub(crate) use verdict::{Verdict, verdict};

/// A value that shows what a column holds, and the line it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Example {
    pub value: String,
    pub line: u64,
}

/// What was seen in a column: how many values of each kind, with the first of each. Evidence of parts adds up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    pub counts: [u64; Kind::ALL.len()],
    pub first: [Option<Example>; Kind::ALL.len()],
    pub missing: u64,
    /// Digits before the point, at most.
    pub whole: u8,
    /// The smallest and the largest number of digits after the point.
    pub scales: Option<(u8, u8)>,
    /// The styles of floats in which some value is not written.
    pub unlike: u8,
    pub form: Option<Form>,
    /// Whether timestamps have several forms.
    pub forms_differ: bool,
}

impl Evidence {
    /// Counts one value; `show` gives it as an example and is called for the first of its kind only.
    #[inline(always)]
    pub(crate) fn add(&mut self, lexed: Lexed, show: impl FnOnce() -> Example) {
        let at = lexed.kind as usize;
        if self.counts[at] == 0 {
            self.first[at] = Some(show());
        }
        self.counts[at] += 1;
        match lexed.kind {
            Kind::Integer | Kind::WideInteger => {
                self.whole = self.whole.max(lexed.whole);
                self.unlike |= !lexed.styles;
            }
            Kind::Float => self.unlike |= !lexed.styles,
            Kind::Decimal | Kind::DecimalZero | Kind::DecimalOnly => {
                self.whole = self.whole.max(lexed.whole);
                self.unlike |= !lexed.styles;
                let (low, high) = self.scales.unwrap_or((lexed.scale, lexed.scale));
                self.scales = Some((low.min(lexed.scale), high.max(lexed.scale)));
            }
            Kind::Timestamp => self.add_form(lexed.form),
            _ => {}
        }
    }

    fn add_form(&mut self, form: Option<Form>) {
        self.forms_differ |= self.form.is_some() && form.is_some() && self.form != form;
        self.form = self.form.or(form);
    }

    /// Adds the evidence of a later part of the same column, whose example lines are counted from `line`.
    pub(crate) fn merge(&mut self, other: Self, line: u64) {
        for (at, example) in other.first.into_iter().enumerate() {
            self.counts[at] += other.counts[at];
            if self.first[at].is_none() {
                self.first[at] = example.map(|e| Example { line: e.line + line, ..e });
            }
        }
        self.missing += other.missing;
        self.whole = self.whole.max(other.whole);
        self.unlike |= other.unlike;
        self.scales = match (self.scales, other.scales) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (mine, theirs) => mine.or(theirs),
        };
        self.forms_differ |= other.forms_differ;
        self.add_form(other.form);
    }

    /// How many values are of `kind`.
    pub(crate) fn count(&self, kind: Kind) -> u64 {
        self.counts[kind as usize]
    }

    /// How many values there are, missing ones aside.
    pub(crate) fn values(&self) -> u64 {
        self.counts.iter().sum()
    }
}
