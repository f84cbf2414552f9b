//! Who answers a client's connection: Candor, or the server.

use std::sync::Arc;

use crate::{
    NameRuling,
    exchange::connection_context::ConnectionContext,
    exchange::target::{ConnectionTarget, HostPort},
    inbound::stream::BufferedStream,
    upstream::connector::{ConnectError, ServerConnector},
};

/// Who answers on a connection.
#[allow(clippy::large_enum_variant, reason = "there is one a connection, and it is hardly moved")]
pub(crate) enum UpstreamPeer {
    /// Candor: the sinkhole, or one of its own hosts.
    Us,
    Server(UpstreamServer),
}

/// A server, and the connection to it.
pub(crate) struct UpstreamServer {
    pub(crate) egress: Arc<ServerConnector>,
    pub(crate) reached: Option<ServerConnection>,
    /// Whether the server may be connected to before a request is forwarded.
    pub(crate) dialling: DialState,
    /// Why TLS to the server failed: the client gets this as the response to
    /// its first request.
    pub(crate) trouble: Option<ConnectError>,
}

/// Whether and when the server of a connection is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DialState {
    /// Each request names its server.
    ByRequest,
    /// The server may be connected to under this name.
    Allowed(String),
    /// Only the server's address is known; the client has not sent its name
    /// yet.
    NotNamedYet,
    /// The gate did not allow the name to be disclosed: connect only for a
    /// request that may pass, or never.
    Withheld(NameRuling),
}

/// A connection to a server.
pub(crate) struct ServerConnection {
    pub(crate) conn: BufferedStream,
    pub(crate) target: HostPort,
    pub(crate) encrypted: bool,
}

impl UpstreamPeer {
    /// Finds who answers for a target. It connects to the server at once, so
    /// that a client does not get a connection that leads nowhere; but not
    /// before the gate has allowed it.
    pub(crate) async fn find(link: &ConnectionContext, place: &ConnectionTarget) -> Result<Self, ConnectError> {
        let Some(egress) = &link.shared.egress else { return Ok(Self::Us) };
        let mut server =
            UpstreamServer { egress: Arc::clone(egress), reached: None, dialling: DialState::ByRequest, trouble: None };
        if place.target.is_some() {
            let target = link.destination(place);
            if link.shared.owns(&target.host) {
                return Ok(Self::Us);
            }
            server.dialling = match link.settings().gate.is_some() && place.is_bare_address() {
                true => DialState::NotNamedYet,
                false => DialState::of(link.naming(&target), &target),
            };
            if matches!(server.dialling, DialState::Allowed(_)) {
                server.reach(link, &target, false).await?;
            }
        }
        Ok(Self::Server(server))
    }
}

impl DialState {
    fn of(ruling: NameRuling, target: &HostPort) -> Self {
        if ruling == NameRuling::Tell { Self::Allowed(target.host.clone()) } else { Self::Withheld(ruling) }
    }
}

impl UpstreamServer {
    /// Called when the client has sent the server's name, or sent nothing for a
    /// while: connects, if the gate allows the name to be disclosed.
    pub(crate) async fn dial_as(
        &mut self,
        link: &ConnectionContext,
        place: &ConnectionTarget,
        name: &str,
    ) -> Result<(), ConnectError> {
        let target = link.destination(place);
        match &self.dialling {
            DialState::ByRequest | DialState::Withheld(_) => return Ok(()),
            DialState::Allowed(allowed) if allowed == name => return Ok(()),
            DialState::Allowed(_) | DialState::NotNamedYet => {}
        }
        let named = HostPort { host: name.to_owned(), port: target.port };
        self.dialling = DialState::of(link.naming(&named), &named);
        if matches!(self.dialling, DialState::Withheld(_)) {
            self.reached = None;
            return Ok(());
        }
        if self.reached.is_none() && self.trouble.is_none() {
            self.reach(link, &target, false).await?;
        }
        Ok(())
    }

    /// A connection to `target`, and whether it existed before.
    pub(crate) async fn reach(
        &mut self,
        link: &ConnectionContext,
        target: &HostPort,
        encrypted: bool,
    ) -> Result<(&mut BufferedStream, bool), ConnectError> {
        if let Some(trouble) = self.trouble.take() {
            return Err(trouble);
        }
        let fits = |reached: &ServerConnection| reached.target == *target && reached.encrypted == encrypted;
        if let Some(reached) = self.reached.take_if(|reached| fits(reached)) {
            return Ok((&mut self.reached.insert(reached).conn, true));
        }
        let conn = match &self.dialling {
            DialState::Withheld(NameRuling::Never) => return Err(ConnectError::withheld(&target.host)),
            // The gate has decided on this name already.
            DialState::Allowed(_) | DialState::Withheld(_) => dial(&self.egress, link, target, encrypted).await?,
            DialState::ByRequest | DialState::NotNamedYet => connect(&self.egress, link, target, encrypted).await?,
        };
        let reached = ServerConnection { conn, target: target.clone(), encrypted };
        Ok((&mut self.reached.insert(reached).conn, false))
    }
}

/// A new connection to the server that an HTTP/1 request names, if the gate
/// allows the name to be disclosed.
pub(crate) async fn connect(
    egress: &ServerConnector,
    link: &ConnectionContext,
    target: &HostPort,
    encrypted: bool,
) -> Result<BufferedStream, ConnectError> {
    match link.naming(target) {
        NameRuling::Never => Err(ConnectError::withheld(&target.host)),
        // `Wait` is enough here: the gate has let the request itself pass.
        NameRuling::Tell | NameRuling::Wait => dial(egress, link, target, encrypted).await,
    }
}

async fn dial(
    egress: &ServerConnector,
    link: &ConnectionContext,
    target: &HostPort,
    encrypted: bool,
) -> Result<BufferedStream, ConnectError> {
    let conn = egress.connect(target, &link.shared.stop).await?;
    if !encrypted {
        return Ok(conn);
    }
    Ok(egress.encrypt(conn, &target.host, &["http/1.1".to_owned()]).await?.conn)
}
