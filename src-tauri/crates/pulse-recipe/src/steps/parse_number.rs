use std::borrow::Cow;
use std::sync::Arc;

use polars::prelude::*;
use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::convert::{Conversion, Parse, Reason};
use crate::names;
use crate::number::Digits;
use crate::step::{About, Example, Step, StepInput, StepOutput};
use crate::steps::change_type::{Target, check_decimal, conversion};

/// Reads numbers as people write them: with thousands marks, currency signs, percent signs, negative amounts in
/// parentheses and footnote marks. A text that is no number becomes missing and goes to the ledger. A column that is a
/// number already only changes its type.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ParseNumber {
    /// The columns to read, at least one.
    #[schemars(extend("x-widget" = "columns"))]
    columns: Vec<String>,
    /// The mark before the decimals.
    decimal_mark: DecimalMark,
    /// The mark between thousands. Groups must be complete: 1,23 is not 123.
    thousands_mark: ThousandsMark,
    /// What the column becomes.
    result: NumberKind,
    /// How many decimals to keep; a number with more goes to the ledger.
    #[schemars(range(min = 0, max = 18), extend("x-depends-on" = {"field": "result", "values": ["decimal"]}))]
    scale: usize,
    /// What a percent sign does.
    percent: Percent,
    /// Leave out currency signs and codes: $ 5, 5 EUR.
    currency: bool,
    /// Read (5) as -5.
    parentheses_negative: bool,
    /// What happens to a value with a comparison mark, such as <2.5 or ~7.
    comparison: Comparison,
    /// Leave out footnote marks at the end: 12*, 12 [1], 12 (a), 12¹.
    footnotes: bool,
}

/// The mark before the decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum DecimalMark {
    /// Point: 1.5
    #[default]
    Point,
    /// Comma: 1,5
    Comma,
}

/// The mark between thousands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ThousandsMark {
    /// The other of comma and point, blanks or apostrophes
    #[default]
    Any,
    /// Comma: 1,000
    Comma,
    /// Point: 1.000
    Point,
    /// Blank: 1 000
    Blank,
    /// Apostrophe: 1'000
    Apostrophe,
    /// None: 1000
    None,
}

/// What a column of numbers becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum NumberKind {
    /// Number (floating point)
    #[default]
    Number,
    /// Integer (whole numbers)
    Integer,
    /// Decimal (exact digits, for money)
    Decimal,
}

/// What a percent sign does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Percent {
    /// 12% becomes 0.12
    #[default]
    Fraction,
    /// 12% becomes 12
    Number,
    /// 12% goes to the ledger
    Reject,
}

/// What happens to a value with a comparison mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Comparison {
    /// It becomes missing and goes to the ledger
    #[default]
    Reject,
    /// Its number is taken, the mark is left out
    Strip,
}

const CURRENCY_CODES: [&str; 32] = [
    "USD", "EUR", "GBP", "JPY", "CNY", "INR", "CHF", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF",
    "RUB", "TRY", "BRL", "MXN", "ZAR", "NGN", "KES", "ETB", "GHS", "EGP", "IDR", "PHP", "BDT", "PKR", "XOF", "XAF",
];

impl Default for ParseNumber {
    fn default() -> Self {
        Self {
            columns: Vec::new(),
            decimal_mark: DecimalMark::Point,
            thousands_mark: ThousandsMark::Any,
            result: NumberKind::Number,
            scale: 2,
            percent: Percent::Fraction,
            currency: true,
            parentheses_negative: true,
            comparison: Comparison::Reject,
            footnotes: false,
        }
    }
}

impl ParseNumber {
    fn target(&self) -> DataType {
        match self.result {
            NumberKind::Number => Target::Number,
            NumberKind::Integer => Target::Integer,
            NumberKind::Decimal => Target::Decimal,
        }
        .dtype(38, self.scale)
    }

