//! Promises of [`postrider_storage::AutomationStore`].

use std::sync::Arc;

use postrider_json::Conditions;
use postrider_model::automation::{ACTIONS_MAX, AUTOMATIONS_MAX, DisabledReason};
use postrider_model::{
    Action, Automation, AutomationId, BodyContent, BodyStyle, CustomHeader, DeliveryStatus, Does,
    Ed25519Secret, Exchange, Recipients, Schedule, SecretQuery, SendEmail, SendWebhook, SigningKey, Trigger,
    WebhookBody, WebhookSignature,
};

use super::build::*;
use super::scene::*;
use postrider_storage::{
    Change, DeleteObject, DisableAction, Finished, FirstAttempt, NewEvent, Recorded, SaveAutomation, Store,
};

pub(crate) async fn read(scene: &Scene, id: AutomationId) -> Option<Automation> {
    let automation = scene.store.automation(scene.account, id).await;
    automation.expect("automation")
}

pub(crate) async fn update(scene: &Scene, automation: &Automation) -> SaveAutomation {
    let saved = scene
        .store
        .update_automation(scene.account, automation.clone(), Vec::new(), audit())
        .await;
    saved.expect("update_automation")
}

/// The scene's own automation, as stored.
pub(crate) async fn stored(scene: &Scene) -> Automation {
    let automation = read(scene, scene.automation).await;
    automation.expect("the scene's automation")
}

/// Reports, at `s`, the last attempt of a new delivery of an action of the scene's account, which disables
/// the action. Returns whether it did.
pub(crate) async fn disable(scene: &Scene, disable: &DisableAction, s: i64) -> bool {
    let event = scene.event_for(s, &[disable.action], FirstAttempt::Owned);
    scene.append_new(&event).await;
    let is_on = async || {
        let config = scene
            .store
            .account_config(scene.account)
            .await
            .expect("account_config");
        let automations = config.expect("the account").automations;
        let mut actions = automations.iter().flat_map(|automation| &automation.actions);
        actions.any(|action| action.id == disable.action && action.enabled)
    };
    let was_on = is_on().await;
    let recorded = scene.finish(disabling(&event, disable, s)).await;
    assert_eq!(recorded, Recorded::Applied);
    was_on && !is_on().await
}

/// A report at `s` about the first delivery of `event`, whose only attempt disables the action.
pub(crate) fn disabling(event: &NewEvent, disable: &DisableAction, s: i64) -> Finished {
    let mut report = settled(key_of(event, 0), disable.action, s, DeliveryStatus::Failed);
    let Change::Attempted {
        attempt, disables, ..
    } = &mut report.change
    else {
        panic!("it was attempted");
    };
    let Exchange::Http(exchange) = &mut attempt.exchange else {
        panic!("a webhook");
    };
    exchange.request.url.clone_from(&disable.target);
    attempt.started_at = at(s).before(attempt.duration);
    *disables = Some(disable.reason);
    report
}

/// The receiver of this action is gone.
pub(crate) fn gone(action: &Action) -> DisableAction {
    DisableAction {
        action: action.id,
        target: action.does.target().to_owned(),
        reason: DisabledReason::Gone,
    }
}

/// Conditions with numbers that are no doubles, and text that needs escapes.
const CONDITIONS: &str = r#"{"any":[{"not":{"path":"/a~1b/*/é","op":"in","value":[8202522731445525542,1250.50]}},
    {"path":"","op":"eq","value":"\"\u0000\ud83d\udcee"}]}"#;

/// A profile or none, and two, one or no keys.
fn signature(scene: &Scene, n: usize, m: usize) -> WebhookSignature {
    let (hmac, ed25519) = (new_key(&scene.ids, 1), Ed25519Secret::from_random([7; 32]));
    let ended = SigningKey {
        expires_at: Some(at(9)),
        ..hmac.clone()
    };
    let current = SigningKey {
        secret: ed25519.into(),
        ..new_key(&scene.ids, 2)
    };
    WebhookSignature {
        profile: (n == 1).then(|| "github".to_owned()),
        own_keys: match m {
            0 => vec![current, ended],
            1 => vec![hmac],
            _ => Vec::new(),
        },
    }
}

