//! Sends security events to the receivers that have a URL (RFC 8935): what to send, and until when, the core says.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokenmint::config::Service;
use tokenmint::{Error, EventPush, PollEvents, PolledEvents, SecurityEventToken};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::warn;

use crate::app::{self, App};
use crate::client::{agent, reason};
use crate::keys;

/// How often it is looked whether something has happened.
const EVERY: Duration = Duration::from_secs(1);
/// How soon the journal is read on.
const SOON: Duration = Duration::from_millis(50);
/// The longest rest after a failure; the first is as long as the time between two looks, and each further one twice as long.
const LONGEST_REST: Duration = Duration::from_secs(300);
/// A receiver has this long to take an event.
const TIME: Duration = Duration::from_secs(10);
/// How many events are sent before it is written down which of them arrived. They fit into the time for which this host has
/// them for itself.
const BATCH: u32 = 8;
/// How much of a refusal is read, in bytes.
const MOST_READ: u64 = 4096;

/// Goes on until it is aborted.
pub(crate) async fn run(app: Arc<App>) {
    let Ok(name) = keys::seed() else { return };
    let host: String = name.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let mut changes = app.changes();
    let mut senders = JoinSet::new();
    let mut running = HashSet::new();
    loop {
        changes.mark_unchanged();
        for EventPush { issuer, receiver, .. } in app.endpoint().event_pushes() {
            let name = (issuer, receiver);
            if running.insert(name.clone()) {
                senders.spawn(send(Arc::clone(&app), name, host.clone()));
            }
        }
        tokio::select! {
            _ = changes.changed() => {}
            // Its receiver is not there any more, or it is again meanwhile.
            Some(ended) = senders.join_next() => match ended {
                Ok(name) => drop(running.remove(&name)),
                Err(error) => {
                    warn!(target: "tokenmint::push", %error, "a receiver is sent nothing any more");
                }
            },
        }
    }
}

/// An issuer and its receiver.
type Name = (String, String);

/// Sends one receiver its events, as the configuration has it at each time; ends when it has it no more.
async fn send(app: Arc<App>, name: Name, host: String) -> Name {
    let mut changes = app.changes();
    let mut rest = EVERY;
    let asking = || PollEvents::new(&name.1).max_events(BATCH).holder(&host);
    // What became of the last ones.
    let mut told = asking();
    loop {
        changes.mark_unchanged();
        let pushes = app.endpoint().event_pushes();
        let Some(push) = pushes.into_iter().find(|push| (&push.issuer, &push.receiver) == (&name.0, &name.1))
        else {
            return name;
        };
        let asked = told.clone();
        let polled = match poll(&app, &push.issuer, asked).await {
            Ok(polled) => polled,
            Err(error) => {
                warn!(target: "tokenmint::push", receiver = push.receiver, %error, "nobody knows what is to be sent");
                rest = longer(rest, &mut changes).await;
                continue;
            }
        };
        told = asking();
        let (mut sent, mut failed) = (false, false);
        for set in polled.sets {
            let (to, id) = (push.clone(), set.id.clone());
            let answer = tokio::task::spawn_blocking(move || deliver(&to, &set)).await;
            match answer.unwrap_or_else(|_| Answer::Later("the delivery ended early".to_owned())) {
                Answer::Taken => told = told.ack(id),
                Answer::Refused(err) => told = told.refused(id, err),
                Answer::Later(why) => {
                    warn!(target: "tokenmint::push", receiver = push.receiver, why, "a security event is sent again later");
                    failed = true;
                    break;
                }
            }
            sent = true;
        }
        match (failed, sent) {
            (true, _) => {
                // What arrived is written down before the rest.
                if poll(&app, &push.issuer, told.clone().max_events(0)).await.is_ok() {
                    told = asking();
                }
                rest = longer(rest, &mut changes).await;
            }
            (false, true) => rest = EVERY,
            (false, false) => {
                rest = EVERY;
                // Where there is more all the same, the journal is long, and is read on soon.
                tokio::time::sleep(if polled.more_available { SOON } else { EVERY }).await;
            }
        }
    }
}

async fn poll(app: &App, issuer: &str, asked: PollEvents) -> Result<PolledEvents, Error> {
    // The keys may be others than a moment ago.
    let issuer = app.endpoint().issuer(Some(issuer))?;
    app.run(issuer.poll_events(asked, &app::context()?)).await
}

/// Rests, and says how long to rest the next time. What a change mends is tried at once.
async fn longer(rest: Duration, changes: &mut watch::Receiver<Service>) -> Duration {
    match tokio::time::timeout(rest, changes.changed()).await {
        Err(_) => (rest * 2).min(LONGEST_REST),
        Ok(_) => EVERY,
    }
}

/// What a receiver says.
enum Answer {
    Taken,
    /// It will never take this one, by an error code.
    Refused(String),
    Later(String),
}

/// RFC 8935 section 2.
fn deliver(push: &EventPush, set: &SecurityEventToken) -> Answer {
    let request = agent(&push.url, TIME, "application/json").post(&push.url);
    let request = request.header("content-type", "application/secevent+jwt");
    let request = match &push.authorization {
        Some(value) => request.header("authorization", value.expose()),
        None => request,
    };
    let mut answer = match request.send(set.token.as_bytes()) {
        Ok(answer) => answer,
        Err(error) => return Answer::Later(reason(&error)),
    };
    match answer.status().as_u16() {
        200..300 => Answer::Taken,
        400 => {
            let body = answer.body_mut().with_config().limit(MOST_READ).read_to_vec().unwrap_or_default();
            let error: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            match error.get("err").and_then(serde_json::Value::as_str) {
                // RFC 8935 section 2.4: of these the sender is at fault, and not the event.
                Some("authentication_failed" | "access_denied") | None => {
                    Answer::Later("the answer has status 400".to_owned())
                }
                Some(err) => Answer::Refused(err.to_owned()),
            }
        }
        status => Answer::Later(format!("the answer has status {status}")),
    }
}
