//! Amazon S3 and the stores that speak its language: MinIO, Ceph, Cloudflare R2, Backblaze B2, Wasabi.

mod machine;

use std::sync::Arc;

use object_store::aws::AmazonS3Builder;
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

/// Reads files and Delta tables from a bucket of Amazon S3 or of a store that speaks its language, such as MinIO, Ceph,
/// R2 or B2. It needs the right to list the bucket and to read its objects.
pub(super) struct S3(Cloud);

/// A bucket and how to get at it.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    /// The bucket's name.
    #[schemars(extend("x-placeholder" = "sales-archive"))]
    bucket: String,
    /// The region the bucket is in. Other stores than Amazon's mostly take any.
    region: String,
    /// How to sign in. This machine's credentials are the first of these: the variables AWS_ACCESS_KEY_ID,
    /// AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN; the keys of the profile
    /// that AWS_PROFILE names, or else `default`, in ~/.aws/credentials or the file AWS_SHARED_CREDENTIALS_FILE; the role of
    /// the container; the role of the machine.
    sign_in: SignIn,
    /// The access key's id.
    #[schemars(extend("x-depends-on" = {"field": "sign_in", "values": ["key"]}))]
    access_key: String,
    /// The secret that belongs to the access key.
    #[schemars(extend("x-depends-on" = {"field": "sign_in", "values": ["key"]}))]
    secret_key: Secret,
    /// The third part of temporary credentials; empty for lasting ones.
    #[schemars(extend("x-depends-on" = {"field": "sign_in", "values": ["key"]}))]
    session_token: Secret,
    /// The address of a store that is not Amazon's. Empty for Amazon S3.
    #[schemars(extend("x-placeholder" = "https://minio.example.com:9000"))]
    endpoint: String,
    /// Where the bucket's name stands in addresses.
    #[schemars(extend("x-advanced" = true))]
    addressing: Addressing,
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
            region: "us-east-1".into(),
            sign_in: SignIn::Key,
            access_key: String::new(),
            secret_key: Secret::default(),
            session_token: Secret::default(),
            endpoint: String::new(),
            addressing: Addressing::Path,
            allow_http: false,
            verify_tls: true,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SignIn {
    /// With an access key
    Key,
    /// With this machine's credentials
    Machine,
    /// Without credentials, for public buckets
    Anonymous,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Addressing {
    /// In the path: endpoint/bucket
    Path,
    /// In the host: bucket.endpoint
    VirtualHost,
}

impl Connector for S3 {
    type Settings = Settings;
    type Selection = Selection;
    type Filters = NoFilters;

    fn about() -> About {
        About {
            kind: "s3",
            title: "Amazon S3",
            summary: "Files and Delta tables in a bucket of S3 or a store that speaks its language.",
            group: "Files and APIs",
            schemes: &["s3"],
            browsing: Browsing::Tree,
            main: "paths",
            ready: false,
        }
    }

    fn open(settings: Settings) -> Result<Self> {
        let Settings { bucket, region, sign_in, endpoint, addressing, allow_http, verify_tls, .. } = &settings;
        let bucket = objects::required(bucket, "bucket", "the name of the bucket")?;
        let region = objects::required(region, "region", "the bucket's region; us-east-1 suits most other stores")?;
        let amazon = format!("https://s3.{region}.amazonaws.com");
        let server =
            objects::endpoint(if endpoint.trim().is_empty() { &amazon } else { endpoint.trim() }, *allow_http)?;
        let mut host = server.clone();
        if *addressing == Addressing::VirtualHost {
            let with_bucket = format!("{bucket}.{}", server.host_str().unwrap_or_default());
            host.set_host(Some(&with_bucket)).map_err(|_| {
                Error::invalid(format!("`{bucket}` cannot stand in a host name."))
                    .hint("Choose that the bucket stands in the path.")
                    .field("addressing")
            })?;
        }
        let builder = match sign_in {
            SignIn::Machine => machine::builder(),
            SignIn::Anonymous => AmazonS3Builder::new().with_skip_signature(true),
            SignIn::Key => {
                let key = objects::required(&settings.access_key, "access_key", "the access key's id")?;
                let secret = objects::required(settings.secret_key.expose(), "secret_key", "the access key's secret")?;
                let builder = AmazonS3Builder::new().with_access_key_id(key).with_secret_access_key(secret);
                match settings.session_token.expose().trim() {
                    "" => builder,
                    token => builder.with_token(token),
                }
            }
        };
        let store = builder
            .with_bucket_name(bucket)
            .with_region(region)
            .with_endpoint(host.as_str().trim_end_matches('/'))
            .with_virtual_hosted_style_request(*addressing == Addressing::VirtualHost)
            .with_client_options(objects::client_options(*verify_tls, *allow_http))
            .with_retry(objects::retries())
            .with_http_connector(objects::Listings)
            .build()
            .map_err(|_| objects::unusable("S3"))?;
        Ok(Self(Cloud::new(Arc::new(store), "S3", "bucket", format!("s3://{bucket}"), host)))
    }

    /// `s3://ACCESS_KEY:SECRET_KEY@bucket?region=…&endpoint=…&session_token=…`; without a key, this machine's credentials
    /// (`?sign_in=machine`) or none.
    fn from_url(url: &Url) -> Result<Value> {
        let (bucket, user, password, mut settings) = objects::from_url(url)?;
        settings.insert("bucket".into(), json!(bucket));
        if user.is_empty() {
            settings.entry("sign_in").or_insert(json!("anonymous"));
        } else {
            settings.insert("access_key".into(), json!(user));
            settings.insert("secret_key".into(), json!(password));
        }
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

impl Destination for S3 {
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
