//! An operation without a server: with what a configuration says, on its store.

use std::path::Path;

use tokenmint::operation::Operation;

use super::refused;
use crate::app::{self, App};
use crate::args::admin::Admin;
use crate::config::{self, Source};
use crate::failure::{Failure, Result};
use crate::{log, store};

pub(super) fn run(args: &Admin, config: &Path, operation: &Operation, input: &str) -> Result<String> {
    // Events are for the log of whoever asks for them; what may go wrong is told.
    log::start(true);
    let source = Source::file(config)?;
    let config = source.parse()?;
    if !store::is_named(&args.store, &config) {
        return Err(Failure::usage(
            "the configuration names no store, and one in memory ends with this command: give --store or --data-dir",
        ));
    }
    let mut sources = source.sources();
    let service = source.build(&config, config::address(&config, None, None)?, &mut sources)?;
    store::block_on(async {
        let store = store::open(&args.store, &config, &sources).await?;
        let app = App::new(service, store);
        app.prepare().await?;
        let (issuer, context) = (args.issuer.as_deref(), app::context()?);
        let output = app.operation(issuer, operation.name, input, &context).await;
        output.map_err(|error| refused(&error))
    })
}
