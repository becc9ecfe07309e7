//! What the store knows of a token that is good by itself: whether something that it hangs on has ended.

use super::Flow;
use super::active_token::ActiveToken;
use crate::error::{ErrorCode, Result};
use crate::event::Event;
use crate::record::access::Lineage;
use crate::record::client::{Client, client_key};
use crate::record::decode_some;
use crate::record::revoked::revoked_key;
use crate::record::session::{Session, session_key};
use crate::record::sessions_mark::{SessionsMark, sessions_mark_key};
use crate::record::watermark::{self, Marked, Marks};
use crate::store::Entry;
use crate::time::Moment;

/// A token, and what it hangs on beside its client and its subject.
pub(super) struct Hanging {
    pub(super) token: ActiveToken,
    pub(super) session: Option<String>,
    pub(super) epoch: Option<u64>,
    pub(super) minted_at: Option<Moment>,
    pub(super) lineage: Lineage,
}

impl Flow {
    /// Refused if any record says so: the token's own, its client's, its session's, one of those that it was narrowed from, or
    /// a watermark. Gives the watermarks under which it stands.
    pub(super) async fn stands(&self, hanging: &Hanging) -> Result<Marks> {
        let Hanging { token, session, epoch, minted_at, lineage } = hanging;
        let name = &self.issuer.policy().issuer;
        let client = token.client.as_deref().unwrap_or_default();
        let subject = token.subject.as_deref().unwrap_or_default();
        let id = token.id.as_deref().unwrap_or_default();
        let [issuer, by_client, by_subject] = watermark::keys(name, client, subject);
        // Without a session its place is taken by a key that is read anyway.
        let or_issuer = |key: Option<_>| key.unwrap_or_else(|| issuer.clone());
        let session_at = or_issuer(session.as_deref().map(session_key));
        let mark_at = or_issuer(session.is_some().then(|| sessions_mark_key(name, subject)));
        let keys =
            [revoked_key(name, id), client_key(client), session_at, mark_at, issuer, by_client, by_subject];
        let [revoked, owner, record, mark, issuer, by_client, by_subject] = self.records.load(keys).await?;
        if revoked.is_some() || is_disabled(owner.as_ref())? {
            return Err(ErrorCode::TokenRevoked.into());
        }
        let event = |kind| {
            let event = Event::new(kind).subject(subject).id(id);
            Event { client: Some(client.to_owned()), ..event }
        };
        if let Some(session) = session {
            // A session that is not there has ended: forgetting one never revives its tokens.
            let record = decode_some::<Session>(record.as_ref())?.ok_or(ErrorCode::TokenRevoked)?;
            if record.revoked || self.now() >= record.absolute_expiry {
                return Err(ErrorCode::TokenRevoked.into());
            }
            // Whoever mints tokens in a session may leave the subject out.
            let [mark] = match record.subject == subject {
                true => [mark],
                false => self.records.load([sessions_mark_key(name, &record.subject)]).await?,
            };
            let mark = decode_some::<SessionsMark>(mark.as_ref())?.unwrap_or_default();
            self.tell_loss(mark.check(&record.named(session)), event)?;
        }
        let of_lineage = self.lineage_stands(lineage).await?;
        let marks = Marks::read([issuer, by_client, by_subject].into_iter().chain(of_lineage))?;
        self.judge(marks, *epoch, *minted_at, event)?;
        Ok(marks)
    }

    /// Refused if one of the tokens that it was narrowed from was revoked, or one of their clients is disabled. Gives the
    /// watermarks of these clients as they were read.
    async fn lineage_stands(&self, lineage: &Lineage) -> Result<impl Iterator<Item = Option<Entry>>> {
        let name = &self.issuer.policy().issuer;
        let Lineage { narrowed_from, from_clients } = lineage;
        let tokens = narrowed_from.iter().map(|id| revoked_key(name, id));
        let clients = from_clients.iter().map(|id| client_key(id));
        let marks = from_clients.iter().map(|id| Marked::Client(id).key(name));
        let keys: Vec<_> = tokens.chain(clients).chain(marks).collect();
        let mut entries = self.records.load_all(&keys).await?.into_iter();
        if entries.by_ref().take(narrowed_from.len()).any(|revoked| revoked.is_some()) {
            return Err(ErrorCode::TokenRevoked.into());
        }
        for client in entries.by_ref().take(from_clients.len()) {
            if is_disabled(client.as_ref())? {
                return Err(ErrorCode::TokenRevoked.into());
            }
        }
        Ok(entries)
    }
}

/// A client that is not known is none that somebody has disabled.
fn is_disabled(client: Option<&Entry>) -> Result<bool> {
    Ok(decode_some::<Client>(client)?.is_some_and(|client| client.disabled))
}