/// An action that sends an e-mail, whose templates need escapes.
fn odd_email(scene: &Scene) -> Action {
    let to =
        ["Ann.O'Hara+1@a.example", "bob@xn--bcher-kva.example"].map(|it| it.parse().expect("an address"));
    Action {
        does: Does::SendEmail(SendEmail {
            to: Recipients::new(to.to_vec()).expect("recipients"),
            subject: "„{{ data.title }}“ \u{1f4ee}".to_owned(),
            text: "{% if data.a %}\r\n\t'\"\\{% endif %}\u{0}".to_owned(),
        }),
        ..new_action(&scene.ids, 1, 6)
    }
}

pub async fn an_automation_reads_back_as_it_was_saved(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let patterns = ["proposal.accepted", "proposal.*", "*", "a-b_c.D.*"];
    let mut automation = Automation {
        uid: Some("Tenant:42_a.b@c-d".to_owned()),
        name: "Odd „name“ \u{1f4ee} '\"\\".to_owned(),
        description: "Two\r\n\tlines \u{1f4ee} '\"\\".to_owned(),
        metadata: r#"{"n": 1.10, "é": "\u0000"}"#.to_owned(),
        enabled: false,
        trigger: Trigger {
            event_types: patterns
                .iter()
                .map(|text| text.parse().expect("a pattern"))
                .collect(),
            conditions: Some(Conditions::read(CONDITIONS).expect("conditions")),
        },
        retry_delays: Some(Schedule::from_delays_s(vec![]).expect("in bounds")),
        ..new_automation(&scene.ids, 1, 0)
    };
    for (n, content) in BodyContent::ALL.into_iter().enumerate() {
        for (m, style) in [BodyStyle::Js, BodyStyle::Python, BodyStyle::Raw]
            .into_iter()
            .enumerate()
        {
            automation.actions.push(Action {
                enabled: m != 1,
                disabled_reason: (m == 2).then_some(DisabledReason::Gone),
                rate_limit: None,
                does: Does::SendWebhook(SendWebhook {
                    url: format!("https://receiver.example/{n}?q=%20{m}#é"),
                    secret_query: (m == 0).then(|| SecretQuery::new("q=\"é\"&")),
                    body: WebhookBody::BuiltIn { content, style },
                    headers: vec![
                        CustomHeader::plain("X-Twice", "a, b"),
                        CustomHeader::secret("x-twice", format!("\"é\" {m}")),
                        CustomHeader::secret("X-Empty", ""),
                    ],
                    timeout_s: (n == 1).then_some(60),
                    signature: signature(&scene, n, m),
                    connection: None,
                }),
                ..new_action(&scene.ids, 1, 3 * n + m)
            });
        }
    }
    automation.actions.push(odd_email(&scene));
    let saved = create_automation(&*scene.store, scene.account, automation.clone()).await;
    let version = saved.version;
    assert_eq!(
        saved,
        Automation {
            version,
            ..automation
        }
    );
    assert_eq!(read(&scene, saved.id).await, Some(saved));
}

pub async fn the_most_actions_keep_their_order(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut automation = new_automation(&scene.ids, 1, ACTIONS_MAX);
    automation.actions.rotate_left(17);
    let saved = create_automation(&*scene.store, scene.account, automation.clone()).await;
    assert_eq!(saved.actions, automation.actions);
    assert_eq!(read(&scene, saved.id).await, Some(saved));
}

