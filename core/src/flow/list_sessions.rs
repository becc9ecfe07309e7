//! The sessions of a subject: on which devices somebody is logged in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Flow;
use super::page::{Page, cursor};
use crate::error::Result;
use crate::issuer::Issuer;
use crate::json::JsonMembers;
use crate::record::client::{Client, client_key};
use crate::record::session::{Session, sessions_of};
use crate::record::sessions_mark::{SessionsMark, sessions_mark_key};
use crate::record::watermark::{Marked, Marks};
use crate::record::{decode, decode_some};
use crate::scope;
use crate::task::Task;
use crate::time::{Context, UnixTime};

/// A request for the sessions of a subject.
#[derive(Clone, Debug)]
pub struct ListSessions {
    subject: String,
    page: Page,
}

impl ListSessions {
    /// The sessions of this subject.
    pub fn new(subject: impl Into<String>) -> Self {
        ListSessions { subject: subject.into(), page: Page::default() }
    }

    /// Goes on where an answer's [`SessionList::next`] says.
    #[must_use]
    pub fn after(mut self, cursor: impl Into<String>) -> Self {
        self.page.after = Some(cursor.into());
        self
    }

    /// How many to look at, 1 to 100; 100 by default.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.page.limit = Some(limit);
        self
    }
}

impl From<&str> for ListSessions {
    fn from(subject: &str) -> Self {
        ListSessions::new(subject)
    }
}

/// A session that lives.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionView {
    /// Its id, by which [`Issuer::revoke_session`] ends it.
    pub session: String,
    /// The client that it was opened for.
    pub client: Option<String>,
    /// What its access tokens allow.
    pub scope: Option<String>,
    /// What the host said of it when it began.
    pub details: JsonMembers,
    /// When it began.
    pub created_at: UnixTime,
    /// When it was refreshed last; when it began, where it never was.
    pub last_used_at: UnixTime,
    /// When it ends if nobody refreshes it.
    pub expires_at: UnixTime,
}

/// Sessions of a subject, in no order that means anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionList {
    /// Those that live. There may be fewer than the limit, and none, before the end.
    pub sessions: Vec<SessionView>,
    /// Where to go on, for [`ListSessions::after`]; `None` at the end.
    pub next: Option<String>,
}

impl Issuer {
    /// Lists the sessions of a subject that live: neither over nor revoked, by whichever way.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let policy = Policy::new("https://api.example.com").session_secret([9; 32].as_slice());
    /// let (issuer, store) = (Issuer::new(keys, policy)?, MemoryStore::new());
    /// let context = |seed| Context::new(UnixTime::from_seconds(1_700_000_000), [seed; 32]);
    ///
    /// let details = [("device".to_owned(), JsonText::of("phone")?)].into();
    /// let pair = issuer.start_session(StartSession::new("u1").details(details), &context(1)).run(&store).result?;
    /// let list = issuer.list_sessions("u1", &context(2)).run(&store).result?;
    /// assert_eq!((list.sessions.len(), list.next), (1, None));
    /// assert_eq!(list.sessions[0].session, pair.session);
    /// assert_eq!(list.sessions[0].details["device"].as_str(), r#""phone""#);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `field_invalid` at `after` for what is no cursor, at `limit` for 0 and for more than 100; the store's.
    pub fn list_sessions(&self, request: impl Into<ListSessions>, context: &Context) -> Task<SessionList> {
        let request = request.into();
        self.task(context, |flow| async move { flow.list_sessions(request).await })
    }
}

impl Flow {
    async fn list_sessions(&self, request: ListSessions) -> Result<SessionList> {
        let ListSessions { subject, page } = request;
        let (after, limit) = page.read()?;
        let list = sessions_of(&self.issuer.policy().issuer, &subject);
        let (entries, next) = self.records.list(list, after, limit).await?;
        let found: Result<Vec<Session>> = entries.iter().map(decode).collect();
        let sessions = self.living_of(&subject, found?).await?;
        let sessions = sessions.into_iter().map(SessionView::from).collect();
        Ok(SessionList { sessions, next: next.map(cursor) })
    }

    /// Those of the sessions that live. The watermarks are read behind the list: a session that is in it was opened under
    /// them or under lower ones.
    async fn living_of(&self, subject: &str, sessions: Vec<Session>) -> Result<Vec<Session>> {
        let name = &self.issuer.policy().issuer;
        let mut living = sessions;
        living.retain(|session| !session.is_over(self.now()));
        let mut clients = BTreeSet::new();
        for session in &living {
            clients.insert(client_of(session));
        }
        let marks = [Marked::All, Marked::Subject(subject)].map(|marked| marked.key(name));
        let mut keys = Vec::from(marks);
        keys.push(sessions_mark_key(name, subject));
        keys.extend(clients.iter().flat_map(|id| [client_key(id), Marked::Client(id).key(name)]));
        let mut entries = self.records.load_all(keys).await?;
        let mut next = || entries.next().flatten();
        let [issuer, by_subject, mark] = [next(), next(), next()];
        let mark = decode_some::<SessionsMark>(mark.as_ref())?.unwrap_or_default();
        let mut marks = BTreeMap::new();
        for id in &clients {
            let [client, by_client] = [next(), next()];
            let client = decode_some::<Client>(client.as_ref())?;
            if id.is_empty() || client.is_some_and(|client| !client.disabled) {
                marks.insert(id, Marks::read([issuer.clone(), by_client, by_subject.clone()])?);
            }
        }
        living.retain(|session| {
            let marks = marks.get(&client_of(session));
            marks.is_some_and(|marks| self.judge_session(session, *marks, &mark).is_ok())
        });
        Ok(living)
    }
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        let began = session.created_at.unwrap_or(session.rotated_at.seconds());
        SessionView {
            session: session.id,
            client: session.client,
            scope: scope::named(session.scope),
            details: session.details,
            created_at: began,
            last_used_at: session.rotated_at.seconds(),
            expires_at: session.idle_expiry,
        }
    }
}

/// The client of a session, as watermarks know it.
fn client_of(session: &Session) -> String {
    session.client.clone().unwrap_or_default()
}

// What the host said of a session may be anything.
impl fmt::Debug for SessionView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionView")
            .field("session", &self.session)
            .field("client", &self.client)
            .field("scope", &self.scope)
            .field("created_at", &self.created_at)
            .field("last_used_at", &self.last_used_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
