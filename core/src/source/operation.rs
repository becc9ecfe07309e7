//! The steps by their names, with JSON in and out: what a language without this crate's types speaks.

use std::collections::BTreeMap;

use super::{Attempt, SourceStep, SourceToken, TokenAnswer, TokenRequest, TokenResponse, TokenSource};
use crate::error::{Error, ErrorCode, Result, field_invalid};
use crate::json::object;
use crate::surface::table::{Nothing, read, write};
use crate::task::Task;
use crate::time::{Context, Lifetime, UnixTime};
use crate::values::SecretText;

/// A step of a [`TokenSource`] by its name: `keep_tokens`, `next_token`, `take_answer` or `forget_tokens`. `docs/token-source.md`
/// says what each takes and gives.
///
/// ```
/// use tokenmint::*;
/// let (store, context) = (MemoryStore::new(), Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]));
/// let input = r#"{"source":{"endpoint":"https://as.example/token","client_id":"app"}}"#;
/// let error = source::operation("next_token", input, &context).run(&store).result.unwrap_err();
/// assert_eq!(error.code(), ErrorCode::SignInRequired);
/// ```
///
/// # Errors
/// `invalid_request` for a name that is none, and for an input that is no JSON object; `field_required`, `field_invalid` and
/// `policy_invalid` at the field; then those of the step.
pub fn operation(name: &str, input: &str, context: &Context) -> Task<String> {
    let task = match name {
        "keep_tokens" => keep_tokens(input, context),
        "next_token" => next_token(input, context),
        "take_answer" => take_answer(input, context),
        "forget_tokens" => forget_tokens(input, context),
        _ => Err(Error::new(ErrorCode::InvalidRequest)
            .at("operation")
            .because("expected keep_tokens, next_token, take_answer or forget_tokens")),
    };
    task.unwrap_or_else(|error| Task::new(|_| async { Err(error) }))
}

object! {
    /// A source, as a host describes it.
    #[json(read)]
    struct SourceConfig {
        endpoint: String,
        client_id: String,
        client_secret: Option<SecretText>,
        #[json(default)]
        secret_in_body: bool,
        grant: Option<String>,
        name: Option<String>,
        scope: Option<String>,
        #[json(default)]
        parameters: BTreeMap<String, String>,
        early: Option<Lifetime>,
        patience: Option<Lifetime>,
        #[json(default)]
        allow_plain_http: bool,
    }

    /// Tokens to be kept: the text of the token endpoint's answer to the sign-in.
    #[json(read)]
    struct KeepTokens {
        source: SourceConfig,
        response: SecretText,
    }

    /// What is needed of a source alone.
    #[json(read)]
    struct OfSource {
        source: SourceConfig,
    }

    /// An access token is wanted, in the place of one that was refused.
    #[json(read)]
    struct NextToken {
        source: SourceConfig,
        instead_of: Option<SecretText>,
    }

    /// An answer; without a status there was none.
    #[json(read)]
    struct TakeAnswer {
        source: SourceConfig,
        attempt: Attempt,
        status: Option<u64>,
        body: Option<SecretText>,
        retry_after: Option<String>,
    }

    /// A step: one of its members is there.
    #[json(write)]
    struct StepOut {
        #[json(omit, name = "use")]
        token: Option<TokenOut>,
        #[json(omit)]
        ask: Option<AskOut>,
        #[json(omit)]
        wait_ms: Option<u64>,
    }

    #[json(write)]
    struct TokenOut {
        access_token: String,
        #[json(omit)]
        expires_at: Option<UnixTime>,
        #[json(omit)]
        scope: Option<String>,
        fresh_for_ms: u64,
    }

    #[json(write)]
    struct AskOut {
        url: String,
        #[json(omit)]
        authorization: Option<String>,
        body: String,
        after_ms: u64,
        within_ms: u64,
        attempt: Attempt,
    }

    #[json(write)]
    struct Forgotten {
        #[json(omit)]
        refresh_token: Option<String>,
    }
}

impl SourceConfig {
    fn source(self) -> Result<TokenSource> {
        let new = if self.allow_plain_http { TokenSource::allow_plain_http } else { TokenSource::new };
        let mut source = new(self.endpoint, self.client_id)?;
        source.secret = self.client_secret.map(|secret| secret.0);
        source.secret_in_body = self.secret_in_body;
        source.client_credentials = match self.grant.as_deref() {
            None | Some("refresh_token") => false,
            Some("client_credentials") => true,
            Some(_) => {
                return Err(field_invalid("source.grant", "must be refresh_token or client_credentials"));
            }
        };
        source.name = self.name.unwrap_or_default();
        source.scope = self.scope;
        source.parameters = self.parameters.into_iter().collect();
        source.early = self.early.unwrap_or(source.early);
        source.patience = self.patience.unwrap_or(source.patience);
        Ok(source)
    }
}

fn keep_tokens(input: &str, context: &Context) -> Result<Task<String>> {
    let KeepTokens { source, response } = read(input)?;
    let tokens = TokenResponse::read(response.0.expose()).map_err(|error| error.within("response"))?;
    Ok(source.source()?.keep(tokens, context).map(|()| Ok(write(&Nothing::from(())))))
}

fn next_token(input: &str, context: &Context) -> Result<Task<String>> {
    let NextToken { source, instead_of } = read(input)?;
    let source = source.source()?;
    let task = match instead_of {
        Some(refused) => source.next_instead_of(String::from_utf8_lossy(refused.0.expose()), context),
        None => source.next(context),
    };
    Ok(task.map(|step| Ok(write(&StepOut::from(step)))))
}

fn take_answer(input: &str, context: &Context) -> Result<Task<String>> {
    let TakeAnswer { source, attempt, status, body, retry_after } = read(input)?;
    let status = u16::try_from(status.unwrap_or(0))
        .map_err(|_| field_invalid("status", "must be the status of an HTTP answer"))?;
    let body = body.map(|body| body.0.expose().to_vec()).unwrap_or_default();
    let answer = TokenAnswer { status, body, retry_after };
    Ok(source.source()?.answered(&attempt, answer, context).map(|step| Ok(write(&StepOut::from(step)))))
}

fn forget_tokens(input: &str, context: &Context) -> Result<Task<String>> {
    let OfSource { source } = read(input)?;
    Ok(source.source()?.forget(context).map(|token| {
        let text = |token: crate::Secret| String::from_utf8_lossy(token.expose()).into_owned();
        Ok(write(&Forgotten { refresh_token: token.map(text) }))
    }))
}

impl From<SourceStep> for StepOut {
    fn from(step: SourceStep) -> Self {
        let none = StepOut { token: None, ask: None, wait_ms: None };
        match step {
            SourceStep::Use(SourceToken { access_token, expires_at, scope, fresh_for_ms }) => {
                StepOut { token: Some(TokenOut { access_token, expires_at, scope, fresh_for_ms }), ..none }
            }
            SourceStep::Ask(request) => {
                let TokenRequest { url, authorization, body, after_ms, within_ms, attempt } = request;
                StepOut {
                    ask: Some(AskOut { url, authorization, body, after_ms, within_ms, attempt }),
                    ..none
                }
            }
            SourceStep::Wait { milliseconds } => StepOut { wait_ms: Some(milliseconds), ..none },
        }
    }
}
