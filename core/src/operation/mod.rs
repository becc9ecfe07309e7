//! The flows by their names, with JSON in and out: what a language without this crate's types speaks.
//!
//! One table says which operations there are; the bindings are made from it. The shapes are those of
//! `bindings-tests/vectors/flows.json`.

mod input;
mod output;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::dialect::entities;
use crate::error::{Error, ErrorCode, Result};
use crate::flow::directory;
use crate::issuer::Issuer;
use crate::json::{self, Kind};
use crate::task::Task;
use crate::time::Context;
use input as i;
use output as o;

/// One operation: the task that its input asks for.
type Run = fn(&Issuer, &str, &Context) -> Result<Task<String>>;

macro_rules! operations {
    ($($name:literal: |$issuer:ident, $input:ident: $type:ty, $context:ident| $task:expr => $output:expr;)+) => {
        /// The names of the operations.
        pub const OPERATIONS: &[&str] = &[$($name,)+];

        fn find(name: &str) -> Option<Run> {
            match name {
                $($name => Some(|$issuer, input, $context| {
                    let $input: $type = read(input)?;
                    Ok($task.map(|done| Ok(write(&$output(done)))))
                }),)+
                _ => None,
            }
        }
    };
}

operations! {
    "client_credentials": |issuer, input: i::Proof, context|
        issuer.client_credentials(input.into(), context) => o::access;
    "entity_user": |issuer, input: i::EntityUser, context| {
        let (proof, user) = input.parts();
        issuer.entity_user(proof, &user, context)
    } => o::access;
    "exchange_api_key": |issuer, input: i::ExchangeApiKey, context| {
        let (proof, conditions) = input.parts();
        issuer.exchange_api_key(proof, conditions, context)
    } => o::pair;
    "refresh": |issuer, input: i::Refresh, context| match &input.client {
        Some(client) => issuer.refresh_as(&input.refresh_token, client, context),
        None => issuer.refresh(&input.refresh_token, context),
    } => o::pair;
    "check": |issuer, input: i::Token, context| issuer.check(&input.token, context) => o::active;
    "revoke_token": |issuer, input: i::RevokeToken, context|
        issuer.revoke_token(&input.token, &input.client, context) => o::nothing;
    "revoke_session": |issuer, input: i::Session, context|
        issuer.revoke_session(&input.session, context) => o::nothing;
    "revoke_subject": |issuer, input: i::Subject, context|
        issuer.revoke_subject(&input.subject, context) => o::nothing;
    "revoke_client": |issuer, input: i::Client, context|
        issuer.revoke_client(&input.client, context) => o::nothing;
    "revoke_all": |issuer, _input: i::Nothing, context| issuer.revoke_all(context) => o::nothing;
    "adopt_store": |issuer, _input: i::Nothing, context| issuer.adopt_store(context) => o::nothing;
    "entity_token": |issuer, input: i::EntityToken, context|
        issuer.entity_token(input.request()?, context) => o::entity_token;
    "invalidate_tokens": |issuer, input: i::InvalidateTokens, context|
        issuer.invalidate_tokens(input.bearer.0, input.sessions, context) => o::nothing;
    "create_link": |issuer, input: i::CreateLink, context|
        issuer.create_link(input.bearer.0, input.details, input.expires_in, context) => o::link;
    "peek_link": |issuer, input: i::PeekLink, context|
        issuer.peek_link(&input.link_token, context) => o::view;
    "redeem_link": |issuer, input: i::RedeemLink, context|
        issuer.redeem_link(input.into(), context) => o::public_token;
    "exchange_public_token": |issuer, input: i::ExchangePublicToken, context|
        issuer.exchange_public_token(input.into(), context) => o::account_token;
    "regenerate_account_token": |issuer, input: i::OwnAccount, context| {
        let i::OwnAccount { bearer, category, account_token } = input;
        issuer.regenerate_account_token(bearer.0, &category, &account_token, context)
    } => o::account_token;
    "delete_account": |issuer, input: i::OwnAccount, context| {
        let i::OwnAccount { bearer, category, account_token } = input;
        issuer.delete_account(bearer.0, &category, &account_token, context)
    } => o::nothing;
    "account": |issuer, input: i::AccountToken, context|
        issuer.account(&input.account_token, context) => o::account;
    "create_client": |_issuer, input: i::CreateClient, context|
        directory::create_client(input.client()?, context) => o::nothing;
    "disable_client": |_issuer, input: i::Id, context|
        directory::disable_client(&input.id, context) => o::nothing;
    "add_client_secret": |_issuer, input: i::ClientSecret, context| {
        let (id, hash) = input.parts()?;
        directory::add_client_secret(&id, hash, context)
    } => o::nothing;
    "retire_client_secret": |_issuer, input: i::Id, context|
        directory::retire_client_secret(&input.id, context) => o::nothing;
    "create_bearer_key": |_issuer, input: i::CreateBearerKey, context| {
        let (hash, key) = input.parts()?;
        directory::create_bearer_key(hash, key, context)
    } => o::nothing;
    "disable_bearer_key": |_issuer, input: i::BearerKey, context|
        directory::disable_bearer_key(input.hash()?, context) => o::nothing;
    "create_entity": |_issuer, input: i::Entity, context|
        entities::create_entity(input.record(), context) => o::nothing;
    "disable_entity": |_issuer, input: i::Owned, context|
        entities::disable_entity(&input.organization, &input.id, context) => o::nothing;
    "create_group": |_issuer, input: i::Entity, context|
        entities::create_group(input.record(), context) => o::nothing;
    "disable_group": |_issuer, input: i::Owned, context|
        entities::disable_group(&input.organization, &input.id, context) => o::nothing;
    "create_user": |_issuer, input: i::User, context|
        entities::create_user(input.record(), context) => o::nothing;
    "disable_user": |_issuer, input: i::Owned, context|
        entities::disable_user(&input.organization, &input.id, context) => o::nothing;
}

