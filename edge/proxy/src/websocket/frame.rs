//! WebSocket frames and their messages (RFC 6455 §5), without a socket.

/// The type of a frame (§5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
    Reserved(u8),
}

/// The header of a frame; the payload follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHead {
    pub(crate) last: bool,
    /// RSV1: the message is compressed, if both sides agreed on that (RFC
    /// 7692).
    pub(crate) compressed: bool,
    /// RSV2 or RSV3: no known extension uses them.
    pub(crate) reserved: bool,
    pub(crate) opcode: Opcode,
    pub(crate) mask: Option<[u8; 4]>,
    pub(crate) payload: u64,
    /// The length of the header in bytes.
    pub(crate) length: usize,
}

impl FrameHead {
    /// Parses the header of the frame at the front of `bytes`; None if more
    /// bytes are needed.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let [first, second, rest @ ..] = bytes else { return None };
        let (payload, extended) = match second & 0x7f {
            126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 2),
            127 => (u64::from_be_bytes(*rest.first_chunk()?), 8),
            short => (u64::from(short), 0),
        };
        let masked = second & 0x80 != 0;
        let mask = if masked { Some(*rest.get(extended..)?.first_chunk()?) } else { None };
        Some(Self {
            last: first & 0x80 != 0,
            compressed: first & 0x40 != 0,
            reserved: first & 0x30 != 0,
            opcode: Opcode::of(first & 0x0f),
            mask,
            payload,
            length: 2 + extended + if masked { 4 } else { 0 },
        })
    }
}

impl FrameHead {
    /// Whether the frame is part of a message, and not a separate frame.
    pub(crate) fn is_of_a_message(&self, is_open: bool) -> bool {
        match self.opcode {
            Opcode::Text | Opcode::Binary => true,
            Opcode::Continuation => is_open,
            Opcode::Close | Opcode::Ping | Opcode::Pong | Opcode::Reserved(_) => false,
        }
    }

    /// Whether the protocol allows this frame here: after a frame that is not
    /// allowed a server closes the connection (§5.2, §5.4, §5.5), unless the
    /// server cooperates with the client to receive its content.
    pub(crate) fn is_allowed(&self, is_open: bool, may_be_compressed: bool) -> bool {
        let starts = matches!(self.opcode, Opcode::Text | Opcode::Binary);
        let order = match self.opcode {
            Opcode::Continuation => is_open,
            Opcode::Text | Opcode::Binary => !is_open,
            Opcode::Close | Opcode::Ping | Opcode::Pong => self.last && self.payload <= LONGEST_CONTROL,
            Opcode::Reserved(_) => false,
        };
        order && !self.reserved && (!self.compressed || (starts && may_be_compressed))
    }
}

/// The longest payload of a control frame (§5.5).
const LONGEST_CONTROL: u64 = 125;

impl Opcode {
    fn of(number: u8) -> Self {
        match number {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            other => Self::Reserved(other),
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
            Self::Reserved(number) => number,
        }
    }
}

/// Removes a client's mask (§5.3); `offset` is the position of the first byte
/// in the payload.
pub(crate) fn unmask(bytes: &mut [u8], mask: [u8; 4], offset: u64) {
    let start = (offset % 4) as usize;
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte ^= mask[(start + at) % 4];
    }
}

/// A frame of our own: complete, short, and without a mask.
pub(crate) fn frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode.number()];
    match payload.len() {
        short @ 0..126 => bytes.push(short as u8),
        length @ 126..65_536 => {
            bytes.push(126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            bytes.push(127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes
}

/// A client's Close frame without a reason.
pub(crate) fn masked_close() -> Vec<u8> {
    vec![0x80 | Opcode::Close.number(), 0x80, 0, 0, 0, 0]
}

/// A client's message in one frame, not compressed.
pub(crate) fn masked(text: bool, mask: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let opcode = if text { Opcode::Text } else { Opcode::Binary };
    let mut bytes = frame(opcode, payload);
    let head = bytes.len() - payload.len();
    bytes[1] |= 0x80;
    unmask(&mut bytes[head..], mask, 0);
    bytes.splice(head..head, mask);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_hello_is_read() {
        // RFC 6455 §5.7.
        let wire = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert!((0..6).all(|cut| FrameHead::read(&wire[..cut]).is_none()));
        let head = FrameHead::read(&wire).unwrap();
        assert_eq!((head.opcode, head.last, head.payload, head.length), (Opcode::Text, true, 5, 6));
        let mut text = wire[6..].to_vec();
        unmask(&mut text[..2], head.mask.unwrap(), 0);
        unmask(&mut text[2..], head.mask.unwrap(), 2);
        assert_eq!(text, b"Hello");
    }

    #[test]
    fn frames_that_no_server_may_take_are_told_from_others() {
        let allowed =
            |bytes: &[u8], is_open, compresses| FrameHead::read(bytes).unwrap().is_allowed(is_open, compresses);
        for (bytes, is_open, compresses) in [
            (&b"\x81\x05"[..], false, false),
            (b"\xc1\x05", false, true),
            (b"\x80\x05", true, true),
            (b"\x89\x7d", true, false),
            (b"\x88\x02", false, false),
        ] {
            assert!(allowed(bytes, is_open, compresses), "{bytes:?}");
        }
        for (bytes, is_open, compresses) in [
            (&b"\xc1\x05"[..], false, false),
            (b"\xa1\x05", false, true),
            (b"\x91\x05", false, true),
            (b"\xc0\x05", true, true),
            (b"\xc9\x05", true, true),
            (b"\x80\x05", false, true),
            (b"\x81\x05", true, true),
            (b"\x09\x05", false, true),
            (b"\x89\x7e\x00\x7e", false, true),
            (b"\x83\x05", false, true),
            (b"\x8b\x05", true, true),
        ] {
            assert!(!allowed(bytes, is_open, compresses), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_framed_is_read_again() {
        for length in [0, 125, 126, 65_535, 65_536] {
            let wire = frame(Opcode::Binary, &vec![7; length]);
            let head = FrameHead::read(&wire).unwrap();
            assert_eq!((head.payload as usize, head.length + length, head.mask), (length, wire.len(), None));
        }
    }
}