pub async fn an_automation_needs_its_account(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, others) = scene.another_account(1).await;
    let nobody = new_account(&scene.ids, 2).id;
    let created = scene
        .store
        .create_automation(nobody, new_automation(&scene.ids, 2, 1), audit())
        .await;
    assert_eq!(created, Ok(SaveAutomation::Missing));
    assert_eq!(read(&scene, others.id).await, None, "another account's");
    assert_eq!(update(&scene, &others).await, SaveAutomation::Missing);
    let store = &scene.store;
    assert_eq!(
        store
            .delete_automation(scene.account, others.id, None, audit())
            .await,
        Ok(DeleteObject::Missing)
    );
    assert!(!disable(&scene, &gone(&others.actions[0]), 5).await);
    assert_eq!(store.automation(other, others.id).await, Ok(Some(others)));
}

pub async fn an_update_keeps_the_identity_of_actions_and_raises_the_version(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let before = stored(&scene).await;
    let mut change = Automation {
        uid: Some("new".to_owned()),
        name: "New name".to_owned(),
        description: "New description".to_owned(),
        metadata: r#"{"new":1}"#.to_owned(),
        enabled: false,
        retry_delays: Some(Schedule::default()),
        created_at: at(500),
        updated_at: at(600),
        ..before.clone()
    };
    change.trigger.event_types = vec!["invoice.*".parse().expect("a pattern")];
    // The first action is deleted, the second edited, the third only moved, and a new one added in front.
    change.actions.remove(0);
    let Does::SendWebhook(webhook) = &mut change.actions[0].does else {
        panic!("a webhook");
    };
    webhook.url = "https://elsewhere.example/".to_owned();
    change.actions.swap(0, 1);
    change.actions.insert(0, new_action(&scene.ids, 600, 9));
    let expected = Automation {
        created_at: before.created_at,
        version: before.version + 1,
        ..change.clone()
    };
    assert_eq!(
        update(&scene, &change).await,
        SaveAutomation::Saved(expected.clone())
    );
    assert_eq!(stored(&scene).await, expected);
    let disabled = disable(&scene, &gone(&before.actions[0]), 700).await;
    assert!(!disabled, "an action left out of an update is gone");
    assert_eq!(stored(&scene).await, expected);
}

pub async fn an_update_of_an_automation_from_an_older_version_writes_nothing(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let first = stored(&scene).await;
    let SaveAutomation::Saved(second) = update(&scene, &first).await else {
        panic!("an update from the stored version is saved");
    };
    let mut late = first.clone();
    late.name = "late".to_owned();
    late.actions.clear();
    late.actions.push(new_action(&scene.ids, 5, 0));
    assert_eq!(update(&scene, &late).await, SaveAutomation::Stale);
    assert_eq!(stored(&scene).await, second);
    let never = new_automation(&scene.ids, 6, 1);
    assert_eq!(update(&scene, &never).await, SaveAutomation::Missing);
}

pub async fn a_deleted_automation_is_gone_with_its_actions_and_its_deliveries_stay(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let key = scene.append_owned(1).await;
    let before = scene.delivery(key).await;
    let stored_before = stored(&scene).await;
    let deleted = scene
        .store
        .delete_automation(scene.account, scene.automation, None, audit())
        .await;
    assert_eq!(deleted, Ok(DeleteObject::Deleted));
    assert_eq!(read(&scene, scene.automation).await, None);
    let again = scene
        .store
        .delete_automation(scene.account, scene.automation, None, audit())
        .await;
    assert_eq!(again, Ok(DeleteObject::Missing));
    assert!(!disable(&scene, &gone(&stored_before.actions[0]), 5).await);
    let config = scene
        .store
        .account_config(scene.account)
        .await
        .expect("account_config");
    assert_eq!(config.expect("the account").automations, []);
    assert_eq!(scene.delivery(key).await, before);
}