impl Issuer {
    /// A flow by its name, one of [`OPERATIONS`], with its input and its output as JSON objects. The methods of the
    /// same names are documented where they are.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let issuer = Issuer::new(keys, Policy::new("https://api.example.com").audience("api"))?;
    /// let (store, context) = (MemoryStore::new(), Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]));
    ///
    /// let client = r#"{"id":"c1","organization":"o1","secret":"s1","permissions":["client_credentials"]}"#;
    /// assert_eq!(issuer.operation("create_client", client, &context).run(&store).result?, "{}");
    /// let proof = r#"{"client_id":"c1","client_secret":"s1"}"#;
    /// let token = issuer.operation("client_credentials", proof, &context).run(&store).result?;
    /// assert!(token.starts_with(r#"{"access_token":"eyJ"#) && token.ends_with(r#""expires_in":3600}"#));
    ///
    /// let error = issuer.operation("refresh", "{}", &context).run(&store).result.unwrap_err();
    /// assert_eq!((error.code(), error.field()), (ErrorCode::FieldRequired, Some("refresh_token")));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_request` for an operation that is not known, and for an input that is no JSON object; `field_required` and
    /// `field_invalid` at the path of a field that is missing, not known or not acceptable; then those of the flow.
    pub fn operation(&self, name: &str, input: &str, context: &Context) -> Task<String> {
        let task = find(name).ok_or_else(|| unknown(name)).and_then(|run| run(self, input, context));
        task.unwrap_or_else(|error| Task::new(|_| async { Err(error) }))
    }
}

fn unknown(name: &str) -> Error {
    let name: String = name.chars().take(40).collect();
    Error::new(ErrorCode::InvalidRequest)
        .at("operation")
        .because(format!("{name:?} is none of {}", OPERATIONS.join(", ")))
}

fn read<T: DeserializeOwned>(input: &str) -> Result<T> {
    json::from_text(input).map_err(|misfit| {
        let code = match misfit.kind() {
            Kind::Text => ErrorCode::InvalidRequest,
            Kind::Missing => ErrorCode::FieldRequired,
            Kind::Field => ErrorCode::FieldInvalid,
        };
        misfit.error(code)
    })
}

