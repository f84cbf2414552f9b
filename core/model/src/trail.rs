//! How a value was reached.
//!
//! While values are decoded, a [`Route`] grows and shrinks on the stack and
//! allocates nothing. It becomes a [`Trail`] only when something was found at
//! its end. Trails are text that people read and schemas are written in: `body
//! ▸ form data_list ▸ base64 ▸ gzip ▸ json $[0].properties.url`.

use std::{borrow::Cow, fmt, str::FromStr};

/// The place of a value in a decoded layer.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LayerPlace<'a> {
    /// The layer holds one value: gzip, base64.
    Whole,
    /// A field's name, a JSON path, a protobuf field number. A decoder gives
    /// each of its values a place of its own.
    At(Cow<'a, str>),
}

/// One decoded layer, and the place in it that the next step starts from.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrailStep {
    pub layer: Cow<'static, str>,
    pub place: LayerPlace<'static>,
}

/// An owned route: the steps from the exchange to the value.
///
/// The first step names a part of the exchange (`url`, `header referer`,
/// `body`, `message 3`, `answer body`); each further one a decoder.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Trail {
    pub steps: Vec<TrailStep>,
}

/// The route to the current value: a linked list from its last step to its
/// first.
#[derive(Clone, Copy)]
pub struct Route<'a> {
    pub before: Option<&'a Route<'a>>,
    pub layer: &'static str,
    pub place: &'a LayerPlace<'a>,
}

/// A value with the route to it. Values are visited outside in: a leaf's
/// wrapping is seen before what is in it.
#[derive(Clone, Copy)]
pub struct Leaf<'a> {
    pub value: &'a [u8],
    pub route: &'a Route<'a>,
    /// Reached by a guess that random bytes would also satisfy (XOR, reversal):
    /// what is found here is weak evidence.
    pub weak: bool,
}

impl fmt::Debug for Leaf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Leaf(..)")
    }
}

impl fmt::Debug for Route<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.trail(), f)
    }
}

impl fmt::Debug for Trail {
    /// Layers only: field names may be captured values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.steps.iter().map(|step| &step.layer)).finish()
    }
}

impl fmt::Debug for LayerPlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place(..)")
    }
}

impl fmt::Debug for TrailStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.layer)
    }
}

impl<'a> LayerPlace<'a> {
    pub fn at(name: impl Into<Cow<'a, str>>) -> Self {
        Self::At(name.into())
    }

    pub fn into_owned(self) -> LayerPlace<'static> {
        match self {
            Self::Whole => LayerPlace::Whole,
            Self::At(name) => LayerPlace::At(Cow::Owned(name.into_owned())),
        }
    }
}

impl Route<'_> {
    /// The route as an owned trail.
    pub fn trail(&self) -> Trail {
        let mut steps = Vec::new();
        let mut here = Some(self);
        while let Some(route) = here {
            steps.push(TrailStep { layer: Cow::Borrowed(route.layer), place: route.place.clone().into_owned() });
            here = route.before;
        }
        steps.reverse();
        Trail { steps }
    }

    /// The number of steps.
    pub fn depth(&self) -> usize {
        1 + self.before.map_or(0, Route::depth)
    }

    /// The first step: a part of the exchange.
    pub fn root(&self) -> &Self {
        self.before.map_or(self, Route::root)
    }
}

impl Trail {
    /// This trail, extended by one step.
    pub fn then(mut self, layer: impl Into<Cow<'static, str>>, place: LayerPlace<'static>) -> Self {
        self.steps.push(TrailStep { layer: layer.into(), place });
        self
    }

    /// Whether `inner` begins with all steps of this trail.
    pub fn leads_to(&self, inner: &Self) -> bool {
        inner.steps.starts_with(&self.steps)
    }
}

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.steps.iter().enumerate() {
            if i > 0 {
                f.write_str(" ▸ ")?;
            }
            write!(f, "{step}")?;
        }
        Ok(())
    }
}

impl fmt::Display for TrailStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.layer)?;
        match &self.place {
            LayerPlace::Whole => Ok(()),
            LayerPlace::At(name) if is_plain(name) => write!(f, " {name}"),
            LayerPlace::At(name) => write!(f, " {}", quoted(name)),
        }
    }
}

/// Whether a name needs no quotes to be parsed again.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '▸')
        && !name.starts_with('"')
}

fn quoted(name: &str) -> String {
    let mut text = String::from("\"");
    for c in name.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '▸' => text.push_str("\\u{25b8}"),
            c if c.is_control() => text.extend(c.escape_unicode()),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

/// Why a text is not a trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadTrail(pub &'static str);

impl fmt::Display for BadTrail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadTrail {}

impl FromStr for Trail {
    type Err = BadTrail;

    fn from_str(text: &str) -> Result<Self, BadTrail> {
        let steps = text.split('▸').map(|step| step_from(step.trim())).collect::<Result<_, _>>()?;
        Ok(Self { steps })
    }
}

fn step_from(text: &str) -> Result<TrailStep, BadTrail> {
    let (layer, place) = match text.split_once(' ') {
        None => (text, LayerPlace::Whole),
        Some((layer, name)) => (layer, LayerPlace::At(Cow::Owned(unquoted(name.trim())?))),
    };
    if layer.is_empty() {
        return Err(BadTrail("a step has no layer"));
    }
    Ok(TrailStep { layer: Cow::Owned(layer.to_owned()), place })
}

fn unquoted(name: &str) -> Result<String, BadTrail> {
    let Some(inner) = name.strip_prefix('"') else { return Ok(name.to_owned()) };
    let inner = inner.strip_suffix('"').ok_or(BadTrail("a quoted name has no end"))?;
    let mut plain = String::new();
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match rest.next() {
            Some('u') => {
                let code: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                let c = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
                plain.push(c.ok_or(BadTrail("a quoted name has a broken \\u{…}"))?);
            }
            Some(c) => plain.push(c),
            None => return Err(BadTrail("a quoted name ends in a backslash")),
        }
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_reads_as_it_is_written() {
        for text in [
            "body",
            "body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[0].properties.url",
            "header referer ▸ query q ▸ percent",
            r#"body ▸ form "two words" ▸ json $["a b"]"#,
            r#"body ▸ form "" ▸ form "tab\u{9}quote\"\u{25b8}""#,
        ] {
            let trail: Trail = text.parse().unwrap();
            assert_eq!(trail.to_string().parse::<Trail>().unwrap(), trail, "{text}");
        }
    }

    #[test]
    fn a_route_is_kept_from_its_start() {
        let (whole, field) = (LayerPlace::Whole, LayerPlace::at("data"));
        let body = Route { before: None, layer: "body", place: &whole };
        let form = Route { before: Some(&body), layer: "form", place: &field };
        assert_eq!(form.trail().to_string(), "body ▸ form data");
        assert!(body.trail().leads_to(&form.trail()));
        assert!(!form.trail().leads_to(&body.trail()));
    }

    #[test]
    fn a_text_that_is_no_trail_is_refused() {
        assert!("".parse::<Trail>().is_err());
        assert!("body ▸ ".parse::<Trail>().is_err());
        assert!(r#"form "open"#.parse::<Trail>().is_err());
    }
}
