//! Secrets from an environment variable, a file or stdin: never from the command line, where everybody on the machine
//! can read them, and never repeated in a message.

use std::io::{BufRead, IsTerminal};

use secrecy::SecretString;

use crate::errors::{Result, usage};

/// Reads the secret that `source` names; `what` is how the user calls it, such as `--secret api_token`.
///
/// # Errors
/// Wrong usage, without a word of what was given in place of a source.
pub fn read(what: &str, source: &str) -> Result<SecretString> {
    let text = if source == "-" {
        from_stdin(what)?
    } else if let Some(name) = source.strip_prefix("env:") {
        std::env::var(name).map_err(|_| usage(format!("{what}: the environment variable `{name}` is not set")))?
    } else if let Some(path) = source.strip_prefix("file:") {
        std::fs::read_to_string(path).map_err(|error| usage(format!("{what}: cannot read `{path}`: {error}")))?
    } else {
        return Err(usage(format!("{what} is given as a plain argument"))
            .hint("secrets come from `env:VAR`, `file:PATH`, or `-` for stdin, so that they stay out of process lists and shell histories"));
    };
    let text = text.trim_end_matches(['\r', '\n']);
    if text.trim().is_empty() {
        return Err(usage(format!("{what}: `{source}` is empty")));
    }
    Ok(SecretString::from(text))
}

/// One line, or a PEM block as a whole.
fn from_stdin(what: &str) -> Result<String> {
    let wrong = |error: std::io::Error| usage(format!("{what}: cannot read stdin: {error}"));
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return rpassword::prompt_password(format!("{what} (is not shown): ")).map_err(wrong);
    }
    let mut text = String::new();
    let mut lines = stdin.lock();
    loop {
        let start = text.len();
        let read = lines.read_line(&mut text).map_err(wrong)?;
        let line = text.get(start..).unwrap_or_default();
        if read == 0 || !text.starts_with("-----BEGIN") || line.starts_with("-----END") {
            return Ok(text);
        }
    }
}

/// Refuses more than one reader of stdin.
///
/// # Errors
/// Wrong usage.
pub fn one_stdin<'a>(sources: impl IntoIterator<Item = &'a str>) -> Result<()> {
    if sources.into_iter().filter(|source| *source == "-").count() > 1 {
        return Err(usage("`-` is given more than once; stdin can be read only once"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_argument_is_refused_and_not_repeated() {
        let error = read("--secret api_token", "canary-secret").unwrap_err();
        let text = format!("{} {}", error.human(), error.json());
        assert!(!text.contains("canary"), "{text}");
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let error = read("--password", "env:USERDIR_NO_SUCH_VARIABLE").unwrap_err();
        assert!(error.human().contains("USERDIR_NO_SUCH_VARIABLE"));
    }

    #[test]
    fn stdin_is_read_once() {
        assert!(one_stdin(["-", "env:A"]).is_ok());
        assert!(one_stdin(["-", "-"]).is_err());
    }
}
