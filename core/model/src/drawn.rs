//! Random values that a protocol requires.

/// Whether the protocol requires a random value at this place of a decoded layer. All programs that
/// use the protocol send such values, and the values carry no information about the person.
pub fn is_drawn(layer: &str, place: &str) -> bool {
    let name = place.split_once('#').map_or(place, |(name, _)| name);
    match layer {
        // Keys, nonces, GREASE values (RFC 8701), and session tickets of the server. `rest` is the
        // end of a hello that is cut in the middle of a field.
        "client-hello" => CLIENT_HELLO.contains(&name),
        // Connection ids, and pieces of a ClientHello whose start is missing.
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
