//! Shapes of the OpenAPI description that the domain's types stand behind, and the refusals that
//! every operation declares.

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::problem::Code;

/// A postal address.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the domain's type to clients")]
pub struct AddressSchema {
    /// Street and number, one to four lines.
    lines: Vec<String>,
    /// Town.
    city: String,
    /// As the country writes it; empty where there is none.
    postal_code: String,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "GB")]
    country: String,
}

/// An amount of money.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the domain's type to clients")]
pub struct MoneySchema {
    /// Pence, cents, yen: the currency's smallest unit.
    #[schema(example = 30000)]
    amount_minor: i64,
    /// ISO 4217.
    #[schema(example = "GBP")]
    currency: String,
}

/// Every refusal: the same shape for each status, its code in the body.
pub struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut titles: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
        for code in Code::ALL {
            titles.entry(code.status().as_u16().to_string()).or_default().push(code.word());
        }
        let response = |words: Vec<&str>| {
            let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
            let described = ResponseBuilder::new().description(words.join(", "));
            RefOr::T(described.content("application/problem+json", body).build())
        };
        titles.into_iter().map(|(status, words)| (status, response(words))).collect()
    }
}
