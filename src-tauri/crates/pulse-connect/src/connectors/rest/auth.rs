//! Signing requests in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pulse_core::{Error, Progress, Result};
use serde::Deserialize;

use super::settings::{AuthKind, ClientSentIn, Settings};
use crate::Secret;
use crate::connector::Renewals;
use crate::net::{Http, Request, url};

/// A token is renewed so long before it expires.
const EARLY: Duration = Duration::from_secs(30);

/// What is known of the tokens of a connection.
#[derive(Default)]
pub(super) struct Auth {
    access: Mutex<Option<Access>>,
    /// Where refresh tokens that the server replaces are kept.
    renewals: Option<Arc<dyn Renewals>>,
    replaced: Mutex<Replaced>,
}

/// What became of the refresh token of the settings.
#[derive(Default)]
struct Replaced {
    /// The one that the server gave in its place.
    by: Option<Secret>,
    /// Why that is not saved, in a sentence.
    unsaved: Option<String>,
}

#[derive(Clone)]
struct Access {
    token: Secret,
    until: Option<Instant>,
}

/// What an OAuth 2 server answers.
#[derive(Deserialize)]
struct Granted {
    #[serde(default)]
    access_token: Secret,
    expires_in: Option<serde_json::Value>,
    refresh_token: Option<Secret>,
}

