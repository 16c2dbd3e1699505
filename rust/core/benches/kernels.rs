//! Times the parts of a simulation at every level of this machine; `cargo bench`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gainsmodel_core::factors::{Batch, Factors};
use gainsmodel_core::lanes::LANES;
use gainsmodel_core::model::Model;
use gainsmodel_core::normal::exact;
use gainsmodel_core::rng::Generator;
use gainsmodel_core::simd::{self, Level, Work};
use gainsmodel_core::spec::{AreaData, SamplerKind, Spec};
use gainsmodel_core::summary::{Ranks, Statistics};
use gainsmodel_core::vector::{Tile, Vector};
use std::hint::black_box;
use std::time::{Duration, Instant};

#[derive(serde::Deserialize)]
struct Case {
    spec: Spec,
    data: AreaData,
}

fn spec(name: &str) -> Spec {
    let path = format!("{}/specs/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("a specification of that name");
    let Case { mut spec, data } = serde_json::from_str(&text).expect("a specification");
    spec.data = data;
    spec
}

struct TileOf;
impl Work for TileOf {
    type Real = f32;
    type Output = Tile;
    #[inline(always)]
    fn run<V: Vector<Real = f32>>(self) -> Tile {
        V::TILE
    }
}

/// Batches of the first sector's cells.
fn batches(factors: &Factors<f32>) -> impl Iterator<Item = &Batch> {
    factors.cells[0].spread.iter().flatten().chain(&factors.cells[0].growth)
}

/// Time of drawing the numbers of a sector's cells.
struct Numbers<'a>(&'a Factors<f32>, u64);
impl Work for Numbers<'_> {
    type Real = f32;
    type Output = Duration;
    #[inline(always)]
    fn run<V: Vector<Real = f32>>(self) -> Duration {
        let batches: Vec<&Batch> = batches(self.0).collect();
        let mut out = vec![V::zero(); batches.iter().map(|b| b.len()).max().unwrap_or(0)];
        let begun = Instant::now();
        for i in 0..self.1 {
            for batch in &batches {
                batch.draw(&self.0.source, i as u32, None, &mut out);
                black_box(&mut out);
            }
        }
        begun.elapsed()
    }
}

/// Time of simulating blocks of draws.
struct Blocks<'a>(&'a Model<f32>, u64);
impl Work for Blocks<'_> {
    type Real = f32;
    type Output = Duration;
    #[inline(always)]
    fn run<V: Vector<Real = f32>>(self) -> Duration {
        let mut scratch = self.0.scratch::<V>(1);
        let begun = Instant::now();
        for i in 0..self.1 {
            self.0.simulate(i as u32, &[], &mut [], &mut scratch);
            black_box(&mut scratch.out);
        }
        begun.elapsed()
    }
}

struct Quantiles<'a>(&'a [f32], &'a mut Ranks<f32>, Statistics);
impl Work for Quantiles<'_> {
    type Real = f32;
    type Output = Statistics;
    #[inline(always)]
    fn run<V: Vector<Real = f32>>(self) -> Statistics {
        self.2.with_quantiles::<V>(self.0, self.1)
    }
}

fn kernels(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("numbers");
    for kind in [SamplerKind::Random, SamplerKind::SobolFull] {
        for level in Level::available() {
            let spec = Spec { sampler: kind, ..spec("reference") };
            let factors = Factors::new(&spec, simd::at(level, TileOf).columns).expect("factors");
            let numbers: usize = batches(&factors).map(|batch| batch.len() * LANES).sum();
            group.throughput(Throughput::Elements(numbers as u64));
            group.bench_function(BenchmarkId::new(format!("{kind:?}"), level.name()), |bencher| {
                bencher.iter_custom(|n| simd::at(level, Numbers(&factors, n)));
            });
        }
    }
    group.finish();

    let mut group = criterion.benchmark_group("block");
    group.throughput(Throughput::Elements(LANES as u64));
    for name in ["reference", "everyone_acts"] {
        for level in Level::available() {
            let model = Model::new(&spec(name), simd::at(level, TileOf)).expect("a model");
            group.bench_function(BenchmarkId::new(name, level.name()), |bencher| {
                bencher.iter_custom(|n| simd::at(level, Blocks(&model, n)));
            });
        }
    }
    group.finish();

    let mut group = criterion.benchmark_group("quantiles");
    let word = |i: u32| Generator::new(1).words([i, 0, 0, 0])[0];
    let draws: Vec<f32> = (0..10_000).map(|i| (0.7 * exact(word(i)) as f32).exp()).collect();
    group.throughput(Throughput::Elements(draws.len() as u64));
    for level in Level::available() {
        let mut ranks = Ranks::default();
        let empty = Statistics::from_draws(&[], false);
        group.bench_function(level.name(), |bencher| {
            bencher.iter(|| simd::at(level, Quantiles(black_box(&draws), &mut ranks, empty)));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(300)).sample_size(20);
    targets = kernels
}
criterion_main!(benches);
