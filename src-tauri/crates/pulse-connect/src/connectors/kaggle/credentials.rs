//! Who signs in: what the connection holds, then what Kaggle's own programs would find on this computer, in their order.

use std::path::{Path, PathBuf};

use pulse_core::{Error, Result};
use serde_json::Value;

use super::Settings;
use crate::Secret;

/// A way to sign in; `from` says where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    /// An access token.
    Token { token: Secret, from: String },
    /// A user name with a key, as `kaggle.json` holds them.
    Key { user: String, key: Secret, from: String },
    /// None. Kaggle lets some public datasets be downloaded so.
    Anonymous,
}

/// Every way to sign in, the first one first, and what the user should know about where they lie.
#[derive(Debug)]
pub(super) struct Found {
    pub all: Vec<Credential>,
    pub warnings: Vec<String>,
}

/// Where Kaggle's own programs look: variables of the environment and the home folder.
pub(super) struct Place<'a> {
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    pub home: Option<PathBuf>,
}

impl Credential {
    /// How it is shown; never the secret.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Token { from, .. } => format!("the token from {from}"),
            Self::Key { user, from, .. } => format!("the key of `{user}` from {from}"),
            Self::Anonymous => "no sign-in".into(),
        }
    }
}

/// Looks for ways to sign in; `place` is left out where credentials of this computer are not wanted.
///
/// Order: the token of the connection, its user and key; then as Kaggle's own programs do: `KAGGLE_API_TOKEN` (a value
/// or a path), `~/.kaggle/access_token`, the same with `.txt`; `kaggle.json`, over whose values `KAGGLE_USERNAME` and
/// `KAGGLE_KEY` go; at last none.
pub(super) fn find(settings: &Settings, place: Option<&Place<'_>>) -> Result<Found> {
    let mut found = Found { all: Vec::new(), warnings: Vec::new() };
    let home = place.and_then(|place| place.home.clone());
    if !settings.token.is_empty() {
        let (token, path) = value_or_file(settings.token.expose(), home.as_deref())?;
        let from = path.map_or_else(|| "the connection".to_owned(), |path| path.display().to_string());
        found.all.push(Credential::Token { token, from });
    }
    match (settings.username.trim(), settings.key.is_empty()) {
        ("", true) => {}
        ("", false) => return Err(incomplete("user name", "username")),
        (_, true) => return Err(incomplete("key", "key")),
        (user, false) => found.all.push(Credential::Key {
            user: user.to_owned(),
            key: settings.key.clone(),
            from: "the connection".into(),
        }),
    }
    if let Some(place) = place {
        found.all.extend(token_of(place)?);
        found.all.extend(key_of(place, &mut found.warnings));
        let oauth = place.home.as_ref().map(|home| home.join(".kaggle/credentials.json"));
        if found.all.is_empty() && oauth.is_some_and(|path| path.exists()) {
            let text =
                "Kaggle's own program is signed in through the browser, which is not used here; make an API token.";
            found.warnings.push(text.into());
        }
    }
    found.all.push(Credential::Anonymous);
    Ok(found)
}

fn incomplete(what: &str, field: &str) -> Error {
    Error::invalid(format!("The connection to Kaggle has no {what}."))
        .hint("Give both user name and key, as they stand in kaggle.json, or an API token alone.")
        .field(field)
}

/// A token, or what stands in the file that a path names.
fn value_or_file(text: &str, home: Option<&Path>) -> Result<(Secret, Option<PathBuf>)> {
    let text = text.trim();
    let path = match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(text),
    };
    if path.is_file() {
        let token = read_token(&path)?;
        let empty = || Error::invalid(format!("{} holds no token; it is empty.", path.display())).field("token");
        return Ok((token.ok_or_else(|| empty().hint("Make a new token on Kaggle's settings page."))?, Some(path)));
    }
    // The text is not repeated: a token may hold slashes, too.
    if text.starts_with(['/', '~', '.']) || text.contains('\\') {
        return Err(Error::not_found("The token looks like the path of a file, but there is no such file.")
            .hint("Give the token itself, or check the path.")
            .field("token"));
    }
    Ok((Secret::from(text), None))
}

/// The token in a file; nothing if the file is empty.
fn read_token(path: &Path) -> Result<Option<Secret>> {
    let text = std::fs::read_to_string(path).map_err(|cause| Error::io("read the token in", path, &cause))?;
    Ok(Some(text.trim()).filter(|text| !text.is_empty()).map(Secret::from))
}

/// The token that Kaggle's own programs would take.
fn token_of(place: &Place<'_>) -> Result<Option<Credential>> {
    if let Some(text) = (place.variable)("KAGGLE_API_TOKEN").filter(|text| !text.trim().is_empty()) {
        let (token, _) = value_or_file(&text, place.home.as_deref())
            .map_err(|error| Error { field: None, ..error }.hint("Correct the variable KAGGLE_API_TOKEN."))?;
        return Ok(Some(Credential::Token { token, from: "the variable KAGGLE_API_TOKEN".into() }));
    }
    let Some(home) = &place.home else { return Ok(None) };
    for name in ["access_token", "access_token.txt"] {
        let path = home.join(".kaggle").join(name);
        if path.is_file()
            && let Some(token) = read_token(&path)?
        {
            return Ok(Some(Credential::Token { token, from: path.display().to_string() }));
        }
    }
    Ok(None)
}

