//! Google Cloud Storage.

use std::sync::Arc;

use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use pulse_core::{Error, Progress, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::objects::outgoing::{self, Target};
use super::objects::{self, Cloud, Selection};
use crate::Secret;
use crate::connector::{About, Browse, Browsing, Check, Connector, Fetched, Listing, News, NoFilters, Task};
use crate::destination::{Destination, Journal, Preflight, Verification, Writes, Written};
use crate::outgoing::Outgoing;

/// Reads files and Delta tables from a bucket of Google Cloud Storage. It needs the right to list the bucket and to read
/// its objects (the role Storage Object Viewer).
pub(super) struct Gcs(Cloud);

/// A bucket and how to get at it.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    /// The bucket's name.
    bucket: String,
    /// How to sign in. This machine's credentials are the first of these: the file that the variable
    /// GOOGLE_APPLICATION_CREDENTIALS names; what `gcloud auth application-default login` left in the user's folder; the
    /// service account of the machine.
    sign_in: SignIn,
    /// The whole text of the service account's key file, which is JSON.
    #[schemars(extend("x-depends-on" = {"field": "sign_in", "values": ["key"]}))]
    service_account: Secret,
    /// The path of the service account's key file on this machine.
    #[schemars(extend("x-depends-on" = {"field": "sign_in", "values": ["file"]}))]
    service_account_file: String,
    /// The address of a stand-in for Google's storage. Empty for Google Cloud Storage.
    #[schemars(extend("x-advanced" = true))]
    endpoint: String,
    /// Allow an endpoint that begins with http://, where anyone in between can read along.
    #[schemars(extend("x-advanced" = true))]
    allow_http: bool,
    /// Check that the store is who it says it is. Switch it off only for a test store with a certificate of its own.
    #[schemars(extend("x-advanced" = true))]
    verify_tls: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bucket: String::new(),
            sign_in: SignIn::Key,
            service_account: Secret::default(),
            service_account_file: String::new(),
            endpoint: String::new(),
            allow_http: false,
            verify_tls: true,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SignIn {
    /// With a service account's key
    Key,
    /// With a service account's key file
    File,
    /// With this machine's credentials
    Machine,
    /// Without credentials, for public buckets
    Anonymous,
}

/// The variable that says where credentials are; the other places are known to the store's library.
const VARIABLES: [(&str, GoogleConfigKey); 1] =
    [("GOOGLE_APPLICATION_CREDENTIALS", GoogleConfigKey::ApplicationCredentials)];

impl Connector for Gcs {
    type Settings = Settings;
    type Selection = Selection;
    type Filters = NoFilters;

    fn about() -> About {
        About {
            kind: "gcs",
            title: "Google Cloud Storage",
            summary: "Files and Delta tables in a bucket of Google's storage.",
            group: "Files and APIs",
            schemes: &["gs"],
            browsing: Browsing::Tree,
            main: "paths",
            ready: false,
        }
    }

    fn open(settings: Settings) -> Result<Self> {
        let Settings { bucket, sign_in, endpoint, allow_http, verify_tls, .. } = &settings;
        let bucket = objects::required(bucket, "bucket", "the name of the bucket")?;
        let google = "https://storage.googleapis.com";
        let server = objects::endpoint(if endpoint.trim().is_empty() { google } else { endpoint.trim() }, *allow_http)?;
        let builder = match sign_in {
            SignIn::Machine => objects::variables(&VARIABLES)
                .fold(GoogleCloudStorageBuilder::new(), |builder, (key, value)| builder.with_config(key, value)),
            SignIn::Anonymous => GoogleCloudStorageBuilder::new().with_skip_signature(true),
            SignIn::Key => {
                let key =
                    objects::required(settings.service_account.expose(), "service_account", "the key file's text")?;
                GoogleCloudStorageBuilder::new().with_service_account_key(key)
            }
            SignIn::File => {
                let path =
                    objects::required(&settings.service_account_file, "service_account_file", "the key file's path")?;
                GoogleCloudStorageBuilder::new().with_service_account_path(path)
            }
        };
        let builder = if endpoint.trim().is_empty() {
            builder
        } else {
            builder.with_base_url(server.as_str().trim_end_matches('/'))
        };
        let store = builder
            .with_bucket_name(bucket)
            .with_client_options(objects::client_options(*verify_tls, *allow_http))
            .with_retry(objects::retries())
            .with_http_connector(objects::Listings)
            .build()
            .map_err(|_| match sign_in {
                SignIn::Key | SignIn::File => {
                    Error::invalid("The service account's key cannot be used: it is no key file of Google's in JSON.")
                        .hint("Make a new JSON key for the service account and give all of the file.")
                        .field(if *sign_in == SignIn::Key { "service_account" } else { "service_account_file" })
                }
                _ => objects::unusable("Google Cloud Storage"),
            })?;
        Ok(Self(Cloud::new(Arc::new(store), "Google Cloud Storage", "bucket", format!("gs://{bucket}"), server)))
    }

    /// `gs://bucket?service_account_file=…`, or `gs://bucket` for a public one.
    fn from_url(url: &Url) -> Result<Value> {
        let (bucket, _, _, mut settings) = objects::from_url(url)?;
        settings.insert("bucket".into(), json!(bucket));
        let sign_in = match (settings.contains_key("service_account"), settings.contains_key("service_account_file")) {
            (true, _) => "key",
            (_, true) => "file",
            _ => "anonymous",
        };
        settings.entry("sign_in").or_insert(json!(sign_in));
        Ok(Value::Object(settings))
    }

    fn check(&self, check: &mut Check<'_>) -> Result<()> {
        objects::check(&self.0, check)
    }

    fn browse(&self, request: &Browse<NoFilters>, progress: &Progress) -> Result<Listing> {
        objects::browse(&self.0, request, progress)
    }

    fn read(&self, selection: &Selection, task: &Task<'_>) -> Result<Fetched> {
        objects::read(&self.0, selection, task)
    }

    fn news(&self, selection: &Selection, state: Option<&Value>, progress: &Progress) -> Result<Option<News>> {
        objects::news(&self.0, selection, state, progress)
    }
}

impl Destination for Gcs {
    type Target = Target;

    fn writes() -> Writes {
        outgoing::writes()
    }

    fn identity(&self, target: &Target) -> String {
        outgoing::identity(&self.0, target)
    }

    fn preflight(&self, target: &Target, sent: &Outgoing, progress: &Progress) -> Result<Preflight> {
        outgoing::preflight(&self.0, target, sent, progress)
    }

    fn write(&self, target: &Target, sent: &Outgoing, journal: &dyn Journal, progress: &Progress) -> Result<Written> {
        outgoing::write(&self.0, target, sent, journal, progress)
    }

    fn verify(&self, target: &Target, sent: &Outgoing, written: &Written, progress: &Progress) -> Result<Verification> {
        outgoing::verify(&self.0, target, sent, written, progress)
    }
}
