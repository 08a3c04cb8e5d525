//! What a Lambda's main does: put the app together from the environment and answer.

use std::env;
use std::time::Duration;

use domain::invoice::PaymentKind;
use storage::{Clock, Store};
use thiserror::Error;
use utoipa_axum::router::OpenApiRouter;

use crate::App;
use crate::api::serve;
use crate::app::{Parts, Settings};
use crate::capability::CapabilityKey;
use crate::signing::{InvalidSigningKey, Signer};
use crate::token::{Issuer, Verifier};
use crate::video::{InvalidVideo, Video};
use crate::webhook::{Form, WebhookKeys};

/// Why a function cannot answer.
#[derive(Debug, Error)]
pub enum StartError {
    /// A variable is not set.
    #[error("set {0}")]
    Unset(&'static str),
    /// Who collects direct debits cannot be read.
    #[error("SEPA_CREDITORS: {0}")]
    Creditors(#[source] crate::creditors::CreditorsUnreadable),
    /// Where sessions are held cannot be read.
    #[error(transparent)]
    Video(#[from] InvalidVideo),
    /// The signing key cannot be read.
    #[error("the file that CREDENTIAL_KEY_FILE names cannot be read: {0}")]
    KeyFile(#[source] std::io::Error),
    /// The signing key is none.
    #[error(transparent)]
    Key(#[from] InvalidSigningKey),
    /// The client for the issuer's keys cannot be made.
    #[error(transparent)]
    Client(#[from] reqwest::Error),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] storage::StoreError),
    /// The runtime or the listener ended.
    #[error("the runtime ended: {0}")]
    Runtime(String),
}

/// Answers a Lambda's events, or, outside Lambda, requests on `127.0.0.1:$PORT`.
pub async fn run(routes: OpenApiRouter<App>) -> Result<(), StartError> {
    tracing_subscriber::fmt().json().with_max_level(tracing::Level::INFO).with_target(false).init();
    let router = serve(routes, app().await?);
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        return lambda_http::run(router).await.map_err(|error| StartError::Runtime(error.to_string()));
    }
    let port = env::var("PORT").unwrap_or_else(|_| "8081".into());
    let failed = |error: std::io::Error| StartError::Runtime(error.to_string());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.map_err(failed)?;
    axum::serve(listener, router).await.map_err(failed)
}

/// The app of this process's environment.
async fn app() -> Result<App, StartError> {
    let given = |name: &'static str| env::var(name).map_err(|_| StartError::Unset(name));
    let store = Store::from_environment(storage::queue::Settings::default()).await;
    let clock = Clock::of(&store).await?;
    let verifier = Verifier::new(Issuer {
        issuer: given("OIDC_ISSUER")?,
        audience: given("OIDC_AUDIENCE")?,
        jwks_url: given("OIDC_JWKS_URL")?,
    })?;
    let pem = std::fs::read_to_string(given("CREDENTIAL_KEY_FILE")?).map_err(StartError::KeyFile)?;
    // Where Stripe sends its events, its cards are taken; the worker has the key to charge them.
    let secrets = env::var("STRIPE_WEBHOOK_SECRET").unwrap_or_default();
    let card = (!secrets.is_empty()).then_some(PaymentKind::Card);
    let creditors = env::var("SEPA_CREDITORS").unwrap_or_default();
    let creditors = crate::creditors::creditors(&creditors).map_err(StartError::Creditors)?;
    let debit = (!creditors.is_empty()).then_some(PaymentKind::SepaDebit);
    let settings = Settings {
        public_url: given("PUBLIC_URL")?,
        payment_methods: std::iter::once(PaymentKind::Manual).chain(card).chain(debit).collect(),
        creditors,
        stripe_keys: WebhookKeys::listed(Form::Hex, &secrets),
        recording_keys: WebhookKeys::listed(
            Form::Hex,
            &env::var("RECORDING_WEBHOOK_SECRET").unwrap_or_default(),
        ),
        video: Video::from_settings(|name| env::var(name).ok())?.unwrap_or_default(),
        accept_wait: Duration::from_secs(5),
        link_lifetime: Duration::from_secs(15 * 60),
        upload_idle_max: Duration::from_secs(24 * 3600),
    };
    Ok(App::new(Parts {
        store,
        clock,
        verifier,
        signer: Signer::from_pem(&pem)?,
        capability_key: CapabilityKey::derived(pem.as_bytes()),
        catalog: Default::default(),
        settings,
    }))
}
