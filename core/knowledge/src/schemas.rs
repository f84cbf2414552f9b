//! The formats in which known programs send their data:
//! `data/schemas/<vendor>/<endpoint>.toml`.
//!
//! A schema lists the endpoints of requests, the places of personal data in
//! them with the source, the digests that are computed from a page (*recipes*),
//! the encrypted parts, and the timestamps of events. Examples and
//! counter-examples test it. Places are written as reports print them; see
//! [`SchemaPlace`] for the wildcards.

mod at;

mod endpoint;

mod example;

pub use at::{BadSchemaPlace, SchemaPlace, last_key};
pub use endpoint::Endpoint;
pub use example::{ExamplePage, SchemaExample};

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, IntoDeserializer, SeqAccess, Visitor},
};

/// One endpoint of a program, or one family of endpoints.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The name in reports: `Adjust session`.
    pub name: String,
    /// The file below `data/`, for messages.
    #[serde(skip)]
    pub path: String,
    /// `documented format` if the schema was written without a real capture.
    #[serde(default)]
    pub built_from: Option<String>,
    /// The source of all entries that give none of their own.
    #[serde(default)]
    pub because: Option<String>,
    /// Endpoints of the requests; `*` if the vendor's customer chooses the
    /// host.
    pub endpoint: Vec<Endpoint>,
    /// Trails that `…` at the beginning of a place stands for: the trails to
    /// the events, if there are several.
    #[serde(default)]
    pub under: Vec<String>,
    /// The mark of a format that its address does not identify: one of these
    /// places must exist before any field counts.
    #[serde(default)]
    pub mark: OneOrMore<SchemaPlace>,
    #[serde(default)]
    pub field: Vec<SchemaField>,
    #[serde(default)]
    pub recipe: Vec<DigestRecipe>,
    #[serde(default)]
    pub sealed: Vec<SealedPlace>,
    #[serde(default)]
    pub deferred: Vec<DeferralFields>,
    #[serde(default)]
    pub check: Vec<ChecksumRule>,
    #[serde(default)]
    pub example: Vec<SchemaExample>,
}

/// A place of one kind of personal data.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaField {
    pub at: OneOrMore<SchemaPlace>,
    pub kind: String,
    /// The disguise, if the value is one: `sha256(trim,lower)`.
    #[serde(default)]
    pub guise: Option<String>,
    /// Values without meaning at this place, such as a vendor's word for
    /// "unknown".
    #[serde(default)]
    pub except: Vec<String>,
    /// Another place, whose value can show that this field has another meaning
    /// in this request.
    #[serde(default)]
    pub unless: Option<FieldException>,
    #[serde(default)]
    pub because: Option<String>,
}

/// A place, and the value there which shows that a field has another meaning.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldException {
    pub at: OneOrMore<SchemaPlace>,
    pub is: String,
}

/// A digest over known parts of a page, as a program computes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigestRecipe {
    /// The name of the digest: `autofill form signature`.
    pub name: String,
    pub at: OneOrMore<SchemaPlace>,
    /// `page`: computed once a page; `form`: once for each of its forms.
    pub over: RecipeInput,
    /// `md5`, `sha1`, `sha256` …
    pub digest: String,
    /// The text that is hashed. `{scheme}`, `{host}`, `{path}`, `{query}`,
    /// `{url}`, `{title}`, `{form}` stand for parts of the page, `{&fields}`
    /// for the names of the form's fields, each after an `&`.
    pub of: String,
    /// Runs of at least this many digits are removed from names.
    #[serde(default)]
    pub without_digit_runs: Option<usize>,
    /// Number of the digest's first bytes that are kept; all if not given.
    #[serde(default)]
    pub keep: Option<usize>,
    pub kind: String,
    pub because: String,
}

/// What a recipe is computed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecipeInput {
    Page,
    Form,
}

/// A place whose content is encrypted by the program itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedPlace {
    pub at: OneOrMore<SchemaPlace>,
    /// One sentence: the encryption, and what its envelope reveals.
    pub says: String,
    #[serde(default)]
    pub why: WhySealed,
    #[serde(default)]
    pub because: Option<String>,
}

/// Why a place cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhySealed {
    /// Encrypted.
    #[default]
    Sealed,
    /// A proprietary format without a description.
    Unsupported,
}

