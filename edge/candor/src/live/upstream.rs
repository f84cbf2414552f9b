//! Options on how servers are reached.

use std::net::SocketAddr;

use clap::ValueEnum;
use proxy::{PinnedAction, TranslationPrefix, UpstreamSettings};

/// How servers are reached.
#[derive(Clone, Debug, clap::Args)]
pub struct UpstreamArgs {
    /// What is done with hosts for which clients refuse our certificate
    #[arg(long, value_name = "WHAT", default_value = "tunnel")]
    on_pinned: PinnedPolicy,
    /// Refusals after which a host is passed through
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    refusals: u32,
    /// Do not check the certificate of this host (repeatable)
    #[arg(long, value_name = "HOST")]
    insecure_upstream: Vec<String>,
    /// Let clients reach this host or address although it is in this machine or its network, or set apart for a
    /// special purpose (repeatable)
    #[arg(long, value_name = "HOST")]
    allow_upstream: Vec<String>,
    /// The network translates IPv6 addresses of this prefix to IPv4 (NAT64): what counts is the address inside.
    /// 64:ff9b::/96 and what the network tells by ipv4only.arpa need not be named (repeatable)
    #[arg(long, value_name = "PREFIX")]
    nat64: Vec<TranslationPrefix>,
    /// Trust the certificates in this file besides the usual ones (repeatable)
    #[arg(long, value_name = "PEM")]
    upstream_ca: Vec<std::path::PathBuf>,
    /// Look for this host at this address instead of asking for its name; `*` is every other host (repeatable)
    #[arg(long, value_name = "HOST:ADDRESS:PORT", value_parser = fixed)]
    resolve: Vec<(String, SocketAddr)>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PinnedPolicy {
    /// Passed through untouched and counted, so that the device keeps working
    Tunnel,
    /// Tried again each time
    Refuse,
}

impl UpstreamArgs {
    /// The proxy's settings for these options. Clients cannot reach `own`, our
    /// sockets, through the proxy.
    pub fn upstream(&self, own: &[SocketAddr]) -> anyhow::Result<UpstreamSettings> {
        let named = |hosts: &[String]| hosts.iter().map(|host| host.trim().to_ascii_lowercase()).collect();
        let mut upstream = UpstreamSettings {
            insecure: named(&self.insecure_upstream),
            allowed: named(&self.allow_upstream),
            fixed: self.resolve.iter().cloned().collect(),
            never: own.to_vec(),
            translations: self.nat64.clone(),
            on_pinned: match self.on_pinned {
                PinnedPolicy::Tunnel => PinnedAction::Tunnel { after: self.refusals },
                PinnedPolicy::Refuse => PinnedAction::Refuse,
            },
            ..UpstreamSettings::default()
        };
        for file in &self.upstream_ca {
            let pem = std::fs::read_to_string(file)
                .map_err(|error| anyhow::anyhow!("cannot read {}: {error}", file.display()))?;
            upstream = upstream.trusting(&pem);
        }
        Ok(upstream)
    }
}

/// Reads a host with its fixed address: `host:192.0.2.1:443`.
fn fixed(text: &str) -> Result<(String, SocketAddr), String> {
    let says = "a host, a colon, and an address with its port: a.example:192.0.2.1:443";
    let (host, address) = text.split_once(':').filter(|(host, _)| !host.is_empty()).ok_or(says)?;
    Ok((host.to_ascii_lowercase(), address.parse().map_err(|_| says)?))
}
