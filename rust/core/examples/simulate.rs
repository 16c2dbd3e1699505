//! Runs a shipped specification: `simulate NAME DRAWS THREADS [LEVEL [gompertz] [paired]]`, for
//! profilers and for counting instructions.

use gainsmodel_core::around::Within;
use gainsmodel_core::run::{Options, Progress, simulate};
use gainsmodel_core::simd::Level;
use gainsmodel_core::spec::{AreaData, Curve, Spec};
use std::time::Instant;

#[derive(serde::Deserialize)]
struct Case {
    spec: Spec,
    data: AreaData,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [name, draws, threads, rest @ ..] = &words[..] else {
        panic!("usage: simulate NAME DRAWS THREADS [LEVEL [gompertz] [paired]]")
    };
    let path = format!("{}/benches/specs/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("a specification of that name");
    let Case { mut spec, data } = serde_json::from_str(&text).expect("a specification");
    (spec.data, spec.draws) = (data, draws.parse().expect("a number of draws"));
    let level = match rest {
        [level, ..] => Level::named(level).expect("a level of this machine"),
        [] => Level::best(),
    };
    let asked = |word: &str| rest.iter().skip(1).any(|other| other == word);
    if asked("gompertz") {
        spec.curve = Curve::Gompertz;
    }
    let options =
        Options { level, draws_in_memory: 1_000_000_000, paired: asked("paired"), quantiles: true };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.parse().expect("a number of threads"))
        .build()
        .expect("threads");
    let progress = Progress::default();
    pool.install(|| {
        let begun = Instant::now();
        let simulated =
            simulate::<f32>(&spec, options, &progress, None, Within::All).expect("simulates");
        let simulating = begun.elapsed().as_secs_f64();
        let outcomes = simulated.summarise(level, true, &progress).expect("summarises");
        let summarising = begun.elapsed().as_secs_f64() - simulating;
        let nation = outcomes[0].layout.unit(spec.areas.len()) + spec.horizon_years - 1;
        println!(
            "{} {simulating:.4} s, statistics {summarising:.4} s; mean gain of the nation {}",
            level.name(),
            outcomes[0].statistics[nation].mean
        );
    });
}