pub async fn an_action_is_disabled_once(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let before = stored(&scene).await;
    let elsewhere = DisableAction {
        target: "https://elsewhere.example/".to_owned(),
        ..gone(&before.actions[1])
    };
    assert!(!disable(&scene, &elsewhere, 59).await, "the target was edited");
    assert_eq!(stored(&scene).await, before);
    assert!(disable(&scene, &gone(&before.actions[1]), 60).await);
    let mut expected = Automation {
        updated_at: at(60),
        version: before.version + 1,
        ..before.clone()
    };
    expected.actions[1].enabled = false;
    expected.actions[1].disabled_reason = Some(DisabledReason::Gone);
    assert_eq!(stored(&scene).await, expected);
    let again = disable(&scene, &gone(&before.actions[1]), 61).await;
    assert!(!again, "it was off already");
    assert_eq!(stored(&scene).await, expected, "nothing was written");
    assert_eq!(update(&scene, &before).await, SaveAutomation::Stale);
}

pub async fn an_action_that_a_person_switched_off_keeps_no_reason(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut automation = stored(&scene).await;
    automation.actions[0].enabled = false;
    let SaveAutomation::Saved(saved) = update(&scene, &automation).await else {
        panic!("an update from the stored version is saved");
    };
    assert!(!disable(&scene, &gone(&saved.actions[0]), 60).await);
    assert_eq!(stored(&scene).await, saved);
}

pub async fn only_a_result_that_is_applied_disables_an_action_and_only_once(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let before = stored(&scene).await;
    let gone = gone(&before.actions[0]);
    let event = scene.event_for(1, &[gone.action], FirstAttempt::Waiting);
    scene.append_new(&event).await;
    let late = disabling(&event, &gone, 10);
    assert_eq!(scene.finish(late).await, Recorded::Fenced);
    assert_eq!(stored(&scene).await, before);
    scene.claim(gone.action, ROOM, at(11)).await;
    let result = disabling(&event, &gone, 20);
    assert_eq!(scene.finish(result.clone()).await, Recorded::Applied);
    let mut on_again = stored(&scene).await;
    assert!(!on_again.actions[0].enabled, "with the commit of the result");
    on_again.actions[0].enabled = true;
    on_again.actions[0].disabled_reason = None;
    let SaveAutomation::Saved(saved) = update(&scene, &on_again).await else {
        panic!("an update from the stored version is saved");
    };
    assert_eq!(scene.finish(result).await, Recorded::Applied);
    assert_eq!(
        stored(&scene).await,
        saved,
        "a report that is repeated writes nothing"
    );
}

pub async fn an_account_has_a_bounded_number_of_automations(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(1).await;
    for n in 1..AUTOMATIONS_MAX {
        let s = i64::try_from(n).expect("few");
        create_automation(&*scene.store, scene.account, new_automation(&scene.ids, s, 1)).await;
    }
    let surplus = new_automation(&scene.ids, 1000, 1);
    let create = |account, automation: &Automation| {
        let automation = automation.clone();
        let store = Arc::clone(&scene.store);
        async move {
            store
                .create_automation(account, automation, audit())
                .await
                .expect("create_automation")
        }
    };
    assert_eq!(create(scene.account, &surplus).await, SaveAutomation::TooMany);
    assert_eq!(read(&scene, surplus.id).await, None);
    let elsewhere = create(other, &new_automation(&scene.ids, 1001, 1)).await;
    assert!(matches!(elsewhere, SaveAutomation::Saved(_)), "{elsewhere:?}");
    let config = scene
        .store
        .account_config(scene.account)
        .await
        .expect("account_config");
    assert_eq!(config.expect("the account").automations.len(), AUTOMATIONS_MAX);
    let deleted = scene
        .store
        .delete_automation(scene.account, scene.automation, None, audit())
        .await;
    assert_eq!(deleted, Ok(DeleteObject::Deleted));
    let now = create(scene.account, &surplus).await;
    assert!(
        matches!(now, SaveAutomation::Saved(_)),
        "there is room again: {now:?}"
    );
}
