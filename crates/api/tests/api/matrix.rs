//! Every documented operation, called by every kind of caller, in its own account and in a foreign one.
//!
//! The operations come from the document, and what they require from their extensions: a new route is in the
//! matrix by itself.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use postrider_access::ApiKeyDraft;
use postrider_model::By;
use postrider_model::{AccountId, Permission, Scope};
use serde_json::{Value, json};

use crate::app::{ApiResponse, App, KEY};

/// Something that a document describes.
struct Operation {
    method: Method,
    path: String,
    /// The permission that it requires; `None` if it is public.
    permission: Option<Permission>,
    /// Whether it serves only callers of all accounts.
    is_of_installation: bool,
}

/// Somebody who calls.
struct Caller {
    key: Option<String>,
    scope: Scope,
    permissions: Vec<Permission>,
}

/// What a caller gets.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Unauthorized,
    Forbidden,
    NoAccount,
    Served,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let permission = operation["x-permission"].as_str();
            let is_of_installation = match operation["x-scope"].as_str() {
                Some(scope) => scope == "installation",
                None => !path.contains("{account}"),
            };
            operations.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                permission: permission.map(|name| Permission::from_name(name).unwrap()),
                is_of_installation,
            });
        }
    }
    operations
}

impl Operation {
    fn expected(&self, caller: &Caller, account: Option<AccountId>) -> Expected {
        let Some(permission) = self.permission else {
            return Expected::Served;
        };
        if caller.key.is_none() {
            return Expected::Unauthorized;
        }
        let is_included =
            permission == Permission::Resend && caller.permissions.contains(&Permission::Manage);
        if !caller.permissions.contains(&permission) && !is_included {
            return Expected::Forbidden;
        }
        if self.is_of_installation && caller.scope != Scope::All {
            return Expected::Forbidden;
        }
        match account {
            Some(account) if !caller.scope.includes(account) => Expected::NoAccount,
            _ => Expected::Served,
        }
    }

    async fn call(&self, app: &App, caller: &Caller, account: Option<AccountId>) -> ApiResponse {
        let account = account.map(|id| id.to_string()).unwrap_or_default();
        let path = self
            .path
            .replace("{account}", &account)
            .replace("{id}", "nothing")
            .replace("{action}", "act_00000000000000000000000001")
            .replace("{request}", "1-1")
            .replace("{name}", "a.b");
        let mut request = Request::builder()
            .method(&self.method)
            .uri(path)
            .header("host", "a.example");
        if let Some(key) = &caller.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let body = if self.method == Method::GET { "" } else { "{}" };
        let request = request.header("content-type", "application/json");
        app.send(request.body(Body::from(body)).unwrap()).await
    }
}

fn seen(response: &ApiResponse) -> Expected {
    let code = serde_json::from_slice::<Value>(&response.bytes).unwrap_or_default();
    match (response.status, code["code"].as_str()) {
        (StatusCode::UNAUTHORIZED, _) => Expected::Unauthorized,
        (StatusCode::FORBIDDEN, _) => Expected::Forbidden,
        (_, Some("account_not_found")) => Expected::NoAccount,
        _ => Expected::Served,
    }
}

async fn account(app: &App) -> AccountId {
    let path = app.account().await;
    path.rsplit('/').next().unwrap().parse().unwrap()
}

async fn callers(app: &App, own: AccountId) -> Vec<Caller> {
    let nobody = |key: Option<&str>| Caller {
        key: key.map(str::to_owned),
        scope: Scope::All,
        permissions: vec![],
    };
    let mut callers = vec![nobody(None)];
    for permission in Permission::ALL {
        for scope in [Scope::All, Scope::Account(own)] {
            if permission == Permission::Admin && scope != Scope::All {
                continue;
            }
            let mut permissions = vec![permission];
            // A portal link permits reading, and gives no more than its creator has.
            if permission == Permission::Manage {
                permissions.push(Permission::Read);
            }
            let draft = ApiKeyDraft {
                name: permission.as_str().to_owned(),
                permissions: permissions.clone(),
                account: scope.account(),
                expires_at: None,
            };
            let (_, shown) = app.access.create_api_key(&By::NODE, draft).await.unwrap();
            callers.push(Caller {
                key: Some(shown.expose().to_owned()),
                scope,
                permissions,
            });
        }
    }
    callers.push(Caller {
        key: Some(KEY.to_owned()),
        scope: Scope::All,
        permissions: Permission::ALL.to_vec(),
    });
    callers
}

#[tokio::test]
async fn every_operation_serves_only_callers_with_its_permission_and_scope() {
    let app = App::start().await;
    let document = app.get("/v1/openapi.json").await.expect(200);
    let operations = operations(&document);
    assert!(operations.len() >= 30);
    let own = account(&app).await;
    let mut wrong = Vec::new();
    for caller in callers(&app, own).await {
        for operation in &operations {
            let is_deletion = operation.method == Method::DELETE && operation.path.ends_with("{account}");
            let accounts = if !operation.path.contains("{account}") {
                vec![None]
            } else if is_deletion && operation.expected(&caller, Some(own)) == Expected::Served {
                // It deletes the account, which the others need.
                vec![Some(account(&app).await)]
            } else {
                vec![Some(own), Some(account(&app).await)]
            };
            for account in accounts {
                let expected = operation.expected(&caller, account);
                let response = operation.call(&app, &caller, account).await;
                if seen(&response) != expected {
                    wrong.push(format!(
                        "{} {} by {:?} of {:?}: {} instead of {expected:?}",
                        operation.method, operation.path, caller.permissions, caller.scope, response.status
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_key_that_posts_events_can_do_nothing_else() {
    let app = App::start().await;
    let own = account(&app).await;
    let body = json!({"name": "Poster", "permissions": ["events:write"], "account": own.to_string()});
    let key = app.post("/v1/api-keys", &body).await.expect(201);
    let key = key["key"].as_str().unwrap();
    let call = async |method: &str, path: String, body: &str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json");
        let request = request.body(Body::from(body.to_owned())).unwrap();
        app.send(request).await
    };
    let event = r#"{"type": "a.b", "data": {}}"#;
    let batch = format!(r#"{{"events": [{event}]}}"#);
    let events = format!("/v1/accounts/{own}/events");
    assert_eq!(call("POST", events.clone(), event).await.status, 202);
    assert_eq!(call("POST", format!("{events}/batch"), &batch).await.status, 202);
    call("GET", events, "").await.problem(403, "permission_denied");
    let foreign = format!("{}/events", app.account().await);
    call("POST", foreign, event)
        .await
        .problem(404, "account_not_found");
}
