//! What the store knows of a token that is good by itself: whether something that it hangs on has ended.

use super::Flow;
use super::active_token::ActiveToken;
use crate::error::{Error, ErrorCode, Result};
use crate::event::Event;
use crate::record::access::Lineage;
use crate::record::client::{Client, client_key};
use crate::record::named_session::InNamedSession;
use crate::record::revoked::revoked_key;
use crate::record::session::{Session, session_key};
use crate::record::sessions_mark::{SessionsMark, sessions_mark_key};
use crate::record::watermark::{self, Marked, Marks};
use crate::record::{MOST_LOADED, Stored, decode_some};
use crate::store::RecordKey;
use crate::time::Moment;

/// A token, and what it hangs on beside its client and its subject.
pub(crate) struct Hanging {
    pub(super) token: ActiveToken,
    pub(super) session: Option<String>,
    /// Where the session's own write decides whether it lives: its counter of the mark over sessions.
    pub(super) sessions_epoch: Option<u64>,
    pub(super) named_session: Option<InNamedSession>,
    pub(super) epoch: Option<u64>,
    pub(super) minted_at: Option<Moment>,
    pub(super) lineage: Lineage,
}

impl Flow {
    /// Refused if any record says so: the token's own, its client's, its session's, one of those that it was narrowed from, or
    /// a watermark. Gives the watermarks under which it stands.
    pub(super) async fn stands(&self, hanging: &Hanging) -> Result<Marks> {
        let Hanging { token, session, sessions_epoch, named_session, epoch, minted_at, lineage } = hanging;
        let name = &self.issuer.policy().issuer;
        let client = token.client.as_deref().unwrap_or_default();
        let subject = token.subject.as_deref().unwrap_or_default();
        let id = token.id.as_deref().unwrap_or_default();
        let mut keys = Vec::with_capacity(MOST_LOADED);
        keys.extend([revoked_key(name, id), client_key(client)]);
        keys.extend(watermark::keys(name, client, subject));
        if let Some(session) = session {
            keys.extend([session_key(session), sessions_mark_key(name, subject)]);
        }
        keys.extend(named_session.as_ref().map(InNamedSession::key));
        keys.extend(lineage_keys(name, lineage));
        let mut read = self.records.load_all(keys).await?;
        let mut next = || read.next().flatten();
        let [revoked, owner] = [next(), next()];
        if revoked.is_some() || is_disabled(owner.as_ref())? {
            return Err(ErrorCode::TokenRevoked.into());
        }
        let event = |kind| {
            let event = Event::new(kind).subject(subject).id(id);
            Event { client: Some(client.to_owned()), ..event }
        };
        let marks = [next(), next(), next()];
        if let Some(session) = session {
            let [record, mark] = [next(), next()];
            let of = |mark: Option<&Stored>| {
                Ok::<_, Error>(decode_some::<SessionsMark>(mark)?.unwrap_or_default())
            };
            let checked = if let Some(epoch) = sessions_epoch {
                of(mark.as_ref())?.check_of(session, *epoch)
            } else {
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
                of(mark.as_ref())?.check(&record.named(session))
            };
            self.tell_loss(checked, event)?;
        }
        let named = named_session.as_ref().map(|session| (session, read.next().flatten()));
        let of_lineage = lineage_stands(lineage, &mut read)?;
        let marks = Marks::read(marks.into_iter().chain(of_lineage))?;
        self.judge(marks, *epoch, *minted_at, event)?;
        if let Some((session, found)) = named {
            session.stands(found, self.now())?;
        }
        Ok(marks)
    }
}

/// The keys of what the tokens that one was narrowed from hang on.
fn lineage_keys(issuer: &str, lineage: &Lineage) -> impl Iterator<Item = RecordKey> {
    let Lineage { narrowed_from, from_clients } = lineage;
    let tokens = narrowed_from.iter().map(move |id| revoked_key(issuer, id));
    let clients = from_clients.iter().map(|id| client_key(id));
    tokens.chain(clients).chain(from_clients.iter().map(move |id| Marked::Client(id).key(issuer)))
}

/// Refused if one of the tokens that it was narrowed from was revoked, or one of their clients is disabled. Gives the
/// watermarks of these clients: `read` is what there is for [`lineage_keys`].
fn lineage_stands<R: Iterator<Item = Option<Stored>>>(lineage: &Lineage, mut read: R) -> Result<R> {
    if read.by_ref().take(lineage.narrowed_from.len()).any(|revoked| revoked.is_some()) {
        return Err(ErrorCode::TokenRevoked.into());
    }
    for client in read.by_ref().take(lineage.from_clients.len()) {
        if is_disabled(client.as_ref())? {
            return Err(ErrorCode::TokenRevoked.into());
        }
    }
    Ok(read)
}

/// A client that is not known is none that somebody has disabled.
fn is_disabled(client: Option<&Stored>) -> Result<bool> {
    Ok(decode_some::<Client>(client)?.is_some_and(|client| client.disabled))
}
