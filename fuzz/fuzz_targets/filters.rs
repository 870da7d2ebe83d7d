//! Values in the vendors' filter languages. A value never changes the shape of an expression, and reads back as it was
//! given: `Falcon` refuses what it cannot write, the others escape.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use userdir::action::UserFilter;
use userdir::{Action, Call};
use userdir_fuzz::{World, HOST};
use userdir_stand_in::Answer;

/// Provider, parameter of the expression, and how a text is quoted there.
const LANGUAGES: [(&str, &str, Quotes); 4] = [
    ("okta", "filter", Quotes::Json),
    ("scim", "filter", Quotes::Json),
    ("salesforce", "q", Quotes::Soql),
    ("crowdstrike", "filter", Quotes::Plain),
];

#[derive(Clone, Copy)]
enum Quotes {
    Json,
    Soql,
    Plain,
}

fuzz_target!(|text: &str| {
    for (slug, parameter, quotes) in LANGUAGES {
        let Some(expression) = expression(slug, parameter, text) else { continue };
        let harmless = expression_of_harmless(slug, parameter);
        let (shape, texts) = read(&expression, quotes);
        assert_eq!(shape, read(&harmless, quotes).0, "{slug}: {text:?} changes what is asked: {expression}");
        assert!(texts.iter().any(|read| read == text), "{slug}: {text:?} reads as {texts:?}: {expression}");
    }
});

fn expression_of_harmless(slug: &str, parameter: &str) -> String {
    expression(slug, parameter, "x").expect("an expression of what is harmless")
}

/// What a list of users with this last name asks for; none where the name is refused.
fn expression(slug: &str, parameter: &str, name: &str) -> Option<String> {
    let world = World::of_all();
    let lists = world.cases.iter().filter(|case| {
        case.registration.definition.slug == slug && case.action == Action::ListUsers
    });
    // some cases are about accounts that cannot be connected
    let directory = lists.into_iter().find_map(|case| world.connect(case).ok()).expect("a connection");
    // a token and a list of nobody, in one
    let any = json!({"access_token": "t", "token_type": "Bearer", "expires_in": 3600, "instance_url": format!("http://{HOST}"),
        "filter": {"supported": true}, "patch": {"supported": true}, "Resources": [], "totalResults": 0});
    let answers = vec![Answer::json(200, any.to_string()); 4];
    let filter = UserFilter::default().last_name(name);
    let call = Call::new();
    let (_, seen) = world.play(answers, directory.list_users(&call, filter, 1, None));
    seen.iter().find_map(|request| request.query(parameter)).map(str::to_owned)
}

/// An expression with a mark for each text, and the texts.
fn read(expression: &str, quotes: Quotes) -> (String, Vec<String>) {
    let quote = if matches!(quotes, Quotes::Json) { '"' } else { '\'' };
    let (mut shape, mut texts) = (String::new(), Vec::new());
    let mut letters = expression.chars();
    while let Some(letter) = letters.next() {
        if letter != quote {
            shape.push(letter);
            continue;
        }
        shape.push('?');
        let mut text = String::new();
        loop {
            let letter = letters.next().unwrap_or_else(|| panic!("a text without an end: {expression}"));
            match (letter, quotes) {
                (letter, _) if letter == quote => break,
                ('\\', Quotes::Json) => {
                    text.push('\\');
                    text.extend(letters.next());
                }
                ('\\', Quotes::Soql) => text.push(escaped(&mut letters)),
                (letter, _) => text.push(letter),
            }
        }
        texts.push(match quotes {
            Quotes::Json => serde_json::from_str(&format!("\"{text}\"")).expect("a text of JSON"),
            _ => text,
        });
    }
    (shape, texts)
}

/// What a backslash begins, by the SOQL reference; any other sequence is an error to Salesforce.
fn escaped(letters: &mut std::str::Chars<'_>) -> char {
    match letters.next().expect("a letter after the backslash") {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'u' => {
            let digits: String = letters.by_ref().take(4).collect();
            u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).expect("four digits")
        }
        itself @ ('\\' | '\'' | '"' | '_' | '%') => itself,
        other => panic!("Salesforce knows no \\{other}"),
    }
}
