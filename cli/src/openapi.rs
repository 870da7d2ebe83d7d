//! `userdir openapi`: the server's OpenAPI 3.1 document, for programs that are made from it.

use crate::errors::Result;
use crate::output;

/// Prints it; the same whatever the format.
///
/// # Errors
/// Those of stdout.
pub fn run() -> Result<()> {
    output::line(userdir_server::openapi::text().trim_end())
}
