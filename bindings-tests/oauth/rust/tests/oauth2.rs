//! The crate `oauth2`.

use std::collections::BTreeSet;

use oauth2::basic::{BasicClient, BasicTokenResponse};
use oauth2::{
    AccessToken, AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, IntrospectionUrl,
    RefreshToken, ResourceOwnerPassword, ResourceOwnerUsername, Scope, TokenIntrospectionResponse as _,
    TokenResponse as _, TokenUrl,
};
use serde_json::{Value, json};
use tokenmint_oauth_clients::{Failure, error, fresh, send};

const ID: &str = "demo-client";
const SECRET: &str = "demo-client-secret-for-everybody";
const RESOURCE: &str = "https://api.example.com";

type Client = BasicClient<EndpointNotSet, EndpointNotSet, EndpointSet, EndpointNotSet, EndpointSet>;

fn address(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is the address of the server"))
}

fn client(id: &str, secret: Option<&str>, way: AuthType) -> Client {
    let issuer = address("TOKENMINT_ISSUER");
    let client = BasicClient::new(ClientId::new(id.to_owned()))
        .set_auth_type(way)
        .set_token_uri(TokenUrl::new(format!("{issuer}/oauth/token")).unwrap())
        .set_introspection_url(IntrospectionUrl::new(format!("{issuer}/oauth/introspect")).unwrap());
    match secret {
        Some(secret) => client.set_client_secret(ClientSecret::new(secret.to_owned())),
        None => client,
    }
}

fn ways() -> [Client; 2] {
    [AuthType::BasicAuth, AuthType::RequestBody].map(|way| client(ID, Some(SECRET), way))
}

fn admin(operation: &str, input: &Value) -> Value {
    tokenmint_oauth_clients::admin(&address("TOKENMINT_ADMIN"), operation, input)
}

struct Started {
    subject: String,
    access: AccessToken,
    refresh: RefreshToken,
}

fn session(client: &str) -> Started {
    let subject = fresh("user");
    let pair =
        admin("start_session", &json!({ "subject": subject, "client_id": client, "scope": "read write" }));
    let text = |name: &str| pair[name].as_str().unwrap().to_owned();
    Started {
        subject,
        access: AccessToken::new(text("access_token")),
        refresh: RefreshToken::new(text("refresh_token")),
    }
}

fn refresh(client: &Client, token: &RefreshToken) -> Result<BasicTokenResponse, Failure> {
    client.exchange_refresh_token(token).request(&send)
}

/// Refreshes in a loop, sixteen at once: all get the same successor, and the session lives on.
fn together(client: &Client, started: &Started) -> RefreshToken {
    let mut current = started.refresh.clone();
    for round in 0..4 {
        let successors: BTreeSet<String> = std::thread::scope(|scope| {
            let one = || refresh(client, &current).unwrap().refresh_token().unwrap().secret().clone();
            let all: Vec<_> = (0..16).map(|_| scope.spawn(one)).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(successors.len(), 1, "round {round}");
        let next = RefreshToken::new(successors.into_iter().next().unwrap());
        assert_ne!(next.secret(), current.secret());
        current = next;
    }
    let listed = admin("list_sessions", &json!({ "subject": started.subject }));
    assert_eq!(listed["sessions"].as_array().map(Vec::len), Some(1), "the session lives");
    current
}

fn read() -> Scope {
    Scope::new("read".to_owned())
}

#[test]
fn client_credentials() {
    for client in ways() {
        let asked =
            client.exchange_client_credentials().add_scope(read()).add_extra_param("resource", RESOURCE);
        let answer = asked.request(&send).unwrap();
        assert_eq!(answer.token_type().as_ref(), "bearer");
        assert_eq!(answer.scopes(), Some(&vec![read()]));
        assert!(answer.expires_in().is_some() && answer.refresh_token().is_none());
        let known = client.introspect(answer.access_token()).request(&send).unwrap();
        assert!(known.active());
        assert_eq!(known.client_id().map(|id| id.as_str()), Some(ID));
    }
}

#[test]
fn refresh_sixteen_at_once() {
    for client in ways() {
        let started = session(ID);
        let last = together(&client, &started);
        let narrower = client.exchange_refresh_token(&last).add_scope(read()).request(&send).unwrap();
        assert_eq!(narrower.scopes(), Some(&vec![read()]));
    }
}

#[test]
fn a_public_client_refreshes() {
    let id = fresh("public");
    let record = json!({ "id": id, "organization": "org_demo", "public": true, "permissions": ["refresh_token"],
        "scope": "read write", "audience": [RESOURCE] });
    admin("create_client", &record);
    let public = client(&id, None, AuthType::RequestBody);
    together(&public, &session(&id));
    let refused = public.exchange_client_credentials().request(&send).unwrap_err();
    assert_eq!(error(&refused), "unauthorized_client");
}

#[test]
fn any_characters_of_an_id_and_a_secret_arrive() {
    let (id, secret) = (fresh("urn:limited"), "100% \"sound\" & +:/?#=");
    let record = json!({ "id": id, "organization": "org_demo", "secret": secret, "audience": [RESOURCE],
        "permissions": ["client_credentials"] });
    admin("create_client", &record);
    for way in [AuthType::BasicAuth, AuthType::RequestBody] {
        let limited = client(&id, Some(secret), way);
        let answer = limited.exchange_client_credentials().request(&send).unwrap();
        let known = limited.introspect(answer.access_token()).request(&send).unwrap();
        assert_eq!(known.client_id().map(|id| id.as_str()), Some(id.as_str()));
    }
}

#[test]
fn introspection() {
    for client in ways() {
        let started = session(ID);
        let known = client.introspect(&started.access).request(&send).unwrap();
        assert!(known.active());
        assert_eq!(known.sub(), Some(started.subject.as_str()));
        let unknown = AccessToken::new("a token that nobody knows".to_owned());
        assert!(!client.introspect(&unknown).request(&send).unwrap().active());
    }
}

#[test]
fn each_error_has_its_name() {
    let [basic, post] = ways();
    let own = || basic.exchange_client_credentials();
    let said = |result: Result<BasicTokenResponse, Failure>| error(&result.unwrap_err());
    assert_eq!(said(own().add_scope(Scope::new("unheard-of".to_owned())).request(&send)), "invalid_scope");
    assert_eq!(
        said(own().add_extra_param("resource", "https://other.example").request(&send)),
        "invalid_target"
    );
    let twice = own().add_scope(read()).add_extra_param("scope", "write");
    assert_eq!(said(twice.request(&send)), "invalid_request");
    for way in [AuthType::BasicAuth, AuthType::RequestBody] {
        let wrong = client(ID, Some("wrong"), way);
        assert_eq!(said(wrong.exchange_client_credentials().request(&send)), "invalid_client");
    }
    let (user, password) =
        (ResourceOwnerUsername::new("u".to_owned()), ResourceOwnerPassword::new("p".to_owned()));
    assert_eq!(said(post.exchange_password(&user, &password).request(&send)), "unsupported_grant_type");
    assert_eq!(said(refresh(&basic, &RefreshToken::new("not a token".to_owned()))), "invalid_grant");
}
