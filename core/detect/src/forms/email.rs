//! E-mail addresses.

use super::{ValueForms, text};
use crate::grams::TextBoundary;

pub(super) fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    !local.is_empty() && domain.contains('.') && !value.contains(|c: char| c.is_whitespace() || "/<>".contains(c))
}

pub(super) fn forms(value: &str, forms: &mut ValueForms) {
    text::spelled(value, TextBoundary::Open, TextBoundary::Open, forms);
    let Some((local, domain)) = value.rsplit_once('@') else { return };
    let untagged = local.split('+').next().unwrap_or(local);
    for (name, local) in [
        ("without-tag", untagged.to_owned()),
        ("without-dots", local.replace('.', "")),
        ("without-tag,without-dots", untagged.replace('.', "")),
    ] {
        if local.is_empty() {
            continue;
        }
        let whole = format!("{local}@{domain}");
        forms.text_between(whole.as_str(), TextBoundary::Word, TextBoundary::Open);
        forms.digested(name, whole.as_str());
    }
    // A provider that reads two domains as one box.
    if domain.eq_ignore_ascii_case("googlemail.com") {
        forms.text_between(format!("{local}@gmail.com"), TextBoundary::Word, TextBoundary::Open);
        forms.digested("gmail", format!("{local}@gmail.com"));
    }
}
