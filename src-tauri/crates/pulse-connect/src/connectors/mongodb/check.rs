//! Trying a connection, step by step.

use std::net::SocketAddr;
use std::time::Duration;

use ::mongodb::Client;
use ::mongodb::bson::{Document, doc};
use ::mongodb::options::{ClientOptions, Tls};
use pulse_core::{Code, Error, Progress, Result};
use tokio::net::{TcpStream, lookup_host};

use super::browse;
use super::link::{Link, host_and_port};
use crate::connector::Check;
use crate::net;

/// How long one server may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Finds the host, connects, agrees on TLS, signs in and lists what can be read.
pub(super) fn run(link: &Link, check: &mut Check<'_>) -> Result<()> {
    let progress = check.progress;
    let (options, addresses) = check.step("Find the host", || net::run(progress, find(link)))?;
    check.step("Connect", || net::run(progress, connect(&addresses)))?;
    check.step("TLS", || greet(link, &options, progress))?;
    let client = check.step("Sign in", || sign_in(link, &options, progress))?;
    check.step("Read", || {
        let names = net::run(progress, async {
            let names = browse::databases(link, &client).await?;
            let Some(own) = link.default_database(&client) else { return Ok(names) };
            // It is named above even to whoever may list no databases, and so may read nothing of it.
            match browse::collections(link, &client, &own).await {
                Err(error) if error.code != Code::Unsupported => Err(error),
                _ => Ok(names),
            }
        })?;
        let shown = names.iter().take(5).map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        let more = if names.len() > 5 { ", …" } else { "" };
        Ok(((), format!("{} databases: {shown}{more}", names.len())))
    })
}

/// The servers and their addresses.
async fn find(link: &Link) -> Result<((ClientOptions, Vec<SocketAddr>), String)> {
    let options = link.options().await?;
    let mut addresses = Vec::new();
    let mut failed = None;
    for (host, port) in options.hosts.iter().filter_map(host_and_port) {
        let found: Result<Vec<SocketAddr>, _> = lookup_host((host.as_str(), port)).await.map(Iterator::collect);
        match found {
            Ok(found) => addresses.extend(found),
            Err(cause) => failed = Some((host, cause)),
        }
    }
    if let (true, Some((host, cause))) = (addresses.is_empty(), failed) {
        return Err(Error::new(Code::Unreachable, format!("Could not find the host `{host}`: {cause}."))
            .hint("Check the host name.")
            .field("host"));
    }
    let hosts: Vec<String> = options.hosts.iter().map(ToString::to_string).collect();
    Ok(((options, addresses), hosts.join(", ")))
}

/// Whether one of the addresses accepts a connection.
async fn connect(addresses: &[SocketAddr]) -> Result<((), String)> {
    let mut why = "there is no address".to_owned();
    for address in addresses {
        match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(((), address.to_string())),
            Ok(Err(cause)) => why = format!("{address}: {cause}"),
            Err(_) => why = format!("{address} does not answer"),
        }
    }
    Err(Error::new(Code::Unreachable, format!("Could not connect to MongoDB: {why}."))
        .hint("Check host and port, that the server runs, and that no firewall is in the way.")
        .field("port"))
}

/// Asks for the version, which the server tells before anybody signs in.
fn greet(link: &Link, options: &ClientOptions, progress: &Progress) -> Result<((), String)> {
    let mut anonymous = options.clone();
    anonymous.credential = None;
    let info = net::run(progress, async {
        let client = Client::with_options(anonymous).map_err(|cause| link.error("prepare the connection", &cause))?;
        command(link, &client, "talk to MongoDB", doc! {"buildInfo": 1}).await
    });
    let version = match info {
        Ok(info) => info.get_str("version").map(|version| format!("MongoDB {version}")).unwrap_or_default(),
        // Some services tell nothing at all before the sign-in; that they refused politely shows that TLS works.
        Err(error) if error.code == Code::PermissionDenied => "MongoDB".to_owned(),
        Err(error) => return Err(error),
    };
    let tls = match &options.tls {
        Some(Tls::Enabled(tls)) if tls.allow_invalid_certificates == Some(true) => "encrypted, certificate not checked",
        Some(Tls::Enabled(_)) => "encrypted, certificate checked",
        _ => "not encrypted",
    };
    Ok(((), format!("{version}, {tls}")))
}

fn sign_in(link: &Link, options: &ClientOptions, progress: &Progress) -> Result<(Client, String)> {
    net::run(progress, async {
        let client = link.client().await?;
        command(link, &client, "sign in to MongoDB", doc! {"ping": 1}).await?;
        let detail = link.user(options).map_or("without a user".to_owned(), |user| format!("as {user}"));
        Ok((client, detail))
    })
}

/// The answer to a command of the server's own database.
pub(super) async fn command(link: &Link, client: &Client, attempt: &str, command: Document) -> Result<Document> {
    let database = client.database("admin");
    link.wait(attempt, database.run_command(command)).await
}
