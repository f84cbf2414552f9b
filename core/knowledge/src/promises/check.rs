//! A sentence that nothing could break, or that asks what cannot be seen, is
//! refused when its file is read.

use model::Mode;

use super::{Assertion, MustClause, NeverClause, OnlyClause, Promise, assertion::ClauseLimits};

/// The schemes of requests that can be told apart.
const SCHEMES: [&str; 7] = ["http", "https", "ws", "wss", "dns", "udp", "tcp"];

/// What a request can be owed after.
const EVENTS: [&str; 4] = ["start", "visit", "search", "turned-off"];

pub(super) fn check(promise: &Promise) -> Result<(), String> {
    when(promise)?;
    promise.valid.check()?;
    addressee(promise.claim.to())?;
    match &promise.claim {
        Assertion::Never(claim) => never(claim),
        Assertion::Only(claim) => only(claim),
        Assertion::Must(claim) => must(claim),
        Assertion::Untestable(why) if why.trim().is_empty() => Err("untestable, and no reason".into()),
        Assertion::Untestable(_) => Ok(()),
    }
}

fn when(promise: &Promise) -> Result<(), String> {
    if let Some(mode) = &promise.when.mode
        && Mode::from_word(mode) == Mode::Unknown
    {
        return Err(format!("mode {mode:?} is neither normal nor private"));
    }
    for position in &promise.when.switch {
        if !["default", "on", "off", "turned-off"].contains(&position.as_str()) {
            return Err(format!("switch = {position:?} is not default, on, off or turned-off"));
        }
    }
    for position in promise.when.switches.values() {
        if !["on", "off"].contains(&position.as_str()) {
            return Err(format!("a switch by name stands on or off, not {position:?}"));
        }
    }
    Ok(())
}

fn addressee(to: Option<&str>) -> Result<(), String> {
    match to {
        None | Some("anyone-but-the-site" | "anyone-but-the-maker" | "the-maker") => Ok(()),
        Some(other) => Err(format!(
            "to = {other:?} is not known: anyone-but-the-site, anyone-but-the-maker, the-maker, or leave it out"
        )),
    }
}

fn never(never: &NeverClause) -> Result<(), String> {
    if never.kinds.is_empty() && !never.identifiers {
        return Err("forbids no kinds, so nothing could break it".into());
    }
    for country in &never.outside {
        let is_code = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        if !is_code && country != "EEA" {
            return Err(format!("{country:?} is no country code of two capitals"));
        }
    }
    if let Some(other) = never.beside.as_deref().filter(|beside| *beside != "persistent-identifier") {
        return Err(format!("beside = {other:?} is not known: persistent-identifier"));
    }
    if let Some(within) = never.within.as_deref().filter(|within| seconds(within).is_none()) {
        return Err(format!("within = {within:?} is not a time like 5s"));
    }
    if never.identifiers && !(never.guise.is_empty() && never.via.is_empty() && never.outside.is_empty()) {
        return Err("guise, via and outside are of kinds; of identifiers by variation only their place is known".into());
    }
    one_list("guise", &never.guise)?;
    one_list("via", &never.via)?;
    let is_way = |way: &&String| way.contains('.') || SCHEMES.contains(&way.as_str());
    match never.via.allowed.iter().chain(&never.via.forbidden).find(|way| !is_way(way)) {
        Some(way) => Err(format!("via {way:?} is neither a host nor one of {}", SCHEMES.join(", "))),
        None => Ok(()),
    }
}

fn one_list(name: &str, limits: &ClauseLimits) -> Result<(), String> {
    match limits.allowed.is_empty() || limits.forbidden.is_empty() {
        true => Ok(()),
        false => Err(format!("{name} says what is allowed or what is forbidden, not both")),
    }
}

