//! Trying a connection, step by step.

use std::net::SocketAddr;
use std::time::Duration;

use pulse_core::{Code, Error, Result};
use tokio::net::{TcpStream, lookup_host};
use url::Url;

use super::browse;
use super::server::Server;
use crate::connector::Check;
use crate::net;

/// How long one node may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Finds the host, connects, agrees on TLS, signs in and lists what can be read.
pub(super) fn run(server: &Server, check: &mut Check<'_>) -> Result<()> {
    let progress = check.progress;
    let nodes = server.nodes();
    let addresses = check.step("Find the host", || net::run(progress, find(nodes)))?;
    check.step("Connect", || net::run(progress, connect(&addresses)))?;
    check.step("TLS", || {
        server.knock(progress)?;
        let detail = match (nodes[0].scheme(), server.verifies()) {
            ("https", true) => "encrypted, certificate checked",
            ("https", false) => "encrypted, certificate not checked",
            _ => "not encrypted",
        };
        Ok(((), detail.to_owned()))
    })?;
    check.step("Sign in", || {
        let info = server.info(progress)?;
        Ok(((), format!("{}, {}", info.shown(), server.identity())))
    })?;
    check.step("Read", || {
        let names = browse::names(server, progress)?;
        let (hidden, shown): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.hidden);
        Ok(((), format!("{} indices, aliases and data streams; {} hidden", shown.len(), hidden.len())))
    })
}

async fn find(nodes: &[Url]) -> Result<(Vec<SocketAddr>, String)> {
    let (mut addresses, mut hosts, mut failed) = (Vec::new(), Vec::new(), None);
    for node in nodes {
        let host = node.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let found = lookup_host((host.as_str(), node.port_or_known_default().unwrap_or(9200))).await;
        let found: Result<Vec<SocketAddr>, _> = found.map(Iterator::collect);
        match found {
            Ok(found) => addresses.extend(found),
            Err(cause) => failed = Some((host.clone(), cause)),
        }
        hosts.push(host);
    }
    if let (true, Some((host, cause))) = (addresses.is_empty(), failed) {
        return Err(Error::new(Code::Unreachable, format!("Could not find the host `{host}`: {cause}."))
            .hint("Check the spelling of the address; a company's host may need its VPN.")
            .field("address"));
    }
    Ok((addresses, hosts.join(", ")))
}

async fn connect(addresses: &[SocketAddr]) -> Result<((), String)> {
    let mut why = "there is no address".to_owned();
    for address in addresses {
        match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(((), address.to_string())),
            Ok(Err(cause)) => why = format!("{address}: {cause}"),
            Err(_) => why = format!("{address} does not answer"),
        }
    }
    Err(Error::new(Code::Unreachable, format!("Could not connect to the cluster: {why}."))
        .hint("Check host and port (9200 is usual), that the cluster runs, and that no firewall is in the way.")
        .field("address"))
}
