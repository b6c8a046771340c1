//! What would happen and what would fail, without changing anything.

use std::collections::BTreeMap;

use polars::prelude::DataType;
use pulse_core::{Error, Progress, Result};
use serde_json::Value;

use super::form::{Format, Target};
use super::message::{self, Loaded, Style};
use super::topic::{LIMIT, STATEMENT, Topic, Wanted};
use super::write;
use crate::connectors::kafka::client::Client;
use crate::connectors::kafka::{Kafka, topics};
use crate::destination::{Finding, Preflight, Severity, Statement, SyncMode, TargetColumn};
use crate::outgoing::{Outgoing, OutgoingColumn, Ranges, Rule, check_rules, more_text_than};

/// Looks at the topic and the rows.
pub(super) fn run(kafka: &Kafka, target: &Target, outgoing: &Outgoing, progress: &Progress) -> Result<Preflight> {
    let mut found = Preflight::default();
    let ready = target.topic().and_then(|name| {
        target.fits(outgoing)?;
        target.delimiter()?;
        Ok((name, Wanted::of(target, outgoing)?))
    });
    let (name, wanted) = match ready {
        Ok(ready) => ready,
        Err(error) => {
            found.findings.push(stop(&error));
            return Ok(found);
        }
    };
    let client = Client::open(&kafka.settings)?;
    let (brokers, _) = topics(&client, progress)?;
    let topic = Topic::described(&kafka.settings, &client, name, progress)?;
    let cluster = if brokers == 1 { "One broker".to_owned() } else { format!("{brokers} brokers") };
    found.target = match &topic {
        Some(topic) => format!(
            "{cluster}: the topic `{name}` with {} partitions and about {} messages.",
            topic.bounds.len(),
            topic.messages()
        ),
        None if target.create => format!("{cluster}: there is no topic `{name}`; it is made."),
        None => format!("{cluster}: there is no topic `{name}`."),
    };
    found.columns = columns(target, outgoing);
    found.statements = statements(target, outgoing, topic.is_none().then_some(&wanted))?;
    match &topic {
        None if !target.create => found.findings.push(stop(&write::absent(name))),
        None => found.findings.extend(wanted_fits(&wanted, outgoing)),
        Some(topic) => {
            found.findings.extend(standing(topic, name, outgoing));
            found.findings.extend(drift(topic, name, outgoing));
        }
    }
    found.findings.extend(schema(kafka, target, outgoing, progress)?);
    let limit = topic.as_ref().map_or(LIMIT, Topic::limit);
    found.findings.extend(check_rules(outgoing, too_big(outgoing, limit).into_iter().collect())?);
    Ok(found)
}

fn stop(error: &Error) -> Finding {
    Finding::new(Severity::Stops, error.message.clone(), error.hint.clone().unwrap_or_default())
}

/// The columns as the messages hold them.
fn columns(target: &Target, outgoing: &Outgoing) -> Vec<TargetColumn> {
    let schema = (target.format == Format::Avro).then(|| message::schema(target, outgoing).ok()).flatten();
    let column = |(at, column): (usize, &OutgoingColumn)| match &schema {
        None => {
            let word = if target.format == Format::Csv { "text" } else { json_word(&column.dtype) };
            TargetColumn { name: column.name.clone(), type_word: word.into(), note: String::new() }
        }
        Some(schema) => {
            let field = &schema["fields"][at];
            let name = field["name"].as_str().unwrap_or_default();
            let note = if name == column.name { "" } else { "Avro does not allow the name; the field's doc tells it." };
            TargetColumn { name: name.into(), type_word: avro_word(&field["type"]), note: note.into() }
        }
    };
    outgoing.columns.iter().enumerate().map(column).collect()
}

/// What a value is in JSON.
fn json_word(dtype: &DataType) -> &'static str {
    match dtype {
        DataType::Boolean => "true or false",
        DataType::List(_) => "array",
        DataType::Struct(_) => "object",
        DataType::Date | DataType::Datetime(..) => "string (ISO 8601)",
        DataType::Binary => "string (base64)",
        dtype if dtype.is_numeric() => "number",
        _ => "string",
    }
}

/// A type of Avro in a word, without that it may be missing.
fn avro_word(kind: &Value) -> String {
    let plain = kind.as_array().and_then(|branches| branches.last()).unwrap_or(kind);
    let word = |member: &str| plain[member].as_str();
    match (word("logicalType"), word("type")) {
        (Some("decimal"), _) => format!("decimal({},{})", plain["precision"], plain["scale"]),
        (Some(logical), _) => logical.to_owned(),
        (None, Some(kind)) => kind.to_owned(),
        _ => plain.as_str().unwrap_or_default().to_owned(),
    }
}

/// The topic that is made, the schema, and the first message as it will be.
fn statements(target: &Target, outgoing: &Outgoing, wanted: Option<&Wanted>) -> Result<Vec<Statement>> {
    let statement = |id: &str, title: &str, text: String, editable| Statement {
        id: id.into(),
        title: title.into(),
        text,
        language: "json".into(),
        editable,
    };
    let mut found = Vec::new();
    found.extend(wanted.map(|wanted| statement(STATEMENT, "The topic that is made", wanted.text(), true)));
    if target.format == Format::Avro {
        let text = serde_json::to_string_pretty(&message::schema(target, outgoing)?).unwrap_or_default();
        found.push(statement("schema", "The schema of the values", text, false));
    } else if let Some(text) = first_message(target, outgoing)? {
        found.push(statement("message", "The first message", text, false));
    }
    Ok(found)
}