// The outputs are structs of texts and numbers: they can always be written.
fn write<T: Serialize>(output: &T) -> String {
    serde_json::to_string(output).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeySet, MemoryStore, Policy, UnixTime};

    fn run(name: &str, input: &str) -> Error {
        let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
        let issuer = Issuer::new(keys, Policy::new("i")).unwrap();
        let context = Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]);
        issuer.operation(name, input, &context).run(&MemoryStore::new()).result.unwrap_err()
    }

    #[test]
    fn every_operation_refuses_what_it_does_not_know() {
        for name in OPERATIONS {
            let error = run(name, r#"{"no such member":"hunter2"}"#);
            let named = (ErrorCode::FieldInvalid, Some("no such member"));
            assert_eq!((error.code(), error.field()), named, "{name}");
            let text = error.message();
            assert!(text.starts_with("this field is not known; ") && !text.contains("hunter2"), "{text}");
        }
        assert!(run("mint", "{}").to_string().contains("\"mint\" is none of client_credentials, "));
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_not_repeated() {
        for input in [
            r#"{"client_id":{"secret":"hunter2"},"client_secret":"s"}"#,
            r#"{"client_id":"c","client_secret":["hunter2"]}"#,
            r#"{"client_id":"c","client_secret":"hunter2"#,
            r#""hunter2""#,
        ] {
            let error = run("client_credentials", input);
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn an_error_names_the_path_and_what_is_needed() {
        use ErrorCode::{FieldInvalid, FieldRequired, InvalidRequest};
        let token = |rest: &str| format!(r#"{{"bearer":"b","target":{{"entity":"e"}}{rest}}}"#);
        let link = |rest: &str| {
            format!(
                r#"{{"bearer":"b","expires_in":"1h","details":{{"origin_id":"o","end_user_organization":"e",
                "end_user_email":"m","categories":["ats"]{rest}}}}}"#
            )
        };
        for (name, input, code, field, said) in [
            ("refresh", "{}".to_owned(), FieldRequired, Some("refresh_token"), "this field is required"),
            (
                "refresh",
                r#"{"refresh_token":7}"#.to_owned(),
                FieldInvalid,
                Some("refresh_token"),
                "must be a string",
            ),
            ("refresh", "[]".to_owned(), FieldInvalid, None, "must be an object, found a list"),
            ("refresh", "{".to_owned(), InvalidRequest, None, "not valid JSON at byte 1"),
            (
                "entity_token",
                token(r#","expires_inn":"1h""#),
                FieldInvalid,
                Some("expires_inn"),
                "this field is not known; known are bearer, target, expires_in, options",
            ),
            (
                "entity_token",
                token(r#","options":{"expires_inn":"1h"}"#),
                FieldInvalid,
                Some("options.expires_inn"),
                "this field is not known; known are expiresIn, invoice, ",
            ),
            (
                "entity_token",
                token(r#","options":{"pages":{"approvls":true}}"#),
                FieldInvalid,
                Some("options.pages.approvls"),
                "this field is not known; known are paymentMethods, ",
            ),
            (
                "entity_token",
                token(r#","options":{"invoice":{"status":["NEW","OLD"]}}"#),
                FieldInvalid,
                Some("options.invoice.status[1]"),
                "must be one of: UNASSIGNED, ",
            ),
            (
                "create_link",
                link(r#","integraton":"lever""#),
                FieldInvalid,
                Some("details.integraton"),
                "this field is not known; known are origin_id, ",
            ),
            (
                "create_link",
                link(r#","settings":{"a":{"x":1,"x":2}}"#),
                FieldInvalid,
                Some("x"),
                "this field is there twice",
            ),
            (
                "create_link",
                link(r#","settings":[]"#),
                FieldInvalid,
                Some("details.settings"),
                "must be an object",
            ),
            (
                "create_link",
                link(r#","settings":{"a":1e999}"#),
                FieldInvalid,
                Some("details.settings.a"),
                "the value is a number that is too large",
            ),
        ] {
            let error = run(name, &input);
            assert_eq!((error.code(), error.field()), (code, field), "{input}");
            assert!(error.message().starts_with(said), "{input}: {error}");
        }
    }

    #[test]
    fn a_client_has_its_secret_or_the_hash_of_it() {
        let hash = crate::SecretHash::of(b"s").to_string();
        let input = |secret: &str| format!(r#"{{"id":"c","organization":"o","permissions":[]{secret}}}"#);
        for (secret, said) in [
            (String::new(), "secret"),
            (format!(r#","secret":"s","secret_sha256":"{hash}""#), "one of"),
            (r#","secret":"""#.to_owned(), "empty"),
        ] {
            let error = run("create_client", &input(&secret));
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
