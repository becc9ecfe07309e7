//! A certificate authority of a test's own.

/// Its own certificate, and a certificate for a name with its key, all in PEM.
pub(crate) struct Authority {
    pub(crate) root: String,
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn of(name: &str) -> Self {
        let mut parameters = rcgen::CertificateParams::default();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer_key = rcgen::KeyPair::generate().unwrap();
        let root = parameters.self_signed(&issuer_key).unwrap();
        let issuer = rcgen::Issuer::new(parameters, issuer_key);
        let key = rcgen::KeyPair::generate().unwrap();
        let named = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = named.signed_by(&key, &issuer).unwrap();
        Authority { root: root.pem(), certificate: certificate.pem(), key: key.serialize_pem() }
    }
}
