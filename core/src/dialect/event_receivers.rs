//! Receivers of security events as they stand in a configuration: in a policy by name, in a section with where they are sent.

use super::section::Parts;
use crate::describe::described;
use crate::error::{Error, ErrorCode, Result};
use crate::event_receiver::{EventReceiver, SecurityEvent};
use crate::json::object;
use crate::policy::Policy;
use crate::secret::Secret;
use crate::values::SecretText;

described! {
    /// Somebody who is told what happens: the methods of [`EventReceiver`] as fields.
    #[derive(Clone, Debug)]
    #[json(read)]
    pub struct EventReceiverConfig {
        /// Its name, usually its URL: `aud` of its tokens.
        pub audience: String,
        /// Of what it is told; of everything where empty.
        #[json(default)]
        pub events: Vec<SecurityEvent>,
        /// The client that asks for its events at the poll endpoint of the `oauth` dialect.
        pub client_id: Option<String>,
    }
}

impl EventReceiverConfig {
    pub(crate) fn build(self) -> EventReceiver {
        let receiver = self.events.into_iter().fold(EventReceiver::new(self.audience), EventReceiver::event);
        self.client_id.into_iter().fold(receiver, EventReceiver::client)
    }
}

object! {
    /// A section for a receiver: as [`EventReceiverConfig`], or with a URL to which the host sends its events.
    #[derive(Clone, Debug)]
    #[json(read)]
    pub(crate) struct EventReceiverSection {
        audience: String,
        #[json(default)]
        events: Vec<SecurityEvent>,
        client_id: Option<String>,
        /// The `https` URL that takes its events (RFC 8935).
        push_url: Option<String>,
        /// The header `Authorization` that goes with them, such as `Bearer <token>`.
        authorization: Option<SecretText>,
        /// A file that holds it.
        authorization_file: Option<String>,
        /// An environment variable that holds it.
        authorization_env: Option<String>,
    }
}

/// The policy, with the receivers of its section.
pub(crate) fn with_event_receivers(
    policy: Policy,
    sections: &[EventReceiverSection],
    parts: &mut dyn Parts,
) -> Result<Policy> {
    sections.iter().enumerate().try_fold(policy, |policy, (at, section)| {
        let receiver = section.build(parts);
        let receiver = receiver.map_err(|error| error.within(&format!("event_receivers[{at}]")))?;
        Ok(policy.event_receiver(receiver))
    })
}

impl EventReceiverSection {
    fn build(&self, parts: &mut dyn Parts) -> Result<EventReceiver> {
        let config = EventReceiverConfig {
            audience: self.audience.clone(),
            events: self.events.clone(),
            client_id: self.client_id.clone(),
        };
        let receiver = config.build();
        match (&self.push_url, self.authorization(parts)?) {
            (Some(url), authorization) => Ok(receiver.push(url, authorization)),
            (None, None) => Ok(receiver),
            (None, Some(_)) => Err(Error::new(ErrorCode::PolicyInvalid)
                .at("push_url")
                .because("an authorization goes with a URL")),
        }
    }

    /// A file and a variable often end with the end of a line, which is none of the header's.
    fn authorization(&self, parts: &mut dyn Parts) -> Result<Option<Secret>> {
        let trimmed = |secret: Secret| Secret::from(secret.expose().trim_ascii());
        let read = |field, secret: Result<Secret>| match secret {
            Ok(secret) => Ok(Some(trimmed(secret))),
            Err(error) => Err(error.within(field)),
        };
        match (&self.authorization, &self.authorization_file, &self.authorization_env) {
            (None, None, None) => Ok(None),
            (Some(text), None, None) => Ok(Some(text.0.clone())),
            (None, Some(path), None) => read("authorization_file", parts.file(path)),
            (None, None, Some(name)) => read("authorization_env", parts.env(name)),
            _ => Err(Error::new(ErrorCode::PolicyInvalid)
                .at("authorization")
                .because("it comes from one place: authorization, authorization_file or authorization_env")),
        }
    }
}
