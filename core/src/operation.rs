//! The flows by their names, with JSON in and out: what a language without this crate's types speaks.
//!
//! A table says of each operation what it does, takes and gives, and which errors are its own. It is read and written
//! by that table, and described by it: languages, their docs and the reference are rendered from [`tables`].

use crate::config::{IssuerConfig, VerifierConfig};
use crate::describe::Record;
pub use crate::describe::{Choice, Field, Object, Shape};
use crate::dialect::endpoint::Endpoint;
use crate::error::{Error, ErrorCode};
use crate::event::Event;
use crate::issuer::Issuer;
use crate::surface::table::joined;
pub use crate::surface::table::{INPUT_ERRORS, Operation, STORE_ERRORS, Table};
use crate::task::Task;
use crate::time::Context;
use crate::{dialect, surface};

/// The names of the operations: those that speak of nobody, and behind them those of the dialects.
pub const OPERATIONS: &[&str] =
    &joined::<{ surface::NAMES.len() + dialect::NAMES.len() }>(&[surface::NAMES, dialect::NAMES]);

/// What each operation does, takes and gives: for whoever renders it into another language.
///
/// ```
/// use tokenmint::operation::{OPERATIONS, tables};
/// let tables = tables();
/// let names = tables.iter().flat_map(|table| table.operations).map(|operation| operation.name);
/// assert!(names.eq(OPERATIONS.iter().copied()));
/// ```
pub fn tables() -> Vec<Table> {
    let mut tables = surface::tables();
    tables.extend(dialect::tables().into_iter().filter(|table| !table.operations.is_empty()));
    tables
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
        let task = surface::find(name)
            .or_else(|| dialect::find(name))
            .ok_or_else(|| unknown(name))
            .and_then(|run| run(self, input, context));
        // Some operations, such as those about clients, are no flows of an issuer.
        let issuer = self.clone();
        let run = |io| async move { task?.within(&issuer.way_out(io)).await };
        Task::new(run).needing(self.policy().durability)
    }
}

impl Endpoint {
    /// [`Issuer::operation`] of one of the endpoint's issuers: [`Endpoint::issuer`].
    ///
    /// ```
    /// use tokenmint::*;
    /// use tokenmint::config::{Config, InlineOnly};
    /// let config = Config::from_json(r#"{
    ///     "keys": [{ "kid": "k1", "secret": "a secret of at least thirty-two bytes" }],
    ///     "mercoa": { "issuer": "https://api.example.com", "key": "k1" }
    /// }"#)?;
    /// let endpoint = config.build(&mut InlineOnly)?.endpoint;
    /// let (store, context) = (MemoryStore::new(), Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]));
    ///
    /// let run = |issuer, input| endpoint.operation(issuer, "list_sessions", input, &context).run(&store).result;
    /// assert_eq!(run(None, r#"{"subject":"u1"}"#)?, r#"{"sessions":[]}"#);
    /// let error = run(Some("https://elsewhere.example"), r#"{"subject":"u1"}"#).unwrap_err();
    /// assert_eq!((error.code(), error.field()), (ErrorCode::InvalidRequest, Some("issuer")));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Endpoint::issuer`] and [`Issuer::operation`].
    pub fn operation(
        &self,
        issuer: Option<&str>,
        name: &str,
        input: &str,
        context: &Context,
    ) -> Task<String> {
        match self.issuer(issuer) {
            Ok(issuer) => issuer.operation(name, input, context),
            Err(error) => Task::new(|_| async { Err(error) }),
        }
    }
}

/// What is said of something up to an empty line, on one line and without the links of Rust: for whoever renders it into
/// another language.
///
/// ```
/// let says = " As [`Issuer::new`] says, with\n a [`Key`](crate::Key).\n\n ```\n code\n ```\n";
/// assert_eq!(tokenmint::operation::prose(says), "As `Issuer::new` says, with a `Key`.");
/// ```
pub fn prose(says: &str) -> String {
    let paragraph = says.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = paragraph.split_whitespace().collect();
    let text = words.join(" ");
    let (mut out, mut rest) = (String::new(), text.as_str());
    while let Some((before, after)) = rest.split_once("[`") {
        let Some((name, tail)) = after.split_once("`]") else { break };
        out += &format!("{before}`{name}`");
        let is_path = tail.starts_with('(');
        rest = if is_path { tail.split_once(')').map_or("", |(_, tail)| tail) } else { tail };
    }
    out + rest
}

/// The options of an issuer.
pub fn issuer_options() -> &'static Object {
    IssuerConfig::OBJECT
}

/// The options of a verifier.
pub fn verifier_options() -> &'static Object {
    VerifierConfig::OBJECT
}

/// What an event says.
pub fn event() -> &'static Object {
    Event::OBJECT
}

fn unknown(name: &str) -> Error {
    let name: String = name.chars().take(40).collect();
    Error::new(ErrorCode::InvalidRequest)
        .at("operation")
        .because(format!("{name:?} is none of {}", OPERATIONS.join(", ")))
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
    fn everything_that_crosses_is_documented() {
        fn sentence(says: &str, what: &str) {
            let says = says.split("\n\n").next().unwrap();
            assert!(says.trim().ends_with('.') && says.starts_with(' '), "{what} needs a sentence: {says:?}");
        }
        fn object(object: &Object) {
            sentence(object.says, object.name);
            for field in object.fields {
                sentence(field.says, &format!("{}.{}", object.name, field.name));
                shape(&field.shape);
            }
        }
        fn shape(of: &Shape) {
            match of {
                Shape::Object(inner) => object(inner),
                Shape::List(inner) => shape(inner),
                Shape::Choice(choice) => {
                    choice.names.iter().for_each(|(name, means)| sentence(means, name));
                }
                _ => {}
            }
        }
        for operation in tables().iter().flat_map(|table| table.operations) {
            sentence(operation.says, operation.name);
            object(operation.input);
            object(operation.output);
        }
        [issuer_options(), verifier_options(), event()].into_iter().for_each(object);
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
