//! The two files that packets are kept in: pcap and pcapng.
//!
//! pcap (draft-ietf-opsawg-pcap) has one head and then packets; pcapng
//! (draft-ietf-opsawg-pcapng) has blocks that say what they are, among them
//! interfaces with a link type each, secrets of TLS, and blocks of other
//! programs: PCAPdroid writes which app a user id is.

use std::collections::BTreeMap;

use model::{GapReason, Time};

use crate::source::CaptureSource;

/// What comes up in a file.
pub(super) enum FileEvent {
    Packet(CapturedPacket),
    /// A log of secrets.
    Secrets(Vec<u8>),
    /// A user id of Android, and the package that has it.
    App(u32, String),
    /// Something that is wrong with the file.
    Wrong(GapReason, String),
}

/// One packet, as it stands in the file.
pub(super) struct CapturedPacket {
    pub(super) at: Time,
    pub(super) link: u32,
    pub(super) bytes: Vec<u8>,
    /// How long it was; the file may have less.
    pub(super) length: usize,
    /// The user id that it belongs to, as PCAPdroid writes it.
    pub(super) user: Option<u32>,
}

/// Larger packets and blocks are left out; segments of kernels reach 64 kB, USB more.
const PACKET: usize = 1 << 20;
/// A block of secrets may be as long as a log of many connections.
const BLOCK: usize = 16 << 20;
/// Interfaces of one file.
const INTERFACES: usize = 4096;

pub(super) fn is_pcap(head: &[u8]) -> bool {
    byte_order(head).is_some()
}

pub(super) fn is_pcapng(head: &[u8]) -> bool {
    head.starts_with(b"\x0a\x0d\x0d\x0a") && matches!(head.get(8..12), Some(b"\x1a\x2b\x3c\x4d" | b"\x4d\x3c\x2b\x1a"))
}

/// Whether numbers have their highest byte first, and how long a tick is in
/// nanoseconds. The third magic is of a patched libpcap, with longer heads.
fn byte_order(head: &[u8]) -> Option<(bool, u64, usize)> {
    Some(match head.get(..4)? {
        b"\xa1\xb2\xc3\xd4" => (true, 1_000, 16),
        b"\xd4\xc3\xb2\xa1" => (false, 1_000, 16),
        b"\xa1\xb2\x3c\x4d" => (true, 1, 16),
        b"\x4d\x3c\xb2\xa1" => (false, 1, 16),
        b"\xa1\xb2\xcd\x34" => (true, 1_000, 24),
        b"\x34\xcd\xb2\xa1" => (false, 1_000, 24),
        _ => return None,
    })
}

/// Reads a file of either kind. Stops when `each` gives false.
pub(super) fn read(source: &mut CaptureSource<'_>, each: &mut dyn FnMut(FileEvent) -> bool) {
    match byte_order(source.head()) {
        Some((big, tick, head)) => pcap(source, Order { big }, tick, head, each),
        None => Blocks::default().read(source, each),
    }
}

#[derive(Clone, Copy, Default)]
struct Order {
    big: bool,
}

impl Order {
    fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let two = bytes.get(at..at + 2).and_then(|two| two.try_into().ok()).unwrap_or_default();
        if self.big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) }
    }

    fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).unwrap_or_default();
        if self.big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    }
}

const ENDS: &str = "the file ends within a packet";

fn pcap(source: &mut CaptureSource<'_>, order: Order, tick: u64, head: usize, each: &mut dyn FnMut(FileEvent) -> bool) {
    let file = source.take(24);
    if file.len() < 24 {
        each(FileEvent::Wrong(GapReason::Cut, "the file ends within its head".into()));
        return;
    }
    // The upper bits say how long a frame's check sum is.
    let link = order.u32(&file, 20) & 0x03ff_ffff;
    loop {
        let record = source.take(head);
        if record.is_empty() {
            return;
        }
        let kept = order.u32(&record, 8) as usize;
        if record.len() < head {
            each(FileEvent::Wrong(GapReason::Cut, ENDS.into()));
            return;
        }
        if kept > PACKET {
            let says = "a packet is longer than any can be: the file is broken, and the rest was not read";
            each(FileEvent::Wrong(GapReason::Broken, says.into()));
            return;
        }
        let bytes = source.take(kept);
        let is_cut = bytes.len() < kept;
        let nanos = u64::from(order.u32(&record, 4)).saturating_mul(tick);
        let at = Time(i64::from(order.u32(&record, 0)) * 1_000_000 + (nanos / 1_000) as i64);
        let length = (order.u32(&record, 12) as usize).max(kept);
        let goes_on = each(FileEvent::Packet(CapturedPacket { at, link, bytes, length, user: None }));
        if is_cut {
            each(FileEvent::Wrong(GapReason::Cut, ENDS.into()));
        }
        if !goes_on || is_cut {
            return;
        }
    }
}

