//! A schema registry of Confluent's kind: messages name the schema they are written in by a number.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pulse_core::{Error, Progress, Result};
use serde::Deserialize;
use url::Url;

use super::avro::Decoder;
use crate::Secret;
use crate::net::{self, Http, Policy, Request};

/// Bytes in front of a value: a zero and the schema's number.
const FRAME: usize = 5;
/// How many schemas one schema may need.
const MOST_REFERENCES: usize = 500;

/// Whether a value begins as those do that name their schema.
pub(super) fn is_framed(value: &[u8]) -> bool {
    value.len() >= FRAME && value[0] == 0
}

/// A registry and the schemas it gave.
pub(super) struct Registry {
    http: Http,
    base: Url,
    user: String,
    password: Secret,
    known: Mutex<HashMap<u32, Arc<Known>>>,
}

/// A schema, as far as it can be used.
enum Known {
    Avro(Decoder),
    /// The value is JSON text; its schema only restricts it.
    Json,
    /// Why it cannot be used; a part of a sentence.
    Useless(String),
}

/// The registry's answer.
#[derive(Deserialize)]
struct Answer {
    schema: String,
    #[serde(default, rename = "schemaType")]
    kind: String,
    #[serde(default)]
    references: Vec<Reference>,
}

/// A schema that another one needs.
#[derive(Deserialize)]
struct Reference {
    subject: String,
    version: u64,
}

impl Registry {
    /// The registry at an address; connects to nothing yet.
    pub(super) fn open(
        address: &str,
        (user, password): (&str, &Secret),
        (allow_private, verify_tls): (bool, bool),
        ca_file: Option<PathBuf>,
    ) -> Result<Self> {
        let base = net::url(address, "registry")?;
        let policy = Policy { allow_private, verify_tls, ca_file, ..Policy::default() };
        let (user, password) = (user.to_owned(), password.clone());
        Ok(Self { http: Http::new(policy)?, base, user, password, known: Mutex::default() })
    }

    /// The number of subjects, which shows that the registry answers.
    pub(super) fn subjects(&self, progress: &Progress) -> Result<usize> {
        let subjects: Vec<String> = self.get(&["subjects"], progress)?.ok_or_else(|| {
            Error::not_found("There is no schema registry at that address.")
                .hint("Check the address; it often ends in port 8081.")
                .field("registry")
        })?;
        Ok(subjects.len())
    }

    /// A value that names its schema as JSON; the inner error says why this one value cannot be decoded.
    pub(super) fn json(&self, value: &[u8], progress: &Progress) -> Result<std::result::Result<String, String>> {
        if !is_framed(value) {
            return Ok(Err("it does not begin with a zero and the number of a schema".to_owned()));
        }
        let id = u32::from_be_bytes([value[1], value[2], value[3], value[4]]);
        let body = &value[FRAME..];
        Ok(match &*self.schema(id, progress)? {
            Known::Avro(decoder) => decoder.json(body).map_err(|why| format!("by schema {id}, {why}")),
            Known::Json => super::message::json_text(body),
            Known::Useless(why) => Err(why.clone()),
        })
    }

    fn schema(&self, id: u32, progress: &Progress) -> Result<Arc<Known>> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(schema) = known().get(&id) {
            return Ok(Arc::clone(schema));
        }
        let found = match self.get::<Answer>(&["schemas", "ids", &id.to_string()], progress)? {
            None => Known::Useless(format!("the registry has no schema {id}")),
            Some(answer) => match answer.kind.as_str() {
                "" | "AVRO" => {
                    let mut others = Vec::new();
                    self.collect(&answer.references, &mut Vec::new(), &mut others, progress)?;
                    match Decoder::parse(&answer.schema, &others) {
                        Ok(decoder) => Known::Avro(decoder),
                        Err(why) => Known::Useless(format!("schema {id} is not understood ({why})")),
                    }
                }
                "JSON" => Known::Json,
                kind => Known::Useless(format!("schema {id} is of the kind {kind}; Avro and JSON are decoded")),
            },
        };
        let found = Arc::new(found);
        known().insert(id, Arc::clone(&found));
        Ok(found)
    }

    /// Fetches the schemas that others refer to, those without references first.
    fn collect(
        &self,
        references: &[Reference],
        seen: &mut Vec<(String, u64)>,
        schemas: &mut Vec<String>,
        progress: &Progress,
    ) -> Result<()> {
        for reference in references {
            let name = (reference.subject.clone(), reference.version);
            if seen.contains(&name) || seen.len() >= MOST_REFERENCES {
                continue;
            }
            seen.push(name);
            let version = reference.version.to_string();
            if let Some(answer) =
                self.get::<Answer>(&["subjects", &reference.subject, "versions", &version], progress)?
            {
                self.collect(&answer.references, seen, schemas, progress)?;
                schemas.push(answer.schema);
            }
        }
        Ok(())
    }

    /// What is at a path; nothing if the registry does not know it.
    fn get<T: serde::de::DeserializeOwned>(&self, path: &[&str], progress: &Progress) -> Result<Option<T>> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let accept = "application/vnd.schemaregistry.v1+json, application/json";
        let mut request = Request::get(url).header("Accept", accept)?.expect(&[404]);
        if !self.user.is_empty() {
            request = request.basic(&self.user, &self.password)?;
        }
        let reply = self.http.fetch(&request, progress).map_err(|error| {
            let field = if error.code == pulse_core::Code::PermissionDenied { "registry_password" } else { "registry" };
            if error.field.is_some() { error } else { error.field(field) }
        })?;
        if reply.status == 404 { Ok(None) } else { reply.json().map(Some) }
    }
}
