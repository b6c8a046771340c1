//! This machine's credentials for object stores: what is looked at, in order, and what of the environment is not.

use pulse_tests::services::free_port;
use pulse_tests::services::http::{Answer, Asked, HttpServer};
use pulse_tests::{error_of, one_document, pulse_command, python};
use serde_json::{Value, json};

/// A store that lists nothing to everybody, and beside it the places where clouds give credentials to their machines.
fn cloud(asked: &Asked) -> Answer {
    let amazon = |id: &str| {
        let later = "2099-01-01T00:00:00Z";
        Answer::json(json!({ "AccessKeyId": id, "SecretAccessKey": "s", "Token": "t", "Expiration": later,
            "Code": "Success", "LastUpdated": "2024-01-01T00:00:00Z", "Type": "AWS-HMAC" }))
    };
    let token = |of: &str| {
        Answer::json(
            json!({ "access_token": of, "token_type": "Bearer", "expires_in": 3600, "expires_on": "4070908800",
            "resource": "x" }),
        )
    };
    match asked.path.as_str() {
        "/container" => amazon("CONTAINER"),
        "/latest/api/token" => Answer::of("text/plain", "session"),
        "/latest/meta-data/iam/security-credentials/" => Answer::of("text/plain", "role"),
        "/latest/meta-data/iam/security-credentials/role" => amazon("ROLE"),
        "/tenant/oauth2/v2.0/token" => token("of-the-client"),
        "/identity" => token("of-the-identity"),
        "/computeMetadata/v1/instance/service-accounts/default/token" => token("of-the-machine"),
        _ if asked.query.contains("comp=list") => {
            let text = "<?xml version=\"1.0\"?><EnumerationResults><Blobs></Blobs><NextMarker/></EnumerationResults>";
            Answer::of("application/xml", text)
        }
        _ => Answer::of(
            "application/xml",
            "<?xml version=\"1.0\"?><ListBucketResult><Name>data</Name></ListBucketResult>",
        ),
    }
}

/// A machine: its user's folder, its environment, and the cloud it stands in.
struct Machine {
    folder: tempfile::TempDir,
    server: HttpServer,
}

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), server: HttpServer::start(cloud) }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Runs `pulse connections test` and answers with its output.
    fn test(&self, kind: &str, sign_in: &str, variables: &[(&str, &str)]) -> std::process::Output {
        let endpoint = self.server.url("/account");
        let endpoint = endpoint.trim_end_matches(if kind == "azure" { "" } else { "/account" });
        let mut settings = json!({ "kind": kind, "sign_in": sign_in, "endpoint": endpoint, "allow_http": true });
        match kind {
            "azure" => (settings["account"], settings["container"]) = (json!("account"), json!("data")),
            _ => settings["bucket"] = json!("data"),
        }
        let path = format!("{}:{}", self.folder.path().display(), std::env::var("PATH").unwrap());
        let workspace = self.folder.path().join("workspace");
        let mut command = pulse_command(&workspace, &["--json", "connections", "test", "store"]);
        // What is set where the tests run must not count.
        for (name, _) in std::env::vars() {
            if ["AWS_", "AZURE_", "GOOGLE_", "GCE_", "IDENTITY_"].iter().any(|start| name.starts_with(start)) {
                command.env_remove(name);
            }
        }
        command.env("HOME", self.folder.path()).env("PATH", path).env("PULSE_SECRETS", "file");
        command.env("PULSE_CONNECTION_STORE", settings.to_string()).envs(variables.iter().copied());
        command.output().unwrap()
    }

    /// How the store was asked for its listing: the header that signs in and the query.
    fn signed(&self, kind: &str, sign_in: &str, variables: &[(&str, &str)]) -> String {
        let output = self.test(kind, sign_in, variables);
        let document = one_document(&output, "test");
        assert_eq!(output.status.code(), Some(0), "{kind} {sign_in} {variables:?}: {document}");
        let all = self.server.asked();
        let listing =
            all.iter().rfind(|asked| asked.query.contains("list-type=2") || asked.query.contains("comp=list"));
        let listing = listing.expect("the store was listed");
        format!("{} {}", listing.header("authorization").unwrap_or_default(), listing.query)
    }
}

