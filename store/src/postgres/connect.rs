//! What the URL says: whom to connect to, and how to encrypt.

use std::error::Error as _;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokenmint::Result;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::Url;

use crate::host;
use crate::target::{invalid, set_parameters, unavailable, unknown_parameter};

/// Reads a URL of libpq: whom to connect to, and by which TLS. Errors name a parameter and never a value, which may be
/// the password.
pub(super) fn wanted(url: &Url, timeout: Duration) -> Result<(Config, MakeRustlsConnect)> {
    // The parser does not know this one.
    let (roots, rest): (Vec<_>, Vec<_>) = url.query_pairs().partition(|(name, _)| name == "sslrootcert");
    let mut plain = url.clone();
    set_parameters(&mut plain, &rest);
    let config = config(&plain, timeout)?;
    let tls = tls(&config, roots.last().map(|(_, file)| Path::new(&**file)))?;
    Ok((config, tls))
}

fn config(url: &Url, timeout: Duration) -> Result<Config> {
    let mut config = parse(url)?;
    let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
    if hosts == 0 {
        return Err(invalid(
            "url",
            "the URL names no host; a socket's folder is given as ?host=/run/postgresql",
        ));
    }
    if config.get_password().is_none()
        && let Some(password) = std::env::var_os("PGPASSWORD")
    {
        config.password(password.into_encoded_bytes());
    }
    if config.get_application_name().is_none() {
        config.application_name("tokenmint");
    }
    if config.get_connect_timeout().is_none() {
        // The one that is up must have its turn, however silent those before it are.
        config.connect_timeout(if hosts > 1 {
            timeout / 2 / u32::try_from(hosts).unwrap_or(u32::MAX)
        } else {
            timeout
        });
    }
    let chosen = url.query_pairs().any(|(name, _)| name == "target_session_attrs");
    if hosts > 1 && !chosen {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
    // A server on this machine often has a certificate that nobody signed, and nobody can listen between.
    if is_local(&config) && !url.query_pairs().any(|(name, _)| name == "sslmode") {
        config.ssl_mode(SslMode::Disable);
    }
    Ok(config)
}

fn parse(url: &Url) -> Result<Config> {
    let mut plain = url.clone();
    plain.set_query(None);
    let shape = "such a URL cannot work: postgres://USER:PASSWORD@HOST:PORT/NAME";
    let Ok(config) = plain.as_str().parse::<Config>() else { return Err(invalid("url", shape)) };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url.query_pairs() {
        // A certificate is always verified, so what libpq has beyond `require` is the same here.
        let value = match (&*name, &*value) {
            ("sslmode", "verify-ca" | "verify-full") => "require",
            (_, value) => value,
        };
        if name == "sslmode" && !matches!(value, "disable" | "prefer" | "require") {
            return Err(invalid("url", "sslmode is one of disable, prefer, require, verify-full"));
        }
        // The parser takes one host at a time.
        let parts = if name == "host" { value.split(',').collect() } else { vec![value] };
        query.extend_pairs(parts.iter().map(|part| (&*name, part)));
    }
    let query = query.finish();
    if query.is_empty() {
        return Ok(config);
    }
    // The parser knows %20 only.
    let with = |query: &str| {
        let mut with = plain.clone();
        with.set_query(Some(&query.replace('+', "%20")));
        with.as_str().parse::<Config>()
    };
    with(&query).map_err(|_| {
        // The parser stops at the first, and repeats its value.
        let alone = url.query_pairs().find_map(|(name, value)| {
            let pair =
                url::form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish();
            let unknown = with(&pair).err()?.source()?.to_string().starts_with("unknown option");
            Some(match unknown {
                true => unknown_parameter("postgres", &name),
                false => invalid("url", format!("{name} has a value that cannot be")),
            })
        });
        alone.unwrap_or_else(|| invalid("url", "its parameters do not go together"))
    })
}

/// Whether every host is this machine.
pub(super) fn is_local(config: &Config) -> bool {
    let named = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => host::is_local(name),
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    named && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// TLS by the roots in a file; without one by the system's, or those that SSL_CERT_FILE names.
fn tls(config: &Config, file: Option<&Path>) -> Result<MakeRustlsConnect> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(file) => {
            let unusable = || invalid("url", "sslrootcert must be a readable file with certificates in PEM");
            let found = CertificateDer::pem_file_iter(file).map_err(|_| unusable())?;
            roots.add_parsable_certificates(found.filter_map(Result::ok));
            if roots.is_empty() {
                return Err(unusable());
            }
        }
        None if config.get_ssl_mode() == SslMode::Disable => {}
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unavailable(format!("TLS cannot be used: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(tls))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config> {
        wanted(&Url::parse(text).unwrap(), Duration::from_secs(1)).map(|(config, _)| config)
    }

    #[test]
    fn a_url_of_libpq_is_understood() {
        let config =
            read("postgres://u%40x:p%2F+w@db.example:5433/n%20m?options=-c%20search_path%3Da%2Bb").unwrap();
        assert_eq!(config.get_user(), Some("u@x"));
        assert_eq!(config.get_password(), Some(b"p/+w".as_slice()));
        assert_eq!(config.get_dbname(), Some("n m"));
        assert_eq!(config.get_ports(), [5433]);
        assert_eq!(config.get_options(), Some("-c search_path=a+b"));
        assert_eq!(config.get_application_name(), Some("tokenmint"));
        assert_eq!(config.get_ssl_mode(), SslMode::Prefer);
        let config = read("postgres:///n?user=u&host=/run/postgresql&application_name=mine").unwrap();
        assert_eq!(config.get_application_name(), Some("mine"));
        assert!(is_local(&config));
    }

    #[test]
    fn of_several_servers_the_one_that_takes_writes_is_looked_for() {
        for text in ["postgres://u@a,b:6432/n", "postgres:///n?user=u&host=a,b&port=5432,6432"] {
            let config = read(text).unwrap();
            assert_eq!(config.get_hosts(), [Host::Tcp("a".into()), Host::Tcp("b".into())], "{text}");
            assert_eq!(config.get_ports(), [5432, 6432]);
            assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
            assert_eq!(config.get_connect_timeout(), Some(&Duration::from_millis(250)));
        }
        let config = read("postgres://u@a,b/n?target_session_attrs=any&connect_timeout=7").unwrap();
        assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::Any);
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(7)));
        assert_eq!(read("postgres://u@a/n").unwrap().get_target_session_attrs(), TargetSessionAttrs::Any);
    }

    #[test]
    fn tls_is_as_asked_for_and_off_on_this_machine() {
        for (text, mode) in [
            ("postgres://u@127.0.0.1/n", SslMode::Disable),
            ("postgres://u@[::1]/n", SslMode::Disable),
            ("postgres://u@localhost/n?sslmode=prefer", SslMode::Prefer),
            ("postgres://u@localhost.example/n", SslMode::Prefer),
            ("postgres://u@h/n?sslmode=disable", SslMode::Disable),
            ("postgres://u@h/n?sslmode=verify-full", SslMode::Require),
        ] {
            assert_eq!(read(text).unwrap().get_ssl_mode(), mode, "{text}");
        }
    }

    #[test]
    fn what_cannot_work_is_named_and_no_password_is_repeated() {
        for (text, word) in [
            ("postgres://u:hunter2@h/n?sslmode=hunter2", "sslmode"),
            ("postgres://u:hunter2@h/n?colour=hunter2", "colour"),
            ("postgres://u:hunter2@h/n?connect_timeout=hunter2", "connect_timeout"),
            ("postgres://u:hunter2@h/n?connect_timeout=3&schema=hunter2", "\"schema\"; it is Prisma's"),
            ("postgres://u:hunter2@h/n?pgbouncer=true", "a pooler is noticed by itself"),
            ("postgres://u:hunter2@h/n?connection_limit=5", "here it is connections"),
            ("postgres:///n?password=hunter2", "host"),
            ("postgres:hunter2", "cannot work"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.field(), Some("url"), "{text}");
            let shown = error.to_string();
            assert!(shown.contains(word) && !shown.contains("hunter2"), "{text}: {shown}");
        }
    }
}
