//! The run handle: start, progress, cancel, wait, outcome.

use crate::errors;
use crate::pool::pool;
use gainsmodel_core::around::{Around, Within};
use gainsmodel_core::error::Error;
use gainsmodel_core::factors::numbers;
use gainsmodel_core::inputs::{Inputs, inputs};
use gainsmodel_core::layout::{Layout, UNIT_METRICS};
use gainsmodel_core::run::{Options, Outcome, Progress, Simulated, simulate};
use gainsmodel_core::simd::Level;
use gainsmodel_core::spec::{AreaData, Spec};
use gainsmodel_core::summary::Statistics;
use gainsmodel_core::vector::Precision;
use numpy::{Element, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyType};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[derive(Serialize, Deserialize)]
enum Precise {
    Single(Outcome<f32>),
    Double(Outcome<f64>),
}

/// Draws as they travel between processes.
#[derive(Serialize, Deserialize)]
enum Travelling {
    Single(Simulated<f32>),
    Double(Simulated<f64>),
}

/// What some areas see of all others, for runs of these alone.
#[pyclass(module = "gainsmodel._core", frozen)]
#[derive(Clone)]
pub struct Surroundings(Told);

#[derive(Clone)]
enum Told {
    Single(Arc<Around<f32>>),
    Double(Arc<Around<f64>>),
}

/// What is to be done.
pub enum Task {
    Run(Option<Surroundings>),
    Piece(Range<u64>),
    Observe(Option<Surroundings>),
}

enum Ended {
    Done(Vec<RunOutcome>),
    Told(Surroundings),
    Piece(Travelling),
    Failed(Error),
    Panicked(String),
}

/// One run under way.
#[pyclass(module = "gainsmodel._core", frozen)]
pub struct RunHandle {
    progress: Arc<Progress>,
    receiver: Mutex<Receiver<Ended>>,
    ended: Mutex<Option<Ended>>,
}

pub fn start(
    spec: Spec,
    double: bool,
    options: Options,
    threads: Option<usize>,
    task: Task,
) -> Result<RunHandle, String> {
    let pool = pool(threads)?;
    let progress = Arc::new(Progress::default());
    let shared = Arc::clone(&progress);
    let (sender, receiver) = channel();
    std::thread::Builder::new()
        .name("gainsmodel-run".into())
        .spawn(move || {
            let spec = Arc::new(spec);
            let work = || {
                pool.install(|| match (double, task) {
                    (double, Task::Run(None)) => match double {
                        true => timed(&spec, options, &shared, None, Precise::Double),
                        false => timed(&spec, options, &shared, None, Precise::Single),
                    },
                    (true, Task::Run(Some(Surroundings(Told::Double(around))))) => {
                        timed(&spec, options, &shared, Some(&around), Precise::Double)
                    }
                    (false, Task::Run(Some(Surroundings(Told::Single(around))))) => {
                        timed(&spec, options, &shared, Some(&around), Precise::Single)
                    }
                    (_, Task::Run(Some(_))) => {
                        let problem = "what surrounds it has another precision".into();
                        Err(Error::Spec { place: "focus".into(), problem })
                    }
                    (true, Task::Piece(piece)) => {
                        simulate(&spec, options, &shared, Some(piece), Within::All)
                            .map(|piece| Ended::Piece(Travelling::Double(piece)))
                    }
                    (false, Task::Piece(piece)) => {
                        simulate(&spec, options, &shared, Some(piece), Within::All)
                            .map(|piece| Ended::Piece(Travelling::Single(piece)))
                    }
                    (true, Task::Observe(known)) => {
                        let known = match &known {
                            Some(Surroundings(Told::Double(known))) => Some(&**known),
                            _ => None,
                        };
                        Around::observe(&spec, options, &shared, known)
                            .map(|told| Ended::Told(Surroundings(Told::Double(Arc::new(told)))))
                    }
                    (false, Task::Observe(known)) => {
                        let known = match &known {
                            Some(Surroundings(Told::Single(known))) => Some(&**known),
                            _ => None,
                        };
                        Around::observe(&spec, options, &shared, known)
                            .map(|told| Ended::Told(Surroundings(Told::Single(Arc::new(told)))))
                    }
                })
            };
            let ended = match errors::guarded(work) {
                Ok(Ok(ended)) => ended,
                Ok(Err(error)) => Ended::Failed(error),
                Err(panic) => Ended::Panicked(panic),
            };
            // Nobody waits any more if the handle was dropped.
            let _ = sender.send(ended);
        })
        .map_err(|error| format!("could not start the run: {error}"))?;
    Ok(RunHandle { progress, receiver: Mutex::new(receiver), ended: Mutex::new(None) })
}