/// The key and the value of the first row, one a line.
fn first_message(target: &Target, outgoing: &Outgoing) -> Result<Option<String>> {
    let style = Style::with_prefix(target, outgoing, Vec::new())?;
    let first = Ranges::all(outgoing.rows.count()).first(1);
    let Some(batch) = outgoing.narrowed(first).batches(1).next() else { return Ok(None) };
    let loaded = Loaded::new(batch?, &style)?;
    let (mut key, mut value) = (Vec::new(), Vec::new());
    let key = if loaded.key(0, &mut key) { format!("key: {}\n", String::from_utf8_lossy(&key)) } else { String::new() };
    loaded.value(0, &mut value);
    Ok(Some(format!("{key}value: {}", String::from_utf8_lossy(&value))))
}

/// What the settings of a topic that is made mean for the rows.
fn wanted_fits(wanted: &Wanted, outgoing: &Outgoing) -> Option<Finding> {
    let compacted = wanted.config.get("cleanup.policy").is_some_and(|policy| policy.to_string().contains("compact"));
    keyless(compacted, outgoing)
}

/// What the topic that is there means for the rows.
fn standing(topic: &Topic, name: &str, outgoing: &Outgoing) -> Vec<Finding> {
    let compacted = topic.is_compacted();
    let mut findings: Vec<Finding> = keyless(compacted == Some(true), outgoing).into_iter().collect();
    if outgoing.mode != SyncMode::Append && compacted == Some(false) {
        let text =
            format!("The topic `{name}` keeps older messages with the same key (cleanup.policy is not compact).");
        let hint =
            "Who reads it must take the newest message of each key. Set cleanup.policy to compact to keep only these.";
        findings.push(Finding::new(Severity::Notes, text, hint));
    }
    if compacted.is_none() {
        let text = format!("The account may not see the settings of the topic `{name}`.");
        findings.push(Finding::new(Severity::Notes, text, "Ask for the right DescribeConfigs to have them checked."));
    }
    if outgoing.mirrors() && topic.messages() > 0 {
        let text = format!(
            "Keys of `{name}` that are not among the rows are deleted, whoever wrote them; the topic is read for it."
        );
        findings.push(Finding::new(Severity::Notes, text, "Choose upsert to keep them."));
    }
    findings
}

/// A compacted topic refuses messages without a key.
fn keyless(compacted: bool, outgoing: &Outgoing) -> Option<Finding> {
    (compacted && outgoing.key.is_empty()).then(|| {
        let text = "The topic is compacted, which needs a key for each message, and no key is chosen.";
        Finding::new(Severity::Stops, text, "Choose the columns that name a row, or a topic that is not compacted.")
    })
}

/// Whether others wrote to the topic since the last sync, or it is another one.
fn drift(topic: &Topic, name: &str, outgoing: &Outgoing) -> Option<Finding> {
    let end = outgoing.last_seen.as_ref()?.get("end")?;
    let end: BTreeMap<i32, i64> = serde_json::from_value(end.clone()).ok()?;
    let mut others = 0;
    for (partition, before) in &end {
        let now = topic.bounds.iter().find(|bound| bound.partition == *partition).map_or(-1, |bound| bound.high);
        if now < *before {
            let text = format!("The topic `{name}` was deleted or made anew since the last sync.");
            let hint = "Send all rows once (mirror), so that nothing is missing in it.";
            return Some(Finding::new(Severity::Notes, text, hint));
        }
        others += now - before;
    }
    (others > 0).then(|| {
        let text = format!("Others wrote about {others} messages to `{name}` since the last sync.");
        Finding::new(
            Severity::Notes,
            text,
            "Look at the topic first; messages with the same key are followed by newer ones.",
        )
    })
}

/// Whether the registry takes the schema.
fn schema(kafka: &Kafka, target: &Target, outgoing: &Outgoing, progress: &Progress) -> Result<Option<Finding>> {
    if target.format != Format::Avro {
        return Ok(None);
    }
    let Some(registry) = &kafka.registry else {
        let text = "The connection names no schema registry, so each value begins with the fingerprint of its schema.";
        let hint = "Give the schema to who reads the topic, or name a registry in the connection.";
        return Ok(Some(Finding::new(Severity::Notes, text, hint)));
    };
    let schema = message::schema(target, outgoing)?.to_string();
    Ok(registry.objection(&message::subject(target)?, &schema, progress)?.map(|error| stop(&error)))
}

/// Messages whose texts alone are bigger than the topic takes.
fn too_big(outgoing: &Outgoing, limit: u64) -> Option<Rule> {
    let (column, broken) = more_text_than(outgoing, limit)?;
    Some(Rule {
        severity: Severity::Rejects,
        column,
        broken,
        text: format!("{{}} more text than the topic takes in one message ({limit} bytes)."),
        hint: "Leave the long column out, or raise max.message.bytes of the topic.",
    })
}
