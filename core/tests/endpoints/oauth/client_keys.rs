//! Clients that prove themselves by a key (RFC 7523 section 2.2). What an assertion must be is tested with the flow.

use super::*;

const GRANT: &str = "grant_type=client_credentials";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const KEYED: &str = "client-key";

/// The client, and what it signs with; none in a build without such keys.
fn keyed(host: &Host) -> Option<Issuer> {
    let key = Key::generate(Some("own"), Algorithm::ES256, &mut Entropy::new([3; 32])).ok()?;
    let own = KeySet::builder().key(key).unwrap().build().unwrap();
    let client = Client::without_secret(KEYED, "org").jwks(serde_json::from_str(&own.public_jwks()).unwrap());
    let client = client.permission(Permission::ClientCredentials).permission(Permission::RefreshToken);
    host.run(directory::create_client(client, &host.context()));
    Some(Issuer::new(own, Policy::new(KEYED)).unwrap())
}

fn assertion(host: &Host, signer: &Issuer, audience: &str) -> String {
    let claims = Claims::new().subject(KEYED).audience(audience);
    let jwt = signer.mint(&claims, Lifetime::MINUTE, &host.context()).unwrap();
    host.keep_secret(&jwt);
    format!("client_assertion_type={JWT_BEARER}&client_assertion={jwt}")
}

#[test]
fn rfc_7523_section_2_2_an_assertion_for_the_issuer_or_the_token_endpoint() {
    let host = host();
    let Some(signer) = keyed(&host) else { return };
    for audience in [ISSUER, "https://id.example.com/oauth/token"] {
        let proof = assertion(&host, &signer, audience);
        let answer = post(&host, &format!("{GRANT}&{proof}"));
        assert_eq!(answer.status, 200, "{audience} {:?}", answer.body);
        // RFC 7523 section 3 (7): once.
        refused(&post(&host, &format!("{GRANT}&{proof}")), 401, "invalid_client");
    }
    let other = assertion(&host, &signer, "https://other.example.com");
    refused(&post(&host, &format!("{GRANT}&{other}")), 401, "invalid_client");
    let pair = session(&host, policy(), KEYED);
    let refresh = format!("grant_type=refresh_token&refresh_token={}", pair.refresh_token);
    assert_eq!(post(&host, &format!("{refresh}&{}", assertion(&host, &signer, ISSUER))).status, 200);
    for path in ["/oauth/introspect", "/oauth/revoke"] {
        let form = format!("token=x&{}", assertion(&host, &signer, ISSUER));
        assert_eq!(host.send(request("POST", path, &[FORM], form)).status, 200, "{path}");
    }
}

#[test]
fn rfc_7521_section_4_2_the_client_id_is_that_of_the_assertion() {
    let host = host();
    let Some(signer) = keyed(&host) else { return };
    let send = |more: &str| post(&host, &format!("{GRANT}&{}{more}", assertion(&host, &signer, ISSUER)));
    assert_eq!(send(&format!("&client_id={KEYED}")).status, 200);
    refused(&send(&format!("&client_id={CLIENT}")), 401, "invalid_client");
    // RFC 6749 section 2.3: one way to prove itself.
    refused(&send(&format!("&client_id={CLIENT}&client_secret={SECRET}")), 400, "invalid_request");
    refused(&ask(&host, &format!("{GRANT}&{}", assertion(&host, &signer, ISSUER))), 400, "invalid_request");
}

#[test]
fn rfc_7521_section_4_2_both_parameters_are_required() {
    let host = host();
    let typed = format!("{GRANT}&client_assertion_type={JWT_BEARER}");
    refused_at(&post(&host, &typed), "invalid_request", "client_assertion");
    let untyped = format!("{GRANT}&client_assertion=a.b.c");
    refused_at(&post(&host, &untyped), "invalid_request", "client_assertion_type");
    let other = format!("{GRANT}&client_assertion=a.b.c&client_assertion_type=urn:example:saml");
    refused(&post(&host, &other), 401, "invalid_client");
    refused(&post(&host, &format!("{typed}&client_assertion=garbage")), 401, "invalid_client");
}