/// Runs in one precision and notes how long simulating and statistics took.
fn timed<F: Precision>(
    spec: &Arc<Spec>,
    options: Options,
    progress: &Progress,
    around: Option<&Around<F>>,
    precise: impl Fn(Outcome<F>) -> Precise,
) -> Result<Ended, Error> {
    let begun = Instant::now();
    let simulated =
        simulate::<F>(spec, options, progress, None, around.map_or(Within::All, Within::Around))?;
    let simulating = begun.elapsed().as_secs_f64();
    let outcomes = simulated.summarise(options.level, options.quantiles, progress)?;
    let seconds = [simulating, begun.elapsed().as_secs_f64() - simulating];
    let spec = Some(Arc::clone(spec));
    let outcome = |of| RunOutcome { outcome: precise(of), seconds, spec: spec.clone() };
    Ok(Ended::Done(outcomes.into_iter().map(outcome).collect()))
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[pymethods]
impl RunHandle {
    /// Draws simulated so far.
    fn progress(&self) -> u64 {
        self.progress.done()
    }

    /// Asks the run to stop; it does so within milliseconds.
    fn cancel(&self) {
        self.progress.cancel();
    }

    /// Waits up to `seconds`; True when the run has ended.
    fn wait(&self, py: Python<'_>, seconds: f64) -> bool {
        let seconds = if seconds.is_finite() { seconds.clamp(0.0, 1e6) } else { 0.0 };
        py.detach(|| {
            let mut ended = locked(&self.ended);
            if ended.is_none() {
                *ended = match locked(&self.receiver).recv_timeout(Duration::from_secs_f64(seconds))
                {
                    Ok(result) => Some(result),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => {
                        Some(Ended::Panicked("the run's outcome was already taken".into()))
                    }
                };
            }
            ended.is_some()
        })
    }

    /// Hands over the outcome of a run that has ended, and of the reference where the run was
    /// paired; raises what stopped it.
    fn outcomes(&self, py: Python<'_>) -> PyResult<Vec<RunOutcome>> {
        match py.detach(|| locked(&self.ended).take()) {
            Some(Ended::Done(outcomes)) => Ok(outcomes),
            Some(Ended::Failed(error)) => Err(errors::to_python(py, &error)),
            Some(Ended::Panicked(message)) => Err(errors::fault(py, &message)),
            Some(Ended::Piece(_) | Ended::Told(_)) => {
                Err(errors::fault(py, "that was no whole run"))
            }
            None => Err(errors::fault(py, "the run has not ended")),
        }
    }

    /// Hands over what areas see of others; raises what stopped it.
    fn surroundings(&self, py: Python<'_>) -> PyResult<Surroundings> {
        match py.detach(|| locked(&self.ended).take()) {
            Some(Ended::Told(told)) => Ok(told),
            Some(Ended::Failed(error)) => Err(errors::to_python(py, &error)),
            Some(Ended::Panicked(message)) => Err(errors::fault(py, &message)),
            Some(_) => Err(errors::fault(py, "nothing was observed")),
            None => Err(errors::fault(py, "the run has not ended")),
        }
    }

    /// Hands over a piece of a run that has ended, for `Pieces`; raises what stopped it.
    fn piece<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        match py.detach(|| locked(&self.ended).take()) {
            Some(Ended::Piece(piece)) => {
                let bytes = py.detach(|| postcard::to_stdvec(&piece));
                let bytes = bytes.map_err(|error| errors::fault(py, &error.to_string()))?;
                Ok(PyBytes::new(py, &bytes))
            }
            Some(Ended::Failed(error)) => Err(errors::to_python(py, &error)),
            Some(Ended::Panicked(message)) => Err(errors::fault(py, &message)),
            Some(_) => Err(errors::fault(py, "that was no piece of a run")),
            None => Err(errors::fault(py, "the run has not ended")),
        }
    }
}

