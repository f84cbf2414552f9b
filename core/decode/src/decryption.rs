//! What is encrypted with a key that travels along in the same exchange.
//!
//! Some SDKs send the key beside the box it opens. No name tells which value is
//! the key: when bytes stay closed, the exchange is gone through once more for
//! values of a key's length, and each is tried. GCM authenticates what it
//! opens; for CBC and ECB the padding must be right and the rest make sense;
//! XOR proves nothing and is weak.
//!
//! The layer's place says where key and nonce lay, seen from the box:
//! `aes-gcm "key ../../json $.k / base64, iv ../../json $.n / base64"`.

use aes::{
    Aes128, Aes192, Aes256,
    cipher::{Array, Block, BlockCipherDecrypt, KeyInit, consts::U12, consts::U16},
};
use aes_gcm::{AesGcm, aead::Aead};
use model::{LayerPlace, Leaf, Trail, TrailStep};

use crate::{decoders::makes_sense, value_view};

/// Bytes that stayed closed, and the way to them.
pub(crate) struct UnopenedBytes {
    pub(crate) trail: Trail,
    pub(crate) bytes: Vec<u8>,
}

/// What a key opened.
pub(crate) struct DecryptedValue {
    pub(crate) layer: &'static str,
    pub(crate) place: LayerPlace<'static>,
    pub(crate) plain: Vec<u8>,
    pub(crate) weak: bool,
}

/// The layers, for lists: name and what it undoes.
pub(crate) const LAYERS: [(&str, &str); 4] = [
    ("aes-gcm", "AES-GCM with a key, and a nonce, that lie elsewhere in the same exchange (NIST SP 800-38D)"),
    ("aes-cbc", "AES-CBC with PKCS #7 padding and a key that lies elsewhere in the same exchange (NIST SP 800-38A)"),
    ("aes-ecb", "AES-ECB with PKCS #7 padding and a key that lies elsewhere in the same exchange (NIST SP 800-38A)"),
    ("xor-key", "XOR with a key that lies elsewhere in the same exchange"),
];

const GCM: &str = LAYERS[0].0;
const CBC: &str = LAYERS[1].0;
const ECB: &str = LAYERS[2].0;
const XOR: &str = LAYERS[3].0;

/// Bytes of the shortest box: a nonce or a tag and something in it.
pub(crate) const SHORTEST: usize = 16;

/// Values that could be keys or nonces.
#[derive(Default)]
pub(crate) struct CandidateKeys {
    found: Vec<(Vec<u8>, Trail)>,
}

impl CandidateKeys {
    /// More are not tried: the work is their number squared.
    const MOST: usize = 96;

    /// Takes a value if it has the length of a key.
    pub(crate) fn consider(&mut self, leaf: &Leaf<'_>) {
        let full = self.found.len() >= Self::MOST;
        if full || leaf.weak || !(4..=64).contains(&leaf.value.len()) || is_dull(leaf.value) {
            return;
        }
        if !self.found.iter().any(|(known, _)| known == leaf.value) {
            self.found.push((leaf.value.to_vec(), leaf.route.trail()));
        }
    }

    fn of_length<'s>(&'s self, is: impl Fn(usize) -> bool + 's) -> impl Iterator<Item = &'s (Vec<u8>, Trail)> {
        self.found.iter().filter(move |(bytes, _)| is(bytes.len()))
    }
}

/// Short numbers and words of one letter are no keys.
fn is_dull(value: &[u8]) -> bool {
    value.len() < 8 && value.iter().all(u8::is_ascii_digit) || value.iter().all(|byte| *byte == value[0])
}

