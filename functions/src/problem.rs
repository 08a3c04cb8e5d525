//! Refusals as `application/problem+json` (RFC 9457), from one closed list of codes.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use storage::{Refused, StoreError};
use utoipa::ToSchema;

use crate::token::TokenError;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $status:ident, $title:literal;)*) => {
        /// Every reason for which a request is refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl Code {
            /// All of them, in the order of their statuses.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word clients match on.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// The HTTP status it goes with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),* }
            }

            /// What it means in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),* }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    MalformedJson = "malformed_json", BAD_REQUEST, "The body is not valid JSON";
    /// The cursor is not one of ours.
    InvalidCursor = "invalid_cursor", BAD_REQUEST, "The cursor is not one that this list gave out";
    /// A query parameter cannot be read.
    InvalidParameter = "invalid_parameter", BAD_REQUEST, "A query parameter cannot be read";
    /// The call needs an `Idempotency-Key`.
    IdempotencyKeyRequired = "idempotency_key_required", BAD_REQUEST, "This call needs an Idempotency-Key header";
    /// No token, or one that does not count.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Sign in first";
    /// Known, but not allowed.
    Forbidden = "forbidden", FORBIDDEN, "You may not do this";
    /// Not there, or not for the asker to know.
    NotFound = "not_found", NOT_FOUND, "There is no such thing";
    /// The path knows other methods.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "This path has no such method";
    /// The thing is in a state that forbids the act.
    WrongState = "wrong_state", CONFLICT, "Its state does not allow this now";
    /// Somebody else changed it in between.
    Changed = "changed", CONFLICT, "It was changed in the meantime: read it again";
    /// One live enrollment per student and degree.
    AlreadyEnrolled = "already_enrolled", CONFLICT, "There is a live enrollment on this degree";
    /// The month is paused.
    MonthPaused = "month_paused", CONFLICT, "The month is paused";
    /// Pauses never overlap.
    PauseOverlaps = "pause_overlaps", CONFLICT, "There is a pause already";
    /// A version is sealed once.
    AlreadySubmitted = "already_submitted", CONFLICT, "This version was handed in already";
    /// A decision is made once.
    AlreadyDecided = "already_decided", CONFLICT, "This was decided already";
    /// Somebody has something else at that time.
    SlotTaken = "slot_taken", CONFLICT, "The time is taken";
    /// Everyone who comes into question has as many students, or defenses, as they take.
    CapacityFull = "capacity_full", CONFLICT, "Nobody has room for one more";
    /// Parts are missing or not verified yet.
    UploadIncomplete = "upload_incomplete", CONFLICT, "The upload is not complete";
    /// No verified recording, and no waiver.
    RecordingMissing = "recording_missing", CONFLICT, "There is no verified recording";
    /// The project failed twice, and nobody wrote what is to be different.
    PlanMissing = "plan_missing", CONFLICT, "An action plan is missing";
    /// Both must agree to be recorded.
    ConsentMissing = "consent_missing", CONFLICT, "Consent to the recording is missing";
    /// The same key, still running.
    RequestInProgress = "request_in_progress", CONFLICT, "The same request is being answered";
    /// `If-Match` names another revision.
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED, "It has changed since you read it";
    /// More than a body may have.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// Not JSON by its content type.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Send application/json";
    /// A field nobody knows.
    UnknownField = "unknown_field", UNPROCESSABLE_ENTITY, "A field is not known";
    /// A field that cannot be.
    InvalidField = "invalid_field", UNPROCESSABLE_ENTITY, "A field is not valid";
    /// The same key with another body.
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "The key was used for another request";
    /// The edition, or its language, is not published.
    EditionNotPublished = "edition_not_published", UNPROCESSABLE_ENTITY, "The edition is not published";
    /// Nothing accredits the degree at that time.
    NotAccredited = "not_accredited", UNPROCESSABLE_ENTITY, "No accreditation covers this";
    /// More than what was paid.
    RefundTooLarge = "refund_too_large", UNPROCESSABLE_ENTITY, "More than was paid cannot be given back";
    /// More than the invoice.
    CreditTooLarge = "credit_too_large", UNPROCESSABLE_ENTITY, "More than the invoice cannot be credited";
    /// No such time, or twice that day.
    InvalidTime = "invalid_time", UNPROCESSABLE_ENTITY, "The time does not exist or is ambiguous";
    /// Outside what was declared.
    OutsideAvailability = "outside_availability", UNPROCESSABLE_ENTITY, "The time is outside the availability";
    /// The juror stands too close to the student.
    JurorInConflict = "juror_in_conflict", UNPROCESSABLE_ENTITY, "This person may not judge this student";
    /// What a claim or an award is to rest on is not there.
    EvidenceMissing = "evidence_missing", UNPROCESSABLE_ENTITY, "The evidence is not complete";
    /// The bytes are not the declared ones.
    ChecksumMismatch = "checksum_mismatch", UNPROCESSABLE_ENTITY, "The bytes are not the ones that were declared";
    /// A part other than the last is too small.
    PartTooSmall = "part_too_small", UNPROCESSABLE_ENTITY, "A part is too small";
    /// Nothing in it.
    EmptyFile = "empty_file", UNPROCESSABLE_ENTITY, "The file is empty";
    /// `If-Match` is missing.
    PreconditionRequired = "precondition_required", PRECONDITION_REQUIRED, "This call needs an If-Match header";
    /// More than anybody needs in such a time.
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS, "Too much in too short a time: wait";
    /// A bug of ours.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something broke on our side";
    /// Try later.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Try again in a moment";
}

