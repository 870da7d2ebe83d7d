//! The vendor's JSON as it is on the wire, field for field. Everything it may leave out is optional; unknown fields are
//! passed over.

use serde::Deserialize;
use userdir_schema::Text;

/// A user. Put the address of the vendor's page here.
#[derive(Debug, Deserialize)]
pub struct User<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub email: Option<Text<'a>>,
    pub active: Option<bool>,
}

/// An error.
#[derive(Debug, Deserialize)]
pub struct Error {
    pub code: Option<String>,
    pub message: Option<String>,
}
