//! Refuses fixtures that look as if they held real secrets or real people.
//!
//! A line that says `test key` excuses itself, the two after it, and a PEM block that begins there to its end.

use userdir_stand_in::Files;

/// From this length on a text of letters and digits, or of hex digits, looks like a secret.
const LONG: usize = 40;

/// Domains that nobody has.
const NOBODYS: [&str; 3] = ["example.com", "example.org", "example.net"];

/// What looks real, one line each.
pub(crate) fn scan(files: &Files) -> Vec<String> {
    files
        .iter()
        .flat_map(|(path, text)| scan_text(text).into_iter().map(move |what| format!("{path}:{what}")))
        .collect()
}

fn scan_text(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let (mut excused, mut in_test_key) = (0_u8, false);
    for (number, line) in (1..).zip(text.lines()) {
        excused = if line.contains("test key") { 3 } else { excused.saturating_sub(1) };
        in_test_key |= excused > 0 && line.contains("-----BEGIN");
        if excused == 0 && !in_test_key {
            faults.extend(look(line).map(|what| format!("{number}: {what}")));
        }
        if line.contains("-----END") {
            in_test_key = false;
        }
    }
    faults
}

fn look(line: &str) -> Option<String> {
    if line.contains("-----BEGIN") && line.contains("PRIVATE KEY") {
        return Some("a private key; make one for the fixture and write `test key` in a line above it".into());
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-+=".contains(c);
    for word in line.split(|c| !is_part(c)) {
        if let Some(what) = secret(word) {
            let shown: String = word.chars().take(6).collect();
            return Some(format!(
                "`{shown}…` looks like {what}; put `{{{{secret}}}}` or a shorter made-up value there"
            ));
        }
    }
    address(&line.replace("%40", "@")).map(|address| format!("`{address}` may be somebody's; use example.com"))
}

fn secret(word: &str) -> Option<&'static str> {
    let all = |test: fn(&char) -> bool| word.chars().all(|c| test(&c));
    let any = |test: fn(&char) -> bool| word.chars().any(|c| test(&c));
    if word.starts_with("eyJ") && word.len() >= 16 {
        return Some("a JSON web token");
    }
    if word.starts_with("00") && word.len() >= LONG && all(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)) {
        return Some("an SSWS token");
    }
    if word.len() < LONG {
        return None;
    }
    if all(char::is_ascii_hexdigit) && any(char::is_ascii_digit) {
        return Some("a token in hex");
    }
    (any(char::is_ascii_lowercase) && any(char::is_ascii_uppercase) && any(char::is_ascii_digit)).then_some("a token")
}

/// The first e-mail address whose domain somebody could have.
fn address(line: &str) -> Option<String> {
    let is_local = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
    let is_domain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    line.match_indices('@').find_map(|(at, _)| {
        let (before, after) = (line.get(..at)?, line.get(at + 1..)?);
        let local: String = before.chars().rev().take_while(|c| is_local(*c)).collect();
        let domain: String = after.chars().take_while(|c| is_domain(*c)).collect();
        let domain = domain.trim_matches(['.', '-']).to_ascii_lowercase();
        let is_address = !local.is_empty()
            && domain
                .rsplit_once('.')
                .is_some_and(|(_, end)| end.len() > 1 && end.chars().all(|c| c.is_ascii_alphabetic()));
        let is_nobodys = NOBODYS.iter().any(|own| domain == *own || domain.ends_with(&format!(".{own}")));
        (is_address && !is_nobodys).then(|| format!("{}@{domain}", local.chars().rev().collect::<String>()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_real_is_refused() {
        for text in [
            "headers = { authorization = \"Bearer eyJhbGciOiJIUzI1NiJ9.e30.x\" }",
            "token = \"00QCjAl4MlV-WPXM-ABCDEFGHIJKLMNOPQRSTUVWXYZ\"",
            "token = \"0123456789abcdef0123456789abcdef01234567\"",
            "\"key\": \"Zm9vYmFyQmF6cXV4Q29ycmVjdEhvcnNlQmF0dGVyeVN0YXBsZTEy\"",
            "-----BEGIN PRIVATE KEY-----",
            "\"email\": \"maya.ortiz@acme-corp.io\"",
            "query = \"maya%40acme.de\"",
        ] {
            assert_eq!(scan_text(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn what_is_made_up_is_not() {
        for text in [
            "\"id\": \"00ub0oNGTSWTBKOLGLNR\"",
            "\"email\": \"maya.ortiz@corp.example.com\"",
            "\"@odata.nextLink\": \"{{base}}/users?$skiptoken=abc\", \"npm@latest\"",
            "\"id\": \"2819c223-7f76-453a-919d-413861904646\"",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            "https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserLifecycle/#tag/UserLifecycle",
            "# test key, made for these fixtures\nkey = \"\"\"\n-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----\"\"\"",
        ] {
            assert!(scan_text(text).is_empty(), "{text}: {:?}", scan_text(text));
        }
        assert_eq!(scan_text("# test key\n\n\nmail = \"a@b.io\"").len(), 1);
    }
}
