//! What each page of ours can make a browser ask for.
//!
//! The pages are written in `pages.rs`, and this list is written beside them: a
//! request to a honey site that does not stand here was not caused by its page.
//! Pages name nothing on other hosts, link to no other site, and set no policy
//! for `Referer`, so that no request to another site is theirs.

use model::{PageResource, RequestCause};

use crate::{ActCanaries, pages};

/// The manifest of a page, as its record keeps it.
pub(crate) fn of(planted: &ActCanaries) -> Vec<PageResource> {
    let named =
        |method: &str, path: &str| PageResource { method: method.into(), path: path.into(), cause: RequestCause::Page };
    let page = pages::path(&planted.url);
    let mut resources = vec![named("GET", page), named("GET", pages::WAY), named("GET", pages::REDIRECT)];
    resources.extend(pages::PARTS.iter().map(|path| named("GET", path)));
    resources.push(named("POST", pages::BEACON));
    if !planted.forms.is_empty() {
        resources.extend([named("GET", pages::APP), named("GET", pages::WORKER)]);
        resources.push(named("POST", pages::SENT));
    }
    resources.push(PageResource { cause: RequestCause::Browser, ..named("GET", pages::ICON) });
    resources
}

#[cfg(test)]
mod tests {
    use model::Act;

    use super::*;
    use crate::{CanaryGenerator, HoneySites};

    /// Every address in the markup and scripts of a site.
    fn named_in(text: &str) -> Vec<String> {
        let mut named = Vec::new();
        for (before, end) in
            [("src=\"", '"'), ("href=\"", '"'), ("action=\"", '"'), ("register('", '\''), ("sendBeacon('", '\'')]
        {
            let ends = text.split(before).skip(1).filter_map(|rest| rest.split(end).next());
            named.extend(ends.map(str::to_owned));
        }
        named
    }

    #[test]
    fn whatever_a_page_names_stands_in_its_manifest_and_on_its_own_site() {
        for act in [Act::Visit, Act::Form, Act::Download] {
            let (garden, planted) = (HoneySites::default(), CanaryGenerator::new(5, 1).plant(act, ""));
            garden.add(&planted);
            let site = planted.url.split('/').take(3).collect::<Vec<&str>>().join("/");
            let listed = of(&planted);
            let mut seen = 0;
            for resource in listed.iter().filter(|resource| resource.method == "GET") {
                let request = model::Request {
                    method: "GET".into(),
                    url: format!("{site}{}", resource.path),
                    version: "HTTP/2".into(),
                    headers: vec![],
                    body: model::Body::default(),
                };
                let body = String::from_utf8_lossy(&garden.serve(&request).unwrap().body).into_owned();
                for address in named_in(&body) {
                    let path = address.strip_prefix(&site).unwrap_or(&address).replace("&amp;", "&");
                    assert!(listed.iter().any(|one| one.path == path), "{act:?}: {address} in {}", resource.path);
                    seen += 1;
                }
            }
            assert!(seen > 3 || act == Act::Download, "{act:?}: {seen}");
        }
    }
}
