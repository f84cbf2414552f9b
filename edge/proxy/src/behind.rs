//! What stands behind a connection of a client: ourselves, or its server.

use std::sync::Arc;

use crate::{
    egress::{ConnectError, ServerConnector},
    link::ConnectionContext,
    place::{ConnectionTarget, HostPort},
    wire::BufferedStream,
};

/// Who answers on a connection.
pub(crate) enum UpstreamPeer {
    /// Candor: the sinkhole, or a host of our own.
    Us,
    Server(UpstreamServer),
}

/// A server, and how it is reached.
pub(crate) struct UpstreamServer {
    pub(crate) egress: Arc<ServerConnector>,
    pub(crate) reached: Option<ServerConnection>,
    /// What stood in the way of TLS: told to the client at its first request.
    pub(crate) trouble: Option<ConnectError>,
}

/// A connection to a server.
pub(crate) struct ServerConnection {
    pub(crate) conn: BufferedStream,
    pub(crate) target: HostPort,
    pub(crate) encrypted: bool,
}

impl UpstreamPeer {
    /// Who answers what goes to this place. A server is connected to at once,
    /// so that a client is not told that it has a connection where none is.
    pub(crate) async fn find(link: &ConnectionContext, place: &ConnectionTarget) -> Result<Self, ConnectError> {
        let Some(egress) = &link.shared.egress else { return Ok(Self::Us) };
        let mut server = UpstreamServer { egress: Arc::clone(egress), reached: None, trouble: None };
        if place.target.is_some() {
            let target = link.destination(place);
            if link.shared.owns(&target.host) {
                return Ok(Self::Us);
            }
            server.reach(link, &target, false).await?;
        }
        Ok(Self::Server(server))
    }
}

impl UpstreamServer {
    /// A connection to `target`: the one that is there, or a new one; and
    /// whether it was there.
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
        let conn = connect(&self.egress, link, target, encrypted).await?;
        let reached = ServerConnection { conn, target: target.clone(), encrypted };
        Ok((&mut self.reached.insert(reached).conn, false))
    }
}

/// A new connection to a server, for requests in HTTP/1.
pub(crate) async fn connect(
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
