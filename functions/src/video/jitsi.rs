//! Rooms of a Jitsi: one of one's own whose Prosody checks tokens, or JaaS.

use std::fmt;

use domain::link::is_https;
use domain::video::{Account, Claims, Guest};
use jsonwebtoken::{Algorithm, EncodingKey, Header};

use super::InvalidVideo;

/// The shortest secret for HMAC-SHA256: as long as its sum (RFC 7518, section 3.2).
pub const SECRET_BYTES_MIN: usize = 32;

/// A Jitsi that lets in whoever has a token of the school's.
#[derive(Clone)]
pub struct Jitsi {
    /// What a room's name is written behind, with a slash at the end.
    base_url: String,
    app_id: String,
    account: Account,
    header: Header,
    key: EncodingKey,
}

impl Jitsi {
    /// A Jitsi of one's own, whose Prosody has the same secret. Its domain is its address's host, unless said.
    pub fn of_ones_own(
        url: &str,
        app_id: &str,
        domain: Option<String>,
        secret: &str,
    ) -> Result<Self, InvalidVideo> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(InvalidVideo::ShortSecret);
        }
        let base_url = base(url)?;
        let subject = domain.unwrap_or_else(|| host(&base_url).to_owned());
        Ok(Self {
            base_url,
            app_id: app_id.to_owned(),
            account: Account { issuer: app_id.to_owned(), subject },
            header: Header::new(Algorithm::HS256),
            key: EncodingKey::from_secret(secret.as_bytes()),
        })
    }

    /// JaaS: rooms of an application there, with one of its private keys.
    pub fn as_a_service(url: &str, app_id: &str, key_id: &str, pem: &[u8]) -> Result<Self, InvalidVideo> {
        let base_url = format!("{}{app_id}/", base(url)?);
        Ok(Self {
            base_url,
            app_id: app_id.to_owned(),
            account: Account { issuer: "chat".to_owned(), subject: app_id.to_owned() },
            header: Header { kid: Some(format!("{app_id}/{key_id}")), ..Header::new(Algorithm::RS256) },
            key: EncodingKey::from_rsa_pem(pem).map_err(InvalidVideo::Key)?,
        })
    }

    /// What the application is called in events.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// Where a room is; without a token nobody is let in.
    pub fn url_of(&self, room: &str) -> String {
        format!("{}{room}", self.base_url)
    }

    /// The link that lets a guest into their room.
    pub fn link(&self, guest: Guest) -> Result<String, jsonwebtoken::errors::Error> {
        let url = self.url_of(&guest.room);
        let token = jsonwebtoken::encode(&self.header, &Claims::of(guest, &self.account), &self.key)?;
        Ok(format!("{url}?jwt={token}"))
    }
}

/// Says nothing of the key.
impl fmt::Debug for Jitsi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jitsi")
            .field("base_url", &self.base_url)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// An address with one slash at its end; in the clear only on this machine.
fn base(url: &str) -> Result<String, InvalidVideo> {
    let encrypted = match url.strip_prefix("http://") {
        Some(rest) if matches!(host(url), "127.0.0.1" | "localhost") => format!("https://{rest}"),
        _ => url.to_owned(),
    };
    if !is_https(&encrypted) || url.contains(['?', '#']) {
        return Err(InvalidVideo::Url);
    }
    Ok(format!("{}/", url.trim_end_matches('/')))
}

/// The host of an address, without its port.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Provider, Video};
    use super::*;

    const SECRET: &str = "a secret of at least thirty-two bytes";

    fn settings(given: &[(&str, &str)]) -> Result<Option<Video>, InvalidVideo> {
        let given: BTreeMap<&str, &str> = given.iter().copied().collect();
        Video::from_settings(|name| given.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn an_address_is_https_or_on_this_machine() {
        let check = |url: &str, expected: Option<&str>| {
            assert_eq!(base(url).ok().as_deref(), expected, "{url}");
        };
        check("https://meet.example.org", Some("https://meet.example.org/"));
        check("https://meet.example.org:8443/school/", Some("https://meet.example.org:8443/school/"));
        check("http://127.0.0.1:8080/dev/video", Some("http://127.0.0.1:8080/dev/video/"));
        check("http://localhost:8000", Some("http://localhost:8000/"));
        for url in [
            "http://meet.example.org",
            "http://127.0.0.1.example.org",
            "https://me:pw@meet.example.org",
            "https://meet.example.org/?a=b",
            "meet.example.org",
            "",
        ] {
            check(url, None);
        }
    }

    #[test]
    fn a_jitsi_needs_an_account_and_a_key() {
        let url = ("JITSI_URL", "https://meet.example.org");
        let id = ("JITSI_APP_ID", "compagnon");
        assert!(matches!(settings(&[]), Ok(None)));
        assert!(matches!(settings(&[("JITSI_URL", "")]), Ok(None)));
        assert!(matches!(settings(&[url]), Err(InvalidVideo::NoAccount)));
        assert!(matches!(settings(&[url, id]), Err(InvalidVideo::NoKey)));
        assert!(matches!(settings(&[url, id, ("JITSI_SECRET", "short")]), Err(InvalidVideo::ShortSecret)));
        let missing = [url, id, ("JITSI_KEY_FILE", "/nowhere.pem"), ("JITSI_KEY_ID", "1")];
        assert!(matches!(settings(&missing), Err(InvalidVideo::KeyFile(_))));
        let video = settings(&[url, id, ("JITSI_SECRET", SECRET)]).expect("settings").expect("a Jitsi");
        let Provider::Jitsi(jitsi) = video.provider else { panic!("no Jitsi") };
        assert_eq!(jitsi.url_of("room"), "https://meet.example.org/room");
        assert_eq!(jitsi.account.subject, "meet.example.org");
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        let refused = Jitsi::as_a_service("https://8x8.vc", "vpaas-1", "1", b"no key");
        assert!(matches!(refused, Err(InvalidVideo::Key(_))));
    }

    #[test]
    fn secrets_do_not_print() {
        let given = [
            ("JITSI_URL", "https://meet.example.org"),
            ("JITSI_APP_ID", "compagnon"),
            ("JITSI_SECRET", SECRET),
            ("JITSI_WEBHOOK_SECRET", "whsec_1"),
        ];
        let printed = format!("{:?}", settings(&given).expect("settings"));
        assert!(!printed.contains("secret of") && !printed.contains("whsec_1"), "{printed}");
        assert!(printed.contains("meet.example.org") && printed.contains("WebhookKeys(1)"), "{printed}");
    }
}
