//! Whether two texts name the same target of a request (RFC 9449 section 4.3 by RFC 3986 sections 6.2.2 and 6.2.3).

/// Whether a proof's `htu` names the target of a request, without looking at query and fragment.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    normalized(one).is_some_and(|one| normalized(other).is_some_and(|other| one == other))
}

/// An HTTP URI without query and fragment, in the one spelling that it has; `None` where it is none.
fn normalized(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority = percent_normalized(authority).to_ascii_lowercase();
    // RFC 9110 section 4.2.4: a target has no user.
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    let host = authority.strip_suffix(default_port).or(authority.strip_suffix(':')).unwrap_or(&authority);
    Some(format!("{scheme}://{host}{}", without_dots(&percent_normalized(path))))
}

/// RFC 3986 sections 6.2.2.1 and 6.2.2.2: what needs no percent sign has none, and what has one has capital digits.
fn percent_normalized(text: &str) -> String {
    let mut parts = text.split('%');
    let mut normalized = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.map(|digits| u8::from_str_radix(digits, 16).map(char::from)) {
            Some(Ok(plain)) if plain.is_ascii_alphanumeric() || "-._~".contains(plain) => {
                normalized.push(plain);
            }
            Some(_) => {
                normalized.push('%');
                normalized.push_str(&digits.unwrap_or_default().to_ascii_uppercase());
            }
            // No escape at all: it stays as it is, and is like nothing else.
            None => {
                normalized.push('%');
                normalized.push_str(part);
                continue;
            }
        }
        normalized.push_str(part.get(2..).unwrap_or_default());
    }
    normalized
}

/// RFC 3986 section 5.2.4; and section 6.2.3: an empty path is `/`.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_9449_section_4_3_a_target_has_one_spelling() {
        let target = "https://server.example.com/a~b/token";
        for same in [
            "https://server.example.com/a~b/token",
            "HTTPS://Server.EXAMPLE.com/a~b/token",
            "https://server.example.com:443/a~b/token",
            "https://server.example.com:/a~b/token",
            "https://server.example.com/a%7Eb/token",
            "https://server.example.com/a%7eb/%74oken",
            "https://server.example.com/./a~b/x/../token",
            "https://server.example.com/../a~b/token",
            "https://server.example.com/a~b/token?query=1",
            "https://server.example.com/a~b/token#fragment",
            "https://server.example.com/a~b/token?query=1#fragment/..",
            "https://serve%72.example.com/a~b/token",
        ] {
            assert!(is_same(same, target) && is_same(target, same), "{same}");
        }
        for other in [
            "http://server.example.com/a~b/token",
            "https://server.example.com:8443/a~b/token",
            "https://server.example.com:80/a~b/token",
            "https://server.example.com/a~b/Token",
            "https://server.example.com/a~b/token/",
            "https://server.example.com/a~b//token",
            "https://server.example.com/a~b%2Ftoken",
            "https://user@server.example.com/a~b/token",
            "https://server.example.com.evil.example/a~b/token",
            "https://server.example.com",
            "https:///a~b/token",
            "/a~b/token",
            "urn:a~b:token",
            "",
        ] {
            assert!(!is_same(other, target) && !is_same(target, other), "{other}");
        }
    }

    #[test]
    fn an_empty_path_is_a_slash_and_a_broken_escape_is_like_nothing_else() {
        assert!(is_same("https://a.example", "https://A.example:443/"));
        assert!(is_same("https://a.example/%2f", "https://a.example/%2F"));
        assert!(!is_same("https://a.example/%2f", "https://a.example//"));
        assert!(is_same("https://a.example/x/.", "https://a.example/x/"));
        assert!(is_same("https://a.example/x/..", "https://a.example/"));
        for broken in [
            "https://a.example/%",
            "https://a.example/%4",
            "https://a.example/%zz",
            "https://a.example/%\u{e9}1",
        ] {
            assert!(is_same(broken, broken), "{broken}");
            assert!(!is_same(broken, "https://a.example/"), "{broken}");
        }
        // What no target is, is not even like itself.
        for none in ["", "mailto:a@b", "https://", "ftp://a.example/"] {
            assert!(!is_same(none, none), "{none}");
        }
    }
}