#[test]
fn amazon_is_signed_with_the_first_credentials_of_the_machine() {
    let machine = Machine::new();
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    let (metadata, container) =
        (machine.server.url("").trim_end_matches('/').to_owned(), machine.server.url("/container"));
    let token = machine.file("token", "let me in");
    let variables = [
        ("AWS_ACCESS_KEY_ID", "VARIABLE"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_PROFILE", "work"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.as_str()),
        ("AWS_METADATA_ENDPOINT", metadata.as_str()),
        // What the connection says itself is not the environment's to change.
        ("AWS_ENDPOINT_URL_S3", nowhere.as_str()),
        ("AWS_SKIP_SIGNATURE", "true"),
        ("AWS_BUCKET", "other"),
    ];
    let without = |names: &[&str]| -> Vec<(&str, &str)> {
        variables.into_iter().filter(|(name, _)| !names.iter().any(|start| name.starts_with(start))).collect()
    };
    let file = "[default]\naws_access_key_id = DEFAULT\naws_secret_access_key = s\n[work]\naws_access_key_id=WORK\n\
        aws_secret_access_key=s\n";
    machine.file(".aws/credentials", file);
    let (key, profile) = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE");
    let cases = [
        (without(&[]), "VARIABLE"),
        (without(&[key, "AWS_SECRET"]), "WORK"),
        (without(&[key, "AWS_SECRET", profile]), "DEFAULT"),
    ];
    for (variables, expected) in cases {
        let signed = machine.signed("s3", "machine", &variables);
        assert!(signed.contains(&format!("Credential={expected}/")), "{expected}: {signed}");
    }
    std::fs::remove_file(machine.folder.path().join(".aws/credentials")).unwrap();
    let cases =
        [(without(&[key, "AWS_SECRET"]), "CONTAINER"), (without(&[key, "AWS_SECRET", "AWS_CONTAINER"]), "ROLE")];
    for (variables, expected) in cases {
        let signed = machine.signed("s3", "machine", &variables);
        assert!(signed.contains(&format!("Credential={expected}/")), "{expected}: {signed}");
    }
    let asked = machine.server.asked();
    assert_eq!(
        asked.iter().find(|asked| asked.path == "/container").unwrap().header("authorization"),
        Some("let me in")
    );
    let role = asked.iter().find(|asked| asked.path.ends_with("/role")).unwrap();
    assert_eq!(role.header("x-aws-ec2-metadata-token"), Some("session"));
    let signed = machine.signed("s3", "anonymous", &variables);
    assert!(signed.starts_with(' '), "nothing of the machine's is used unless it is chosen: {signed}");
}

#[test]
fn azure_is_signed_with_the_first_credentials_of_the_machine() {
    let machine = Machine::new();
    let (authority, identity) =
        (machine.server.url("").trim_end_matches('/').to_owned(), machine.server.url("/identity"));
    let client = [
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_CLIENT_SECRET", "s"),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_AUTHORITY_HOST", authority.as_str()),
    ];
    let sas = [("AZURE_STORAGE_SAS_TOKEN", "sv=2021-08-06&sig=signature"), ("IDENTITY_ENDPOINT", identity.as_str())];
    let key = [("AZURE_STORAGE_ACCOUNT_KEY", "a2V5"), ("AZURE_STORAGE_USE_EMULATOR", "true")];
    let cases: [(Vec<(&str, &str)>, &str); 4] = [
        ([&key[..], &client, &sas].concat(), "SharedKey account:"),
        ([&client[..], &sas].concat(), "Bearer of-the-client "),
        (sas.to_vec(), "sig=signature"),
        (sas[1..].to_vec(), "Bearer of-the-identity "),
    ];
    for (variables, expected) in cases {
        let signed = machine.signed("azure", "machine", &variables);
        assert!(signed.contains(expected), "{expected}: {signed}");
    }
}

#[cfg(unix)]
#[test]
fn azure_takes_the_sign_in_of_its_command_line() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new();
    let answer = json!({ "accessToken": "of-the-user", "expiresOn": "2099-01-01 00:00:00.000000", "subscription": "x",
        "tenant": "y", "tokenType": "Bearer" });
    let script = machine.file("az", &format!("#!/bin/sh\necho '{answer}'\n"));
    let executable = |path: &str| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    executable(&script);
    let signed = machine.signed("azure", "cli", &[]);
    assert!(signed.contains("Bearer of-the-user "), "{signed}");
    executable(&machine.file("az", "#!/bin/sh\necho 'Please run az login' >&2\nexit 1\n"));
    let error = error_of(&machine.test("azure", "cli", &[]), "test");
    assert!(
        error.message.contains("Azure") && error.hint.is_some_and(|hint| hint.contains("az login")),
        "{}",
        error.message
    );
}

#[test]
fn google_is_signed_with_the_first_credentials_of_the_machine() {
    let machine = Machine::new();
    let key = python(
        "from cryptography.hazmat.primitives import serialization as s\n\
         from cryptography.hazmat.primitives.asymmetric import rsa\n\
         key = rsa.generate_private_key(public_exponent=65537, key_size=2048)\n\
         print(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode())",
        &[],
    );
    let account = |name: &str| {
        json!({ "type": "service_account", "private_key": key, "private_key_id": "1", "client_email": name })
            .to_string()
    };
    let (named, host) = (machine.file("named.json", &account("named")), machine.server.address().to_string());
    let given = ("GOOGLE_APPLICATION_CREDENTIALS", named.as_str());
    let standing =
        [("GCE_METADATA_HOST", host.as_str()), ("GOOGLE_SKIP_SIGNATURE", "true"), ("SERVICE_ACCOUNT", "/none")];
    let known = machine.file(".config/gcloud/application_default_credentials.json", &account("known"));
    let issuer = |signed: &str| -> Value {
        let claims = signed.split('.').nth(1).unwrap_or_else(|| panic!("a signed token: {signed}"));
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()["iss"].clone()
    };
    assert_eq!(issuer(&machine.signed("gcs", "machine", &[&[given], &standing[..]].concat())), "named");
    assert_eq!(issuer(&machine.signed("gcs", "machine", &standing)), "known");
    std::fs::remove_file(known).unwrap();
    let signed = machine.signed("gcs", "machine", &standing);
    assert!(signed.contains("Bearer of-the-machine "), "{signed}");
}

#[test]
fn a_machine_without_credentials_says_so() {
    let machine = Machine::new();
    let nowhere = free_port();
    let (metadata, host) = (format!("http://127.0.0.1:{nowhere}"), format!("127.0.0.1:{nowhere}"));
    let identity = format!("{metadata}/metadata/identity/oauth2/token");
    for (kind, variables) in [
        ("s3", vec![("AWS_METADATA_ENDPOINT", metadata.as_str())]),
        ("azure", vec![("IDENTITY_ENDPOINT", identity.as_str())]),
        ("gcs", vec![("GCE_METADATA_HOST", host.as_str()), ("GCE_METADATA_IP", host.as_str())]),
    ] {
        let error = error_of(&machine.test(kind, "machine", &variables), "test");
        assert!(error.message.contains("This machine has no credentials"), "{kind}: {error}");
        assert!(error.hint.is_some(), "{kind}: {error}");
    }
}
