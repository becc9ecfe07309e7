//! What listeners go by, of the configuration as it is now.

use std::time::Duration;

use tokenmint::Error;
use tokenmint::config::Config;

use crate::args::Serve;
use crate::proxies::Proxies;

/// How many connections one address may have where nothing says so.
const CONNECTIONS_PER_ADDRESS: u32 = 1024;
/// How long a connection may wait for its next request where nothing says so. Load balancers keep theirs for 60 s.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The arguments go before the configuration.
#[derive(Clone)]
pub(crate) struct Settings {
    /// For connections that begin now.
    pub(crate) keep_alive: Duration,
    pub(crate) of_one: usize,
    pub(crate) proxies: Proxies,
    pub(crate) drain_delay: Option<Duration>,
}

impl Settings {
    pub(crate) fn of(args: &Serve, config: &Config) -> Result<Self, Error> {
        let server = &config.server;
        let of_one = args.connections_per_address.or(server.connections_per_address);
        let of_one = match of_one.unwrap_or(CONNECTIONS_PER_ADDRESS) {
            0 => usize::MAX,
            of_one => of_one as usize,
        };
        let time = |time: tokenmint::Lifetime| Duration::from_secs(time.seconds());
        Ok(Settings {
            keep_alive: args.keep_alive.or(server.keep_alive).map_or(KEEP_ALIVE, time),
            of_one,
            proxies: Proxies::of(config)?,
            drain_delay: server.drain_delay.map(time),
        })
    }
}
