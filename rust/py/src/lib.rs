//! Thin binding of `gainsmodel-core` to Python: text and arrays in, arrays out.
//!
//! Parameters cross as one JSON text, figures as contiguous arrays that are copied once;
//! then the interpreter is released until the run has ended.

mod errors;
mod handle;
mod pool;

use gainsmodel_core::distribution::{DISTRIBUTIONS, Distribution};
use gainsmodel_core::lanes::LANES;
use gainsmodel_core::layout::UNIT_METRICS;
use gainsmodel_core::run::Options;
use gainsmodel_core::simd::Level;
use gainsmodel_core::spec::{
    ADJUSTMENTS, AreaData, BASES, CURVES, LEVELS, LEVER_TARGETS, NATIONAL_PARAMETERS,
    OTHER_PARAMETERS, SAMPLERS, SPREAD_PARAMETERS, Spec, structure_of,
};
use gainsmodel_core::summary::Statistics;
use handle::{Pieces, RunHandle, RunOutcome, Surroundings, Task};
use numpy::{PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// Starts a run and returns its handle; with `piece`, that of draws from the first on, up to but
/// without the second, both multiples of `span` (the second may be the end of the run). With
/// `observe`, all areas are run and what those in focus see of the others is noted, without
/// levers alone where earlier `surroundings` say what these do; else with `surroundings` those in
/// focus alone are run. Without `quantiles` there are none, for those who read draws alone.
/// `normals` stand in the place of the numbers that cells share, rows as `numbers` gives them.
///
/// Raises `ScenarioError` for a specification that cannot be simulated.
#[pyfunction]
#[pyo3(signature = (spec, *, gva_gbp_m, latitude, longitude, population, readiness,
                    intensity, start_years, ramp_years, double, threads,
                    draws_in_memory, paired=false, piece=None, observe=false,
                    surroundings=None, quantiles=true, normals=None))]
#[allow(clippy::too_many_arguments)]
fn start(
    py: Python<'_>,
    spec: &str,
    gva_gbp_m: PyReadonlyArray2<'_, f64>,
    latitude: PyReadonlyArray1<'_, f64>,
    longitude: PyReadonlyArray1<'_, f64>,
    population: PyReadonlyArray1<'_, f64>,
    readiness: PyReadonlyArray1<'_, f64>,
    intensity: PyReadonlyArray2<'_, f64>,
    start_years: PyReadonlyArray2<'_, f64>,
    ramp_years: PyReadonlyArray2<'_, f64>,
    double: bool,
    threads: Option<usize>,
    draws_in_memory: usize,
    paired: bool,
    piece: Option<(u64, u64)>,
    observe: bool,
    surroundings: Option<PyRef<'_, Surroundings>>,
    quantiles: bool,
    normals: Option<PyReadonlyArray2<'_, f32>>,
) -> PyResult<RunHandle> {
    let spec: Spec = serde_json::from_str(spec)
        .map_err(|error| errors::fault(py, &format!("run specification: {error}")))?;
    let vector = |a: PyReadonlyArray1<'_, f64>| a.as_array().iter().copied().collect();
    let matrix = |a: PyReadonlyArray2<'_, f64>| a.as_array().iter().copied().collect();
    let spec = spec.with_data(AreaData {
        gva_gbp_m: matrix(gva_gbp_m),
        latitude: vector(latitude),
        longitude: vector(longitude),
        population: vector(population),
        readiness: vector(readiness),
        intensity: matrix(intensity),
        start_years: matrix(start_years),
        ramp_years: matrix(ramp_years),
        normals: normals.map_or_else(Vec::new, |a| a.as_array().iter().copied().collect()),
    });
    spec.check().map_err(|error| errors::to_python(py, &error))?;
    let level = handle::level().map_err(|message| errors::setting(py, &message))?;
    let options = Options { level, draws_in_memory, paired, quantiles };
    let task = match (piece, observe) {
        (Some((first, end)), _) => Task::Piece(first..end),
        (None, true) => Task::Observe(surroundings.map(|told| told.clone())),
        (None, false) => Task::Run(surroundings.map(|told| told.clone())),
    };
    py.detach(|| handle::start(spec, double, options, threads, task))
        .map_err(|message| errors::setting(py, &message))
}

