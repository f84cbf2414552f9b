//! One event, opened: what is said of it, and what can be said to it.

use gate::GuardEvent;
use guard::{DecisionReason, GuardAction};

use crate::stage::{Stage, event};

/// The page of an event.
async fn opened(stage: &Stage, event: GuardEvent) -> String {
    stage.keeper.board().add(event);
    let id = stage.keeper.board().events()[0].id;
    stage.get(&format!("/event/{id}")).await.body
}

#[tokio::test]
async fn what_a_service_s_own_switch_stopped_offers_no_switch_of_a_kind() {
    let stage = Stage::new().await;
    let hour = "for one hour";
    assert!(opened(&stage, event()).await.contains(hour), "a kind's switch stopped it");
    for reason in [DecisionReason::Suggestions, DecisionReason::Updates, DecisionReason::Security] {
        let page = opened(&stage, GuardEvent { reason: reason.clone(), ..event() }).await;
        assert!(!page.contains(hour) && page.contains("To the switch"), "{reason:?}");
    }
    let key = format!("Bearer {}", stage.serving.key());
    let told = stage.ask("GET", "/api/choices", &[("Authorization", key.as_str())], "").await.body;
    let search = &told[told.find("\"id\":\"search\"").unwrap()..];
    assert!(search[..search.find('}').unwrap()].contains("\"private_asks\":1"), "one asked for it, three did not");
}

#[tokio::test]
async fn a_connection_that_failed_is_called_unread_and_offers_to_be_stopped() {
    let stage = Stage::new().await;
    let kinds = Vec::new;
    for (verdict, reason) in
        [(GuardAction::Cut, DecisionReason::NoHandshake), (GuardAction::Pass, DecisionReason::Unread)]
    {
        let page = opened(&stage, GuardEvent { verdict, reason: reason.clone(), kinds: kinds(), ..event() }).await;
        assert!(!page.contains("Nothing in it was recognised"), "{reason:?}: nobody could look");
        assert!(page.contains("Stop this destination") && !page.contains("Allow this"), "{reason:?}");
    }
    let page = opened(&stage, GuardEvent { reason: DecisionReason::Updates, kinds: kinds(), ..event() }).await;
    assert!(page.contains("Nothing in it was recognised") && page.contains("Allow this destination"));
}

#[tokio::test]
async fn what_went_on_unread_was_not_always_a_choice_for_unread_traffic() {
    let stage = Stage::new().await;
    let unread = |verdict| GuardEvent { verdict, reason: DecisionReason::Unread, kinds: vec![], ..event() };
    assert!(opened(&stage, unread(GuardAction::Cut)).await.contains("your choice for unread traffic decided"));
    let passed = opened(&stage, unread(GuardAction::Pass)).await;
    assert!(passed.contains("goes where a page does") && !passed.contains("traffic decided"), "{passed}");
}
