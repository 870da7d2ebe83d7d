//! The vendors with a memory speak as their vendors' descriptions say. Where `USERDIR_SPECS_DIR` names no folder with
//! them this is left out.

use std::path::PathBuf;
use std::sync::Mutex;

use serde_json::{Map, json};
use userdir::observer::{Exchange, Observer};
use userdir_stand_in::Case;

use super::*;
use crate::specs::Specs;

#[derive(Default)]
struct Exchanges(Mutex<Vec<Exchange>>);

impl Observer for Exchanges {
    fn wants_exchanges(&self) -> bool {
        true
    }

    fn exchange(&self, exchange: Exchange) {
        self.0.lock().unwrap().push(exchange);
    }
}

/// The exchanges of a step as a case.
fn case(step: &Step, exchanges: &[Exchange]) -> Case {
    let exchange = |it: &Exchange| {
        let (address, query) = it.url.split_once('?').unwrap_or((&it.url, ""));
        let path = format!("/{}", address.splitn(4, '/').nth(3).unwrap());
        let mut values = Map::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            values.insert(name.into_owned(), value.into_owned().into());
        }
        let body = it.request_body.as_deref().and_then(|body| serde_json::from_str::<Value>(body).ok());
        let text = String::from_utf8_lossy(&it.response_body);
        json!({
            "request": { "method": it.method, "path": path, "query": values, "body": body },
            "response": { "status": it.status, "text": text },
        })
    };
    let exchanges: Vec<Value> = exchanges.iter().map(exchange).collect();
    let script = json!({ "title": "", "source": { "kind": "written" }, "exchange": exchanges, "expect": {} });
    Case {
        action: step.action.info().function.to_owned(),
        name: "memory".to_owned(),
        script: serde_json::from_value(script).unwrap(),
        output_file: None,
        plan_file: None,
        files: Default::default(),
    }
}

#[tokio::test]
async fn vendors_with_a_memory_speak_as_they_are_described() {
    let Some(folder) = std::env::var_os("USERDIR_SPECS_DIR").map(PathBuf::from) else {
        return println!("left out: USERDIR_SPECS_DIR names no folder with the vendors' own descriptions");
    };
    let registry = userdir::Registry::compiled_in();
    let mut findings = Vec::new();
    for (slug, _) in STAND_INS {
        let registration = registry.get(slug).unwrap();
        let world = World::of(registration).unwrap();
        let mut scene = Scene::open(&world).await.unwrap();
        let mut fixtures = fixtures_of(registration).unwrap();
        fixtures.cases.clear();
        for mut step in steps_of(world.able) {
            let exchanges = Arc::new(Exchanges::default());
            scene.observer = Some(exchanges.clone());
            well(&mut scene, std::slice::from_mut(&mut step)).await;
            fixtures.cases.push(case(&step, &exchanges.0.lock().unwrap()));
        }
        let judged = Specs::open(&folder.join(slug)).unwrap().judge(&fixtures);
        assert!(judged.checked.len() > 8, "{slug}: {:?}", judged.checked);
        findings.extend(judged.findings.iter().map(|finding| format!("{slug}: {}: {}", finding.action, finding.text)));
    }
    assert!(findings.is_empty(), "{} fall short:\n  {}\n", findings.len(), findings.join("\n  "));
}