/// Pieces of one run, joined in their order.
#[pyclass(module = "gainsmodel._core", frozen)]
#[derive(Default)]
pub struct Pieces {
    joined: Mutex<Option<Travelling>>,
}

#[pymethods]
impl Pieces {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Joins the piece that comes next; raises if it is another.
    fn add(&self, py: Python<'_>, piece: &[u8]) -> PyResult<()> {
        let joined = py.detach(|| {
            let next: Travelling =
                postcard::from_bytes(piece).map_err(|error| error.to_string())?;
            let mut joined = locked(&self.joined);
            match (&mut *joined, next) {
                (None, next) => *joined = Some(next),
                (Some(Travelling::Single(mine)), Travelling::Single(next)) => {
                    mine.join(next).map_err(|error| error.to_string())?;
                }
                (Some(Travelling::Double(mine)), Travelling::Double(next)) => {
                    mine.join(next).map_err(|error| error.to_string())?;
                }
                _ => return Err("pieces of two precisions".to_string()),
            }
            Ok(())
        });
        joined.map_err(|message: String| errors::fault(py, &format!("piece of a run: {message}")))
    }

    /// Makes the outcome of the whole run, and of its reference if it was paired.
    fn outcomes(&self, py: Python<'_>, threads: Option<usize>) -> PyResult<Vec<RunOutcome>> {
        let level = level().map_err(|message| errors::setting(py, &message))?;
        let pool = pool(threads).map_err(|message| errors::setting(py, &message))?;
        let Some(joined) = locked(&self.joined).take() else {
            return Err(errors::fault(py, "there are no pieces"));
        };
        let progress = Progress::default();
        let begun = Instant::now();
        let summed = || {
            pool.install(|| match joined {
                Travelling::Single(all) => Ok(all
                    .summarise(level, true, &progress)?
                    .into_iter()
                    .map(Precise::Single)
                    .collect::<Vec<_>>()),
                Travelling::Double(all) => Ok(all
                    .summarise(level, true, &progress)?
                    .into_iter()
                    .map(Precise::Double)
                    .collect()),
            })
        };
        let outcomes = py
            .detach(|| errors::guarded(summed))
            .and_then(|summed| summed.map_err(|error: Error| error.to_string()))
            .map_err(|error| errors::fault(py, &format!("pieces of a run: {error}")))?;
        let seconds = [0.0, begun.elapsed().as_secs_f64()];
        let outcome = |outcome| RunOutcome { outcome, seconds, spec: None };
        Ok(outcomes.into_iter().map(outcome).collect())
    }
}

impl Drop for RunHandle {
    fn drop(&mut self) {
        self.progress.cancel();
    }
}

type Name = (String, String, String);

/// Statistics and draws of a run that has ended.
#[pyclass(module = "gainsmodel._core", frozen)]
pub struct RunOutcome {
    outcome: Precise,
    seconds: [f64; 2],
    /// Unknown of a run that was joined from pieces.
    spec: Option<Arc<Spec>>,
}

pub fn rows(statistics: &[Statistics]) -> Vec<[f64; 19]> {
    statistics
        .iter()
        .map(|s| {
            let mut row = [f64::NAN; 19];
            row[..3].copy_from_slice(&[s.count, s.mean, s.sd]);
            row[3..10].copy_from_slice(&s.quantiles);
            row[10..12].copy_from_slice(&[s.mcse_mean, s.mcse_sd]);
            row[12..].copy_from_slice(&s.mcse_quantiles);
            row
        })
        .collect()
}

pub fn matrix<'py>(py: Python<'py>, rows: &[[f64; 19]]) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let flat: Vec<f64> = rows.iter().flatten().copied().collect();
    PyArray1::from_vec(py, flat).reshape([rows.len(), 19])
}

fn stacked<'py, F: Precision + Element>(
    py: Python<'py>,
    outcome: &Outcome<F>,
    series: &[usize],
) -> PyResult<Bound<'py, PyAny>> {
    let rows = py.detach(|| series.iter().map(|s| outcome.draws(*s)).collect::<Option<Vec<_>>>());
    match rows {
        Some(rows) => Ok(PyArray2::from_vec2(py, &rows)?.into_any()),
        None => Ok(Vec::<f64>::new().to_pyarray(py).into_any()),
    }
}

