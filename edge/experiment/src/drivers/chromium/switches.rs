//! Reads switches on settings pages, and turns them by a click as a person does.

use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use super::ChromiumDriver;
use crate::Error;

const PATIENCE: Duration = Duration::from_secs(10);

/// How long a settings page may take to save a change.
const SETTLE: Duration = Duration::from_millis(500);

/// Where a switch is found.
#[derive(Clone, Copy, Debug)]
pub struct SwitchAt<'s> {
    /// Address of the page; without a scheme, a page of the first extension.
    pub page: &'s str,
    /// CSS selector of the control: a checkbox, or anything with `aria-checked`.
    pub control: &'s str,
}

impl ChromiumDriver {
    /// Whether the switch is on. Opens a tab for it, and closes it again.
    pub async fn switch_stands(&self, switch: SwitchAt<'_>) -> Result<bool, Error> {
        self.open_tab(&self.address_of(switch.page), PATIENCE).await?;
        let stands = self.stands(switch.control).await;
        self.close_tab().await?;
        stands
    }

    /// Clicks on the switch, unless it already has this position. Returns its
    /// position before.
    pub async fn throw_switch(&self, switch: SwitchAt<'_>, on: bool) -> Result<bool, Error> {
        self.open_tab(&self.address_of(switch.page), PATIENCE).await?;
        let stood = self.thrown(switch.control, on).await;
        self.close_tab().await?;
        stood
    }

    async fn thrown(&self, control: &str, on: bool) -> Result<bool, Error> {
        let stood = self.stands(control).await?;
        if stood != on {
            self.click(control).await?;
            sleep(SETTLE).await;
            if self.stands(control).await? != on {
                return Err(Error::Refused { program: "the switch".to_owned(), says: "it did not move".to_owned() });
            }
        }
        Ok(stood)
    }

    /// Whether the control is on. It waits for the control, because a script draws it.
    async fn stands(&self, control: &str) -> Result<bool, Error> {
        let script = format!(
            "(() => {{
                const found = document.querySelector({});
                return found && (found.checked ?? found.getAttribute('aria-checked') === 'true');
            }})()",
            Value::from(control)
        );
        for _ in 0..100 {
            if let Some(stands) = self.evaluate(&script).await.ok().and_then(|value| value.as_bool()) {
                return Ok(stands);
            }
            sleep(Duration::from_millis(50)).await;
        }
        Err(Error::NotInPage { what: control.to_owned() })
    }

    fn address_of(&self, page: &str) -> String {
        match self.extensions.first() {
            Some(id) if !page.contains(':') => format!("chrome-extension://{id}/{page}"),
            _ => page.to_owned(),
        }
    }
}