/// Two places whose difference shows that an event was sent later than it
/// happened.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeferralFields {
    pub happened: OneOrMore<SchemaPlace>,
    /// The time of sending, in the same object; if none is given, the time of
    /// the request.
    #[serde(default)]
    pub sent: Option<OneOrMore<SchemaPlace>>,
    #[serde(default)]
    pub unit: TimeUnit,
    /// A delay of fewer seconds is not reported.
    pub at_least: u32,
    #[serde(default)]
    pub because: Option<String>,
}

/// A checksum that a program sends together with its data. A correct checksum
/// is a mark of the format; a wrong one is a gap.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChecksumRule {
    /// The place of the checksum, which is a decimal number or hex.
    pub at: OneOrMore<SchemaPlace>,
    pub digest: ChecksumAlgorithm,
    /// The place of the text that the checksum is computed from.
    pub of: OneOrMore<SchemaPlace>,
    #[serde(default)]
    pub because: Option<String>,
}

/// How a checksum is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChecksumAlgorithm {
    /// Java's `String.hashCode`, a signed decimal.
    JavaHash,
    /// CRC-32, an unsigned decimal.
    Crc32,
    /// MD5, in hex.
    Md5,
}

/// The unit of a timestamp, which counts from the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum TimeUnit {
    #[default]
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "us")]
    Microseconds,
}

/// A list that may be written without brackets if it has one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOrMore<T>(pub Vec<T>);

impl<T> Default for OneOrMore<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(OneOrMoreVisitor(PhantomData))
    }
}

/// Implemented by hand, because an untagged enum would drop the error message
/// of a wrong entry.
struct OneOrMoreVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMoreVisitor<T> {
    type Value = OneOrMore<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(text.into_deserializer()).map(|one| OneOrMore(vec![one]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = from.next_element()? {
            list.push(entry);
        }
        Ok(OneOrMore(list))
    }
}

const DIGESTS: [&str; 7] = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "crc32"];

impl Schema {
    /// Reads one schema file; `path` is its place below `data/`.
    pub fn parse(path: &str, text: &str) -> Result<Self, String> {
        let mut schema: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        path.clone_into(&mut schema.path);
        schema.expand()?;
        schema.check_all()?;
        Ok(schema)
    }

    /// Replaces each `…` with the trails in `under`.
    fn expand(&mut self) -> Result<(), String> {
        let under = std::mem::take(&mut self.under);
        let fields = self.field.iter_mut().map(|field| &mut field.at);
        let seals = self.sealed.iter_mut().map(|sealed| &mut sealed.at);
        let recipes = self.recipe.iter_mut().map(|recipe| &mut recipe.at);
        let times =
            self.deferred.iter_mut().flat_map(|times| std::iter::once(&mut times.happened).chain(&mut times.sent));
        let checks = self.check.iter_mut().flat_map(|check| [&mut check.at, &mut check.of]);
        let all = std::iter::once(&mut self.mark).chain(fields).chain(seals).chain(recipes).chain(times).chain(checks);
        for places in all {
            let expanded: Result<Vec<Vec<SchemaPlace>>, String> =
                places.0.iter().map(|at| expanded(at, &under)).collect();
            places.0 = expanded?.concat();
        }
        self.under = under;
        Ok(())
    }

    fn check_all(&self) -> Result<(), String> {
        if self.endpoint.is_empty() {
            return Err("`endpoint` is empty: write \"*\" if the customer decides where requests go".into());
        }
        if self.endpoint.iter().any(Endpoint::is_any) && self.mark.0.is_empty() && self.check.is_empty() {
            return Err(
                "an endpoint of \"*\" needs a `mark` or a `check`: something by which the format is known".into()
            );
        }
        if self.field.iter().any(|field| field.kind.is_empty()) {
            return Err("a field has an empty `kind`".into());
        }
        for field in &self.field {
            if field.because.is_none() && self.because.is_none() {
                return Err(format!("a field of kind `{}` has no `because`", field.kind));
            }
        }
        for recipe in &self.recipe {
            recipe.check()?;
        }
        if self.example.is_empty() {
            return Err("there is no [[example]]: a schema proves itself".into());
        }
        self.example.iter().try_for_each(|example| example.check(self))
    }
}

