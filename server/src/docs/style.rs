//! The one style of all pages. It stands in the page itself, and the page's policy allows it by its hash.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The style.
pub const STYLE: &str = include_str!("style.css");

/// The style as a source in a content security policy.
pub static SOURCE: LazyLock<String> = LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(STYLE))));