fn only(only: &OnlyClause) -> Result<(), String> {
    if only.kinds.is_empty() && only.hosts.is_empty() {
        return Err("`only` names neither kinds nor hosts, so nothing could break it".into());
    }
    match only.kinds.is_empty() || only.of.is_empty() {
        true => Ok(()),
        false => Err("`only` names the kinds that may be sent, or those it is about (`of`), not both".into()),
    }
}

fn must(must: &MustClause) -> Result<(), String> {
    if !EVENTS.contains(&must.after.as_str()) {
        return Err(format!("must: after = {:?} is not one of {}", must.after, EVENTS.join(", ")));
    }
    if !must.host.contains('.') || must.path.as_ref().is_some_and(|path| !path.starts_with('/')) {
        return Err("must: a request has a host, and a path that begins with /".into());
    }
    match seconds(&must.within) {
        Some(_) => Ok(()),
        None => Err(format!("within = {:?} is not a time like 5s", must.within)),
    }
}

pub(super) fn seconds(text: &str) -> Option<i64> {
    text.strip_suffix('s')?.parse().ok().filter(|seconds| (0..=86_400).contains(seconds))
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    fn read(claim: &str) -> Result<super::Promise, String> {
        let head = "[[expectation]]\nid='e'\nsentence='It is so.'\nsource='A paper'\n";
        parse(&format!("{head}{claim}\n")).map(|mut all| all.remove(0))
    }

    #[test]
    fn every_word_of_the_language_is_read() {
        for right in [
            "never = { kinds = ['search'], within = '5s' }",
            "never = { kinds = ['search'], guise = { forbidden = ['plain'] } }",
            "never = { kinds = ['search'], guise = { allowed = ['sha256-prefix4'] } }",
            "never = { kinds = ['search'], via = { forbidden = ['http', 'dns'] } }",
            "never = { kinds = ['search'], via = { allowed = ['relay.example'] } }",
            "never = { identifiers = true }",
            "only = { kinds = ['visited-host'], to = 'the-maker' }",
            "only = { hosts = ['engine.example'], of = ['search'] }",
            "must = { host = 'a.example', path = '/delete', after = 'turned-off', within = '60s' }",
            "untestable = 'what a server keeps is not seen from here'",
            "never = { kinds = ['search'] }\nstate = 'signed-out'",
            "never = { kinds = ['search'] }\nvalid = { from = '2020-05-03', versions = { from = '3.4.3' }, territory = 'EEA' }",
        ] {
            assert!(read(right).is_ok(), "{right}: {:?}", read(right).err());
        }
    }

    #[test]
    fn what_nothing_could_break_or_what_cannot_be_seen_is_refused_with_a_sentence() {
        for (wrong, says) in [
            ("never = { kinds = [] }", "nothing could break it"),
            ("only = { to = 'the-maker' }", "nothing could break it"),
            ("only = { kinds = ['search'], of = ['search'] }", "not both"),
            ("never = { kinds = ['search'], guise = { allowed = ['plain'], forbidden = ['md5'] } }", "not both"),
            ("never = { kinds = ['search'], via = { forbidden = ['carrier-pigeon'] } }", "neither a host nor one of"),
            ("never = { kinds = ['search'], within = 'soon' }", "not a time like 5s"),
            ("never = { identifiers = true, guise = { forbidden = ['plain'] } }", "only their place is known"),
            ("must = { host = 'a.example', after = 'thinking', within = '5s' }", "is not one of"),
            ("must = { host = 'a.example', path = 'delete', after = 'start', within = '5s' }", "begins with /"),
            ("must = { host = 'a.example', after = 'start', within = 'soon' }", "not a time"),
            ("untestable = ' '", "no reason"),
            ("never = { kinds = ['search'] }\nuntestable = 'x'", "one of"),
            ("", "one of"),
            ("never = { kinds = ['search'] }\nstate = 'happy'", "unknown variant"),
            ("never = { kinds = ['search'] }\nvalid = { from = 'May' }", "no day like"),
        ] {
            let error = read(wrong).err().unwrap_or_default();
            assert!(error.contains(says), "{wrong}: {error}");
        }
    }
}
