//! The credentials that this machine has for Amazon: in its environment, in the file of the AWS tools, from its role.

use std::path::{Path, PathBuf};

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as Key};

use super::objects::variables;

/// The variables that hold credentials or say where they are. Others, such as an endpoint, are the connection's own.
const VARIABLES: [(&str, Key); 11] = [
    ("AWS_ACCESS_KEY_ID", Key::AccessKeyId),
    ("AWS_SECRET_ACCESS_KEY", Key::SecretAccessKey),
    ("AWS_SESSION_TOKEN", Key::Token),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", Key::WebIdentityTokenFile),
    ("AWS_ROLE_ARN", Key::RoleArn),
    ("AWS_ROLE_SESSION_NAME", Key::RoleSessionName),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", Key::ContainerCredentialsRelativeUri),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", Key::ContainerCredentialsFullUri),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", Key::ContainerAuthorizationTokenFile),
    ("AWS_METADATA_ENDPOINT", Key::MetadataEndpoint),
    ("AWS_IMDSV1_FALLBACK", Key::ImdsV1Fallback),
];

/// A builder with the first credentials there are.
pub(super) fn builder() -> AmazonS3Builder {
    let found: Vec<_> = variables(&VARIABLES).collect();
    let has = |wanted: Key| found.iter().any(|(key, _)| *key == wanted);
    let decided = has(Key::AccessKeyId) || (has(Key::WebIdentityTokenFile) && has(Key::RoleArn));
    let builder = found.iter().fold(AmazonS3Builder::new(), |builder, (key, value)| builder.with_config(*key, value));
    if decided {
        return builder;
    }
    let text = file().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let profile = std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
    let kept = keys(&text, profile.as_deref().unwrap_or("default"));
    kept.into_iter().fold(builder, |builder, (key, value)| builder.with_config(key, value))
}

/// Where the AWS tools keep credentials.
fn file() -> Option<PathBuf> {
    let given = std::env::var_os("AWS_SHARED_CREDENTIALS_FILE").filter(|path| !path.is_empty());
    given.map(PathBuf::from).or_else(|| std::env::home_dir().map(|home| home.join(Path::new(".aws/credentials"))))
}

/// The key of a profile in a credentials file; nothing unless id and secret are there.
fn keys(text: &str, profile: &str) -> Vec<(Key, String)> {
    let mut here = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            here = name.trim() == profile;
        } else if let (true, Some((name, value))) = (here, line.split_once('=')) {
            let key = match name.trim().to_ascii_lowercase().as_str() {
                "aws_access_key_id" => Key::AccessKeyId,
                "aws_secret_access_key" => Key::SecretAccessKey,
                "aws_session_token" => Key::Token,
                _ => continue,
            };
            found.push((key, value.trim().to_owned()));
        }
    }
    let has = |wanted: Key| found.iter().any(|(key, _)| *key == wanted);
    if has(Key::AccessKeyId) && has(Key::SecretAccessKey) { found } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_profile_is_found() {
        let text = "# mine\n[default]\naws_access_key_id = A\naws_secret_access_key=b=c/+\nregion = eu-west-1\n\n\
            [ work ]\nAWS_ACCESS_KEY_ID=W\naws_secret_access_key = s\naws_session_token = t\n[half]\naws_access_key_id=H\n\
            [sso]\nsso_session = x\n";
        let words = |profile: &str| {
            keys(text, profile).into_iter().map(|(key, value)| format!("{}={value}", key.as_ref())).collect::<Vec<_>>()
        };
        assert_eq!(words("default"), ["aws_access_key_id=A", "aws_secret_access_key=b=c/+"]);
        assert_eq!(words("work"), ["aws_access_key_id=W", "aws_secret_access_key=s", "aws_session_token=t"]);
        assert_eq!([words("half"), words("sso"), words("nobody")], [(); 3].map(|()| Vec::<String>::new()));
    }
}
