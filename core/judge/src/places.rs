//! The places of values, in a form that can be compared between exchanges.

use model::{LayerPlace, Route, Trail};

/// The place of a value that may contain the values which follow.
#[derive(Clone, Debug)]
pub(crate) struct OuterValue {
    depth: usize,
    layer: &'static str,
    /// The name in its layer. A nested message has the same depth as the field that contains it,
    /// and a longer name: `4` and `4.1`.
    name: Option<String>,
}

impl OuterValue {
    pub(crate) fn of(route: &Route<'_>) -> Self {
        let name = match route.place {
            LayerPlace::At(name) => Some(name.clone().into_owned()),
            LayerPlace::Whole => None,
        };
        Self { depth: route.depth(), layer: route.layer, name }
    }

    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// The layer of this value by which the next value was reached; none if the next value lies
    /// outside.
    pub(crate) fn layer_within(&self, next: &Route<'_>) -> Option<&'static str> {
        if !self.holds(next) {
            return None;
        }
        let mut route = next;
        while route.depth() > self.depth + 1 {
            route = route.before?;
        }
        Some(route.layer)
    }

    /// Whether the next value lies inside of this one.
    pub(crate) fn holds(&self, next: &Route<'_>) -> bool {
        let depth = next.depth();
        let goes_on = || match (&self.name, next.place) {
            (Some(outer), LayerPlace::At(inner)) => {
                inner.strip_prefix(outer.as_str()).is_some_and(|rest| rest.starts_with(['.', '[']))
            }
            _ => false,
        };
        depth > self.depth || depth == self.depth && next.layer == self.layer && goes_on()
    }
}

/// Removes list positions, because they vary from one batch to the next: `$[3].id` → `$[*].id`,
/// `2#3` → `2`.
pub(crate) fn any_position(trail: &str) -> String {
    let mut text = String::with_capacity(trail.len());
    let mut rest = trail;
    while let Some(open) = rest.find(['[', '#']) {
        let is_list = rest.as_bytes()[open] == b'[';
        let inner = &rest[open + 1..];
        let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
        let is_position = digits > 0 && (!is_list || inner[digits..].starts_with(']'));
        text.push_str(&rest[..open]);
        match (is_position, is_list) {
            (true, true) => text.push_str("[*"),
            (true, false) => {}
            (false, _) => text.push_str(&rest[open..=open]),
        }
        rest = if is_position { &inner[digits..] } else { inner };
    }
    text + rest
}

/// FNV-1a with 64 bits. It is no cryptographic hash: digests are only compared, and only within one
/// audit.
pub fn digest(value: &[u8]) -> u64 {
    value.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The place of a value, without list positions. Two readings of a nested message (`protobuf 4.1`,
/// `protobuf 4 ▸ protobuf 1`) give the same place.
pub(crate) fn place_of(trail: &Trail) -> String {
    let mut text = String::new();
    let mut before = "";
    for step in &trail.steps {
        match &step.place {
            LayerPlace::At(name) if step.layer == "protobuf" && before == "protobuf" => {
                text.push('.');
                text.push_str(name);
            }
            _ => {
                text.push_str(if text.is_empty() { "" } else { " ▸ " });
                text.push_str(&step.to_string());
            }
        }
        before = &step.layer;
    }
    any_position(&text)
}

/// Whether a value is random because a protocol requires it. Every client sends such values, and
/// they carry no information.
pub(crate) fn is_protocol_randomness(place: &str, value: &[u8]) -> bool {
    // The key of RFC 6455 §4.1.
    let known =
        place.strip_prefix("header sec-websocket-key").is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    // The boundary of RFC 2046 §5.1.1.
    let boundary =
        place.starts_with("header content-type") && (value.starts_with(b"multipart/") || place.ends_with(" boundary"));
    let is_drawn = |step: &str| step.split_once(' ').is_some_and(|(layer, place)| model::is_drawn(layer, place));
    known || boundary || place.split(" ▸ ").any(is_drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_in_lists_do_not_matter() {
        assert_eq!(any_position("body ▸ json $[12].a[0].b"), "body ▸ json $[*].a[*].b");
        assert_eq!(any_position("header cookie#2 ▸ cookie a"), "header cookie ▸ cookie a");
        assert_eq!(any_position("body ▸ protobuf 2#13.1 ▸ x [a] #b"), "body ▸ protobuf 2.1 ▸ x [a] #b");
    }

    #[test]
    fn two_readings_of_a_message_are_one_place() {
        for (trail, place) in [
            ("body ▸ protobuf 4 ▸ protobuf 1.2", "body ▸ protobuf 4.1.2"),
            ("body ▸ protobuf 4.1.2", "body ▸ protobuf 4.1.2"),
            (
                "body ▸ base64 ▸ protobuf 4 ▸ json $[2] ▸ protobuf 1",
                "body ▸ base64 ▸ protobuf 4 ▸ json $[*] ▸ protobuf 1",
            ),
        ] {
            assert_eq!(place_of(&trail.parse().unwrap()), place);
        }
    }

    #[test]
    fn what_a_protocol_draws_is_known_by_its_place() {
        assert!(is_protocol_randomness("header sec-websocket-key", b"x"));
        assert!(is_protocol_randomness("header content-type", b"multipart/form-data; boundary=x"));
        assert!(!is_protocol_randomness("header content-type", b"x"));
        assert!(!is_protocol_randomness("header sec-websocket-keys", b"x"));
        assert!(!is_protocol_randomness("body ▸ json $.random", b"x"));
        assert!(is_protocol_randomness("hello ▸ client-hello key-share", b"x"));
        assert!(is_protocol_randomness("body ▸ quic crypto ▸ client-hello random ▸ hex", b"x"));
        assert!(!is_protocol_randomness("hello ▸ client-hello extension-64177", b"x"));
    }
}
