use std::sync::Arc;

use polars::prelude::*;
use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::convert::{Conversion, Parse, Reason, Value};
use crate::dates::{Format, Moment};
use crate::names;
use crate::step::{About, Example, Step, StepInput, StepOutput};
use crate::steps::change_type::conversion;

/// Reads dates and times as people write them. The formats are tried in order; a text that fits none becomes missing
/// and goes to the ledger. A column that is a date or timestamp already only changes its type.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ParseDate {
    /// The columns to read, at least one.
    #[schemars(extend("x-widget" = "columns"))]
    columns: Vec<String>,
    /// The formats to try, in order; none means the usual ones. YYYY is the year, MM the month, MMM its name, DD the
    /// day, HH:mm:ss the time, A stands for AM or PM, Z for an offset from UTC; M, D and H take one or two digits.
    #[schemars(extend("x-widget" = "tokens", "x-suggestions" = [
        "YYYY-MM-DD", "DD.MM.YYYY", "D/M/YYYY", "M/D/YYYY", "D/M/YY", "M/D/YY", "D MMM YYYY", "MMM D, YYYY", "MMM YYYY",
        "YYYYMMDD", "YYYY", "YYYY-MM-DD HH:mm", "YYYY-MM-DD HH:mm:ss", "YYYY-MM-DDTHH:mm:ssZ", "D/M/YYYY HH:mm", "M/D/YYYY h:mm A"]))]
    formats: Vec<String>,
    /// With the usual formats, read 1/2/2024 as 1 February rather than 2 January.
    day_first: bool,
    /// What the column becomes.
    result: Kind,
    /// Drop the time of day when reading dates; otherwise a value with a time goes to the ledger.
    #[schemars(extend("x-depends-on" = {"field": "result", "values": ["date"]}))]
    drop_time: bool,
}

/// What a column of dates becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// Date
    #[default]
    Date,
    /// Timestamp (date and time without a time zone)
    Timestamp,
    /// Timestamp in UTC (a moment; an offset is taken into account)
    TimestampUtc,
}

/// The usual formats whose day and month cannot be taken for each other.
const CLEAR: [&str; 10] = [
    "YYYY-M-D",
    "YYYY/M/D",
    "YYYY.M.D",
    "D.M.YYYY",
    "YYYYMMDD",
    "D MMM YYYY",
    "D-MMM-YYYY",
    "D-MMM-YY",
    "MMM D, YYYY",
    "MMM D YYYY",
];
const DAY_FIRST: [&str; 3] = ["D/M/YYYY", "D-M-YYYY", "D/M/YY"];
const MONTH_FIRST: [&str; 3] = ["M/D/YYYY", "M-D-YYYY", "M/D/YY"];
const TIMES: [&str; 13] = [
    " H:mm",
    " H:mm:ss",
    " H:mm:ss.S",
    " h:mm A",
    " h:mm:ss A",
    " HH:mmZ",
    " HH:mm:ssZ",
    " HH:mm:ss.SZ",
    "THH:mm",
    "THH:mm:ss",
    "THH:mm:ss.S",
    "THH:mm:ssZ",
    "THH:mm:ss.SZ",
];

impl ParseDate {
    /// The formats to try, and what may stand behind each of them.
    fn formats(&self) -> Result<(Vec<Format>, Vec<Format>)> {
        if !self.formats.is_empty() {
            let formats = self.formats.iter().enumerate();
            let formats = formats
                .map(|(index, format)| Format::new(format).map_err(|error| error.field(format!("formats.{index}"))));
            return Ok((formats.collect::<Result<_>>()?, Vec::new()));
        }
        let ambiguous = if self.day_first { DAY_FIRST } else { MONTH_FIRST };
        let dates: Result<Vec<Format>> = CLEAR.iter().chain(&ambiguous).map(|date| Format::new(date)).collect();
        Ok((dates?, TIMES.iter().map(|time| Format::tail(time)).collect()))
    }

    fn target(&self) -> DataType {
        match self.result {
            Kind::Date => DataType::Date,
            Kind::Timestamp => DataType::Datetime(TimeUnit::Microseconds, None),
            Kind::TimestampUtc => DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
        }
    }
}

