//! How this program asks others over HTTP: it follows no redirection, and trusts whom the system trusts.

use std::sync::Arc;
use std::time::Duration;

use rustls::CertificateError;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// What asks at a URL, and takes so long at most, from name to last byte. A status is no error of its.
pub(crate) fn agent(url: &str, time: Duration, accept: &'static str) -> ureq::Agent {
    let mut config = ureq::Agent::config_builder()
        .timeout_global(Some(time))
        // A redirection could lead away from https.
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("tokenmint/", env!("CARGO_PKG_VERSION")))
        .accept(accept);
    if url.starts_with("https:") {
        let roots = rustls_native_certs::load_native_certs().certs;
        let roots: Vec<_> =
            roots.iter().map(|root| Certificate::from_der(root.as_ref()).to_owned()).collect();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        config = config.tls_config(
            TlsConfig::builder()
                .root_certs(RootCerts::from(roots))
                .unversioned_rustls_crypto_provider(provider)
                .build(),
        );
    }
    config.build().new_agent()
}

/// Why nothing came, for people.
pub(crate) fn reason(error: &ureq::Error) -> String {
    let ureq::Error::Io(cause) = error else { return error.to_string() };
    match cause.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            "the server's certificate is signed by nobody whom the system's root certificates know \
             (SSL_CERT_FILE names other ones)"
                .to_owned()
        }
        _ => error.to_string(),
    }
}
