//! REST APIs: requests whose answers are JSON, page by page.

mod auth;
mod cursor;
mod detect;
mod paging;
mod read;
mod responses;
mod rows;
mod selection;
mod settings;
mod tree;
mod walk;

use std::sync::Arc;

use pulse_core::{Error, Progress, Result};
use serde_json::{Value, json};
use url::Url;

use self::auth::Auth;
use self::selection::Selection;
use self::settings::Settings;
use crate::connector::{About, Browse, Browsing, Check, Connector, Fetched, Listing, NoFilters, Renewals, Task};
use crate::net::{Http, Request, shown, url};

/// A connection to a REST API.
pub(crate) struct Rest {
    settings: Settings,
    base: Option<Url>,
    http: Http,
    auth: Auth,
}

impl Connector for Rest {
    type Settings = Settings;
    type Selection = Selection;
    type Filters = NoFilters;

    fn about() -> About {
        About {
            kind: "rest",
            title: "REST API",
            summary: "Records from a web service that answers with JSON, page by page.",
            group: "Files and APIs",
            schemes: &["rest+https", "rest+http"],
            browsing: Browsing::None,
            main: "path",
            ready: true,
        }
    }

    fn open(settings: Settings) -> Result<Self> {
        let base = settings.base_url.trim();
        let base = if base.is_empty() { None } else { Some(url(base, "base_url")?) };
        Auth::check(&settings)?;
        settings.secret_headers()?;
        let http = Http::new(settings.policy())?;
        Ok(Self { settings, base, http, auth: Auth::default() })
    }

    /// `rest+https://user:password@host/path` signs in with name and password, `rest+https://:token@host/path` with a
    /// token. The parameters `allow_private` and `verify_tls` are those of the settings.
    fn from_url(address: &Url) -> Result<Value> {
        let text = address.as_str().trim_start_matches("rest+");
        let mut base =
            Url::parse(text).map_err(|cause| Error::invalid(format!("The address is not readable: {cause}.")))?;
        let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let (user, password) = (plain(base.username()), base.password().map(plain));
        let mut settings = json!({});
        match (user.is_empty(), password) {
            (true, None) => {}
            (true, Some(token)) => settings = json!({ "auth": "bearer", "token": token }),
            (false, password) => {
                settings = json!({ "auth": "basic", "user": user, "password": password.unwrap_or_default() });
            }
        }
        for (name, value) in base.query_pairs() {
            if matches!(&*name, "allow_private" | "verify_tls") {
                settings[&*name] = json!(value == "true");
            }
        }
        base.set_query(None);
        settings["base_url"] = json!(shown(&base));
        Ok(settings)
    }

    fn renew_through(&mut self, renewals: Arc<dyn Renewals>) {
        self.auth.renew_through(renewals);
    }

    fn check(&self, check: &mut Check<'_>) -> Result<()> {
        let http = self.http.impatient();
        let progress = check.progress;
        let Some(base) = &self.base else {
            return check.step("Address", || {
                Ok(((), "The connection has no address of its own; each request names a whole one.".to_owned()))
            });
        };
        let target = read::joined(base, self.settings.test_path.trim())?;
        check.step("Connect", || {
            let statuses: Vec<u16> = (300..600).collect();
            let reply = http.fetch(&Request::get(base.clone()).expect(&statuses), progress)?;
            Ok(((), format!("`{}` answers (status {}).", shown(base), reply.status)))
        })?;
        let request = check.step("Sign in", || {
            let mut request = Request::get(target.clone()).header("accept", "application/json, */*;q=0.5")?;
            for pair in self.settings.headers.iter().filter(|pair| !pair.name.trim().is_empty()) {
                request = request.header(&pair.name, pair.value.trim())?;
            }
            for (name, value) in self.settings.secret_headers()? {
                request = request.secret_header(&name, &value)?;
            }
            let request = self.auth.apply(&self.settings, &http, request, progress)?;
            let how = match (Auth::renewable(&self.settings), self.auth.unsaved()) {
                (true, None) => "An access token was given.".to_owned(),
                (true, Some(warning)) => format!("An access token was given. {warning}"),
                (false, _) => "The credentials are ready; they are checked by reading.".to_owned(),
            };
            Ok((request, how))
        })?;
        check.step("Read", || {
            // Many APIs have nothing at their own address.
            let bare = self.settings.test_path.trim().is_empty();
            let request = if bare { request.expect(&[400, 404, 405, 410]) } else { request };
            let reply = http.fetch(&request, progress)?;
            let detail = match reply.status {
                200..=299 => format!("`{}` was read: {} bytes.", shown(&target), reply.body.len()),
                status => format!("Nothing is at the address itself (status {status}), which is usual; name a test path to check more."),
            };
            Ok(((), detail))
        })
    }

    fn browse(&self, _request: &Browse<NoFilters>, _progress: &Progress) -> Result<Listing> {
        Ok(Listing::default())
    }

    fn read(&self, selection: &Selection, task: &Task<'_>) -> Result<Fetched> {
        read::read(self, selection, task)
    }
}
