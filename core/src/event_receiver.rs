//! Who is told what happens: receivers of security event tokens (RFC 8417).

use crate::describe::choices;
use crate::error::{Error, ErrorCode, Result};
use crate::secret::Secret;
use crate::url;

/// What is wrong with plain `http`.
const PLAIN: &str = "plain http tells whoever is on the way; https is needed";

choices! {
    /// What happened, in the words of OpenID's Continuous Access Evaluation Profile (CAEP 1.0).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub enum SecurityEvent {
        /// A session, all sessions of a subject or of a client, or everything was ended (section 3.1).
        SessionRevoked = "session-revoked",
        /// The claims of the tokens that a client gets from now on are others (section 3.2).
        TokenClaimsChange = "token-claims-change",
        /// An access token or an API key was revoked, or the secrets of a client are others (section 3.3).
        CredentialChange = "credential-change",
    }
}

impl SecurityEvent {
    /// The URI of the event type: the name of its member in `events`.
    ///
    /// ```
    /// let uri = tokenmint::SecurityEvent::SessionRevoked.uri();
    /// assert_eq!(uri, "https://schemas.openid.net/secevent/caep/event-type/session-revoked");
    /// ```
    pub fn uri(self) -> String {
        let name = match self {
            SecurityEvent::SessionRevoked => "session-revoked",
            SecurityEvent::TokenClaimsChange => "token-claims-change",
            SecurityEvent::CredentialChange => "credential-change",
        };
        format!("https://schemas.openid.net/secevent/caep/event-type/{name}")
    }
}

/// A receiver of an issuer's security events.
///
/// It asks for them as a client, by the poll endpoint of the `oauth` dialect (RFC 8936), or the host sends them to its URL
/// (RFC 8935), or by any other way: [`Issuer::poll_events`](crate::Issuer::poll_events) gives them out.
///
/// ```
/// use tokenmint::{EventReceiver, Policy, SecurityEvent};
/// let api = EventReceiver::new("https://api.example.com").client("api");
/// let audit = EventReceiver::new("https://audit.example").push("https://audit.example/events", Some("Bearer s3cr3t".into()));
/// let policy = Policy::new("https://id.example.com");
/// let policy = policy.event_receiver(api.event(SecurityEvent::SessionRevoked)).event_receiver(audit);
/// assert!(!format!("{policy:?}").contains("s3cr3t"));
/// ```
#[derive(Clone, Debug)]
pub struct EventReceiver {
    pub(crate) audience: String,
    pub(crate) events: Vec<SecurityEvent>,
    pub(crate) client: Option<String>,
    pub(crate) push: Option<Push>,
}

/// Where a host sends the events of a receiver.
#[derive(Clone, Debug)]
pub(crate) struct Push {
    pub(crate) url: String,
    pub(crate) authorization: Option<Secret>,
}

/// A receiver to which a host sends its security events (RFC 8935):
/// [`Endpoint::event_pushes`](crate::endpoint::Endpoint::event_pushes) names them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EventPush {
    /// The issuer whose events they are.
    pub issuer: String,
    /// The receiver's name.
    pub receiver: String,
    /// The URL that takes them.
    pub url: String,
    /// The value of the header `Authorization` that goes with them.
    pub authorization: Option<Secret>,
}

impl EventReceiver {
    /// A receiver of this name: `aud` of its tokens.
    pub fn new(audience: impl Into<String>) -> Self {
        EventReceiver { audience: audience.into(), events: Vec::new(), client: None, push: None }
    }

    /// Tells it of this; said again, also of that. Of everything, where nothing is said.
    #[must_use]
    pub fn event(mut self, event: SecurityEvent) -> Self {
        self.events.push(event);
        self
    }

    /// The client that asks for its events at the poll endpoint.
    #[must_use]
    pub fn client(mut self, id: impl Into<String>) -> Self {
        self.client = Some(id.into());
        self
    }

    /// The `https` URL to which the host sends its events, and the value of the header `Authorization`; `http` is taken for this
    /// machine (`localhost` and loopback addresses).
    #[must_use]
    pub fn push(mut self, url: impl Into<String>, authorization: Option<Secret>) -> Self {
        self.push = Some(Push { url: url.into(), authorization });
        self
    }

    /// Whether it is told of this.
    pub(crate) fn wants(&self, event: SecurityEvent) -> bool {
        self.events.is_empty() || self.events.contains(&event)
    }

    /// Whether it can work.
    pub(crate) fn check(&self) -> Result<()> {
        let invalid = |field: &'static str, text: &'static str| {
            Err(Error::new(ErrorCode::PolicyInvalid).at(field).because(text))
        };
        if self.audience.is_empty() {
            return invalid("audience", "a receiver has a name, usually its URL");
        }
        if self.client.as_deref() == Some("") {
            return invalid("client_id", "the client's id is empty");
        }
        let Some(push) = &self.push else { return Ok(()) };
        // What the one has acknowledged would be lost for the other.
        if self.client.is_some() {
            return invalid(
                "push_url",
                "a receiver asks for its events or is sent them; give one of client_id and push_url",
            );
        }
        if let Some(text) = url::fault(&push.url, false, PLAIN) {
            return invalid("push_url", text);
        }
        let visible = |byte: &u8| matches!(byte, b' '..=b'~');
        if push
            .authorization
            .as_ref()
            .is_some_and(|value| value.is_empty() || !value.expose().iter().all(visible))
        {
            return invalid(
                "authorization",
                "it is no value of a header: printable ASCII, such as Bearer <token>",
            );
        }
        Ok(())
    }
}