/// The moment as a value of `kind`, or why it would lose something.
fn value(moment: Moment, kind: Kind, drop_time: bool) -> Result<Value, Reason> {
    let midnight = moment.wall_microseconds() == moment.days() * 86_400_000_000;
    match kind {
        Kind::Date if !drop_time && !midnight => Err("The text has a time of day, which a date would lose.".into()),
        Kind::Date => Ok(Value::Integer(moment.days())),
        Kind::Timestamp if moment.offset.is_some() => {
            Err("The text has an offset from UTC, which a timestamp without a zone would lose.".into())
        }
        Kind::Timestamp => Ok(Value::Integer(moment.wall_microseconds())),
        Kind::TimestampUtc => Ok(Value::Integer(moment.utc_microseconds())),
    }
}

impl Step for ParseDate {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        let formats = Arc::new(self.formats()?);
        let (kind, drop_time, target) = (self.result, self.drop_time, self.target());
        let mut conversions = Vec::new();
        for column in input.columns(&self.columns, "columns")? {
            let dtype = input.dtype(&column, "columns")?;
            let conversion = if dtype.is_string() {
                let formats = formats.clone();
                let parse: Parse = Arc::new(move |text| {
                    let moment = formats.0.iter().find_map(|format| format.read_with(&formats.1, text));
                    value(moment.ok_or("The text is not a date in any of the formats.")?, kind, drop_time)
                });
                Conversion::parse(&column, target.clone(), parse)
            } else if drop_time && kind == Kind::Date && matches!(dtype, DataType::Datetime(_, _)) {
                Conversion::total(names::col(column.as_str()).cast(DataType::Date))
            } else if matches!(dtype, DataType::Date | DataType::Datetime(_, _) | DataType::Null) {
                conversion(&column, dtype, &target)?
            } else {
                return Err(Error::invalid(format!("The column `{column}` is neither text nor a date."))
                    .hint("Change it to text in a step before.")
                    .field("columns"));
            };
            conversions.push((column, conversion));
        }
        Ok(input.convert(conversions))
    }

    fn sentence(&self) -> String {
        let kind = match self.result {
            Kind::Date => "date",
            Kind::Timestamp => "timestamp",
            Kind::TimestampUtc => "timestamp in UTC",
        };
        format!("Parse {} as {kind}", names::list_or(&self.columns, "columns"))
    }

    fn about() -> About {
        About {
            kind: "parse_date",
            title: "Parse date or time",
            group: "Values",
            applies_to: crate::steps::TEXT,
            column_field: Some("columns"),
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "The usual formats, day first",
                config: json!({"columns": ["d"], "day_first": true}),
                before: json!({"d": ["2024-01-31", "31.1.2024", "1/2/2024", "3 Mar 2024", "30/2/2024", "soon", null]}),
                after: json!({"d": ["2024-01-31", "2024-01-31", "2024-02-01", "2024-03-03", null, null, null]}),
            },
            Example {
                title: "The usual formats, month first",
                config: json!({"columns": ["d"]}),
                before: json!({"d": ["1/2/2024", "12/31/99", "March 3, 2024", "31/1/2024"]}),
                after: json!({"d": ["2024-01-02", "1999-12-31", "2024-03-03", null]}),
            },
            Example {
                title: "Own formats, tried in order",
                config: json!({"columns": ["t"], "formats": ["DD.MM.YYYY HH:mm", "YYYY"], "result": "timestamp"}),
                before: json!({"t": ["31.01.2024 13:45", "2024", "1.1.2024 00:00"]}),
                after: json!({"t": ["2024-01-31T13:45:00", "2024-01-01T00:00:00", null]}),
            },
            Example {
                title: "Moments with an offset",
                config: json!({"columns": ["t"], "result": "timestamp_utc"}),
                before: json!({"t": ["2024-01-31T13:45:00+02:00", "2024-01-31 13:45"]}),
                after: json!({"t": ["2024-01-31T11:45:00Z", "2024-01-31T13:45:00Z"]}),
            },
        ]
    }
}
