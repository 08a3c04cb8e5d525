//! Addresses that people give: where work runs, or what proves it.

/// The most characters of a link.
pub const LINK_CHARS_MAX: usize = 2000;

/// Whether it is an https address as RFC 3986 spells one: a host without a user before it, and no
/// character that would have to be escaped.
pub fn is_https(link: &str) -> bool {
    let Some(rest) = link.strip_prefix("https://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    let plain =
        |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}');
    let in_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let port = |c: char| in_host(c) || c == ':';
    link.len() <= LINK_CHARS_MAX
        && link.chars().all(plain)
        && authority.chars().all(port)
        && host.starts_with(|c: char| c.is_ascii_alphanumeric())
        && host.chars().all(in_host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_https_addresses_are_links() {
        let check = |link: &str, expected: bool| assert_eq!(is_https(link), expected, "{link}");
        check("https://example.org", true);
        check("https://example.org:8443/a/b?c=d#e", true);
        check("http://example.org", false);
        check("https://", false);
        check("https://user@example.org", false);
        check("https://example.org/a b", false);
        check("javascript:alert(1)//https://example.org", false);
        check(&format!("https://example.org/{}", "a".repeat(LINK_CHARS_MAX)), false);
    }
}