/// A field at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer into the body, such as `/address/city`.
    pub pointer: String,
    /// The kind of fault.
    pub code: Code,
    /// What to do about it.
    pub detail: String,
}

/// A refusal.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Which one.
    pub code: Code,
    /// What happened and what to do, for a person.
    pub detail: String,
    /// The fields at fault.
    pub errors: Vec<FieldError>,
    // Boxed: most problems have neither, and every handler's result has room for one.
    extra: Box<Extra>,
}

/// What only some problems say.
#[derive(Debug, Clone, Default)]
struct Extra {
    /// Further members, such as `alternatives`.
    members: serde_json::Map<String, serde_json::Value>,
    /// Such as `Retry-After`.
    headers: HeaderMap,
}

/// The JSON of a refusal.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// A URI for the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it means in a few words.
    pub title: String,
    /// The HTTP status again.
    pub status: u16,
    /// What happened and what to do.
    pub detail: String,
    /// The request, for support.
    pub instance: String,
    /// The word clients match on.
    pub code: Code,
    /// The fields at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Further members, such as `alternatives`.
    #[serde(flatten)]
    pub members: serde_json::Map<String, serde_json::Value>,
}

impl Problem {
    /// A refusal with its detail.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), extra: Box::default() }
    }

    /// What is not there, or not for the asker to know: the same words for both.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "There is nothing here for you under this id.")
    }

    /// A field of the body that cannot be.
    pub fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::at_field(Code::InvalidField, pointer, detail)
    }

    /// A refusal that one field of the body is the reason of.
    pub fn at_field(code: Code, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let error = FieldError { pointer: pointer.into(), code, detail: detail.clone() };
        Self { errors: vec![error], ..Self::new(code, detail) }
    }

    /// Somebody else changed it in between.
    pub fn changed() -> Self {
        Self::new(Code::Changed, "Somebody changed this at the same moment: read it again, then repeat.")
    }

    /// Whether reading again and repeating may help: somebody else changed what was read.
    pub fn was_changed(&self) -> bool {
        self.code == Code::Changed
    }

    /// With a further member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        if let Ok(value) = serde_json::to_value(value) {
            self.extra.members.insert(name.to_owned(), value);
        }
        self
    }

    /// With a header such as `Retry-After` or `Allow`.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.extra.headers.insert(name, value);
        }
        self
    }

    /// The answer, naming the request it refuses.
    pub fn respond(self, instance: &str) -> Response {
        let status = self.code.status();
        let body = ProblemBody {
            kind: format!("urn:compagnon:problem:{}", self.code.word()),
            title: self.code.title().to_owned(),
            status: status.as_u16(),
            detail: self.detail,
            instance: instance.to_owned(),
            code: self.code,
            errors: self.errors,
            members: self.extra.members,
        };
        let mut response = (status, axum::Json(body)).into_response();
        let problem = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, problem);
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.headers_mut().extend(self.extra.headers);
        response
    }
}

/// Handlers answer `Err(Problem)`; the manners around every request turn it into its JSON, with the
/// request's id. What slips past them still says its code.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(reason) => {
                tracing::error!(%reason, "the store is unavailable");
                Self::new(Code::Unavailable, "The store did not answer in time.")
                    .header(header::RETRY_AFTER, "1")
            }
            StoreError::Invalid(reason) => {
                tracing::error!(%reason, "the store does not take a transaction");
                Self::new(Code::Internal, "The store could not keep this. We have been told.")
            }
            other => {
                tracing::error!(error = %other, "an item cannot be read");
                Self::new(Code::Internal, "What is stored cannot be read. We have been told.")
            }
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        let code =
            if error == TokenError::KeysUnavailable { Code::Unavailable } else { Code::Unauthenticated };
        Self::new(code, format!("{error}."))
    }
}

impl<R: Into<Self>> From<Refused<R>> for Problem {
    fn from(refused: Refused<R>) -> Self {
        match refused {
            Refused::By(refusal) => refusal.into(),
            Refused::Store(error) => error.into(),
            // Both need a record or a job in the transaction, whose callers handle them.
            Refused::Answered | Refused::Fenced => {
                Self::new(Code::Internal, "A write was refused unexpectedly.")
            }
        }
    }
}
