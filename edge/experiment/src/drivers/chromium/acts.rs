//! The acts of a person in Chromium: go to a page, follow a link, fill in a form.
//!
//! Clicks and keys go through the browser's own input, so that a page sees a
//! person. The driver runs a script in the page only to find where to click.

use std::time::Duration;

use model::Time;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{CdpTarget, ChromiumDriver};
use crate::{
    Error,
    drivers::visited::{FormField, VisitedPage},
};

impl ChromiumDriver {
    /// Loads `url` in the page in front, waits for the load, and stays.
    pub async fn visit(&self, url: &str, patience: Duration, stay: Duration) -> Result<VisitedPage, Error> {
        let page = self.page()?;
        let began = crate::now();
        let going = self.rpc.call_within(patience, Some(&page.session), "Page.navigate", json!({"url": url}));
        let failed = match timeout(patience, going).await {
            // A download does not load a new page.
            Ok(Ok(answer)) if answer["isDownload"] == true => return self.arrived(began, None, stay).await,
            Ok(Ok(answer)) => answer["errorText"].as_str().map(str::to_owned),
            Ok(Err(gone @ crate::rpc::CallError::Gone { .. })) => return Err(gone.into()),
            Ok(Err(refused)) => Some(refused.to_string()),
            Err(_) => Some("no answer in time".to_owned()),
        };
        let failed = match failed {
            None => self.loaded(&page, patience).await,
            failed => failed,
        };
        self.arrived(began, failed, stay).await
    }

    /// Waits until `page` has loaded once more, and stays.
    pub(super) async fn follow(
        &self,
        page: &CdpTarget,
        began: Time,
        patience: Duration,
        stay: Duration,
    ) -> Result<VisitedPage, Error> {
        let failed = self.loaded(page, patience).await;
        self.arrived(began, failed, stay).await
    }

    /// Waits until the session has counted more loads than `page`, an earlier copy of it.
    async fn loaded(&self, page: &CdpTarget, patience: Duration) -> Option<String> {
        let mut open = self.open.clone();
        let more =
            open.wait_for(|open| open.over || open.of_session(&page.session).is_none_or(|now| now.loads > page.loads));
        match timeout(patience, more).await {
            Ok(Ok(open)) if !open.over => None,
            Ok(_) => Some("the browser ended".to_owned()),
            Err(_) => Some("not loaded in time".to_owned()),
        }
    }

    async fn arrived(&self, began: Time, failed: Option<String>, stay: Duration) -> Result<VisitedPage, Error> {
        sleep(stay).await;
        let seen = self.evaluate("[location.href, document.title]").await?;
        let text = |index: usize| seen[index].as_str().unwrap_or_default().to_owned();
        Ok(VisitedPage { began, ended: crate::now(), url: text(0), title: text(1), failed })
    }

    /// Runs JavaScript in the page in front and gives its value.
    pub async fn evaluate(&self, script: &str) -> Result<Value, Error> {
        let wish = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.on_page("Runtime.evaluate", wish).await?;
        if !answer["exceptionDetails"].is_null() {
            let says = answer["exceptionDetails"]["text"].as_str().unwrap_or_default().to_owned();
            return Err(Error::Refused { program: "the page".to_owned(), says });
        }
        Ok(answer["result"]["value"].take())
    }

    /// Clicks on the first element that `selector` (CSS) matches.
    pub async fn click(&self, selector: &str) -> Result<(), Error> {
        let middle = self
            .evaluate(&format!(
                "(() => {{
                    const found = document.querySelector({selector});
                    if (!found) return null;
                    found.scrollIntoView({{block: 'center', behavior: 'instant'}});
                    const box = found.getBoundingClientRect();
                    return [box.x + box.width / 2, box.y + box.height / 2];
                }})()",
                selector = Value::from(selector)
            ))
            .await?;
        let (Some(x), Some(y)) = (middle[0].as_f64(), middle[1].as_f64()) else {
            return Err(Error::NotInPage { what: selector.to_owned() });
        };
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({"type": kind, "x": x, "y": y, "button": button, "clickCount": 1});
            self.on_page("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }

    /// Follows the first link that `selector` matches.
    pub async fn follow_link(&self, selector: &str, patience: Duration, stay: Duration) -> Result<VisitedPage, Error> {
        let (page, began) = (self.page()?, crate::now());
        self.click(selector).await?;
        self.follow(&page, began, patience, stay).await
    }

    /// Types into the focused element of the page, key by key.
    pub async fn type_text(&self, text: &str) -> Result<(), Error> {
        for character in text.chars() {
            let character = character.to_string();
            for kind in ["keyDown", "keyUp"] {
                let mut event = json!({"type": kind, "key": character});
                if kind == "keyDown" {
                    event["text"] = character.as_str().into();
                }
                self.on_page("Input.dispatchKeyEvent", event).await?;
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Fills in fields of the page, including password fields.
    pub async fn fill_form(&self, fields: &[FormField]) -> Result<(), Error> {
        for field in fields {
            self.click(&format!("[name={}]", Value::from(field.name.as_str()))).await?;
            self.type_text(&field.text).await?;
        }
        Ok(())
    }

    /// Sends the form that has the focus, as the Enter key does.
    pub async fn submit(&self, patience: Duration, stay: Duration) -> Result<VisitedPage, Error> {
        let (page, began) = (self.page()?, crate::now());
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13});
            if kind == "keyDown" {
                event["text"] = "\r".into();
            }
            self.on_page("Input.dispatchKeyEvent", event).await?;
        }
        self.follow(&page, began, patience, stay).await
    }

    /// Opens a page in a new tab; it is the page in front from then on.
    pub async fn open_tab(&self, url: &str, patience: Duration) -> Result<(), Error> {
        let before = self.page()?;
        self.rpc.call(None, "Target.createTarget", json!({"url": url})).await?;
        let mut open = self.open.clone();
        let new = open.wait_for(|open| open.over || open.pages().next_back().is_some_and(|page| page.id != before.id));
        match timeout(patience, new).await {
            Ok(Ok(open)) if !open.over => Ok(()),
            _ => Err(Error::NoPage("the new tab")),
        }
    }

    /// Closes the page in front; the page opened before it is then in front.
    pub async fn close_tab(&self) -> Result<(), Error> {
        let page = self.page()?;
        self.rpc.call(None, "Target.closeTarget", json!({"targetId": page.id})).await?;
        let mut open = self.open.clone();
        let gone = open.wait_for(|open| open.over || open.of_session(&page.session).is_none());
        timeout(Duration::from_secs(10), gone).await.map(drop).map_err(|_| Error::NoPage("Chromium"))
    }
}
