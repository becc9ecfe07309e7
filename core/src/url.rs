//! The URLs that a host is told to fetch: which of them may be fetched.

use core::net::IpAddr;

/// The parts of a URL that decide whether it is fetched; nothing of it is decoded.
pub(crate) struct Url<'a> {
    scheme: &'a str,
    authority: &'a str,
    /// From the end of the authority on.
    rest: &'a str,
}

impl<'a> Url<'a> {
    /// Reads an absolute URL (RFC 3986 section 4.3).
    ///
    /// # Errors
    /// What is wrong with it, for people.
    fn read(url: &'a str) -> Result<Self, &'static str> {
        if !url.bytes().all(|byte| byte.is_ascii_graphic() && !b"#<>^`\\".contains(&byte)) || url.is_empty() {
            return Err("not a URL without a fragment");
        }
        let parts = url.split_once(':').and_then(|(scheme, rest)| Some((scheme, rest.strip_prefix("//")?)));
        let parts = parts.filter(|(scheme, _)| !scheme.contains(['/', '?']));
        let (scheme, behind) = parts.ok_or("not an absolute URL; https://HOST/PATH is needed")?;
        let (authority, rest) = behind.split_at(behind.find(['/', '?']).unwrap_or(behind.len()));
        let url = Url { scheme, authority, rest };
        if authority.contains('@') || url.host().is_empty() {
            return Err("the URL has a user name, or no host");
        }
        Ok(url)
    }

    /// The name or address, without the brackets of one of IPv6.
    fn host(&self) -> &'a str {
        let bracketed = self.authority.strip_prefix('[').and_then(|inner| inner.split_once(']'));
        bracketed.or_else(|| self.authority.split_once(':')).map_or(self.authority, |(host, _)| host)
    }

    fn is_of_this_machine(&self) -> bool {
        let host = self.host();
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Whether a segment of its path leads upwards, spelled in any way.
    fn climbs(&self) -> bool {
        let path = self.rest.split('?').next().unwrap_or_default();
        path.split('/').any(|segment| {
            let ways = [".", "%2e", "..", ".%2e", "%2e.", "%2e%2e"];
            ways.iter().any(|way| segment.eq_ignore_ascii_case(way))
        })
    }
}

/// Why a URL may not be fetched: over `https` only, but for this machine, and where `plain_http` says so; `plain` is what
/// is wrong with it elsewhere.
pub(crate) fn fault(url: &str, plain_http: bool, plain: &'static str) -> Option<&'static str> {
    let url = match Url::read(url) {
        Ok(url) => url,
        Err(fault) => return Some(fault),
    };
    match url.scheme.to_ascii_lowercase().as_str() {
        "https" => None,
        "http" if plain_http || url.is_of_this_machine() => None,
        "http" => Some(plain),
        _ => Some("the scheme is not https"),
    }
}

/// Whether a URL is a prefix or lies below it: at a border of segments, and never upwards from there.
pub(crate) fn is_below(url: &str, prefix: &str) -> bool {
    let Some(rest) = url.strip_prefix(prefix) else { return false };
    let at_border = rest.is_empty() || prefix.ends_with('/') || rest.starts_with(['/', '?']);
    at_border && Url::read(url).is_ok_and(|url| !url.climbs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_url_to_fetch_is_told_apart() {
        for (url, fault_of) in [
            ("https://a.example", None),
            ("HTTPS://a.example:8443/x?y=%2F", None),
            ("http://[::1]:8080/x", None),
            ("http://localhost?x", None),
            ("http://[::2]/x", Some("plain http")),
            ("http://localhost.example/x", Some("plain http")),
            ("http://127.0.0.1@a.example/x", Some("the URL has a user name")),
            ("https:///x", Some("the URL has a user name, or no host")),
            ("https://:80/x", Some("the URL has a user name, or no host")),
            ("https://[]/x", Some("the URL has a user name, or no host")),
            ("https://a.example/#x", Some("not a URL without a fragment")),
            ("https://a.example/\n", Some("not a URL")),
            ("https://a.example/ü", Some("not a URL")),
            ("https://a.example\\@b.example", Some("not a URL")),
            ("", Some("not a URL")),
            ("/x?y=https://a.example", Some("not an absolute URL")),
            ("a.example", Some("not an absolute URL")),
            ("ftp://a.example/x", Some("the scheme is not https")),
        ] {
            let found = fault(url, false, "plain http");
            assert!(found.unwrap_or("").starts_with(fault_of.unwrap_or("")), "{url}: {found:?}");
            assert_eq!(found.is_some(), fault_of.is_some(), "{url}: {found:?}");
        }
        assert_eq!(fault("http://a.example/x", true, "plain http"), None);
    }

    #[test]
    fn a_prefix_ends_at_a_border_and_nothing_climbs_out_of_it() {
        for (url, prefix, below) in [
            ("https://a.example/s/1", "https://a.example/s", true),
            ("https://a.example/s/1", "https://a.example/s/", true),
            ("https://a.example/s?1", "https://a.example/s", true),
            ("https://a.example/s", "https://a.example/s", true),
            ("https://a.example/sx", "https://a.example/s", false),
            ("https://a.example.evil/s", "https://a.example", false),
            ("https://a.example:80/s", "https://a.example", false),
            ("https://a.example/s/../x", "https://a.example/s", false),
            ("https://a.example/s/%2E%2e/x", "https://a.example/s", false),
            ("https://a.example/s/.%2e", "https://a.example/s/", false),
            ("https://a.example/s/..x", "https://a.example/s/", true),
            ("https://a.example/s/1?../x", "https://a.example/s/", true),
        ] {
            assert_eq!(is_below(url, prefix), below, "{url} {prefix}");
        }
    }
}
