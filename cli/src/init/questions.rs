//! What is asked at a terminal: a line each, and what is taken where nothing is answered.

use std::io::{BufRead, Write};

use clap::ValueEnum;
use tokenmint::dialect::demonstrations;

use crate::args::init::StoreKind;
use crate::failure::{Failure, Result};

/// What is served, of what there is.
pub(super) fn dialects() -> Result<Vec<String>> {
    let known: Vec<&str> = demonstrations().map(|shown| shown.name).collect();
    let question = format!("What is served ({}; more than one with commas between them)", known.join(", "));
    loop {
        let names: Vec<String> =
            text(&question, "oauth")?.split(',').map(|name| name.trim().to_owned()).collect();
        match names.iter().find(|name| !known.contains(&name.as_str())) {
            None => return Ok(names),
            Some(unknown) => say(&format!("{unknown:?} is none of them.\n"))?,
        }
    }
}

/// Where records are kept.
pub(super) fn store() -> Result<StoreKind> {
    loop {
        let answer = text("Where records are kept (sqlite, postgres, redis)", "sqlite")?;
        match StoreKind::from_str(&answer, true) {
            Ok(store) => return Ok(store),
            Err(_) => say(&format!("{answer:?} is none of them.\n"))?,
        }
    }
}

/// A line; what else is taken where it is empty.
pub(super) fn text(question: &str, or: &str) -> Result<String> {
    say(&format!("{question} [{or}]: "))?;
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if read.map_err(|error| Failure::runtime("standard input", error))? == 0 {
        return Err(Failure::usage("nothing was answered; --yes asks nothing"));
    }
    let answer = line.trim();
    Ok(if answer.is_empty() { or } else { answer }.to_owned())
}

/// On standard error, since standard output is for what comes next.
fn say(text: &str) -> Result<()> {
    let mut out = std::io::stderr().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::runtime("standard error", error))
}