/// Tries all secrets on a box. `work` says whether so many more bytes may be
/// looked at.
pub(crate) fn unlock(
    closed: &UnopenedBytes,
    secrets: &CandidateKeys,
    work: &mut dyn FnMut(usize) -> bool,
) -> Option<DecryptedValue> {
    let bytes = closed.bytes.as_slice();
    // Ways are put into words only for what opened: there are many pairs.
    let said = |way: &Trail| relative(&closed.trail, way);
    for (key, way) in secrets.of_length(|length| matches!(length, 16 | 24 | 32)) {
        let Some(cipher) = EnvelopeCipher::new(key) else { continue };
        let given = secrets.of_length(|length| matches!(length, 12 | 16));
        let given = given.map(|(iv, way)| (IvSource::Given(iv), Ok(way)));
        let words = ["first", "zero", "key"].map(|word| (IvSource::of_word(word), Err(word)));
        for (iv, iv_way) in given.chain(words) {
            for layer in [GCM, CBC] {
                if !work(bytes.len()) {
                    return None;
                }
                let plain = match layer {
                    GCM => gcm(key, iv, bytes),
                    _ => blocks(&cipher, key, bytes, Some(iv)),
                };
                let iv_at = || iv_way.map_or_else(|word| Some(word.to_owned()), said);
                if let Some(((plain, key_at), iv_at)) = plain.and_then(|plain| Some(((plain, said(way)?), iv_at()?))) {
                    let place = LayerPlace::at(format!("key {key_at}{IV}{iv_at}"));
                    return Some(DecryptedValue { layer, place, plain, weak: false });
                }
            }
        }
        if let Some(plain) = blocks(&cipher, key, bytes, None)
            && let Some(key_at) = said(way)
        {
            return Some(DecryptedValue {
                layer: ECB,
                place: LayerPlace::at(format!("key {key_at}")),
                plain,
                weak: false,
            });
        }
    }
    for (key, way) in secrets.of_length(|length| length <= 64) {
        if !work(16) {
            return None;
        }
        if bytes.iter().zip(key).all(|(byte, key)| is_seen(byte ^ key))
            && let Some(plain) = decrypted(XOR, key, IvSource::Zero, bytes)
        {
            let key_at = relative(&closed.trail, way)?;
            return Some(DecryptedValue {
                layer: XOR,
                place: LayerPlace::at(format!("key {key_at}")),
                plain,
                weak: true,
            });
        }
    }
    None
}

/// Opens a box again as its place says; `find` gives the value at a way that is
/// relative to the box's. None if that is no such layer.
pub(crate) fn again(
    layer: &str,
    place: &LayerPlace<'_>,
    bytes: &[u8],
    find: &mut dyn FnMut(&str) -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    let LayerPlace::At(text) = place else { return None };
    let (key_at, iv_at) = text.strip_prefix("key ").map(|text| text.rsplit_once(IV).unwrap_or((text, "zero")))?;
    let key = find(key_at)?;
    let given;
    let iv = match IvSource::of_word(iv_at) {
        IvSource::None => {
            given = find(iv_at)?;
            IvSource::Given(&given)
        }
        known => known,
    };
    decrypted(layer, &key, iv, bytes)
}

/// Where a nonce or an initialisation vector comes from.
#[derive(Clone, Copy)]
enum IvSource<'a> {
    None,
    Given(&'a [u8]),
    /// The first bytes of the box.
    First,
    Zero,
    /// The first bytes of the key.
    Key,
}

impl IvSource<'_> {
    fn of_word(word: &str) -> Self {
        match word {
            "first" => Self::First,
            "zero" => Self::Zero,
            "key" => Self::Key,
            _ => Self::None,
        }
    }
}

fn decrypted(layer: &str, key: &[u8], iv: IvSource<'_>, bytes: &[u8]) -> Option<Vec<u8>> {
    match layer {
        GCM => gcm(key, iv, bytes),
        CBC => blocks(&EnvelopeCipher::new(key)?, key, bytes, Some(iv)),
        ECB => blocks(&EnvelopeCipher::new(key)?, key, bytes, None),
        XOR => xored(key, bytes),
        _ => None,
    }
}

fn gcm(key: &[u8], iv: IvSource<'_>, bytes: &[u8]) -> Option<Vec<u8>> {
    let (nonce, bytes) = match iv {
        IvSource::Given(nonce) => (nonce, bytes),
        IvSource::First => bytes.split_at_checked(12)?,
        IvSource::Zero => (&[0; 12][..], bytes),
        IvSource::Key | IvSource::None => return None,
    };
    // A tag with nothing before it holds nothing.
    if bytes.len() <= 16 {
        return None;
    }
    if let Ok(nonce) = <&Array<u8, U12>>::try_from(nonce) {
        return match key.len() {
            16 => AesGcm::<Aes128, U12>::new_from_slice(key).ok()?.decrypt(nonce, bytes).ok(),
            24 => AesGcm::<Aes192, U12>::new_from_slice(key).ok()?.decrypt(nonce, bytes).ok(),
            _ => AesGcm::<Aes256, U12>::new_from_slice(key).ok()?.decrypt(nonce, bytes).ok(),
        };
    }
    let nonce = <&Array<u8, U16>>::try_from(nonce).ok()?;
    match key.len() {
        16 => AesGcm::<Aes128, U16>::new_from_slice(key).ok()?.decrypt(nonce, bytes).ok(),
        24 => AesGcm::<Aes192, U16>::new_from_slice(key).ok()?.decrypt(nonce, bytes).ok(),
        _ => AesGcm::<Aes256, U16>::new_from_slice(key).ok()?.decrypt(nonce, bytes).ok(),
    }
}

