//! Values made to cost: each gives what it has, a gap, and an end.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::Write;

use decode::{DecodeLimits, open_value};
use model::{Gap, GapReason};

/// How many values were visited, how many bytes the longest of them had, and
/// what was not seen.
fn opened(bytes: &[u8], budgets: &DecodeLimits) -> (usize, usize, Vec<Gap>) {
    let (mut values, mut longest, mut gaps) = (0, 0, Vec::new());
    let mut visit = |leaf: &model::Leaf<'_>| {
        values += 1;
        longest = longest.max(leaf.value.len());
    };
    open_value(bytes, budgets, &mut visit, &mut gaps);
    (values, longest, gaps)
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(plain).unwrap();
    writer.finish().unwrap()
}

fn is_over_budget(gaps: &[Gap]) -> bool {
    gaps.iter().any(|gap| gap.why == GapReason::Budget)
}

#[test]
fn a_bomb_costs_a_gap_and_no_more_than_allowed() {
    let budgets = DecodeLimits { bytes: 1 << 20, ..DecodeLimits::default() };
    let zeros = vec![b'a'; 16 << 20];
    let mut brotli_bomb = Vec::new();
    brotli::BrotliCompress(&mut &zeros[..], &mut brotli_bomb, &brotli::enc::BrotliEncoderParams::default()).unwrap();
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    for bomb in [gzip(&zeros), ruzstd::encoding::compress_to_vec(&zeros[..], level), brotli_bomb, gzip(&gzip(&zeros))] {
        let (_, longest, gaps) = opened(&bomb, &budgets);
        assert!(longest <= bomb.len().max(1 << 20), "{longest}");
        assert!(is_over_budget(&gaps), "{gaps:?}");
    }
}

#[test]
fn a_hundred_thousand_brackets_end() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("<a>", "</a>")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let (values, _, _) = opened(deep.as_bytes(), &DecodeLimits::default());
        assert!(values < 5_000, "{open}: {values}");
    }
}

#[test]
fn a_form_of_a_million_names_ends() {
    let (values, _, gaps) = opened("a=1&".repeat(1_000_000).as_bytes(), &DecodeLimits::default());
    assert!(values <= DecodeLimits::default().nodes);
    assert!(is_over_budget(&gaps), "{gaps:?}");
}

#[test]
fn json_that_never_closes_is_looked_through_a_few_times_and_said() {
    let budgets = DecodeLimits { work: 1 << 24, ..DecodeLimits::default() };
    // Each text and each field goes on to the end of all, or near it.
    let late = format!("{}{}x", "{{}\n".repeat(200_000), "}".repeat(200_000));
    for value in ["{[}\n".repeat(200_000), late, "a={\"&".repeat(200_000)] {
        let (values, _, gaps) = opened(value.as_bytes(), &budgets);
        assert!(values < 1_000, "{values}: {}", &value[..8]);
        assert!(is_over_budget(&gaps), "{gaps:?}");
    }
}

#[test]
fn lines_with_nothing_in_them_are_passed_together() {
    let value = format!("{{\"a\":\"hello{}\n{{\"b\":\"there\"}}", "\n ".repeat(500_000));
    let (values, ..) = opened(value.as_bytes(), &DecodeLimits::default());
    assert!(values > 1, "{values}");
}

#[test]
fn a_large_body_of_bytes_or_text_ends() {
    let mut seed = 1u64;
    let random = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as u8
    });
    let random: Vec<u8> = random.take(8 << 20).collect();
    let text = "word and word ".repeat(600_000);
    for body in [random, text.into_bytes()] {
        let (values, longest, _) = opened(&body, &DecodeLimits::default());
        assert!(values < 1_000 && longest == body.len(), "{values}");
    }
}

#[test]
fn layers_without_end_are_a_gap() {
    let mut value = b"the innermost value".to_vec();
    for _ in 0..20 {
        value = gzip(&value);
    }
    let (values, _, gaps) = opened(&value, &DecodeLimits::default());
    assert!(values <= DecodeLimits::default().depth && is_over_budget(&gaps), "{values} {gaps:?}");
}
