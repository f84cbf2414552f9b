//! Who answered a request.

use crate::word::word_enum;

word_enum! {
    /// Who answered a request.
    AnsweredBy {
        /// The server that was asked.
        Upstream = "upstream",
        /// Candor's sinkhole, in place of the server that was asked: no server
        /// was contacted.
        Sinkhole = "sinkhole",
        /// Candor's own server, for a honey site that it serves itself.
        Honey = "honey",
        /// The guard, which answered the request instead of forwarding it.
        Guard = "guard",
        /// The proxy, with an error: it got no answer from the server.
        Proxy = "proxy",
        /// The DNS resolver of a trial.
        Resolver = "resolver",
        /// Candor's own user interface.
        Candor = "candor",
        /// Not known, because another program wrote the capture.
        Capture = "capture",
    }
}
