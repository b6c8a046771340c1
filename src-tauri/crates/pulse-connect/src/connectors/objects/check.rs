//! The check of a connection to a bucket, step by step.

use pulse_core::{Code, Error, Result};

use super::{Cloud, Place, Stage};
use crate::connector::Check;
use crate::net;

/// Finds the host, connects, and lists one object, which shows trust, sign-in and rights.
pub(crate) fn check(cloud: &Cloud, check: &mut Check<'_>) -> Result<()> {
    let progress = check.progress;
    let host = cloud.endpoint.host_str().unwrap_or_default().to_owned();
    let port = cloud.endpoint.port_or_known_default().unwrap_or(443);
    let addresses = check.step("Find the host", || {
        let addresses = net::run(progress, find(&host, port))?;
        let shown: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
        Ok((addresses, format!("{host} is {}.", shown.join(", "))))
    })?;
    check.step("Connect", || {
        net::run(progress, async {
            let attempt = tokio::time::timeout(
                std::time::Duration::from_secs(10),
                tokio::net::TcpStream::connect(&addresses[..]),
            );
            match attempt.await {
                Ok(Ok(_)) => Ok(((), format!("Port {port} answers."))),
                Ok(Err(cause)) => Err(refused(&host, port, &cause.to_string())),
                Err(_) => Err(refused(&host, port, "no answer in 10 seconds")),
            }
        })
    })?;
    let touched = net::run(progress, async { Ok(cloud.touch().await) })?;
    let failed_at =
        |stage: Stage| touched.as_ref().err().filter(|(at, _)| *at == stage).map(|(_, error)| error.clone());
    let tls = failed_at(Stage::Tls).or_else(|| failed_at(Stage::Connect));
    check.step("TLS", || match tls {
        Some(error) => Err(error),
        None if cloud.endpoint.scheme() == "http" => Ok(((), "Not used: the connection allows plain HTTP.".into())),
        None => Ok(((), "The connection is encrypted.".into())),
    })?;
    check.step("Sign in", || match failed_at(Stage::SignIn) {
        Some(error) => Err(error),
        None => Ok(((), "The store accepts the credentials.".into())),
    })?;
    check.step("Read", || match touched {
        Ok(true) => Ok(((), format!("{} can be listed.", cloud.address("")))),
        Ok(false) => Ok(((), format!("{} can be listed; it is empty.", cloud.address("")))),
        Err((_, error)) => Err(error),
    })
}

async fn find(host: &str, port: u16) -> Result<Vec<std::net::SocketAddr>> {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::net::lookup_host((name, port)).await;
    found.map(Iterator::collect).ok().filter(|found: &Vec<_>| !found.is_empty()).ok_or_else(|| {
        Error::new(Code::Unreachable, format!("The host `{host}` was not found."))
            .hint("Check the endpoint or the account's name, and the network connection.")
            .field("endpoint")
    })
}

fn refused(host: &str, port: u16, cause: &str) -> Error {
    Error::new(Code::Unreachable, format!("{host} does not answer on port {port}: {cause}."))
        .hint("Check the endpoint and its port, and whether a firewall is in between.")
        .field("endpoint")
}