/// What a pickled outcome begins with; what comes after it changes from version to version.
const PICKLED: &[u8] = b"gainsmodel outcome ";
const PICKLED_HERE: &[u8] =
    concat!("gainsmodel outcome ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();

impl RunOutcome {
    fn spec(&self, py: Python<'_>) -> PyResult<&Spec> {
        self.spec
            .as_deref()
            .ok_or_else(|| errors::fault(py, "a run joined from pieces does not know its numbers"))
    }

    /// Everything in bytes: which version, a checksum of the rest, and the rest.
    fn pickled(&self) -> Result<Vec<u8>, String> {
        // Parameters are told by name, which needs text; figures and draws are not.
        let spec = match self.spec.as_deref() {
            Some(spec) => {
                // By way of a value, so that the same outcome makes the same bytes.
                let parameters = serde_json::to_value(spec).map_err(|e| e.to_string())?;
                Some((parameters.to_string(), &spec.data))
            }
            None => None,
        };
        let start = PICKLED_HERE.len() + 4;
        let mut bytes = PICKLED_HERE.to_vec();
        bytes.extend([0; 4]);
        let rest = (&self.outcome, self.seconds, spec);
        let mut bytes = postcard::to_extend(&rest, bytes).map_err(|e| e.to_string())?;
        let sum = crc32fast::hash(&bytes[start..]).to_le_bytes();
        bytes[start - 4..start].copy_from_slice(&sum);
        Ok(bytes)
    }

    /// The outcome of which these bytes were made; nothing is made that they do not hold.
    fn unpickled(bytes: &[u8]) -> Result<Self, String> {
        let Some(rest) = bytes.strip_prefix(PICKLED_HERE) else {
            return Err(match bytes.starts_with(PICKLED) {
                true => "was made by another version of gainsmodel".into(),
                false => "is none".into(),
            });
        };
        let damaged = |what: String| format!("is damaged ({what})");
        let rest = match rest.split_first_chunk() {
            Some((sum, rest)) if u32::from_le_bytes(*sum) == crc32fast::hash(rest) => rest,
            _ => return Err(damaged("its checksum is another".into())),
        };
        type Parts = (Precise, [f64; 2], Option<(String, AreaData)>);
        let ((outcome, seconds, spec), left): (Parts, _) =
            postcard::take_from_bytes(rest).map_err(|error| damaged(error.to_string()))?;
        if !left.is_empty() {
            return Err(damaged("something follows it".into()));
        }
        let spec = match spec {
            Some((parameters, data)) => {
                let spec: Spec = serde_json::from_str(&parameters)
                    .map_err(|error| damaged(error.to_string()))?;
                let spec = spec.with_data(data);
                spec.check().map_err(|error| damaged(error.to_string()))?;
                Some(Arc::new(spec))
            }
            None => None,
        };
        match &outcome {
            Precise::Single(o) => o.check(spec.as_deref()),
            Precise::Double(o) => o.check(spec.as_deref()),
        }
        .map_err(|error| damaged(error.to_string()))?;
        Ok(RunOutcome { outcome, seconds, spec })
    }

    fn layout_of(&self) -> Layout {
        match &self.outcome {
            Precise::Single(o) => o.layout,
            Precise::Double(o) => o.layout,
        }
    }
}

#[pymethods]
impl RunOutcome {
    /// For pickle alone, which hands back what `__reduce__` gave it.
    #[new]
    fn new(py: Python<'_>, pickled: &[u8]) -> PyResult<Self> {
        let outcome = py.detach(|| errors::guarded(|| Self::unpickled(pickled)).flatten());
        outcome.map_err(|problem| errors::unreadable(py, &format!("pickled outcome: {problem}")))
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyType>, (Bound<'py, PyBytes>,))> {
        let (py, outcome) = (slf.py(), slf.get());
        let bytes = py.detach(|| outcome.pickled());
        let bytes = bytes.map_err(|message| errors::fault(py, &message))?;
        Ok((slf.get_type(), (PyBytes::new(py, &bytes),)))
    }

    // Nothing changes an outcome, so a copy is itself.
    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    /// Statistics of every series, shape (series, 19): count, mean, sd, seven quantiles,
    /// standard errors of mean, sd and the seven quantiles.
    fn statistics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let rows = match &self.outcome {
            Precise::Single(o) => rows(&o.statistics),
            Precise::Double(o) => rows(&o.statistics),
        };
        matrix(py, &rows)
    }

    /// Draws of distributed series, shape (series, draws); empty where only counts were kept.
    fn draws<'py>(&self, py: Python<'py>, series: Vec<usize>) -> PyResult<Bound<'py, PyAny>> {
        if series.iter().any(|s| *s >= self.layout_of().distributed()) {
            return Err(errors::fault(py, "no draws are kept of that series"));
        }
        match &self.outcome {
            Precise::Single(o) => stacked(py, o, &series),
            Precise::Double(o) => stacked(py, o, &series),
        }
    }

    /// Standard normal numbers that more than one cell shares, shape (numbers, draws), and what
    /// each is for: parameter, area, and sector or technology, empty where it belongs to none.
    fn numbers<'py>(&self, py: Python<'py>) -> PyResult<(Vec<Name>, Bound<'py, PyArray2<f32>>)> {
        let spec = self.spec(py)?;
        let (names, rows) =
            py.detach(|| numbers(spec)).map_err(|error| errors::to_python(py, &error))?;
        let names = names.into_iter().map(|n| (n.parameter, n.area, n.cell)).collect();
        Ok((names, PyArray2::from_vec2(py, &rows)?))
    }

    /// Sampled inputs in their own units, shape (inputs, draws), and their names, for a unit of
    /// areas with weights (0 outside it) and sectors with theirs; those that differ between
    /// areas, sectors or technologies at their usual value in it.
    fn inputs<'py>(
        &self,
        py: Python<'py>,
        area_weights: PyReadonlyArray1<'py, f64>,
        sector_weights: PyReadonlyArray1<'py, f64>,
    ) -> PyResult<(Vec<String>, Bound<'py, PyArray2<f64>>)> {
        let spec = self.spec(py)?;
        let [areas, sectors] = [area_weights, sector_weights]
            .map(|weights| weights.as_array().iter().copied().collect::<Vec<_>>());
        let found = py.detach(|| errors::guarded(|| inputs(spec, &areas, &sectors)));
        let Inputs { names, draws, values } = found
            .map_err(|panic| errors::fault(py, &panic))?
            .map_err(|error| errors::fault(py, &error.to_string()))?;
        let values = PyArray1::from_vec(py, values).reshape([names.len(), draws])?;
        Ok((names, values))
    }

    /// Seconds spent on simulating and on statistics, those of a paired run together.
    fn seconds(&self) -> [f64; 2] {
        self.seconds
    }

    /// Where each quantity stands among the series.
    fn layout<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let layout = self.layout_of();
        let dict = PyDict::new(py);
        for (name, value) in [
            ("metrics", layout.metrics()),
            ("sector", layout.sector(0)),
            ("adoption", layout.adoption(0, 0)),
            ("adjustments", layout.adjustments()),
            ("detail_sector", layout.detail_sector(0)),
            ("detail_adoption", layout.detail_adoption(0, 0)),
            ("share_above_gva", layout.share_above_gva(0)),
            ("reaches_prize", layout.reaches_prize(0)),
            ("cell", layout.cell(0, 0)),
            ("area_adoption", layout.area_adoption(0, 0, 0)),
            ("series", layout.series()),
        ] {
            dict.set_item(name, value)?;
        }
        dict.set_item("unit_metrics", UNIT_METRICS.to_vec())?;
        Ok(dict)
    }
}

/// The level to run at: the best, or the one `GAINSMODEL_SIMD` names.
pub fn level() -> Result<Level, String> {
    match std::env::var("GAINSMODEL_SIMD") {
        Ok(name) if !name.is_empty() => Level::named(&name).ok_or_else(|| {
            let available: Vec<&str> = Level::available().map(Level::name).collect();
            format!("GAINSMODEL_SIMD is '{name}', this machine has {}", available.join(", "))
        }),
        _ => Ok(Level::best()),
    }
}
