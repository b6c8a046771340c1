//! The connectors, one file or folder each, and the list that registers them.

use std::sync::{Arc, OnceLock};

use pulse_core::{Code, Error, Progress, Result};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::connector::{About, Browse, Check, Connector, Fetched, Listing, News, Renewals, Task};
use crate::destination::{Destination, Journal, Preflight, Verification, Writes, Written};
use crate::outgoing::{Outgoing, check_keys};

mod instant;

/// Declares the modules and lists their connectors in the order of the catalogue: `file::Type`, and
/// `file::Type: Destination` for one that can be written to.
macro_rules! connectors {
    ($($file:ident::$connector:ident $(: $role:ident)?,)*) => {
        $(mod $file;)*
        static ENTRIES: &[Entry] = &[$(Entry {
            about: $file::$connector::about,
            info: info::<$file::$connector>,
            open: open::<$file::$connector>,
            from_url: $file::$connector::from_url,
            destination: connectors!(@destination $file::$connector $(, $role)?),
        },)*];
    };
    (@destination $file:ident::$connector:ident) => { None };
    (@destination $file:ident::$connector:ident, Destination) => {
        Some(DestinationEntry { info: destination_info::<$file::$connector>, open: outlet::<$file::$connector> })
    };
}

mod objects;

connectors! {
    kaggle::Kaggle,
    rest::Rest,
    postgres::Postgres: Destination,
    sqlite::Sqlite,
    mongodb::MongoDb,
    elasticsearch::Elasticsearch: Destination,
    kafka::Kafka: Destination,
    s3::S3: Destination,
    azure::Azure: Destination,
    gcs::Gcs: Destination,
    web::WebFiles,
    folder::Folder: Destination,
}

/// A registered connector.
struct Entry {
    about: fn() -> About,
    info: fn() -> ConnectorInfo,
    open: fn(&Value) -> Result<Box<dyn Connection>>,
    from_url: fn(&Url) -> Result<Value>,
    destination: Option<DestinationEntry>,
}

/// What a registered connector is besides, if it can be written to.
struct DestinationEntry {
    info: fn() -> DestinationInfo,
    open: fn(&Value) -> Result<Box<dyn Outlet>>,
}

/// One kind of connection as the catalogue shows it.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectorInfo {
    /// What stands apart from the forms.
    #[serde(flatten)]
    pub about: About,
    /// What it does, in a few sentences, with what it needs.
    pub description: String,
    /// The form of its settings.
    pub settings: Value,
    /// The form of what is read.
    pub selection: Value,
    /// The form of what narrows a look around; without properties where nothing does.
    pub filters: Value,
    /// How it is written to; nothing where it is only read.
    pub destination: Option<DestinationInfo>,
}

/// How a kind of connection is written to.
#[derive(Clone, Debug, Serialize)]
pub struct DestinationInfo {
    /// What stands apart from the form.
    #[serde(flatten)]
    pub writes: Writes,
    /// The form of the target.
    pub target: Value,
}