    /// Takes off what is around the digits, from the outside in, and reads what is left.
    fn read(&self, text: &str) -> Result<Digits, Reason> {
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err("The text is empty.".into());
        }
        if let Some(marked) = without_comparison(rest) {
            if self.comparison == Comparison::Reject {
                return Err("The number has a comparison mark.".into());
            }
            rest = marked;
        }
        let inner = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let negated = self.parentheses_negative && inner.is_some();
        if let (true, Some(inner)) = (negated, inner) {
            rest = inner.trim();
        }
        if self.footnotes {
            rest = without_footnote(rest);
        }
        let (sign, rest) = if self.currency { without_currency(rest) } else { ("", rest) };
        let (places, rest) = self.without_percent(rest)?;
        let plain = self.without_marks(rest).ok_or("The text is not a number with these marks.")?;
        let signed = if sign.is_empty() { plain } else { Cow::Owned(format!("{sign}{plain}")) };
        let digits = Digits::read(&signed).ok_or("The text is not a number.")?.shifted(places);
        if negated && digits.is_negative() {
            return Err("The number has parentheses and a minus sign.".into());
        }
        Ok(if negated { digits.negated() } else { digits })
    }

    fn without_percent<'a>(&self, text: &'a str) -> Result<(i64, &'a str), Reason> {
        match (text.strip_suffix('%'), self.percent) {
            (None, _) => Ok((0, text)),
            (Some(_), Percent::Reject) => Err("The number has a percent sign.".into()),
            (Some(rest), Percent::Number) => Ok((0, rest.trim_end())),
            (Some(rest), Percent::Fraction) => Ok((-2, rest.trim_end())),
        }
    }

    /// The number with a point before its decimals and without thousands marks; nothing where the marks are not in
    /// their places.
    fn without_marks<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Cow::Borrowed(text));
        }
        let decimal = if self.decimal_mark == DecimalMark::Point { '.' } else { ',' };
        let (whole, rest) = match text.find([decimal, 'e', 'E']) {
            Some(end) => text.split_at(end),
            None => (text, ""),
        };
        let fraction = rest.replacen(decimal, ".", 1);
        if fraction.contains(',') || (decimal == ',' && fraction.matches('.').count() > 1) {
            return None;
        }
        let is_mark = |c: char| match self.thousands_mark {
            ThousandsMark::Any => c != decimal && (matches!(c, ',' | '.') || is_blank(c) || is_apostrophe(c)),
            ThousandsMark::Comma => c == ',',
            ThousandsMark::Point => c == '.',
            ThousandsMark::Blank => is_blank(c),
            ThousandsMark::Apostrophe => is_apostrophe(c),
            ThousandsMark::None => false,
        };
        let Some(mark) = whole.chars().find(|c| is_mark(*c)) else {
            return Some(Cow::Owned(format!("{whole}{fraction}")));
        };
        let groups: Vec<&str> = whole.split(mark).collect();
        grouped(&groups).then(|| Cow::Owned(format!("{}{fraction}", groups.concat())))
    }
}

/// Whether groups of digits are complete: a first one of one to three, then all of three, or (as in India) all of two
/// before a last one of three.
fn grouped(groups: &[&str]) -> bool {
    let first = groups[0].trim_start_matches(['-', '+', '\u{2212}']);
    let (Some(last), middle) = (groups.last(), &groups[1..groups.len() - 1]) else { return false };
    let same = |length: usize| middle.iter().all(|group| group.len() == length);
    let digits = groups[1..].iter().all(|group| group.bytes().all(|byte| byte.is_ascii_digit()));
    digits
        && last.len() == 3
        && ((same(3) && (1..=3).contains(&first.len())) || (same(2) && (1..=2).contains(&first.len())))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}')
}

/// The text behind a comparison mark.
fn without_comparison(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(['<', '>', '=', '≤', '≥', '~', '≈']);
    (rest.len() < text.len()).then(|| rest.trim_start())
}

/// The text without one footnote: marks and raised digits or letters, or up to three characters in brackets.
fn without_footnote(text: &str) -> &str {
    let raised = |c: char| "*†‡§¶#¹²³⁰⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈᵉᶠ".contains(c);
    for (open, close) in [('[', ']'), ('(', ')')] {
        let note = text.strip_suffix(close).and_then(|rest| rest.rsplit_once(open));
        if let Some((rest, note)) = note {
            let short = (1..=3).contains(&note.chars().count()) && note.chars().all(char::is_alphanumeric);
            if short && !rest.trim().is_empty() {
                return rest.trim_end();
            }
        }
    }
    text.trim_end_matches(raised).trim_end()
}

