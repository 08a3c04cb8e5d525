//! A measuring loop, and the store without anything of ours around it.

use std::collections::HashMap;
use std::future::Future;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use futures::StreamExt;
use storage::store::{Endpoints, Names};

/// An item as the store keeps it.
pub type Attributes = HashMap<String, AttributeValue>;

/// How fast something was, over all its rounds.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// Rounds in a second.
    pub rate: f64,
    /// Half of the rounds took no longer.
    pub p50: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
}

/// Runs each piece of work once, so many at a time.
pub async fn measure<T, F: Future>(
    pieces: impl IntoIterator<Item = T>,
    at_once: usize,
    work: impl Fn(T) -> F,
) -> Measured {
    let timed = |piece| {
        let done = work(piece);
        async {
            let began = Instant::now();
            done.await;
            began.elapsed()
        }
    };
    let began = Instant::now();
    let took = futures::stream::iter(pieces).map(timed).buffer_unordered(at_once).collect::<Vec<_>>().await;
    Measured::of(took, began.elapsed())
}

impl Measured {
    /// Of single rounds that took so long, and all together that long.
    pub fn of(mut took: Vec<Duration>, whole: Duration) -> Self {
        took.sort();
        let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)];
        Self { rate: took.len() as f64 / whole.as_secs_f64(), p50: at(50), p99: at(99) }
    }
}

/// Milliseconds, to be shown.
pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The bare client of a local store's table.
pub fn bare(endpoints: &Endpoints) -> Client {
    let Endpoints { table, region, access_key, secret_key, .. } = endpoints.clone();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(Credentials::new(access_key, secret_key, None, None, "local"))
        .endpoint_url(table)
        .build();
    Client::from_conf(config)
}

/// The table's name.
pub fn table() -> String {
    Names::default().table
}

/// The attribute's text, or nothing.
pub fn text<'a>(item: &'a Attributes, name: &str) -> &'a str {
    item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}
