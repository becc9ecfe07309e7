//! The site of the documents: `docs`, as VitePress renders it. A link to a page that is not there is an error.

use anyhow::Result;

use crate::setup;
use crate::shell::Shell;

/// The documents, with the site's settings and packages.
pub(crate) const FOLDER: &str = "docs";

pub(crate) fn build(shell: &Shell) -> Result<()> {
    setup::node::install(shell, FOLDER)?;
    let mut npm = shell.command("npm", &["run", "build", "--silent"]);
    npm.current_dir(shell.path(FOLDER)).env("TOKENMINT_TARGET", shell.target(""));
    shell.run(npm)?;
    println!("the site is in {}", shell.target("site").display());
    Ok(())
}