fn expanded(at: &SchemaPlace, under: &[String]) -> Result<Vec<SchemaPlace>, String> {
    let text = at.to_string();
    let Some(rest) = text.strip_prefix('…') else { return Ok(vec![at.clone()]) };
    if under.is_empty() {
        return Err(format!("`{text}` begins with …, and `under` does not say what that stands for"));
    }
    let whole = |start: &String| format!("{start}{rest}").parse().map_err(|error| format!("`{start}{rest}`: {error}"));
    under.iter().map(whole).collect()
}

impl DigestRecipe {
    fn check(&self) -> Result<(), String> {
        if !DIGESTS.contains(&self.digest.as_str()) {
            let (name, digest, known) = (&self.name, &self.digest, DIGESTS.join(", "));
            return Err(format!("recipe `{name}` has the digest `{digest}`; known are {known}"));
        }
        if self.keep.is_some_and(|keep| keep < 8) {
            return Err(format!("recipe `{}` keeps fewer than 8 bytes: that is found everywhere", self.name));
        }
        let unknown = Self::placeholders(&self.of).find(|name| !Self::PLACEHOLDERS.contains(name));
        match unknown {
            Some(name) => Err(format!("recipe `{}` has the unknown placeholder {{{name}}}", self.name)),
            None => Ok(()),
        }
    }

    const PLACEHOLDERS: [&str; 8] = ["scheme", "host", "path", "query", "url", "title", "form", "&fields"];

    fn placeholders(template: &str) -> impl Iterator<Item = &str> {
        template.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADJUST: &str = r#"
        name = "Adjust session"
        endpoint = ["https://app.adjust.com/session"]

        [[field]]
        at = "body ▸ form gps_adid"
        kind = "advertising-id"
        because = "the vendor's documentation"

        [[example]]
        body = "gps_adid=38400000-8cf0-11bd-b23e-10b96e40000d"
        finds = ["advertising-id"]
    "#;

    #[test]
    fn a_schema_is_read() {
        let schema = Schema::parse("schemas/adjust/session.toml", ADJUST).unwrap();
        assert_eq!(schema.name, "Adjust session");
        assert_eq!(schema.path, "schemas/adjust/session.toml");
        assert_eq!(schema.field[0].at.0.len(), 1);
    }

    #[test]
    fn one_place_may_stand_for_several_ways() {
        let text = ADJUST
            .replace("[[field]]", "under = [\"body ▸ json $\", \"body ▸ json $[*]\"]\n[[field]]")
            .replace("body ▸ form gps_adid", "….gps_adid");
        let schema = Schema::parse("x", &text).unwrap();
        let places: Vec<String> = schema.field[0].at.0.iter().map(SchemaPlace::to_string).collect();
        assert_eq!(places, ["body ▸ json $.gps_adid", "body ▸ json $[*].gps_adid"]);
    }

    #[test]
    fn what_is_wrong_is_said_in_a_sentence() {
        for (from, to, says) in [
            ("because =", "cause =", "unknown field `cause`"),
            ("because = \"the vendor's documentation\"", "", "a field of kind `advertising-id` has no `because`"),
            ("[\"https://app.adjust.com/session\"]", "[\"*\"]", "needs a `mark`"),
            ("[\"https://app.adjust.com/session\"]", "[]", "`endpoint` is empty"),
            ("body ▸ form gps_adid", "body ▸ ▸ form", "a step has no layer"),
            ("body ▸ form gps_adid", "….gps_adid", "`under` does not say"),
            ("[[example]]", "[[nothing]]", "unknown field `nothing`"),
        ] {
            let error = Schema::parse("x", &ADJUST.replace(from, to)).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_recipe_is_held_to_what_candor_can_compute() {
        let recipe = r#"
            name = "n"
            endpoint = ["https://a.example/*"]
            [[recipe]]
            name = "signature"
            at = "url ▸ path 3"
            over = "form"
            digest = "sha1"
            of = "{scheme}://{host}"
            keep = 8
            kind = "visited-host"
            because = "seen"
            [[example]]
            url = "https://a.example/x"
            finds = []
        "#;
        assert!(Schema::parse("x", recipe).is_ok());
        for (from, to, says) in [
            ("sha1", "sha0", "recipe `signature` has the digest `sha0`"),
            ("{host}", "{port}", "unknown placeholder {port}"),
            ("keep = 8", "keep = 2", "keeps fewer than 8 bytes"),
        ] {
            let error = Schema::parse("x", &recipe.replace(from, to)).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
