//! Values that a protocol asks its speakers to draw at random.

/// Whether what stands at this place of an opened layer is drawn at random because
/// a protocol asks for it: all who speak it send such values, and they say nothing.
pub fn is_drawn(layer: &str, place: &str) -> bool {
    let name = place.split_once('#').map_or(place, |(name, _)| name);
    match layer {
        // Keys, nonces, what GREASE adds (RFC 8701), and what a server gave to come back with; a
        // hello that is cut ends in the middle of one of them.
        "client-hello" => CLIENT_HELLO.contains(&name),
        // Ids of a connection, and pieces of a hello whose start is missing.
        "quic" => matches!(name, "destination-id" | "source-id") || name.starts_with("crypto-"),
        _ => false,
    }
}

const CLIENT_HELLO: [&str; 9] = [
    "random",
    "session-id",
    "key-share",
    "ticket",
    "pre-shared-key",
    "encrypted-client-hello",
    "grease",
    "quic-grease",
    "rest",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_known_by_its_place() {
        for (layer, place) in
            [("client-hello", "random"), ("client-hello", "grease#2"), ("quic", "crypto-312"), ("quic", "source-id#2")]
        {
            assert!(is_drawn(layer, place), "{layer} {place}");
        }
        for (layer, place) in [
            ("client-hello", "server-name"),
            ("client-hello", "extension-64177"),
            ("quic", "token"),
            ("json", "random"),
        ] {
            assert!(!is_drawn(layer, place), "{layer} {place}");
        }
    }
}
