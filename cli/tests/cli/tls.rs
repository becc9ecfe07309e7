//! `tokenmint verify --jwks-url` over https: a real server on this machine, with a certificate authority of its own.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::keys::{http, token_and_jwks};
use crate::support::{Finished, run_with};

/// A certificate authority that nobody knows.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { pem, issuer: Issuer::new(params, key) }
    }

    /// Answers every request at a port of this machine, in the name of `host`; gives the port.
    fn serve(&self, host: &str, answer: Vec<u8>) -> u16 {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key);
        let config = Arc::new(config.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(connection, stream.unwrap());
                // A client that does not trust the certificate goes away.
                if stream.read(&mut [0; 4096]).is_ok() {
                    let _ = stream.write_all(&answer).and_then(|()| stream.flush());
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
            }
        });
        port
    }
}

/// Verifies with the keys at a URL, where this authority is the only one that is known.
fn verify(token: &str, url: &str, known: &Authority) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, &known.pem).unwrap();
    let arguments =
        ["verify", token, "--jwks-url", url, "--issuer", "https://a.example", "--audience", "app"];
    run_with(&arguments, "", &[("SSL_CERT_FILE", roots.to_str().unwrap()), ("SSL_CERT_DIR", "")])
}

#[test]
fn keys_are_fetched_over_https() {
    let (token, jwks) = token_and_jwks();
    let authority = Authority::new("one");
    let port = authority.serve("localhost", http("200 OK", &jwks));
    let verified = verify(&token, &format!("https://localhost:{port}/jwks.json"), &authority);
    assert_eq!(verified.code, 0, "{verified:?}");
    assert_eq!(verified.json()["iss"], "https://a.example");
}

#[test]
fn a_server_that_cannot_prove_its_name_is_a_failure_and_no_verdict() {
    let (token, jwks) = token_and_jwks();
    let (authority, other) = (Authority::new("one"), Authority::new("another"));
    let answer = http("200 OK", &jwks);
    let right = authority.serve("localhost", answer.clone());
    let wrong = authority.serve("jwks.example", answer);
    for (port, known, reason) in [
        (right, &other, "signed by nobody whom the system's root certificates know"),
        (wrong, &authority, "not valid for name \"localhost\""),
    ] {
        let url = format!("https://localhost:{port}/jwks.json");
        let refused = verify(&token, &url, known);
        assert_eq!((refused.code, refused.out.as_str()), (4, ""), "{refused:?}");
        assert!(refused.err.contains(&url) && refused.err.contains(reason), "{refused:?}");
    }
    // What speaks no TLS is no better.
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = plain.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in plain.incoming() {
            let _ = stream.unwrap().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        }
    });
    let refused = verify(&token, &format!("https://localhost:{port}/"), &authority);
    assert_eq!(refused.code, 4, "{refused:?}");
}
