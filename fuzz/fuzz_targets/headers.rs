//! What vendors say in headers: where a list goes on, and how long to wait.
#![no_main]

use libfuzzer_sys::fuzz_target;
use url::Url;
use userdir_core::fuzzing::{next_link, pause};
use userdir_core::http::Reset;

const FORMS: [Reset; 5] = [Reset::EpochSeconds, Reset::EpochMillis, Reset::Seconds, Reset::Millis, Reset::Date];

fuzz_target!(|data: &[u8]| {
    let origin = Url::parse("https://acme.example:8443/api/v1/users?limit=2").unwrap();
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    if let Some(next) = next_link(&lines, &origin) {
        let next = Url::parse(&next).expect("an address");
        assert_eq!(next.origin(), origin.origin(), "{next}");
    }
    for form in FORMS {
        for name in ["retry-after", "x-ratelimit-reset", "x-ratelimit-remaining", "date"] {
            pause(form, &lines.iter().map(|line| (name, *line)).collect::<Vec<_>>());
        }
    }
    let names = ["retry-after", "x-ratelimit-reset", "x-ratelimit-remaining", "date"];
    pause(FORMS[lines.len() % FORMS.len()], &names.into_iter().zip(lines).collect::<Vec<_>>());
});
