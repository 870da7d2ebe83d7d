//! Names in the path of a request.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::Problem;
use crate::state::AppState;

/// Names in the path of a request; where they cannot be read, the error has the form of all errors.
#[derive(Clone, Debug)]
pub struct Named<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Named<T>, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(names)) => Ok(Named(names)),
            Err(_) => Err(Problem::bad_request("the path cannot be read: its encodings must be UTF-8")),
        }
    }
}
