//! Strict JSON in: what cannot be read says which field, and why. And banks' XML.

use axum::extract::{FromRequest, Request};
use axum::http::header;
use domain::debit::REPORT_BYTES_MAX;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::problem::{Code, Problem};

/// The most bytes of a request's body: files go to S3, never through here.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A body of XML, as text; what it says is for others to read.
#[derive(Debug, Clone)]
pub struct Xml(pub String);

impl<S: Send + Sync> FromRequest<S> for Xml {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        if !has_type(&request, &["application/xml", "text/xml"]) {
            let detail = "Send the body as Content-Type: application/xml.";
            return Err(Problem::new(Code::UnsupportedMediaType, detail));
        }
        let bytes = bytes(request, REPORT_BYTES_MAX).await?;
        if bytes.is_empty() {
            return Err(Problem::new(Code::EmptyFile, "Send the file as the bank made it."));
        }
        let text = String::from_utf8(bytes.into());
        text.map(Self).map_err(|_| Problem::field("", "Expected XML in UTF-8."))
    }
}

/// Whether a request says that its body is of one of these types.
fn has_type(request: &Request, types: &[&str]) -> bool {
    let sent = request.headers().get(header::CONTENT_TYPE).and_then(|sent| sent.to_str().ok());
    let sent = sent.and_then(|sent| sent.split(';').next()).map(str::trim);
    sent.is_some_and(|sent| types.contains(&sent))
}

/// A body of one shape, with no field that the shape does not have.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        if !has_type(&request, &["application/json"]) {
            let detail = "Send the body as Content-Type: application/json.";
            return Err(Problem::new(Code::UnsupportedMediaType, detail));
        }
        parse(&bytes(request, BODY_BYTES_MAX).await?).map(Self)
    }
}

/// The most bytes of a body that is sent to a path by somebody who signed in, or by nobody.
pub fn bytes_max(path: &str, signed_in: bool) -> usize {
    if signed_in && path == crate::bank_reports::PATH { REPORT_BYTES_MAX } else { BODY_BYTES_MAX }
}

/// A request's body, up to a bound.
pub async fn bytes(request: Request, bytes_max: usize) -> Result<axum::body::Bytes, Problem> {
    let body = Limited::new(request.into_body(), bytes_max).collect().await;
    body.map(http_body_util::Collected::to_bytes).map_err(|error| {
        if error.downcast_ref::<LengthLimitError>().is_some() {
            return Problem::new(Code::BodyTooLarge, format!("Send at most {bytes_max} bytes."));
        }
        Problem::new(Code::MalformedJson, "The body broke off before its end.")
    })
}

/// A value of one shape from JSON.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(refusal)?;
    json.end().map_err(|error| {
        Problem::new(Code::MalformedJson, format!("The body goes on after its end: {error}."))
    })?;
    Ok(value)
}

fn refusal(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    use serde_json::error::Category;
    let pointer = pointer(error.path());
    let error = error.into_inner();
    match error.classify() {
        Category::Syntax | Category::Eof | Category::Io => {
            Problem::new(Code::MalformedJson, format!("The body is not valid JSON: {error}."))
        }
        Category::Data => {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            let code =
                if message.starts_with("unknown field") { Code::UnknownField } else { Code::InvalidField };
            Problem::at_field(code, pointer, message)
        }
    }
}

/// The path as a JSON pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } => format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => pointer,
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only its shape is tested")]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its shape is tested")]
        count: u8,
    }

    #[test]
    fn a_fault_names_its_field() {
        let check = |body: &str, code: Code, pointer: Option<&str>| {
            let problem = parse::<Outer>(body.as_bytes()).expect_err(body);
            assert_eq!(problem.code, code, "{body}");
            assert_eq!(problem.errors.first().map(|error| error.pointer.as_str()), pointer, "{body}");
        };
        check(r#"{"inner": [{"count": 1, "color": 2}]}"#, Code::UnknownField, Some("/inner/0/color"));
        check(r#"{"inner": [{"count": 1}, {"count": "x"}]}"#, Code::InvalidField, Some("/inner/1/count"));
        check(r#"{"inner": []} {}"#, Code::MalformedJson, None);
        check(r#"{"inner": ["#, Code::MalformedJson, None);
        check("<xml/>", Code::MalformedJson, None);
        check("{}", Code::InvalidField, Some(""));
    }
}
