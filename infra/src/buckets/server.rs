//! The store on the wire: signatures checked by `s3s`, and browsers of this machine let in.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::error_handling::HandleError;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::serve::ListenerExt;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use super::Buckets;
use crate::template::CorsRule;

/// The one key pair whose signatures the store accepts, in headers and in presigned URLs.
#[derive(Clone)]
pub struct Credentials {
    /// The name of the key.
    pub access_key: String,
    /// What signatures are made with.
    pub secret_key: String,
}

/// Serves the store, path-style, until `shutdown`; requests that are under way are finished.
pub async fn serve(
    listener: TcpListener,
    buckets: Buckets,
    credentials: Credentials,
    cors: &CorsRule,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let mut builder = S3ServiceBuilder::new(buckets);
    builder.set_auth(SimpleAuth::from_single(credentials.access_key, credentials.secret_key));
    let store = HandleError::new(builder.build(), async |error: s3s::HttpError| {
        tracing::error!(?error, "the object store could not answer");
        StatusCode::INTERNAL_SERVER_ERROR
    });
    let router = Router::new().fallback_service(store).layer(browsers(cors));
    // Without this, the last bytes of a short answer wait for the client's delayed acknowledgment.
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await
}

/// What pages may ask for is the template's word, as on AWS; whose pages: this machine's alone.
fn browsers(rule: &CorsRule) -> CorsLayer {
    let methods = rule.allowed_methods.iter().filter_map(|method| method.parse::<Method>().ok());
    let exposed = rule.exposed_headers.iter().filter_map(|header| header.parse::<HeaderName>().ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(|origin, _| is_loopback(origin)))
        .allow_methods(Vec::from_iter(methods))
        .allow_headers(Any)
        .expose_headers(Vec::from_iter(exposed))
        .max_age(Duration::from_secs(rule.max_age.into()))
}

fn is_loopback(origin: &HeaderValue) -> bool {
    let uri = Uri::try_from(origin.as_bytes()).ok();
    let host = uri.as_ref().and_then(Uri::host);
    host.is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"))
}
