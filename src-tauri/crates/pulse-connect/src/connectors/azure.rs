//! Azure Blob Storage and Data Lake Storage.

use std::sync::Arc;

use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
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

/// Reads files and Delta tables from a container of Azure Blob Storage or Data Lake Storage. It needs the right to list
/// the container and to read its blobs.
pub(super) struct Azure(Cloud);

/// A container and how to get at it.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    /// The storage account's name.
    account: String,
    /// The container's name.
    container: String,
    /// How to sign in. This machine's credentials are the first of these: the variable AZURE_STORAGE_ACCOUNT_KEY;
    /// AZURE_CLIENT_ID and AZURE_TENANT_ID with AZURE_FEDERATED_TOKEN_FILE; the same two with AZURE_CLIENT_SECRET;
    /// AZURE_STORAGE_SAS_TOKEN; the managed identity, asked for at IDENTITY_ENDPOINT or where Azure's machines find it.
    sign_in: SignIn,
    /// One of the account's two keys.
    #[schemars(extend("x-depends-on" = {"field": "sign_in", "values": ["key"]}))]
    secret_key: Secret,
    /// The SAS token, with or without the question mark before it. It must allow to read and to list.
    #[schemars(extend("x-depends-on" = {"field": "sign_in", "values": ["sas"]}))]
    sas_token: Secret,
    /// The address of the account where it is not the usual one, such as that of an emulator. Empty for Azure.
    #[schemars(extend("x-advanced" = true, "x-placeholder" = "http://127.0.0.1:10000/devstoreaccount1"))]
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
            account: String::new(),
            container: String::new(),
            sign_in: SignIn::Key,
            secret_key: Secret::default(),
            sas_token: Secret::default(),
            endpoint: String::new(),
            allow_http: false,
            verify_tls: true,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SignIn {
    /// With an account key
    Key,
    /// With a shared access signature (SAS)
    Sas,
    /// With the sign-in of the Azure command line (az login)
    Cli,
    /// With this machine's credentials
    Machine,
    /// Without credentials, for public containers
    Anonymous,
}

/// The variables that hold credentials or say where they are. Others, such as an endpoint, are the connection's own.
const VARIABLES: [(&str, AzureConfigKey); 8] = [
    ("AZURE_STORAGE_ACCOUNT_KEY", AzureConfigKey::AccessKey),
    ("AZURE_CLIENT_ID", AzureConfigKey::ClientId),
    ("AZURE_CLIENT_SECRET", AzureConfigKey::ClientSecret),
    ("AZURE_TENANT_ID", AzureConfigKey::AuthorityId),
    ("AZURE_AUTHORITY_HOST", AzureConfigKey::AuthorityHost),
    ("AZURE_FEDERATED_TOKEN_FILE", AzureConfigKey::FederatedTokenFile),
    ("AZURE_STORAGE_SAS_TOKEN", AzureConfigKey::SasKey),
    ("IDENTITY_ENDPOINT", AzureConfigKey::MsiEndpoint),
];

impl Connector for Azure {
    type Settings = Settings;
    type Selection = Selection;
    type Filters = NoFilters;

    fn about() -> About {
        About {
            kind: "azure",
            title: "Azure Blob Storage",
            summary: "Files and Delta tables in a container of Azure's storage.",
            group: "Files and APIs",
            schemes: &["az"],
            browsing: Browsing::Tree,
            main: "paths",
            ready: false,
        }
    }

    fn open(settings: Settings) -> Result<Self> {
        let Settings { account, container, sign_in, endpoint, allow_http, verify_tls, .. } = &settings;
        let account = objects::required(account, "account", "the name of the storage account")?;
        let container = objects::required(container, "container", "the name of the container")?;
        let usual = format!("https://{account}.blob.core.windows.net");
        let server = objects::endpoint(if endpoint.trim().is_empty() { &usual } else { endpoint.trim() }, *allow_http)?;
        let builder = match sign_in {
            SignIn::Machine => objects::variables(&VARIABLES)
                .fold(MicrosoftAzureBuilder::new(), |builder, (key, value)| builder.with_config(key, value)),
            SignIn::Cli => MicrosoftAzureBuilder::new().with_use_azure_cli(true),
            SignIn::Anonymous => MicrosoftAzureBuilder::new().with_skip_signature(true),
            SignIn::Key => {
                let key = objects::required(settings.secret_key.expose(), "secret_key", "the account's key")?;
                MicrosoftAzureBuilder::new().with_access_key(key)
            }
            SignIn::Sas => {
                let token = objects::required(settings.sas_token.expose(), "sas_token", "the SAS token")?;
                MicrosoftAzureBuilder::new().with_config(AzureConfigKey::SasKey, token.trim_start_matches('?'))
            }
        };
        let store = builder
            .with_account(account)
            .with_container_name(container)
            .with_endpoint(server.as_str().trim_end_matches('/').to_owned())
            .with_client_options(objects::client_options(*verify_tls, *allow_http))
            .with_retry(objects::retries())
            .with_http_connector(objects::Listings)
            .build()
            .map_err(|_| match sign_in {
                SignIn::Key => Error::invalid("The account key is not one: it must be Base64 text.")
                    .hint("Copy the whole key from the account's page.")
                    .field("secret_key"),
                SignIn::Sas => Error::invalid("The SAS token is not one: it must be parameters joined by `&`.")
                    .hint("Copy the whole token; it begins with sv= or sp=.")
                    .field("sas_token"),
                _ => objects::unusable("Azure"),
            })?;
        Ok(Self(Cloud::new(Arc::new(store), "Azure", "container", format!("az://{account}/{container}"), server)))
    }

    /// `az://ACCOUNT:KEY@container`, or `az://ACCOUNT@container?sas_token=…&endpoint=…`.
    fn from_url(url: &Url) -> Result<Value> {
        let (container, account, key, mut settings) = objects::from_url(url)?;
        settings.insert("container".into(), json!(container));
        settings.insert("account".into(), json!(account));
        let has_sas = settings.contains_key("sas_token");
        let sign_in = match (key.is_empty(), has_sas) {
            (false, _) => "key",
            (true, true) => "sas",
            (true, false) => "anonymous",
        };
        settings.entry("sign_in").or_insert(json!(sign_in));
        if !key.is_empty() {
            settings.insert("secret_key".into(), json!(key));
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

impl Destination for Azure {
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
