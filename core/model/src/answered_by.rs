//! Who answered a request.

use crate::word::word_enum;

word_enum! {
    /// Who answered a request.
    AnsweredBy {
        /// The server that was asked.
        Upstream = "upstream",
        /// Candor, as a server would that was contacted.
        Sinkhole = "sinkhole",
        /// Candor, for a site that it serves itself.
        Honey = "honey",
        /// The guard, so that the request did not leave.
        Guard = "guard",
        /// The proxy, because no answer could be had.
        Proxy = "proxy",
        /// The resolver of a trial, for names.
        Resolver = "resolver",
        /// The pages of Candor itself.
        Candor = "candor",
        /// Nobody knows: another program wrote the capture.
        Capture = "capture",
    }
}
