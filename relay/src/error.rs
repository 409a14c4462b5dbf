//! Why a REST request was refused, and the one place where that becomes a status and a body.
//! Sockets have their own refusals (`shared::close`); pages and assets answer for themselves.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::api::ApiError;
use shared::close::ErrorCode;
use shared::ids::Millis;
use shared::model::Role;

use crate::desk::DeskError;
use crate::edge::limits::Limit;
use crate::store::StoreError;

/// A refused REST request. The message says what to do about it; it goes to the client as it stands.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// No session, or one that ended.
    #[error("sign in first: there is no session, or it has ended")]
    NotSignedIn,
    /// Unknown account, wrong password or disabled account: which one is nobody's business.
    #[error("wrong email or password")]
    WrongPassword,
    /// The password was right.
    #[error("this account has a second factor: send the same with `code`, of the authenticator or a recovery code")]
    SecondFactorWanted,
    /// The password was right, the code was not.
    #[error("this code is wrong, too old, or was used before: wait for the next one")]
    SecondFactorWrong,
    /// Everybody here needs a second factor, and this account has none.
    #[error("everybody here needs a second factor: set yours up before anything else, at `/api/account/second-factor`")]
    EnrolFirst,
    /// The role does not allow it.
    #[error("this needs the role `{0:?}`")]
    RoleTooLow(Role),
    /// No such thing, or none that they may see.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// An invitation that was used, has lapsed or never was.
    #[error("this invitation was used or has lapsed: ask for a new one")]
    InvitationGone,
    /// A field that cannot be.
    #[error("`{field}` {problem}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A body that is no JSON of the right shape.
    #[error("{0}")]
    BadBody(String),
    /// A changing request without `content-type: application/json`, which only the relay's own pages and programs can send.
    #[error("send `content-type: application/json`")]
    NotJson,
    /// A request from a page of somebody else.
    #[error("this page may not use the console's account; if it is the console, set `public_url` to the address in the browser")]
    ForeignOrigin,
    /// Sign-in over plain http.
    #[error("signing in needs https: set `public_url` to the https address at which browsers reach this relay")]
    Unencrypted,
    /// Too many tries.
    #[error("too many {}: wait {} s", .limit.what(), .retry_after_ms.div_euclid(1_000) + 1)]
    TooMany {
        /// Which limit it was.
        limit: Limit,
        /// How long to wait.
        retry_after_ms: Millis,
    },
    /// The request did not come, or was not answered, in time.
    #[error("this took longer than {seconds} s: send the body at once, or try again later")]
    TooSlow {
        /// The time that it had.
        seconds: f32,
    },
    /// A page that is not on the site's list.
    #[error("this page's origin is not on the site's list; an admin can add it")]
    NotListed,
    /// A visitor's token that is none, or not one of this site.
    #[error("this is no visitor's token of this site, or the site wants an identity: greet on the socket first")]
    BadToken,
    /// A visitor whom the site's team keeps out.
    #[error("the site's team does not take anything from you at present")]
    Blocked,
    /// Files, or voice notes, that the site does not want.
    #[error("this site takes no such files: its settings say so")]
    NotTaken,
    /// A file that is too large.
    #[error("a file may have {most} bytes at most: send a smaller one")]
    TooLarge {
        /// What it may have.
        most: u64,
    },
    /// A file of a kind that is not taken.
    #[error("files of the type {found} are not taken; taken are: {types}")]
    WrongType {
        /// What its bytes say.
        found: &'static str,
        /// What is taken.
        types: String,
    },
    /// No room for files.
    #[error("there is no room for files: tell whoever runs this relay, its disk is full")]
    NoRoom,
    /// The place of files does not answer.
    #[error("files cannot be kept or read now: try again in a moment")]
    NoPlace(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The rules of the desk do not allow it.
    #[error("{message}")]
    Refused {
        /// Its stable code.
        code: ErrorCode,
        /// What to tell.
        message: String,
    },
    /// The store.
    #[error("the store cannot be reached: try again in a moment")]
    Store(#[source] StoreError),
    /// A fault of the relay.
    #[error("the relay failed at this: try again, and look at its log")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl RestError {
    /// A fault that no input should cause.
    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    fn parts(&self) -> (StatusCode, ErrorCode) {
        match self {
            Self::NotSignedIn | Self::WrongPassword | Self::BadToken => (StatusCode::UNAUTHORIZED, ErrorCode::BadToken),
            Self::SecondFactorWanted | Self::SecondFactorWrong => (StatusCode::UNAUTHORIZED, ErrorCode::SecondFactor),
            Self::RoleTooLow(_) | Self::Unencrypted | Self::NotTaken => (StatusCode::FORBIDDEN, ErrorCode::Forbidden),
            Self::EnrolFirst => (StatusCode::FORBIDDEN, ErrorCode::EnrolFirst),
            Self::Blocked => (StatusCode::FORBIDDEN, ErrorCode::Blocked),
            Self::NotFound(_) | Self::InvitationGone => (StatusCode::NOT_FOUND, ErrorCode::NotFound),
            Self::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::InvalidField),
            Self::BadBody(_) => (StatusCode::BAD_REQUEST, ErrorCode::BadFrame),
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::BadFrame),
            Self::ForeignOrigin | Self::NotListed => (StatusCode::FORBIDDEN, ErrorCode::ForeignOrigin),
            Self::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited),
            Self::TooSlow { .. } => (StatusCode::REQUEST_TIMEOUT, ErrorCode::Internal),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::InvalidField),
            Self::WrongType { .. } => (StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::InvalidField),
            Self::NoRoom => (StatusCode::INSUFFICIENT_STORAGE, ErrorCode::StoreUnavailable),
            Self::NoPlace(_) => (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::StoreUnavailable),
            Self::Refused { code, .. } => (StatusCode::CONFLICT, *code),
            Self::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::StoreUnavailable),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal),
        }
    }
}

