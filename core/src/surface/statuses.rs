//! Status lists, for hosts that publish them by themselves.

use super::table::{Nothing, Seconds, operations};
use crate::describe::described;
use crate::flow::status_lists;
use crate::time::UnixTime;

operations! {
    "Status lists":

    /// Gives the status lists as they are now (draft-ietf-oauth-status-list): for a host that writes them to a file or a bucket
    /// whenever they are older than the policy says. An endpoint serves them by itself.
    status_lists(Nothing) -> StatusListTokens, [PolicyInvalid]
        |issuer, _input, context| issuer.status_lists(context);
}

described! {
    /// The status lists of an issuer.
    #[json(write)]
    pub(crate) struct StatusListTokens {
        /// Each list that is in use, and those of generations before, in which nothing is valid.
        lists: Vec<StatusListToken>,
        /// When the store was read: `iat` of each.
        issued_at: UnixTime,
        /// How long a verifier keeps them: `ttl` of each.
        time_to_live: Seconds,
    }

    /// A status list.
    #[json(write)]
    pub(crate) struct StatusListToken {
        /// Where it is to be found: `sub` in it, and in the tokens whose status it has.
        uri: String,
        /// The list, signed: it is served as `application/statuslist+jwt`.
        token: String,
    }
}

impl From<status_lists::StatusListTokens> for StatusListTokens {
    fn from(published: status_lists::StatusListTokens) -> Self {
        let status_lists::StatusListTokens { lists, issued_at, time_to_live } = published;
        let lists =
            lists.into_iter().map(|list| StatusListToken { uri: list.uri, token: list.token }).collect();
        StatusListTokens { lists, issued_at, time_to_live: time_to_live.into() }
    }
}
