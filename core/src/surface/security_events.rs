//! What happened, for those who asked to be told.

use super::table::{Hidden, operations};
use crate::describe::described;
use crate::flow::poll_events;

operations! {
    "Security events":

    /// Gives out the signed events (RFC 8417) of a receiver of the policy, each with the same id until it is acknowledged, and takes
    /// what became of those before: for a host that sends them by a transport of its own. The poll endpoint of the `oauth` dialect
    /// does the same for the receiver itself (RFC 8936).
    poll_events(PollEventsRequest) -> PolledEvents, [NotFound]
        |issuer, input, context| issuer.poll_events(input.into(), context);
}

described! {
    /// Asks for security events, and says what became of those before.
    #[json(read)]
    pub(crate) struct PollEventsRequest {
        /// The receiver: its `audience` in the policy.
        receiver: String,
        /// How many events at most; 100 where it is left out and at most, 0 for none.
        max_events: Option<u32>,
        /// The ids of events that the receiver has.
        #[json(default)]
        ack: Vec<String>,
        /// Events that the receiver does not take: they are not given out again.
        #[json(default)]
        refused: Vec<RefusedEvent>,
        /// The name of this host: the events are its own for two minutes, whoever else asks with a name.
        holder: Option<String>,
    }

    /// An event that its receiver does not take.
    #[json(read)]
    pub(crate) struct RefusedEvent {
        /// The event's id.
        id: String,
        /// The receiver's error code, such as `invalid_key` (RFC 8935 section 2.4).
        err: String,
    }

    /// Security events of a receiver.
    #[json(write)]
    pub(crate) struct PolledEvents {
        /// The events, the oldest first.
        sets: Vec<SecurityEventToken>,
        /// Whether there are more.
        more_available: bool,
    }

    /// A signed event.
    #[json(write)]
    pub(crate) struct SecurityEventToken {
        /// Its id: `jti`.
        id: String,
        /// The token, of the type `secevent+jwt`.
        token: Hidden,
    }
}

impl From<PollEventsRequest> for poll_events::PollEvents {
    fn from(request: PollEventsRequest) -> Self {
        let refused = request.refused.into_iter();
        poll_events::PollEvents {
            receiver: request.receiver,
            max_events: request.max_events,
            ack: request.ack,
            refused: refused
                .map(|refused| poll_events::RefusedEvent { id: refused.id, err: refused.err })
                .collect(),
            holder: request.holder,
        }
    }
}

impl From<poll_events::PolledEvents> for PolledEvents {
    fn from(polled: poll_events::PolledEvents) -> Self {
        let sets = polled.sets.into_iter();
        PolledEvents {
            sets: sets.map(|set| SecurityEventToken { id: set.id, token: set.token.into() }).collect(),
            more_available: polled.more_available,
        }
    }
}