/// What pcapng says of an interface.
#[derive(Clone, Copy)]
struct Interface {
    link: u32,
    snap: usize,
    /// How many ticks a second has.
    ticks: u64,
    offset: i64,
}

/// A pcapng file that is being read.
#[derive(Default)]
struct Blocks {
    order: Order,
    interfaces: Vec<Interface>,
    /// Blocks of kinds that are not read, each with how many there were.
    unknown: BTreeMap<u32, u64>,
}

const SECTION: u32 = 0x0a0d_0d0a;

impl Blocks {
    fn read(mut self, source: &mut CaptureSource<'_>, each: &mut dyn FnMut(FileEvent) -> bool) {
        loop {
            let head = source.take(8);
            if head.is_empty() {
                return;
            }
            match self.block(source, &head, each) {
                Ok(true) => {}
                Ok(false) => return,
                Err((why, says)) => {
                    each(FileEvent::Wrong(why, says.into()));
                    return;
                }
            }
        }
    }

    fn block(
        &mut self,
        source: &mut CaptureSource<'_>,
        head: &[u8],
        each: &mut dyn FnMut(FileEvent) -> bool,
    ) -> Result<bool, (GapReason, &'static str)> {
        const CUT: (GapReason, &str) = (GapReason::Cut, "the file ends within a block");
        if head.len() < 8 {
            return Err(CUT);
        }
        let mut body = Vec::new();
        // The magic of a section says in which order its own length is written.
        if head.starts_with(b"\x0a\x0d\x0d\x0a") {
            body = source.take(4);
            self.order.big = match &body[..] {
                b"\x1a\x2b\x3c\x4d" => true,
                b"\x4d\x3c\x2b\x1a" => false,
                _ => {
                    return Err((
                        GapReason::Broken,
                        "a section of the file does not begin as one: the rest was not read",
                    ));
                }
            };
            self.interfaces.clear();
        }
        let kind = self.order.u32(head, 0);
        let length = self.order.u32(head, 4) as usize;
        if length < 12 + body.len() {
            return Err((GapReason::Broken, "a block says that it is shorter than its head: the rest was not read"));
        }
        // Some writers do not round up (all lengths are multiples of 4).
        let rest = length.next_multiple_of(4) - 12 - body.len();
        if rest > BLOCK {
            each(FileEvent::Wrong(GapReason::Budget, "a block is larger than the budget allows".into()));
            return if source.leave_out(rest as u64 + 4) { Ok(true) } else { Err(CUT) };
        }
        body.extend(source.take(rest));
        let is_whole = body.len() >= length.next_multiple_of(4) - 12 && source.take(4).len() == 4;
        let goes_on = self.take(kind, &body, each);
        if is_whole { Ok(goes_on) } else { Err(CUT) }
    }

    fn take(&mut self, kind: u32, body: &[u8], each: &mut dyn FnMut(FileEvent) -> bool) -> bool {
        match kind {
            1 => self.interface(body),
            // Simple packets have neither time nor interface (§4.4).
            3 => {
                let Some(bytes) = body.get(4..) else { return true };
                let (length, snap) =
                    (self.order.u32(body, 0) as usize, self.interfaces.first().map_or(0, |first| first.snap));
                let kept = if snap == 0 { length } else { length.min(snap) };
                return self.packet(0, Time(0), &bytes[..kept.min(bytes.len())], length, None, each);
            }
            6 | 2 => return self.enhanced(kind, body, each),
            // Decryption secrets (§4.7): a key log of TLS is "TLSK".
            10 if self.order.u32(body, 0) == 0x544c_534b => {
                let length = self.order.u32(body, 4) as usize;
                let log = body.get(8..).unwrap_or_default();
                return each(FileEvent::Secrets(log[..length.min(log.len())].to_vec()));
            }
            0x0bad | 0x4000_0bad => {
                if let Some((user, package)) = app(self.order, body) {
                    return each(FileEvent::App(user, package));
                }
            }
            // Names, statistics, what was dropped, other secrets: nothing that was sent.
            SECTION | 4 | 5 | 10 => {}
            _ => {
                if self.unknown.len() < 64 {
                    *self.unknown.entry(kind).or_default() += 1;
                }
            }
        }
        true
    }

