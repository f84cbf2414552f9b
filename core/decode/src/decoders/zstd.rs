//! Zstandard, RFC 8878.

use ruzstd::decoding::StreamingDecoder;

use super::{Decoder, Fit, Inner, Peeled};
use crate::{
    look::{Kinds, Look},
    shape::Shape,
};

pub(super) struct Zstd;

impl Decoder for Zstd {
    fn name(&self) -> &'static str {
        "zstd"
    }

    fn about(&self) -> &'static str {
        "Zstandard, one frame (RFC 8878)"
    }

    fn shape(&self) -> Shape {
        Shape::ANY.starting(|byte| byte == 0x28).with(Kinds::HIGH)
    }

    fn fit(&self, look: &Look<'_>) -> Fit {
        if look.starts_with(b"\x28\xb5\x2f\xfd") { Fit::Certain } else { Fit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn Inner) -> Peeled {
        match StreamingDecoder::new(value) {
            Ok(reader) => {
                let (plain, gap) = inner.budget().read(reader);
                Peeled::whole(inner, &plain, gap)
            }
            Err(_) => Peeled::gap(model::Why::Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, zstd};
    use expect_test::expect;

    #[test]
    fn a_frame_opens() {
        check(
            zstd(b"hello hello hello"),
            expect![[r#"
            value = (\xb5/\xfd\x008\x89\x00\x00hello hello hello
            value ▸ zstd = hello hello hello
        "#]],
        );
    }

    #[test]
    fn a_cut_frame_is_a_gap() {
        check(
            &zstd(b"hello hello hello")[..12],
            expect![[r#"
            value = (\xb5/\xfd\x008\x89\x00\x00hel
            value ! Broken: looks like zstd and does not open
        "#]],
        );
    }
}
