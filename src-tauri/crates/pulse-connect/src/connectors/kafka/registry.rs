//! A schema registry of Confluent's kind: messages name the schema they are written in by a number.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pulse_core::{Code, Error, Progress, Result};
use serde::Deserialize;
use url::Url;

use super::avro::Decoder;
use crate::Secret;
use crate::net::{self, Http, Policy, Reply, Request};

/// Bytes in front of a value: a zero and the schema's number.
const FRAME: usize = 5;
/// How many schemas one schema may need.
const MOST_REFERENCES: usize = 500;

/// What stands before a value that is written in the schema with this number.
pub(super) fn framed(id: u32) -> Vec<u8> {
    [&[0][..], &id.to_be_bytes()].concat()
}

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

/// The registry's answer to a new schema.
#[derive(Deserialize)]
struct Registered {
    id: u32,
}

/// The registry's answer to whether a schema fits.
#[derive(Deserialize)]
struct Compatible {
    is_compatible: bool,
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

    /// The number of a schema in Avro among those of a subject, which gets it as its newest version if it has it not.
    pub(super) fn register(&self, subject: &str, schema: &str, progress: &Progress) -> Result<u32> {
        let path = ["subjects", subject, "versions"];
        let reply = self.ask(self.request(&path, Some(schema))?.expect(&[409, 422]), progress)?;
        if matches!(reply.status, 409 | 422) {
            return Err(refused(subject, &reply));
        }
        Ok(reply.json::<Registered>()?.id)
    }

    /// Why the registry would not take a schema as the next of a subject; nothing if it would.
    pub(super) fn objection(&self, subject: &str, schema: &str, progress: &Progress) -> Result<Option<Error>> {
        let path = ["compatibility", "subjects", subject, "versions", "latest"];
        let reply = self.ask(self.request(&path, Some(schema))?.expect(&[404, 409, 422]), progress)?;
        Ok(match reply.status {
            // A subject without versions takes everything.
            404 => None,
            409 | 422 => Some(refused(subject, &reply)),
            _ => (!reply.json::<Compatible>()?.is_compatible).then(|| refused(subject, &reply)),
        })
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
        let reply = self.ask(self.request(path, None)?.expect(&[404]), progress)?;
        if reply.status == 404 { Ok(None) } else { reply.json().map(Some) }
    }

    /// A request about a path, which gives a schema if there is one; asking twice changes nothing more.
    fn request(&self, path: &[&str], schema: Option<&str>) -> Result<Request> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let request = match schema {
            None => Request::get(url),
            Some(schema) => Request::post_json(url, serde_json::json!({ "schema": schema }).to_string()).repeatable(),
        };
        let request = request.header("Accept", "application/vnd.schemaregistry.v1+json, application/json")?;
        if self.user.is_empty() { Ok(request) } else { request.basic(&self.user, &self.password) }
    }

    fn ask(&self, request: Request, progress: &Progress) -> Result<Reply> {
        self.http.fetch(&request, progress).map_err(|error| {
            let field = if error.code == Code::PermissionDenied { "registry_password" } else { "registry" };
            if error.field.is_some() { error } else { error.field(field) }
        })
    }
}

/// The error for a schema that the registry does not take.
fn refused(subject: &str, reply: &Reply) -> Error {
    let why = reply.text().unwrap_or_default();
    Error::new(
        Code::Conflict,
        format!("The schema registry does not take these columns for `{subject}`: {}", why.trim()),
    )
    .hint("Send the columns that were sent before, change the subject's compatibility, or take another topic.")
    .field("registry")
}
