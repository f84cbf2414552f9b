//! Packet captures, pcap and pcapng, opened with secrets of TLS.
//!
//! Found wherever `tcpdump`, Wireshark or an app on a phone listened to a
//! whole machine. [`blocks`] reads the file, [`packet`] a frame, [`table`]
//! sorts segments into connections, and [`conversation`] reads what was
//! spoken on each: TLS with the secrets of [`key_log`], HTTP/1.1, HTTP/2,
//! WebSocket, DNS. What no secret opens is a sealed exchange with the name the
//! client asked for; what is not in the capture is a gap with its bytes.

mod blocks;

mod packet;

mod reassembly;

pub(super) mod byte_stream;

mod reader;

mod table;

pub(super) mod conversation;

pub(super) mod exchange;

pub(crate) mod key_log;

mod tls;

mod socks;

mod http1;

mod http2;

mod fields;

mod hpack;

mod huffman;

mod websocket;

mod dns;

mod quic;

use self::{
    blocks::FileEvent,
    table::{ConnectionTable, Emitted},
};
use super::{Format, PieceSink};
use crate::{
    piece::{CapturePiece, PieceItem},
    refused::RefusedFile,
    source::CaptureSource,
};

pub(super) struct Pcap;

pub(super) struct Pcapng;

impl Format for Pcap {
    fn name(&self) -> &'static str {
        "pcap"
    }

    fn says(&self) -> &'static str {
        "Packet captures of libpcap (`.pcap`, `.cap`): link types Ethernet, raw IP, Linux cooked v1 and v2, null and loopback; \
         IPv4 and IPv6, TCP in any order, TLS 1.2 and 1.3 with a key log (`SSLKEYLOGFILE`) that lies beside the file or is named \
         with `--keys`, HTTP/1.1, HTTP/2, WebSocket, SOCKS5 and DNS; QUIC is named and sealed. The app of a packet stands in the trailer that PCAPdroid writes"
    }

    fn fits(&self, head: &[u8]) -> bool {
        blocks::is_pcap(head)
    }

    fn cut(&self, source: &mut CaptureSource<'_>, each: &mut PieceSink<'_>) -> Result<u64, RefusedFile> {
        Ok(cut(source, each))
    }

    fn read(&self, _: u64, _: &[u8], _: &mut dyn FnMut(PieceItem)) {}
}

impl Format for Pcapng {
    fn name(&self) -> &'static str {
        "pcapng"
    }

    fn says(&self) -> &'static str {
        "Packet captures of Wireshark, `dumpcap`, eCapture and PCAPdroid (`.pcapng`), read as pcap is, with the TLS secrets that \
         are embedded (Decryption Secrets Blocks) and the apps that PCAPdroid names"
    }

    fn fits(&self, head: &[u8]) -> bool {
        blocks::is_pcapng(head)
    }

    fn cut(&self, source: &mut CaptureSource<'_>, each: &mut PieceSink<'_>) -> Result<u64, RefusedFile> {
        Ok(cut(source, each))
    }

    fn read(&self, _: u64, _: &[u8], _: &mut dyn FnMut(PieceItem)) {}
}

/// Requests of a capture of packets are whole only when all packets of a
/// connection were seen: they are read here, not by the piece.
fn cut(source: &mut CaptureSource<'_>, each: &mut PieceSink<'_>) -> u64 {
    let mut table = ConnectionTable::with_keys(source.key_log());
    let (mut index, mut is_enough) = (0, false);
    let mut give = |emitted: Emitted, is_enough: &mut bool| {
        for (exchange, gaps) in emitted.exchanges {
            if !*is_enough {
                *is_enough = each(CapturePiece::made(index, exchange, gaps)).is_break();
                index += 1;
            }
        }
        for gap in emitted.gaps {
            *is_enough = *is_enough || each(CapturePiece::gap(index, gap.why, gap.says)).is_break();
        }
    };
    blocks::read(source, &mut |event| {
        match event {
            FileEvent::Packet(packet) => table.packet(&packet),
            FileEvent::Secrets(log) => table.secrets(&log),
            FileEvent::App(user, package) => table.app(user, package),
            FileEvent::Wrong(why, says) => table.wrong(why, says),
        }
        if table.is_full() {
            give(table.flush(), &mut is_enough);
        }
        !is_enough
    });
    if !is_enough {
        give(table.finish(), &mut is_enough);
    }
    index
}

#[cfg(test)]
mod wire;

#[cfg(test)]
mod tests;
