//! The subjects of notes, and the text of notes that are parsed again.

use crate::{Note, Time, word::word_enum};

word_enum! {
    /// The subject of a note.
    NoteCode {
        /// A step of a trial that the driver cannot do.
        NotDone = "not-done",
        /// Traffic that bypasses the proxy setting was not watched.
        NotWatched = "not-watched",
        /// Packets that were not redirected to the proxy could not be counted.
        NotCounted = "not-counted",
        /// A page that did not open.
        VisitFailed = "visit-failed",
        /// The position of a switch in a fresh install; see [`Note::switch_read`].
        DefaultRead = "default-read",
        /// A client dropped connections in the handshake and opened them again.
        GivenUp = "given-up",
        /// The package that the subject came in.
        Package = "package",
        /// The command line that the subject was started by.
        CommandLine = "command-line",
        /// The environment that the subject was started in.
        Environment = "environment",
        /// A preference that the subject's profile held at the end.
        Preference = "preference",
        /// How a capture was made.
        Capture = "capture",
        /// A choice that the person made in the guard.
        Choice = "choice",
        /// What the guard decided.
        Guard = "guard",
        /// An earlier file of evidence was removed, or could not be written any more.
        EvidenceLost = "evidence-lost",
        /// A DNS query outside of trials; see [`Note::dns_question`].
        Dns = "dns",
        /// Initial datagrams of QUIC, refused so that clients fall back to TCP.
        QuicRefused = "quic-refused",
        /// Packets that are neither TCP nor DNS, refused.
        PacketsRefused = "packets-refused",
        /// Packets that are neither TCP nor DNS, forwarded without being read.
        PacketsUnread = "packets-unread",
        /// More packets came at once than could be written down.
        PacketsLost = "packets-lost",
        /// A call to a program on the machine itself.
        LoopbackCall = "loopback-call",
        /// An `Alt-Svc` offer of HTTP/3, removed from an answer.
        AltSvcRemoved = "alt-svc-removed",
        /// A connection that bypassed the configured proxy.
        Bypassed = "bypassed",
        /// A connection of a device that is not paired.
        Unpaired = "unpaired",
        /// Connections above the limit of concurrent connections.
        ConnectionsRefused = "connections-refused",
        /// A request for Candor's own pages through its proxy.
        OwnAddressRefused = "own-address-refused",
        /// A request that broke off before it could be read.
        CutRequest = "cut-request",
        /// A TLS handshake that ended together with Candor.
        CutHandshake = "cut-handshake",
        /// A connection on which the client sent nothing.
        Silent = "silent",
        /// A connection on which the client sent nothing until the timeout.
        SilentTimeout = "silent-timeout",
        /// A TLS connection on which the client sent nothing after the handshake.
        ClosedAfterHandshake = "closed-after-handshake",
        /// An HTTP/2 connection on which no request came.
        Http2WithoutRequest = "http2-without-request",
        /// Requests on an HTTP/2 connection that broke off or broke its rules.
        Http2BrokenRequests = "http2-broken-requests",
        /// A server that could not be reached.
        Unreachable = "unreachable",
        /// A SOCKS client that was not let in.
        SocksRefused = "socks-refused",
        /// A request to carry UDP over SOCKS.
        SocksUdpRefused = "socks-udp-refused",
    }
}

impl NoteCode {
    /// Whether the note reports an omission, which every report must show. An unknown code of a
    /// later Candor is an omission if it begins with `not-`.
    pub fn is_omission(&self) -> bool {
        match self {
            Self::NotDone | Self::NotWatched | Self::NotCounted | Self::EvidenceLost => true,
            Self::Other(word) => word.starts_with("not-"),
            _ => false,
        }
    }
}

impl Note {
    /// A note that a switch is on or off in a fresh install.
    pub fn default_read(trial: Option<u32>, at: Time, switch: &str, is_on: bool) -> Self {
        let says = format!("{switch} {}", if is_on { "on" } else { "off" });
        Self { trial, at, code: NoteCode::DefaultRead, says, count: 1 }
    }

    /// The switch that a note of [`Note::default_read`] names, and whether it is on.
    pub fn switch_read(&self) -> Option<(&str, bool)> {
        let (switch, position) = self.says.rsplit_once(' ').filter(|_| self.code == NoteCode::DefaultRead)?;
        Some((switch, position == "on"))
    }

    /// A note that a name was looked up in DNS.
    pub fn dns(trial: Option<u32>, at: Time, name: &str, kind: &str) -> Self {
        Self { trial, at, code: NoteCode::Dns, says: format!("{name} {kind}"), count: 1 }
    }

    /// The name that a note of [`Note::dns`] holds, and the record type that was queried.
    pub fn dns_question(&self) -> Option<(&str, &str)> {
        self.says.rsplit_once(' ').filter(|_| self.code == NoteCode::Dns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_a_word_of_its_own() {
        for code in NoteCode::KNOWN {
            assert_eq!(NoteCode::from(code.as_str()), *code);
        }
    }

    #[test]
    fn a_code_of_a_later_candor_is_kept_and_not_shown() {
        let code = NoteCode::from("not-thought-of");
        assert_eq!((code.as_str(), code.is_omission()), ("not-thought-of", true));
        assert_eq!(format!("{code:?}"), "Other(..)");
        assert!(!NoteCode::from("thought-of").is_omission());
    }

    #[test]
    fn what_a_note_says_is_read_as_it_was_written() {
        let read = Note::default_read(Some(1), Time(0), "send usage data", true);
        assert_eq!((read.says.as_str(), read.switch_read()), ("send usage data on", Some(("send usage data", true))));
        assert_eq!(Note::default_read(None, Time(0), "x", false).switch_read(), Some(("x", false)));
        let asked = Note::dns(None, Time(0), "a.example", "HTTPS");
        assert_eq!((asked.dns_question(), asked.switch_read()), (Some(("a.example", "HTTPS")), None));
    }
}