/// CBC if there is a vector, else ECB; with PKCS #7 padding (RFC 5652 §6.3).
fn blocks(cipher: &EnvelopeCipher, key: &[u8], bytes: &[u8], iv: Option<IvSource<'_>>) -> Option<Vec<u8>> {
    let (vector, bytes) = match iv {
        None => (None, bytes),
        Some(IvSource::Given(vector)) => (Some(<[u8; 16]>::try_from(vector).ok()?), bytes),
        Some(IvSource::First) => {
            let (first, rest) = bytes.split_first_chunk::<16>()?;
            (Some(*first), rest)
        }
        Some(IvSource::Zero) => (Some([0; 16]), bytes),
        Some(IvSource::Key) => (Some(*key.first_chunk()?), bytes),
        Some(IvSource::None) => return None,
    };
    let (sixteens, rest) = bytes.as_chunks::<16>();
    // The last block tells by its padding whether the key is right.
    let (last, before) = sixteens.split_last().filter(|_| rest.is_empty())?;
    let previous = |i: usize| vector.map(|vector| i.checked_sub(1).map_or(vector, |i| sixteens[i]));
    let end = cipher.block(last, previous(before.len()));
    let padding = usize::from(end[15]);
    if !(1..=16).contains(&padding) || !end[16 - padding..].iter().all(|byte| usize::from(*byte) == padding) {
        return None;
    }
    let mut plain: Vec<u8> =
        before.iter().enumerate().flat_map(|(i, block)| cipher.block(block, previous(i))).collect();
    plain.extend(&end[..16 - padding]);
    makes_sense(&plain).then_some(plain)
}

enum EnvelopeCipher {
    Aes128(Box<Aes128>),
    Aes192(Box<Aes192>),
    Aes256(Box<Aes256>),
}

impl EnvelopeCipher {
    fn new(key: &[u8]) -> Option<Self> {
        match key.len() {
            16 => Aes128::new_from_slice(key).ok().map(|cipher| Self::Aes128(Box::new(cipher))),
            24 => Aes192::new_from_slice(key).ok().map(|cipher| Self::Aes192(Box::new(cipher))),
            32 => Aes256::new_from_slice(key).ok().map(|cipher| Self::Aes256(Box::new(cipher))),
            _ => None,
        }
    }

    fn block(&self, bytes: &[u8; 16], before: Option<[u8; 16]>) -> [u8; 16] {
        let mut block: Block<Aes128> = (*bytes).into();
        match self {
            Self::Aes128(cipher) => cipher.decrypt_block(&mut block),
            Self::Aes192(cipher) => cipher.decrypt_block(&mut block),
            Self::Aes256(cipher) => cipher.decrypt_block(&mut block),
        }
        let before = before.unwrap_or([0; 16]);
        std::array::from_fn(|i| block[i] ^ before[i])
    }
}

fn xored(key: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let plain: Vec<u8> = bytes.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    (plain.len() >= SHORTEST && value_view::is_text(&plain)).then_some(plain)
}

fn is_seen(byte: u8) -> bool {
    byte >= 0x20 && byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r')
}

/// The way to a secret from a box, `../` for each step back; none if a name on
/// it would be read otherwise.
fn relative(of: &Trail, way: &Trail) -> Option<String> {
    let shared = of.steps.iter().zip(&way.steps).take_while(|(a, b)| a == b).count();
    let own: Vec<String> = way.steps[shared..].iter().map(TrailStep::to_string).collect();
    let text = format!("{}{}", UP.repeat(of.steps.len() - shared), own.join(ON));
    (!text.contains(IV) && meant(&of.steps, &text).as_ref() == Some(way)).then_some(text)
}