/// The sign that stood before the currency, and the text without one currency sign or code at either end.
fn without_currency(text: &str) -> (&'static str, &str) {
    let (sign, rest) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => ("-", rest.trim_start()),
        None => ("", text),
    };
    let currency = |c: char| matches!(c, '$' | '¢' | '£' | '¤' | '¥' | '\u{20a0}'..='\u{20cf}');
    let front = rest.strip_prefix(currency).or_else(|| CURRENCY_CODES.iter().find_map(|code| rest.strip_prefix(code)));
    if let Some(front) = front {
        return (sign, front.trim_start());
    }
    let back = rest.strip_suffix(currency).or_else(|| CURRENCY_CODES.iter().find_map(|code| rest.strip_suffix(code)));
    (sign, back.unwrap_or(rest).trim_end())
}

impl Step for ParseNumber {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        if self.result == NumberKind::Decimal {
            check_decimal(38, self.scale)?;
        }
        let same = matches!(
            (self.decimal_mark, self.thousands_mark),
            (DecimalMark::Point, ThousandsMark::Point) | (DecimalMark::Comma, ThousandsMark::Comma)
        );
        if same {
            return Err(Error::invalid("One mark cannot stand for both decimals and thousands.")
                .hint("Choose another mark for one of them.")
                .field("thousands_mark"));
        }
        let target = self.target();
        let mut conversions = Vec::new();
        for column in input.columns(&self.columns, "columns")? {
            let dtype = input.dtype(&column, "columns")?;
            let conversion = if dtype.is_string() {
                let (step, wanted) = (self.clone(), target.clone());
                let parse: Parse = Arc::new(move |text| step.read(text)?.to(&wanted));
                Conversion::parse(&column, target.clone(), parse)
            } else {
                conversion(&column, dtype, &target).map_err(|error| error.field("columns"))?
            };
            conversions.push((column, conversion));
        }
        Ok(input.convert(conversions))
    }

    fn sentence(&self) -> String {
        let kind = match self.result {
            NumberKind::Number => "number",
            NumberKind::Integer => "integer",
            NumberKind::Decimal => "decimal",
        };
        format!("Parse {} as {kind}", names::list_or(&self.columns, "columns"))
    }

    fn about() -> About {
        About {
            kind: "parse_number",
            title: "Parse number",
            group: "Values",
            applies_to: crate::steps::TEXT,
            column_field: Some("columns"),
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "Thousands marks, currencies, percent and parentheses",
                config: json!({"columns": ["v"]}),
                before: json!({"v": ["1,234.5", "$ 99", "-€5", "(7)", "12.5%", "1 000 000", "5 USD", "12,34,567", null]}),
                after: json!({"v": [1234.5, 99.0, -5.0, -7.0, 0.125, 1000000.0, 5.0, 1234567.0, null]}),
            },
            Example {
                title: "Decimal commas",
                config: json!({"columns": ["v"], "decimal_mark": "comma"}),
                before: json!({"v": ["1.234,5", "0,25", "1'000,5"]}),
                after: json!({"v": [1234.5, 0.25, 1000.5]}),
            },
            Example {
                title: "What is no number goes to the ledger",
                config: json!({"columns": ["v"]}),
                before: json!({"v": ["1.5", "n/a", "1,23", "<2.5", "1e400", "NaN", "", "12*", "1-2"]}),
                after: json!({"v": [1.5, null, null, null, null, null, null, null, null]}),
            },
            Example {
                title: "Comparison and footnote marks left out",
                config: json!({"columns": ["v"], "comparison": "strip", "footnotes": true, "result": "integer"}),
                before: json!({"v": ["<2", ">= 10", "12*", "12 [1]", "12 (a)", "12¹", "(12)", "1.5"]}),
                after: json!({"v": [2, 10, 12, 12, 12, 12, -12, null]}),
            },
        ]
    }
}
