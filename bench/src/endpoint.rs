//! `endpoint.handle` of each dialect on the store in memory.

use anyhow::Result;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::measure::Table;
use crate::service::{CLIENT, ENTITY, LINK, OPTIONS, Service, expect_ok};
use crate::work::SECRET;

pub(crate) fn table() -> Result<Table> {
    let mut table = Table::new("endpoint");
    let keyed = Hmac::<Sha256>::new_from_slice(&SECRET)?;
    table.case("HMAC-SHA256 over 449 bytes", move || keyed.clone().chain_update([0; 449]).finalize());

    let service = Service::new("ledger")?;
    table.case("building a request and a context alone", move || {
        service.request_at(ENTITY, "Bearer key", OPTIONS, 0)
    });

    for (name, body) in
        [("options and a session", OPTIONS), ("nothing but `expiresIn`", r#"{"expiresIn":"1h"}"#)]
    {
        let mut service = Service::new("ledger")?;
        let mut entity = move || service.post(ENTITY, "Bearer demo-mercoa-key", body);
        expect_ok(entity()?)?;
        table.case(format!("Mercoa: entity token, {name}, HS256"), entity);
    }
    for (name, format) in [("JWT, HS256", "jwt"), ("opaque", "opaque")] {
        let mut service = Service::with(|config| config["monite"]["access_tokens"] = format.into())?;
        let mut client = move || service.post("/v1/auth/token", "", CLIENT);
        expect_ok(client()?)?;
        table.case(format!("Monite: client credentials, {name}"), client);
    }
    for (name, key) in [("HS256", "mercoa"), ("EdDSA", "ledger")] {
        let mut refresh = Service::new(key)?.refreshes()?;
        expect_ok(refresh()?)?;
        table.case(format!("Ledger: refresh, {name}"), refresh);
    }
    let mut service = Service::new("ledger")?;
    let mut link = move || service.post("/api/hris/v1/link-token", "Bearer demo-merge-key", LINK);
    expect_ok(link()?)?;
    table.case("Merge: create a link", link);
    Ok(table)
}