const UP: &str = "../";
const ON: &str = " / ";
const IV: &str = ", iv ";

/// The trail that a relative way means, seen from the box's.
pub(crate) fn meant(of: &[TrailStep], way: &str) -> Option<Trail> {
    let own = way.trim_start_matches(UP);
    let back = (way.len() - own.len()) / UP.len();
    let own: Trail = own.replace(ON, " ▸ ").parse().ok()?;
    let shared = of.get(..of.len().checked_sub(back)?)?;
    Some(Trail { steps: [shared, &own.steps[..]].concat() })
}

#[cfg(test)]
mod tests {
    use aes::cipher::BlockCipherEncrypt;
    use aes_gcm::{Aes256Gcm, Nonce};
    use expect_test::expect;

    use super::*;
    use crate::checks::{base64, check, check_exchange, request};

    const KEY: &[u8; 32] = b"\x91\x02\xa3\x04\xb5\x06\xc7\x08\xd9\x0a\xeb\x0c\xfd\x0e\x1f\x10\x91\x02\xa3\x04\xb5\x06\xc7\x08\xd9\x0a\xeb\x0c\xfd\x0e\x1f\x11";
    const NONCE: &[u8; 12] = b"\xaf\x31\x77\x08\x99\xee\x12\x34\x56\x78\x9a\xbc";
    const PLAIN: &[u8] = br#"{"page":"https://a.example/x"}"#;