impl IntoResponse for RestError {
    fn into_response(self) -> Response {
        let (status, code) = self.parts();
        match &self {
            Self::TooMany { limit, .. } => limit.count(),
            Self::TooSlow { .. } => Limit::RequestTimeout.count(),
            _ => metrics::counter!(crate::metrics::REFUSALS, "reason" => code_name(code)).increment(1),
        }
        match &self {
            // The store logs its outages, once for everybody.
            Self::Store(cause) if cause.is_outage() => tracing::debug!(error = cause as &dyn std::error::Error, "no store"),
            Self::Store(cause) => tracing::error!(error = cause as &dyn std::error::Error, "request failed in the store"),
            Self::NoPlace(cause) => {
                tracing::error!(error = cause.as_ref() as &dyn std::error::Error, "the place of files failed")
            }
            Self::Internal(cause) => tracing::error!(error = cause.as_ref() as &dyn std::error::Error, "request failed"),
            _ => {}
        }
        let mut response = (status, Json(ApiError { code, message: self.to_string() })).into_response();
        let wait = match self {
            Self::TooMany { retry_after_ms, .. } => Some(retry_after_ms.div_euclid(1_000) + 1),
            Self::Store(_) | Self::NoPlace(_) => Some(1),
            _ => None,
        };
        if let Some(seconds) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<DeskError> for RestError {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Store(error) => Self::Store(error),
            DeskError::NotFound => Self::NotFound("agent"),
            DeskError::NoTeam => Self::NotFound("team"),
            // The text begins with the field's name.
            DeskError::Invalid(what) => {
                let (field, problem) = what.split_once(": ").unwrap_or(("", what));
                Self::Invalid { field, problem: problem.to_owned() }
            }
            other => Self::Refused { code: other.code(), message: other.to_string() },
        }
    }
}

/// The code's name on the wire, for labels.
pub(crate) fn code_name(code: ErrorCode) -> String {
    serde_json::to_value(code).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

impl From<JsonRejection> for RestError {
    fn from(rejection: JsonRejection) -> Self {
        match rejection {
            JsonRejection::MissingJsonContentType(_) => Self::NotJson,
            other => Self::BadBody(other.body_text()),
        }
    }
}

impl From<PathRejection> for RestError {
    fn from(_: PathRejection) -> Self {
        // An id that is no id names nothing.
        Self::NotFound("thing")
    }
}

impl From<QueryRejection> for RestError {
    fn from(rejection: QueryRejection) -> Self {
        Self::BadBody(rejection.body_text())
    }
}
