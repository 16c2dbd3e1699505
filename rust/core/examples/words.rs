//! Random words without end, for batteries of tests: `words ORDER [SEED]`, the order being that of
//! `counters` of one factor, of `factors` at one counter each, or of `seeds`.
//! For instance `words factors | dieharder -g 200 -a`.

use gainsmodel_core::rng::{Generator, Key};
use std::io::Write;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let order = words.first().expect("usage: words counters|factors|seeds [SEED]").as_str();
    let seed = words.get(1).map_or(1, |seed| seed.parse().expect("a whole number"));
    let (generator, key) = (Generator::new(seed), Key::new("growth_cell/cell", "E47000001", "J"));
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for i in 0.. {
        let number = i as u32;
        let words = match order {
            "counters" => generator.words([number, key.area, key.cell, key.family]),
            // As a run takes them: sixteen counters of a factor, then the next factor.
            "factors" => {
                generator.words([number % 16, key.area, key.cell ^ (number / 16), key.family])
            }
            "seeds" => {
                Generator::new(seed.wrapping_add(i)).words([0, key.area, key.cell, key.family])
            }
            _ => panic!("no such order"),
        };
        let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        if out.write_all(&bytes).is_err() {
            return; // whoever read has enough
        }
    }
}
