//! Records packets that are neither TCP nor DNS, with their whole payload: each one
//! as an exchange without an answer. A TCP call to the cell itself becomes a note.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use evidence::EvidenceSender;
use model::{Body, Client, Exchange, IngressKind, Note, NoteCode, Record, Request};
use proxy::dns::NameAddresses;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{
    Error,
    cell::{LogEntry, Packet, PacketLog, PacketProtocol, PacketReader},
    now,
};

/// Records the packets in the kernel's log until it is stopped.
#[derive(Debug)]
pub(crate) struct PacketRecorder {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), Error>>,
}

/// The evidence for packets, and the names of the addresses they were sent to.
struct PacketWriter {
    pen: EvidenceSender,
    trial: u32,
    addresses: Arc<NameAddresses>,
    connections: Arc<AtomicU64>,
}

impl PacketRecorder {
    pub(crate) fn start(
        log: PacketLog,
        pen: EvidenceSender,
        trial: u32,
        addresses: Arc<NameAddresses>,
        connections: Arc<AtomicU64>,
    ) -> Result<Self, Error> {
        let packets = log.watch().map_err(|source| Error::Bind { what: "the log of packets", source })?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(PacketWriter { pen, trial, addresses, connections }.work(packets, stopped));
        Ok(Self { stop, task })
    }

    /// Stops recording. Every packet that was logged before is then in the evidence.
    pub(crate) async fn stop(self) -> Result<(), Error> {
        let _ = self.stop.send(());
        self.task.await.map_err(|_| Error::Panicked { what: "the log of packets" })?
    }
}

impl PacketWriter {
    async fn work(self, mut packets: PacketReader, mut stopped: oneshot::Receiver<()>) -> Result<(), Error> {
        let unread = |source| Error::Read { path: "the log of packets".to_owned(), source };
        loop {
            let logged = tokio::select! {
                biased;
                logged = packets.next() => logged.map_err(unread)?,
                _ = &mut stopped => break,
            };
            self.write(logged).await?;
        }
        while let Some(logged) = packets.at_hand().map_err(unread)? {
            self.write(logged).await?;
        }
        Ok(())
    }

    async fn write(&self, logged: LogEntry) -> Result<(), Error> {
        let record = match logged {
            LogEntry::Packet(packet) if packet.protocol == PacketProtocol::Tcp => {
                let says = format!("a call to port {} of the machine itself", packet.port.unwrap_or_default());
                self.note(NoteCode::LoopbackCall, says)
            }
            LogEntry::Packet(packet) => Record::Exchange(Box::new(self.exchange(packet))),
            LogEntry::Lost => self.note(NoteCode::PacketsLost, "more packets came than could be read".into()),
        };
        Ok(self.pen.write(record).await?)
    }

    fn note(&self, code: NoteCode, says: String) -> Record {
        Record::Note(Note { trial: Some(self.trial), at: now(), code, says, count: 1 })
    }

    fn exchange(&self, packet: Packet) -> Exchange {
        let at = now();
        let host = self.addresses.name_of(packet.to).unwrap_or_else(|| match packet.to.to_canonical() {
            std::net::IpAddr::V6(address) => format!("[{address}]"),
            address => address.to_string(),
        });
        let (method, address) = match (packet.protocol, packet.port) {
            (PacketProtocol::Udp, port) => ("UDP", format!("udp://{host}:{}/", port.unwrap_or_default())),
            (PacketProtocol::Icmp, _) => ("ICMP", format!("icmp://{host}/")),
            (PacketProtocol::Other(number), _) => ("IP", format!("ip://{host}/?protocol={number}")),
            (PacketProtocol::Tcp, _) => ("TCP", format!("tcp://{host}/")),
        };
        Exchange {
            index: 0,
            trial: Some(self.trial),
            connection: self.connections.fetch_add(1, Relaxed),
            started: at,
            ended: Some(at),
            inlet: IngressKind::Transparent,
            client: Arc::new(Client::default()),
            request: Request {
                method: method.into(),
                url: address,
                version: method.into(),
                headers: Vec::new(),
                body: Body::whole(packet.payload),
            },
            response: None,
            messages: Vec::new(),
            seal: None,
        }
    }
}