/// Statistics of draws, shape (series, draws) to (series, 19); see `RunOutcome.statistics`.
#[pyfunction]
fn summarise<'py>(
    py: Python<'py>,
    draws: PyReadonlyArray2<'py, f64>,
    sobol: bool,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let series: Vec<Vec<f64>> =
        draws.as_array().rows().into_iter().map(|row| row.iter().copied().collect()).collect();
    let summed = || series.iter().map(|draws| Statistics::from_draws(draws, sobol)).collect();
    let statistics: Vec<Statistics> =
        py.detach(|| errors::guarded(summed)).map_err(|panic| errors::fault(py, &panic))?;
    handle::matrix(py, &handle::rows(&statistics))
}

/// Values of a distribution (as in a run specification) at standard normal numbers.
#[pyfunction]
fn value_at(py: Python<'_>, distribution: &str, z: Vec<f64>) -> PyResult<Vec<f64>> {
    let distribution: Distribution = serde_json::from_str(distribution)
        .map_err(|error| errors::fault(py, &error.to_string()))?;
    if let Some(problem) = distribution.problem() {
        return Err(errors::setting(py, &problem));
    }
    errors::guarded(|| z.into_iter().map(|z| distribution.at(z)).collect())
        .map_err(|panic| errors::fault(py, &panic))
}

/// Draws in a span: pieces of a run begin at multiples of it, and end at one or with the run.
#[pyfunction]
fn span() -> usize {
    gainsmodel_core::run::SPAN
}

/// Which structure each draw of a run has, from the weights of all.
#[pyfunction]
fn structures(py: Python<'_>, seed: u64, weights: Vec<f64>, draws: u32) -> Vec<u32> {
    let of_draw = |draw: u32| structure_of(seed, &weights, draw / LANES as u32) as u32;
    py.detach(|| (0..draws).map(of_draw).collect())
}

/// How this build was made and what it runs on.
#[pyfunction]
fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let info = PyDict::new(py);
    info.set_item("version", env!("CARGO_PKG_VERSION"))?;
    info.set_item("profile", if cfg!(debug_assertions) { "debug" } else { "release" })?;
    let level = handle::level().map_err(|message| errors::setting(py, &message))?;
    info.set_item("simd", level.name())?;
    let levels: Vec<&str> = Level::available().map(Level::name).collect();
    info.set_item("simd_available", levels)?;
    let threads = pool::default_threads().map_err(|message| errors::setting(py, &message))?;
    info.set_item("threads", threads)?;
    Ok(info)
}

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let lists: [(&str, &[&str]); 11] = [
        ("ADJUSTMENTS", &ADJUSTMENTS),
        ("BASES", &BASES),
        ("CURVES", &CURVES),
        ("DISTRIBUTIONS", &DISTRIBUTIONS),
        ("LEVELS", &LEVELS),
        ("LEVER_TARGETS", &LEVER_TARGETS),
        ("NATIONAL_PARAMETERS", &NATIONAL_PARAMETERS),
        ("OTHER_PARAMETERS", &OTHER_PARAMETERS),
        ("SAMPLERS", &SAMPLERS),
        ("SPREAD_PARAMETERS", &SPREAD_PARAMETERS),
        ("UNIT_METRICS", &UNIT_METRICS),
    ];
    for (name, list) in lists {
        module.add(name, PyTuple::new(module.py(), list)?)?;
    }
    module.add_class::<Pieces>()?;
    module.add_class::<RunHandle>()?;
    module.add_class::<RunOutcome>()?;
    module.add_class::<Surroundings>()?;
    module.add_function(wrap_pyfunction!(start, module)?)?;
    module.add_function(wrap_pyfunction!(summarise, module)?)?;
    module.add_function(wrap_pyfunction!(value_at, module)?)?;
    module.add_function(wrap_pyfunction!(span, module)?)?;
    module.add_function(wrap_pyfunction!(structures, module)?)?;
    module.add_function(wrap_pyfunction!(build_info, module)?)
}