/// An open connection of any kind.
pub trait Connection: Send + Sync {
    /// As [`Connector::renew_through`].
    fn renew_through(&mut self, renewals: Arc<dyn Renewals>);
    /// As [`Connector::check`].
    fn check(&self, check: &mut Check<'_>) -> Result<()>;
    /// As [`Connector::browse`].
    fn browse(&self, request: &Browse, progress: &Progress) -> Result<Listing>;
    /// As [`Connector::read`].
    fn read(&self, selection: &Value, task: &Task<'_>) -> Result<Fetched>;
    /// As [`Connector::news`].
    fn news(&self, selection: &Value, state: Option<&Value>, progress: &Progress) -> Result<Option<News>>;
}

/// An open connection of any kind that can be written to.
pub trait Outlet: Send + Sync {
    /// As [`Destination::identity`].
    fn identity(&self, target: &Value) -> Result<String>;
    /// As [`Destination::preflight`], with what is wrong with the key.
    fn preflight(&self, target: &Value, outgoing: &Outgoing, progress: &Progress) -> Result<Preflight>;
    /// As [`Destination::write`].
    fn write(&self, target: &Value, outgoing: &Outgoing, journal: &dyn Journal, progress: &Progress)
    -> Result<Written>;
    /// As [`Destination::verify`].
    fn verify(
        &self,
        target: &Value,
        outgoing: &Outgoing,
        written: &Written,
        progress: &Progress,
    ) -> Result<Verification>;
}

/// Every kind of connection, in the order of the catalogue. The forms are made once.
pub fn connectors() -> &'static [ConnectorInfo] {
    static CATALOGUE: OnceLock<Vec<ConnectorInfo>> = OnceLock::new();
    CATALOGUE.get_or_init(|| ENTRIES.iter().map(Entry::whole).collect())
}

impl Entry {
    fn whole(&self) -> ConnectorInfo {
        ConnectorInfo { destination: self.destination.as_ref().map(|entry| (entry.info)()), ..(self.info)() }
    }
}

/// Opens a connection of `kind`; its secrets are among the settings. Connects to nothing yet.
pub fn connect(kind: &str, settings: &Value) -> Result<Box<dyn Connection>> {
    (entry(kind)?.open)(settings)
}

/// Opens a connection of `kind` to write to it, as [`connect`] does to read; fails if it can only be read.
pub fn connect_to_write(kind: &str, settings: &Value) -> Result<Box<dyn Outlet>> {
    let entry = entry(kind)?;
    let destination = entry.destination.as_ref().ok_or_else(|| {
        let able = ENTRIES.iter().filter(|entry| entry.destination.is_some()).map(|entry| (entry.about)().title);
        Error::new(Code::Unsupported, format!("{} can be read, but not written to.", (entry.about)().title))
            .hint(format!("Rows can be sent to {}.", able.collect::<Vec<_>>().join(", ")))
            .field("connection")
    })?;
    (destination.open)(settings)
}

fn entry(kind: &str) -> Result<&'static Entry> {
    ENTRIES.iter().find(|entry| (entry.about)().kind == kind).ok_or_else(|| {
        let kinds: Vec<_> = ENTRIES.iter().map(|entry| (entry.about)().kind).collect();
        Error::invalid(format!("There is no kind of connection called `{kind}`."))
            .hint(format!("The kinds are {}.", kinds.join(", ")))
            .field("kind")
    })
}

/// The kind and the settings, with secrets, that a connection string stands for. An error never repeats the string.
pub fn from_url(text: &str) -> Result<(&'static str, Value)> {
    let schemes = || ENTRIES.iter().flat_map(|entry| (entry.about)().schemes).map(|s| format!("{s}://"));
    let url = Url::parse(text).map_err(|cause| {
        Error::invalid(format!("The connection string is no address: {cause}."))
            .hint("It looks like postgres://user:password@host:5432/database; special characters are percent-encoded.")
    })?;
    let entry = ENTRIES.iter().find(|entry| (entry.about)().schemes.contains(&url.scheme())).ok_or_else(|| {
        Error::invalid(format!("No kind of connection has a connection string that begins with `{}://`.", url.scheme()))
            .hint(format!("Known are {}.", schemes().collect::<Vec<_>>().join(", ")))
    })?;
    Ok(((entry.about)().kind, (entry.from_url)(&url)?))
}

impl<C: Connector> Connection for C {
    fn renew_through(&mut self, renewals: Arc<dyn Renewals>) {
        C::renew_through(self, renewals);
    }

    fn check(&self, check: &mut Check<'_>) -> Result<()> {
        C::check(self, check)
    }

    fn browse(&self, request: &Browse, progress: &Progress) -> Result<Listing> {
        let Browse { path, search, filters, page } = request.clone();
        let filters = if filters.is_null() { C::Filters::default() } else { parse(&filters, "filters")? };
        C::browse(self, &Browse { path, search, filters, page }, progress)
    }

    fn read(&self, selection: &Value, task: &Task<'_>) -> Result<Fetched> {
        C::read(self, &parse(selection, "selection")?, task)
    }

    fn news(&self, selection: &Value, state: Option<&Value>, progress: &Progress) -> Result<Option<News>> {
        C::news(self, &parse(selection, "selection")?, state, progress)
    }
}

impl<D: Destination> Outlet for D {
    fn identity(&self, target: &Value) -> Result<String> {
        Ok(D::identity(self, &parse(target, "target")?))
    }

    fn preflight(&self, target: &Value, outgoing: &Outgoing, progress: &Progress) -> Result<Preflight> {
        // What writes keys would look in vain for a column that is not sent, which is a finding by itself.
        let mut found = if outgoing.sends_key() {
            D::preflight(self, &parse(target, "target")?, outgoing, progress)?
        } else {
            Preflight::default()
        };
        let unique = outgoing.mode.needs_key() || !D::writes().keyed;
        found.findings.extend(check_keys(outgoing, unique)?);
        found.findings.sort_by_key(|finding| finding.severity);
        Ok(found)
    }

