//! The values of our own tokens: made of 256 random bits, shown once, kept as a hash.
//!
//! A plain SHA-256 is enough for them, since nobody can guess 256 bits. It also makes looking one up safe: what is
//! compared is the hash, and whoever asks cannot choose that.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::StoreError;
use crate::seal::fill_random;

/// Fewest characters of a value that an operator chose: half of what is made here, and still too many to guess.
const SHORTEST: usize = 32;

/// Longer than any value that could be one; hashing what is longer would only cost time.
const LONGEST: usize = 4096;

/// A new value that starts with `prefix`, and its hash.
pub(crate) fn generate(prefix: &str) -> Result<(SecretString, [u8; 32]), StoreError> {
    let mut bytes = Zeroizing::new([0; 32]);
    fill_random(&mut *bytes)?;
    let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes));
    let secret = SecretString::from(format!("{prefix}{}", *text));
    let hash = hash(secret.expose_secret());
    Ok((secret, hash))
}

/// What is kept of a value.
pub(crate) fn hash(value: &str) -> [u8; 32] {
    Sha256::digest(value).into()
}

/// The hash to look for; none where the value cannot be a token.
pub(crate) fn looked_for(value: &str) -> Option<[u8; 32]> {
    (!value.is_empty() && value.len() <= LONGEST).then(|| hash(value))
}

/// Refuses a value that an operator chose and no client could send, or somebody could guess.
pub(crate) fn check_given(secret: &SecretString) -> Result<(), StoreError> {
    let value = secret.expose_secret();
    let reason = if value.len() < SHORTEST {
        "it is shorter than 32 characters; `openssl rand -base64 32` makes one that nobody guesses"
    } else if value.len() > LONGEST {
        "it is longer than 4096 characters"
    } else if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        "it holds a space or a character that cannot stand in an HTTP header"
    } else {
        return Ok(());
    };
    Err(StoreError::InvalidSecret { reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_long_and_never_alike() {
        let (one, hash_one) = generate("ud_").unwrap();
        let (two, hash_two) = generate("ud_").unwrap();
        assert!(one.expose_secret().starts_with("ud_") && one.expose_secret().len() == 3 + 43);
        assert_ne!(one.expose_secret(), two.expose_secret());
        assert_ne!(hash_one, hash_two);
        assert_eq!(looked_for(one.expose_secret()), Some(hash_one));
        assert!(check_given(&one).is_ok());
    }

    #[test]
    fn what_no_client_could_send_or_somebody_could_guess_is_refused() {
        let long = |text: &str| text.repeat(32);
        for bad in [String::new(), "x".repeat(31), long("a b"), long("tab\t"), long("\u{e4}"), "x".repeat(5000)] {
            assert!(check_given(&bad.as_str().into()).is_err(), "{bad:?}");
        }
        assert!(check_given(&long("x").into()).is_ok());
    }
}