    fn interface(&mut self, body: &[u8]) {
        if self.interfaces.len() >= INTERFACES {
            return;
        }
        let mut interface = Interface {
            link: u32::from(self.order.u16(body, 0)),
            snap: self.order.u32(body, 4) as usize,
            ticks: 1_000_000,
            offset: 0,
        };
        for (code, value) in options(self.order, body.get(8..).unwrap_or_default()) {
            match (code, value) {
                // `if_tsresol`: a power of ten, or of two.
                (9, [power, ..]) if power & 0x80 == 0 => {
                    interface.ticks = 10_u64.checked_pow(u32::from(*power)).unwrap_or(1_000_000);
                }
                (9, [power, ..]) => interface.ticks = 1_u64.checked_shl(u32::from(power & 0x7f)).unwrap_or(1_000_000),
                // `if_tsoffset`, in seconds.
                (14, value) if value.len() == 8 => {
                    interface.offset = i64::from(self.order.u32(value, if self.order.big { 4 } else { 0 }) as i32)
                }
                _ => {}
            }
        }
        self.interfaces.push(interface);
    }

    fn enhanced(&mut self, kind: u32, body: &[u8], each: &mut dyn FnMut(FileEvent) -> bool) -> bool {
        let order = self.order;
        let interface = if kind == 6 { order.u32(body, 0) as usize } else { usize::from(order.u16(body, 0)) };
        let ticks = u64::from(order.u32(body, 4)) << 32 | u64::from(order.u32(body, 8));
        let (kept, length) = (order.u32(body, 12) as usize, order.u32(body, 16) as usize);
        let Some(rest) = body.get(20..) else { return true };
        let (bytes, options_at) = rest.split_at(kept.min(rest.len()));
        let padding = kept.next_multiple_of(4) - kept;
        let comment = options(order, options_at.get(padding..).unwrap_or_default()).find(|(code, _)| *code == 1);
        // PCAPdroid: `u-10123`.
        let user = comment.and_then(|(_, text)| std::str::from_utf8(text).ok()?.strip_prefix("u-")?.parse().ok());
        let at = self.interfaces.get(interface).map_or(Time(0), |interface| time(interface, ticks));
        self.packet(interface, at, bytes, length, user, each)
    }

    fn packet(
        &self,
        interface: usize,
        at: Time,
        bytes: &[u8],
        length: usize,
        user: Option<u32>,
        each: &mut dyn FnMut(FileEvent) -> bool,
    ) -> bool {
        let Some(interface) = self.interfaces.get(interface) else {
            return each(FileEvent::Wrong(
                GapReason::Broken,
                "a packet is of an interface that the file does not have".into(),
            ));
        };
        if bytes.len() > PACKET {
            return each(FileEvent::Wrong(GapReason::Budget, "a packet is larger than the budget allows".into()));
        }
        let (bytes, length) = (bytes.to_vec(), length.max(bytes.len()));
        each(FileEvent::Packet(CapturedPacket { at, link: interface.link, bytes, length, user }))
    }
}

fn time(interface: &Interface, ticks: u64) -> Time {
    let micros = u128::from(ticks) * 1_000_000 / u128::from(interface.ticks.max(1));
    Time(i64::try_from(micros).unwrap_or(0).saturating_add(interface.offset.saturating_mul(1_000_000)))
}

/// Options of a block: code, length, value, rounded up to 4 bytes (§3.5).
fn options(order: Order, mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (code, length) = (order.u16(bytes, 0), usize::from(order.u16(bytes, 2)));
        let value = bytes.get(4..4 + length).filter(|_| code != 0)?;
        bytes = bytes.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    })
}

/// PCAPdroid's block of which package a user id is: after the number of its
/// maker a version and a kind, the id, and two texts behind their lengths. How
/// wide the fields are the length of the block decides.
fn app(order: Order, body: &[u8]) -> Option<(u32, String)> {
    for (start, width) in [(6, 1), (6, 2), (8, 1), (8, 2), (12, 4)] {
        let number = |at: usize| match width {
            1 => body.get(at).map(|byte| usize::from(*byte)),
            2 => Some(usize::from(order.u16(body, at))),
            _ => Some(order.u32(body, at) as usize),
        };
        let (Some(package), Some(name)) = (number(start + 4), number(start + 4 + width)) else { continue };
        let at = start + 4 + 2 * width;
        let end = at.saturating_add(package).saturating_add(name);
        let text = body.get(at..at.saturating_add(package)).and_then(|text| std::str::from_utf8(text).ok());
        let Some(text) = text.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()))
        else {
            continue;
        };
        if (end..end + 4).contains(&body.len()) {
            return Some((order.u32(body, start), text.to_owned()));
        }
    }
    None
}