    fn write(
        &self,
        target: &Value,
        outgoing: &Outgoing,
        journal: &dyn Journal,
        progress: &Progress,
    ) -> Result<Written> {
        D::write(self, &parse(target, "target")?, outgoing, journal, progress)
    }

    fn verify(
        &self,
        target: &Value,
        outgoing: &Outgoing,
        written: &Written,
        progress: &Progress,
    ) -> Result<Verification> {
        D::verify(self, &parse(target, "target")?, outgoing, written, progress)
    }
}

fn outlet<D: Destination>(settings: &Value) -> Result<Box<dyn Outlet>> {
    Ok(Box::new(D::open(parse(settings, "settings")?)?))
}

fn open<C: Connector>(settings: &Value) -> Result<Box<dyn Connection>> {
    Ok(Box::new(C::open(parse(settings, "settings")?)?))
}

/// A form's values; the error names the member but never repeats a value, which may be a secret.
fn parse<T: DeserializeOwned>(value: &Value, what: &str) -> Result<T> {
    T::deserialize(value).map_err(|cause| {
        let text = cause.to_string();
        let safe = if text.starts_with("missing field") || text.starts_with("unknown field") {
            text
        } else {
            "a value has the wrong type".into()
        };
        Error::invalid(format!("The {what} are not understood: {safe}.")).hint("Fill in the form again.").field(what)
    })
}

fn info<C: Connector>() -> ConnectorInfo {
    let (settings, description) = form::<C::Settings>();
    let (selection, _) = form::<C::Selection>();
    let (filters, _) = form::<C::Filters>();
    ConnectorInfo { about: C::about(), description, settings, selection, filters, destination: None }
}

fn destination_info<D: Destination>() -> DestinationInfo {
    DestinationInfo { writes: D::writes(), target: form::<D::Target>().0 }
}

/// A form as JSON Schema without references, and the type's own description.
fn form<T: JsonSchema>() -> (Value, String) {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    let mut description = String::new();
    if let Some(members) = schema.as_object_mut() {
        if let Some(Value::String(text)) = members.remove("description") {
            description = text;
        }
        members.retain(|name, _| !matches!(name.as_str(), "$schema" | "title" | "default"));
    }
    (schema, description)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The members of a form that start without a value although they need none from the user.
    fn without_start(form: &Value, path: &str) -> Vec<String> {
        let required: Vec<&str> = form["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let members = form["properties"].as_object().into_iter().flatten();
        let lacking = |(name, member): (&String, &Value)| {
            let may_be_missing = member["type"].as_array().is_some_and(|types| types.contains(&"null".into()));
            let starts = member.get("default").is_some() || member.get("const").is_some() || may_be_missing;
            (!starts && !required.contains(&name.as_str())).then(|| format!("{path}.{name}"))
        };
        members.filter_map(lacking).collect()
    }

    #[test]
    fn every_kind_has_its_words_and_forms_that_start_right() {
        let mut lacking = Vec::new();
        for info in connectors() {
            let About { kind, title, summary, group, main, .. } = info.about;
            assert!([kind, title, summary, group].iter().all(|text| !text.is_empty()), "{kind} has its words");
            assert!(info.selection["properties"].get(main).is_some(), "{kind}: the selection has `{main}`");
            let mut forms =
                vec![("settings", &info.settings), ("selection", &info.selection), ("filters", &info.filters)];
            if let Some(destination) = &info.destination {
                let DestinationInfo { writes, target } = destination;
                assert!(!writes.modes.is_empty() && target["properties"].get(writes.main).is_some(), "{kind}: target");
                forms.push(("target", target));
            }
            for (what, form) in forms {
                lacking.extend(without_start(form, &format!("{kind} {what}")));
                for (name, member) in form["properties"].as_object().into_iter().flatten() {
                    assert!(
                        !member["description"].as_str().unwrap_or_default().is_empty(),
                        "{kind}: {name} has a help text"
                    );
                }
            }
        }
        assert_eq!(lacking, [""; 0], "these members have no start value in the form");
    }

    #[test]
    fn a_connection_string_is_never_repeated_in_an_error() {
        for text in ["nonsense://ann:s3cret@host", "s3cret", "postgres://ann:s3cret@host:99999999/x", "://s3cret"] {
            let error = from_url(text).expect_err(text);
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
