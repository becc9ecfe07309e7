//! Configurations.

use tokenmint::config::{Config, InlineOnly};
use tokenmint::{Context, MemoryStore, UnixTime};

use crate::judge_error;

/// A configuration as JSON: refused with a reason, or a service that answers.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let config = match Config::from_json(text) {
        Ok(config) => config,
        Err(error) => return judge_error(&error),
    };
    let service = match config.build(&mut InlineOnly) {
        Ok(service) => service,
        Err(error) => return judge_error(&error),
    };
    let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
    let store = MemoryStore::new();
    if let Err(error) = service.prepare_store(&context).run(&store).result {
        judge_error(&error);
    }
    let request = http::Request::get("/.well-known/jwks.json").body(Vec::new()).expect("a good request");
    let response = service.endpoint.handle(request, &context).run(&store).result.expect("always a response");
    assert_eq!(response.status(), 200);
}