/// The user name and key that Kaggle's own programs would take.
fn key_of(place: &Place<'_>, warnings: &mut Vec<String>) -> Option<Credential> {
    let file = config_folder(place).map(|folder| folder.join("kaggle.json"));
    let text = file.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
    let held: Value = text.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    if let (Some(path), true) = (&file, text.is_some()) {
        if is_readable_by_others(path) {
            warnings.push(format!(
                "Other users of this computer can read the key in {}; allow it to yourself only (chmod 600).",
                path.display()
            ));
        }
        if held["username"].as_str().is_none() || held["key"].as_str().is_none() {
            warnings.push(format!("{} holds no user name with a key, so it is not used.", path.display()));
        }
    }
    let value = |variable: &str, member: &str| {
        let set = (place.variable)(variable).filter(|value| !value.is_empty());
        let own = set.is_some();
        set.or_else(|| held[member].as_str().map(str::to_owned)).map(|value| (value, own))
    };
    let ((user, _), (key, of_variable)) = (value("KAGGLE_USERNAME", "username")?, value("KAGGLE_KEY", "key")?);
    let from = match &file {
        Some(path) if !of_variable => path.display().to_string(),
        _ => "the variable KAGGLE_KEY".into(),
    };
    Some(Credential::Key { user, key: Secret::from(key.as_str()), from })
}

/// The folder of `kaggle.json`: `KAGGLE_CONFIG_DIR`, `~/.kaggle` if it is there, or Linux' folder for settings.
fn config_folder(place: &Place<'_>) -> Option<PathBuf> {
    let set = |name: &str| (place.variable)(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = set("KAGGLE_CONFIG_DIR") {
        return Some(folder);
    }
    let folder = place.home.as_ref()?.join(".kaggle");
    if folder.exists() || !cfg!(target_os = "linux") {
        return Some(folder);
    }
    Some(set("XDG_CONFIG_HOME").unwrap_or(place.home.as_ref()?.join(".config")).join("kaggle"))
}

#[cfg(unix)]
fn is_readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o044 != 0)
}

#[cfg(not(unix))]
fn is_readable_by_others(_path: &Path) -> bool {
    // Elsewhere a user's own folder is private by default.
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ways found with these files (relative to home), variables and settings, first one first.
    fn found(files: &[(&str, &str)], variables: &[(&str, &str)], settings: &Settings) -> Result<(Vec<String>, Found)> {
        let home = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = home.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let at_home = |value: &str| value.replace("HOME", &home.path().display().to_string());
        let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| at_home(value));
        let place = Place { variable: &variable, home: Some(home.path().to_owned()) };
        let found = find(settings, Some(&place))?;
        let secrets = found.all.iter().map(|credential| match credential {
            Credential::Token { token, .. } => token.expose().to_owned(),
            Credential::Key { user, key, .. } => format!("{user}:{}", key.expose()),
            Credential::Anonymous => "-".into(),
        });
        Ok((secrets.collect(), found))
    }

    #[test]
    fn the_order_is_kaggles_own() {
        let json = r#"{"username": "u", "key": "k"}"#;
        let both = [(".kaggle/kaggle.json", json), (".kaggle/access_token", "file\n")];
        let mine = Settings { token: Secret::from("mine"), ..Settings::default() };
        type Case<'a> = (&'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)], Settings, &'a [&'a str]);
        let none = Settings::default;
        let cases: &[Case<'_>] = &[
            (&[], &[], none(), &["-"]),
            (&both, &[], none(), &["file", "u:k", "-"]),
            (&both, &[("KAGGLE_API_TOKEN", "set")], none(), &["set", "u:k", "-"]),
            (&both, &[("KAGGLE_API_TOKEN", "HOME/.kaggle/access_token")], none(), &["file", "u:k", "-"]),
            (&both, &[("KAGGLE_API_TOKEN", "set")], mine, &["mine", "set", "u:k", "-"]),
            (&[(".kaggle/access_token.txt", "win")], &[], none(), &["win", "-"]),
            (&[(".kaggle/access_token", " \n")], &[], none(), &["-"]),
            (&both[..1], &[("KAGGLE_USERNAME", "e"), ("KAGGLE_KEY", "f")], none(), &["e:f", "-"]),
            (&both[..1], &[("KAGGLE_KEY", "f")], none(), &["u:f", "-"]),
            (&[("other/kaggle.json", json)], &[("KAGGLE_CONFIG_DIR", "HOME/other")], none(), &["u:k", "-"]),
            (&[(".config/kaggle/kaggle.json", json)], &[], none(), &["u:k", "-"]),
            (&[("x/kaggle/kaggle.json", json)], &[("XDG_CONFIG_HOME", "HOME/x")], none(), &["u:k", "-"]),
            (&[(".kaggle/kaggle.json", "{}")], &[], none(), &["-"]),
        ];
        for (files, variables, settings, expected) in cases {
            let (secrets, found) = found(files, variables, settings).expect("ways to sign in");
            assert_eq!(secrets, *expected, "{files:?} {variables:?}");
            let shown: String = found.all.iter().map(Credential::shown).collect();
            assert!(!shown.contains("mine") && !format!("{found:?}").contains("\"set\""), "no secret is shown");
        }
    }

    #[test]
    fn what_is_wrong_with_credentials_is_said() {
        let settings = Settings { token: Secret::from("/no/such/file"), ..Settings::default() };
        let error = found(&[], &[], &settings).expect_err("a path to nothing");
        assert_eq!(error.field.as_deref(), Some("token"));
        assert!(!error.to_string().contains("/no/such"), "what may be a secret is not repeated: {error}");
        let settings = Settings { username: "u".into(), ..Settings::default() };
        assert_eq!(found(&[], &[], &settings).expect_err("no key").field.as_deref(), Some("key"));
        let open = [(".kaggle/kaggle.json", r#"{"username": "u", "key": "k"}"#)];
        let (_, found) = found(&open, &[], &Settings::default()).expect("ways to sign in");
        if cfg!(unix) {
            assert!(found.warnings.iter().any(|warning| warning.contains("chmod 600")), "{:?}", found.warnings);
        }
    }
}
