//! Profiles, and the grants that give roles.

use axum::http::StatusCode;
use domain::id::{GrantId, PersonId};
use domain::permission::Role;
use domain::person::{Address, Grant, Person, ProfileError, Scope};
use domain::time::Zone;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::Stored;
use storage::person::GrantRefusal;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::body::Json;
use crate::call::{Call, me};
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_me, put_me)).routes(routes!(create_grant))
}

/// What people read and write about themselves.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileBody {
    /// As it stands on invoices and certificates.
    pub name: Option<String>,
    /// Where invoices go.
    #[schema(value_type = Option<crate::schema::AddressSchema>)]
    pub address: Option<Address>,
    /// IANA zone in which the person reads times.
    #[schema(value_type = String, example = "Europe/London")]
    pub time_zone: Zone,
    /// BCP 47 codes, best first.
    #[serde(default)]
    pub languages: Vec<String>,
}

/// A profile as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileView {
    /// Who.
    #[schema(value_type = String, example = "per_0190b5c2f5a97c1e8e2a6f3d4b5c6d7e")]
    pub id: PersonId,
    /// What the person wrote.
    #[serde(flatten)]
    pub profile: ProfileBody,
    /// The roles that count now.
    #[schema(value_type = Vec<String>)]
    pub roles: Vec<Role>,
}

impl ProfileView {
    fn of(person: &Person, grants: &[Grant], now: Timestamp) -> Self {
        let counts = |grant: &&Grant| grant.until.is_none_or(|until| now < until);
        let mut roles: Vec<Role> = grants.iter().filter(counts).map(|grant| grant.role).collect();
        roles.sort_unstable();
        roles.dedup();
        let person = person.clone();
        let profile = ProfileBody {
            name: person.name,
            address: person.address,
            time_zone: person.time_zone,
            languages: person.languages,
        };
        Self { id: person.id, profile, roles }
    }
}

/// Reads one's own profile.
#[utoipa::path(get, path = "/v1/people/me", tag = "people",
    responses((status = 200, description = "The profile, with an ETag", body = ProfileView), Refusals))]
async fn get_me(call: Call) -> Result<Reply, Problem> {
    let person = call.permit(&permissions::GET_ME, me(&call).await?).await?;
    let grants = call.grants(person.value.id).await?;
    Ok(Reply::ok(&ProfileView::of(&person.value, &grants, call.now))?.at(person.revision))
}

/// Writes one's own profile. Enrolling needs a name and an address.
#[utoipa::path(put, path = "/v1/people/me", tag = "people", request_body = ProfileBody,
    responses((status = 200, description = "The profile as it is now", body = ProfileView), Refusals))]
async fn put_me(call: Call, Json(body): Json<ProfileBody>) -> Result<Reply, Problem> {
    let person = call.permit(&permissions::PUT_ME, me(&call).await?).await?.into_inner();
    call.expect_sent(&person)?;
    // Where letters go is what the issuer has verified, never what somebody writes.
    let verified = call.identity()?.email.clone();
    let person = person.try_map(|person| {
        let ProfileBody { name, address, time_zone, languages } = body;
        let email = verified.or_else(|| person.email.clone());
        let written = Person { name, address, time_zone, languages, email, ..person };
        written.check().map(|()| written)
    })?;
    let grants = call.grants(person.value.id).await?;
    let reply = Reply::ok(&ProfileView::of(&person.value, &grants, call.now))?.at(person.revision + 1);
    call.commit(call.store().keep_person(&person, Problem::changed()), reply).await
}

/// A role to be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantBody {
    /// Who gets it.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// What they may act as.
    #[schema(value_type = String, example = "mentor")]
    pub role: Role,
    /// Where it counts; everywhere, if left out.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub scope: Option<Scope>,
    /// When it ends; never, if left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
}

/// A role as it was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct GrantView {
    /// Of the grant.
    #[schema(value_type = String)]
    pub id: GrantId,
    /// Who has it.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// What they may act as.
    #[schema(value_type = String)]
    pub role: Role,
    /// Where it counts.
    #[schema(value_type = Object)]
    pub scope: Scope,
    /// When it ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
}

/// Gives a role to a person who has signed in before; giving it again changes when it ends.
#[utoipa::path(post, path = "/v1/admin/grants", tag = "people", request_body = GrantBody,
    responses((status = 201, description = "The grant", body = GrantView), Refusals))]
async fn create_grant(call: Call, Json(body): Json<GrantBody>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::CREATE_GRANT).await?;
    let GrantBody { person, role, scope, until } = body;
    let scope = scope.unwrap_or(Scope::Everywhere);
    let grant = Grant::new(person, role, scope, until, Some(call.person()?), call.now);
    let grant = call.store().grant_or(grant).await?;
    let Grant { id, person, role, scope, until, .. } = grant.value.clone();
    let view = GrantView { id, person, role, scope, until };
    let reply = Reply::new(StatusCode::CREATED, &view)?.at(grant.revision + 1);
    let by = call.person()?.to_string();
    let transaction = call.store().keep_grant(&grant);
    call.commit(transaction.audit(&grant.value.key(), "create_grant", &by, call.now), reply).await
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        Self::field(error.pointer(), error.to_string())
    }
}

impl From<GrantRefusal> for Problem {
    fn from(refusal: GrantRefusal) -> Self {
        match refusal {
            GrantRefusal::NobodyThere => Self::at_field(
                Code::InvalidField,
                "/person",
                "Nobody with this id has written a profile yet.",
            ),
            GrantRefusal::Changed => Self::changed(),
        }
    }
}
