//! What vendors answer, through every provider's wire structs, mapping and writes: no answer ends in a panic or makes a
//! request leave the account's host, and what comes out is JSON.
//!
//! An input is two bytes for a fixture case, and then the answers: a byte for the status and the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use userdir_fuzz::{plant, Known, World, SEPARATOR};
use userdir_stand_in::Answer;

const STATUSES: [u16; 12] = [200, 201, 202, 204, 304, 400, 401, 403, 404, 409, 429, 500];

fuzz_target!(init: plant(seeds(World::of_all())), |data: &[u8]| {
    let world = World::of_all();
    let Some((case, rest)) = world.choose(data) else { return };
    let answers = rest.split(|byte| *byte == SEPARATOR).map(answer).collect();
    let input = Value::Object(case.script.call.input.clone());
    let _ = world.play(answers, world.call(case, &case.call(), input));
});

fn answer(bytes: &[u8]) -> Answer {
    let (status, body) = bytes.split_first().unwrap_or((&b'a', &[]));
    let status = STATUSES[usize::from(status.wrapping_sub(b'a')) % STATUSES.len()];
    Answer::json(status, body.to_vec())
}

/// The cases as they are.
fn seeds(world: &World) -> Vec<Vec<u8>> {
    let seed = |(number, case): (usize, &Known)| {
        let mut seed = (number as u16).to_be_bytes().to_vec();
        for (at, answer) in case.answers().into_iter().enumerate() {
            if at > 0 {
                seed.push(SEPARATOR);
            }
            let status = STATUSES.iter().position(|status| *status == answer.status).unwrap_or(5);
            seed.push(b'a' + status as u8);
            seed.extend(answer.body);
        }
        seed
    };
    world.cases.iter().enumerate().map(seed).collect()
}
