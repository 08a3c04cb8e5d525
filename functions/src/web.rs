//! The page at `/`: plain files, built into the program, as they stand in `web/`.
//!
//! A browser keeps each file and asks whether it is still the same; over a slow line the page is
//! some 20 kB once, and from then on one of them and a few answers without a body.

use std::io::Write;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::digest::Sha256Hex;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::App;
use crate::manners::names;

/// Name, media type and bytes of every file.
const FILES: &[(&str, &str, &[u8])] = &[
    ("index.html", HTML, include_bytes!("../web/index.html")),
    ("contract-1.html", HTML, include_bytes!("../web/contract-1.html")),
    ("recording-consent-1.html", HTML, include_bytes!("../web/recording-consent-1.html")),
    ("style.css", "text/css; charset=utf-8", include_bytes!("../web/style.css")),
    ("icon.svg", "image/svg+xml", include_bytes!("../web/icon.svg")),
    ("api.js", SCRIPT, include_bytes!("../web/api.js")),
    ("booth.js", SCRIPT, include_bytes!("../web/booth.js")),
    ("chunks.js", SCRIPT, include_bytes!("../web/chunks.js")),
    ("desk.js", SCRIPT, include_bytes!("../web/desk.js")),
    ("entry.js", SCRIPT, include_bytes!("../web/entry.js")),
    ("feed.js", SCRIPT, include_bytes!("../web/feed.js")),
    ("main.js", SCRIPT, include_bytes!("../web/main.js")),
    ("media.js", SCRIPT, include_bytes!("../web/media.js")),
    ("record.js", SCRIPT, include_bytes!("../web/record.js")),
    ("session.js", SCRIPT, include_bytes!("../web/session.js")),
    ("sha256.js", SCRIPT, include_bytes!("../web/sha256.js")),
    ("steps.js", SCRIPT, include_bytes!("../web/steps.js")),
    ("study.js", SCRIPT, include_bytes!("../web/study.js")),
    ("upload.js", SCRIPT, include_bytes!("../web/upload.js")),
    ("view.js", SCRIPT, include_bytes!("../web/view.js")),
];

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Adds to each answer what its page may do: only the school's own files run and are shown, and bytes go to the school
/// and its buckets alone.
pub async fn confine(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let mut buckets = String::new();
    for bucket in [&app.store.submissions, &app.store.evidence] {
        match bucket.location().await {
            Ok(location) => buckets += &format!(" {}", at_any_loopback_port(&location)),
            Err(error) => tracing::error!(%error, "the page cannot send files: the store signs nothing"),
        }
    }
    let policy = format!(
        "default-src 'self'; connect-src 'self'{buckets}; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

/// On one machine the store has another port after each start, and a page stays open over it.
fn at_any_loopback_port(location: &str) -> String {
    const HERE: &str = "http://127.0.0.1:";
    let path = location.strip_prefix(HERE).and_then(|rest| rest.split_once('/'));
    path.map_or_else(|| location.to_owned(), |(_, path)| format!("{HERE}*/{path}"))
}

/// A file as it is answered.
struct File {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
    gzipped: Vec<u8>,
    etag: String,
}

static TABLE: LazyLock<Vec<File>> = LazyLock::new(|| FILES.iter().map(File::new).collect());

/// The routes of the page, for a router of any state.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let page = async |headers: HeaderMap| answer("index.html", &headers);
    let file = async |Path(name): Path<String>, headers: HeaderMap| answer(&name, &headers);
    let contract = async |Path(version): Path<u32>, headers: HeaderMap| {
        answer(&format!("contract-{version}.html"), &headers)
    };
    let router = Router::new().route("/", get(page)).route("/contracts/{version}", get(contract));
    router.route("/web/{file}", get(file))
}

fn answer(name: &str, headers: &HeaderMap) -> Response {
    match TABLE.iter().find(|file| file.name == name) {
        Some(file) => file.answer(headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

impl File {
    fn new(&(name, kind, bytes): &(&'static str, &'static str, &'static [u8])) -> Self {
        // Half of the digest tells two versions apart. It stands for what is meant, not for how it
        // is encoded, so it is weak.
        let etag = format!("W/\"{}\"", &Sha256Hex::of(bytes).to_string()[..32]);
        Self { name, kind, bytes, gzipped: gzipped(bytes), etag }
    }

    fn answer(&self, asked: &HeaderMap) -> Response {
        // Not every browser takes a page's policy from an answer that says that nothing changed.
        let may_be_held = self.kind != HTML;
        let mut answer = if may_be_held && names(asked, header::IF_NONE_MATCH, &self.etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else if names(asked, header::ACCEPT_ENCODING, "gzip") {
            ([(header::CONTENT_ENCODING, "gzip")], self.gzipped.clone()).into_response()
        } else {
            self.bytes.into_response()
        };
        let said = [
            (header::CONTENT_TYPE, self.kind),
            (header::ETAG, &self.etag),
            (header::CACHE_CONTROL, "no-cache"),
            (header::VARY, "accept-encoding"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
        ];
        for (name, text) in said {
            if let Ok(value) = HeaderValue::from_str(text) {
                answer.headers_mut().insert(name, value);
            }
        }
        answer
    }
}

/// Empty where it cannot be made, which writing to memory cannot fail to do.
fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::{HeaderName, Request};
    use tower::ServiceExt;

    use super::*;

    async fn ask(path: &str, headers: &[(HeaderName, &str)]) -> Response {
        let request = headers.iter().fold(Request::get(path), |it, (name, value)| it.header(name, *value));
        let request = request.body(Body::empty()).expect("a request");
        routes::<()>().oneshot(request).await.expect("infallible")
    }

    async fn text(response: Response) -> String {
        let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    #[tokio::test]
    async fn what_a_browser_holds_is_not_sent_again() {
        const FILE: &str = "/web/main.js";
        let first = ask(FILE, &[]).await;
        assert_eq!(first.status(), StatusCode::OK);
        let etag = first.headers()[header::ETAG].to_str().expect("ascii").to_owned();
        let again = ask(FILE, &[(header::IF_NONE_MATCH, &format!("\"x\", {etag}"))]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(text(again).await, "");
        assert_eq!(ask(FILE, &[(header::IF_NONE_MATCH, "\"x\"")]).await.status(), StatusCode::OK);
        // A page comes whole, with the policy of today.
        let page = ask("/", &[]).await.headers()[header::ETAG].to_str().expect("ascii").to_owned();
        assert_eq!(ask("/", &[(header::IF_NONE_MATCH, &page)]).await.status(), StatusCode::OK);
    }

    #[test]
    fn only_on_one_machine_a_port_does_not_matter() {
        assert_eq!(at_any_loopback_port("http://127.0.0.1:4711/works/"), "http://127.0.0.1:*/works/");
        for elsewhere in ["https://s3.eu-west-1.amazonaws.com/works/", "http://127.0.0.1.example:80/works/"] {
            assert_eq!(at_any_loopback_port(elsewhere), elsewhere);
        }
    }

    #[tokio::test]
    async fn nothing_else_is_a_file() {
        for path in ["/web/", "/web/index.htm", "/web/..%2fCargo.toml"] {
            assert_eq!(ask(path, &[]).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn the_page_asks_only_for_files_that_are_there() {
        for file in &*TABLE {
            let source = text(ask(&format!("/web/{}", file.name), &[]).await).await;
            let quoted = source.split(['"', '\'']).filter_map(|word| {
                word.strip_prefix("/web/").or(word.strip_prefix("./").filter(|_| file.kind == SCRIPT))
            });
            for wanted in quoted {
                assert!(TABLE.iter().any(|file| file.name == wanted), "{}: {wanted}", file.name);
            }
        }
    }

    #[tokio::test]
    async fn no_script_and_no_style_stands_in_the_page() {
        let page = text(ask("/", &[]).await).await;
        assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("onclick"));
        assert_eq!(page.matches("<script").count(), page.matches("<script type=\"module\" src=").count());
    }

    #[tokio::test]
    async fn the_contract_that_is_offered_can_be_read() {
        let path = format!("/contracts/{}", domain::offer::CONTRACT_VERSION);
        assert_eq!(ask(&path, &[]).await.status(), StatusCode::OK);
        assert_eq!(ask("/contracts/0", &[]).await.status(), StatusCode::NOT_FOUND);
    }

    /// What only jurors load, once a defense of theirs goes on.
    const RECORDING: [&str; 5] = ["booth.js", "chunks.js", "feed.js", "media.js", "record.js"];

    #[tokio::test]
    async fn the_whole_page_is_small_on_the_wire() {
        let (mut student, mut juror) = (0, 0);
        for file in &*TABLE {
            let sent =
                ask(&format!("/web/{}", file.name), &[(header::ACCEPT_ENCODING, "br, gzip;q=1.0")]).await;
            assert_eq!(sent.headers()[header::CONTENT_ENCODING], "gzip");
            let total = if RECORDING.contains(&file.name) { &mut juror } else { &mut student };
            *total += to_bytes(sent.into_body(), usize::MAX).await.expect("a body").len();
        }
        // What a student in a village waits for.
        assert!(student < 25_000, "{student} bytes");
        assert!(juror < 12_000, "{juror} bytes");
    }
}
