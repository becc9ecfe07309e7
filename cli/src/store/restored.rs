//! `tokenmint restored`: nothing from before a backup was restored may go on.

use tokenmint::Context;

use super::{block_on, open};
use crate::args::store::Restored;
use crate::config::{self, Source};
use crate::failure::{Result, print};
use crate::{keys, mint};

pub(crate) fn run(args: &Restored) -> Result<()> {
    let source = Source::file(&args.config)?;
    let config = source.parse()?;
    let mut sources = source.sources();
    let service = source.build(&config, config::address(&config, None, None)?, &mut sources)?;
    let raised = block_on(async {
        let store = open(&args.store, &config, &sources).await?;
        let context = Context::at_micros(mint::now_micros(), keys::seed()?);
        let outcome = service.revoke_all(&context).run_async(&store).await;
        outcome.result?;
        Ok(outcome.events.len())
    })?;
    print(format_args!("ended all tokens, sessions and links of {raised} issuers"))
}
