//! The acts of a person in Firefox. Clicks and keys are BiDi input actions, which
//! Firefox handles like a person's input.

use std::time::Duration;

use model::Time;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::FirefoxDriver;
use crate::{
    Error,
    drivers::visited::{FormField, VisitedPage},
    rpc::CallError,
};

/// The Enter key (WebDriver §17.4.2).
const ENTER: &str = "\u{E007}";

impl FirefoxDriver {
    /// Loads `url`, waits for the load, and stays.
    pub async fn visit(&self, url: &str, patience: Duration, stay: Duration) -> Result<VisitedPage, Error> {
        let began = crate::now();
        let wish = json!({"context": self.context, "url": url, "wait": "complete"});
        let failed = match self.rpc.call_within(patience, None, "browsingContext.navigate", wish).await {
            Ok(_) => None,
            Err(gone @ CallError::Gone { .. }) => return Err(gone.into()),
            Err(refused) => Some(refused.to_string()),
        };
        self.arrived(began, failed, stay).await
    }

    async fn arrived(&self, began: Time, failed: Option<String>, stay: Duration) -> Result<VisitedPage, Error> {
        sleep(stay).await;
        let seen = self.evaluate("JSON.stringify([location.href, document.title])").await?;
        let seen: Value = serde_json::from_str(seen.as_str().unwrap_or_default()).unwrap_or_default();
        let text = |index: usize| seen[index].as_str().unwrap_or_default().to_owned();
        Ok(VisitedPage { began, ended: crate::now(), url: text(0), title: text(1), failed })
    }

    /// Runs JavaScript in the page and gives its value: text, number, boolean or null.
    pub async fn evaluate(&self, script: &str) -> Result<Value, Error> {
        let target = json!({"context": self.context});
        let wish = json!({"expression": script, "target": target, "awaitPromise": true});
        let mut answer = self.rpc.call(None, "script.evaluate", wish).await?;
        if answer["type"] != "success" {
            let says = "a script failed in it".to_owned();
            return Err(Error::Refused { program: "the page".to_owned(), says });
        }
        Ok(answer["result"]["value"].take())
    }

    /// Clicks on the first element that `selector` (CSS) matches.
    pub async fn click(&self, selector: &str) -> Result<(), Error> {
        let script = format!(
            "(() => {{
                const found = document.querySelector({});
                if (!found) return null;
                found.scrollIntoView({{block: 'center', behavior: 'instant'}});
                const box = found.getBoundingClientRect();
                return JSON.stringify([Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)]);
            }})()",
            Value::from(selector)
        );
        let middle = self.evaluate(&script).await?;
        let Some(middle) = middle.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()) else {
            return Err(Error::NotInPage { what: selector.to_owned() });
        };
        let pointer = json!([
            {"type": "pointerMove", "x": middle[0], "y": middle[1]},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]);
        self.act(json!({"type": "pointer", "id": "mouse", "actions": pointer})).await
    }

    /// Follows the first link that `selector` matches.
    pub async fn follow_link(&self, selector: &str, patience: Duration, stay: Duration) -> Result<VisitedPage, Error> {
        self.leave(patience, stay, self.click(selector)).await
    }

    /// Types into the focused element of the page, key by key.
    pub async fn type_text(&self, text: &str) -> Result<(), Error> {
        let keys = text.chars().flat_map(|key| {
            let key = key.to_string();
            [
                json!({"type": "keyDown", "value": key}),
                json!({"type": "keyUp", "value": key}),
                json!({"type": "pause", "duration": 20}),
            ]
        });
        let keys: Vec<Value> = keys.collect();
        self.act(json!({"type": "key", "id": "keyboard", "actions": keys})).await
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
        self.leave(patience, stay, self.type_text(ENTER)).await
    }

    async fn act(&self, source: Value) -> Result<(), Error> {
        let wish = json!({"context": self.context, "actions": [source]});
        self.rpc.call(None, "input.performActions", wish).await?;
        Ok(())
    }

    /// Performs an act that loads another page, and waits for this page. A variable
    /// in the old page marks it: a page without it is another one.
    pub(super) async fn leave(
        &self,
        patience: Duration,
        stay: Duration,
        act: impl Future<Output = Result<(), Error>>,
    ) -> Result<VisitedPage, Error> {
        let began = crate::now();
        self.evaluate("void (window.candorWasHere = true)").await?;
        act.await?;
        let end = Instant::now() + patience;
        let arrived = "!window.candorWasHere && document.readyState === 'complete'";
        let failed = loop {
            match self.evaluate(arrived).await {
                Ok(Value::Bool(true)) => break None,
                Err(Error::Call(gone @ CallError::Gone { .. })) => return Err(gone.into()),
                _ if Instant::now() >= end => break Some("not loaded in time".to_owned()),
                _ => sleep(Duration::from_millis(100)).await,
            }
        };
        self.arrived(began, failed, stay).await
    }
}
