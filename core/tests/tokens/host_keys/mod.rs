//! Keys that the host holds: through the public interface only, with signers that really are elsewhere.

mod flows;
#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
mod pairs;
mod secrets;
mod vault;

use tokenmint::*;

const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);

fn context() -> Context {
    Context::new(NOW, [7; 32])
}

fn policy() -> Policy {
    Policy::new("https://issuer.example").audience("app").session_secret([9; 32].as_slice())
}

fn issuer(key: Key) -> Issuer {
    Issuer::new(KeySet::builder().key(key).unwrap().build().unwrap(), policy()).unwrap()
}

fn claims() -> Claims {
    Claims::new().subject("ent_1").set("pages", ["invoices"])
}

fn mint(issuer: &Issuer) -> Task<String> {
    issuer.mint_task(&claims(), Lifetime::HOUR, &context())
}

/// Drives a task and notes what it asks for.
fn watch<T: 'static>(mut task: Task<T>, host: &impl Store) -> (Result<T>, Vec<Command>) {
    let (mut reply, mut asked) = (None, Vec::new());
    loop {
        match task.step(reply.take()) {
            Step::Need(command) => {
                asked.push(command.clone());
                reply = Some(host.execute(command));
            }
            Step::Done(outcome) => return (outcome.result, asked),
            Step::Spent => panic!("the task was driven on after its end"),
        }
    }
}