    #[test]
    fn an_envelope_with_its_key_opens() {
        let nonce = Nonce::try_from(&NONCE[..]).unwrap();
        let sealed = Aes256Gcm::new_from_slice(KEY).unwrap().encrypt(&nonce, PLAIN).unwrap();
        let body = format!(r#"{{"p":"{}","k":"{}","n":"{}"}}"#, base64(&sealed), base64(KEY), base64(NONCE));
        check(
            body,
            expect![[r#"
                value = {"p":"//Cu3OHl+Qrz5ESgokpX4H+tmyyW542rO2uGFYrLItXwwCioMqS4IF…
                value ▸ json $.p = //Cu3OHl+Qrz5ESgokpX4H+tmyyW542rO2uGFYrLItXwwCioMqS4IFf4tLpi…
                value ▸ json $.p ▸ path 2 = Cu3OHl+Qrz5ESgokpX4H+tmyyW542rO2uGFYrLItXwwCioMqS4IFf4tLpipg…
                value ▸ json $.p ▸ base64 = \xff\xf0\xae\xdc\xe1\xe5\xf9\n\xf3\xe4D\xa0\xa2JW\xe0\x7f\xad\x9b,\x96\xe7\x8d\xab;k\x86\x15\x8a\xcb\"\xd5\xf0\xc0(\xa82\xa4\xb8 W\xf8\xb4\xbab\xa6
                value ▸ json $.k = kQKjBLUGxwjZCusM/Q4fEJECowS1BscI2QrrDP0OHxE=
                value ▸ json $.k ▸ base64 = \x91\x02\xa3\x04\xb5\x06\xc7\x08\xd9\n\xeb\x0c\xfd\x0e\x1f\x10\x91\x02\xa3\x04\xb5\x06\xc7\x08\xd9\n\xeb\x0c\xfd\x0e\x1f\x11
                value ▸ json $.n = rzF3CJnuEjRWeJq8
                value ▸ json $.n ▸ base64 = \xaf1w\x08\x99\xee\x124Vx\x9a\xbc
                value ▸ json $.n ▸ reversed ~ 8qJeWRjEunJC3Fzr
                value ▸ json $.p ▸ base64 ▸ aes-gcm "key ../../json $.k / base64, iv ../../json $.n / base64" = {"page":"https://a.example/x"}
                value ▸ json $.p ▸ base64 ▸ aes-gcm "key ../../json $.k / base64, iv ../../json $.n / base64" ▸ json $.page = https://a.example/x
                value ▸ json $.p ▸ base64 ▸ aes-gcm "key ../../json $.k / base64, iv ../../json $.n / base64" ▸ json $.page ▸ path 1 = x
            "#]],
        );
    }

    #[test]
    fn keys_that_were_not_all_tried_are_a_gap() {
        let mut seed = 1u64;
        let mut random = |length: usize| -> String {
            let bytes = std::iter::repeat_with(|| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (seed >> 33) as u8
            });
            base64(&bytes.take(length).collect::<Vec<u8>>())
        };
        let keys: Vec<String> = (0..30).map(|_| random(16)).collect();
        let text = format!(r#"{{"box":"{}","keys":["{}"]}}"#, random(4096), keys.join("\",\""));
        let gaps = |work: u64| {
            let mut gaps = Vec::new();
            crate::open_value(
                text.as_bytes(),
                &crate::DecodeLimits { work, ..Default::default() },
                &mut |_| {},
                &mut gaps,
            );
            gaps.iter().map(|gap| format!("{} {:?}", gap.place, gap.why)).collect::<Vec<_>>()
        };
        assert_eq!(gaps(1 << 30), ["value ▸ json $.box Sealed"]);
        assert_eq!(gaps(1 << 20), ["value ▸ json $.box ▸ base64 Budget", "value ▸ json $.box Sealed"]);
    }

    #[test]
    fn a_box_whose_key_is_a_header_opens() {
        let cipher = Aes128::new_from_slice(&KEY[..16]).unwrap();
        let mut before = *b"\x03\x99\xfe\x12\x34\x56\x78\x9a\x03\x99\xfe\x12\x34\x56\x78\x9a";
        let mut sealed = before.to_vec();
        for block in [PLAIN, b"\x02\x02"].concat().as_chunks::<16>().0 {
            let mut block: Block<Aes128> = std::array::from_fn(|i| block[i] ^ before[i]).into();
            cipher.encrypt_block(&mut block);
            before = block.into();
            sealed.extend(before);
        }
        let exchange = request("POST", "https://a.example/", &[("X-Key", &base64(&KEY[..16]))], &sealed);
        check_exchange(
            &exchange,
            expect![[r#"
                url = https://a.example/
                header x-key = kQKjBLUGxwjZCusM/Q4fEA==
                header x-key ▸ base64 = \x91\x02\xa3\x04\xb5\x06\xc7\x08\xd9\n\xeb\x0c\xfd\x0e\x1f\x10
                body = \x03\x99\xfe\x124Vx\x9a\x03\x99\xfe\x124Vx\x9a\xc7\xffK\xaf\xb1\x83\x84n)\xe9\xfd\xd3\xbb\x07\x12Z\x88nt\xf2H\x03)\x0c)\xaa\xa3m\xda\\\x16b
                body ▸ aes-cbc "key ../header x-key / base64, iv first" = {"page":"https://a.example/x"}
                body ▸ aes-cbc "key ../header x-key / base64, iv first" ▸ json $.page = https://a.example/x
                body ▸ aes-cbc "key ../header x-key / base64, iv first" ▸ json $.page ▸ path 1 = x
            "#]],
        );
    }

    #[test]
    fn a_box_under_a_key_that_is_read_opens_weakly() {
        let sealed: Vec<u8> = PLAIN.iter().zip(b"correct-horse".iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        check(
            format!("k=correct-horse&d={}", base64(&sealed).replace('+', "%2B")),
            expect![[r#"
                value = k=correct-horse&d=GE0CEwIGVhdKBwYHFRBVXV0ETRFVCQICHwBMF1AP
                value ▸ form k = correct-horse
                value ▸ form d = GE0CEwIGVhdKBwYHFRBVXV0ETRFVCQICHwBMF1AP
                value ▸ form d ▸ base64 = \u{18}M\u{2}\u{13}\u{2}\u{6}V\u{17}J\u{7}\u{6}\u{7}\u{15}\u{10}U]]\u{4}M\u{11}U\t\u{2}\u{2}\u{1f}\0L\u{17}P\u{f}
                value ▸ form d ▸ base64 ▸ xor 65 ~ }(gvgc3r/bcbpu088a(t0lggze)r5j
                value ▸ form d ▸ reversed ~ PA1FMBwHCIQCVFRTE0VXVBRFHYwBKdhVGIwEC0EG
                value ▸ form d ▸ base64 ▸ xor-key "key ../../form k" ~ {"page":"https://a.example/x"}
                value ▸ form d ▸ base64 ▸ xor-key "key ../../form k" ▸ json $.page ~ https://a.example/x
                value ▸ form d ▸ base64 ▸ xor-key "key ../../form k" ▸ json $.page ▸ path 1 ~ x
            "#]],
        );
    }
}