impl Auth {
    /// Fails if the form lacks what the way of signing in needs.
    pub(super) fn check(settings: &Settings) -> Result<()> {
        let text = |value: &str, field: &'static str, what: &str| match value.trim().is_empty() {
            true => {
                Err(Error::invalid(format!("To sign in this way, {what} is needed.")).hint("Fill it in.").field(field))
            }
            false => Ok(()),
        };
        match settings.auth {
            AuthKind::None => Ok(()),
            AuthKind::ApiKeyHeader | AuthKind::ApiKeyQuery => {
                text(&settings.key_name, "key_name", "the name of the header or parameter")?;
                text(settings.api_key.expose(), "api_key", "the key")
            }
            AuthKind::Bearer => text(settings.token.expose(), "token", "the token"),
            AuthKind::Basic => text(&settings.user, "user", "the user name"),
            AuthKind::Oauth2Client | AuthKind::Oauth2Refresh => {
                text(&settings.token_url, "token_url", "the address that gives tokens")?;
                url(&settings.token_url, "token_url")?;
                text(&settings.client_id, "client_id", "the client id")?;
                match settings.auth {
                    AuthKind::Oauth2Refresh => {
                        text(settings.refresh_token.expose(), "refresh_token", "the refresh token")
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// Whether a refused request may be made again with a new token.
    pub(super) fn renewable(settings: &Settings) -> bool {
        matches!(settings.auth, AuthKind::Oauth2Client | AuthKind::Oauth2Refresh)
    }

    /// Signs a request in; gets a token first if that is needed.
    pub(super) fn apply(
        &self,
        settings: &Settings,
        http: &Http,
        request: Request,
        progress: &Progress,
    ) -> Result<Request> {
        match settings.auth {
            AuthKind::None => Ok(request),
            AuthKind::ApiKeyHeader => request.secret_header(&settings.key_name, &settings.api_key),
            AuthKind::ApiKeyQuery => Ok(request.secret_query(settings.key_name.trim(), &settings.api_key)),
            AuthKind::Bearer => request.bearer(&settings.token),
            AuthKind::Basic => request.basic(settings.user.trim(), &settings.password),
            AuthKind::Oauth2Client | AuthKind::Oauth2Refresh => request.bearer(&self.access(settings, http, progress)?),
        }
    }

    /// Forgets the token, so that the next request gets a new one.
    pub(super) fn forget(&self) {
        *self.access.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Takes where refresh tokens that the server replaces are kept.
    pub(super) fn renew_through(&mut self, renewals: Arc<dyn Renewals>) {
        self.renewals = Some(renewals);
    }

    /// A warning if the server replaced the refresh token and the new one is not saved.
    pub(super) fn unsaved(&self) -> Option<String> {
        self.replaced().unsaved.as_ref().map(|why| format!("The server gave a new refresh token. {why}"))
    }

    fn replaced(&self) -> MutexGuard<'_, Replaced> {
        self.replaced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn access(&self, settings: &Settings, http: &Http, progress: &Progress) -> Result<Secret> {
        let mut access = self.access.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |access: &Access| access.until.is_none_or(|until| Instant::now() < until);
        if let Some(access) = access.as_ref().filter(|access| fresh(access)) {
            return Ok(access.token.clone());
        }
        let granted = match settings.auth {
            AuthKind::Oauth2Refresh => self.refreshed(settings, http, progress)?,
            _ => grant(settings, None, http, progress)?,
        };
        if granted.access_token.is_empty() {
            return Err(Error::damaged("The answer to the request for an access token holds none.")
                .hint("Check the address that gives tokens.")
                .field("token_url"));
        }
        let seconds = granted.expires_in.and_then(|value| match value {
            serde_json::Value::Number(number) => number.as_f64(),
            serde_json::Value::String(text) => text.trim().parse().ok(),
            _ => None,
        });
        let lifetime = seconds.filter(|s| (0.0..1e9).contains(s)).map(Duration::from_secs_f64);
        // A token that lives shorter than the margin is used for half its life.
        let until = lifetime.map(|life| Instant::now() + life.saturating_sub(EARLY).max(life / 2));
        *access = Some(Access { token: granted.access_token.clone(), until });
        Ok(granted.access_token)
    }

    /// Gets a token for the refresh token; one that the server gives in its place is kept before anything else is done.
    fn refreshed(&self, settings: &Settings, http: &Http, progress: &Progress) -> Result<Granted> {
        let given = self.replaced().by.clone().unwrap_or_else(|| settings.refresh_token.clone());
        let mut granted = None;
        let mut exchange = |refresh: &Secret| {
            let answer = grant(settings, Some(refresh), http, progress)?;
            let new = answer.refresh_token.clone().filter(|new| !new.is_empty() && new != refresh);
            granted = Some(answer);
            if new.is_some() {
                self.replaced().by.clone_from(&new);
            }
            Ok(new)
        };
        let unsaved = match &self.renewals {
            Some(renewals) => renewals.renew("refresh_token", &given, progress, &mut exchange)?,
            None => exchange(&given)?.map(|_| "The old one may not work any more.".to_owned()),
        };
        if unsaved.is_some() {
            self.replaced().unsaved = unsaved;
        }
        granted.ok_or_else(|| Error::internal("get an access token", "nothing was asked"))
    }
}

/// Asks for an access token, with a refresh token or with the client's own credentials.
fn grant(settings: &Settings, refresh: Option<&Secret>, http: &Http, progress: &Progress) -> Result<Granted> {
    let mut fields = match refresh {
        Some(refresh) => vec![("grant_type", "refresh_token"), ("refresh_token", refresh.expose().trim())],
        None => vec![("grant_type", "client_credentials")],
    };
    if !settings.scope.trim().is_empty() {
        fields.push(("scope", settings.scope.trim()));
    }
    let (id, secret) = (settings.client_id.trim(), settings.client_secret.expose().trim());
    if settings.client_sent_in == ClientSentIn::Body {
        fields.push(("client_id", id));
        fields.extend((!secret.is_empty()).then_some(("client_secret", secret)));
    }
    let mut request = Request::post_form(url(&settings.token_url, "token_url")?, &fields)
        .header("accept", "application/json")?
        .hide(&settings.client_secret)
        .repeatable();
    if let Some(refresh) = refresh {
        request = request.hide(refresh);
    }
    if settings.client_sent_in == ClientSentIn::Header {
        request = request.basic(id, &settings.client_secret)?;
    }
    progress.log("Getting an access token.");
    let reply = http.fetch(&request, progress).map_err(|error| {
        let text = format!("No access token was given. {}", error.message);
        let hint = "Check client id, client secret, scope and refresh token; the refresh token may have expired.";
        Error::new(error.code, text).hint(hint).field("token_url")
    })?;
    reply.json()
}
