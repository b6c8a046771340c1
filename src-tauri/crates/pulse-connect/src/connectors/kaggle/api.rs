//! Kaggle's interface: questions put in the shape that the server understands, signed in, and refusals in words.

use std::sync::OnceLock;
use std::time::Duration;

use pulse_core::{Code, Error, Progress, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::answers::{Datasets, Refusal, Who};
use super::credentials::{self, Credential, Place};
use super::reference::Reference;
use super::wire::{Call, Legacy, Page, Rpc, Wire};
use super::{ADDRESS, Filters, Protocol, Settings, is_kaggle};
use crate::connector::Check;
use crate::net::{Http, Leads, Policy, Reply, Request, is_web_page, run, url};

/// Statuses that are read as answers, because their bodies say more than they do.
const SPEAKING: [u16; 7] = [400, 401, 403, 404, 405, 422, 501];
/// How often a refusal inside an answer that looks good is tried again, and the first wait, which doubles.
const RETRIES: u32 = 4;
const BACKOFF: Duration = Duration::from_millis(500);

/// The way to Kaggle.
pub(super) struct Api {
    http: Http,
    calls: Url,
    rest: Url,
    protocol: Protocol,
    /// The shape that the server was found to understand.
    spoken: OnceLock<Protocol>,
    credentials: Vec<Credential>,
    /// The credential that is used.
    chosen: OnceLock<Credential>,
    /// What the user should know about the credentials.
    pub warnings: Vec<String>,
}

/// Where the bytes of a file are.
pub(super) enum Whereabouts {
    /// At a signed address, which is a secret.
    Signed(Url),
    /// In the answer to this request itself.
    Direct(Box<Request>),
}

impl Api {
    /// A way with these settings; connects to nothing yet.
    pub(super) fn new(settings: &Settings) -> Result<Self> {
        let given = settings.address.trim();
        let address = url(if given.is_empty() { ADDRESS } else { given }, "address")?;
        let host = address.host_str().unwrap_or_default().to_owned();
        let (calls, rest) = bases(&address)?;
        let policy =
            Policy { allow_private: settings.allow_private, verify_tls: settings.verify_tls, ..Policy::default() };
        // What this computer holds for Kaggle goes to nobody else.
        let own = is_kaggle(&host) || matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
        let variable = |name: &str| std::env::var(name).ok();
        let place = Place { variable: &variable, home: std::env::home_dir() };
        let found = credentials::find(settings, (settings.use_computer_sign_in && own).then_some(&place))?;
        Ok(Self {
            http: Http::new(policy)?,
            calls,
            rest,
            protocol: settings.protocol,
            spoken: OnceLock::new(),
            credentials: found.all,
            chosen: OnceLock::new(),
            warnings: found.warnings,
        })
    }

    /// The client, for downloads.
    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    /// Puts a question and reads the answer.
    ///
    /// Fails with what Kaggle says: [`Code::PermissionDenied`] with the page on which to sign in or to accept rules,
    /// [`Code::NotFound`], [`Code::LimitExceeded`]; with [`Code::Damaged`] for a web page in the place of an answer.
    pub(super) fn answer<T: DeserializeOwned>(&self, call: &Call<'_>, progress: &Progress) -> Result<T> {
        self.answer_to(self.credential(progress)?, call, progress)
    }

    fn answer_to<T: DeserializeOwned>(&self, by: &Credential, call: &Call<'_>, progress: &Progress) -> Result<T> {
        let (_, Leads::Here(reply)) = self.put(by, call, progress)? else {
            return Err(Error::internal(&call.attempt(), "it was answered with a redirect"));
        };
        serde_json::from_value(value_of(&reply, by, call)?).map_err(|cause| {
            Error::damaged(format!("Could not {}: the answer has another form: {cause}.", call.attempt()))
                .hint("Check the address in the connection; Kaggle may also have changed its interface.")
        })
    }

    /// Asks where the bytes of a file are.
    pub(super) fn whereabouts(&self, call: &Call<'_>, progress: &Progress) -> Result<Whereabouts> {
        let by = self.credential(progress)?;
        match self.put(by, call, progress)? {
            (_, Leads::To(url)) => Ok(Whereabouts::Signed(url)),
            (request, Leads::Here(reply)) => {
                let kind = reply.header("content-type").unwrap_or_default();
                let speaks = kind.contains("json") && serde_json::from_slice::<Value>(&reply.body).is_ok();
                if reply.status >= 400 || speaks || is_web_page(Some(kind), &reply.body) {
                    value_of(&reply, by, call)?;
                }
                Ok(Whereabouts::Direct(Box::new(request)))
            }
        }
    }

    /// Sends a question in the shape that the server understands, again if it refuses for the moment only.
    fn put(&self, by: &Credential, call: &Call<'_>, progress: &Progress) -> Result<(Request, Leads)> {
        for tried in 0.. {
            let spoken = self.spoken.get().copied().unwrap_or(self.protocol);
            let request = self.request(spoken, by, call)?;
            let leads = match call {
                Call::Download { .. } => self.http.leads(&request, progress)?,
                _ => Leads::Here(self.http.fetch(&request, progress)?),
            };
            let Leads::Here(reply) = &leads else { return Ok((request, leads)) };
            if spoken == Protocol::Automatic {
                let other = is_absent(reply);
                if other {
                    progress.log("The server does not know Kaggle's remote calls, so the older REST paths are used.");
                }
                let found = if other { Protocol::Rest } else { Protocol::Calls };
                // Another thread may have found the same.
                let _ = self.spoken.set(found);
                if other {
                    continue;
                }
            }
            let wait = match refusal_of(reply) {
                Some(Refusal { code: 429 | 500..=599, .. }) if tried < RETRIES => {
                    let told = reply.header("retry-after").and_then(|text| text.trim().parse().ok());
                    told.map_or(BACKOFF * 2u32.pow(tried), Duration::from_secs).min(self.http.policy().longest_wait)
                }
                _ => return Ok((request, leads)),
            };
            progress.log(format!("Kaggle takes no requests for the moment; trying again in {} s.", wait.as_secs_f32()));
            run(progress, async {
                tokio::time::sleep(wait).await;
                Ok(())
            })?;
        }
        Err(Error::internal(&call.attempt(), "there was no end to it"))
    }

    fn request(&self, spoken: Protocol, by: &Credential, call: &Call<'_>) -> Result<Request> {
        let (base, ask) = match spoken {
            Protocol::Rest => (&self.rest, Legacy.ask(call)),
            Protocol::Calls | Protocol::Automatic => (&self.calls, Rpc.ask(call)),
        };
        let address = Url::parse(&format!("{}{}", base.as_str().trim_end_matches('/'), ask.path));
        let address = address.map_err(|cause| Error::internal("make an address of Kaggle", cause))?;
        // Every question only reads, POST or not.
        let mut request = match ask.body {
            Some(body) => Request::post_json(address, body.to_string()).repeatable(),
            None => Request::get(address),
        };
        for (name, value) in &ask.query {
            request = request.query(name, value);
        }
        if let Call::WhoIs(token) = call {
            request = request.hide(token);
        }
        let request = request.expect(&SPEAKING);
        match by {
            Credential::Token { token, .. } => request.bearer(token),
            Credential::Key { user, key, .. } => request.basic(user, key),
            Credential::Anonymous => Ok(request),
        }
    }

    /// The credential to use. A token that was found on this computer and is no longer valid gives way to the next
    /// credential, as it does in Kaggle's own programs.
    pub(super) fn credential(&self, progress: &Progress) -> Result<&Credential> {
        if let Some(chosen) = self.chosen.get() {
            return Ok(chosen);
        }
        let mut left = self.credentials.iter().peekable();
        while let Some(credential) = left.next() {
            let next_is_one = left.peek().is_some_and(|next| **next != Credential::Anonymous);
            if let Credential::Token { token, from } = credential
                && from != "the connection"
                && next_is_one
                && !self.is_valid(credential, token, progress)?
            {
                progress.log(format!("{} is not valid any more and is passed over.", capital(&credential.shown())));
                continue;
            }
            return Ok(self.chosen.get_or_init(|| credential.clone()));
        }
        Ok(self.chosen.get_or_init(|| Credential::Anonymous))
    }

    fn is_valid(&self, by: &Credential, token: &crate::Secret, progress: &Progress) -> Result<bool> {
        match self.answer_to::<Who>(by, &Call::WhoIs(token), progress) {
            Ok(who) => Ok(who.active && who.username.is_some()),
            Err(error) if matches!(error.code, Code::PermissionDenied | Code::NotFound | Code::InvalidInput) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Checks the connection step by step.
    pub(super) fn check(&self, check: &mut Check<'_>) -> Result<()> {
        let progress = check.progress;
        let credential = check.step("Find the sign-in", || {
            let credential = self.credential(progress)?;
            let notes = self.warnings.iter().map(|warning| format!(" {warning}")).collect::<String>();
            let detail = match credential {
                Credential::Anonymous => "None was found: public datasets only, and Kaggle may refuse searches.".into(),
                credential => format!("Using {}.", credential.shown()),
            };
            Ok((credential, detail + &notes))
        })?;
        if let Credential::Token { token, .. } = credential {
            check.step("Sign in", || {
                let who: Who = self.answer_to(credential, &Call::WhoIs(token), progress)?;
                match who {
                    Who { active: true, username: Some(name) } => Ok(((), format!("Signed in as {name}."))),
                    _ => Err(denied(credential, "The token is not valid any more.")),
                }
            })?;
        }
        check.step("Read", || {
            let call = Call::Datasets { search: "", filters: &Filters::default(), page: Page::Number(1) };
            let count = match self.answer_to(credential, &call, progress)? {
                Datasets::Bare(all) | Datasets::Paged { datasets: all, .. } => all.len(),
            };
            let shape = match self.spoken.get().unwrap_or(&self.protocol) {
                Protocol::Rest => "the older REST paths",
                _ => "remote calls",
            };
            Ok(((), format!("Kaggle answers, asked by {shape}; the first page holds {count} datasets.")))
        })
    }
}

/// The base addresses of the two shapes. A full path is taken as it is.
fn bases(address: &Url) -> Result<(Url, Url)> {
    let own_path = address.path().trim_matches('/');
    if !own_path.is_empty() {
        return Ok((address.clone(), address.clone()));
    }
    let (calls, rest) = match address.host_str() {
        Some("api.kaggle.com" | "www.kaggle.com" | "kaggle.com") => {
            ("https://api.kaggle.com/v1".into(), "https://www.kaggle.com/api/v1".to_owned())
        }
        _ => {
            let base = format!("{}/api/v1", address.as_str().trim_end_matches('/'));
            (base.clone(), base)
        }
    };
    Ok((url(&calls, "address")?, url(&rest, "address")?))
}

/// Whether an answer shows that the server has no remote calls; what Kaggle itself does not find, it says in JSON.
fn is_absent(reply: &Reply) -> bool {
    matches!(reply.status, 404 | 405 | 501) && !reply.header("content-type").is_some_and(|kind| kind.contains("json"))
}

/// The refusal in an answer, whatever its status.
fn refusal_of(reply: &Reply) -> Option<Refusal> {
    let says_json = reply.header("content-type").is_some_and(|kind| kind.contains("json"));
    let value = if says_json { serde_json::from_slice(&reply.body).ok() } else { None };
    Refusal::find(&value.unwrap_or(Value::Null), reply.status)
}

/// The JSON of an answer; an error if it is a refusal, or something else such as a web page.
fn value_of(reply: &Reply, by: &Credential, call: &Call<'_>) -> Result<Value> {
    if let Some(refusal) = refusal_of(reply) {
        return Err(refused(&refusal, by, call));
    }
    if is_web_page(reply.header("content-type"), &reply.body) {
        let error = Error::damaged(format!("Could not {}: a web page came instead of an answer.", call.attempt()));
        return Err(error.hint(match by {
            Credential::Anonymous => "Kaggle wants to know who asks: put an API token into the connection.",
            _ => "A proxy or a sign-in page may have answered; check the address in the connection.",
        }));
    }
    reply.json()
}

/// What Kaggle's refusal means and what to do.
fn refused(refusal: &Refusal, by: &Credential, call: &Call<'_>) -> Error {
    let said = refusal.message.trim().trim_end_matches('.');
    let said = if said.is_empty() { String::new() } else { format!(" ({said})") };
    let attempt = call.attempt();
    let about = call.about();
    match (refusal.code, &about) {
        (401, _) => denied(by, &format!("Could not {attempt}: Kaggle does not accept the sign-in{said}.")),
        (403, Some(reference @ Reference::Competition(_))) => {
            let text = format!("Could not {attempt}: its rules are not accepted, or it is closed{said}.");
            Error::new(Code::PermissionDenied, text)
                .hint(format!("Sign in to Kaggle, accept the rules on {} and try again.", reference.terms()))
        }
        (403, Some(reference)) => {
            let text = format!("Could not {attempt}: Kaggle gives no access to it{said}.");
            let sign_in = match by {
                Credential::Anonymous => "Put an API token into the connection, then check",
                _ => "Check",
            };
            let hint = format!("{sign_in} on {} whether it is private or asks for consent.", reference.terms());
            Error::new(Code::PermissionDenied, text).hint(hint)
        }
        (403, None) => denied(by, &format!("Could not {attempt}: Kaggle refuses it{said}.")),
        (404, Some(reference)) => Error::not_found(format!("Could not {attempt}: Kaggle does not have it{said}."))
            .hint(format!("Check the spelling, the version and the file; its page is {}.", reference.page()))
            .field("dataset"),
        (429, _) => {
            Error::new(Code::LimitExceeded, format!("Could not {attempt}: Kaggle takes no more requests{said}."))
                .hint("Wait some minutes and try again; what was downloaded is kept.")
        }
        (500.., _) => Error::new(Code::Unreachable, format!("Could not {attempt}: Kaggle failed{said}."))
            .hint("The fault is on Kaggle's side; try again later."),
        (code, _) => Error::invalid(format!("Could not {attempt}: Kaggle answered {code}{said}."))
            .hint("Check what is asked for."),
    }
}

fn denied(by: &Credential, text: &str) -> Error {
    let hint = match by {
        Credential::Anonymous => {
            "Put an API token into the connection; kaggle.com makes one under Settings, API.".into()
        }
        by => format!("It was {}. Make a new token on https://www.kaggle.com/settings.", by.shown()),
    };
    Error::new(Code::PermissionDenied, text).hint(hint).field("token")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
